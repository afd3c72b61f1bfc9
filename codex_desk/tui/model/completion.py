"""What the popup over the composer offers: commands after `/`, what they take, handles and files after `@`, files after `!`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import islice
from pathlib import Path
from typing import Literal

from codex_desk.frozen import frozen
from codex_desk.text import one_line
from codex_desk.tui.grammar import Grammar

SHOWN = 8
"""Rows the popup shows at once."""
OFFERED = 200
"""Choices it scrolls through at most."""
WALKED = 50_000
"""Files looked at in one folder at most, where git does not know them."""
_SKIPPED = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".tox", ".mypy_cache", ".ruff_cache"})
_AT = re.compile(r"(?:^|\s)@([^\s@]*)$")
_COMMAND = re.compile(r"/([a-z-]+) (.*)", re.DOTALL)


@frozen
class Known:
    """A command that can be typed."""

    name: str
    help: str
    usage: str = ""
    """What it takes, in the grammar of the command line."""
    offers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Slot of the usage line (`MODE`, `--rights`) → the words that it takes."""

    @property
    def must_be_given(self) -> bool:
        """Whether it takes something that is not asked for on the screen: a list."""
        return "…" in self.usage.partition("[")[0]


@frozen
class Trigger:
    """A word that asks for completion: `start` is the offset of its sign, or of itself, in the text before the cursor."""

    kind: Literal["command", "argument", "mention", "path", "recall"]
    start: int
    query: str
    command: str = ""
    slot: str = ""
    """For an argument: the command that takes it, and what it stands for there."""
    used: frozenset[str] = frozenset()
    """The words that stand on the line already."""


@frozen
class Choice:
    """`insert` replaces the word, sign included; `label` and `detail` are what is shown. `runs`: Enter carries the command out; for what was only
    guessed it puts it in, so that it can be read first."""

    insert: str
    label: str
    detail: str = ""
    runs: bool = False


def find_trigger(before: str, commands: Mapping[str, Known]) -> Trigger | None:
    """What the text before the cursor asks for, if anything."""
    if before.startswith("!"):
        return None
    if before.startswith("/") and not any(mark in before[1:] for mark in (" ", "\n", "/")):
        return Trigger("command", 0, before[1:])
    if (line := _COMMAND.fullmatch(before)) and (known := commands.get(line[1])):
        slot, word = Grammar(known.usage).expects(line[2])
        if slot:
            return Trigger("argument", len(before) - len(word), word, known.name, slot, frozenset(line[2].split(" ")[:-1]))
    if match := _AT.search(before):
        return Trigger("mention", match.start(1) - 1, match[1])
    return None


def path_trigger(before: str) -> Trigger:
    """The last word of a shell command, which Tab completes as a file."""
    word = re.split(r"[\s=]", before.removeprefix("!"))[-1]
    return Trigger("path", len(before) - len(word), word)


def rank(query: str, text: str) -> int | None:
    """How well a word fits what was typed: 0 begins with it, 1 holds it, 2 has its letters in order from the start of a part on; None: not at all."""
    query, text = query.lower(), text.lower()
    if text.startswith(query):
        return 0
    if query in text:
        return 1
    return 2 if re.search(r"(?:^|[-_./ ])" + ".*?".join(map(re.escape, query)), text) else None


def match_commands(query: str, commands: Iterable[Known]) -> list[Choice]:
    """In the table's order: those that begin with the query, then those that hold it, then those whose help has a word that begins with it."""
    ranked: list[tuple[int, Known]] = []
    for one in commands:
        fits = rank(query, one.name)
        if fits is None and len(query) > 2 and any(word.startswith(query) for word in one.help.lower().split()):
            fits = 3
        if fits is not None:
            ranked.append((fits, one))
    ranked.sort(key=lambda pair: pair[0])
    return [Choice(f"/{one.name} ", f"/{one.name}", one.help, bool(query) and fits == 0 and not one.must_be_given) for fits, one in ranked]


