"""What changed in a thread's folder, file by file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Offset
from textual.widgets import Static

from codex_desk.text import one_line
from codex_desk.tui.model.changes import FileChange, file_changes, summary
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.widgets.diff import DiffLine, drawn, parse_diff
from codex_desk.tui.widgets.drawn import Drawn
from codex_desk.tui.widgets.items import MUTED
from codex_desk.tui.widgets.lines import Line, ShortLine, blank

LONGEST_LINE = 2_000
"""Characters of a line that are shown; a longer one is data."""
STEP = 400
"""Lines that are made at a time."""


class Changes(Dialog[None]):
    """A diff; its lines are made as far as somebody reads."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "VerticalScroll"
    HELP = "What differs from the last commit, new files included. n and p go from file to file."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "file(1)", "next file", id="changes.next"),
        Binding("p", "file(-1)", "file before", id="changes.previous"),
        Binding("j", "scroll(1)", show=False, id="changes.down"),
        Binding("k", "scroll(-1)", show=False, id="changes.up"),
        Binding("g", "top", show=False, id="changes.top"),
        Binding("G", "bottom", show=False, id="changes.bottom"),
        Binding("q", "leave", show=False, id="changes.close"),
    ]

    def __init__(self, folder: str, diff: str) -> None:
        super().__init__()
        self._folder, self._text = folder, diff
        self._drawn = Drawn()
        self._scroll = VerticalScroll(self._drawn, classes="diff")
        self._summary = Static(markup=False, classes="summary")
        self._lines: Iterator[Line] = iter(())
        self._making = asyncio.Lock()
        self._titles: list[int] = []
        """At which lines files begin, as far as they are made."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -tall") as box:
            box.border_title = Content(f"Changes in {one_line(self._folder)}")  # type: ignore[assignment]  # a str is parsed as markup
            box.border_subtitle = "↑↓ scroll · n p next and previous file · Esc closes"
            yield self._summary
            yield self._scroll

    def on_mount(self) -> None:
        self.watch(self._scroll, "scroll_y", self._scrolled, init=False)
        self._read()

    @work(group="read")
    async def _read(self) -> None:
        found = await asyncio.to_thread(file_changes, self._text)
        self._summary.update(Content(summary(found) if found else "nothing has changed since the last commit"))
        self._lines = self._all(found)
        await self._more()

    async def _more(self, lines: int = STEP) -> bool:
        """Make the next lines, away from the loop; whether there were any."""
        async with self._making:
            taken = await asyncio.to_thread(lambda: list(islice(self._lines, lines)))
            if taken:
                self._drawn.document.replace_from(len(self._drawn.document.lines), taken)
                self._drawn.refresh(layout=True)
            return bool(taken)

    def _all(self, found: Sequence[FileChange]) -> Iterator[Line]:
        number = 0
        for change in found:
            if number:
                yield blank()
                number += 1
            self._titles.append(number)
            for line in file_lines(change):
                yield line
                number += 1

    def _scrolled(self, _: float) -> None:
        scroll = self._scroll
        if scroll.scroll_y + 2 * scroll.size.height >= scroll.max_scroll_y:
            self._follow()

    @work(group="more", exclusive=True)
    async def _follow(self) -> None:
        await self._more()

    # --- keys -------------------------------------------------------------------------------------------------------------------------------

    def action_scroll(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False)

    def action_top(self) -> None:
        self._scroll.scroll_home(animate=False)

    @work(group="go", exclusive=True)
    async def action_bottom(self) -> None:
        while await self._more(10 * STEP):
            pass
        self.call_after_refresh(self._scroll.scroll_end, animate=False)

    @work(group="go", exclusive=True)
    async def action_file(self, step: int) -> None:
        """To the title of the file after, or before, the one at the top."""
        scroll = self._scroll
        top = int(scroll.scroll_y)
        if step < 0:
            before = [row for row in map(self._row_of, self._titles) if row < top]
            scroll.scroll_to(y=before[-1] if before else 0, animate=False)
            return
        while True:
            after = [row for row in map(self._row_of, self._titles[:]) if row > top]
            if after:
                self.call_after_refresh(scroll.scroll_to, y=after[0], animate=False)
                return
            if not await self._more():
                return

    def _row_of(self, number: int) -> int:
        """The row in which a line begins."""
        return self._drawn.document.row_of(Offset(0, number), self._drawn.size.width)


def file_lines(change: FileChange) -> Iterator[Line]:
    """A file's title and its diff."""
    tally = Content.assemble((f"+{change.added}", "$text-success"), " ", (f"−{change.removed}", "$text-error"))
    was = f"{one_line(change.was, 400)} → " if change.was else ""
    title = Content.assemble((f"{change.kind} ", MUTED), (was, MUTED), (one_line(change.path or "changes", 400), "bold"))
    yield ShortLine(title, tally, first=Content.styled("± ", "$text-secondary"))
    if change.binary:
        yield ShortLine(Content.styled("a binary file", MUTED), first=Content("  "))
        return
    rows = parse_diff(change.diff)
    if change.kind in ("added", "deleted") and rows and rows[0].sign == "@":
        del rows[0]  # it says only that the file begins here
    digits = max((len(str(row.number)) for row in rows if row.number is not None), default=0)
    for row in rows:
        yield drawn(row if len(row.text) <= LONGEST_LINE else _shortened(row), digits)


def _shortened(row: DiffLine) -> DiffLine:
    more = len(row.text) - LONGEST_LINE
    return replace(row, text=f"{row.text[:LONGEST_LINE]} … {more:,} more characters", changed=None)
