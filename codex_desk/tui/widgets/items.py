"""What each kind of item looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.content import Content

from codex_desk.engine.views import ItemView
from codex_desk.engine.wording import arrow_in
from codex_desk.text import one_line
from codex_desk.tui.model.folding import counted
from codex_desk.tui.widgets import calls, changes, crossing, nested
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.fold import MOST_CHARACTERS, count, head
from codex_desk.tui.widgets.grouping import kind_of
from codex_desk.tui.widgets.lines import Line, RuleLine, ShortLine, TextLine
from codex_desk.tui.widgets.parts import INDENT, LONGEST_ROW, MUTED, SUMMARY, field, hint, mappings, markdown, plain
from codex_desk.tui.widgets.showing import FOLDED, Showing

LONG_PROMPT = 40
"""Lines of what somebody wrote, from which on only its beginning is shown until it is opened."""
PROMPT_LINES = 30
LONG_ROWS = 6_000
"""The same in characters, for lines that wrap."""

EVENTS: Mapping[str, tuple[str, str]] = {
    "answered": ("✓", "$text-success"),
    "delivered": ("✓", MUTED),
    "returned": ("✓", MUTED),
    "failed": ("✗", "$text-error"),
    "interrupted": ("✗", "$text-warning"),
    "cancelled": ("✗", MUTED),
    "expired": ("✗", "$text-warning"),
    "wait_refused": ("✗", "$text-warning"),
    "approval_refused": ("✗", "$text-warning"),
    "started": ("▸", MUTED),
    "asked": ("▸", MUTED),
    "held": ("⏸", "$text-warning"),
    "released": ("▸", "$text-success"),
    "attached": ("⇄", "$text-secondary"),
    "detached": ("⇹", "$text-secondary"),
    "moved": ("⇆", "$text-secondary"),
    "folded": ("↩", "$text-secondary"),
    "unfolded": ("↪", "$text-secondary"),
    "archived": ("▪", MUTED),
    "unarchived": ("▫", MUTED),
    "woken": ("◆", "$text-secondary"),
    "spawned": ("⑂", "$text-secondary"),
    "closed": ("▪", MUTED),
    "approval_asked": ("⚠", "$text-warning"),
    "approval_given": ("✓", "$text-success"),
    "posted": ("◆", "$text-primary"),
    "promoted": ("⇧", "$text-success"),
    "conflict": ("⚠", "$text-warning"),
    "redacted": ("▒", MUTED),
}
"""The glyph of a notice and its style, by the audit kind that wrote it."""

APPROVALS: Mapping[str, tuple[str, str]] = {
    "approved": EVENTS["approval_given"],
    "denied": EVENTS["approval_refused"],
    "expired": EVENTS["expired"],
}
"""The same for the line about an approval, by the state that it tells of."""

STEPS: Mapping[str, tuple[str, str]] = {
    "completed": ("✓", "$text-success"),
    "in_progress": ("▸", "bold $text-primary"),
    "pending": ("○", MUTED),
}


def draw(item: ItemView, showing: Showing = FOLDED) -> Document:
    """The drawing of a committed item, without a header."""
    if item.kind == "message_out" and subagent_of(item) is None:
        return crossing.sent(item, showing)
    if subagent_of(item) is not None or (item.kind == "tool_call" and "agent_status" in item.data):
        document = crossing.spawned(item, showing)
        if showing.opened and showing.subagent is not None:
            document.lines.extend(nested.transcript(showing.subagent, draw, header))
        elif showing.opened:
            return Document([*document.lines, *calls.arguments_of(item)], rest=calls.result_of(item))
        return document
    return DRAWINGS.get(item.kind, _other)(item, showing.opened)


def subagent_of(item: ItemView) -> str | None:
    """The thread that a call spawned, or that was given its first task."""
    spawned = item.data.get("subagent_thread_id")
    return spawned if item.kind in ("tool_call", "message_out") and isinstance(spawned, str) and spawned else None


def header(item: ItemView, handle: str) -> Line:
    """Who speaks, and when. `handle`: the thread's, whose agent wrote all that nobody else did."""
    time = Content.styled(item.at.astimezone().strftime("%H:%M"), MUTED)
    match kind_of(item):
        case "user_message" | "own_command":
            return ShortLine(your_name(), time)
        case "message_in":
            return ShortLine(crossing.peer(arrow_in(item), item), time)
        case _:
            return ShortLine(agent_name(handle), time)


def your_name() -> Content:
    return Content.styled("you", "bold $text-accent")


def agent_name(handle: str) -> Content:
    return Content.styled(one_line(handle), "bold $text-primary")


def can_open(item: ItemView) -> bool:
    """Whether Enter shows more of it."""
    if item.kind in ("user_message", "message_in"):
        return _is_long(item.text)
    return item.kind in ("tool_call", "reasoning", "command", "file_change", "fold", "approval") or subagent_of(item) is not None


def source(item: ItemView) -> str:
    """What copying and `$EDITOR` get of an item: its text as it was written, nothing folded."""
    data = item.data
    match item.kind:
        case "command":
            return f"$ {field(data, 'command') or item.text}\n{field(data, 'output')}".rstrip("\n")
        case "tool_call":
            arguments = field(data, "arguments")
            return "\n".join(part for part in (f"{field(data, 'tool')} {arguments}".strip() or item.text, field(data, "result")) if part)
        case "file_change":
            diffs = [field(change, "diff") for change in mappings(data.get("changes"))]
            return "\n".join(diffs) or item.text
        case "plan":
            return "\n".join(f"{field(step, 'status')}: {field(step, 'step')}" for step in mappings(data.get("steps"))) or item.text
        case _:
            return item.text


