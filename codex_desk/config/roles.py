"""Roles: named agent configurations, read as Codex reads them (`agents/**/*.toml`), or as a folder `agents/<id>/{config.toml,AGENTS.md}`.

The user's own may say anything that a thread may be set to, a provider of its own included. Of a trusted project's the same counts as of its settings
(semantics.md §13.3). A file that cannot be used is a warning that names it, and never keeps the others from counting.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from codex_desk.config.declared import Declared, declared_roles
from codex_desk.config.errors import ConfigError, ConfigWarning
from codex_desk.config.keys import dotted, in_words, leaves, merged, planted
from codex_desk.config.layers import Layer, parsed, sorted_out
from codex_desk.config.lines import Key
from codex_desk.config.project import Rule, free, narrowed
from codex_desk.config.schema import Settings
from codex_desk.files import FileRefused, read_beneath, read_regular
from codex_desk.frozen import frozen
from codex_desk.paths import Home, is_there
from codex_desk.text import one_line

ANY_ROLE = "*"
"""In `multi_agent.agents`: every role."""

MOST_FILES = 200
MAX_BYTES = 1 << 20
ABOUT = 200
"""Characters of a description that a model is told."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}")
_OF_ROLES = frozenset({"name", "description", "nickname_candidates"})
_OF_THE_DESK = frozenset({"tui", "codex"})
_MORE: Mapping[Key, Rule] = {("model_reasoning_effort",): free}
"""Beside a project's own settings: how long a model thinks is a part of which model it is."""


@frozen
class Role:
    name: str
    description: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    """What it sets, by dotted key, ready to be stored as JSON."""
    file: Path | None = None
    """None for one that is built in."""
    warnings: tuple[ConfigWarning, ...] = ()
    """What in its file has no effect."""


BUILT_IN: Mapping[str, Role] = {
    role.name: role
    for role in (
        Role("default", "as its parent is set"),
        Role("explorer", "for questions about the code: it reads, and answers"),
        Role("worker", "for changes and other work that takes a while"),
    )
}
"""The roles that Codex has of its own. They set nothing."""


@frozen
class Roles:
    found: Mapping[str, Role]
    warnings: tuple[ConfigWarning, ...] = ()
    """Files that are no roles, and roles that are off."""

    def of(self, name: str) -> Role | None:
        return self.found.get(name) or BUILT_IN.get(name)

    def offered(self, allowed: Sequence[str]) -> tuple[Role, ...]:
        """The roles that a thread with this `multi_agent.agents` may use; those that are built in come last."""
        every = (*self.found.values(), *(role for name, role in BUILT_IN.items() if name not in self.found))
        return every if ANY_ROLE in allowed else tuple(role for role in every if role.name in allowed)


def read_roles(home: Path, codex_home: Path, project: Path | None, *, trusted: bool, user: Settings, providers: Sequence[str]) -> Roles:
    """Every role that counts in a project. The project's come before the user's, the desk's own folder before Codex's.

    `user`: the settings in force without any role; `providers`: those that the user defined.
    """
    found: dict[str, Role] = {}
    warnings: list[ConfigWarning] = []
    base = user.model_dump(mode="json")
    if project is not None:
        for folder, codexs in ((project / ".codex-desk" / "agents", False), (project / ".codex" / "agents", True)):
            if trusted:
                _gather(folder, codexs, project, base, {*providers, user.model_provider}, found, warnings)
            elif is_there(folder):
                warnings.append(ConfigWarning(folder, None, "", f"off: {project} is not trusted (codex-desk trust {project})"))
    for folder, codexs in ((Home(home).agents, False), (codex_home / "agents", True)):
        _gather(folder, codexs, None, base, set(), found, warnings)
    return Roles(found, tuple(warnings))


def _gather(
    folder: Path,
    codexs: bool,
    project: Path | None,
    base: Mapping[str, object],
    providers: set[str],
    found: dict[str, Role],
    warnings: list[ConfigWarning],
) -> None:
    """The roles in one folder, in the order of their paths; a name that is taken there already is a warning. Beside a folder of Codex's stands the
    configuration that may declare others."""
    here: dict[str, Path] = {}
    config = folder.parent / "config.toml"
    declared, wrong = declared_roles(config, project) if codexs else ([], [])
    warnings += wrong
    of_tables = {each.file for each in declared}
    files = list(islice(_files(folder), MOST_FILES + 1))
    if len(files) > MOST_FILES:
        warnings.append(ConfigWarning(folder, None, "", f"holds more than {MOST_FILES} roles; the others are not read"))
    for path, table in (*((path, None) for path in files[:MOST_FILES] if path not in of_tables), *((each.file, each) for each in declared)):
        try:
            role = _role(path, project, base, providers, table) if path is not None else _of_table(table)
        except ConfigError as error:
            warnings.append(ConfigWarning(error.file or path, error.line, error.key, f"ignored, a malformed role: {error.reason}"))
            continue
        if role.name in here:
            warnings.append(ConfigWarning(path or config, None, "name", f"ignored: {here[role.name]} is already the role {role.name}"))
            continue
        here[role.name] = path or config
        found.setdefault(role.name, role)


