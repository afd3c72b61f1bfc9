"""The desk's own settings file. The user's `config.toml` is never written."""

from __future__ import annotations

import fcntl
import os
import tomllib
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from codex_desk.config.keys import merged, planted, setting, setting_key
from codex_desk.config.layers import user_layer
from codex_desk.config.lines import Key
from codex_desk.config.resolving import check_ours
from codex_desk.config.schema import Provider
from codex_desk.files import write_private
from codex_desk.paths import Home


def set_user_setting(home: Path, key: str, value: object) -> None:
    """Write one setting, or with None take it out again.

    `key` is dotted, as in TOML; a text value is read as the setting's type. Raises `ConfigError` before anything is written,
    and `HomeError` for a home that cannot be used.
    """
    if value is None:
        _write(home, {}, without=setting_key(key))
    else:
        parts, read = setting(key, value)
        _write(home, planted(parts, read))


def add_provider(home: Path, name: str, provider: Provider, *, model: str | None = None) -> None:
    """Keep a provider under a name; with a model, both become the default for threads that choose nothing else.

    Raises `ConfigError` before anything is written.
    """
    table = provider.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    settings: dict[str, object] = {"model_providers": {name: table}}
    if model is not None:
        settings |= {"model_provider": name, "model": model}
    _write(home, settings, without=("model_providers", name))


def _write(home: Path, settings: Mapping[str, object], without: Key = ()) -> None:
    """Merge into the file what is left after `without` is taken out, if the whole is valid. Comments and order of the rest stay."""
    places = Home(home).create()
    with _locked(places.run / "settings.lock"):
        text = _read(places.settings_toml)
        whole = merged(_without(tomllib.loads(text), without), settings)
        check_ours(home, whole)
        write_private(places.settings_toml, rewritten(text, whole).encode())


def _read(path: Path) -> str:
    """All that the file holds, keys of a newer version included. Raises `ConfigError` for a file that was broken by hand."""
    user_layer("settings.toml", path)
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""


def rewritten(text: str, whole: Mapping[str, object]) -> str:
    """A TOML text that holds the whole, and keeps of the old text what need not change."""
    if not text.strip():
        return tomli_w.dumps(whole)
    import tomlkit  # only where a text is edited
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        _fit(document, whole)
        fitted = tomlkit.dumps(document)
        if tomllib.loads(fitted) != whole:
            raise ValueError("the text says something else")
    except (TOMLKitError, ValueError):  # of two ways to write it, the one that is right
        fitted = tomli_w.dumps(whole)
    return fitted.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in text else fitted


def _fit(table: MutableMapping[str, Any], wanted: Mapping[str, object]) -> None:
    """Make a table of the document hold what is wanted, and touch nothing that it holds already."""
    for name in [name for name in table if name not in wanted]:
        del table[name]
    for name, value in wanted.items():
        held = table.get(name)
        if isinstance(held, MutableMapping) and isinstance(value, Mapping):
            _fit(held, value)
        elif held != value or type(held) is bool is not type(value):
            table[name] = value


def _without(tree: Mapping[str, object], key: Key) -> dict[str, object]:
    """The tree without the key, and without tables that are empty then."""
    rest = dict(tree)
    if not key or key[0] not in rest:
        return rest
    below = rest.pop(key[0])
    if len(key) > 1 and isinstance(below, Mapping):
        left = _without(below, key[1:])
        if left:
            rest[key[0]] = left
    return rest


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time, over processes, so that no setting is lost between reading and writing."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
