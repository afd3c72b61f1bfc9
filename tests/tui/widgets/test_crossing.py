from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from codex_desk.engine.views import ItemView, MessageView, ThreadView
from codex_desk.tui.widgets.block import Block
from codex_desk.tui.widgets.items import draw
from codex_desk.tui.widgets.showing import Showing, Subagent
from tests.tui.widgets.samples import START, item, rows, thread
from tests.tui.widgets.shown import Elsewhere, blocks, screen, shown, talk, texts, until

SENT = item(1, "message_out", "Review the diff", message=42, peer="reviewer")
MESSAGE = MessageView(42, "reviewer", "t2", "agent", "after_turn", "queued", "Review the diff", START)
SPAWN = item(
    2, "tool_call", "spawn_agent", tool="spawn_agent", arguments={"task": "Look through the store"}, ok=True, subagent_thread_id="s1"
)
LATER = START + timedelta(seconds=48)


def subagent(status: str = "running", last_line: str = "reading writer.py", **more: Any) -> Subagent:
    view: ThreadView = replace(thread("scout-1", "s1"), kind="subagent", status=status, last_line=last_line)  # type: ignore[arg-type]
    return Subagent(view, **more)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "○ queued"),
        ({"state": "held", "reason": "waits for you"}, "⏸ held: waits for you"),
        ({"state": "running", "started_at": START}, "▶ working 0:48"),
        ({"state": "answered", "started_at": START, "answered_at": START + timedelta(seconds=72)}, "✓ answered in 1:12"),
        ({"state": "failed", "reason": "no answer"}, "✗ failed: no answer"),
        ({"state": "interrupted", "reason": "by the user"}, "✗ interrupted: by the user"),
        ({"state": "cancelled", "reason": "detached"}, "✗ cancelled: detached"),
        ({"state": "delivered"}, "✓ delivered"),
    ],
)
def test_a_line_that_sent_something_says_how_it_stands(change: dict[str, Any], said: str) -> None:
    drawing = rows(draw(SENT, Showing(message=replace(MESSAGE, **change), now=LATER)), 80)
    assert len(drawing) == 1
    assert drawing[0].startswith("⇢ reviewer  #42  Review the diff ")
    assert drawing[0].endswith(f" {said}")


def test_a_line_whose_message_nobody_knows_yet_says_what_was_sent() -> None:
    assert rows(draw(SENT)) == ["⇢ reviewer  #42  Review the diff"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "⑂ scout-1  #42  Review the diff"),
        ({"role": "critic"}, "⑂ scout-1  #42 as critic  Review the diff"),
        ({"role": "scout-1", "detached": True}, "⑂ scout-1  #42, detached  Review the diff"),
    ],
)
def test_the_line_that_gave_a_subagent_its_task_is_the_subagents(data: dict[str, Any], said: str) -> None:
    first = item(1, "message_out", "Review the diff", message=42, peer="scout-1", subagent_thread_id="s1", **data)
    drawing = rows(draw(first, Showing(message=MESSAGE, subagent=subagent(since=START), now=LATER)), 80)
    assert (drawing[0].startswith(said), drawing[0].endswith(" ▶ working 0:48"), drawing[1]) == (True, True, "└ reading writer.py")


@pytest.mark.parametrize(
    ("text", "event", "expected"),
    [
        ("reviewer: #42 answered in 1:12 — Two findings", "answered", ["✓ reviewer  #42  answered in 1:12  Two findings"]),
        ("reviewer: #42 failed: no answer", "failed", ["✗ reviewer  #42  failed: no answer"]),
        ("#42 answered in 1:12 (asked by operator)", "answered", ["✓ #42 answered in 1:12 (asked by operator)"]),
        ("reviewer: something else", "answered", ["✓ reviewer: something else"]),
    ],
)
def test_the_end_of_a_message_is_told_with_the_name_first(text: str, event: str, expected: list[str]) -> None:
    assert rows(draw(item(1, "notice", text, event=event, message=42))) == expected


