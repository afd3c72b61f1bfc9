"""Which keys are settings, and how a text becomes a setting's value."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from codex_desk.config.errors import ConfigError
from codex_desk.config.lines import Key, parse_key
from codex_desk.config.schema import Profile, Settings, Table

ALIASES = {
    "sandbox": "sandbox_mode",
    "approval": "approval_policy",
    "provider": "model_provider",
    "effort": "model_reasoning_effort",
    "instructions": "developer_instructions",
}
"""Short names that people write after `set THREAD`."""

DEFAULTS: Mapping[str, object] = Settings().model_dump(mode="json")
THREAD_TABLES = frozenset({"sandbox_workspace_write", "agents", "budgets", "multi_agent"})


def dotted(key: Key) -> str:
    return ".".join(part if part and all(char.isalnum() or char in "-_" for char in part) else f'"{part}"' for part in key)


def leaves(data: Mapping[str, object], above: Key = ()) -> Iterator[tuple[Key, object]]:
    """Every value with its key; lists and empty tables are values."""
    for name, value in data.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*above, name))
        else:
            yield (*above, name), value


def nested(settings: Mapping[str, object]) -> dict[str, object]:
    """Tables from a mapping whose names may be dotted: `{"agents.max_depth": 2}`."""
    tree: dict[str, object] = {}
    for name, value in settings.items():
        try:
            key = parse_key(name)
        except ValueError:
            key = (name,)
        tree = merged(tree, planted(key, value))
    return tree


def planted(key: Key, value: object) -> dict[str, object]:
    for part in reversed(key[1:]):
        value = {part: value}
    return {key[0]: value}


def merged(lower: Mapping[str, object], upper: Mapping[str, object]) -> dict[str, object]:
    """Tables are merged key by key; anything else, lists included, is replaced."""
    result = dict(lower)
    for name, value in upper.items():
        below = result.get(name)
        result[name] = merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


def table_type(annotation: object) -> tuple[type[Table] | None, bool]:
    """The table that a field holds, and whether it holds them by name."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation, False
    if get_origin(annotation) is dict:
        held = get_args(annotation)[1]
        if isinstance(held, type) and issubclass(held, Table):
            return held, True
    return None, False


class _Kind(NamedTuple):
    """How one setting's value is read."""

    adapter: TypeAdapter[object]
    is_list: bool


@cache
def _kind(key: Key) -> _Kind | None:
    """None where the key is no setting that holds one value."""
    table: type[Table] = Settings
    parts = list(key)
    while parts:
        field = table.model_fields.get(parts.pop(0))
        if field is None:
            return None
        inner, by_name = table_type(field.annotation)
        if inner:
            del parts[: int(by_name)]
            table = inner
        elif get_origin(field.annotation) is dict:
            return _Kind(TypeAdapter(get_args(field.annotation)[1]), False) if len(parts) == 1 else None
        elif not parts:
            return _Kind(TypeAdapter(field.rebuild_annotation()), get_origin(field.annotation) is tuple)
    return None


def is_setting(key: Key) -> bool:
    return _kind(key) is not None


def from_text(key: Key, text: str) -> object:
    """A value as an environment variable holds it: a list is written as in TOML, anything else is left to validation."""
    kind = _kind(key)
    if kind is None or not kind.is_list:
        return text
    try:
        return tomllib.loads(f"list = {text}")["list"]
    except tomllib.TOMLDecodeError:
        raise ConfigError('must be a list, such as ["one", "two"]', key=dotted(key), code="bad_value") from None


def _known(name: str) -> tuple[Key, _Kind]:
    try:
        key = parse_key(ALIASES.get(name, name))
    except ValueError:
        key = (name,)
    kind = _kind(key)
    if kind is None:
        raise ConfigError(unknown(key), key=name, code="unknown_key")
    return key, kind


def setting_key(name: str) -> Key:
    """The key of a setting that holds one value, from its dotted or short name. Raises `ConfigError`: `unknown_key`."""
    return _known(name)[0]


def setting(name: str, value: object) -> tuple[Key, object]:
    """A setting as a person names it, with its value read: `("agents.max_depth", "2")` is `(("agents", "max_depth"), 2)`.

    Raises `ConfigError`: `unknown_key`, `bad_value`.
    """
    key, kind = _known(name)
    if isinstance(value, str):
        value = from_text(key, value)
    try:
        read = kind.adapter.dump_python(kind.adapter.validate_python(value), mode="json")
    except ValidationError as error:
        raise ConfigError(in_words(error.errors(include_input=False)[0]["msg"]), key=name, code="bad_value") from None
    if reason := _refused(key, read):
        raise ConfigError(reason, key=name, code="bad_value")
    return key, read


def _refused(key: Key, value: object) -> str | None:
    """What the setting's table says against a value of the right type."""
    try:
        Settings.model_validate(merged(DEFAULTS, planted(key, value)))
    except ValidationError as error:
        # What is missing is no fault of this value: a provider is put together key by key.
        return next((in_words(found["msg"]) for found in error.errors(include_input=False) if found["type"] != "missing"), None)
    return None


def thread_setting(name: str, value: object) -> tuple[str, object]:
    """A thread's own setting: its full dotted name and its value, ready to be stored as JSON. Raises `ConfigError` as `setting` does."""
    key = setting_key(name)
    if key != ("profile",) and key[0] not in Profile.model_fields and key[0] not in THREAD_TABLES:
        raise ConfigError("not a setting of a thread; it counts for the whole desk", key=name, code="unknown_key")
    return dotted(key), setting(name, value)[1]


def unknown(key: Key) -> str:
    """What to say of a key that is no setting, with the one that was probably meant."""
    table: type[Table] = Settings
    parts = list(key)
    while parts:
        part = parts.pop(0)
        field = table.model_fields.get(part)
        if field is None:
            near = difflib.get_close_matches(part, table.model_fields, n=1)
            return f"unknown key; did you mean {near[0]}?" if near else "unknown key"
        inner, by_name = table_type(field.annotation)
        if by_name:
            del parts[:1]
        if inner is None and get_origin(field.annotation) is not dict:
            return "unknown key"
        table = inner or table
        if inner is None:
            break
    return "a table; name one of the settings in it"


def in_words(message: str) -> str:
    """One of pydantic's messages, as the end of a sentence that begins with the key."""
    return message.removeprefix("Value error, ").replace("Input should", "must", 1).replace("String should", "must", 1)
