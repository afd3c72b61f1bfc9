"""The leader: a key that means something only together with the one after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len

APART = 3
"""Cells between two columns."""


def columns(rows: Sequence[tuple[str, str]], width: int, height: int) -> list[list[tuple[str, str, int]]]:
    """(key, what it does) as lines of a table: (key, what it does, cells for that). Two columns where whole words fit into `width`, else one; more of
    them, with words cut, only where there are more rows than `height`. It is read downwards."""
    keys = max(cell_len(key) for key, _ in rows) + 2
    count = 2 if sum(_widths(rows, 2)) + 2 * (keys + APART) - APART <= width else 1
    while -(-len(rows) // count) > max(height, 1) and width // (count + 1) > keys + 6:
        count += 1
    deep = -(-len(rows) // count)
    cut = max(1, width // count - keys)
    widths = [words + APART for words in _widths(rows, count)]
    fits = sum(widths) - APART + count * keys <= width
    cells = widths if fits else [min(cells, cut) for cells in widths]
    return [[(*rows[index], cells[index // deep]) for index in range(line, len(rows), deep)] for line in range(deep)]


def _widths(rows: Sequence[tuple[str, str]], count: int) -> list[int]:
    """The cells of the longest words in each column."""
    deep = -(-len(rows) // count)
    return [max(cell_len(words) for _, words in rows[start : start + deep]) for start in range(0, len(rows), deep)]


class Leader:
    """The one leader key: what the next key means."""

    PANEL_AFTER = 0.300
    """Seconds until the panel shows what can follow."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        """`keys`: the following key → the name of a command."""
        self._keys = dict(keys)
        self.pending = False

    @property
    def keys(self) -> Mapping[str, str]:
        return self._keys

    def start(self) -> None:
        self.pending = True

    def press(self, key: str) -> str | None:
        """The command that the key after the leader names; None for a key that means nothing, which only ends the wait."""
        self.pending = False
        return self._keys.get(key)
