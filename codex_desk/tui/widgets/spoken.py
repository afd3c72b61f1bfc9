"""What items look like where glyphs and columns say nothing: sentences, one below the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.content import Content

from codex_desk.engine.views import ItemView
from codex_desk.text import one_line, visible
from codex_desk.tui.model import tool_words
from codex_desk.tui.model.words import name
from codex_desk.tui.widgets import items, nested
from codex_desk.tui.widgets.calls import arguments_of, confined_by, result_of
from codex_desk.tui.widgets.changes import KINDS, diff_of
from codex_desk.tui.widgets.crossing import task_of
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.grouping import kind_of
from codex_desk.tui.widgets.lines import Line, TextLine
from codex_desk.tui.widgets.outputs import Pages, folded
from codex_desk.tui.widgets.parts import LONGEST_ROW, SUMMARY, duration, field, mappings, plain
from codex_desk.tui.widgets.showing import FOLDED, Showing

STEP_WORDS = {"completed": "done", "in_progress": "now"}


def draw(item: ItemView, showing: Showing = FOLDED) -> Document:
    """The words of a committed item, without a header."""
    sub = showing.subagent if items.subagent_of(item) is not None else None
    if sub is not None:
        followed = nested.transcript(sub, draw, header) if showing.opened else []
        task = one_line(item.text if item.kind == "message_out" else task_of(item.data.get("arguments")), SUMMARY)
        return Document([*_sentence(f"spawned {one_line(name(sub.thread), 60)}" + (f": {task}" if task else "")), *followed])
    speak = SENTENCES.get(item.kind)
    if speak is None:
        return items.draw(item, showing)
    return Document(speak(item, showing.opened), rest=_rest(item) if showing.opened else None)


def _rest(item: ItemView) -> Pages | None:
    """What a command or a call printed."""
    if item.kind == "command":
        return Pages(field(item.data, "output")) if field(item.data, "output") else None
    return result_of(item) if item.kind == "tool_call" else None


def header(item: ItemView, handle: str) -> Line:
    """`you at 09:12:`, `received from operator #42 at 09:14:`."""
    time = item.at.astimezone().strftime("%H:%M")
    match kind_of(item):
        case "user_message" | "own_command":
            who = "you"
        case "message_in":
            sender = field(item.data, "peer") or f"{item.origin} {field(item.data, 'automation')}".rstrip()
            who = f"received from {one_line(sender, 60)}{_number(item)}"
        case _:
            who = one_line(handle)
    return TextLine(Content(f"{who} at {time}:"))


def _number(item: ItemView) -> str:
    number = item.data.get("message")
    return f" #{number}" if isinstance(number, int) else ""


def _sentence(text: str) -> list[Line]:
    return [TextLine(Content(visible(text)))]


def _tool(item: ItemView, opened: bool) -> list[Line]:
    data = item.data
    ok = data.get("ok") is not False
    tool, arguments = field(data, "tool") or item.text, data.get("arguments")
    about = tool_words.subject(tool, arguments)
    came = tool_words.outcome(tool, arguments, data.get("result"), ok=ok)
    parts = (f"called {one_line(tool, 80)}" + (f" {about}" if about else ""), "" if ok else "failed", came, duration(data))
    return [*_sentence(", ".join(part for part in parts if part)), *(arguments_of(item) if opened else ())]


def _command(item: ItemView, opened: bool) -> list[Line]:
    data = item.data
    code = data.get("exit_code")
    told = ("" if code is None else f"exit {one_line(str(code), 20)}", duration(data), confined_by(data))
    lines = plain(f"ran: {field(data, 'command') or item.text}")
    lines += _sentence(", ".join(one_line(part, 40) for part in told if part)) if any(told) else []
    return lines if opened else [*lines, *folded(field(data, "output"))]


def _change(item: ItemView, opened: bool) -> list[Line]:
    lines: list[Line] = []
    for one in mappings(item.data.get("changes")):
        drawn, added, removed = diff_of(one, opened)
        said = KINDS.get(field(one, "kind"), "edited")
        lines += _sentence(f"{said} {one_line(field(one, 'path'), SUMMARY)}, {added} added, {removed} removed")
        lines += drawn
    if item.data.get("ok") is False:
        lines += _sentence("not applied")
    return lines or plain(item.text)


def _plan(item: ItemView, opened: bool) -> list[Line]:
    found = mappings(item.data.get("steps"))
    if not found:
        return plain(item.text)
    return [
        TextLine(Content(f"{STEP_WORDS.get(field(one, 'status'), 'to do')}: {one_line(field(one, 'step'), LONGEST_ROW)}")) for one in found
    ]


def _sent(item: ItemView, opened: bool) -> list[Line]:
    return plain(f"sent to {one_line(field(item.data, 'peer') or item.origin, 60)}{_number(item)}: {item.text}")


def _reasoning(item: ItemView, opened: bool) -> list[Line]:
    if opened:
        return plain(f"thought: {item.text}")
    return _sentence(f"thought: {one_line(item.text[: 4 * SUMMARY].replace('**', ''), SUMMARY)}")


def _compaction(item: ItemView, opened: bool) -> list[Line]:
    return _sentence(one_line(item.text, SUMMARY) or "compacted")


def _brought(item: ItemView, opened: bool) -> list[Line]:
    told = f"folded in: {items.fold_words(item)}"
    return [*_sentence(told), *plain(item.text)] if opened else _sentence(f"{told}: {one_line(item.text, SUMMARY)}")


def _told(item: ItemView, opened: bool) -> list[Line]:
    """The desk's own lines are sentences already."""
    return plain(item.text)


SENTENCES: Mapping[str, Callable[[ItemView, bool], list[Line]]] = {
    "tool_call": _tool,
    "command": _command,
    "file_change": _change,
    "plan": _plan,
    "message_out": _sent,
    "reasoning": _reasoning,
    "compaction": _compaction,
    "notice": _told,
    "approval": _told,
    "fold": _brought,
}
"""The kinds that are drawn with glyphs or columns; all others are text already."""
