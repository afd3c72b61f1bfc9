"""Roles that Codex's own `config.toml` declares: `[agents.NAME]` with a description, and the file of the role beside it (0.169, `agent_roles.rs`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from codex_desk.config.errors import ConfigWarning
from codex_desk.files import FileRefused, read_beneath, read_regular
from codex_desk.frozen import frozen

MAX_BYTES = 1 << 20
KEYS = frozenset({"description", "config_file", "nickname_candidates"})


@frozen
class Declared:
    """One such table. What its file says comes before what the table says."""

    name: str
    description: str
    file: Path | None
    config: Path


def declared_roles(config: Path, project: Path | None) -> tuple[list[Declared], list[ConfigWarning]]:
    """What a configuration declares, in its order; one of a project's must lie in the project. What cannot be read is Codex's to complain of: it is a
    warning here, and declares nothing."""
    try:
        data = read_regular(config, MAX_BYTES) if project is None else read_beneath(project.resolve(), config, MAX_BYTES)
        tables = tomllib.loads(data.decode()).get("agents")
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    except (OSError, FileRefused, ValueError) as error:  # ValueError: no TOML, or no text
        return [], [ConfigWarning(config, None, "agents", f"its roles are not read: {error}")]
    found: list[Declared] = []
    warnings: list[ConfigWarning] = []
    for name, table in tables.items() if isinstance(tables, Mapping) else ():
        if not isinstance(table, Mapping):
            continue  # a setting of Codex's, such as max_threads
        if wrong := _wrong(table):
            warnings.append(ConfigWarning(config, None, f"agents.{name}", f"ignored, a malformed role: {wrong}"))
            continue
        file = table.get("config_file")
        found.append(Declared(name, str(table.get("description", "")).strip(), config.parent / file if file else None, config))
    return found, warnings


def _wrong(table: Mapping[str, object]) -> str:
    """What is wrong with a table."""
    if unknown := sorted(table.keys() - KEYS):
        return f"{unknown[0]}: unknown key; there are {', '.join(sorted(KEYS))}"
    return next((f"{key}: must be a text" for key in ("description", "config_file") if not isinstance(table.get(key, ""), str)), "")
