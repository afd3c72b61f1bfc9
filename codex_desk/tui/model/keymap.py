"""Keys by the id of what they do: the ones that are shipped, those that the user set, and what is wrong with the latter."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field

from textual.keys import REPLACED_KEYS, Keys, key_to_character
from textual.keys import _character_to_key as key_of_character  # pyright: ignore[reportPrivateUsage]  # what a keymap is normalized with

from codex_desk.frozen import frozen

MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
ALIASES = {"esc": "escape", "return": "enter", "del": "delete", "pgup": "pageup", "pgdn": "pagedown", "ins": "insert", "bs": "backspace"}
_NAMED = frozenset(key.value.rpartition("+")[2] for key in Keys if not key.value.startswith("<"))


@frozen
class Bound:
    """What a key, or several, do in one place."""

    id: str
    """As a keymap names it; empty for keys that cannot be moved."""
    keys: tuple[str, ...]
    words: str
    everywhere: bool = False
    """Whether it is looked at before what has the focus, outside of dialogs."""


@frozen
class Room:
    """Where keys can meet: everything that is bound while one thing has the focus."""

    bounds: Sequence[Bound]
    modal: bool = False
    """A dialog: what works everywhere else does not work here."""


@frozen
class Trouble:
    """What is wrong with one entry of a keymap."""

    id: str
    message: str


@frozen
class Keymap:
    """The keys in force."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By id; a binding that lost all of its keys has none."""
    overrides: Mapping[str, str] = field(default_factory=dict)
    """What is to be set in place of what is shipped, several keys with commas between."""
    troubles: tuple[Trouble, ...] = ()


def keymap_of(rooms: Sequence[Room], wanted: Mapping[str, str]) -> Keymap:
    """The keys in force when a user wants these (id → keys, comma-separated). What cannot be is left out and told of; nothing raises."""
    shipped = {bound.id: bound.keys for room in rooms for bound in room.bounds if bound.id}
    everywhere = {bound.id for room in rooms for bound in room.bounds if bound.everywhere}
    troubles: list[Trouble] = []
    asked: dict[str, tuple[str, ...]] = {}
    for id, text in wanted.items():
        if id not in shipped:
            troubles.append(Trouble(id, f"no key is called that{_near(id, shipped)}; help lists them all"))
            continue
        good, wrong = _read(text, typed=id not in everywhere)
        troubles += [Trouble(id, reason) for reason in wrong]
        if good:
            asked[id] = good
    lost = _conflicts(rooms, shipped | asked, asked, everywhere, troubles)
    kept = {id: tuple(key for key in keys if (id, key) not in lost) for id, keys in (shipped | asked).items()}
    overrides = {id: ",".join(kept[id]) for id in asked if kept[id] and kept[id] != shipped[id]}
    keys = {id: found or tuple(key for key in shipped[id] if (id, key) not in lost) for id, found in kept.items()}
    return Keymap(keys, overrides, tuple(troubles))


def _near(id: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(id, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _read(text: str, *, typed: bool) -> tuple[tuple[str, ...], list[str]]:
    """The keys of an entry, and what is wrong with others in it. `typed`: whether a letter may be among them."""
    good: list[str] = []
    wrong: list[str] = []
    # A comma alone is the key of that name; between keys it parts them.
    for part in [text] if text.strip() == "," else text.split(","):
        if not (name := part.strip()):
            wrong.append("a key is missing")
        elif (key := normal(name)) is None:
            wrong.append(f"{name} is no key; keys are written like ctrl+x, alt+left, f2 or g")
        elif not typed and is_typed(key):
            wrong.append(f"{name} is typed into prompts, and this would take it away from there")
        elif key not in good:
            good.append(key)
    return tuple(good), wrong


def normal(name: str) -> str | None:
    """A key as Textual calls it, from how people write it (`^x`, `Ctrl+X`, `?`, `Esc`); None where there is none such."""
    if len(name) == 1:
        return key_of_character(name)
    if name.startswith("^") and len(name) == 2:
        name = f"ctrl+{name[1]}"
    *modifiers, base = name.split("+") if not name.endswith("++") else (*name[:-2].split("+"), "plus")
    modifiers = [each.strip().lower() for each in modifiers]
    base = base.strip()
    if not all(each in MODIFIERS for each in modifiers) or len(set(modifiers)) < len(modifiers):
        return None
    if modifiers == ["shift"] and len(base) == 1 and base.isalpha():
        return base.upper()
    if len(base) == 1:
        base = key_of_character(base.lower() if modifiers else base)
    else:
        base = ALIASES.get(base.lower(), base.lower())
        if base not in _NAMED and _character(base) is None:
            return None
    return "+".join((*sorted(modifiers), base)) if base else None


def is_typed(key: str) -> bool:
    """Whether a key writes something where text is written."""
    return (_character(key) or "\0").isprintable()


def _character(key: str) -> str | None:
    """What a key writes; `slash` and its like are Textual's own names."""
    return key_to_character(REPLACED_KEYS.get(key, key))


def _conflicts(
    rooms: Sequence[Room],
    keys: Mapping[str, tuple[str, ...]],
    asked: Collection[str],
    everywhere: Collection[str],
    troubles: list[Trouble],
) -> set[tuple[str, str]]:
    """(id, key) of what loses a key to another in the same room. What works everywhere wins, then what the user set, the first named first."""
    lost: set[tuple[str, str]] = set()
    told: set[tuple[str, str, str]] = set()
    first_named = {id: number for number, id in enumerate(asked)}
    general = [bound for room in rooms for bound in room.bounds if bound.everywhere]
    for room in rooms:
        found = dict.fromkeys(bound.id for bound in (*room.bounds, *(() if room.modal else general)) if bound.id)
        fixed = {key: bound.words for bound in room.bounds if not bound.id for key in bound.keys}
        owners: dict[str, str] = {}
        for id in sorted(found, key=lambda id: (id not in everywhere or room.modal, first_named.get(id, len(first_named)))):
            for key in keys[id]:
                owner = owners.setdefault(key, id)
                if id in asked and key in fixed:
                    lost.add((id, key))
                    troubles.append(Trouble(id, f"{key} cannot be moved from {fixed[key]}, which keeps it"))
                elif owner != id and (id in asked or owner in asked):
                    lost.add((id, key))
                    if (key, owner, id) not in told:
                        told.add((key, owner, id))
                        named = id if id in asked else owner
                        troubles.append(Trouble(named, f"{key} is bound twice, to {owner} and {id}; {owner} has it"))
    return lost
