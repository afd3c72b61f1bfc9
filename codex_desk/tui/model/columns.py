"""How wide columns are: what stays in a narrow terminal, and what more is told in a wide one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from codex_desk.frozen import frozen

GAP = 2
"""Cells between two columns."""


@frozen
class Column:
    """A wish: at most `most` cells, and in a list narrower than `from_width` none."""

    name: str
    most: int
    from_width: int = 0
    least: int = 0
    """Cells below which it would say nothing; it gives way to `least` before the last column does."""


def fitted_columns(wishes: Sequence[Column], needed: Iterable[int], width: int, rest: int) -> dict[str, int]:
    """Cells of each column that is shown, in order; what is left over is the last column's, at least `rest` cells if the others can give way.

    `needed`: how many cells each column's widest value takes, in the order of `wishes`."""
    shown = {wish.name: min(wish.most, need) for wish, need in zip(wishes, needed, strict=True) if width >= wish.from_width and need > 0}
    least = {wish.name: min(wish.least or shown.get(wish.name, 0), shown.get(wish.name, 0)) for wish in wishes}
    over = sum(shown.values()) + GAP * len(shown) + rest - width
    for name in sorted(shown, key=lambda each: shown[each] - least[each], reverse=True):
        if over <= 0:
            break
        given = min(over, shown[name] - least[name])
        shown[name] -= given
        over -= given
    return shown