def test_why_something_failed_is_told_whole() -> None:
    told = "reviewer: #42 failed: " + "the endpoint refused it " * 5
    assert " ".join(" ".join(rows(draw(item(1, "notice", told, event="failed", message=42)), 40)).split()).endswith("refused it")


def test_a_spawned_agent_is_its_name_its_task_its_state_and_what_it_does() -> None:
    drawing = rows(draw(SPAWN, Showing(subagent=subagent(since=START), now=LATER)), 70)
    assert drawing[0].startswith("⑂ scout-1  Look through the store ")
    assert drawing[0].endswith("▶ working 0:48")
    assert drawing[1:] == ["└ reading writer.py"]


def test_opened_it_shows_its_transcript_beside_a_bar() -> None:
    done = [item(10, "message_in", "Look through the store.", peer="operator", message=44), item(11, "agent_message", "- nothing\n- found")]
    showing = Showing(opened=True, subagent=subagent("finished", items=done, earlier=True), now=LATER)
    time = START.astimezone().strftime("%H:%M")
    drawing = [" ".join(row.split()) for row in rows(draw(SPAWN, showing), 50)]
    assert drawing[0] == "⑂ scout-1 Look through the store ✓ done"
    assert drawing[1:] == [
        "│ ↑ earlier items o goes to scout-1",
        f"│ ⇠ operator #44 {time}",
        "│ Look through the store.",
        "│",
        f"│ scout-1 {time}",
        "│ • nothing",
        "│ • found",
    ]


def test_of_a_long_transcript_only_the_end_is_drawn() -> None:
    done = [item(seq, "user_message", "line\n" * 30) for seq in range(40)]
    document = draw(SPAWN, Showing(opened=True, subagent=subagent(items=done)))
    assert len(document.lines) < 200
    assert "earlier items" in document.lines[1].text


def test_a_subagent_that_nobody_knows_is_a_call_like_any_other() -> None:
    assert rows(draw(SPAWN)) == ["⑂ spawn_agent  Look through the store"]


def past(status: str, **data: Any) -> ItemView:
    """A call of history that spawned an agent."""
    given = {"tool": "spawn_agent", "arguments": {"message": "Audit it"}, "agent_status": status, "agent_nickname": "Volta"}
    return item(2, "tool_call", "spawn_agent: Audit it", **(given | data))


@pytest.mark.row("S2-07", "S2-10", "S2-18")
@pytest.mark.parametrize(
    ("status", "said"),
    [("completed", "✓ completed"), ("errored", "✗ errored"), ("shutdown", "▪ shut down"), ("running", "▸ nothing is known of its end")],
)
def test_an_agent_of_history_says_how_it_ended_with_its_result_under_its_call(status: str, said: str) -> None:
    call = past(status, subagent_thread_id="s1", result="three findings")
    drawing = rows(draw(call, Showing(subagent=subagent("history", last_line="the last thing it wrote"))), 70)
    assert drawing[0].startswith("⑂ scout-1  Audit it ") and drawing[0].endswith(said)
    assert drawing[1:] == ["└ three findings"]


@pytest.mark.row("S2-17")
def test_an_agent_whose_transcript_is_not_here_is_pending_in_words_and_opens_to_what_is_known() -> None:
    call = past("completed", result="three findings")
    folded = [" ".join(row.split()) for row in rows(draw(call), 100)]
    assert folded == ["⑂ Volta Audit it ✓ completed · pending: its transcript is not here yet", "└ three findings"]
    opened = " ".join(" ".join(rows(draw(call, Showing(opened=True)), 100)).split())
    assert "message: Audit it" in opened and "→ result" in opened


def test_a_task_that_only_its_provider_can_read_is_sealed_in_words() -> None:
    call = past("completed", sealed=True, arguments={"message": "[sealed]"}, subagent_thread_id="s1")
    drawing = rows(draw(call, Showing(subagent=subagent("history"))), 90)
    assert drawing[0].startswith("⑂ scout-1  sealed: only its provider can read the task")


