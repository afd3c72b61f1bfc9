"""Markdown that grows: what is final is parsed, measured and drawn once.

A top-level block, or a top-level item of a list, is final when a complete line has begun the next one. A fence that is still open takes its lines
without any parsing. Every cut of a text into increments ends in the same lines as the whole text.
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it.token import Token

from codex_desk.text import visible
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.lines import TAB, Line
from codex_desk.tui.widgets.markdown_blocks import Blocks, Code, Unit, closes, code_line, is_blank, shallow


class _OpenFence:
    """A top-level fence without its end: its code as far as it has come."""

    def __init__(self, token: Token) -> None:
        from codex_desk.tui.widgets.code import OpenHighlighter  # Pygments, for the first code that is written

        self.markup = token.markup
        self._language = token.info.strip()
        self._code: list[str] = []
        self._highlighter = OpenHighlighter(self._language)

    def __len__(self) -> int:
        return len(self._code)

    def add(self, line: str) -> Line:
        text = line.expandtabs(TAB)
        self._code.append(text)
        return code_line(text, self._highlighter.feed(text))

    def unfinished(self, partial: str) -> list[Line]:
        """A line that is still coming, unless it may become the fence's end."""
        if not partial.strip(f" {self.markup[0]}"):
            return []
        text = partial.expandtabs(TAB)
        return [code_line(text, self._highlighter.peek(text))]

    def closed(self) -> list[Line]:
        """All of its lines again, now that the lexer can see the whole."""
        return Code(self._code, self._language).drawn()


class MarkdownStream:
    """Feeds a document with increments of Markdown. The source need not be safe: its lines are made visible before they are parsed."""

    def __init__(self) -> None:
        self.document = Document()
        self._final = 0  # lines of the document before those that may still change, and before the open fence
        self._source: list[str] = []  # complete source lines of what may still change
        self._partial = ""  # what stands after the last newline, as it came
        self._after_blank = False
        self._continues: int | None = None
        self._fence: _OpenFence | None = None

    def append(self, text: str) -> None:
        """Take the next increment, of any length."""
        *complete, self._partial = (self._partial + text).split("\n")
        lines = [shallow(visible(f"{line}\n")) for line in complete]
        if self._fence is not None:
            lines = self._feed(self._fence, lines)
        if self._fence is None:
            self._source.extend(lines)
            blocks = self._commit() if lines else None
            if self._fence is None:
                if blocks is None or self._partial:
                    blocks = self._parse(shallow(visible(self._partial)))
                self.document.replace_from(self._final, blocks.lines)
        if self._fence is not None:
            self.document.replace_from(self._final + len(self._fence), self._fence.unfinished(visible(self._partial)))

    def finish(self) -> None:
        """Nothing follows: a fence that was never closed ends here."""
        if self._fence is not None and self._partial:
            self._feed(self._fence, [visible(self._partial)])
            self._partial = ""
        if self._fence is not None:
            self._close(self._fence)

    def _parse(self, partial: str = "") -> Blocks:
        source = "".join(self._source) + partial
        return Blocks(source, follows=self._final > 0, after_blank=self._after_blank, continues=self._continues).walk()

    def _commit(self) -> Blocks | None:
        """Make final what the complete lines have ended; what may still change, None where that has to be parsed anew."""
        blocks = self._parse()
        if not blocks.units:
            return blocks
        fence = blocks.open_fence()
        unit = blocks.units[-1] if fence is not None else _last_open(blocks.units)
        if unit.line:
            self._settle(blocks.lines[: unit.index])
            self._after_blank = is_blank(self._source[unit.line - 1].removesuffix("\n"))
            self._continues = unit.number if unit.in_list and blocks.units[unit.list_unit] is not unit else None
            del self._source[: unit.line]
        if fence is not None:
            code, self._source = self._source[1:], []
            self._settle(self._parse("```").lines)  # the gap alone
            self._fence = _OpenFence(fence)
            self._feed(self._fence, code)
        return None if unit.line else blocks

    def _settle(self, lines: Sequence[Line]) -> None:
        self.document.replace_from(self._final, lines)
        self._final += len(lines)

    def _feed(self, fence: _OpenFence, lines: Sequence[str]) -> list[str]:
        """Take lines of code up to the fence's end; the lines after it."""
        taken: list[Line] = []
        start = self._final + len(fence)
        for number, line in enumerate(lines):
            bare = line.removesuffix("\n")
            if closes(bare, fence.markup):
                self._close(fence)
                return list(lines[number + 1 :])
            taken.append(fence.add(bare))
        self.document.replace_from(start, taken)
        return []

    def _close(self, fence: _OpenFence) -> None:
        self._settle(fence.closed())
        self._fence = None
        self._after_blank, self._continues = False, None


def _last_open(units: Sequence[Unit]) -> Unit:
    """The unit that may still change. Items whose marker is indented otherwise than the list's first depend on those before them."""
    last = units[-1]
    if last.in_list and last.indent != units[last.list_unit].indent:
        return units[last.list_unit]
    return last
