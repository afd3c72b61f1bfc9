"""`serve`: the desk in a browser on this machine."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command
from codex_desk.cli.output import current_output
from codex_desk.engine.errors import Refusal

if TYPE_CHECKING:
    from codex_desk.cli.output import Output

LOOPBACK = "127.0.0.1"


@command()
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on; else a free one.")
def serve_command(port: int | None) -> None:
    """Show the desk in a browser, on this machine only, to whoever has the address that is printed.

    Each page is a desk of its own on the same store, opened as `codex-desk` would open it here. Closing the page leaves that desk; ^C ends them all.
    """
    if os.environ.get("CODEX_DESK_THREAD"):
        raise Refusal("origin_agent", "an agent serves no desk: this process was started by an agent's tool, and the screen is the user's")
    try:
        import textual_serve  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError:
        raise Refusal("not_installed", "what shows the desk in a browser is not installed: pip install 'codex-desk[serve]'") from None
    _serve(current_output(), port or 0)


def _serve(out: Output, port: int) -> None:
    """Serve until interrupted: raises `KeyboardInterrupt` then, also for SIGTERM and a lost terminal."""
    import asyncio

    from codex_desk.cli.serving import Site

    async def visit() -> None:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        site = Site(f"exec {shlex.join([sys.executable, '-m', 'codex_desk'])}", out.say)
        try:
            taken = await site.open(LOOPBACK, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Refusal("port_taken", f"port {port} is taken; leave --port out for a free one") from None
            raise
        try:
            out.give({"url": site.url, "port": taken}, site.url)
            out.say("open the address above in a browser on this machine; whoever has it is at the desk. ^C ends it")
            with redirect_stdout(sys.stderr):  # textual-serve prints there what a visitor's desk wrote to its stderr
                await asyncio.Event().wait()
        finally:
            await site.close()

    try:
        asyncio.run(visit())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
