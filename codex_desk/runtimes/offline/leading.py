"""What the stand-in does with children: hands the parts of a prompt to them, waits until all answers are in, and quotes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codex_desk.runtimes.offline.parsing import Body, Part, split_parts
from codex_desk.runtimes.offline.script import Call, Result, Script, Steps, quoted

OPEN_STATES = frozenset({"queued", "running", "held"})
"""A message in any other state is at its end."""


@dataclass
class Errand:
    """One part on its way to one child."""

    part: int
    agent: str
    number: int | None = None
    """The message's number; None where it could not be sent."""
    end: str | None = None
    """What came of it; None while it is open."""
    reports: list[str] = field(default_factory=list)

    def told(self) -> str:
        name = f"**{self.agent}**" + (f" (#{self.number})" if self.number is not None else "")
        reported = "".join(f"{name} reported:\n\n{quoted(report)}\n\n" for report in self.reports)
        return reported + f"{name} {self.end or 'has not answered yet.'}"


def lead(text: str, handles: Sequence[str]) -> Script:
    """Sends every part as soon as the part that it waits for is answered, and returns when nothing is open."""
    parts = split_parts(text, handles)
    errands: list[Errand] = []
    sent: set[int] = set()
    stopped = ""
    while not stopped:
        ready = [index for index in range(len(parts)) if index not in sent and _is_free(parts[index], errands, sent)]
        if ready:
            sent.update(ready)
            errands += yield from _send(parts, ready)
            continue
        waiting = [errand for errand in errands if errand.end is None]
        if not waiting:
            break
        (result,) = yield [Call("wait_agent", {"targets": [errand.number for errand in waiting], "mode": "any"})]
        stopped = _take_in(result, waiting)
    answered = sum(errand.end is not None for errand in errands)
    unsent = [parts[index].text for index in range(len(parts)) if index not in sent]
    summary = f"Asked {', '.join(dict.fromkeys(errand.agent for errand in errands)) or 'nobody'}: {answered} of {len(errands)} came back."
    left = [f"Not sent: {text}" for text in unsent]
    return "\n\n".join([summary, *(errand.told() for errand in errands), *left, *([stopped] if stopped else [])])


def _is_free(part: Part, errands: Sequence[Errand], sent: set[int]) -> bool:
    if part.after is None:
        return True
    return part.after in sent and all(errand.end is not None for errand in errands if errand.part == part.after)


def _send(parts: Sequence[Part], ready: Sequence[int]) -> Steps[list[Errand]]:
    errands = [Errand(index, agent) for index in ready for agent in parts[index].to]
    results = yield [Call("send_message", {"target": errand.agent, "message": parts[errand.part].text}) for errand in errands]
    for errand, result in zip(errands, results, strict=True):
        number = result.value.get("message_id")
        if result.error is None and isinstance(number, int):
            errand.number = number
        else:
            errand.end = f"could not be asked: {result.error or 'the message got no number'}"
    return errands


def _take_in(result: Result, waiting: Sequence[Errand]) -> str:
    """Notes what came back. A text says why to wait no longer."""
    if result.error is not None:
        return f"Waiting ended: {result.error}"
    rows = {row.get("message_id"): row for row in result.rows("results")}
    for errand in waiting:
        if row := rows.get(errand.number):
            _note(errand, row)
    if result.value.get("reason") == "interrupted_by_user":
        return "You wrote meanwhile, so I stopped waiting; I am woken when the rest comes in."
    is_moving = any(errand.end is not None or errand.reports for errand in waiting)
    if not is_moving and not result.value.get("timed_out") and result.value.get("reason") is None:
        return "Waiting ended without news."
    return ""


def _note(errand: Errand, row: Mapping[str, Any]) -> None:
    if isinstance(report := row.get("report"), str) and report:
        errand.reports.append(report)
    state = row.get("state")
    if not isinstance(state, str) or state in OPEN_STATES:
        return
    answer = row.get("answer")
    if isinstance(answer, str) and answer:
        errand.end = f"answered:\n\n{quoted(answer)}"
    else:
        why = f": {row['reason']}" if row.get("reason") else ""
        errand.end = f"gave no answer ({state}{why})."


def acknowledge(bodies: Sequence[Body]) -> str:
    """What came in from children by itself: a report, or answers that woke the thread. Nothing is sent on."""
    blocks = [f"{(body.head.splitlines() or ['A message'])[-1].rstrip(':')}:\n\n{quoted(body.text)}" for body in bodies]
    return "Received; nothing to do on it offline.\n\n" + "\n\n".join(blocks)


def go_on(brought: Sequence[Body]) -> str:
    """What the user brought back from children stands in the history, newer than what they had answered before."""
    if not brought:
        return "Going on; nothing was brought back."
    blocks = [f"{(body.head.splitlines() or ['From a child'])[-1]}\n\n{quoted(body.text)}" for body in brought]
    return "Going on with what you brought back, in place of what I had before.\n\n" + "\n\n".join(blocks)
