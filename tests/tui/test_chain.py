"""What one prompt caused: the screen, its keys, and what it looks like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from codex_desk.engine.approvals import Decide
from codex_desk.engine.bills import Bill, HeldMessage, Spender, Spent
from codex_desk.engine.events import ApprovalChanged, MessageChanged
from codex_desk.engine.standing import Awaited, Standing, Wait
from codex_desk.engine.turns import Interrupt, Resume
from codex_desk.tui.model import clock
from codex_desk.tui.model.chain import CELLS, bar, in_short, shares, workers
from codex_desk.tui.screens.chain import Chain
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.screens.waits import Waits
from codex_desk.tui.widgets.approval import ApprovalCard
from tests.tui.fakes import NOW, FakeDesk, app_on, approval, attached, opened, shown, squeezed, subagent, thread, until, write
from tests.tui.pictures import Pictures

HOPS = "9 hops from the user's prompt, more than 8 (budgets.hops)"
OFFER = approval(
    9,
    "operator",
    "as much again of turns? 164 of 200 turns are used",
    kind="budget",
    offers=("turns",),
    chain=("human", "operator", "reviewer"),
    why="for all that your prompt #12 to operator causes; at the limit (budgets.turns) what they send waits for you",
)


def spender(
    handle: str, asked_by: str | None, depth: int, turns: int, tokens: int, seconds: int, status: str = "idle", **more: Any
) -> Spender:
    values: dict[str, Any] = {"last": True, "running": status == "running"} | more
    return Spender(
        f"t-{handle}",
        handle,
        status,
        f"t-{asked_by}" if asked_by else None,
        depth,
        values.pop("last"),
        turns,
        tokens,
        tokens // 8,
        seconds,
        **values,
    )


BILL = Bill(
    chain_id="c-1",
    thread_id="t-operator",
    thread="operator",
    message_id=12,
    prompt="Let [bold]all[/bold] of the diff be reviewed and mended, until the tests pass.",
    origin="human",
    began_at=NOW - timedelta(minutes=42),
    spent=(
        Spent("hops", 9, 16, 1),
        Spent("wakes", 3, 25),
        Spent("turns", 164, 200),
        Spent("tokens", 2_004_118, 2_000_000),
        Spent("time", 42 * 60, 4 * 3600),
    ),
    spenders=(
        spender("operator", None, 0, 12, 212_400, 760, "waiting"),
        spender("reviewer", "operator", 1, 88, 904_000, 1420, "needs_human", last=False),
        spender("scout-1", "reviewer", 2, 4, 31_000, 66, "finished"),
        spender("implementor", "operator", 1, 60, 634_000, 1210, "running", held=True),
    ),
    held=(
        HeldMessage(31, "reviewer", "operator", "t-operator", HOPS, NOW),
        HeldMessage(33, "operator", "reviewer", "t-reviewer", HOPS, NOW),
    ),
    reasons=(HOPS,),
)


def office(bill: Bill = BILL) -> FakeDesk:
    desk = FakeDesk().put(
        thread("operator", "waiting"),
        attached("reviewer", "operator", "needs_human", reason=f"#33 held: {HOPS}"),
        subagent("scout-1", "reviewer", "finished"),
        attached("implementor", "operator", "running"),
    )
    desk.bills = bill
    return desk


async def on_chain(pilot: Pilot[int], line: str = "/chain") -> None:
    app: Any = pilot.app
    await until(pilot, lambda: app.bridge.desk is not None)
    await write(pilot, line)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, Chain) and "Who worked" in shown(app))


@pytest.mark.parametrize(("part", "drawn"), [(0, ""), (0.0001, "╸"), (0.5, "━" * (CELLS // 2)), (1, "━" * CELLS), (7, "━" * CELLS)])
def test_a_bar_shows_what_is_used_at_all_and_is_never_too_long(part: float, drawn: str) -> None:
    assert bar(part) == drawn


def test_a_limit_says_how_it_stands() -> None:
    assert [(each.name, each.tone, each.again) for each in shares(BILL)] == [
        ("hops", "plain", "given again"),
        ("wakes", "plain", ""),
        ("turns", "near", ""),
        ("tokens", "over", ""),
        ("time", "plain", ""),
    ]
    assert [each.bar for each in shares(BILL, plain=True)] == [None] * 5


def test_who_worked_is_a_tree_below_whoever_first_asked() -> None:
    assert [(each.guides, each.name) for each in workers(BILL)] == [
        ("", "operator"),
        ("├─ ", "reviewer"),
        ("│  └─ ", "scout-1"),
        ("└─ ", "implementor"),
    ]
    assert in_short(BILL) == "164 turns of 4 threads, 2.0M tok, 2 held"
    assert in_short(replace(BILL, held=(), stopped="by you")).endswith("stopped by you")


def shows(screen: MainScreen, thread_id: str) -> bool:
    return screen.panes.active.thread is not None and screen.panes.active.thread.id == thread_id


@pytest.mark.row("S1-09")
@pytest.mark.row("S4-29")
async def test_one_key_stops_all_of_it_another_lets_it_go_on_and_enter_opens() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await on_chain(pilot)
        words = squeezed(app)
        assert "#12 you → operator" in words and "Let [bold]all[/bold] of the diff" in words
        assert "164 of 200" in words and "used up" in words and "⏸ #31 reviewer → operator 9 hops" in words
        desk.bills = replace(BILL, stopped="you stopped it")
        await pilot.press("x")
        await until(pilot, lambda: Interrupt("t-operator", chain=True) in desk.done and "/resume lets all of it go on" in squeezed(app))
        desk.bills = replace(BILL, held=())
        await pilot.press("r")
        await until(pilot, lambda: Resume("t-operator") in desk.done and "operator goes on" in squeezed(app))
        desk.tell(MessageChanged(33, "t-reviewer", "t-operator", "running"))
        await until(pilot, lambda: "Held" not in shown(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and shows(app.screen, "t-reviewer"))
        await write(pilot, "/interrupt operator --chain")
        await pilot.press("enter")
        await until(pilot, lambda: desk.done.count(Interrupt("t-operator", chain=True)) == 2)


async def test_as_much_again_is_offered_on_a_card_in_words_of_its_own_and_counted_at_the_top() -> None:
    desk = FakeDesk().put(thread("operator", "running"), attached("reviewer", "operator", "running"))
    desk.pending = [OFFER]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: "164 of 200 turns" in shown(app) and "1 needs you" in shown(app))
        assert "human → operator → reviewer" in squeezed(app)
        app.screen.query_one(ApprovalCard).focus()
        await until(pilot, lambda: "y as much again n no more" in squeezed(app))
        await pilot.pause(0.6)
        await pilot.press("y")
        await until(pilot, lambda: Decide("operator-9", True) in desk.done)
        desk.pending = []
        desk.tell(ApprovalChanged("operator-9", "t-operator", "approved"))
        await until(pilot, lambda: "needs you" not in shown(app))


async def test_who_waits_goes_down_to_what_is_held_and_says_what_frees_it() -> None:
    desk = office()
    awaited = (Awaited(33, "t-reviewer", "reviewer", "held", NOW, reason=HOPS),)
    desk.stands = Standing([Wait("t-operator", "operator", "any", NOW, NOW + timedelta(minutes=5), awaited)])
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "w")
        await until(pilot, lambda: isinstance(app.screen, Waits) and "⏸ 9 hops" in squeezed(app))
        await until(pilot, lambda: "operator goes on with the answer to #33" in squeezed(app))
        await pilot.press("end")
        await until(pilot, lambda: "/resume reviewer lets #33 go on" in squeezed(app))


async def test_chain(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    await pictures(app_on(office(), last="operator"), steps=on_chain, until_shown="Held")


async def test_as_much_again(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    desk = office()
    desk.pending = [OFFER]

    async def on_card(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "164 of 200" in shown(pilot.app))
        pilot.app.screen.query_one(ApprovalCard).focus()

    await pictures(app_on(desk, last="operator"), steps=on_card, until_shown="as much again")
