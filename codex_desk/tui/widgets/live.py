"""What a running turn says before its items are committed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from textual.content import Content

from codex_desk.runtimes.base import Delta
from codex_desk.text import one_line
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.fold import MOST_CHARACTERS, OUTPUT_LINES, count, head
from codex_desk.tui.widgets.grouping import OWN_COMMAND
from codex_desk.tui.widgets.lines import Line, ShortLine, TextLine
from codex_desk.tui.widgets.markdown import MarkdownStream
from codex_desk.tui.widgets.parts import INDENT, LONGEST_ROW, MUTED, SUMMARY, clean, hint

Kind = Literal["text", "reasoning", "output", "tool"]
ITEM_KINDS: dict[Kind, str] = {"text": "agent_message", "reasoning": "reasoning", "output": "command", "tool": "tool_call"}
"""The kind of item that each is going to be."""
HAVE_LINES = frozenset({"send_message", "wait_agent"})
"""Tools that need none here while they run: what they do stands in a line of its own at once, as sent and as waiting."""


def live_kind(kind: Kind, key: str) -> str:
    """What is going to come of an increment; a key of the engine's `Shells` belongs to a command of the human's."""
    return OWN_COMMAND if key.startswith("shell-") else ITEM_KINDS[kind]


@dataclass(slots=True)
class Buffer:
    """Increments that wait for the next flush, joined per item and kind, in the order in which they began."""

    whole_lines: bool = False
    """Only messages, and of these only lines that are complete: what is shown is never written again."""
    _pending: dict[tuple[str, Kind], list[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._pending)

    def put(self, delta: Delta) -> None:
        if self.whole_lines and delta.kind != "text":
            return
        if delta.kind == "tool" and delta.text.partition(" ")[0] in HAVE_LINES:
            return
        parts = self._pending.setdefault((delta.key, delta.kind), [])
        if delta.kind == "tool":
            parts.clear()  # a tool's text is a whole line, not an increment
        parts.append(delta.text)

    def take(self) -> list[Delta]:
        pending, self._pending = self._pending, {}
        if self.whole_lines:
            return list(self._complete(pending))
        return [Delta(kind, key, "".join(parts)) for (key, kind), parts in pending.items()]

    def _complete(self, pending: Mapping[tuple[str, Kind], list[str]]) -> Iterator[Delta]:
        for (key, kind), parts in pending.items():
            lines, newline, rest = "".join(parts).rpartition("\n")
            if rest:
                self._pending[key, kind] = [rest]
            if newline:
                yield Delta(kind, key, lines + newline)

    def drop(self, key: str) -> None:
        for pending in [one for one in self._pending if one[0] == key]:
            del self._pending[pending]

    def clear(self) -> None:
        self._pending.clear()


class LiveDrawing(ABC):
    """Draws one kind of increment into a document."""

    def __init__(self) -> None:
        self.document = Document()

    @abstractmethod
    def feed(self, text: str) -> None:
        """Take the text that came since the last flush."""

    def take(self, kind: Kind, text: str) -> None:
        """As `feed`, for a text of any kind that comes under the same key."""
        self.feed(text)

    @property
    def source(self) -> str:
        """What came so far, as it was written."""
        return self.document.text

    def settles(self, text: str) -> bool:
        """Whether the drawing can stay as it is, once the whole text is known to be `text`."""
        return False


class LiveText(LiveDrawing):
    """An agent's message as it is written; past the most that is shown of one item only the count goes on."""

    def __init__(self) -> None:
        super().__init__()
        self._stream = MarkdownStream()
        self.document = self._stream.document
        self._taken = 0
        self._over = 0
        self._parts: list[str] = []

    @property
    def source(self) -> str:
        return "".join(self._parts)

    def settles(self, text: str) -> bool:
        if self._over or head(text)[1] or "".join(self._parts) != text:
            return False
        self._stream.finish()
        return True

    def feed(self, text: str) -> None:
        if not self._over:
            self._parts.append(text)
        room = MOST_CHARACTERS - self._taken
        if room > 0:
            self._stream.append(text[:room])
        self._taken += min(len(text), max(room, 0))
        if len(text) > room:
            more = hint(count(self._over + len(text) - max(room, 0), "character"))
            self.document.replace_from(len(self.document.lines) - bool(self._over), [more])
            self._over += len(text) - max(room, 0)


class LiveReasoning(LiveDrawing):
    """The line that is being thought, in one row."""

    def __init__(self) -> None:
        super().__init__()
        self._line = ""

    def feed(self, text: str) -> None:
        lines = (self._line + text).rsplit("\n", 2)
        self._line = (lines[-1] if lines[-1].strip() else "".join(lines[-2:]))[-SUMMARY:]
        self.document.replace_from(
            0, [ShortLine(Content.styled(f"✻ {one_line(self._line.replace('**', ''), SUMMARY)}", f"italic {MUTED}"))]
        )


class LiveOutput(LiveDrawing):
    """The last rows of what a command prints."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: deque[str] = deque([""], OUTPUT_LINES)
        self._count = 1

    def feed(self, text: str) -> None:
        first, _, rest = text.partition("\n")
        self._rows[-1] = (self._rows[-1] + first[:LONGEST_ROW])[:LONGEST_ROW]
        newlines = text.count("\n")
        if newlines:  # only so many of its last rows are ever looked at
            self._rows.extend(row[:LONGEST_ROW] for row in rest.rsplit("\n", OUTPUT_LINES)[-min(newlines, OUTPUT_LINES) :])
        self._count += newlines
        hidden = self._count - len(self._rows)
        lines: list[Line] = [hint(f"{count(hidden, 'line')} above", INDENT)] if hidden else []
        rows = list(self._rows) if self._rows[-1] else list(self._rows)[:-1]
        lines.extend(TextLine(Content.styled(clean(row), MUTED), first=INDENT, rest=INDENT, words=False) for row in rows)
        self.document.replace_from(0, lines)


class LiveTool(LiveDrawing):
    """What is being called, and under it the last rows of what it prints."""

    def __init__(self) -> None:
        super().__init__()
        self._output = LiveOutput()

    def take(self, kind: Kind, text: str) -> None:
        if kind != "output":
            self.feed(text)
            return
        self._output.feed(text)
        self.document.replace_from(1, self._output.document.lines)

    def feed(self, text: str) -> None:
        mark = Content.styled("◌ ", "$text-warning")
        self.document.replace_from(0, [ShortLine(Content(one_line(text, SUMMARY)), first=mark)])


DRAWINGS: dict[Kind, type[LiveDrawing]] = {"text": LiveText, "reasoning": LiveReasoning, "output": LiveOutput, "tool": LiveTool}
