"""What every command shares: `--json`, and how it reaches the desk.

A command's module is also imported to complete its arguments, under 100 ms. So what only runs it is imported inside its functions: the engine brings
the database layer with it, and asyncio is a fifth of that time.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import click

from codex_desk.cli.output import Output, current_output

if TYPE_CHECKING:
    from codex_desk.engine.desk import Desk

P = ParamSpec("P")
T = TypeVar("T")


class DeskCommand(click.Command):
    """A command that also takes `--json`. Its callback's return value is the exit code; None is 0."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # pyright: ignore[reportArgumentType] - click's own signature
        self.params.append(
            click.Option(
                ["--json"], is_flag=True, expose_value=False, is_eager=True, callback=_answer_in_json, help="One JSON object a line."
            )
        )


class DeskGroup(click.Group):
    """A command of commands, such as `provider`."""

    command_class = DeskCommand


def _answer_in_json(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Output).json = True


command = partial(click.command, cls=DeskCommand)
group = partial(click.group, cls=DeskGroup)


def run_on_desk(work: Callable[[Desk], Awaitable[T]]) -> T:
    """Open the desk, do the work, and leave. SIGTERM and a lost terminal end it as `^C` does: the host leaves in order, `KeyboardInterrupt`."""
    import asyncio

    async def visit() -> T:
        from codex_desk.engine.desk import Desk

        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # As under nohup.
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        async with Desk.open() as desk:
            return await work(desk)

    try:
        return asyncio.run(visit())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def on_desk(work: Callable[Concatenate[Desk, Output, P], Awaitable[T]]) -> Callable[P, T]:
    """Make `async def work(desk, out, …arguments)` a command's callback."""

    def callback(*args: P.args, **kwargs: P.kwargs) -> T:
        out = current_output()
        return run_on_desk(lambda desk: work(desk, out, *args, **kwargs))

    return update_wrapper(callback, work)
