"""Attach, detach, archive, enter and leave, by keyboard."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual import events

from codex_desk.engine.errors import Refusal
from codex_desk.engine.links import Archive, Attach, Detach
from codex_desk.engine.views import Candidate
from codex_desk.tui.app import DeskApp
from codex_desk.tui.screens.attach import AttachPicker
from codex_desk.tui.screens.main import MainScreen
from tests.tui.fakes import FakeDesk, app_on, attached, opened, shown, squeezed, subagent, thread, until, write


def office() -> FakeDesk:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"), thread("auditor"))
    desk.ranked = [
        Candidate(desk.rows["t-operator"], narrows="reviewer would run read-only for operator"),
        Candidate(desk.rows["t-auditor"]),
        Candidate(thread("tester"), refused="would make a cycle: tester → reviewer → tester"),
    ]
    return desk


@pytest.mark.row("S0-02")
@pytest.mark.row("S0-03")
async def test_attach_opens_the_picker_and_enter_attaches_to_the_best_candidate() -> None:
    desk = office()
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await pilot.press("ctrl+x", "a")
        await until(pilot, lambda: isinstance(app.screen, AttachPicker))
        await pilot.press("enter")
        await until(pilot, lambda: Attach("t-reviewer", "t-operator", False, "lesser", None, None) in desk.done)
        await until(pilot, lambda: "├─" in shown(app) or "└─" in shown(app))
        assert "reviewer · attached to operator" in shown(app)


@pytest.mark.row("S0-15")
async def test_what_cannot_be_a_parent_is_listed_with_its_reason_and_cannot_be_picked() -> None:
    desk = office()
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await pilot.press("ctrl+x", "a")
        await until(pilot, lambda: "would make a cycle: tester → reviewer → tester" in shown(app))
        await pilot.press("slash", "t", "e", "s", "t")
        await until(pilot, lambda: "auditor" not in shown_box(app))
        await pilot.press("enter")
        assert isinstance(app.screen, AttachPicker)
        assert not any(isinstance(one, Attach) for one in desk.done)


def shown_box(app: object) -> str:
    screen = app.screen  # type: ignore[attr-defined]
    listed = screen.query_one("OptionList")
    return " ".join(str(listed.get_option_at_index(index).prompt) for index in range(listed.option_count))


async def test_the_picker_says_what_narrows_and_r_takes_the_childs_own_rights() -> None:
    desk = office()
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await pilot.press("ctrl+x", "a")
        await until(pilot, lambda: "would run read-only for operator" in squeezed(app))
        await pilot.press("r")
        await until(pilot, lambda: "rights = own" in squeezed(app))
        await pilot.press("enter")
        await until(pilot, lambda: Attach("t-reviewer", "t-operator", False, "own", None, None) in desk.done)


async def test_a_session_that_has_a_parent_is_asked_about_once_and_then_moved() -> None:
    desk = FakeDesk().put(thread("operator"), attached("reviewer", "operator"), thread("auditor"))
    desk.ranked = [Candidate(desk.rows["t-auditor"], moves_from="operator")]
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await pilot.press("ctrl+x", "a")
        await until(pilot, lambda: isinstance(app.screen, AttachPicker))
        await pilot.press("enter")
        await until(pilot, lambda: "Enter moves it to auditor" in squeezed(app))
        await pilot.press("enter")
        await until(pilot, lambda: Attach("t-reviewer", "t-auditor", True, "lesser", None, None) in desk.done)


async def test_a_move_is_undone_to_the_old_parent_with_the_settings_it_had() -> None:
    desk = FakeDesk().put(
        thread("operator"), attached("reviewer", "operator", rights="own", wake="never", interrupt=True), thread("auditor")
    )
    desk.ranked = [Candidate(desk.rows["t-auditor"], moves_from="operator")]
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "a")
        await until(pilot, lambda: isinstance(app.screen, AttachPicker))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "reviewer is attached to auditor" in squeezed(app) and "^x u undoes" in squeezed(app))
        await pilot.press("ctrl+x", "u")
        await until(pilot, lambda: Attach("t-reviewer", "t-operator", True, "own", "never", True) in desk.done)
        await until(pilot, lambda: "reviewer is attached to operator again" in squeezed(app))


async def test_the_cursor_begins_on_the_best_and_escape_leaves_all_as_it_was() -> None:
    desk = office()
    desk.ranked = [Candidate(desk.rows["t-operator"], refused="itself"), *desk.ranked[1:]]
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "a")
        await until(pilot, lambda: "nothing is narrower for auditor" in squeezed(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert not any(isinstance(one, Attach) for one in desk.done)


async def test_archiving_an_attached_session_names_its_parent_once_and_says_that_its_turn_stops() -> None:
    desk = FakeDesk().put(thread("operator"), attached("reviewer", "operator", "running"), attached("tester", "reviewer"))
    desk.preview = ([], ["operator", "tester"])
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "z")
        await until(pilot, lambda: "Its own attachment to operator ends." in squeezed(app))
        assert "Its running turn is interrupted first." in squeezed(app)
        assert "the sessions live on: tester." in squeezed(app)


async def test_the_typed_command_attaches_without_a_picker() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await write(pilot, "/attach reviewer operator --rights own")
        await pilot.press("enter")
        await until(pilot, lambda: Attach("t-reviewer", "t-operator", False, "own", None, None) in desk.done)


async def test_attaching_can_be_undone() -> None:
    desk = office()
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await write(pilot, "/attach reviewer operator")
        await pilot.press("enter")
        await until(pilot, lambda: "^x u undoes" in shown(app))
        await pilot.press("ctrl+x", "u")
        await until(pilot, lambda: Detach("t-reviewer") in desk.done)


@pytest.mark.row("S0-22")
async def test_detach_is_one_key_and_both_sessions_stay() -> None:
    desk = FakeDesk().put(thread("operator"), attached("reviewer", "operator"))
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await pilot.press("ctrl+x", "d")
        await until(pilot, lambda: Detach("t-reviewer") in desk.done)
        await until(pilot, lambda: "detached from operator" in squeezed(app))
        assert shown(app).count("reviewer") >= 2


async def test_a_refused_attachment_is_said_in_the_pane() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.pause()
        desk.refuse = Refusal("cycle", "would make a cycle: operator → reviewer → operator")
        await write(pilot, "/attach reviewer operator")
        await pilot.press("enter")
        await until(pilot, lambda: "would make a cycle: operator → reviewer → operator" in squeezed(app))


@pytest.mark.row("S0-25")
async def test_archiving_says_first_what_it_ends_and_what_lives_on() -> None:
    desk = FakeDesk().put(thread("operator"), attached("reviewer", "operator"), subagent("scout-1", "operator"))
    desk.preview = (["scout-1"], ["reviewer"])
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await pilot.press("ctrl+x", "z")
        await until(pilot, lambda: "Archive operator?" in shown(app))
        assert "ends its subagents: scout-1" in squeezed(app)
        assert "the sessions live on: reviewer" in squeezed(app)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert Archive("t-operator") not in desk.done
        await pilot.press("ctrl+x", "z")
        await until(pilot, lambda: "Archive operator?" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: Archive("t-operator") in desk.done)


@pytest.mark.row("S0-25")
async def test_a_session_whose_parent_was_archived_says_whose_it_was() -> None:
    desk = FakeDesk().put(thread("reviewer", was_attached_to="operator"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: "reviewer · was attached to operator" in shown(app))


@pytest.mark.row("S0-33")
async def test_a_child_is_entered_prompted_and_left_again() -> None:
    desk = FakeDesk().put(thread("operator"), attached("reviewer", "operator"))
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await write(pilot, "/agent")
        await pilot.press("enter")
        await until(pilot, lambda: "Agents of operator" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "in reviewer · attached to operator · /back" in shown(app))
        await write(pilot, "/back")
        await pilot.press("enter")
        await until(pilot, lambda: "in reviewer" not in shown(app))
        screen = app.screen
        assert isinstance(screen, MainScreen)
        assert screen.panes.active.thread == desk.rows["t-operator"]


async def test_back_without_a_way_back_goes_to_the_parent() -> None:
    desk = FakeDesk().put(thread("operator"), attached("reviewer", "operator"))
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await write(pilot, "/back")
        await pilot.press("enter")
        await until(pilot, lambda: "reviewer · attached" not in shown(app))


async def test_an_action_that_cannot_be_taken_is_greyed_in_the_menu_with_its_reason() -> None:
    desk = FakeDesk().put(thread("operator"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await pilot.press("f6", "m")
        await until(pilot, lambda: "operator is not attached" in shown(app))
        assert "operator runs no turn" in shown(app)


async def test_the_sidebars_own_key_says_why_it_does_nothing() -> None:
    desk = FakeDesk().put(thread("operator"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await pilot.press("f6", "d")
        await until(pilot, lambda: "operator is not attached" in squeezed(app))
        assert Detach("t-operator") not in desk.done


async def test_where_there_is_no_other_session_the_picker_says_what_to_do() -> None:
    desk = FakeDesk().put(thread("operator"))
    desk.ranked = [Candidate(desk.rows["t-operator"], refused="itself")]
    app = app_on(desk)
    async with opened(app) as pilot:
        await pilot.press("ctrl+x", "a")
        await until(pilot, lambda: "no other session yet: Esc, then ^x n makes one" in shown(app))


async def test_names_of_wide_characters_stand_in_columns() -> None:
    desk = FakeDesk().put(thread("operator"))
    desk.ranked = [
        Candidate(thread(handle, project="/work/漢字")) for handle in ("a", "漢字の名前", "a-handle-of-forty-characters-in-all-no-mo")
    ]
    app = app_on(desk)
    async with opened(app) as pilot:
        await pilot.press("ctrl+x", "a")
        await until(pilot, lambda: shown(app).count("· ready ·") == 3)
        lines = [line for line in shown(app).splitlines() if "· ready ·" in line]
        assert len({cell_len(line[: line.index(" · ready")]) for line in lines}) == 1


def at_once(app: DeskApp, text: str) -> None:
    """Keys as a fast typist or a paste of a terminal gives them: all before the first is handled."""
    for letter in text:
        app.post_message(events.Key("enter", "\r") if letter == "\n" else events.Key(letter, letter))


@pytest.mark.parametrize(("typed", "parent"), [("audi\n", "t-auditor"), ("opera\n", "t-operator")])
async def test_a_name_and_enter_typed_at_once_attach_to_that_session_and_no_other(typed: str, parent: str) -> None:
    desk = office()
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await pilot.press("ctrl+x", "a")
        await until(pilot, lambda: isinstance(app.screen, AttachPicker))
        at_once(app, typed)
        await until(pilot, lambda: any(isinstance(one, Attach) for one in desk.done))
        assert [one.parent for one in desk.done if isinstance(one, Attach)] == [parent]


async def test_a_name_that_begins_with_r_is_a_name_and_changes_no_rights() -> None:
    desk = office()
    desk.put(thread("researcher"))
    desk.ranked.append(Candidate(desk.rows["t-researcher"]))
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await pilot.press("ctrl+x", "a")
        await until(pilot, lambda: isinstance(app.screen, AttachPicker))
        at_once(app, "rese\n")
        await until(pilot, lambda: any(isinstance(one, Attach) for one in desk.done))
        (attached_to,) = (one for one in desk.done if isinstance(one, Attach))
        assert (attached_to.parent, attached_to.rights) == ("t-researcher", "lesser")
