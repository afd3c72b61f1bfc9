"""What a process leaves that ends at one of the statements of a store, and what the next one makes of it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codex_desk.engine.desk import Desk
from codex_desk.engine.mailbox import Send
from tests.engine.scripted import Place, Scripted, at_rest, final

WRITES = re.compile("INSERT|UPDATE|DELETE|COMMIT")
"""What a process can end before or after and be told apart by; a question changes nothing."""
NOT_THE_PATH = re.compile("item_text|indexed_up_to")
"""The index is filled on the side."""


async def ask_and_answer(place: Place, arm: Callable[[Desk], None], acknowledge: Callable[[int], None]) -> None:
    """The whole path: a prompt, a question to a child, its answer, the answer to the prompt."""

    async def ask(turn: Scripted) -> str:
        number = await turn.send("reviewer", "question")
        acknowledge(number)
        return (await turn.wait(number))["results"][0]["answer"]

    place.runtime.scripts["operator"] = ask
    async with place.open() as desk:
        arm(desk)
        sent = await desk.do(Send(desk.resolve("operator").id, "go"))
        acknowledge(sent.id)
        await final(desk, sent.id)


async def left_at_every_statement(root: Path) -> list[Path]:
    """Run the path once. Returns a copy of ROOT for each statement that writes, taken right before it, and one of the end.

    A copy is what a process leaves that ends there: the files as they were written so far, no lock on any of them, and the first owner gone. The
    statement waits for it in the one thread that writes, so no file changes meanwhile."""
    acknowledged = root / "acknowledged"
    acknowledged.touch()
    copies: list[Path] = []

    def acknowledge(number: int) -> None:
        with acknowledged.open("a") as file:
            file.write(f"{number}\n")

    def copy() -> None:
        copies.append(root.with_name(f"left-{len(copies) + 1}"))
        shutil.copytree(root, copies[-1])

    def trace(sql: str) -> None:
        if WRITES.match(sql) and not NOT_THE_PATH.search(sql):
            copy()

    def arm(desk: Desk) -> None:
        raw = desk._database.write_engine.raw_connection()
        raw.driver_connection.set_trace_callback(trace)  # type: ignore[union-attr]
        raw.close()

    await ask_and_answer(Place(root), arm, acknowledge)
    copy()
    return copies


async def look_after(root: Path) -> dict[str, Any]:
    """What a new desk makes of one that ended: it recovers and runs what waits, then tells what it found."""
    place = Place(root)
    async with place.open() as desk:
        await at_rest(desk)
        messages = [
            {
                "id": row["id"],
                "kind": row["kind"],
                "state": row["state"],
                "reason": row["reason"],
                "turns": [
                    each["state"] for each in desk.rows("SELECT state FROM turn WHERE message_id = ? ORDER BY started_at", (row["id"],))
                ],
                "shown": len(
                    desk.rows("SELECT 1 FROM item WHERE kind = 'message_in' AND json_extract(data, '$.message') = ?", (row["id"],))
                ),
            }
            for row in desk.rows("SELECT * FROM message ORDER BY id")
        ]
        open_turns = desk.rows("SELECT 1 FROM turn WHERE state = 'running'")
        told = desk.rows("SELECT 1 FROM item WHERE text LIKE 'the process that ran this turn ended%'")
        return {
            "messages": messages,
            "open_turns": len(open_turns),
            "told": len(told),
            "acknowledged": [int(line) for line in (root / "acknowledged").read_text().split()],
            "verified": desk.verify_audit().verified,
        }
