"""`redact`: take a pasted secret out of the store, its index and its backups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.params import ITEM

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk


@command()
@click.argument("item", type=ITEM)
@on_desk
async def redact_command(desk: Desk, out: Output, item: int) -> None:
    """Remove the text of ITEM everywhere and leave a tombstone that still verifies. It cannot be undone."""
    from codex_desk.engine.chain import Redact

    tombstone = await desk.do(Redact(item))
    out.give(tombstone.to_json(), f"{tombstone.id}  {tombstone.text}")
