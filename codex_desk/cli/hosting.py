"""Waiting for messages as a one-shot host, or beside an open desk that runs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from codex_desk.cli.failures import DONE, FAILED, TIMED_OUT
from codex_desk.cli.lines import approval_lines
from codex_desk.frozen import frozen

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.events import Event
    from codex_desk.engine.views import ApprovalView, MessageView

APPROVAL_PATIENCE_S = 60.0
"""Seconds that an approval waits for somebody to answer it from elsewhere."""


@frozen
class Waited:
    """What had become of the messages when the wait ended."""

    messages: Sequence[MessageView]
    timed_out: bool = False
    needs_human: bool = False
    """It ended because nothing goes on without the human."""

    @property
    def exit_code(self) -> int:
        """A message that ended without what was asked for is a failure; `delivered` is all that a steer can become."""
        if self.timed_out:
            return TIMED_OUT
        if self.needs_human:
            return FAILED
        went_wrong = any(message.state in ("failed", "interrupted", "cancelled", "expired") for message in self.messages)
        return FAILED if went_wrong else DONE


async def wait_until_final(
    desk: Desk,
    out: Output,
    numbers: Sequence[int],
    seconds: float | None,
    *,
    any_of: bool = False,
    whole: bool = False,
    heard: Callable[[Event], None] = lambda _: None,
) -> Waited:
    """Wait, with everything that needs the human on the way named on stderr, and `heard` called with each event meanwhile. `whole`: for all that the
    messages cause as well.

    Timed out or cancelled, the turns that run here are over before this returns or raises: the host is a desk of its own, and leaves first.
    """
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.events import ApprovalChanged, ThreadChanged

    async with Desk.open(desk.home, host="once", approval_patience=APPROVAL_PATIENCE_S) as host:
        show_approvals = approval_teller(host, out, {host.message(number).to for number in numbers})
        show_needs = need_teller(host, out, numbers)

        def hear(event: Event) -> None:
            match event:
                case ApprovalChanged():
                    show_approvals()
                case ThreadChanged():
                    show_needs()
            heard(event)

        async with hearing(host, hear):
            show_approvals()
            try:
                messages = await host.run_until(numbers, timeout=seconds, any_of=any_of, whole=whole)
                final = [message.final for message in messages]
                needs_human = not (any(final) if any_of else all(final))
                if needs_human:
                    show_needs()
                return Waited(messages, needs_human=needs_human)
            except TimeoutError:
                pass
    return Waited([desk.message(number) for number in numbers], timed_out=True)


def approval_teller(desk: Desk, out: Output, targets: set[str]) -> Callable[[], None]:
    """Says each approval that stands in the way of these threads once, whole, with how to answer it."""
    told: set[str] = set()

    def tell() -> None:
        for approval in desk.approvals():
            if approval.id not in told and stands_in_the_way(approval, targets):
                told.add(approval.id)
                for line in approval_lines(approval):
                    out.say(line)
                out.say(f"  codex-desk approvals --approve {approval.id}, or --deny {approval.id}")

    return tell


def need_teller(desk: Desk, out: Output, numbers: Sequence[int]) -> Callable[[], None]:
    """Says once why these messages do not go on before the human has seen to something; an approval is told with its whole text elsewhere."""
    told: set[str] = set()

    def tell() -> None:
        for message in map(desk.message, numbers):
            need = desk.need_of(message) if desk.stands_still(message) and not message.final else None
            if need is not None and need not in told:
                told.add(need)
                out.say(f"{message.to} needs you: {need}; #{message.id} waits for that. Then: codex-desk resume {message.to}")

    return tell


def stands_in_the_way(approval: ApprovalView, targets: set[str]) -> bool:
    """Whether one of these threads asks, or something that was caused through one of them."""
    return not targets.isdisjoint({approval.thread, *approval.chain})


@asynccontextmanager
async def hearing(desk: Desk, heard: Callable[[Event], None]) -> AsyncIterator[None]:
    """Call `heard` with each event of the desk, in commit order, for as long as the block lasts."""
    async with desk.subscribe() as events:

        async def listen() -> None:
            async for event in events:
                heard(event)

        listener = asyncio.create_task(listen())
        try:
            yield
        finally:
            listener.cancel()
            with suppress(asyncio.CancelledError):
                await listener
