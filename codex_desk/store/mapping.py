"""Rows of a table as objects and back, with statements that are written once per table.

The tables say how each column is stored; this reads it off them, so that a write costs a prepared statement and not the making of one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import JSON, Boolean, Integer, LargeBinary
from sqlalchemy.orm import configure_mappers
from sqlalchemy.orm.attributes import manager_of_class
from sqlmodel import SQLModel

from codex_desk.frozen import frozen
from codex_desk.store.tables import Moment, moment_text

M = TypeVar("M", bound=SQLModel)

_SURROGATES = re.compile("[\ud800-\udfff]")
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@frozen
class _Column:
    name: str
    store: Callable[[Any], Any] | None
    load: Callable[[Any], Any] | None


@frozen
class Mapping(Generic[M]):
    """How one model stands in its table."""

    model: type[M]
    table: str
    columns: tuple[_Column, ...]
    key: str
    has_changed: bool

    @property
    def selected(self) -> str:
        return ", ".join(f'"{column.name}"' for column in self.columns)

    def hydrate(self, row: Sequence[Any]) -> M:
        """The object of a row that was selected by `selected`."""
        made: M = manager_of_class(self.model).new_instance()
        # As the ORM itself loads: into the instance's dictionary. Going through the attributes costs ten times as much.
        vars(made).update(
            (column.name, value if column.load is None or value is None else column.load(value))
            for column, value in zip(self.columns, row, strict=True)
        )
        return made

    def get_sql(self) -> str:
        return _get_sql(self)

    def insert(self, row: M, *, with_key: bool) -> tuple[str, list[Any]]:
        """The statement that inserts `row`, and its values."""
        columns = [column for column in self.columns if with_key or column.name != self.key]
        return _insert_sql(self, with_key), [_stored(column, getattr(row, column.name)) for column in columns]

    def update(self, names: tuple[str, ...], row: M) -> tuple[str, list[Any]]:
        """The statement that writes the named columns of `row`, and its values."""
        columns = {column.name: column for column in self.columns}
        return _update_sql(self, names), [*(_stored(columns[name], getattr(row, name)) for name in names), getattr(row, self.key)]


_MAPPINGS: dict[type[SQLModel], Mapping[Any]] = {}


def storable(text: str) -> str:
    """The text with `U+FFFD` for lone surrogates, which models and file names bring and SQLite refuses."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def mapping_of(model: type[M]) -> Mapping[M]:
    """The mapping of a table model; made once."""
    found = _MAPPINGS.get(model)
    if found is None:
        found = _MAPPINGS[model] = _mapping(model)
    return found


def _mapping(model: type[M]) -> Mapping[M]:
    configure_mappers()  # an instance that the ORM has not prepared its class for cannot be read
    table = model.__table__  # type: ignore[attr-defined]
    columns = tuple(_column(column) for column in table.columns)
    return Mapping(model, table.name, columns, next(iter(table.primary_key.columns)).name, "changed" in table.columns)


def _column(column: Any) -> _Column:
    match column.type:
        case Moment():
            return _Column(column.name, moment_text, datetime.fromisoformat)
        case JSON():
            return _Column(column.name, lambda value: storable(_ENCODE(value)), json.loads)
        case Boolean():
            return _Column(column.name, int, bool)
        case Integer() | LargeBinary():
            return _Column(column.name, None, None)
        case _:
            return _Column(column.name, storable, None)


def _stored(column: _Column, value: Any) -> Any:
    return value if column.store is None or value is None else column.store(value)


@cache
def _get_sql(mapping: Mapping[Any]) -> str:
    return f'SELECT {mapping.selected} FROM "{mapping.table}" WHERE "{mapping.key}" = ?'


@cache
def _insert_sql(mapping: Mapping[Any], with_key: bool) -> str:
    names = [column.name for column in mapping.columns if with_key or column.name != mapping.key]
    listed = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{mapping.table}" ({listed}) VALUES ({", ".join("?" * len(names))})'


@cache
def _update_sql(mapping: Mapping[Any], names: tuple[str, ...]) -> str:
    sets = ", ".join(f'"{name}" = ?' for name in names)
    return f'UPDATE "{mapping.table}" SET {sets} WHERE "{mapping.key}" = ?'
