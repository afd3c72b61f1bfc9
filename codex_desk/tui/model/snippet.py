"""What of a text is shown for a search: the place where its words stand, with the words told apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from codex_desk.text import visible

Piece = tuple[str, bool]
"""Text that is safe to show, and whether it is one of the words."""

LOOKED_AT = 200_000
"""Characters of a text in which the words are looked for."""
LINE = 2_000
"""Characters of one line of a preview."""
_RUN = re.compile(r"\s+")
_SPACES = str.maketrans({"\n": " ", "\t": " ", "\r": " "})


class _Folded(dict[int, str]):
    """A character as the index compares it: without case and accents, and still one character."""

    def __missing__(self, point: int) -> str:
        plain = unicodedata.normalize("NFD", chr(point).lower())[:1] or chr(point)
        self[point] = plain
        return plain


_FOLDED = _Folded()


def folded(text: str) -> str:
    """The text as it is compared, of the same length."""
    return text.lower() if text.isascii() else text.translate(_FOLDED)


def words_of(query: Iterable[str]) -> tuple[str, ...]:
    """The words that are looked for, as they are compared. The last one may be the beginning of a word."""
    return tuple(folded(word) for part in query for word in re.findall(r"\w+", part))


def matches_of(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where the words stand, as spans of the text."""
    if not words:
        return []
    whole = [f"{re.escape(word)}(?![^\\W_])" for word in words[:-1]]
    pattern = "|".join([*whole, f"{re.escape(words[-1])}[^\\W_]*"])
    return [match.span() for match in re.finditer(f"(?<![^\\W_])(?:{pattern})", folded(text[:LOOKED_AT]))]


def snippet(text: str, words: Sequence[str], room: int) -> list[Piece]:
    """One line of about `room` characters with the first of the words in it, `…` where something is left out before it."""
    spans = matches_of(text, words)
    first = spans[0][0] if spans else 0
    start = 0 if first < room * 2 // 3 else _word_start(text, first - room // 3, first)
    end = start + 2 * room + 1  # runs of spaces count as one in the end
    lead: list[Piece] = [("…", False)] if start else []
    pieces = _pieces(text[: end + 1].translate(_SPACES), spans, start, end)
    return lead + [(_RUN.sub(" ", piece), strong) for piece, strong in pieces]


def _word_start(text: str, start: int, before: int) -> int:
    """Where the first word at or after a place begins, if that is before another place; else the place itself."""
    match = _RUN.search(text, start, before)
    return match.end() if match else start


def preview(text: str, words: Sequence[str], rows: int) -> list[list[Piece]]:
    """At most `rows` lines of the text, the one with the first of the words among them."""
    spans = matches_of(text, words)
    first = spans[0][0] if spans else 0
    before = text.count("\n", 0, first)
    lines: list[list[Piece]] = []
    start = _line_start(text, max(0, before - max(1, rows // 3)))
    while len(lines) < rows and start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        cut = max(start, first - LINE // 2) if start <= first < end else start
        lines.append(_pieces(text, spans, cut, min(end, cut + LINE)))
        start = end + 1
    return lines


def _line_start(text: str, number: int) -> int:
    """Where line `number` begins."""
    start = 0
    for _ in range(number):
        start = text.index("\n", start) + 1
    return start


def _pieces(text: str, spans: Iterable[tuple[int, int]], start: int, end: int) -> list[Piece]:
    """The text from start to end, taken apart at the spans."""
    found: list[Piece] = []
    at = start
    for first, last in spans:
        if first >= end:
            break
        if last <= at:
            continue
        first, last = max(first, at), min(last, end)
        if first > at:
            found.append((visible(text[at:first]), False))
        found.append((visible(text[first:last]), True))
        at = last
    if at < end:
        found.append((visible(text[at:end]), False))
    return [(piece, strong) for piece, strong in found if piece]
