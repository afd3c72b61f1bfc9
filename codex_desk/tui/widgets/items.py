"""What each kind of item looks like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from textual.content import Content

from codex_desk.engine.views import ItemView
from codex_desk.text import one_line, visible
from codex_desk.tui.model import tool_words
from codex_desk.tui.widgets import diff
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.fold import MOST_CHARACTERS, OPENED_LINES, OUTPUT_LINES, count, head, middle
from codex_desk.tui.widgets.lines import NOTHING, TAB, Line, RuleLine, ShortLine, TextLine, blank
from codex_desk.tui.widgets.markdown import MarkdownStream

MUTED = "$text-muted"
INDENT = Content("  ")
DIFF_LINES = 40
COMMAND_LINES = 8
"""Rows of a command's own text, until it is opened."""
LONGEST_ROW = 2_000
"""Characters of one row of output."""
SUMMARY = 400
"""Characters of a one-row summary; more than any pane is wide."""

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
    "held": ("⏸", "$text-warning"),
    "attached": ("⇄", "$text-secondary"),
    "detached": ("⇹", "$text-secondary"),
    "moved": ("⇆", "$text-secondary"),
    "archived": ("▪", MUTED),
    "unarchived": ("▫", MUTED),
    "woken": ("◆", "$text-secondary"),
    "spawned": ("⑂", "$text-secondary"),
    "closed": ("▪", MUTED),
    "approval_asked": ("⚠", "$text-warning"),
    "approval_given": ("✓", "$text-success"),
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


def draw(item: ItemView, *, opened: bool = False) -> Document:
    """The drawing of a committed item, without a header."""
    return DRAWINGS.get(item.kind, _other)(item, opened)


def header(item: ItemView, handle: str) -> Line:
    """Who speaks, and when. `handle`: the thread's, whose agent wrote all that nobody else did."""
    time = Content.styled(item.at.astimezone().strftime("%H:%M"), MUTED)
    match item.kind:
        case "user_message":
            return ShortLine(Content.styled("you", "bold $text-accent"), time)
        case "message_in":
            return ShortLine(_peer("⇠", item), time)
        case _:
            return ShortLine(agent_name(handle), time)


def agent_name(handle: str) -> Content:
    return Content.styled(one_line(handle), "bold $text-primary")


def can_open(item: ItemView) -> bool:
    """Whether Enter shows more of it."""
    return item.kind in ("tool_call", "reasoning", "command", "file_change", "fold", "approval")


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
            diffs = [field(change, "diff") for change in _mappings(data.get("changes"))]
            return "\n".join(diffs) or item.text
        case "plan":
            return "\n".join(f"{field(step, 'status')}: {field(step, 'step')}" for step in _mappings(data.get("steps"))) or item.text
        case _:
            return item.text


