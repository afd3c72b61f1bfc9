"""From the composer to the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from textual import events

from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import ItemAdded, ThreadChanged, TurnChanged
from codex_desk.engine.mailbox import Edit, Remove, Send
from codex_desk.engine.sessions import New
from codex_desk.engine.turns import Interrupt
from codex_desk.engine.views import LiveTurn, MessageView
from codex_desk.rights import Rights
from codex_desk.store.errors import StoreError
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.widgets.pane import Pane
from codex_desk.tui.widgets.strips import QueueStrip
from tests.tui.fakes import NOW, FakeDesk, Gate, app_on, item, opened, shown, squeezed, thread, until, write


def pane(app: object) -> Pane:
    screen = app.screen  # type: ignore[attr-defined]
    assert isinstance(screen, MainScreen)
    return screen.panes.active


def sent(desk: FakeDesk) -> list[tuple[str, str, str]]:
    return [(one.to, one.text, one.delivery) for one in desk.done if isinstance(one, Send)]


@pytest.mark.row("S0-07")
async def test_enter_prompts_the_thread_in_the_pane() -> None:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"))
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await write(pilot, "look at it")
        await pilot.press("enter")
        await until(pilot, lambda: sent(desk) == [("t-reviewer", "look at it", "after_turn")])
        assert pane(app).composer.text == ""


async def test_a_prompt_sent_before_the_engine_is_open_waits_in_sight_and_is_sent_then() -> None:
    desk = FakeDesk().put(thread("operator"))
    gate = Gate(desk, shut=True)
    app = app_on(desk, gate=gate)
    async with opened(app) as pilot:
        await write(pilot, "early")
        await pilot.press("enter")
        await until(pilot, lambda: "waits for the engine" in shown(app))
        assert sent(desk) == []
        gate.open.set()
        await until(pilot, lambda: sent(desk) == [("t-operator", "early", "after_turn")])
        await until(pilot, lambda: "waits for the engine" not in shown(app))


async def test_typing_a_command_to_the_desk_is_no_typing_to_the_session() -> None:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"))
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await pilot.press(*"/open reviewer", "backspace", "r", "enter")
        await until(pilot, lambda: (at := pane(app).thread) is not None and at.id == "t-reviewer")
        assert desk.typed == []
        await pilot.press("l")
        await until(pilot, lambda: desk.typed == ["t-reviewer"])


async def test_prompts_sent_early_keep_their_order() -> None:
    desk = FakeDesk().put(thread("operator"))
    gate = Gate(desk, shut=True)
    app = app_on(desk, gate=gate)
    async with opened(app) as pilot:
        for text in ("one", "two", "three"):
            await write(pilot, text)
            await pilot.press("enter")
        gate.open.set()
        await until(pilot, lambda: [text for _, text, _ in sent(desk)] == ["one", "two", "three"])


async def test_a_store_that_cannot_be_opened_is_explained_and_the_prompt_is_a_draft_again() -> None:
    desk = FakeDesk().put(thread("operator"))
    gate = Gate(desk, shut=True, failure=StoreError("store_locked", "another program holds the store; close it"))
    app = app_on(desk, gate=gate)
    async with opened(app) as pilot:
        await write(pilot, "precious")
        await pilot.press("enter")
        gate.open.set()
        await until(pilot, lambda: "another program holds the store; close it" in squeezed(app))
        await until(pilot, lambda: pane(app).composer.text == "precious")


async def test_a_refusal_is_said_in_the_pane_and_the_text_comes_back() -> None:
    desk = FakeDesk().put(thread("operator"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        desk.refuse = Refusal("archived", "operator is archived: /unarchive brings it back")
        await write(pilot, "go")
        await pilot.press("enter")
        await until(pilot, lambda: "/unarchive brings it back" in squeezed(app))
        assert pane(app).composer.text == "go"


async def test_enter_steers_the_turn_that_ran_when_the_draft_began() -> None:
    desk = FakeDesk().put(thread("operator", "running"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        desk.tell(TurnChanged("t-operator", "turn-1", "running"))
        await until(pilot, lambda: pane(app).composer.turn == "turn-1")
        await write(pilot, "also this")
        await pilot.press("enter")
        await until(pilot, lambda: sent(desk) == [("t-operator", "also this", "next_step")])


async def test_enter_queues_and_says_so_if_another_turn_began_meanwhile() -> None:
    desk = FakeDesk().put(thread("operator"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await write(pilot, "first this")
        desk.tell(TurnChanged("t-operator", "turn-2", "running"))
        await until(pilot, lambda: pane(app).composer.turn == "turn-2")
        await pilot.press("enter")
        await until(pilot, lambda: sent(desk) == [("t-operator", "first this", "after_turn")])
        assert "another turn began" in squeezed(app)


async def test_tab_queues_the_draft() -> None:
    desk = FakeDesk().put(thread("operator", "running"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await write(pilot, "later")
        await pilot.press("tab")
        await until(pilot, lambda: sent(desk) == [("t-operator", "later", "after_turn")])


async def test_escape_interrupts_after_it_stood_alone() -> None:
    desk = FakeDesk().put(thread("operator", "running"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("escape")
        await until(pilot, lambda: Interrupt("t-operator") in desk.done)


async def test_escape_with_a_draft_warns_first_and_never_clears_it() -> None:
    desk = FakeDesk().put(thread("operator", "running"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await write(pilot, "draft")
        await pilot.press("escape")
        await until(pilot, lambda: "esc again stops" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: Interrupt("t-operator") in desk.done)
        assert pane(app).composer.text == "draft"


async def test_a_five_megabyte_paste_is_a_chip_and_is_sent_whole() -> None:
    desk = FakeDesk().put(thread("operator"))
    app = app_on(desk)
    text = "0123456789" * 500_000
    async with opened(app) as pilot:
        pane(app).composer.post_message(events.Paste(text))
        await until(pilot, lambda: pane(app).composer.text == "[pasted 5.0 MB]")
        await pilot.press("enter")
        await until(pilot, lambda: [one[1] for one in sent(desk)] == [text])


async def test_each_thread_keeps_its_draft_while_others_are_shown() -> None:
    desk = FakeDesk().put(thread("auditor"), thread("operator"))
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await write(pilot, "half a thought")
        await pilot.press("alt+left")
        await until(pilot, lambda: pane(app).thread == desk.rows["t-auditor"] and pane(app).composer.text == "")
        await pilot.press("alt+right")
        await until(pilot, lambda: pane(app).composer.text == "half a thought")


async def test_up_recalls_what_was_prompted_here() -> None:
    desk = FakeDesk().put(thread("operator"))
    desk.lines["t-operator"] = [item(1, "operator", "user_message", "the first prompt")]
    app = app_on(desk)
    async with opened(app) as pilot:
        await pilot.press("up")
        assert pane(app).composer.text == "the first prompt"


async def test_ctrl_c_clears_the_draft_and_up_brings_it_back() -> None:
    desk = FakeDesk().put(thread("operator"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await write(pilot, "nearly lost")
        await pilot.press("ctrl+c")
        assert pane(app).composer.text == ""
        await pilot.press("up")
        assert pane(app).composer.text == "nearly lost"


async def test_a_trailing_backslash_and_ctrl_j_break_the_line() -> None:
    desk = FakeDesk().put(thread("operator"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await write(pilot, "a")
        await pilot.press("backslash", "enter")
        await write(pilot, "b\nc")
        assert pane(app).composer.text == "a\nb\nc"
        assert sent(desk) == []


async def test_typing_holds_the_thread_for_the_human() -> None:
    desk = FakeDesk().put(thread("operator"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await write(pilot, "x")
        await until(pilot, lambda: desk.typed == ["t-operator"])


def queued(number: int, text: str) -> MessageView:
    return MessageView(number, "operator", "t-operator", "human", "after_turn", "queued", text, NOW)


async def test_what_is_queued_is_listed_and_an_entry_can_be_removed() -> None:
    desk = FakeDesk().put(thread("operator", "running"))
    desk.messages = {1: queued(1, "one"), 2: queued(2, "two")}
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: "queued 2" in shown(app))
        pane(app).query_one(QueueStrip).focus()
        await pilot.press("down", "x")
        await until(pilot, lambda: Remove(2) in desk.done)


async def test_a_queued_entry_can_be_edited() -> None:
    desk = FakeDesk().put(thread("operator", "running"))
    desk.messages = {1: queued(1, "one")}
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: "queued 1" in shown(app))
        pane(app).query_one(QueueStrip).focus()
        await pilot.press("e")
        await until(pilot, lambda: "Edit #1" in shown(app))
        await pilot.press("end")
        await write(pilot, "!")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: Edit(1, "one!") in desk.done)


async def test_text_that_looks_like_markup_is_shown_as_it_is() -> None:
    desk = FakeDesk().put(thread("operator", "needs_human", reason="[/x] really?"))
    desk.messages = {1: queued(1, "[bold]not bold[/] [/x]")}
    desk.lines["t-operator"] = [item(1, "operator", "user_message", "[/x] \x1b[31mred")]
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: "[bold]not bold[/] [/x]" in shown(app))
        assert "[/x] really?" in shown(app)
        assert "[/x] ␛[31mred" in shown(app)


@pytest.mark.row("S1-17")
async def test_what_other_threads_do_changes_the_sidebar_and_the_status_line_and_nothing_else() -> None:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"))
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await write(pilot, "in the middle")
        desk.put(thread("reviewer", "running"))
        desk.tell(ThreadChanged("t-reviewer"))
        await until(pilot, lambda: "▶ 1 working" in shown(app) and "Working 1" in shown(app))
        assert pane(app).composer.text == "in the middle"
        assert app.focused is pane(app).composer


async def test_a_line_that_comes_in_one_burst_is_carried_out_as_it_stands() -> None:
    desk = FakeDesk().put(thread("operator"))
    app = app_on(desk)
    async with opened(app) as pilot:
        for letter in "/new tester":
            app.post_message(events.Key({"/": "slash", " ": "space"}.get(letter, letter), letter))
        app.post_message(events.Key("enter", "\r"))
        await until(pilot, lambda: any(isinstance(one, New) and one.handle == "tester" for one in desk.done))


async def test_enter_in_the_popup_carries_the_command_out_and_takes_the_draft_away_at_once() -> None:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"))
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        composer = pane(app).composer
        for key, character in (("slash", "/"), ("o", "o"), ("p", "p"), ("enter", "\r"), ("x", "x")):
            app.post_message(events.Key(key, character))
        await until(pilot, lambda: "Open in this pane" in shown(app))
        assert composer.text == "x"


async def test_tab_in_the_popup_completes_a_handle() -> None:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"))
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await write(pilot, "ask @rev")
        await until(pilot, lambda: "▸ @reviewer" in shown(app))
        await pilot.press("tab")
        assert pane(app).composer.text == "ask @reviewer "


async def test_escape_closes_the_popup_and_leaves_the_text() -> None:
    desk = FakeDesk().put(thread("operator", "running"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await write(pilot, "/he")
        await until(pilot, lambda: "▸ /help" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "▸ /help" not in shown(app))
        assert pane(app).composer.text == "/he"
        assert Interrupt("t-operator") not in desk.done


async def test_what_is_typed_right_after_enter_belongs_to_the_next_draft() -> None:
    desk = FakeDesk().put(thread("operator"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        for key in ("a", "enter", "b", "tab", "c"):
            app.post_message(events.Key(key, {"enter": "\r", "tab": "\t"}.get(key, key)))
        await until(pilot, lambda: pane(app).composer.text == "c" and len(sent(desk)) == 2)
        assert [text for _, text, _ in sent(desk)] == ["a", "b"]


async def test_bookkeeping_is_left_out_of_the_transcript() -> None:
    desk = FakeDesk().put(thread("operator"))
    quiet = {"event": "started", "message": 3, "peer": "reviewer", "quiet": True}
    desk.lines["t-operator"] = [
        item(1, "operator", "message_out", "Look", message=3, peer="reviewer"),
        item(2, "operator", "notice", "reviewer started #3", **quiet),
    ]
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None and "⇢ reviewer" in shown(app))
        desk.tell(ItemAdded(item(3, "operator", "notice", "#3 returned", **(quiet | {"event": "returned"}))))
        desk.tell(ItemAdded(item(4, "operator", "notice", "reviewer: #3 answered in 0:22 — Two findings", event="answered", message=3)))
        await until(pilot, lambda: "✓ reviewer  #3  answered in 0:22  Two findings" in shown(app))
        assert "started" not in shown(app)
        assert "returned" not in shown(app)


async def test_settings_that_cannot_be_used_are_said_in_the_thread_with_what_to_do() -> None:
    desk = FakeDesk(unreadable=Refusal("bad_settings", "config.toml:2: sandbox_mode: no such mode")).put(thread("operator"))
    app = app_on(desk)
    async with opened(app, (160, 40)) as pilot:
        await until(pilot, lambda: "config.toml:2: sandbox_mode: no such mode. No turn starts before that is mended" in squeezed(app))


async def test_a_setting_without_effect_is_said_once() -> None:
    desk = FakeDesk(warnings=("config.toml:1: modle: is no setting", "config.toml:3: x")).put(thread("operator"))
    app = app_on(desk)
    async with opened(app, (160, 40)) as pilot:
        await until(pilot, lambda: "config.toml:1: modle: is no setting (and 1 more: codex-desk config show)" in squeezed(app))


async def test_the_end_of_a_transcript_stays_in_sight_when_something_is_said_below_it() -> None:
    desk = FakeDesk(warnings=("config.toml:1: " + "long " * 60,)).put(thread("operator"))
    desk.lines["t-operator"] = [item(number, "operator", "user_message", f"line {number}") for number in range(1, 40)]
    app = app_on(desk)
    async with opened(app, (100, 20)) as pilot:
        await until(pilot, lambda: "config.toml:1" in shown(app) and "line 39" in shown(app))


async def test_a_turn_that_says_nothing_yet_is_seen_to_work() -> None:
    desk = FakeDesk().put(thread("operator", "running"))
    desk.turns["t-operator"] = LiveTurn("turn-1", "t-operator", datetime.now(UTC) - timedelta(seconds=12), "human", 1, Rights())
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: "▶ working" in shown(app) and ":1" in shown(app) and "· Esc stops" in shown(app))
        desk.turns.clear()
        desk.tell(TurnChanged("t-operator", "turn-1", "completed"))
        await until(pilot, lambda: "Esc stops" not in shown(app))


async def test_what_is_typed_is_kept_while_somebody_types_on_and_forgotten_once_it_is_sent() -> None:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"))
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        composer = pane(app).composer
        composer.post_message(events.Paste("x" * 9000))
        await write(pilot, " a")
        await until(pilot, lambda: desk.drafts.get("t-operator") == ("[pasted 9.0 KB] a", {"[pasted 9.0 KB]": "x" * 9000}))
        await write(pilot, "b")
        await until(pilot, lambda: desk.drafts["t-operator"][0] == "[pasted 9.0 KB] ab")
        await pilot.press("backspace", "backspace", "backspace", "backspace")
        assert composer.text == "", "a chip goes whole"
        await write(pilot, "go")
        await pilot.press("enter")
        await until(pilot, lambda: not desk.drafts)
        await write(pilot, "last words")
    assert desk.drafts == {"t-operator": ("last words", {})}, "leaving waits for them"


async def test_what_was_kept_is_shown_when_the_engine_is_there_and_gives_way_to_what_is_written_by_then() -> None:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"))
    desk.drafts = {"t-operator": ("yesterday's [p]", {"[p]": "paste"}), "t-reviewer": ("review\x1b[2J", {})}
    gate = Gate(desk, shut=True)
    app = app_on(desk, last="operator", gate=gate)
    async with opened(app) as pilot:
        composer = pane(app).composer
        await write(pilot, "today")
        gate.open.set()
        await until(pilot, lambda: app.bridge.desk is not None and pane(app).composer.recall.shown is None)
        await until(pilot, lambda: pane(app).thread is not None and app.bridge.desk is not None)
        await pilot.pause()
        assert composer.text == "today"
        await pilot.press("up")
        await until(pilot, lambda: composer.text == "yesterday's paste")
        await pilot.press("alt+right")
        await until(pilot, lambda: composer.text == "review␛[2J")


async def test_a_command_behind_an_exclamation_mark_runs_in_the_thread_and_escape_stops_it() -> None:
    desk = FakeDesk().put(thread("operator", "running"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await write(pilot, "!make test")
        await until(pilot, lambda: "your own command" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: pane(app).composer.shell)
        assert desk.shells["t-operator"].command == "make test"
        assert sent(desk) == []
        assert pane(app).composer.text == ""
        await until(pilot, lambda: "$ make test" in shown(app) and "Esc stops it" in shown(app))
        desk.tell(TurnChanged("t-operator", "turn-1", "completed"))
        await until(pilot, lambda: pane(app).composer.turn != "turn-1" and "$ make test" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: not desk.shells and not pane(app).composer.shell)
        assert Interrupt("t-operator") not in desk.done
        desk.refuse = Refusal("archived", "operator is archived")
        await write(pilot, "!ls")
        await pilot.press("enter")
        await until(pilot, lambda: "operator is archived" in shown(app) and pane(app).composer.text == "!ls")


async def test_what_a_command_takes_is_completed_too() -> None:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"))
    desk.paths = ["src/main.py", "docs/main page.md"]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        composer = pane(app).composer
        await write(pilot, "/sandbox full")
        await until(pilot, lambda: "▸ danger-full-access" in shown(app))
        await pilot.press("tab")
        assert composer.text == "/sandbox danger-full-access "
        await pilot.press("ctrl+u")
        await write(pilot, "/open ")
        await until(pilot, lambda: "▸ operator" in shown(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: pane(app).thread is not None and pane(app).thread.handle == "reviewer")  # type: ignore[union-attr]
        await until(pilot, lambda: composer.text == "")
        await write(pilot, "see @main")
        await until(pilot, lambda: "▸ src/main.py" in shown(app))
        await pilot.press("down", "tab")
        assert composer.text == 'see "docs/main page.md" '
        await pilot.press("ctrl+u")
        await write(pilot, "!cat src/")
        await pilot.press("tab")
        await until(pilot, lambda: "▸ src/main.py" in shown(app))
        await pilot.press("tab")
        assert composer.text == "!cat src/main.py "


async def test_enter_behind_a_command_and_a_space_asks_on_the_screen_for_what_is_missing() -> None:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"))
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await write(pilot, "/open ")
        await until(pilot, lambda: "▸ operator" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Open in this pane" in shown(app))


async def test_the_popup_scrolls_with_what_is_chosen_and_counts() -> None:
    desk = FakeDesk().put(thread("operator"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await write(pilot, "/")
        await until(pilot, lambda: "▸ /agent" in shown(app))
        first = next(line for line in shown(app).splitlines() if "1 of" in line)
        await pilot.press("up")
        await until(pilot, lambda: "▸ /quit" in shown(app))
        total = first.split("1 of ")[1].split()[0]
        assert f"{total} of {total}" in shown(app)
        assert "/agent" not in shown(app)
        await pilot.press("down", "pagedown")
        await until(pilot, lambda: f"8 of {total}" in shown(app))


async def test_ctrl_r_searches_the_earlier_prompts_as_somebody_types() -> None:
    desk = FakeDesk().put(thread("operator"))
    texts = ["fix the tests", "review the diff", "write the release notes"]
    desk.lines["t-operator"] = [item(number, "operator", "user_message", text) for number, text in enumerate(texts, 1)]
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        composer = pane(app).composer
        await write(pilot, "a draft")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "▸ write the release notes" in shown(app))
        await write(pilot, "the t")
        await until(pilot, lambda: "▸ write the release notes" in shown(app) and "review the diff" not in composer.text)
        await pilot.press("ctrl+r", "ctrl+r", "enter")
        assert composer.text == "fix the tests"
        assert sent(desk) == [], "it is only put in"
        await pilot.press("ctrl+r")
        await write(pilot, "nowhere")
        await until(pilot, lambda: "nothing that was prompted here holds that" in shown(app))
        await pilot.press("escape")
        assert composer.text == "fix the tests"


async def test_up_reads_prompts_from_the_store_that_are_not_shown() -> None:
    desk = FakeDesk().put(thread("operator"))
    lines = [item(1, "operator", "user_message", "long ago"), replace(item(2, "operator", "command", "make"), origin="human")]
    desk.lines["t-operator"] = [*lines, *(item(number, "operator", "agent_message", "…") for number in range(3, 300))]
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("up")
        assert pane(app).composer.text == "!make"
        await pilot.press("up")
        assert pane(app).composer.text == "long ago"
        await pilot.press("down", "down")
        assert pane(app).composer.text == ""


async def test_alt_up_goes_to_what_is_queued_and_the_last_removal_leads_back() -> None:
    desk = FakeDesk().put(thread("operator", "running"))
    desk.messages = {1: queued(1, "one"), 2: queued(2, "two " * 200)}
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: len([line for line in shown(app).splitlines() if "two two" in line]) == 1)  # a long one is cut
        await pilot.press("alt+up")
        await until(pilot, lambda: pane(app).writing.queue.has_focus)
        await pilot.press("delete")
        await until(pilot, lambda: Remove(2) in desk.done)
        desk.messages.clear()
        pane(app).show_queue()
        await until(pilot, lambda: pane(app).composer.has_focus)
