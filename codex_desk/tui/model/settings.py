"""How settings are told of: where a value comes from, what it hides, and what a change came to. Imports the settings: not for the first frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from codex_desk.config.describing import Described, Place, SettingRow, environment_variable, said
from codex_desk.config.lines import Key
from codex_desk.frozen import frozen
from codex_desk.text import one_line

Written = Literal["settings.toml", "thread"]
"""The layers that the screen writes."""
GENERAL = "general"
"""What the table of the keys without a table is called."""


@frozen
class Group:
    """The rows of one table."""

    title: str
    rows: Sequence[SettingRow]


def grouped(rows: Iterable[SettingRow]) -> list[Group]:
    """Table by table, in the order in which they come."""
    groups: dict[str, list[SettingRow]] = {}
    for row in rows:
        groups.setdefault(".".join(row.described.key[:-1]) or GENERAL, []).append(row)
    return [Group(title, found) for title, found in groups.items()]


def found(rows: Iterable[SettingRow], query: str, title: str = "") -> list[SettingRow]:
    """The rows in whose key, value, layer or description, or in whose group's title, every word of the query stands."""
    words = query.lower().split()
    return [row for row in rows if all(word in f"{title} {_text(row)}" for word in words)]


def _text(row: SettingRow) -> str:
    return f"{row.name} {said(row.value)} {row.place.layer} {row.described.about}".lower()


def settled(row: SettingRow, value: object) -> SettingRow:
    """A row whose value is the thread's own and no layer's: settled when it was made."""
    return SettingRow(row.described, value, row.default, (*row.places, Place("thread", value)))


def holds(row: SettingRow, layer: Written) -> bool:
    """Whether a layer sets it."""
    return any(place.layer == layer for place in row.places)


def not_unset(row: SettingRow, layer: Written) -> str:
    """Why a setting cannot be taken out of a layer."""
    if holds(row, layer):
        return f"{row.name} was settled when the session was made: it can be changed, not taken back"
    whose = "this thread has no own" if layer == "thread" else "settings.toml has no"
    comes = f"it comes from {place_words(row.place, row.described.key)}" if row.places else "the default counts"
    return f"{whose} {row.name}: {comes}"


def place_words(place: Place, key: Key) -> str:
    """Where a value was set: `config.toml line 3`, `CODEX_DESK_MODEL in the environment`, `this thread's own`."""
    line = f" line {place.line}" if place.line else ""
    match place.layer:
        case "config.toml" | "settings.toml":
            return f"{place.layer}{line}"
        case "project":
            return f"the project's config.toml{line}"
        case "environment":
            return f"{environment_variable(key)} in the environment"
        case "profile":
            return f"the profile, {place.file.name}{line}" if place.file else "the profile"
        case "thread":
            return "this thread's own"
        case "flag":
            return "the command line"
    return "default"


def hidden_words(row: SettingRow) -> str:
    """What the layer in force hides; empty where that is nothing."""
    return ", ".join(f"{value_words(place.value)} of {place_words(place, row.described.key)}" for place in row.hidden)


def value_words(value: object, limit: int = 60) -> str:
    """A value on one line; what cannot be used is not shown, since it may be a secret in the wrong place."""
    return "a value that cannot be used" if value is None else one_line(said(value), limit) or "empty"


def saved_words(row: SettingRow, *, mine: Written, value: object | None) -> str:
    """What a change came to. `mine`: the layer that was written; `value`: what was written there, None for a setting that was taken out."""
    now = f"{row.name} is {value_words(row.value) if row.value is not None else 'not set'}"
    place = place_words(row.place, row.described.key)
    if value is None:
        return f"{now}, as {place} says" if row.places else f"{now}, the default"
    if row.place.layer == mine:
        return now
    return f"{value_words(value)} is kept in {mine}, but {place} comes before it: {now}"


def takes_words(described: Described, names: Sequence[str] = ()) -> str:
    """Which values a setting takes. `names`: those of the tables that it names one of."""
    if names:
        return f"{' · '.join(names)}{', or nothing' if described.optional else ''}"
    match described.kind:
        case "choice":
            kind = " · ".join(described.choices)
        case "switch":
            kind = "yes or no"
        case "number":
            kind = "a number"
        case "list":
            kind = 'a list, such as ["one", "two"]'
        case "text":
            kind = "text"
    return f"{kind}, or nothing" if described.optional else kind
