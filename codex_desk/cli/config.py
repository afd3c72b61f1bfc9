"""`config`: the settings in force, each with the layer it comes from, and the files they live in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import group, on_desk
from codex_desk.cli.lines import columns
from codex_desk.cli.output import current_output
from codex_desk.cli.params import THREAD, thread_named

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.config import Resolved
    from codex_desk.engine.desk import Desk


@group("config")
def config_command() -> None:
    """The settings in force, and where they live."""


@config_command.command("show")
@click.option("--thread", type=THREAD, help="The settings of this thread; else those of a new one here.")
@on_desk
async def show(desk: Desk, out: Output, thread: str | None) -> None:
    """Show every setting with its value and the layer it comes from."""
    resolved = desk.settings(cwd=Path.cwd()) if thread is None else desk.settings(thread_named(desk, thread).id)
    rows = list(settings_of(resolved))
    out.give(
        {
            "settings": [{"key": key, "value": value, "layer": layer} for key, value, layer in rows],
            "warnings": [str(warning) for warning in resolved.warnings],
        },
        columns([(key, _said(value), _placed(resolved, key, layer)) for key, value, layer in rows]),
    )
    for warning in resolved.warnings:
        out.say(f"warning: {warning}")


def settings_of(resolved: Resolved) -> Iterator[tuple[str, object, str]]:
    """Key, value as JSON has it, and layer of every setting that has a value."""
    for key, value in resolved.flat().items():
        if value is not None:
            yield key, value, resolved.sources.get(key, "default")


def _placed(resolved: Resolved, key: str, layer: str) -> str:
    """The layer, with the line where it is a file."""
    from codex_desk.config.lines import parse_key

    file, line = resolved.written_at(parse_key(key))
    return f"{layer}:{line}" if file and line and layer != "profile" else layer


def _said(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return ", ".join(map(str, value)) or "none"
        case {}:
            return "none"
    return str(value)


@config_command.command("path")
def path() -> None:
    """Show where the desk keeps its files; they need not be there yet."""
    from codex_desk.config.project import project_settings
    from codex_desk.paths import Home, desk_home, project_of

    home = Home(desk_home(os.environ))
    places = {
        "home": home.root,
        "config": home.config_toml,
        "settings": home.settings_toml,
        "project": project_settings(project_of(Path.cwd())),
        "store": home.database,
        "backups": home.backups,
        "themes": home.themes,
        "agents": home.agents,
    }
    shown = {name: str(place) for name, place in places.items()}
    current_output().give(shown, columns([(name, place, "" if Path(place).exists() else "not there yet") for name, place in shown.items()]))
