"""How people read the desk's rows: short lines and aligned columns. The text in them is made visible where it is written out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from codex_desk.engine.wording import bond_of, clock, head_of, name_of
from codex_desk.text import one_line

if TYPE_CHECKING:
    from codex_desk.engine.adopting import Adoptable
    from codex_desk.engine.views import ApprovalView, AttachmentView, AuditView, GrantView, ItemView, MessageView, ThreadView

STATUS_GLYPHS = {"needs_human": "⚠", "error": "⚠", "running": "▶", "waiting": "⧗", "finished": "✓", "archived": "▢", "history": "▢"}


TITLE = 60
"""Characters of a title, which says what a thread without a handle is about."""


def columns(rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> list[str]:
    """The rows with their cells aligned; each cell is one line already."""
    from rich.cells import cell_len  # Here, because completion imports this module and writes no columns.

    every = [header, *rows] if header and rows else list(rows)
    widths = [max(map(cell_len, column)) for column in zip(*every, strict=True)]
    return ["  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)).rstrip() for row in every]


def age(then: datetime, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that fits: `now`, `5m`, `3h`, `12d`."""
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return "now"


def thread_lines(threads: Iterable[ThreadView], indents: Mapping[str, str] | None = None) -> list[str]:
    """A row for each thread; `indents` are what stands before a handle, by thread id, where they are drawn as a tree."""
    rows = [
        (
            STATUS_GLYPHS.get(thread.status, "○"),
            (indents or {}).get(thread.id, "") + name_of(thread),
            thread.status.replace("_", " "),
            bond_of(thread),
            thread.runtime,
            age(thread.last_activity_at),
            f"{thread.queued} queued" if thread.queued else "",
            one_line(thread.cwd),
            one_line(thread.title, TITLE) if thread.handle is None else "",
        )
        for thread in threads
    ]
    return columns(rows)


def thread_line(thread: ThreadView) -> str:
    """One thread in one sentence."""
    words = [
        name_of(thread),
        thread.status.replace("_", " "),
        bond_of(thread),
        f"{thread.runtime}{f' · {thread.model}' if thread.model else ''}",
    ]
    return " · ".join([*filter(None, words), one_line(thread.cwd)])


def item_lines(item: ItemView, thread: str) -> list[str]:
    """An item of a transcript: a head that says who and when, and its whole text."""
    lines = [f"── {head_of(item, thread)}  {clock(item.at)}  {item.id}", item.text]
    if child := child_of(item):
        lines.append(f"└─ {child}")
        lines += [f"   {line}" for line in str(item.data.get("result") or "").splitlines()]
    return [*lines, ""]


def child_of(item: ItemView) -> str | None:
    """The thread that a call spawned, or which one it would be; None for what spawned none."""
    if (child := item.data.get("subagent_thread_id")) or "agent_status" not in item.data:
        return None if item.data.get("told") else child
    known = one_line(str(item.data.get("agent_id") or item.data.get("agent_path") or ""), 80)
    return f"{known} · its transcript is not here".lstrip(" ·") if item.data["agent_status"] != "failed" else "nothing was spawned"


def item_line(item: ItemView, thread: str) -> str:
    return f"{thread}: {head_of(item, thread)}  {one_line(item.text, 160)}"


def message_lines(message: MessageView) -> list[str]:
    """A message, and what came of it."""
    head = f"#{message.id}  {message.sender or message.origin} → {message.to}  {message.state}"
    lines = [f"{head}: {message.reason}" if message.reason else head]
    return [*lines, message.answer] if message.answer is not None else lines


def queue_line(message: MessageView) -> str:
    state = f"{message.state}: {message.reason}" if message.reason else message.state
    return f"#{message.id}  {message.sender or message.origin}  {message.delivery}  {state}  {one_line(message.body, 160)}"


def adoptable_lines(found: Sequence[Adoptable]) -> list[str]:
    """The sessions of a runtime under their projects, most recent activity first; a mark for what is on the desk."""
    lines: list[str] = []
    for project in dict.fromkeys(each.project for each in found):
        rows = [
            (
                "●" if each.where == "on the desk" else "▢" if each.where == "history only" else "○",
                each.handle,
                each.where,
                age(each.last_activity_at),
                one_line(each.title, TITLE),
                each.id,
            )
            for each in found
            if each.project == project
        ]
        lines += [one_line(project), *(f"  {row}" for row in columns(rows))]
    return lines


def attachment_line(attachment: AttachmentView) -> str:
    if attachment.ended_at is not None:
        return f"{attachment.child} no longer works for {attachment.parent} ({attachment.end_reason})"
    may_interrupt = "may interrupt" if attachment.interrupt else "may not interrupt"
    return f"{attachment.child} works for {attachment.parent}: rights {attachment.rights}, wakes for {attachment.wake}, {may_interrupt}"


def approval_lines(approval: ApprovalView) -> list[str]:
    """An approval with the whole of what would be done: nobody says yes to what they cannot see."""
    scope = f" for {approval.scope}" if approval.scope else ""
    return [
        f"{approval.id}  {approval.state}{scope}  asked by {' → '.join(approval.chain)}",
        f"  {approval.kind} in {approval.cwd}: {approval.why}",
        *(f"  │ {line}" for line in approval.text.split("\n")),
        *([f"  answered: {approval.answer}"] if approval.answer is not None else []),
    ]


def grant_line(grant: GrantView) -> str:
    where = grant.folder if grant.scope == "folder" else grant.thread
    return f"#{grant.id}  {grant.scope} {where}  {' '.join(grant.prefix)}"


def audit_row(event: AuditView) -> tuple[str, ...]:
    return (str(event.seq), clock(event.at), event.thread, event.kind, event.peer or "", event.origin, one_line(event.text, 120))


AUDIT_HEADER = ("seq", "when", "thread", "kind", "peer", "origin", "text")


def indented(text: str, by: str = "  ") -> Iterator[str]:
    """The lines of a text, set in."""
    return (f"{by}{line}".rstrip() for line in text.splitlines())
