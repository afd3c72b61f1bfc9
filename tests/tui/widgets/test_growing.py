"""A message that is being written: what stands is not drawn again, and what is on the screen is what a fresh drawing would be."""

from __future__ import annotations

import random

import pytest
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll

from codex_desk.runtimes.base import Delta
from codex_desk.tui.widgets.block import Block
from codex_desk.tui.widgets.grouping import Frame

TEXT = """# A heading

Some *words* that go on until they wrap around the end of the row for sure, with **strong** ones among them.

- one
- two, which is long enough to wrap around the end of the row as well
  - deep

```python
def f(x):
    return x + 1
```

| a | b |
|---|---|
| 1 | 2 |

The end.
"""


class Growing(App[None]):
    def __init__(self, first: str) -> None:
        super().__init__()
        self.block = Block.of_delta(Delta("text", "key", first), "reviewer", Frame(True, False))

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield self.block

    @property
    def shown(self) -> list[str]:
        return [strip.text for strip in self.block.render_lines(self.block.outer_size.region)]

    @property
    def drawn_anew(self) -> list[str]:
        document, width = self.block.document, self.block.size.width
        document.restyle()
        return [strip.text for strip in (self.block.render_line(row) for row in range(document.height(width)))]


@pytest.mark.parametrize("seed", range(5))
async def test_a_growing_message_shows_what_a_fresh_drawing_of_it_would(seed: int) -> None:
    chance = random.Random(seed)
    at = chance.randint(1, 9)
    app = Growing(TEXT[:at])
    async with app.run_test(size=(48, 80)) as pilot:
        await pilot.pause()
        while at < len(TEXT):
            step = chance.randint(1, 60)
            app.block.feed(Delta("text", "key", TEXT[at : at + step]))
            at += step
            await pilot.pause()
            shown = [row[1:].rstrip() for row in app.shown]  # without the edge of the cursor
            assert shown == [row.rstrip() for row in app.drawn_anew]


async def test_rows_that_stand_are_not_drawn_again() -> None:
    app = Growing("one\n\ntwo\n\n")
    async with app.run_test(size=(48, 80)) as pilot:
        await pilot.pause()
        app.block.render_lines(app.block.outer_size.region)
        drawn: list[int] = []
        draw = app.block.render_line
        app.block.render_line = lambda y: drawn.append(y) or draw(y)  # type: ignore[method-assign]
        app.block.feed(Delta("text", "key", "three\n\nfour\n\n"))
        await pilot.pause()
        app.block.render_lines(app.block.outer_size.region)
        assert drawn
        assert 1 not in drawn