def _is_long(text: str) -> bool:
    return len(text) > LONG_ROWS or text.count("\n") >= LONG_PROMPT


def _begun(text: str, opened: bool, drawing: Callable[[str], Document]) -> Document:
    """What somebody wrote; where it is long, its beginning."""
    if opened or not _is_long(text):
        return drawing(text)
    beginning = "\n".join(text[:LONG_ROWS].split("\n", PROMPT_LINES)[:PROMPT_LINES])
    shown, _ = head(beginning, LONG_ROWS * 3 // 4)
    lines = text.count("\n", len(shown))
    left = count(lines, "line") if lines else count(len(text) - len(shown), "character")
    document = drawing(shown)
    document.lines.append(hint(f"{left}  Enter opens"))
    return document


def _user(item: ItemView, opened: bool) -> Document:
    return _begun(item.text, opened, lambda text: Document(plain(text)))


def _agent(item: ItemView, opened: bool) -> Document:
    document = markdown(item.text)
    if item.data.get("interrupted"):
        document.lines.append(ShortLine(Content.styled("✗ interrupted here", "$text-warning")))
    return document


def _reasoning(item: ItemView, opened: bool) -> Document:
    title = one_line(item.text[: 4 * SUMMARY].replace("**", ""), SUMMARY)
    if not opened:
        return Document([ShortLine(Content.styled(f"✻ {title}", f"italic {MUTED}"))])
    return Document(plain(item.text, style=f"italic {MUTED}", first=Content.styled("✻ ", MUTED), rest=INDENT))


def _plan(item: ItemView, opened: bool) -> Document:
    lines: list[Line] = []
    for step in mappings(item.data.get("steps")):
        status = field(step, "status")
        glyph, style = STEPS.get(status, STEPS["pending"])
        style_of_text = f"{MUTED} strike" if status == "completed" else "bold" if status == "in_progress" else ""
        text = Content.styled(one_line(field(step, "step"), LONGEST_ROW), style_of_text)
        lines.append(TextLine(text, first=Content.styled(f"{glyph} ", style), rest=INDENT, lead=f"{glyph} "))
    return Document(lines or plain(item.text))


def _received(item: ItemView, opened: bool) -> Document:
    return _begun(item.text, opened, markdown)


def _notice(item: ItemView, opened: bool) -> Document:
    glyph, style = EVENTS.get(field(item.data, "event"), ("·", MUTED))
    told = crossing.told(item, glyph, style) if isinstance(item.data.get("message"), int) else None
    return told or Document(plain(item.text, style=MUTED if style == MUTED else "", first=Content.styled(f"{glyph} ", style), rest=INDENT))


def _approval(item: ItemView, opened: bool) -> Document:
    glyph, style = EVENTS.get(field(item.data, "event"), APPROVALS.get(field(item.data, "state"), EVENTS["approval_asked"]))
    if not opened:
        return Document([ShortLine(Content(one_line(item.text, SUMMARY)), first=Content.styled(f"{glyph} ", style))])
    return Document(plain(item.text, first=Content.styled(f"{glyph} ", style), rest=INDENT))


def _fold(item: ItemView, opened: bool) -> Document:
    mark = Content.styled("↩ ", "bold $text-secondary")
    told = fold_words(item)
    first = ShortLine(Content.assemble((told, "$text-secondary"), (f"  {one_line(item.text, SUMMARY)}", MUTED)), first=mark)
    if not opened:
        return Document([first])
    return Document([ShortLine(Content.styled(told, "$text-secondary"), first=mark), *plain(item.text, first=INDENT, rest=INDENT)])


def fold_words(item: ItemView) -> str:
    """What was folded in: the child, how much of it, and the hash of the text."""
    turns, digest = item.data.get("turns"), field(item.data, "hash")
    much = counted(len(turns), "turn") if isinstance(turns, list) else ""
    edited = "edited" if item.data.get("edited") else ""
    mode = field(item.data, "mode")
    parts = (one_line(field(item.data, "peer"), 60), much, "" if mode == "qa" else mode, edited, digest[:8])
    return " · ".join(part for part in parts if part) or "folded"


def _compaction(item: ItemView, opened: bool) -> Document:
    return Document([RuleLine(one_line(item.text, SUMMARY) or "compacted", style=MUTED)])


def _other(item: ItemView, opened: bool) -> Document:
    """A kind that a newer codex-desk wrote."""
    return Document(plain(item.text[:MOST_CHARACTERS], first=Content.styled(f"{one_line(item.kind, 30)} ", MUTED), rest=INDENT))


DRAWINGS: Mapping[str, Callable[[ItemView, bool], Document]] = {
    "user_message": _user,
    "agent_message": _agent,
    "reasoning": _reasoning,
    "tool_call": calls.tool,
    "command": calls.command,
    "file_change": changes.change,
    "plan": _plan,
    "message_in": _received,
    "notice": _notice,
    "approval": _approval,
    "fold": _fold,
    "compaction": _compaction,
}
