"""Applying the hunks of a patch to a text, pure: every line of the text that no hunk touches stays as it is, to the byte."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codex_desk.frozen import frozen
from codex_desk.tools.patch import Hunk, PatchError, Update

_PLAIN = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
    | dict.fromkeys("\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " ")
)
"""Typographic dashes, quotes and spaces, which models write as plain ones."""

_LOOSER: tuple[Callable[[str], str], ...] = (
    lambda line: line,
    str.rstrip,
    str.strip,
    lambda line: line.strip().translate(_PLAIN),
)
"""Ways to compare lines, strictest first; all of a hunk is compared in one way."""


@frozen
class _Replacement:
    start: int
    length: int
    lines: tuple[str, ...]


def apply_update(text: str, update: Update) -> str:
    """The text after all hunks. CR LF and a missing newline at the end are kept. Raises `PatchError`, naming file and hunk."""
    pieces = text.split("\n")
    ends_with_newline = pieces[-1] == ""
    if ends_with_newline:
        pieces.pop()
    carriage = "\r" if pieces and sum(piece.endswith("\r") for piece in pieces) * 2 > len(pieces) else ""
    lines = [piece.removesuffix("\r") for piece in pieces]
    for change in reversed(_replacements(lines, update)):
        end = change.start + change.length
        own = dict(zip(lines[change.start : end], pieces[change.start : end], strict=True))
        pieces[change.start : end] = [own.get(line, line + carriage) for line in change.lines]
    result = "\n".join(pieces)
    return result + "\n" if pieces and (ends_with_newline or not text) else result


def _replacements(lines: list[str], update: Update) -> list[_Replacement]:
    found: list[_Replacement] = []
    position = 0
    for hunk in update.hunks:
        where = f"{update.path}, hunk {hunk.number}"
        for context in hunk.context:
            at = find_lines(lines, (context,), position)
            if at is None:
                raise PatchError(f"{where}: the context line {context!r} is not in the file after line {position}")
            position = at + 1
        if not hunk.old:
            # Without old lines a hunk adds: after its context, or at the end of the file.
            found.append(_Replacement(position if hunk.context and not hunk.at_end else len(lines), 0, hunk.new))
            continue
        replacement = _place(lines, hunk, position)
        if replacement is None:
            raise PatchError(f"{where}: these lines are not in the file after line {position}:\n" + "\n".join(hunk.old))
        found.append(replacement)
        position = replacement.start + replacement.length
    return sorted(found, key=lambda replacement: replacement.start)


def _place(lines: Sequence[str], hunk: Hunk, position: int) -> _Replacement | None:
    old, new = hunk.old, hunk.new
    start = find_lines(lines, old, position, hunk.at_end)
    if start is None and old[-1] == "":
        # A last empty line often stands for the newline at the end of the file.
        old = old[:-1]
        new = new[:-1] if new and new[-1] == "" else new
        start = find_lines(lines, old, position, hunk.at_end)
    if start is None:
        return None
    return _Replacement(start, len(old), _spelled(lines[start : start + len(old)], old, new))


def _spelled(own: Sequence[str], old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """The new lines, with those that the hunk only repeats (at its beginning and end) as the file has them."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return (*own[:head], *new[head : len(new) - tail], *own[len(own) - tail :])


def find_lines(lines: Sequence[str], wanted: Sequence[str], start: int, at_end: bool = False) -> int | None:
    """Where the wanted lines stand in `lines`, from `start` on, compared as strictly as possible; with `at_end` only as the last ones."""
    if not wanted:
        return start
    last = len(lines) - len(wanted)
    if at_end:
        start = max(start, last)
    for form in _LOOSER:
        goal = [form(line) for line in wanted]
        have = [form(line) for line in lines[start:]]
        for at in range(last - start + 1):
            if have[at] == goal[0] and have[at : at + len(goal)] == goal:
                return start + at
    return None
