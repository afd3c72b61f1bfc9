"""`new`, `fork`, `rename`, `set`: sessions and what they are set to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.lines import thread_line
from codex_desk.cli.params import FOLDER, SETTING, THREAD, thread_named

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk


@command()
@click.argument("handle")
@click.option("--cwd", type=FOLDER, help="The folder it is at home in; else this one.")
@click.option("--add-dir", "add_dirs", type=FOLDER, multiple=True, help="Another folder it may write in.")
@click.option("--runtime", help="auto, offline, native, codex or acp:NAME.")
@click.option("--model", help="The model that answers.")
@click.option("--profile", help="A profile of the settings.")
@click.option("--role", help="A named agent configuration.")
@on_desk
async def new_command(
    desk: Desk,
    out: Output,
    handle: str,
    cwd: Path | None,
    add_dirs: tuple[Path, ...],
    runtime: str | None,
    model: str | None,
    profile: str | None,
    role: str | None,
) -> None:
    """Make a session with HANDLE, at home in a folder."""
    from codex_desk.engine.sessions import New

    thread = await desk.do(New(handle, cwd or Path.cwd(), add_dirs, runtime, model, profile, role))
    out.give(thread.to_json(), thread_line(thread))


@command()
@click.argument("thread", type=THREAD)
@click.argument("handle")
@on_desk
async def fork_command(desk: Desk, out: Output, thread: str, handle: str) -> None:
    """Make a session with HANDLE that starts with THREAD's history and settings."""
    from codex_desk.engine.sessions import Fork

    copy = await desk.do(Fork(thread_named(desk, thread).id, handle))
    out.give(copy.to_json(), thread_line(copy))


@command()
@click.argument("thread", type=THREAD)
@click.argument("handle")
@on_desk
async def rename_command(desk: Desk, out: Output, thread: str, handle: str) -> None:
    """Give THREAD another HANDLE."""
    from codex_desk.engine.sessions import Rename

    renamed = await desk.do(Rename(thread_named(desk, thread).id, handle))
    out.give(renamed.to_json(), thread_line(renamed))


@command()
@click.argument("thread", type=THREAD)
@click.argument("key", type=SETTING)
@click.argument("value")
@on_desk
async def set_command(desk: Desk, out: Output, thread: str, key: str, value: str) -> None:
    """Set KEY to VALUE for THREAD alone; it counts from its next turn."""
    from codex_desk.engine.sessions import Set

    changed = await desk.do(Set(thread_named(desk, thread).id, key, value))
    out.give(changed.to_json(), f"{thread_line(changed)} · {key} = {value}")
