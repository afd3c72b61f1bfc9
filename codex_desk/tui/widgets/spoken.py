"""What items look like where glyphs and columns say nothing: sentences, one below the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.content import Content

from codex_desk.engine.views import ItemView
from codex_desk.text import one_line, visible
from codex_desk.tui.model import tool_words
from codex_desk.tui.widgets import items
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.fold import OPENED_LINES, OUTPUT_LINES
from codex_desk.tui.widgets.items import LONGEST_ROW, SUMMARY, confined_by, duration, field, folded, opened_call, plain
from codex_desk.tui.widgets.lines import Line, TextLine

STEP_WORDS = {"completed": "done", "in_progress": "now"}


def draw(item: ItemView, *, opened: bool = False) -> Document:
    """The words of a committed item, without a header."""
    speak = SENTENCES.get(item.kind)
    return items.draw(item, opened=opened) if speak is None else Document(speak(item, opened))


def header(item: ItemView, handle: str) -> Line:
    """`you at 09:12:`, `received from operator #42 at 09:14:`."""
    time = item.at.astimezone().strftime("%H:%M")
    match item.kind:
        case "user_message":
            who = "you"
        case "message_in":
            who = f"received from {one_line(field(item.data, 'peer') or item.origin, 60)}{_number(item)}"
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
    return [*_sentence(", ".join(part for part in parts if part)), *(opened_call(item) if opened else ())]


def _command(item: ItemView, opened: bool) -> list[Line]:
    data = item.data
    code = data.get("exit_code")
    told = ("" if code is None else f"exit {one_line(str(code), 20)}", duration(data), confined_by(data))
    lines = plain(f"ran: {field(data, 'command') or item.text}")
    lines += _sentence(", ".join(one_line(part, 40) for part in told if part)) if any(told) else []
    return [*lines, *folded(field(data, "output"), OPENED_LINES if opened else OUTPUT_LINES)]


def _plan(item: ItemView, opened: bool) -> list[Line]:
    steps = item.data.get("steps")
    found = [one for one in steps if isinstance(one, Mapping)] if isinstance(steps, list | tuple) else []
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


def _told(item: ItemView, opened: bool) -> list[Line]:
    """The desk's own lines are sentences already."""
    return plain(item.text)


SENTENCES: Mapping[str, Callable[[ItemView, bool], list[Line]]] = {
    "tool_call": _tool,
    "command": _command,
    "plan": _plan,
    "message_out": _sent,
    "reasoning": _reasoning,
    "compaction": _compaction,
    "notice": _told,
    "approval": _told,
    "fold": _told,
}
"""The kinds that are drawn with glyphs or columns; all others are text already."""
