"""Where a text stands in one thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.journal import Tx
from codex_desk.engine.views import ThreadView

COMMAND = {"command": "make", "output": 'one\nthe "needle" \U0001f9f5 is here\n', "exit_code": 0}


async def written(desk: Desk, thread: ThreadView, text: str, data: Mapping[str, Any] | None = None) -> int:
    def write(tx: Tx) -> int:
        return tx.item(thread.id, "command" if data else "agent_message", text, "agent", data=data)

    seq = await desk.ledger.run(write)
    assert isinstance(seq, int)
    return seq


@pytest.mark.parametrize("looked_for", ["needle", "NEEDLE", "a needle in", "needle**"])
async def test_a_text_is_found_as_it_stands_whatever_its_case(desk: Desk, operator: ThreadView, looked_for: str) -> None:
    seq = await written(desk, operator, "A **needle** in a needle in the hay; **needle**")
    await written(desk, operator, "only hay")
    assert await desk.holding(operator.id, looked_for) == [seq]


async def test_marks_of_emphasis_do_not_hide_what_is_read(desk: Desk, operator: ThreadView) -> None:
    seq = await written(desk, operator, "the `load()` **swallows** it")
    assert await desk.holding(operator.id, "load() swallows") == [seq]


@pytest.mark.parametrize("looked_for", ['the "needle"', "\U0001f9f5 is", "make"])
async def test_what_a_command_printed_is_looked_through(desk: Desk, operator: ThreadView, looked_for: str) -> None:
    seq = await written(desk, operator, "make", COMMAND)
    assert await desk.holding(operator.id, looked_for) == [seq]


async def test_what_nobody_reads_is_not_found(desk: Desk, operator: ThreadView) -> None:
    await written(desk, operator, "make", COMMAND | {"key": "needle-1", "sandbox": "none"})
    assert await desk.holding(operator.id, "exit_code") == []
    assert await desk.holding(operator.id, "needle-1") == []
    assert await desk.holding(operator.id, "") == []


async def test_all_of_a_thread_is_looked_through_and_no_other(desk: Desk, operator: ThreadView, reviewer: ThreadView) -> None:
    def write(tx: Tx) -> list[int]:
        return [tx.item(operator.id, "agent_message", f"needle {number}", "agent") for number in range(1100)]

    seqs = await desk.ledger.run(write)
    await written(desk, reviewer, "needle")
    assert await desk.holding(operator.id, "needle") == seqs
