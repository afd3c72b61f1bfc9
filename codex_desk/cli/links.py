"""`attach`, `detach`, `archive`, `unarchive`: how sessions stand to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.lines import attachment_line, thread_line
from codex_desk.cli.params import THREAD, thread_named

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.views import EdgeRights, ThreadView, Wake


@command()
@click.argument("child", type=THREAD)
@click.argument("parent", type=THREAD)
@click.option("--move", is_flag=True, help="Take it from the parent it has.")
@click.option(
    "--rights", type=click.Choice(["lesser", "own"]), help="What a turn for the parent may do: the lesser of both, or the child's own."
)
@click.option("--wake", type=click.Choice(["answers", "never"]), help="Whether a late answer wakes the parent.")
@click.option("--allow-interrupt", is_flag=True, help="Let the parent stop the child's turn.")
@on_desk
async def attach_command(
    desk: Desk, out: Output, child: str, parent: str, move: bool, rights: EdgeRights | None, wake: Wake | None, allow_interrupt: bool
) -> None:
    """Let CHILD work for PARENT. It keeps its home, its history and its place."""
    from codex_desk.engine.links import Attach

    child_id, parent_id = thread_named(desk, child).id, thread_named(desk, parent).id
    attachment = await desk.do(Attach(child_id, parent_id, move, rights, wake, True if allow_interrupt else None))
    out.give(attachment.to_json(), attachment_line(attachment))


@command()
@click.argument("child", type=THREAD)
@on_desk
async def detach_command(desk: Desk, out: Output, child: str) -> None:
    """End CHILD's attachment and nothing else."""
    from codex_desk.engine.links import Detach

    attachment = await desk.do(Detach(thread_named(desk, child).id))
    out.give(attachment.to_json(), attachment_line(attachment))


@command()
@click.argument("thread", type=THREAD)
@on_desk
async def archive_command(desk: Desk, out: Output, thread: str) -> None:
    """Put THREAD away: its subagents go with it, its attachments end, the sessions attached to it live on."""
    from codex_desk.engine.links import Archive

    found = thread_named(desk, thread)
    subagents, children = desk.archive_preview(found.id)
    if found.external_id is not None and (below := await _below(desk, found)):
        out.say(f"Codex archives with it what it spawned: {', '.join(below)}")
    archived = await desk.do(Archive(found.id))
    out.give(archived.to_json(), thread_line(archived))
    if subagents:
        out.say(f"archived with it: {', '.join(subagents)}")
    if children:
        out.say(f"no longer attached to it: {', '.join(children)}")


@command()
@click.argument("thread", type=THREAD)
@click.option("--reattach", is_flag=True, help="Attach again what its archiving had ended.")
@on_desk
async def unarchive_command(desk: Desk, out: Output, thread: str, reattach: bool) -> None:
    """Bring THREAD back, with the subagents that were archived with it."""
    from codex_desk.engine.links import Unarchive

    back = await desk.do(Unarchive(thread_named(desk, thread).id, reattach))
    out.give(back.to_json(), thread_line(back))


async def _below(desk: Desk, thread: ThreadView) -> list[str]:
    """What the thread's runtime archives with it; nothing where it cannot be asked, which the archiving itself tells."""
    from codex_desk.engine.errors import Refusal

    try:
        return await desk.archived_with(thread.id)
    except Refusal as refusal:
        if refusal.code != "unavailable":
            raise
        return []
