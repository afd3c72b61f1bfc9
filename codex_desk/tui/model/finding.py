"""Looking for a text in a thread: where it stands in a line, and which of the items that hold it comes next."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from codex_desk.frozen import frozen


def folded(text: str) -> str:
    """The text without the difference of case, character by character, so that places in it are places in the text."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(one if len(one.lower()) != 1 else one.lower() for one in text)


def occurrences(text: str, needle: str) -> Iterator[tuple[int, int]]:
    """The spans of a text that are a needle, whatever the case of either."""
    if not needle:
        return
    where, what = folded(text), folded(needle)
    at = where.find(what)
    while at >= 0:
        yield at, at + len(what)
        at = where.find(what, at + len(what))


@frozen
class Finding:
    """The items of a thread that hold a text, by seq in ascending order, and which of them the reader is at."""

    needle: str = ""
    seqs: Sequence[int] = ()
    at: int | None = None
    """A place in `seqs`, None before the first one was gone to."""

    @property
    def seq(self) -> int | None:
        return None if self.at is None else self.seqs[self.at]

    def found(self, seqs: Sequence[int], near: int) -> Finding:
        """With these items; the reader, who looks at item `near`, is brought to the last one up to there, else to the first."""
        at = max(0, bisect_right(seqs, near) - 1) if seqs else None
        return Finding(self.needle, tuple(seqs), at)

    def step(self, by: int) -> Finding:
        """The next one, or with -1 the one before; round at the ends."""
        if not self.seqs:
            return self
        at = (0 if by > 0 else -1) if self.at is None else self.at + by
        return Finding(self.needle, self.seqs, at % len(self.seqs))

    def added(self, seq: int) -> Finding:
        """A new item holds the text as well."""
        where = bisect_left(self.seqs, seq)
        if where < len(self.seqs) and self.seqs[where] == seq:
            return self
        at = self.at if self.at is None or where > self.at else self.at + 1
        return Finding(self.needle, (*self.seqs[:where], seq, *self.seqs[where:]), at)

    @property
    def told(self) -> str:
        """`3 of 17`."""
        if not self.needle:
            return ""
        if not self.seqs:
            return "nothing found"
        return f"{0 if self.at is None else self.at + 1} of {len(self.seqs)}"