@pytest.mark.row("S2-11")
def test_a_wait_of_history_names_whom_it_waited_for() -> None:
    call = item(
        3,
        "tool_call",
        "wait_agent Volta, Kepler",
        tool="wait_agent",
        arguments={"targets": ["01a1f7e3-a9f4-73b1-9631-bbcfc6f86be9", "01a1f7e3-aa4b-7812-9f83-6f4823fde1a4"]},
        result="Volta completed",
        ok=True,
    )
    assert rows(draw(call), 70) == ["● wait_agent  Volta, Kepler  → Volta completed"]


async def test_the_line_changes_with_the_message_and_moves_nothing_else() -> None:
    elsewhere = Elsewhere()
    elsewhere.messages[42] = MESSAGE
    async with shown([SENT, item(2, "user_message", "below")], elsewhere=elsewhere) as (app, transcript, pilot):
        assert any(line.endswith("○ queued") for line in screen(app))
        elsewhere.messages[42] = replace(MESSAGE, state="running", started_at=START)
        elsewhere.moment = LATER
        transcript.message_changed(42)
        await until(pilot, lambda: any(line.endswith("▶ working 0:48") for line in screen(app)))
        elsewhere.moment = LATER + timedelta(seconds=1)
        laid_out = transcript._nodes._updates
        transcript._tick()
        await until(pilot, lambda: any(line.endswith("▶ working 0:49") for line in screen(app)))
        elsewhere.messages[42] = replace(MESSAGE, state="answered", started_at=START, answered_at=START + timedelta(seconds=72))
        transcript.message_changed(42)
        await until(pilot, lambda: any(line.endswith("✓ answered in 1:12") for line in screen(app)))
        assert not blocks(transcript)[0].ticks
        assert transcript._nodes._updates == laid_out


async def test_a_subagent_lives_in_the_line_that_spawned_it() -> None:
    elsewhere = Elsewhere()
    elsewhere.subagents["s1"] = subagent(since=START, items=[item(10, "user_message", "the task")])
    async with shown([SPAWN], elsewhere=elsewhere) as (app, transcript, pilot):
        await pilot.press("k", "enter")
        await until(pilot, lambda: any("│ the task" in line for line in screen(app)))
        elsewhere.subagents["s1"] = subagent(
            "finished", items=[item(10, "user_message", "the task"), item(11, "agent_message", "all done")]
        )
        transcript.thread_changed("s1")
        await until(pilot, lambda: any("│ all done" in line for line in screen(app)))
        assert any("✓ done" in line for line in screen(app))
        await pilot.press("enter")
        await until(pilot, lambda: any("└ reading writer.py" in line for line in screen(app)))


async def test_what_changes_further_up_does_not_move_what_is_read() -> None:
    elsewhere = Elsewhere()
    elsewhere.subagents["s1"] = subagent(last_line="")
    async with shown([SPAWN, *talk(3, 40)], elsewhere=elsewhere) as (app, transcript, pilot):
        await pilot.pause()
        for _ in range(3):
            await transcript._page_back()
        transcript.scroll_to(y=10, animate=False)
        await pilot.pause()
        before = texts(app)
        elsewhere.subagents["s1"] = subagent(last_line="a second row")
        transcript.thread_changed("s1")
        await pilot.pause()
        assert texts(app)[:-1] == before[:-1]
        assert isinstance(transcript.block_of(2), Block)


async def test_where_nothing_is_written_again_no_state_is_said() -> None:
    elsewhere = Elsewhere()
    elsewhere.messages[42] = MESSAGE
    async with shown([SENT], elsewhere=elsewhere, plain=True) as (app, transcript, pilot):
        before = screen(app)
        elsewhere.messages[42] = replace(MESSAGE, state="answered")
        transcript.message_changed(42)
        await pilot.pause()
        assert screen(app) == before
