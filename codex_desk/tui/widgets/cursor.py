"""Where the block cursor goes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from textual.geometry import Region

from codex_desk.tui.widgets.block import Block

Turn = Literal["scroll", "beyond"]
"""The block at the cursor goes on past the edge, so the view moves before the cursor does; or there is no block that way."""


def after(current: Block | None, blocks: Sequence[Block], step: int, view: Region) -> Block | Turn:
    """The block that a step of 1 or -1 leads to. Without a cursor it begins at the last block in view."""
    if not blocks:
        return "beyond"
    if current is None or current not in blocks:
        seen = [block for block in blocks if block.region.overlaps(view)]
        return (seen or blocks)[-1]
    goes_on = current.region.bottom > view.bottom if step > 0 else current.region.y < view.y
    if goes_on and current.region.overlaps(view):
        return "scroll"
    index = blocks.index(current) + step
    return blocks[index] if 0 <= index < len(blocks) else "beyond"
