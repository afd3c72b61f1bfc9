"""Tool calls and commands: one row with what came of them, and what they print."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from textual.content import Content

from codex_desk.engine.views import ItemView
from codex_desk.text import one_line, visible
from codex_desk.tui.model import tool_words
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.fold import OPENED_LINES, OUTPUT_LINES, count, head, middle
from codex_desk.tui.widgets.lines import NOTHING, TAB, Line, ShortLine, TextLine
from codex_desk.tui.widgets.outputs import Pages, folded
from codex_desk.tui.widgets.parts import INDENT, LONGEST_ROW, MUTED, duration, field, hint, left_over

IDS = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
COMMAND_LINES = 8
"""Rows of a command's own text, until it is opened."""


def tool(item: ItemView, opened: bool) -> Document:
    data = item.data
    ok = data.get("ok") is not False
    mark = Content.styled("● ", "$text-success") if ok else Content.styled("✗ ", "$text-error")
    name, arguments, result = field(data, "tool") or item.text, data.get("arguments"), data.get("result")
    about = tool_words.subject(name, arguments)
    if IDS.search(about) and item.text.startswith(f"{name} "):
        about = one_line(item.text.removeprefix(f"{name} "), tool_words.ROW)  # history knows whose ids they are
    came = "" if opened else tool_words.outcome(name, arguments, result, ok=ok)
    called = Content.assemble(
        (one_line(name, 80), "bold"), f"  {about}" if about else "", (f"  → {came}" if came else "", MUTED if ok else "$text-error")
    )
    lines: list[Line] = [ShortLine(called, Content.styled(duration(data), MUTED), first=mark)]
    return Document([*lines, *arguments_of(item)], rest=result_of(item)) if opened else Document(lines)


def arguments_of(item: ItemView) -> list[Line]:
    """What a call was given, to read, and what stands before its result."""
    data = item.data
    ok, arguments = data.get("ok") is not False, data.get("arguments")
    lines = folded(tool_words.readable(arguments), OPENED_LINES, how="e opens all of it in $EDITOR") if arguments else []
    if data.get("result"):
        lines.append(ShortLine(Content.styled("→ result" if ok else "→ failed", MUTED if ok else "$text-error"), first=INDENT))
    return lines


def result_of(item: ItemView) -> Pages | None:
    """What a call gave, to read."""
    result = item.data.get("result")
    return Pages(tool_words.opened(field(item.data, "tool"), result), style=MUTED) if result else None


def command(item: ItemView, opened: bool) -> Document:
    data = item.data
    shown, left = head(field(data, "command") or item.text, 2 * LONGEST_ROW)
    typed = visible(shown).rstrip("\n").split("\n")
    facts = _facts(data)
    prompt = Content.styled("$ ", "bold $text-primary")
    lines: list[Line]
    if len(typed) == 1 and not left and not opened:
        lines = [ShortLine(Content.styled(typed[0].expandtabs(TAB), "bold"), facts, first=prompt, lead="$ ")]
    else:
        start, hidden, end = middle(typed, OPENED_LINES if opened else COMMAND_LINES)
        between = [hint(f"{count(hidden, 'line')}  Enter opens", INDENT)] if hidden else []
        lines = [*_typed(start, prompt, "$ "), *between, *_typed(end, INDENT, ""), *left_over(left)]
        if facts:
            lines.append(TextLine(facts, first=INDENT, rest=INDENT))
    output = field(data, "output")
    if opened and output:
        return Document(lines, rest=Pages(output, style=MUTED))
    return Document([*lines, *folded(output, OUTPUT_LINES, style=MUTED)])


def _facts(data: Mapping[str, object]) -> Content:
    """How a command ended, how long it took, and what held it."""
    code = data.get("exit_code")
    state = "" if code is None else f"exit {one_line(str(code), 20)}"
    parts = (
        Content.styled(state, "$text-success" if code == 0 else "bold $text-error") if state else NOTHING,
        Content.styled(duration(data), MUTED),
        Content.styled(f"[{confined_by(data)}]", MUTED) if data.get("sandbox") else NOTHING,
    )
    return Content("  ").join(part for part in parts if part)


def confined_by(data: Mapping[str, object]) -> str:
    """What held a command, in words; empty where nobody said."""
    tier = one_line(field(data, "sandbox"), 40)
    return "no sandbox" if tier == "none" else tier


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
