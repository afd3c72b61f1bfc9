"""Records that go from one process to another by their values alone: what a dataclass with slots does by itself asks for its fields each
time, at either end."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

Record = TypeVar("Record")


def crosses(record: type[Record]) -> type[Record]:
    """Make a dataclass of at least two fields, all of which its `__init__` takes, one that is pickled as a call of it."""
    values = attrgetter(*(each.name for each in fields(record)))  # pyright: ignore[reportArgumentType] - it is a dataclass

    def reduced(self: Record) -> tuple[type[Record], Any]:
        return record, values(self)

    record.__reduce__ = reduced  # pyright: ignore[reportAttributeAccessIssue] - of whatever shape the record is
    return record
