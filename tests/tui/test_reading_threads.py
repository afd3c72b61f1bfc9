"""What a person does in the transcript of a thread, with a desk behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from textual.widgets import Input

from codex_desk.engine.events import ItemAdded, MessageChanged, ThreadChanged
from codex_desk.engine.views import ItemView, LiveTurn, MessageView
from codex_desk.rights import Rights
from codex_desk.tui.model import clock
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.widgets.block import Block
from codex_desk.tui.widgets.transcript import Transcript
from tests.tui.fakes import NOW, FakeDesk, app_on, attached, item, opened, shown, subagent, thread, until, write


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def long_thread(handle: str, first: int, last: int, needles: tuple[int, ...] = ()) -> list[ItemView]:
    return [
        item(
            seq,
            handle,
            "user_message" if seq % 2 else "agent_message",
            f"item {seq} of {handle}" + (" with a Needle" if seq in needles else ""),
        )
        for seq in range(first, last)
    ]


def two_rooms() -> FakeDesk:
    """An operator that asked its reviewer something long ago, both with much before and after it."""
    desk = FakeDesk().put(thread("operator"), attached("reviewer", "operator"))
    sent = {"message": 42, "event": "sent"}
    desk.lines["t-operator"] = [
        *long_thread("operator", 0, 500),
        item(500, "operator", "message_out", "Review the diff", peer="reviewer", peer_id="t-reviewer", **sent),
        *long_thread("operator", 502, 1000),
    ]
    desk.lines["t-reviewer"] = [
        *long_thread("reviewer", 2000, 2400),
        item(2400, "reviewer", "message_in", "Review the diff", peer="operator", peer_id="t-operator", **sent),
        *long_thread("reviewer", 2402, 3000),
    ]
    desk.messages[42] = MessageView(42, "reviewer", "t-reviewer", "agent", "after_turn", "queued", "Review", NOW, "operator", "t-operator")
    return desk


def cursor(screen: MainScreen) -> ItemView | None:
    block = screen.panes.active.transcript.query_one(".-cursor", Block)
    return block.item


@pytest.mark.parametrize("panes", [1, 2])
async def test_enter_leads_to_the_other_end_of_a_message_and_b_comes_back(panes: int) -> None:
    desk = two_rooms()
    app = app_on(desk, last="operator")
    async with opened(app, (150, 30)) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        screen = app.screen
        assert isinstance(screen, MainScreen)
        if panes == 2:
            await pilot.press("ctrl+x", "v")
            await until(pilot, lambda: len(screen.panes.all) == 2)
            await pilot.press("ctrl+x", "1")
        here = screen.panes.active
        await here.go_to(500)
        await pilot.press("enter")
        await until(pilot, lambda: "⇠ operator  #42" in shown(app))
        assert cursor(screen) == desk.lines["t-reviewer"][400]
        assert "item 2399 of reviewer" in shown(app)
        assert "item 2402 of reviewer" in shown(app)
        assert (screen.panes.active is here) is (panes == 1)
        await pilot.press("b")
        await until(pilot, lambda: screen.panes.active is here and "⇢ reviewer  #42" in shown(app))
        assert cursor(screen) == desk.lines["t-operator"][500]
        await pilot.press("b")
        await until(pilot, lambda: "there is no way back" in shown(app))


async def test_a_long_thread_is_read_from_its_end_to_its_beginning_and_back() -> None:
    desk = FakeDesk().put(thread("operator"))
    desk.lines["t-operator"] = long_thread("operator", 0, 250)
    app = app_on(desk, last="operator")
    async with opened(app, (100, 30)) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None and "item 249 " in shown(app))
        await pilot.press("f6", "f6", "g")
        await until(pilot, lambda: "item 0 of" in shown(app))
        await pilot.press("G")
        await until(pilot, lambda: "item 249 of" in shown(app))
        transcript = app.screen.query_one(Transcript)
        for _ in range(200):
            transcript.scroll_home(animate=False)
            await pilot.pause()
            if "item 0 of" in shown(app):
                break
        assert "item 0 of" in shown(app)
        for _ in range(200):
            transcript.scroll_end(animate=False)
            await pilot.pause()
            if "item 249 of" in shown(app):
                break
        assert "item 249 of" in shown(app)
        assert len(transcript.query(Block)) <= 300


async def test_a_text_is_found_in_all_of_the_thread() -> None:
    desk = FakeDesk().put(thread("operator"))
    desk.lines["t-operator"] = long_thread("operator", 0, 450, needles=(3, 250, 440))
    app = app_on(desk, last="operator")
    async with opened(app, (120, 30)) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None and "item 449 " in shown(app))
        screen = app.screen
        assert isinstance(screen, MainScreen)
        await pilot.press("f6", "f6", "slash")
        await write(pilot, "needle")
        await until(pilot, lambda: "3 of 3" in shown(app) and "item 440 of operator with a Needle" in shown(app))
        await pilot.press("up")
        await until(pilot, lambda: "2 of 3" in shown(app) and "item 250 of operator with a Needle" in shown(app))
        await pilot.press("enter", "N")
        await until(pilot, lambda: "1 of 3" in shown(app) and "item 3 of operator with a Needle" in shown(app))
        await pilot.press("n", "n", "n")
        await until(pilot, lambda: "1 of 3" in shown(app) and "item 3 of operator with a Needle" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "1 of 3" not in shown(app))
        assert "item 3 of operator" in shown(app)
        assert cursor(screen) == desk.lines["t-operator"][3]
        await pilot.press("slash")
        await until(pilot, lambda: app.screen.query_one("FindBar Input", Input).has_focus)
        await until(pilot, lambda: " of 3" in shown(app))  # the text before is still there
        await pilot.press("escape", "escape")
        await write(pilot, "/find 250 of")
        await pilot.press("enter")
        await until(pilot, lambda: "1 of 1" in shown(app) and "item 250 of operator with a Needle" in shown(app))


async def test_a_message_says_how_it_stands_as_that_changes() -> None:
    desk = two_rooms()
    desk.lines["t-operator"] = desk.lines["t-operator"][:501]
    app = app_on(desk, last="operator")
    async with opened(app, (120, 30)) as pilot:
        await until(pilot, lambda: "○ queued" in shown(app))
        began = replace(desk.messages[42], state="running", started_at=NOW - timedelta(seconds=48))
        ended = replace(began, state="answered", answered_at=NOW)
        for state, message, said in (("running", began, "▶ working 0:48"), ("answered", ended, "✓ answered in 0:48")):
            desk.messages[42] = message
            desk.tell(MessageChanged(42, "t-reviewer", "t-operator", state))
            await until(pilot, lambda said=said: said in shown(app))


async def test_a_subagent_lives_in_the_call_that_spawned_it_and_is_gone_to() -> None:
    desk = FakeDesk().put(thread("operator", "waiting"), subagent("scout-1", "operator"))
    call = {"tool": "spawn_agent", "arguments": {"task": "Look through the store"}, "ok": True, "subagent_thread_id": "t-scout-1"}
    desk.lines["t-operator"] = [item(1, "operator", "user_message", "Go"), item(2, "operator", "tool_call", "spawn_agent", **call)]
    desk.lines["t-scout-1"] = [item(3, "scout-1", "agent_message", "I begin")]
    desk.turns["t-scout-1"] = LiveTurn("turn", "t-scout-1", NOW - timedelta(seconds=5), "agent", 1, Rights())
    app = app_on(desk, last="operator")
    async with opened(app, (120, 30)) as pilot:
        await until(pilot, lambda: "⑂ scout-1  Look through the store" in shown(app) and "▶ working 0:05" in shown(app))
        reading = item(4, "scout-1", "tool_call", "grep except", tool="grep", arguments={"pattern": "except"}, ok=True)
        desk.lines["t-scout-1"].append(reading)
        desk.tell(ItemAdded(reading))
        await until(pilot, lambda: "└ grep except" in shown(app))
        await pilot.press("f6", "f6", "k", "enter")
        await until(pilot, lambda: "│ I begin" in shown(app) and "│ ● grep  except" in shown(app))
        said = item(5, "scout-1", "agent_message", "Nothing found")
        desk.lines["t-scout-1"].append(said)
        desk.tell(ItemAdded(said))
        await until(pilot, lambda: "│ Nothing found" in shown(app))
        del desk.turns["t-scout-1"]
        desk.change(replace(desk.rows["t-scout-1"], status="finished", last_line="Nothing found"))
        await until(pilot, lambda: "✓ done" in shown(app))
        await pilot.press("o")
        screen = app.screen
        assert isinstance(screen, MainScreen)
        await until(pilot, lambda: (pane := screen.panes.active).thread is not None and pane.thread.handle == "scout-1")
        assert cursor(screen) == said
        await pilot.press("b")
        await until(pilot, lambda: (pane := screen.panes.active).thread is not None and pane.thread.handle == "operator")
        desk.tell(ThreadChanged("t-scout-1"))
        await until(pilot, lambda: "✓ done" in shown(app))