def _files(folder: Path) -> Iterator[Path]:
    """Role files, and the folders that are roles: those directly beneath, with a config.toml or an AGENTS.md in them."""
    for place, folders, names in os.walk(folder):
        at = Path(place)
        if at.parent == folder and {"config.toml", "AGENTS.md"} & set(names):
            folders.clear()
            yield at
            continue
        folders.sort()
        yield from (at / name for name in sorted(names) if name.endswith(".toml"))


def _of_table(table: Declared | None) -> Role:
    """A role that has no file: a name for a model to choose, which sets nothing. Raises `ConfigError`."""
    assert table is not None
    if not table.description or _NAME.fullmatch(table.name) is None:
        raise ConfigError("it needs description, and a plain name", file=table.config, key=f"agents.{table.name}")
    return Role(table.name, one_line(table.description, ABOUT), {}, table.config)


def _role(path: Path, project: Path | None, base: Mapping[str, object], providers: set[str], table: Declared | None = None) -> Role:
    """Raises `ConfigError` for what cannot be a role. `table`: where it is declared, which may name and describe it."""
    is_folder = path.is_dir() and table is None
    file = path / "config.toml" if is_folder else path
    data = _read(file, project, may_miss=is_folder)
    layer = parsed("thread", file, data) if data is not None else Layer("thread", {}, file)
    own = {key: layer.data[key] for key in _OF_ROLES if key in layer.data}
    name = _text(layer, own, "name") or (path.name if is_folder else "") or (table.name if table else "")
    description = _text(layer, own, "description") or (table.description if table else "")
    doc = _read(path / "AGENTS.md", project, may_miss=True) if is_folder else None
    instructions = _joined(_text(layer, dict(layer.data), "developer_instructions"), doc)
    if not is_folder:
        missing = [
            key for key, said in (("name", name), ("description", description), ("developer_instructions", instructions)) if not said
        ]
        if missing:
            raise ConfigError(f"it needs {', '.join(missing)}", file=file)
    if _NAME.fullmatch(name) is None:
        raise ConfigError(
            "a role's name is up to 64 letters, digits, spaces, - _ and .", file=file if data is not None else path, key="name"
        )
    layer = _sorted_out(layer, instructions)
    _validate(layer, base)
    if project is not None:
        layer = narrowed(layer, base, providers, _MORE)
    settings = {dotted(key): value for key, value in leaves(layer.data)}
    return Role(name, one_line(description or _first_line(instructions), ABOUT), settings, path, layer.warnings)


def _sorted_out(layer: Layer, instructions: str) -> Layer:
    """The layer with settings of a thread only. `agents = [...]` is short for `multi_agent.agents`."""
    data = {key: value for key, value in layer.data.items() if key not in _OF_ROLES}
    lines = dict(layer.lines)
    if isinstance(data.get("agents"), list):
        data = merged(data, planted(("multi_agent", "agents"), data.pop("agents")))
        lines[("multi_agent", "agents")] = lines.get(("agents",), 1)
    if instructions:
        data["developer_instructions"] = instructions
    clean = sorted_out(replace(layer, data=data, lines=lines))
    misplaced = [key for key in clean.data if key in _OF_THE_DESK]
    warnings = [clean.warning((key,), "not a setting of a thread; it counts for the whole desk") for key in misplaced]
    rest = {key: value for key, value in clean.data.items() if key not in _OF_THE_DESK}
    return replace(clean, data=rest, warnings=(*clean.warnings, *warnings))


def _validate(layer: Layer, base: Mapping[str, object]) -> None:
    try:
        Settings.model_validate(merged(base, layer.data))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = tuple(part for part in first["loc"] if isinstance(part, str))
        raise ConfigError(in_words(first["msg"]), file=layer.file, line=layer.line(key), key=dotted(key)) from None


def _text(layer: Layer, data: Mapping[str, object], key: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise ConfigError("must be a text", file=layer.file, line=layer.line((key,)), key=key)
    return value.strip()


def _joined(said: str, doc: bytes | None) -> str:
    return "\n\n".join(filter(None, (said, "" if doc is None else doc.decode("utf-8", "replace").strip())))


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")


def _read(path: Path, project: Path | None, *, may_miss: bool) -> bytes | None:
    """A file of a role; a project's must really lie in the project. None where there is none."""
    try:
        data = read_regular(path, MAX_BYTES + 1) if project is None else read_beneath(project.resolve(), path, MAX_BYTES + 1)
    except FileNotFoundError:
        if may_miss:
            return None
        raise ConfigError("it leads nowhere", file=path) from None
    except FileRefused as refusal:
        raise ConfigError(str(refusal), file=path) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}", file=path) from None
    if len(data) > MAX_BYTES:
        raise ConfigError("larger than 1 MB", file=path)
    return data
