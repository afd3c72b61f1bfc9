"""The drawing of one item: logical lines, of which only the rows that are looked at are drawn."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from textual.css.styles import RulesMap
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual

from codex_desk.tui.widgets.lines import Ink, Line


class Document(Visual):
    """A visual over lines that may grow or be replaced from some line on; what stands before is not measured or drawn again."""

    def __init__(self, lines: Iterable[Line] = (), header: Line | None = None) -> None:
        self.lines: list[Line] = list(lines)
        self.header = header
        """One row above the lines."""
        self._width = -1
        self._tops: list[int] = [0]  # the row at which each measured line begins, and the row after the last of them
        self._epoch = 0

    def replace_from(self, keep: int, lines: Iterable[Line]) -> None:
        """Keep the first `keep` lines and let `lines` follow them."""
        del self.lines[keep:]
        self.lines.extend(lines)
        del self._tops[keep + 1 :]

    @property
    def settled(self) -> int:
        """Rows at the top that are as they were when it was measured last, whatever was replaced since."""
        return self._tops[-1] + self._above

    def restyle(self) -> None:
        """The theme or the widget's own style changed: draw again."""
        self._epoch += 1

    def height(self, width: int) -> int:
        self._measure(width)
        return self._tops[-1] + self._above

    def row(self, y: int, width: int, base: Style, options: RenderOptions) -> Strip | None:
        """Row `y` at `width` cells; None below the last one."""
        self._measure(width)
        y -= self._above
        if not -self._above <= y < self._tops[-1]:
            return None
        number = -1 if y < 0 else bisect_right(self._tops, y) - 1
        line = self.header if number < 0 and self.header is not None else self.lines[number]
        ink = Ink(base, options.get_style, self._epoch)
        counted = number + self._above
        selected = None if options.selection is None else options.selection.get_span(counted)
        return line.draw(0 if y < 0 else y - self._tops[number], width, counted, ink, selected, options.selection_style)

    def extract(self, selection: Selection) -> str:
        """The selected text: list markers and quote bars as they would be typed, wrapped lines whole."""
        picked: list[str] = []
        for number, line in enumerate(self._all()):
            if (span := selection.get_span(number)) is None:
                continue
            start, end = span
            piece = line.text[start : None if end < 0 else end]
            picked.append(line.lead + piece if start == 0 and piece else piece)
        return "\n".join(picked)

    @property
    def text(self) -> str:
        return "\n".join(line.lead + line.text for line in self._all())

    @property
    def _above(self) -> int:
        return 0 if self.header is None else 1

    def _all(self) -> list[Line]:
        return self.lines if self.header is None else [self.header, *self.lines]

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        rows = self.height(width) if height is None else min(height, self.height(width))
        strips = (self.row(y, width, style, options) for y in range(rows))
        return [strip for strip in strips if strip is not None]

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self.height(width)

    def _measure(self, width: int) -> None:
        if width != self._width:
            self._width = width
            self._tops = [0]
        tops = self._tops
        for line in self.lines[len(tops) - 1 :]:
            tops.append(tops[-1] + line.measure(width))
