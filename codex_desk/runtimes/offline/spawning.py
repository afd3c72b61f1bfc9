"""What the stand-in does with subagents: `spawn scout: review`, `spawn critic as reviewer: review`, `close scout`, a line each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from codex_desk.frozen import frozen
from codex_desk.runtimes.offline.leading import OPEN_STATES
from codex_desk.runtimes.offline.script import Call, Result, Script, Steps, quoted

_SPAWN = re.compile(
    r"spawn\s+(?P<name>[\w.-]+)(?:\s+as\s+(?P<role>[\w.-]+))?(?P<worktree>\s+in\s+a\s+worktree)?\s*:\s*(?P<task>\S.*)", re.IGNORECASE
)
_CLOSE = re.compile(r"close\s+@?(?P<name>[\w.-]+)", re.IGNORECASE)


@frozen
class Spawn:
    name: str
    task: str
    role: str | None = None
    worktree: bool = False

    @property
    def arguments(self) -> dict[str, Any]:
        role = {"agent_type": self.role} if self.role else {}
        return {"task_name": self.name, "message": self.task, **role, **({"worktree": True} if self.worktree else {})}


@frozen
class Close:
    name: str


Order = Spawn | Close


def parse_orders(text: str) -> list[Order]:
    """The orders of a text of which every line is one; none of any other, whose lines are then somebody else's."""
    orders: list[Order] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if found := _SPAWN.fullmatch(line):
            orders.append(Spawn(found["name"], found["task"], found["role"], found["worktree"] is not None))
        elif found := _CLOSE.fullmatch(line):
            orders.append(Close(found["name"]))
        else:
            return []
    return orders


def spawn(orders: Sequence[Order]) -> Script:
    """Spawns all at once, waits until every answer is in, then closes what was to be closed."""
    told: list[str] = []
    wanted = [order for order in orders if isinstance(order, Spawn)]
    if wanted:
        told = yield from _spawn(wanted)
    for order in orders:
        if isinstance(order, Close):
            (result,) = yield [Call("close_agent", {"target": order.name})]
            told.append(f"Could not close **{order.name}**: {result.error}" if result.error else f"Closed **{order.name}**.")
    return "\n\n".join(told)


def _spawn(wanted: Sequence[Spawn]) -> Steps[list[str]]:
    results = yield [Call("spawn_agent", order.arguments) for order in wanted]
    told = [f"Could not spawn **{order.name}**: {result.error}" for order, result in zip(wanted, results, strict=True) if result.error]
    names = [result.text("name") for result in results if result.error is None]
    answers: dict[str, str] = {}
    while waiting := [name for name in names if name not in answers]:
        (result,) = yield [Call("wait_agent", {"targets": waiting, "mode": "all"})]
        ended = _ended(result)
        answers |= ended
        if result.error is not None or not (ended or result.value.get("timed_out") or result.value.get("reason")):
            told.append(f"Waiting ended: {result.error or 'without news.'}")
            break
        if result.value.get("reason") == "interrupted_by_user":
            told.append("You wrote meanwhile, so I stopped waiting; I am woken when the rest comes in.")
            break
    came = [answers.get(name, f"**{name}** has not answered yet.") for name in names]
    return [f"Spawned {len(names)} of {len(wanted)}: {len(answers)} came back.", *came, *told]


def _ended(result: Result) -> dict[str, str]:
    """What each subagent that has come to its end said, by name."""
    ended: dict[str, str] = {}
    for row in result.rows("results"):
        name, state, answer = row.get("agent"), row.get("state"), row.get("answer")
        if not isinstance(name, str) or not isinstance(state, str) or state in OPEN_STATES:
            continue
        said = f"answered:\n\n{quoted(answer)}" if isinstance(answer, str) and answer else f"gave no answer ({state}: {row.get('reason')})."
        ended[name] = f"**{name}** {said}"
    return ended
