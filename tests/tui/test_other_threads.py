"""What the other threads do, told while one is looked at: the sidebar, peek and its menu, who waits, and what happened while nobody was here."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from codex_desk.engine.away import Away, NoteSeen, Seen, Work
from codex_desk.engine.events import ItemAdded, Live, MessageChanged, ThreadChanged, TurnChanged
from codex_desk.engine.mailbox import Send
from codex_desk.engine.standing import Asked, Awaited, Standing, Wait
from codex_desk.engine.turns import Interrupt
from codex_desk.engine.views import LiveTurn, ThreadView
from codex_desk.rights import Rights
from codex_desk.runtimes.base import Delta
from codex_desk.tui.app import DeskApp
from codex_desk.tui.model.presence import AWAY_S
from codex_desk.tui.screens.away import WhileAway
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.screens.menu import RowMenu
from codex_desk.tui.screens.peek import Peek
from codex_desk.tui.screens.waits import Waits
from tests.tui.fakes import NOW, FakeDesk, app_on, attached, item, opened, shown, squeezed, subagent, thread, until, write


async def ready(app: DeskApp, pilot: Any) -> None:
    await until(pilot, lambda: app.bridge.desk is not None and "opening" not in shown(app))


def main_screen(app: DeskApp) -> MainScreen:
    assert isinstance(app.screen, MainScreen)
    return app.screen


def shows(app: DeskApp, thread_id: str) -> bool:
    screen = app.screen
    return isinstance(screen, MainScreen) and screen.panes.active.thread is not None and screen.panes.active.thread.id == thread_id


def point(app: DeskApp, handle: str) -> None:
    sidebar = main_screen(app).sidebar
    sidebar.focus()
    sidebar.point_at(f"t-{handle}")


# --- attached and spawned ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S0-26")
async def test_an_attached_session_and_a_subagent_are_told_apart_wherever_they_show() -> None:
    desk = FakeDesk().put(thread("operator"), attached("reviewer", "operator"), subagent("scout-1", "operator"))
    desk.preview = (["scout-1"], ["reviewer"])
    app = app_on(desk, last="operator")
    async with opened(app, (140, 40)) as pilot:
        await ready(app, pilot)
        rows = [line[:38] for line in shown(app).splitlines()]
        (spawned,) = (line for line in rows if "scout-1" in line)
        bound = [line for line in rows if "reviewer" in line]
        assert "⑂" in spawned and "subagent" in spawned
        assert len(bound) == 2, "a session has its own place, and is drawn under its parent as well"
        assert sum("⇄" in line and "attached" in line for line in bound) == 1
        await write(pilot, "/agent")
        await pilot.press("enter")
        await until(pilot, lambda: "Agents of operator" in shown(app))
        words = squeezed(app)
        assert "reviewer attached · ready" in words and "scout-1 subagent · working" in words
        await pilot.press("escape")
        await write(pilot, "/archive")
        await pilot.press("enter")
        await until(pilot, lambda: "It ends its subagents: scout-1." in squeezed(app))
        assert "the sessions live on: reviewer." in squeezed(app)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        sidebar = main_screen(app).sidebar
        sidebar.focus()
        await pilot.press("home")
        while sidebar.current is None or sidebar.current.handle != "scout-1":
            await pilot.press("down")
        await pilot.press("m")
        await until(pilot, lambda: squeezed(app).count("a subagent belongs to operator") >= 2)


@pytest.mark.row("S0-15")
async def test_the_menu_says_each_key_which_works_there_and_greys_what_cannot_be_done() -> None:
    desk = FakeDesk().put(thread("operator", "running"), thread("reviewer"))
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await ready(app, pilot)
        point(app, "operator")
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, RowMenu))
        for words in ("Enter open", "Space peek", "a attach", "z archive", "x interrupt", "d detach operator is not attached"):
            assert words in squeezed(app)
        await pilot.press("d")
        await until(pilot, lambda: squeezed(app).count("operator is not attached") == 2)
        await pilot.press("x")
        await until(pilot, lambda: Interrupt("t-operator") in desk.done)


# --- progress without disturbing -----------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S1-08")
async def test_two_threads_stream_side_by_side_and_a_third_behind_them() -> None:
    desk = FakeDesk().put(*(thread(handle, "running") for handle in ("operator", "reviewer", "tester")))
    for handle in ("operator", "reviewer", "tester"):
        desk.turns[f"t-{handle}"] = LiveTurn(f"turn-{handle}", f"t-{handle}", NOW, "human", 1, Rights())
    app = app_on(desk, last="operator")
    async with opened(app, (140, 40)) as pilot:
        await ready(app, pilot)
        await pilot.press("ctrl+x", "v")
        await until(pilot, lambda: len(main_screen(app).panes.all) == 2)
        for handle in ("operator", "reviewer", "tester"):
            desk.tell(Live(f"t-{handle}", f"turn-{handle}", Delta("text", "k", f"words of the {handle}")))
        panes = main_screen(app).panes
        beside = next(pane.thread.handle for pane in panes.all if pane.thread and pane.thread.handle != "operator")
        await until(pilot, lambda: "words of the operator" in shown(app) and f"words of the {beside}" in shown(app))
        hidden = ({"reviewer", "tester"} - {beside}).pop()
        assert f"words of the {hidden}" not in shown(app)
        desk.turns[f"t-{hidden}"] = replace(desk.turns[f"t-{hidden}"], open_texts={"k": ("text", f"words of the {hidden}")})
        point(app, hidden)
        await pilot.press("space")
        await until(pilot, lambda: isinstance(app.screen, Peek) and f"writing words of the {hidden}" in squeezed(app))


@pytest.mark.row("S1-19")
async def test_what_happens_in_other_threads_moves_neither_the_focus_nor_what_is_being_written() -> None:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"))
    desk.lines["t-operator"] = [item(seq, "operator", "agent_message", f"line {seq}") for seq in range(1, 30)]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await ready(app, pilot)
        await write(pilot, "half a thought")
        composer, before = app.focused, [line[40:] for line in shown(app).splitlines()[2:-2]]
        desk.change(replace(desk.rows["t-reviewer"], status="running"))
        desk.tell(TurnChanged("t-reviewer", "turn-9", "running"), ItemAdded(item(90, "reviewer", "agent_message", "found it")))
        await until(pilot, lambda: "Working 1" in shown(app) and "▶ 1 working" in shown(app))
        desk.change(replace(desk.rows["t-reviewer"], status="needs_human", reason="make test?"))
        await until(pilot, lambda: "Needs you 1" in shown(app) and "make test?" in shown(app) and "⚠ 1 needs you" in shown(app))
        assert app.focused is composer
        assert [line[40:] for line in shown(app).splitlines()[2:-2]] == before
        await write(pilot, " and the rest")
        assert main_screen(app).panes.active.composer.text == "half a thought and the rest"


@pytest.mark.row("S0-07")
async def test_a_session_is_peeked_at_prompted_and_opened_from_the_sidebar() -> None:
    desk = FakeDesk().put(thread("operator"), attached("reviewer", "operator", "needs_human", reason="make test?"))
    desk.lines["t-reviewer"] = [item(1, "reviewer", "user_message", "look"), item(2, "reviewer", "agent_message", "Two findings")]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await ready(app, pilot)
        point(app, "reviewer")
        await pilot.press("space")
        await until(
            pilot, lambda: "answer Two findings" in squeezed(app) and "reviewer · needs you · attached to operator" in squeezed(app)
        )
        assert "⚠ make test?" in squeezed(app)
        desk.lines["t-reviewer"].append(item(3, "reviewer", "agent_message", "and a third"))
        desk.tell(ItemAdded(desk.lines["t-reviewer"][-1]))
        await until(pilot, lambda: "and a third" in shown(app))
        await write(pilot, "go on")
        await pilot.press("enter")
        await until(pilot, lambda: Send("t-reviewer", "go on", None, "after_turn") in desk.done)
        assert shows(app, "t-operator")
        point(app, "reviewer")
        await pilot.press("space")
        await until(pilot, lambda: isinstance(app.screen, Peek))
        await pilot.press("enter")
        await until(pilot, lambda: shows(app, "t-reviewer"))


# --- who waits --------------------------------------------------------------------------------------------------------------------------------


def graph() -> Standing:
    since = datetime.now(UTC) - timedelta(seconds=48)
    wait = Wait(
        "t-operator", "operator", "all", since, since + timedelta(minutes=5), (Awaited(42, "t-reviewer", "reviewer", "running", since),)
    )
    return Standing(
        [wait], [Asked("t-reviewer", "reviewer", "make test", since, "reviewer-7"), Asked("t-clerk", "clerk", "rm it", since, "clerk-8")]
    )


async def test_who_waits_is_a_tree_that_lives_opens_and_stops() -> None:
    desk = FakeDesk().put(thread("operator", "waiting"), thread("reviewer", "running"), thread("clerk", "needs_human"))
    desk.stands = graph()
    app = app_on(desk, last="clerk")
    async with opened(app) as pilot:
        await ready(app, pilot)
        await pilot.press("ctrl+x", "w")
        await until(pilot, lambda: isinstance(app.screen, Waits) and "operator ⧗ waits for reviewer" in squeezed(app))
        words = squeezed(app)
        assert "reviewer #42 working" in words and "you ⚠ reviewer-7: make test" in words and "clerk ⚠ clerk-8: rm it" in words
        assert "of 5:00" in words or "gives up in 4:" in words
        before = shown(app)
        await until(pilot, lambda: shown(app) != before)
        await pilot.press("down", "x")
        await until(pilot, lambda: Interrupt("t-reviewer") in desk.done)
        await until(pilot, lambda: "reviewer is stopped" in squeezed(app))
        desk.stands = Standing([], desk.stands.asked[1:])
        desk.tell(MessageChanged(42, "t-reviewer", "t-operator", "interrupted"))
        await until(pilot, lambda: "waits for reviewer" not in squeezed(app))
        await pilot.press("home", "enter")
        await until(pilot, lambda: shows(app, "t-clerk"))


# --- while you were away ------------------------------------------------------------------------------------------------------------------------


def absence(work: int = 3) -> Away:
    done = Work("t-reviewer", "reviewer", work, 0, 0, ("operator",), 9_100, "Two findings", NOW, 2)
    return Away(NOW - timedelta(hours=1), [done] if work else [], [], [], [Asked("t-clerk", "clerk", "rm it", NOW, "clerk-8")], 0, 9_100)


def staff() -> dict[str, ThreadView]:
    return {one.handle or "": one for one in (thread("operator"), thread("reviewer"), thread("clerk", "needs_human"))}


async def test_a_desk_that_is_opened_says_in_one_quiet_line_what_happened_and_away_shows_it() -> None:
    desk = FakeDesk().put(*staff().values())
    desk.absence, desk.seen = absence(), Seen(NOW - timedelta(hours=1), 7)
    desk.lines["t-reviewer"] = [item(2, "reviewer", "agent_message", "Two findings, whole")]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: "while you were away: 3 turns, 1 needs you /away shows it" in squeezed(app))
        assert isinstance(app.screen, MainScreen) and app.focused is app.screen.panes.active.composer
        assert desk.noted == [NoteSeen(returned=True)]
        await write(pilot, "/away")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, WhileAway) and "3 turns for operator · 9.1k tok" in squeezed(app))
        assert "clerk asks rm it" in squeezed(app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: shows(app, "t-reviewer") and "Two findings, whole" in shown(app))


@pytest.mark.parametrize("seen", [None, Seen(datetime.now(UTC), 7)], ids=["first time", "left a moment ago"])
async def test_where_nothing_happened_nothing_is_said(seen: Seen | None) -> None:
    desk = FakeDesk().put(*staff().values())
    desk.absence, desk.seen = absence(0), seen
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: bool(desk.noted))
        assert desk.noted == [NoteSeen(returned=seen is None)]
        assert "while you were away" not in squeezed(app)


async def test_who_comes_back_after_ten_minutes_is_told_and_who_looks_away_for_a_moment_is_not() -> None:
    desk = FakeDesk().put(*staff().values())
    desk.absence, desk.seen = absence(0), Seen(NOW, 7)
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: bool(desk.noted))
        desk.absence = absence()
        app.app_focus = False
        app.app_focus = True
        await pilot.press("x")
        await pilot.pause(0.05)
        assert "while you were away" not in squeezed(app)
        app.presence._clock = lambda: time.monotonic() + AWAY_S + 1
        app.app_focus = False
        app.app_focus = True
        await until(pilot, lambda: "while you were away: 3 turns" in squeezed(app))
        assert desk.noted[-1] == NoteSeen(returned=True)
        await app.presence.leave()
        assert desk.noted[-1] == NoteSeen(returned=False)


async def test_the_list_of_what_happened_follows_what_still_happens() -> None:
    desk = FakeDesk().put(*staff().values())
    desk.absence = absence()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await ready(app, pilot)
        await write(pilot, "/away")
        await pilot.press("enter")
        await until(pilot, lambda: "clerk asks rm it" in squeezed(app))
        desk.absence = replace(desk.absence, needs=[])
        desk.tell(ThreadChanged("t-clerk"))
        await until(pilot, lambda: "rm it" not in shown(app))
