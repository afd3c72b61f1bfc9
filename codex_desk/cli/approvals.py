"""`approvals` and `grants`: the inbox, and what was allowed for longer than once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.lines import approval_lines, grant_line
from codex_desk.cli.params import GRANT

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.views import ApprovalView


@command()
@click.option("--approve", "approved", multiple=True, metavar="ID", help="Say yes to it.")
@click.option("--deny", "denied", multiple=True, metavar="ID", help="Say no to it.")
@click.option(
    "--scope",
    type=click.Choice(["once", "thread", "tree", "folder"]),
    default="once",
    show_default=True,
    help="How far a yes or no reaches.",
)
@click.option("--answer", metavar="TEXT", help="What you answer, where you are asked for more than yes or no.")
@click.option("--follow", is_flag=True, help="Go on showing each that is asked or decided.")
@on_desk
async def approvals_command(
    desk: Desk,
    out: Output,
    approved: tuple[str, ...],
    denied: tuple[str, ...],
    scope: Literal["once", "thread", "tree", "folder"],
    answer: str | None,
    follow: bool,
) -> None:
    """Show what waits for your yes or no, or decide it. An ID is as shown, such as `reviewer-7`."""
    from codex_desk.engine.approvals import Decide

    if approved or denied:
        decisions = [Decide(name, True, scope, answer) for name in approved] + [Decide(name, False, scope) for name in denied]
        shown = [await desk.do(decision) for decision in decisions]
    elif follow:
        return await _follow(desk, out)
    else:
        shown = desk.approvals()
    out.give({"approvals": [approval.to_json() for approval in shown]}, [line for approval in shown for line in approval_lines(approval)])
    if not shown:
        out.say("nothing waits for you")
    return None


async def _follow(desk: Desk, out: Output) -> None:
    from codex_desk.engine.events import ApprovalChanged

    def show(approval: ApprovalView) -> None:
        out.stream(approval.to_json(), approval_lines(approval))

    async with desk.subscribe() as events:
        for approval in desk.approvals():
            show(approval)
        async for event in events:
            if isinstance(event, ApprovalChanged):
                show(desk.approval(event.approval_id))


@command()
@click.option("--revoke", "revoked", type=GRANT, multiple=True, metavar="ID", help="Ask again from now on.")
@on_desk
async def grants_command(desk: Desk, out: Output, revoked: tuple[int, ...]) -> None:
    """Show what may run without asking again, or revoke it."""
    from codex_desk.engine.approvals import Revoke

    for number in revoked:
        await desk.do(Revoke(number))
    grants = desk.grants()
    out.give({"grants": [grant.to_json() for grant in grants]}, [grant_line(grant) for grant in grants])
    if not grants:
        out.say("nothing is granted")