def _mappings(value: object) -> list[Mapping[str, object]]:
    """The objects of a list that came as JSON; nothing where it is none."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []


def plain(text: str, *, style: str = "", first: Content = NOTHING, rest: Content = NOTHING) -> list[Line]:
    """Text as it is, line by line; `first` and `rest` stand before it."""
    shown, more = head(text)
    lines: list[Line] = []
    for number, line in enumerate(visible(shown.rstrip("\n")).split("\n")):
        lines.append(TextLine(Content.styled(line.expandtabs(TAB), style), first=rest if number else first, rest=rest))
    return [*lines, *_more(more)]


def markdown(text: str) -> Document:
    shown, more = head(text)
    stream = MarkdownStream()
    stream.append(shown)
    stream.finish()
    stream.document.lines.extend(_more(more))
    return stream.document


def _more(characters: int) -> list[Line]:
    if not characters:
        return []
    return [blank(), ShortLine(Content.styled(f"{count(characters, 'more character')} · e opens all of it in $EDITOR", MUTED))]


def clean(row: str) -> str:
    """One row of output, safe and without tabs."""
    return visible(row.removesuffix("\r")).expandtabs(TAB)


def folded(text: str, limit: int, *, style: str = "") -> list[Line]:
    """Output: its middle is left out where it is long, and the end of a row that is longer than anybody reads."""
    rows = text.rstrip("\n").split("\n") if text else []
    start, hidden, end = middle(rows, limit)
    return [*_output(start, style), *_hidden(hidden), *_output(end, style)]


def _hidden(lines: int) -> list[Line]:
    return [ShortLine(Content.styled(count(lines, "line"), MUTED), first=INDENT)] if lines else []


def _output(rows: Iterable[str], style: str) -> Iterator[Line]:
    for row in rows:
        shown, more = head(row, LONGEST_ROW)
        yield TextLine(Content.styled(clean(shown), style), first=INDENT, rest=INDENT, words=False)
        if more:
            yield ShortLine(Content.styled(count(more, "more character"), MUTED), first=INDENT)


def duration(data: Mapping[str, object]) -> str:
    """`0.4s`, `1:12`; empty where nobody measured, or too little to tell."""
    milliseconds = data.get("duration_ms")
    if not isinstance(milliseconds, int | float) or milliseconds < 50:
        return ""
    seconds = milliseconds / 1000
    return f"{seconds:.1f}s" if seconds < 60 else f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def confined_by(data: Mapping[str, object]) -> str:
    """What held a command, in words; empty where nobody said."""
    tier = one_line(field(data, "sandbox"), 40)
    return "no sandbox" if tier == "none" else tier


def field(data: Mapping[str, object], key: str) -> str:
    """A text among what came as JSON; anything else as JSON, empty where there is nothing."""
    value = data.get(key)
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _user(item: ItemView, opened: bool) -> Document:
    return Document(plain(item.text))


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


def _tool(item: ItemView, opened: bool) -> Document:
    data = item.data
    ok = data.get("ok") is not False
    mark = Content.styled("● ", "$text-success") if ok else Content.styled("✗ ", "$text-error")
    tool, arguments, result = field(data, "tool") or item.text, data.get("arguments"), data.get("result")
    about = tool_words.subject(tool, arguments)
    came = "" if opened else tool_words.outcome(tool, arguments, result, ok=ok)
    called = Content.assemble(
        (one_line(tool, 80), "bold"), f"  {about}" if about else "", (f"  → {came}" if came else "", MUTED if ok else "$text-error")
    )
    lines: list[Line] = [ShortLine(called, Content.styled(duration(data), MUTED), first=mark)]
    return Document([*lines, *opened_call(item)] if opened else lines)


def opened_call(item: ItemView) -> list[Line]:
    """Arguments and result of a tool call, to read."""
    data = item.data
    ok, arguments, result = data.get("ok") is not False, data.get("arguments"), data.get("result")
    lines: list[Line] = []
    if arguments:
        lines.extend(folded(tool_words.readable(arguments), OPENED_LINES))
    if result:
        lines.append(ShortLine(Content.styled("→ result" if ok else "→ failed", MUTED if ok else "$text-error"), first=INDENT))
        lines.extend(folded(tool_words.opened(field(data, "tool"), result), OPENED_LINES, style=MUTED))
    return lines


def _command(item: ItemView, opened: bool) -> Document:
    data = item.data
    code = data.get("exit_code")
    shown, more = head(field(data, "command") or item.text, 2 * LONGEST_ROW)
    command = visible(shown).rstrip("\n").split("\n")
    state = "" if code is None else f"exit {one_line(str(code), 20)}"
    facts = Content("  ").join(
        part
        for part in (
            Content.styled(state, "$text-success" if code == 0 else "bold $text-error") if state else NOTHING,
            Content.styled(duration(data), MUTED),
            Content.styled(f"[{confined_by(data)}]", MUTED) if data.get("sandbox") else NOTHING,
        )
        if part
    )
    prompt = Content.styled("$ ", "bold $text-primary")
    if len(command) == 1 and not more and not opened:
        lines: list[Line] = [ShortLine(Content.styled(command[0].expandtabs(TAB), "bold"), facts, first=prompt, lead="$ ")]
    else:
        start, hidden, end = middle(command, OPENED_LINES if opened else COMMAND_LINES)
        lines = [
            *_typed(start, prompt, "$ "),
            *_hidden(hidden),
            *_typed(end, INDENT, ""),
        ]
        lines.extend(_more(more))
        lines.append(TextLine(facts, first=INDENT, rest=INDENT))
    return Document([*lines, *folded(field(data, "output"), OPENED_LINES if opened else OUTPUT_LINES, style=MUTED)])


def _typed(rows: Sequence[str], first: Content, lead: str) -> list[Line]:
    """Rows of a command as it was written; the first one after `first`."""
    return [
        TextLine(
            Content.styled(row.expandtabs(TAB), "bold"),
            first=INDENT if number else first,
            rest=INDENT,
            lead="" if number else lead,
            words=False,
        )
        for number, row in enumerate(rows)
    ]


def _change(item: ItemView, opened: bool) -> Document:
    lines: list[Line] = []
    for change in _mappings(item.data.get("changes")):
        lines.extend(_one_change(change, OPENED_LINES if opened else DIFF_LINES))
    if item.data.get("ok") is False:
        lines.append(ShortLine(Content.styled("✗ not applied", "$text-error")))
    return Document(lines or plain(item.text))


def _one_change(change: Mapping[str, object], limit: int) -> list[Line]:
    shown, more = head(field(change, "diff"))
    rows = diff.parse_diff(shown)
    added, removed = diff.counts(rows)
    words = {"add": "added", "delete": "deleted", "update": "edited", "modify": "edited", "move": "moved"}
    kind = field(change, "kind")
    tally = Content.assemble((f"+{added}", "$text-success"), " ", (f"−{removed}", "$text-error"))
    title = Content.assemble(
        (words.get(kind, one_line(kind, 20) or "edited") + " ", MUTED), (one_line(field(change, "path"), SUMMARY), "bold")
    )
    start, hidden, end = middle(rows, limit)
    digits = max((len(str(row.number)) for row in rows if row.number is not None), default=0)
    lines: list[Line] = [ShortLine(title, tally, first=Content.styled("± ", "$text-secondary"))]
    lines.extend(diff.drawn(row, digits) for row in start)
    lines.extend(_hidden(hidden))
    lines.extend(diff.drawn(row, digits) for row in end)
    return [*lines, *_more(more)]


def _plan(item: ItemView, opened: bool) -> Document:
    lines: list[Line] = []
    for step in _mappings(item.data.get("steps")):
        status = field(step, "status")
        glyph, style = STEPS.get(status, STEPS["pending"])
        style_of_text = f"{MUTED} strike" if status == "completed" else "bold" if status == "in_progress" else ""
        text = Content.styled(one_line(field(step, "step"), LONGEST_ROW), style_of_text)
        lines.append(TextLine(text, first=Content.styled(f"{glyph} ", style), rest=INDENT, lead=f"{glyph} "))
    return Document(lines or plain(item.text))


def _peer(arrow: str, item: ItemView) -> Content:
    """`⇢ reviewer  #42`."""
    number = item.data.get("message")
    return Content.assemble(
        (f"{arrow} ", "bold $text-secondary"),
        (one_line(field(item.data, "peer") or item.origin, 60), "bold $text-secondary"),
        (f"  #{number}" if isinstance(number, int) else "", MUTED),
    )


def _sent(item: ItemView, opened: bool) -> Document:
    return Document([ShortLine(Content.assemble(_peer("⇢", item), "  ", one_line(item.text, SUMMARY)))])


def _received(item: ItemView, opened: bool) -> Document:
    return markdown(item.text)


def _notice(item: ItemView, opened: bool) -> Document:
    event = field(item.data, "event")
    glyph, style = EVENTS.get(event, ("·", MUTED))
    told, dash, answer = item.text.partition(" — ")
    if event == "answered" and dash:
        # The answer itself stands in the other thread, where Enter goes.
        said = Content.assemble(one_line(told, SUMMARY), (f"  {one_line(answer, SUMMARY)}", MUTED))
        return Document([ShortLine(said, first=Content.styled(f"{glyph} ", style))])
    return Document(plain(item.text, style=MUTED if style == MUTED else "", first=Content.styled(f"{glyph} ", style), rest=INDENT))


def _approval(item: ItemView, opened: bool) -> Document:
    glyph, style = EVENTS.get(field(item.data, "event"), APPROVALS.get(field(item.data, "state"), EVENTS["approval_asked"]))
    if not opened:
        return Document([ShortLine(Content(one_line(item.text, SUMMARY)), first=Content.styled(f"{glyph} ", style))])
    return Document(plain(item.text, first=Content.styled(f"{glyph} ", style), rest=INDENT))


def _fold(item: ItemView, opened: bool) -> Document:
    mark = Content.styled("↩ ", "bold $text-secondary")
    title = ShortLine(Content.styled(one_line(item.text, SUMMARY), MUTED), first=mark)
    if not opened:
        return Document([title])
    return Document(plain(item.text, first=mark, rest=INDENT))


def _compaction(item: ItemView, opened: bool) -> Document:
    return Document([RuleLine(one_line(item.text, SUMMARY) or "compacted", style=MUTED)])


def _other(item: ItemView, opened: bool) -> Document:
    """A kind that a newer codex-desk wrote."""
    return Document(plain(item.text[:MOST_CHARACTERS], first=Content.styled(f"{one_line(item.kind, 30)} ", MUTED), rest=INDENT))


DRAWINGS: Mapping[str, Callable[[ItemView, bool], Document]] = {
    "user_message": _user,
    "agent_message": _agent,
    "reasoning": _reasoning,
    "tool_call": _tool,
    "command": _command,
    "file_change": _change,
    "plan": _plan,
    "message_out": _sent,
    "message_in": _received,
    "notice": _notice,
    "approval": _approval,
    "fold": _fold,
    "compaction": _compaction,
}
