"""What the stand-in does with delegated runs: `delegate to critic: review`, `delegate detached to scout: read a`, `then delegate to critic: review` (after the
answers before, which it is given as hints), `follow up critic: read b`, `join scout`, `dismiss scout`, `list runs`, a line each. Lines of one kind that stand
together are a batch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from codex_desk.frozen import frozen
from codex_desk.runtimes.offline.script import Call, Result, Script, quoted

_DELEGATE = re.compile(
    r"(?P<then>then\s+)?delegate\s+(?P<detached>detached\s+)?to\s+@?(?P<role>[\w.-]+)\s*:\s*(?P<task>\S.*)", re.IGNORECASE
)
_FOLLOW_UP = re.compile(r"follow\s+up\s+@?(?P<run>[\w.-]+)\s*:\s*(?P<task>\S.*)", re.IGNORECASE)
_OPERATION = re.compile(r"(?P<operation>join|dismiss)\s+@?(?P<run>[\w.-]+)", re.IGNORECASE)
_LIST = re.compile(r"list\s+runs", re.IGNORECASE)


@frozen
class Delegate:
    role: str
    task: str
    detached: bool = False
    after: bool = False
    """It is given the answers so far."""


@frozen
class FollowUp:
    run: str
    task: str


@frozen
class Operation:
    name: str
    run: str | None = None


Order = Delegate | FollowUp | Operation


def parse_delegations(text: str) -> list[Order]:
    """The orders of a text of which every line is one; none of any other, whose lines are then somebody else's."""
    orders: list[Order] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if found := _DELEGATE.fullmatch(line):
            orders.append(Delegate(found["role"], found["task"], found["detached"] is not None, found["then"] is not None and bool(orders)))
        elif found := _FOLLOW_UP.fullmatch(line):
            orders.append(FollowUp(found["run"], found["task"]))
        elif found := _OPERATION.fullmatch(line):
            orders.append(Operation(found["operation"].lower(), found["run"]))
        elif _LIST.fullmatch(line):
            orders.append(Operation("list"))
        else:
            return []
    return orders


def delegate(orders: Sequence[Order]) -> Script:
    """One call for each order, in their order; one for those that stand together and can run side by side."""
    said: list[str] = []
    answers: list[str] = []
    for group in _groups(orders):
        (result,) = yield [_call(group, answers)]
        answers += [str(run["summary"]) for run in _runs(result) if run.get("status") == "completed" and run.get("summary")]
        said += _told(group[0], result)
    return "\n\n".join(said)


def _groups(orders: Sequence[Order]) -> list[list[Order]]:
    """Orders that are one call: delegations of one mode in a row, of which only the first comes after something."""
    groups: list[list[Order]] = []
    for order in orders:
        last = groups[-1][-1] if groups else None
        if isinstance(order, Delegate) and isinstance(last, Delegate) and not order.after and order.detached == last.detached:
            groups[-1].append(order)
        else:
            groups.append([order])
    return groups


def _call(group: Sequence[Order], answers: Sequence[str]) -> Call:
    match group:
        case [Delegate() as order]:
            context = {"context": {"hints": list(answers)}} if order.after and answers else {}
            return Call("delegate_agent", {"agent_id": order.role, "prompt": order.task, "mode": _mode(order), **context})
        case [Delegate() as first, *_]:
            hints = {"context": {"hints": list(answers)}} if first.after and answers else {}
            batch = [{"agent_id": each.role, "prompt": each.task, **hints} for each in group if isinstance(each, Delegate)]
            return Call("delegate_agent", {"batch": batch, "mode": _mode(first)})
        case [FollowUp(run, task), *_]:
            return Call("delegate_agent", {"conversation_id": run, "prompt": task})
        case [Operation(name, run), *_]:
            return Call("delegate_sessions", {"operation": name, **({"conversation_id": run} if run else {})})
    raise AssertionError("a group is never empty")


def _mode(order: Delegate) -> str:
    return "detached" if order.detached else "standard"


def _told(order: Order, result: Result) -> list[str]:
    if result.error is not None:
        what = order.name if isinstance(order, Operation) else "follow up" if isinstance(order, FollowUp) else "delegate"
        return [f"Could not {what}: {result.error}"]
    if "sessions" in result.value:
        rows = [_line(run) for run in result.rows("sessions")]
        return ["Delegated so far:\n\n" + "\n".join(rows) if rows else "Nothing is delegated."]
    return [_run(run) for run in _runs(result)]


def _runs(result: Result) -> list[Mapping[str, Any]]:
    return result.rows("runs") or ([result.value] if result.error is None and "run_id" in result.value else [])


def _run(run: Mapping[str, Any]) -> str:
    name = f"**{run.get('agent_id')}** (#{run.get('run_id')})"
    status, summary = run.get("status"), run.get("summary")
    if run.get("dismissed"):
        return f"{name} dismissed; it was {status}."
    if status == "detached":
        return f"{name} runs detached; I am told when it ends."
    if status == "completed" and isinstance(summary, str):
        return f"{name} answered:\n\n{quoted(summary)}"
    why = run.get("reason") or summary
    reported = f" It reported:\n\n{quoted(str(run['report']))}" if run.get("report") else ""
    return f"{name} is {str(status).replace('_', ' ')}{f': {why}' if why else ''}.{reported}"


def _line(run: Mapping[str, Any]) -> str:
    return (
        f"- {run.get('name')} ({run.get('agent_id')}, #{run.get('run_id')}): {str(run.get('status')).replace('_', ' ')}, {run.get('task')}"
    )
