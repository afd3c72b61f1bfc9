"""Lines between threads: what was sent and how that stands now, what was answered, and the subagents that were spawned."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from textual.content import Content

from codex_desk.engine.views import ItemView, MessageView
from codex_desk.text import one_line
from codex_desk.tui.model import tool_words
from codex_desk.tui.model.words import ASKING, GLYPHS, WORDS
from codex_desk.tui.model.words import name as name_of
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.lines import NOTHING, Line, ShortLine, TextLine
from codex_desk.tui.widgets.parts import INDENT, MUTED, SUMMARY, field
from codex_desk.tui.widgets.showing import Showing, Subagent

ROOM = "bold $text-secondary"
"""How the name of another thread is written."""
REASON = 60
"""Characters of a reason beside a line; the line that tells of the end has all of it."""
STATES: dict[str, tuple[str, str]] = {
    "queued": ("○ queued", MUTED),
    "held": ("⏸ held", "$text-warning"),
    "running": ("▶ working", "$text-success"),
    "answered": ("✓ answered", "$text-success"),
    "delivered": ("✓ delivered", MUTED),
    "failed": ("✗ failed", "$text-error"),
    "interrupted": ("✗ interrupted", "$text-warning"),
    "cancelled": ("✗ cancelled", MUTED),
    "expired": ("✗ expired", "$text-warning"),
}
"""How the state of a message is said, and its style."""
SEALED = "sealed: only its provider can read the task"
PAST: dict[str, tuple[str, str]] = {
    "completed": ("✓ completed", "$text-success"),
    "errored": ("✗ errored", "$text-error"),
    "failed": ("✗ not spawned", "$text-error"),
    "interrupted": ("✗ interrupted", "$text-warning"),
    "shutdown": ("▪ shut down", MUTED),
    "running": ("▸ nothing is known of its end", MUTED),
    "pending": ("○ nothing is known of its end", MUTED),
    "pending_init": ("○ nothing is known of its end", MUTED),
    "not_found": ("✗ not found", "$text-warning"),
}
"""How a subagent of history is said to have ended, and its style."""
STATUS_STYLES = {"needs_human": "$text-warning", "error": "$text-error", "running": "$text-success", "waiting": "$text-warning"}
TOLD = re.compile(r"(?P<peer>\S+): #(?P<number>\d+) (?P<state>[a-z]+)(?P<rest>.*)", re.DOTALL)
"""What the desk writes into a sender's thread when its message has come to an end."""


def elapsed(since: datetime, now: datetime) -> str:
    """`0:48`, `1:02:03`; a moment in the future is no time ago."""
    seconds = max(0, int((now - since).total_seconds()))
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def peer(arrow: str, item: ItemView) -> Content:
    """`⇢ reviewer  #42`."""
    number = item.data.get("message")
    return Content.assemble(
        (f"{arrow} ", ROOM),
        (one_line(field(item.data, "peer") or field(item.data, "automation") or item.origin, 60), ROOM),
        (f"  #{number}" if isinstance(number, int) else "", MUTED),
    )


def sent(item: ItemView, showing: Showing) -> Document:
    """One row: to whom, what, and at the right how it stands."""
    state = NOTHING if showing.message is None else message_state(showing.message, showing.now)
    return Document([ShortLine(Content.assemble(peer("⇢", item), "  ", one_line(item.text, SUMMARY)), state)])


def message_state(message: MessageView, now: datetime | None) -> Content:
    """`▶ working 0:48`, `✓ answered in 1:12`, `✗ failed: no answer`."""
    said, style = STATES.get(message.state, (message.state, MUTED))
    if message.state == "running" and message.started_at and now:
        said += f" {elapsed(message.started_at, now)}"
    elif message.state == "answered" and message.started_at and message.answered_at:
        said += f" in {elapsed(message.started_at, message.answered_at)}"
    elif message.state != "answered" and message.reason:
        said += f": {one_line(message.reason, REASON)}"
    return Content.styled(said, style)


