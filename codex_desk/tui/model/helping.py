"""What help says: sections of keys and commands, and which of them a query finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from codex_desk.frozen import frozen
from codex_desk.tui.model.keymap import Bound


@frozen
class Entry:
    """One line: a key or a command, what it does, and how a keymap calls it."""

    left: str
    words: str
    id: str = ""


@frozen
class Section:
    """What works in one place."""

    title: str
    about: str
    entries: Sequence[Entry]


def key_entries(bounds: Iterable[Bound], keys: Mapping[str, Sequence[str]], written: Mapping[str, str], before: str = "") -> list[Entry]:
    """The bindings of a place with the keys in force; those that lost all of theirs say so. `written`: how each key is written; `before`: what is
    pressed before it."""
    entries: list[Entry] = []
    for bound in bounds:
        held = keys.get(bound.id, bound.keys) if bound.id else bound.keys
        said = ", ".join(f"{before}{written[key]}" for key in held)
        entries.append(Entry(said or "no key", bound.words, bound.id))
    return entries


def matching(sections: Iterable[Section], query: str) -> list[Section]:
    """The sections with the entries in which every word of the query stands; all of a section's where its title has them all."""
    words = query.lower().split()
    found: list[Section] = []
    for section in sections:
        if all(word in section.title.lower() for word in words):
            found.append(section)
            continue
        entries = [entry for entry in section.entries if all(word in _text(entry, section) for word in words)]
        if entries:
            found.append(replace(section, entries=entries, about=""))
    return found


def _text(entry: Entry, section: Section) -> str:
    return f"{section.title} {entry.left} {entry.words} {entry.id}".lower()