def match_words(query: str, words: Iterable[tuple[str, str]]) -> list[Choice]:
    """(word, what to say of it), the best first; a word that stands there already is offered no more."""
    found = [(fits, word, about) for word, about in words if (fits := rank(query.removeprefix("@"), word)) is not None]
    if len(found) == 1 and found[0][1] == query:
        return []
    found.sort(key=lambda one: (one[0], one[1] != query))
    return [Choice(f"{quoted(word)} ", word, about, fits == 0) for fits, word, about in found[:OFFERED]]


def match_mentions(query: str, handles: Iterable[tuple[str, str]], files: Files) -> list[Choice]:
    """Handles (with what to say of each) before files."""
    people = [(fits, Choice(f"@{handle} ", f"@{handle}", about)) for handle, about in handles if (fits := rank(query, handle)) in (0, 1, 2)]
    people.sort(key=lambda one: one[0])
    paths = [Choice(f"{quoted(path)} ", path) for path in files.match(query)]
    return [*(choice for _, choice in people), *paths][:OFFERED]


def match_recall(query: str, entries: Sequence[str]) -> list[Choice]:
    """Earlier prompts in which every word of the query stands, the newest first."""
    wanted = query.lower().split()
    found = (text for text in reversed(entries) if all(word in text.lower() for word in wanted))
    return [Choice(text, one_line(text)) for text in islice(found, OFFERED)]


def match_paths(query: str, files: Files) -> list[Choice]:
    """Files for a shell command, those that begin with what was typed."""
    return [Choice(f"{quoted(path)} ", path) for path in files.begin_with(query)]


def quoted(word: str) -> str:
    """A word that has spaces in it stays one."""
    return f'"{word}"' if re.search(r"\s", word) else word


class Files:
    """The files of a folder, made for being asked with every key: shorter paths first, nothing computed twice."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        """Sorts: with many paths, not on the loop."""
        self._paths = sorted(paths, key=lambda path: (len(path), path))
        self._low = [path.lower() for path in self._paths]
        self._names = [low.rfind("/") + 1 for low in self._low]
        self._asked: tuple[str, Sequence[int]] = ("", range(len(self._paths)))
        """The last query, and which paths hold it."""
        self._spelled: tuple[str, Sequence[int]] = ("", range(len(self._paths)))
        """The same for paths that have its letters in order."""

    def __len__(self) -> int:
        return len(self._paths)

    def match(self, query: str) -> list[str]:
        """The paths that fit a query: those whose name begins with it, whose name holds it, that hold it, that have its letters in order."""
        low = query.lower()
        holding = self._holding(low)
        begin: list[int] = []
        named: list[int] = []
        other: list[int] = []
        for index in holding:
            at = self._low[index].find(low, self._names[index])
            (begin if at == self._names[index] else named if at > 0 else other).append(index)
            if len(begin) >= OFFERED:
                break
        found = [*begin, *named, *other][:OFFERED]
        if not found and len(low) > 1:
            found = self._spelling(low)[:OFFERED]
        return [self._paths[index] for index in found]

    def begin_with(self, query: str) -> list[str]:
        """The paths that begin with a text, as typed."""
        return [path for path in self._paths if path.startswith(query)][:OFFERED]

    def _holding(self, low: str) -> Sequence[int]:
        before, among = self._asked
        if not low.startswith(before):
            among = range(len(self._paths))
        holding = [index for index in among if low in self._low[index]] if low else among
        self._asked = (low, holding)
        return holding

    def _spelling(self, low: str) -> Sequence[int]:
        before, among = self._spelled
        if not low.startswith(before):
            among = range(len(self._paths))
        letters = re.compile(".*?".join(map(re.escape, low)))
        self._spelled = (low, [index for index in among if letters.search(self._low[index])])
        return self._spelled[1]


def walk(folder: Path, limit: int = WALKED) -> Iterator[str]:
    """Relative paths of the files below a folder, breadth first, without what version control and package managers keep."""
    waiting = [folder]
    seen = 0
    while waiting:
        here = waiting.pop(0)
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError:
            continue  # a folder that cannot be read has nothing to offer
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED:
                    waiting.append(Path(entry.path))
                continue
            yield str(Path(entry.path).relative_to(folder))
            seen += 1
            if seen >= limit:
                return
