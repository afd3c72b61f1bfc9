"""A diff of many files, taken apart by file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from codex_desk.frozen import frozen

Kind = Literal["added", "deleted", "renamed", "edited"]
_START = re.compile(r"^diff --git ", re.MULTILINE)
_TITLE = re.compile(r'diff --git (?:"?a/(?P<old>.*?)"?) (?:"?b/(?P<new>.*?)"?)$')


@frozen
class FileChange:
    """What happened to one file. `diff` is its part of the whole diff."""

    path: str
    kind: Kind
    diff: str
    added: int
    removed: int
    was: str = ""
    """What it was called before."""
    binary: bool = False


def file_changes(diff: str) -> list[FileChange]:
    """The files of a unified diff as git writes it; a diff without such titles is one change without a path."""
    starts = [match.start() for match in _START.finditer(diff)]
    if not starts:
        return [_change("", diff)] if diff.strip() else []
    parts = [diff[start:end] for start, end in zip(starts, [*starts[1:], len(diff)], strict=True)]
    return [_change(part.partition("\n")[0], part) for part in parts]


def summary(changes: Iterable[FileChange]) -> str:
    """`3 files, 1 of them new, +120 −4`."""
    found = list(changes)
    new = sum(change.kind == "added" for change in found)
    files = f"{len(found)} file{'' if len(found) == 1 else 's'}"
    parts = [files, f"{new} of them new" if new else "", f"+{sum(one.added for one in found)} −{sum(one.removed for one in found)}"]
    return ", ".join(part for part in parts if part)


def _change(title: str, part: str) -> FileChange:
    match = _TITLE.match(title)
    old, new = (match["old"], match["new"]) if match else ("", "")
    head = list(_head(part))
    kind: Kind = "edited"
    for start, word in (("new file mode", "added"), ("deleted file mode", "deleted"), ("rename to ", "renamed")):
        if any(line.startswith(start) for line in head):
            kind = word  # type: ignore[assignment]  # the words of the tuple
    body = part.split("\n")
    return FileChange(
        new or old,
        kind,
        part,
        sum(line.startswith("+") and not line.startswith("+++ ") for line in body),
        sum(line.startswith("-") and not line.startswith("--- ") for line in body),
        old if kind == "renamed" else "",
        any(line.startswith(("Binary files ", "GIT binary patch")) for line in head),
    )


def _head(part: str) -> Iterator[str]:
    """The lines before the first that changed."""
    for line in part.split("\n")[1:]:
        if line.startswith("@@"):
            return
        yield line
