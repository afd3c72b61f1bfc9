"""One line of a rollout as a record.

Most lines are JSON and are read by the parser that pydantic brings, three times as fast as the standard library's. What it refuses is tried
again with more patience: invalid UTF-8, lone surrogates, and a record that stands behind half a line that a crash left there.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from pydantic_core import from_json

from codex_desk.text import well_formed

LONGEST = 64 << 20
"""Bytes of a line that are read at most."""

DEEPEST = 200
"""Values within values that a record may hold; what writes it out again knows no more than 255."""

_START = b'{"timestamp":'
"""How Codex begins every line."""


class Decoded(NamedTuple):
    record: dict[str, Any] | None
    """None for a line that is no JSON object."""
    repaired: bool = False
    """Bytes that are no UTF-8 were replaced."""
    before: bytes = b""
    """Half a line that stood before the record."""


def decode(line: bytes) -> Decoded:
    """The record of a line without its newline."""
    try:
        record = from_json(line)
    except ValueError:
        return _patiently(line)
    return Decoded(record if isinstance(record, dict) else None)


def _patiently(line: bytes) -> Decoded:
    record, repaired = _parsed(line)
    if record is not None:
        return Decoded(record, repaired)
    at = line.rfind(_START)
    if at > 0:
        record, repaired = _parsed(line[at:])
        if record is not None:
            return Decoded(record, repaired, line[:at])
    return Decoded(None)


def _parsed(line: bytes) -> tuple[dict[str, Any] | None, bool]:
    text = line.decode("utf-8", "replace")
    try:
        record = json.loads(text)
        if not isinstance(record, dict):
            return None, False
        return _storable(record, DEEPEST), "\ufffd" in text and "\ufffd".encode() not in line
    except (ValueError, RecursionError):
        return None, False


def _storable(value: Any, deep: int) -> Any:
    """The value with texts that an encoding has: JSON can spell halves of a surrogate pair. Raises `ValueError` for one that is too deep."""
    if not deep:
        raise ValueError("values within values without end")
    match value:
        case str():
            return well_formed(value)
        case list():
            return [_storable(each, deep - 1) for each in value]
        case dict():
            return {well_formed(key): _storable(each, deep - 1) for key, each in value.items()}
        case _:
            return value
