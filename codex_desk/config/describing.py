"""Settings as people look at them: what each is for, which values it takes, where it is set, and what is hidden there.

All of it is read from the settings model and the layers, so that nothing has to be listed a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from codex_desk.config.errors import ConfigError
from codex_desk.config.keys import THREAD_TABLES, dotted, setting, table_type
from codex_desk.config.layers import ENVIRONMENT_PREFIX, Layer, LayerName
from codex_desk.config.lines import Key
from codex_desk.config.resolving import Resolved
from codex_desk.config.schema import Profile, Settings, Table
from codex_desk.frozen import frozen

Kind = Literal["choice", "switch", "number", "text", "list"]


@frozen
class Described:
    """What the settings model says of one key."""

    key: Key
    about: str
    kind: Kind
    choices: tuple[str, ...]
    """Every value that a `choice` takes."""
    optional: bool
    """Whether it may be left open."""
    of_thread: bool
    """Whether a thread may have its own."""

    @property
    def name(self) -> str:
        return dotted(self.key)


@frozen
class Place:
    """One layer that sets a key."""

    layer: LayerName
    value: object
    """As JSON has it; None for a value that cannot be used, which may be a secret in the wrong place."""
    file: Path | None = None
    line: int | None = None

    @property
    def usable(self) -> bool:
        return self.value is not None


@frozen
class SettingRow:
    """One setting in force."""

    described: Described
    value: object
    """As JSON has it."""
    default: object
    """What counts where nothing sets it; None where that is nothing."""
    places: tuple[Place, ...]
    """Every layer that sets it, lowest first; empty where nothing does."""

    @property
    def name(self) -> str:
        return self.described.name

    @property
    def place(self) -> Place:
        """Where the value in force comes from."""
        return self.places[-1] if self.places else Place("default", self.value)

    @property
    def hidden(self) -> tuple[Place, ...]:
        """What the layer in force hides, highest first."""
        return tuple(reversed(self.places[:-1]))


def setting_rows(resolved: Resolved) -> list[SettingRow]:
    """Every setting in force, in the order of the model: the desk's own keys first, then table by table."""
    values = resolved.flat()
    rows: list[SettingRow] = []
    for one in _described(Settings, resolved.settings.model_dump(mode="json"), ()):
        places = tuple(place for layer in resolved.layers if (place := _place(layer, one.key, resolved)) is not None)
        rows.append(SettingRow(one, values.get(one.name), _default(one.key), places))
    return [row for row in rows if row.described.key[0] != "profiles" or row.places]


def _default(key: Key) -> object:
    """What the model says: for the keys of tables that are held by name, what their model does."""
    table: type[Table] = Settings
    parts = list(key)
    while parts:
        field = table.model_fields.get(parts.pop(0))
        if field is None:
            return None
        inner, by_name = table_type(field.annotation)
        if inner is None:
            value = None if parts or field.is_required() else field.get_default(call_default_factory=True)
            return list(map(str, value)) if isinstance(value, tuple) else value
        del parts[: int(by_name)]
        table = inner
    return None


def described(key: Key) -> Described | None:
    """What the model says of a key; None for a key that holds no single value."""
    table: type[Table] = Settings
    parts = list(key)
    while parts:
        name = parts.pop(0)
        field = table.model_fields.get(name)
        if field is None:
            return None
        inner, by_name = table_type(field.annotation)
        if inner is not None:
            del parts[: int(by_name)]
            table = inner
            continue
        if get_origin(field.annotation) is dict:
            return Described(key, field.description or "", "text", (), False, False) if len(parts) == 1 else None
        return None if parts else _of_field(key, field.description or "", field.annotation)
    return None


def environment_variable(key: Key) -> str:
    """The variable that sets a key from the environment."""
    return ENVIRONMENT_PREFIX + "__".join(key).upper()


def said(value: object) -> str:
    """A setting's value as people read it."""
    match value:
        case None:
            return "not set"
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
        case Mapping():
            return "none"
    return str(value)


def written(value: object) -> str:
    """A setting's value as it is typed and read again by `setting`."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            quoted = (str(each).replace("\\", "\\\\").replace('"', '\\"') for each in value)
            return "[" + ", ".join(f'"{each}"' for each in quoted) + "]"
    return said(value)


def _described(table: type[Table], values: Mapping[str, object], above: Key) -> Iterator[Described]:
    """The keys of a table: its own values before its tables. `values` tells which entries there are where tables are held by name."""
    tables: list[tuple[type[Table], Mapping[str, object], Key]] = []
    for name, field in table.model_fields.items():
        key, held = (*above, name), values.get(name)
        inner, by_name = table_type(field.annotation)
        below = held if isinstance(held, Mapping) else {}
        if inner is not None and by_name:
            tables += [(inner, entry, (*key, at)) for at, entry in below.items() if isinstance(entry, Mapping)]
        elif inner is not None:
            tables.append((inner, below, key))
        elif get_origin(field.annotation) is dict:
            yield from (Described((*key, at), field.description or "", "text", (), False, False) for at in below)
        else:
            yield _of_field(key, field.description or "", field.annotation)
    for inner, below, key in tables:
        yield from _described(inner, below, key)


def _of_field(key: Key, about: str, annotation: object) -> Described:
    bare, optional = _bare(annotation)
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    if get_origin(bare) is Literal:
        kind, choices = "choice", tuple(map(str, get_args(bare)))
    elif get_origin(bare) is tuple:
        kind = "list"
    elif isinstance(bare, type) and issubclass(bare, bool):
        kind = "switch"
    elif isinstance(bare, type) and issubclass(bare, int | float):
        kind = "number"
    of_thread = key == ("profile",) or key[0] in Profile.model_fields or key[0] in THREAD_TABLES
    return Described(key, about, kind, choices, optional, of_thread)


def _bare(annotation: object) -> tuple[object, bool]:
    """The type behind its constraints, and whether None is one of its values."""
    optional = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, UnionType):
            held = [each for each in get_args(annotation) if each is not type(None)]
            optional = optional or len(held) < len(get_args(annotation))
            annotation = held[0]
        else:
            return annotation, optional


def _place(layer: Layer, key: Key, resolved: Resolved) -> Place | None:
    """Where a layer sets a key; None where it does not. The defaults are no place: nobody set them."""
    if layer.name == "default" or not layer.has(key):
        return None
    value: object = layer.data
    for part in key:
        value = value[part] if isinstance(value, Mapping) else None
    try:
        value = setting(dotted(key), value)[1]
    except ConfigError:
        value = None
    file, line = layer.file, layer.line(key)
    if layer.name == "profile" and resolved.settings.profile is not None:
        file, line = resolved.written_at(("profiles", resolved.settings.profile, *key))
    return Place(layer.name, value, file, line)
