"""From layers to the settings in force, each with the layer it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from functools import reduce
from pathlib import Path

from pydantic import ValidationError

from codex_desk.config.errors import ConfigError, ConfigWarning
from codex_desk.config.keys import DEFAULTS, dotted, in_words, leaves, merged
from codex_desk.config.layers import ENVIRONMENT_PREFIX, Layer, environment_layer, mapping_layer, sources, user_layer
from codex_desk.config.lines import Key
from codex_desk.config.project import project_layer
from codex_desk.config.schema import Provider, Settings
from codex_desk.frozen import frozen
from codex_desk.paths import Home

_NOTHING: Mapping[str, object] = {}


@frozen
class Resolved:
    """The settings in force."""

    settings: Settings
    warnings: tuple[ConfigWarning, ...]
    layers: tuple[Layer, ...] = field(default=(), repr=False)
    """Lowest first."""

    @property
    def sources(self) -> Mapping[str, str]:
        """Dotted key to the name of its layer: default, config.toml, settings.toml, project, environment, profile, thread, flag. Made when it is
        asked for: every turn resolves the settings, and people look at them now and then."""
        set_in = dict(sources(self.layers))
        return {key: set_in.get(key, "default") for key in _flat(self.settings)}

    @property
    def provider(self) -> Provider:
        """The provider that is chosen. Raises `ConfigError` where nobody defined it."""
        name = self.settings.model_provider
        found = self.settings.model_providers.get(name)
        if found is None:
            known = ", ".join(self.settings.model_providers)
            raise self.error(("model_provider",), f"there is no provider {name}; there are: {known}")
        return found

    @property
    def own_providers(self) -> frozenset[str]:
        """The providers that the user's own files define."""
        return frozenset(_defined(tuple(layer for layer in self.layers if layer.name in ("config.toml", "settings.toml"))))

    def flat(self) -> Mapping[str, object]:
        """Every setting by its dotted key, with values as JSON has them; the keys are those of `sources`."""
        return _flat(self.settings)

    def written_at(self, key: Key) -> tuple[Path | None, int | None]:
        """The file and line of the highest layer that sets a key."""
        return next(((layer.file, layer.line(key)) for layer in reversed(self.layers) if layer.has(key)), (None, None))

    def error(self, key: Key, reason: str) -> ConfigError:
        """An error that names the place where the setting was made."""
        return _error(self.layers, key, reason)


def resolve(
    home: Path,
    *,
    project: Path | None,
    trusted: bool,
    env: Mapping[str, str],
    thread: Mapping[str, object] = _NOTHING,
    flags: Mapping[str, object] = _NOTHING,
) -> Resolved:
    """The settings of a thread, or of the desk where there is none.

    `home` is the desk's home, `project` the thread's project, `trusted` whether the user trusts that folder; `thread` and `flags` may use dotted
    names. Unchanged files are not read again. Raises `ConfigError` for a file or a value that cannot be used.
    """
    user = (*_below_ours(home), user_layer("settings.toml", Home(home).settings_toml))
    place = (home, project, trusted, _written(thread), _written(flags), _of_the_desk(env))
    known = _resolved.get(place)
    same = known is not None and known.user == user
    base = known.base if known is not None and same else _validated(user)
    projects = () if project is None else (project_layer(project, trusted, base, _defined(user)),)
    if known is not None and same and known.projects == projects:
        return known.resolved
    resolved = _put_together((*user, *projects, environment_layer(env)), thread, flags)
    if len(_resolved) >= MOST_KEPT:
        _resolved.clear()
    _resolved[place] = _Known(user, projects, base, resolved)
    return resolved


@frozen
class _Known:
    """What settings came to when they were last asked for here, and the files that this rests on."""

    user: tuple[Layer, ...]
    projects: tuple[Layer, ...]
    base: Settings
    resolved: Resolved


MOST_KEPT = 500
_resolved: dict[tuple[object, ...], _Known] = {}
"""By what was asked. Every turn asks several times, most often for what has not changed."""


def _written(values: Mapping[str, object]) -> str:
    return json.dumps(values, sort_keys=True, default=repr) if values else ""


def _of_the_desk(env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, text in env.items() if name.startswith(ENVIRONMENT_PREFIX))


def _put_together(layers: tuple[Layer, ...], thread: Mapping[str, object], flags: Mapping[str, object]) -> Resolved:
    above = (mapping_layer("thread", thread), mapping_layer("flag", flags))
    layers += (*_profile(layers, above), *above)
    settings = _validated(layers)
    warnings = tuple(warning for layer in layers for warning in layer.warnings)
    return Resolved(settings, warnings, layers)


def _flat(settings: Settings) -> dict[str, object]:
    values = leaves(settings.model_dump(mode="json"))
    # What a profile leaves open is no setting.
    return {dotted(key): value for key, value in values if value is not None or key[0] != "profiles"}


def check_ours(home: Path, data: Mapping[str, object]) -> None:
    """Whether the desk's own file may hold this, above what the user's holds. Raises `ConfigError`."""
    _validated((*_below_ours(home), mapping_layer("settings.toml", data)))


def _below_ours(home: Path) -> tuple[Layer, Layer]:
    return Layer("default", DEFAULTS), user_layer("config.toml", Home(home).config_toml)


def _defined(user: tuple[Layer, ...]) -> set[str]:
    """The providers that the user's own files define, the built-in one left out."""
    tables = (layer.data.get("model_providers") for layer in user if layer.name != "default")
    return {name for table in tables if isinstance(table, Mapping) for name in table}


def _profile(below: tuple[Layer, ...], above: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """The profile that the highest layer chooses, as a layer of its own."""
    chooser = next((layer for layer in reversed(below + above) if layer.data.get("profile") is not None), None)
    if chooser is None:
        return ()
    name = chooser.data["profile"]
    profiles = _merged(below).get("profiles")
    chosen = profiles.get(name) if isinstance(profiles, Mapping) else None
    if not isinstance(chosen, Mapping):
        known = ", ".join(profiles) if isinstance(profiles, Mapping) and profiles else "none"
        raise _error((chooser,), ("profile",), f"there is no profile {name}; there are: {known}")
    return (Layer("profile", chosen),)


def _merged(layers: tuple[Layer, ...]) -> dict[str, object]:
    return reduce(merged, (layer.data for layer in layers), {})


def _validated(layers: tuple[Layer, ...]) -> Settings:
    try:
        return Settings.model_validate(_merged(layers))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = tuple(part for part in first["loc"] if isinstance(part, str))
        # The error itself holds the value, which may be a secret.
        raise _error(layers, key, in_words(first["msg"])) from None


def _error(layers: tuple[Layer, ...], key: Key, reason: str) -> ConfigError:
    """The error of the highest layer that sets the key, or of the one that has the table in which it is missing."""
    for length in range(len(key), 0, -1):
        for layer in reversed(layers):
            if layer.has(key[:length]):
                return ConfigError(reason, file=layer.file, line=layer.line(key[:length]), key=dotted(key), code="bad_value")
    return ConfigError(reason, key=dotted(key), code="bad_value")