def told(item: ItemView, glyph: str, style: str) -> Document | None:
    """`✓ reviewer  #42  answered in 1:12  Two findings …`; None for a line that is told otherwise. The answer itself stands in the other thread,
    where Enter goes."""
    match = TOLD.fullmatch(item.text)
    if match is None:
        return None
    how, _, answer = match["rest"].partition(" — ")
    said = Content.assemble(
        (one_line(match["peer"], 60), ROOM),
        (f"  #{match['number']}", MUTED),
        f"  {one_line(match['state'] + how, SUMMARY)}",
        (f"  {one_line(answer, SUMMARY)}" if answer else "", MUTED),
    )
    mark = Content.styled(f"{glyph} ", style)
    if match["state"] == "answered":
        return Document([ShortLine(said, first=mark)])
    return Document([TextLine(said, first=mark, rest=INDENT)])  # why not is worth a second row


def spawned(item: ItemView, showing: Showing) -> Document:
    """A subagent's row: its name, what it was given and its state; under it what it does, or opened, what it did. Of one whose own transcript is not
    here, what its parent was told."""
    sub = showing.subagent
    data = item.data
    tool, arguments = field(data, "tool") or item.text, data.get("arguments")
    if item.kind == "message_out":  # the message that gave it its task
        who, about = name_of(sub.thread) if sub else field(data, "peer"), item.text
    else:
        who = name_of(sub.thread) if sub else field(data, "agent_nickname") or field(data, "agent_path").rpartition("/")[2] or tool
        about = SEALED if data.get("sealed") else task_of(arguments) or tool_words.subject(tool, arguments)
    called = Content.assemble((one_line(who, 60), ROOM), (_made_as(data, who), MUTED), f"  {one_line(about, SUMMARY)}" if about else "")
    past = data.get("agent_status") if sub is None or sub.thread.status == "history" else None
    state = past_state(str(past), linked=sub is not None or field(data, "subagent_thread_id") != "") if past else NOTHING
    lines: list[Line] = [
        ShortLine(called, subagent_state(sub, showing.now) if sub and not past else state, first=Content.styled("⑂ ", ROOM))
    ]
    last = (field(data, "result") if past else "") or (sub.thread.last_line if sub else "")
    if not showing.opened and (last := one_line(last, SUMMARY)):
        lines.append(ShortLine(Content.styled(last, MUTED), first=Content.styled("└ ", MUTED)))
    return Document(lines)


def _made_as(data: Mapping[str, object], name: str) -> str:
    """`  #12 as critic, detached`: its number, its role where its name does not say it, and that nobody waits for it."""
    number, role = data.get("message"), field(data, "role")
    words = f"  #{number}" if isinstance(number, int) else ""
    words += f" as {one_line(role, 40)}" if role and role != name else ""
    return words + (", detached" if data.get("detached") is True else "")


def past_state(status: str, *, linked: bool) -> Content:
    """How a subagent of history ended, as its parent was told: `✓ completed`, `✗ errored`; and that its own transcript is not here."""
    said, style = PAST.get(status, (f"· {one_line(status, 40)}", MUTED))
    return Content.styled(said if linked else f"{said} · pending: its transcript is not here yet", style)


def subagent_state(sub: Subagent, now: datetime | None) -> Content:
    """`▶ working 0:12`, `✓ done`, `⚠ needs you: make test?`."""
    status = sub.thread.status
    said = f"{GLYPHS[status]} {WORDS[status]}"
    if status in ASKING and sub.thread.reason:
        said += f": {one_line(sub.thread.reason, REASON)}"
    elif sub.since is not None and now is not None:
        said += f" {elapsed(sub.since, now)}"
    return Content.styled(said, STATUS_STYLES.get(status, MUTED))


def task_of(arguments: object) -> str:
    """What a subagent was given to do."""
    if not isinstance(arguments, dict):
        return ""
    return next((text for key in ("task", "prompt", "message") if isinstance(text := arguments.get(key), str)), "")
