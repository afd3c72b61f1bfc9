"""Panes, regions, narrow terminals, keys that were moved, and the page for an empty desk."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual import events
from textual.command import CommandPalette
from textual.geometry import Size
from textual.widgets import Input

from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import ApprovalChanged, Live, TurnChanged
from codex_desk.engine.links import Detach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import New
from codex_desk.engine.views import MessageView
from codex_desk.runtimes.base import Delta
from codex_desk.tui.app import DeskApp
from codex_desk.tui.messages import EngineReady
from codex_desk.tui.model import clock
from codex_desk.tui.model.keys import Leader
from codex_desk.tui.screens.attach import AttachPicker
from codex_desk.tui.screens.first_run import FirstRun
from codex_desk.tui.screens.help import Help
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.screens.new import NewSession
from codex_desk.tui.widgets import sidebar
from codex_desk.tui.widgets.sidebar import Sidebar
from tests.tui.fakes import FOLDER, NOW, FakeDesk, Gate, app_on, approval, attached, item, opened, shown, squeezed, thread, until, write


def main(app: DeskApp) -> MainScreen:
    assert isinstance(app.screen, MainScreen)
    return app.screen


def handles(app: DeskApp) -> list[str | None]:
    return [pane.thread.handle if pane.thread else None for pane in main(app).panes.all]


def office() -> FakeDesk:
    return FakeDesk().put(thread("operator"), attached("reviewer", "operator"), thread("auditor", ago=60), thread("designer", ago=90))


@pytest.mark.row("S1-04")
async def test_two_threads_side_by_side_each_with_its_composer() -> None:
    app = app_on(office(), last="operator")
    async with opened(app) as pilot:
        await pilot.press("ctrl+x", "v")
        await until(pilot, lambda: handles(app) == ["operator", "reviewer"])
        await write(pilot, "right")
        await pilot.press("ctrl+x", "1")
        await write(pilot, "left")
        assert [pane.composer.text for pane in main(app).panes.all] == ["left", "right"]


async def test_there_are_four_panes_at_most() -> None:
    app = app_on(office(), last="operator")
    async with opened(app, size=(200, 40)) as pilot:
        for count in (2, 3, 4):
            await pilot.press("ctrl+x", "v")
            await until(pilot, lambda count=count: len(handles(app)) == count)
        await pilot.press("ctrl+x", "v")
        await until(pilot, lambda: "four panes already" in squeezed(app))


async def test_closing_a_pane_keeps_its_thread_and_the_last_pane_stays() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await pilot.press("ctrl+x", "v")
        await until(pilot, lambda: len(handles(app)) == 2)
        await pilot.press("ctrl+x", "c")
        await until(pilot, lambda: handles(app) == ["operator"])
        await pilot.press("ctrl+x", "c")
        await until(pilot, lambda: "only pane" in shown(app))


async def test_f6_goes_round_the_regions_and_back() -> None:
    app = app_on(office(), last="operator")
    async with opened(app) as pilot:
        screen = main(app)
        pane = screen.panes.active
        await pilot.press("f6")
        assert screen.focused is screen.sidebar
        await pilot.press("f6")
        assert screen.focused is pane.transcript
        await pilot.press("f6")
        assert screen.focused is pane.composer
        await pilot.press("shift+f6")
        assert screen.focused is pane.transcript


async def test_the_sidebar_opens_the_thread_under_its_cursor() -> None:
    app = app_on(office(), last="operator")
    async with opened(app) as pilot:
        await pilot.press("f6", "home", "enter")
        await until(pilot, lambda: handles(app) == ["auditor"])
        assert main(app).focused is main(app).panes.active.composer


async def test_v_and_g_change_how_the_sidebar_is_drawn() -> None:
    app = app_on(office(), last="operator")
    async with opened(app) as pilot:
        assert "└─" in shown(app)[: shown(app).index("F6")].replace("└──", "")
        await pilot.press("f6", "v")
        await until(pilot, lambda: not main(app).query_one(Sidebar).nested)
        await pilot.press("g")
        await until(pilot, lambda: "repo 4" in shown(app))


async def test_an_age_in_the_sidebar_grows_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidebar, "AGES_S", 0.01)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    app = app_on(FakeDesk().put(thread("operator", ago=120)), last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: "repo 2m" in shown(app))
        monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=1))
        await until(pilot, lambda: "repo 3m" in shown(app))


async def test_while_no_age_reads_differently_the_sidebar_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(clock, "now", lambda: NOW)
    app = app_on(FakeDesk().put(thread("operator", ago=120)), last="operator")
    async with opened(app):
        shown_now = main(app).sidebar
        shown_now.look_at_ages()
        monkeypatch.setattr(shown_now, "refresh", lambda: drawn.append(1))
        shown_now.look_at_ages()
        monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(seconds=50))
        shown_now.look_at_ages()
    assert not drawn


async def test_space_peeks_and_prompts_without_opening() -> None:
    desk = office()
    desk.lines["t-auditor"] = [item(1, "auditor", "agent_message", "the last thing said")]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("f6", "home", "space")
        await until(pilot, lambda: "the last thing said" in shown(app))
        await write(pilot, "go on")
        await pilot.press("enter")
        await until(pilot, lambda: Send("t-auditor", "go on") in desk.done)
        assert handles(app) == ["operator"]


async def test_the_leader_shows_what_can_follow_when_one_hesitates(monkeypatch: pytest.MonkeyPatch) -> None:
    hesitation = Leader.PANEL_AFTER
    app = app_on(office(), last="operator")
    async with opened(app) as pilot:
        monkeypatch.setattr(Leader, "PANEL_AFTER", 600.0)
        await pilot.press("ctrl+x")
        assert "^x …" not in shown(app)
        await pilot.press("escape")
        monkeypatch.setattr(Leader, "PANEL_AFTER", hesitation)
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "^x …" in shown(app) and "a attach" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "^x …" not in shown(app))


async def test_keys_can_be_moved_by_their_ids() -> None:
    desk = office()
    desk.ranked = []
    app = app_on(desk, last="reviewer", keymap={"leader": "ctrl+o", "leader.detach": "D"})
    async with opened(app) as pilot:
        await pilot.press("ctrl+o", "D")
        await until(pilot, lambda: Detach("t-reviewer") in desk.done)


async def test_below_a_hundred_columns_there_is_one_pane_and_the_sidebar_slides() -> None:
    app = app_on(office(), last="operator")
    async with opened(app, size=(80, 24)) as pilot:
        assert "Sessions" not in shown(app)
        await pilot.press("ctrl+x", "s")
        await until(pilot, lambda: "Sessions" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "Sessions" not in shown(app))
        await pilot.press("ctrl+x", "v")
        await until(pilot, lambda: len(handles(app)) == 2)
        await until(pilot, lambda: [pane.display for pane in main(app).panes.all] == [False, True])


async def test_below_eighty_by_fifteen_there_is_no_footer() -> None:
    app = app_on(office(), last="operator")
    async with opened(app, size=(79, 24)):
        assert "F6" not in shown(app)


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (300, 100), (10, 60)])
async def test_no_size_breaks_it(size: tuple[int, int]) -> None:
    desk = office()
    desk.lines["t-operator"] = [item(number, "operator", "agent_message", "word " * 50) for number in range(1, 20)]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await pilot.resize_terminal(*size)
        await write(pilot, "ok")
        await pilot.press("ctrl+x", "s")
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "operator" in shown(app))


async def test_the_palette_offers_the_table() -> None:
    desk = office()
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await write(pilot, "attach as sub")
        await until(pilot, lambda: "Attach as sub-agent to a parent thread" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AttachPicker))


async def test_help_tells_the_keys_of_what_has_focus_and_all_commands() -> None:
    app = app_on(office(), last="operator")
    async with opened(app) as pilot:
        await pilot.press("f6", "f1")
        await until(pilot, lambda: isinstance(app.screen, Help) and "by project" in shown(app))
        await write(pilot, "quit")
        await until(pilot, lambda: "/quit" in shown(app))


async def test_enter_on_a_cross_thread_line_goes_to_its_other_end() -> None:
    desk = office()
    desk.lines["t-operator"] = [
        item(1, "operator", "message_out", "Review it", message=42, peer="reviewer", peer_id="t-reviewer", event="sent")
    ]
    desk.lines["t-reviewer"] = [
        item(2, "reviewer", "message_in", "Review it", message=42, peer="operator", peer_id="t-operator", event="sent")
    ]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        main(app).panes.active.transcript.focus()
        await pilot.press("k", "enter")
        await until(pilot, lambda: handles(app) == ["reviewer"])


async def test_an_empty_desk_makes_a_session_named_after_the_folder_and_prompts_it() -> None:
    desk = FakeDesk()
    app = app_on(desk)
    async with opened(app) as pilot:
        assert isinstance(app.screen, FirstRun)
        await until(pilot, lambda: "offline" in shown(app))
        await write(pilot, "begin")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and "operator" not in shown(app))
        assert [type(one) for one in desk.done[:2]] == [New, Send]
        assert desk.done[0] == New("repo", Path("/home/dev/repo"))
        assert desk.done[1] == Send("t-repo", "begin")


async def test_the_first_prompt_waits_for_the_engine_too() -> None:
    desk = FakeDesk()
    gate = Gate(desk, shut=True)
    app = app_on(desk, gate=gate)
    async with opened(app) as pilot:
        await write(pilot, "begin")
        await pilot.press("enter")
        await until(pilot, lambda: "waits for the engine" in shown(app))
        gate.open.set()
        await until(pilot, lambda: any(isinstance(one, Send) for one in desk.done))
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and "Sessions" in shown(app))


async def test_a_first_prompt_is_sent_even_if_its_session_is_there_before_the_desk_says_that_it_is_open() -> None:
    desk = FakeDesk()
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        sending, made = asyncio.Event(), desk.do

        async def slowly(action: object) -> object:
            if isinstance(action, Send):
                await sending.wait()
            return await made(action)

        desk.do = slowly  # type: ignore[method-assign]
        await write(pilot, "begin")
        await pilot.press("enter")
        await until(pilot, lambda: bool(app.bridge.threads))
        app.post_message(EngineReady())
        await pilot.pause()
        sending.set()
        await until(pilot, lambda: Send("t-repo", "begin") in desk.done and isinstance(app.screen, MainScreen))


async def test_leaving_gives_zero() -> None:
    app = app_on(office(), last="operator")
    async with opened(app) as pilot:
        await pilot.press("ctrl+d")
        await until(pilot, lambda: not app.is_running)
    assert app.return_value == 0


def test_the_first_frame_needs_neither_the_store_nor_the_agent_loop() -> None:
    heavy = ("sqlmodel", "sqlalchemy", "alembic", "pydantic", "pydantic_ai", "openai")
    code = f"import sys, codex_desk.tui.app; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


async def test_new_asks_for_a_handle_and_a_folder_in_one_form() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "n")
        await until(pilot, lambda: isinstance(app.screen, NewSession))
        await write(pilot, "tester")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: New("tester", FOLDER) in desk.done)
        await until(pilot, lambda: handles(app) == ["tester"])


async def test_what_is_refused_is_said_in_the_form_and_what_was_typed_stays() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "n")
        await until(pilot, lambda: isinstance(app.screen, NewSession))
        desk.refuse = Refusal("handle_taken", "auditor is taken here")
        await write(pilot, "auditor")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "auditor is taken here" in shown(app))
        assert [field.value for field in app.screen.query(Input)] == ["auditor", str(FOLDER)]


async def test_new_takes_a_handle_and_a_folder_in_one_line() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await write(pilot, "/new tester /tmp")
        await pilot.press("enter")
        await until(pilot, lambda: New("tester", Path("/tmp")) in desk.done)


async def test_a_line_that_a_command_does_not_take_is_answered_with_its_usage() -> None:
    app = app_on(office(), last="operator")
    async with opened(app) as pilot:
        await write(pilot, "/rename a b c")
        await pilot.press("enter")
        await until(pilot, lambda: "/rename does not take 'c' usage: /rename THREAD HANDLE" in squeezed(app))
        assert main(app).panes.active.composer.text == "/rename a b c"


async def test_a_folder_that_no_session_is_at_home_in_is_offered_one() -> None:
    desk = office()
    app = app_on(desk, last="operator", wanted=Path("/home/dev/new place"))
    async with opened(app) as pilot:
        await until(pilot, lambda: "no session is at home in /home/dev/new place" in squeezed(app))
        await pilot.press("enter")
        await until(pilot, lambda: New("new-place", Path("/home/dev/new place")) in desk.done)


async def test_a_folder_whose_session_the_glance_did_not_know_is_opened() -> None:
    desk = office().put(thread("far", cwd="/home/dev/far"))
    app = app_on(desk, last="operator", wanted=Path("/home/dev/far"))
    async with opened(app) as pilot:
        await until(pilot, lambda: handles(app) == ["far"])


async def test_the_menu_of_a_row_peeks_too() -> None:
    desk = office()
    desk.lines["t-auditor"] = [item(1, "auditor", "agent_message", "the last thing said")]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("f6", "home", "m")
        await until(pilot, lambda: "its last lines" in shown(app))
        await write(pilot, "peek")
        await pilot.press("enter")
        await until(pilot, lambda: "the last thing said" in shown(app))


async def test_plain_is_words_without_borders_and_glyphs() -> None:
    desk = office()
    desk.put(thread("implementor", "needs_human", reason="make test?"))
    desk.lines["t-operator"] = [
        item(1, "operator", "message_out", "Look at it", message=42, peer="reviewer"),
        item(2, "operator", "tool_call", "list", tool="list", arguments={"path": "."}, result='{"entries": [{"name": "a"}]}', ok=True),
        item(3, "operator", "command", "make", command="make", exit_code=0, output="fine"),
        item(4, "operator", "plan", "", steps=[{"step": "read", "status": "completed"}]),
        item(5, "operator", "notice", "reviewer: #42 answered in 0:22", event="answered", message=42),
    ]
    desk.waiting = [SimpleNamespace(thread_id="t-operator", messages=(42,), mode="all", since=NOW, deadline=None)]
    desk.messages[42] = MessageView(42, "reviewer", "t-reviewer", "agent", "after_turn", "running", "Look", NOW, "operator", "t-operator")
    app = app_on(desk, last="operator", plain=True)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None and "answered in" in shown(app))
        text = shown(app)
        for words in (
            "sent to reviewer #42: Look at it",
            "called list ., 1 entry",
            "ran: make",
            "exit 0",
            "done: read",
            "1 needs you",
            "waiting for reviewer since",
        ):
            assert words in text
        assert not set(text) & set("⇢⇠●✓✗⧗▶○⚠▸▾│┌─├└⇄›╭┃")


def asking() -> FakeDesk:
    desk = office()
    desk.lines["t-operator"] = [item(number, "operator", "agent_message", f"line {number} " + "word " * 50) for number in range(1, 20)]
    desk.pending = [approval(1, "operator", "make test")]
    return desk


async def test_a_terminal_that_shrinks_under_an_approval_and_grows_again_keeps_draft_end_and_focus() -> None:
    app = app_on(asking(), last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: "operator-1" in shown(app))
        pane = main(app).panes.active
        await write(pilot, "a draft")
        for size in ((60, 12), (20, 5), (40, 10), (20, 5)):
            await pilot.resize_terminal(*size)
        await until(pilot, lambda: "operator-1" in shown(app) and "F6 to come here" in squeezed(app))
        assert "a draft" not in shown(app)
        await pilot.press("f6")
        assert main(app).focused is pane.card
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "a draft" in shown(app) and "line 19" in shown(app))
        assert main(app).focused is pane.card


async def test_an_approval_that_had_the_small_screen_to_itself_gives_the_focus_back_when_it_is_answered_elsewhere() -> None:
    desk = asking()
    app = app_on(desk, last="operator")
    async with opened(app, size=(60, 12)) as pilot:
        await until(pilot, lambda: "operator-1" in shown(app))
        desk.pending = []
        desk.tell(ApprovalChanged("operator-1", "t-operator", "allowed"))
        await until(pilot, lambda: main(app).focused is main(app).panes.active.composer)
        await write(pilot, "on")
        assert main(app).panes.active.composer.text == "on"


@pytest.mark.parametrize("size", [(80, 15), (60, 12), (40, 10), (20, 5)])
async def test_however_low_the_terminal_what_is_written_stays_in_sight(size: tuple[int, int]) -> None:
    app = app_on(office(), last="operator")
    async with opened(app, size=size) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        main(app).panes.active.say("something was said " * 8)
        await write(pilot, "/ar")
        await until(pilot, lambda: "/archive" in shown(app))
        assert "› /ar" in shown(app)
        await pilot.press("ctrl+c", "ctrl+x", "o")
        await until(pilot, lambda: "Open in this pane" in shown(app))
        await write(pilot, "aud")
        await until(pilot, lambda: "○ aud" in shown(app))


async def test_resizes_in_quick_succession_while_an_answer_comes_leave_its_end_in_sight() -> None:
    desk = office()
    desk.lines["t-operator"] = [item(number, "operator", "agent_message", f"line {number} " + "word " * 50) for number in range(1, 20)]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        desk.tell(TurnChanged("t-operator", "turn-1", "running"))
        for step in range(12):
            desk.tell(Live("t-operator", "turn-1", Delta("text", "k", f"said {step} " * 20)))
            app.post_message(events.Resize(Size(40 + 13 * (step % 5), 12 + 5 * (step % 7)), Size(120, 40)))
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "said 11" in shown(app))
        assert main(app).focused is main(app).panes.active.composer
