"""A filter as a person writes it: `kind:answered thread:reviewer,operator two words`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from codex_desk.frozen import frozen


@frozen
class Query:
    """Words, and what was asked of named fields; each field's values are alternatives."""

    words: tuple[str, ...] = ()
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, name: str) -> tuple[str, ...]:
        """The values of a field; none where it was not given."""
        return self.fields.get(name, ())


def parse_query(text: str, names: Sequence[str]) -> Query:
    """Take a filter apart. `names`: the fields that there are; what stands before any other colon is part of a word. A field without a value, as it is
    while somebody writes one, asks for nothing. A leading `@` of a handle is left out."""
    words: list[str] = []
    fields: dict[str, tuple[str, ...]] = {}
    for part in text.split():
        name, colon, value = part.partition(":")
        if not colon or name.lower() not in names:
            words.append(part)
            continue
        values = tuple(each.removeprefix("@").lower() for each in value.split(",") if each.removeprefix("@"))
        if values:
            fields[name.lower()] = fields.get(name.lower(), ()) + values
    return Query(tuple(words), fields)


def with_field(text: str, name: str, values: Sequence[str]) -> str:
    """The filter with other values for one field; none takes the field out."""
    kept = [part for part in text.split() if not part.lower().startswith(f"{name}:")]
    return " ".join([*([f"{name}:{','.join(values)}"] if values else []), *kept])


def completed(text: str, choices: Mapping[str, Sequence[str]]) -> str | None:
    """The filter with its last word completed, where that is the beginning of a field or of one of its values; None where nothing completes it.

    `choices`: values by field."""
    head, gap, last = text.rpartition(" ")
    name, colon, value = last.partition(":")
    if not colon:
        found = next((f"{each}:" for each in choices if last and each.startswith(last.lower())), None)
        return None if found is None else f"{head}{gap}{found}"
    before, comma, begun = value.rpartition(",")
    found = next((each for each in choices.get(name.lower(), ()) if begun and each.startswith(begun.lower()) and each != begun), None)
    return None if found is None else f"{head}{gap}{name}:{before}{comma}{found}"
