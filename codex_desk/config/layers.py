"""One layer of the settings: a file, the environment or a mapping, sorted into settings, Codex's unused keys and unknown ones."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Literal, get_origin

from codex_desk.config.errors import ConfigError, ConfigWarning
from codex_desk.config.keys import dotted, from_text, is_setting, leaves, merged, nested, planted, table_type, unknown
from codex_desk.config.lines import Key, key_lines
from codex_desk.config.schema import Settings, Table
from codex_desk.files import FileRefused, read_beneath, read_regular
from codex_desk.frozen import frozen

LayerName = Literal["default", "config.toml", "settings.toml", "project", "environment", "profile", "thread", "flag"]
"""Where a setting came from, lowest first."""

ENVIRONMENT_PREFIX = "CODEX_DESK_"
_NO_SETTINGS = frozenset({"CODEX_DESK_HOME", "CODEX_DESK_THREAD"})
_UNUSED = "a key of Codex's that codex-desk does not use"
_MAX_BYTES = 1 << 20


@frozen
class Layer:
    name: LayerName
    data: Mapping[str, object]
    """Tables of settings, not yet validated."""
    file: Path | None = None
    lines: Mapping[Key, int] = field(default_factory=dict)
    warnings: tuple[ConfigWarning, ...] = ()

    def line(self, key: Key) -> int | None:
        """The line of the key, or else of the nearest table that it is in."""
        return next((self.lines[key[:length]] for length in range(len(key), 0, -1) if key[:length] in self.lines), None)

    def has(self, key: Key) -> bool:
        value: object = self.data
        for part in key:
            if not isinstance(value, Mapping) or part not in value:
                return False
            value = value[part]
        return True

    def warning(self, key: Key, message: str) -> ConfigWarning:
        return ConfigWarning(self.file, self.line(key), dotted(key), message)


def sorted_out(layer: Layer) -> Layer:
    """The layer with its settings only, and a warning for everything else that was in it."""
    layer = _renamed(layer)
    findings: list[tuple[Key, str]] = []
    own = _sift(layer.data, Settings, (), findings)
    return replace(layer, data=own, warnings=(*layer.warnings, *(layer.warning(key, message) for key, message in findings)))


def _sift(data: Mapping[str, object], table: type[Table], above: Key, findings: list[tuple[Key, str]]) -> dict[str, object]:
    own: dict[str, object] = {}
    for name, value in data.items():
        key = (*above, name)
        known = table.model_fields.get(name)
        if known is None:
            codexs = name in table.codex_keys or (table.other_tables_are_codexs and isinstance(value, Mapping))
            findings.append((key, _UNUSED if codexs else unknown(key)))
            continue
        inner, by_name = table_type(known.annotation)
        if not isinstance(value, Mapping):
            own[name] = value
        elif inner and by_name:
            own[name] = {
                entry: _sift(held, inner, (*key, entry), findings) if isinstance(held, Mapping) else held for entry, held in value.items()
            }
        elif inner:
            own[name] = _sift(value, inner, key, findings)
        elif get_origin(known.annotation) is dict:
            # Codex groups its bindings in tables; ours are one name each.
            findings.extend(((*key, entry), _UNUSED) for entry, held in value.items() if isinstance(held, Mapping))
            own[name] = {entry: held for entry, held in value.items() if not isinstance(held, Mapping)}
        else:
            own[name] = value
    return own


def _renamed(layer: Layer) -> Layer:
    """`[subagents.shared_scope]` is another name for `[agents.shared_workspace]`, `shared_workspace = true` short for `enabled`, and
    `shared_workspace_mode` another name for `write_policy`."""
    data = dict(layer.data)
    lines = dict(layer.lines)
    old, new = ("subagents", "shared_scope"), ("agents", "shared_workspace")
    subagents = data.get("subagents")
    if isinstance(subagents, Mapping) and "shared_scope" in subagents:
        rest = {name: value for name, value in subagents.items() if name != "shared_scope"}
        del data["subagents"]
        data = merged(planted(new, subagents["shared_scope"]), data | ({"subagents": rest} if rest else {}))
        lines |= {(*new, *key[2:]): line for key, line in layer.lines.items() if key[:2] == old}
    agents = data.get("agents")
    if isinstance(agents, Mapping) and isinstance(agents.get("shared_workspace"), bool):
        agents = {**agents, "shared_workspace": {"enabled": agents["shared_workspace"]}}
        data["agents"] = agents
    mode = ("agents", "shared_workspace_mode")
    if isinstance(agents, Mapping) and mode[1] in agents:
        policy = planted((new[1], "write_policy"), agents[mode[1]])
        data["agents"] = merged(policy, {name: value for name, value in agents.items() if name != mode[1]})
        lines |= {(*new, "write_policy"): line for key, line in layer.lines.items() if key == mode and (*new, "write_policy") not in lines}
    return replace(layer, data=data, lines=lines)


Signature = tuple[int, int, int]

_loaded: dict[tuple[Path, Path | None], tuple[Signature, Layer]] = {}
"""Files as they were last read, so that settings can be resolved for every turn."""


def user_layer(name: LayerName, path: Path) -> Layer:
    """One of the user's own files, which may be a link; empty where there is none. Raises `ConfigError`.

    A file that was read before and is gone raises: without it a turn might run with wider rights than the user set.
    """
    try:
        return _load(name, path, None)
    except FileNotFoundError:
        if (path, None) in _loaded:
            raise ConfigError(
                "it was read before and is gone; put it back, or start codex-desk again to go on without", file=path
            ) from None
        return Layer(name, {}, path)
    except FileRefused as refusal:
        raise ConfigError(str(refusal), file=path) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}", file=path) from error


def project_file_layer(path: Path, root: Path) -> Layer:
    """A trusted project's file, whose real path must lie in the project. A file that cannot be read is a warning, a broken one a `ConfigError`.

    It may come and go: a project is under version control.
    """
    try:
        return _load("project", path, root)
    except (FileNotFoundError, NotADirectoryError):
        return Layer("project", {}, path)
    except FileRefused as refusal:
        reason = str(refusal)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
    return Layer("project", {}, path, warnings=(ConfigWarning(path, None, "", f"not used: {reason}"),))


def _load(name: LayerName, path: Path, root: Path | None) -> Layer:
    info = path.stat()
    signature = (info.st_mtime_ns, info.st_size, info.st_ino)
    known = _loaded.get((path, root))
    if known and known[0] == signature:
        return known[1]
    data = read_regular(path, _MAX_BYTES + 1) if root is None else read_beneath(root, path, _MAX_BYTES + 1)
    layer = sorted_out(parsed(name, path, data))
    _loaded[path, root] = (signature, layer)
    return layer


def parsed(name: LayerName, path: Path, data: bytes) -> Layer:
    """What a file of these bytes says, not yet sorted into settings and others. Raises `ConfigError` for what is no TOML."""
    if len(data) > _MAX_BYTES:
        raise ConfigError("larger than 1 MB", file=path)
    text = ""
    try:
        text = data.decode("utf-8-sig")  # some editors put a byte order mark before what they save
        return Layer(name, tomllib.loads(text), path, key_lines(text))
    except UnicodeDecodeError as error:
        raise ConfigError("not UTF-8", file=path, line=data.count(b"\n", 0, error.start) + 1) from None
    except tomllib.TOMLDecodeError as error:
        if line := _key_and_table(text):
            raise ConfigError(_BOTH, file=path, line=line, key="agents.shared_workspace") from None
        raise ConfigError(_toml_reason(error), file=path, line=_toml_line(error, data)) from None
    except RecursionError:
        raise ConfigError("nested too deeply", file=path) from None


_BOTH = (
    "is both a key of [agents] and a table, which TOML refuses; write one of them: take the line `shared_workspace = true` out and put "
    "`enabled = true` into [agents.shared_workspace]"
)
_SHARED_KEY = re.compile(r"^\s*(?:agents\.)?shared_workspace\s*=")
_SHARED_TABLE = re.compile(r"^\s*\[\s*agents\s*\.\s*shared_workspace\s*\]")


def _key_and_table(text: str) -> int | None:
    """The line of `[agents.shared_workspace]` where the same file has the key as well."""
    lines = text.split("\n")
    if not any(_SHARED_KEY.match(line) for line in lines):
        return None
    return next((number for number, line in enumerate(lines, 1) if _SHARED_TABLE.match(line)), None)


_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def _toml_reason(error: tomllib.TOMLDecodeError) -> str:
    words = _PLACE.sub("", str(error))
    return f"not TOML: {words[:1].lower()}{words[1:]}"


def _toml_line(error: tomllib.TOMLDecodeError, data: bytes) -> int:
    match = _PLACE.search(str(error))
    return int(match[1]) if match and match[1] else data.count(b"\n") + 1


def environment_layer(env: Mapping[str, str]) -> Layer:
    """`CODEX_DESK_MODEL`, and with two underscores between tables `CODEX_DESK_AGENTS__MAX_DEPTH`. Empty variables count as not set."""
    data: dict[str, object] = {}
    warnings: list[ConfigWarning] = []
    for variable, text in env.items():
        if not text or not variable.startswith(ENVIRONMENT_PREFIX) or variable in _NO_SETTINGS:
            continue
        key = tuple(variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__"))
        if is_setting(key):
            data = merged(data, planted(key, _from_variable(variable, key, text)))
        else:
            warnings.append(ConfigWarning(None, None, variable, unknown(key)))
    return sorted_out(Layer("environment", data, warnings=tuple(warnings)))


def _from_variable(variable: str, key: Key, text: str) -> object:
    try:
        return from_text(key, text)
    except ConfigError as error:
        raise ConfigError(error.reason, key=variable, code=error.code) from None


def mapping_layer(name: LayerName, settings: Mapping[str, object]) -> Layer:
    """A thread's own settings or flags; names may be dotted."""
    return sorted_out(Layer(name, nested(settings)))


def sources(layers: tuple[Layer, ...]) -> Iterator[tuple[str, str]]:
    """Each setting's dotted key with the layer it comes from; later ones replace earlier ones."""
    for layer in layers:
        for key, _ in leaves(layer.data):
            yield dotted(key), layer.name
