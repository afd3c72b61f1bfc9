"""`list` and `agents`: threads, and who works for whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from codex_desk.cli.bills import bill_lines
from codex_desk.cli.command import command, on_desk
from codex_desk.cli.lines import thread_lines
from codex_desk.cli.params import THREAD, thread_named
from codex_desk.engine.wording import name_of

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.views import ThreadView


@command()
@click.option("--all", "everything", is_flag=True, help="Subagents, archived threads and history too.")
@click.option("--tree", is_flag=True, help="Children under their parents.")
@on_desk
async def list_command(desk: Desk, out: Output, everything: bool, tree: bool) -> None:
    """List the sessions of the desk."""
    threads = desk.threads(everything=everything)
    indents = None
    if tree:
        drawn = list(forest(threads))
        threads, indents = [thread for thread, _ in drawn], {thread.id: indent for thread, indent in drawn}
    out.give({"threads": [thread.to_json() for thread in threads]}, thread_lines(threads, indents))
    if not threads:
        out.say("no sessions yet: codex-desk new HANDLE makes one here")


@command()
@click.argument("thread", type=THREAD)
@click.option("--chain", is_flag=True, help="Also who works for its present or last prompt, what that took, and what of it is held.")
@on_desk
async def agents_command(desk: Desk, out: Output, thread: str, chain: bool) -> None:
    """List the children of THREAD."""
    found = thread_named(desk, thread)
    children = desk.children(found.id)
    data: dict[str, object] = {"agents": [child.to_json() for child in children]}
    lines = thread_lines(children)
    if chain:
        bill = desk.bill(found.id)
        data["chain"] = None if bill is None else bill.to_json()
        lines += [*([""] if lines else []), *([] if bill is None else bill_lines(bill))]
    out.give(data, lines)
    if not children:
        out.say(f"{name_of(found)} has no children: codex-desk attach CHILD {name_of(found)} gives it one")


def forest(threads: Sequence[ThreadView]) -> Iterator[tuple[ThreadView, str]]:
    """Each thread after its parent, with the branch that leads to it; a thread whose parent is not among them is a root."""
    known = {thread.id for thread in threads}
    children: dict[str, list[ThreadView]] = {}
    for thread in threads:
        if thread.parent_id is not None:
            children.setdefault(thread.parent_id, []).append(thread)

    def below(parent_id: str, stem: str) -> Iterator[tuple[ThreadView, str]]:
        here = children.get(parent_id, [])
        for thread in here:
            last = thread is here[-1]
            yield thread, stem + ("└─" if last else "├─") + ("⇄ " if thread.relation == "attached" else "⑂ ")
            yield from below(thread.id, stem + ("  " if last else "│ "))

    for root in threads:
        if root.parent_id not in known:
            yield root, ""
            yield from below(root.id, "")
