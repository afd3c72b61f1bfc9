"""The root of the command line. `--help` and completion come from the table below; a command's module is imported when the command runs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

import click
from click.shell_completion import CompletionItem

from codex_desk import __version__
from codex_desk.cli.failures import DONE, FAILED, failure_of
from codex_desk.cli.output import Output, Unwritable, leave_stdout


class Entry(NamedTuple):
    module: str
    """Under `codex_desk.cli`; its attribute `<name>_command` is the command."""
    help: str


COMMANDS: dict[str, Entry] = {
    "adopt": Entry("adopt", "Bring a session that Codex has to the desk, as it is."),
    "agents": Entry("listing", "The children of a thread, attached and spawned."),
    "approvals": Entry("approvals", "The inbox of everything that waits for your yes or no."),
    "archive": Entry("links", "Put a session away; its attachments end."),
    "attach": Entry("links", "Let a session work for another."),
    "audit": Entry("audit", "What passed between threads, in order."),
    "automation": Entry("automation", "Schedules that prompt a session; what ran, and why not."),
    "board": Entry("board", "The shared board of a workflow: read it, write, decide, promote."),
    "compact": Entry("turns", "Shorten what a thread's model reads, in one model call."),
    "config": Entry("config", "The settings in force, and where they live."),
    "demo": Entry("demo", "A small office to try the desk in."),
    "detach": Entry("links", "End an attachment; both sessions stay."),
    "doctor": Entry("doctor", "What works here, what does not, and how to mend it."),
    "exec": Entry("exec", "One turn to its end, all that it waits for included."),
    "export": Entry("export", "A transcript as Markdown."),
    "fold": Entry("fold", "Bring what you did in a child to its parent."),
    "fork": Entry("sessions", "A new session with a copy of another's history."),
    "grants": Entry("approvals", "What may run without asking again."),
    "import": Entry("history", "Codex's history, to read and to search."),
    "interrupt": Entry("turns", "Stop a thread's turn; what was done is kept."),
    "list": Entry("listing", "The sessions of the desk."),
    "new": Entry("sessions", "A new session in a folder."),
    "provider": Entry("provider", "Where models answer: add one, list them, test one."),
    "queue": Entry("queue", "What waits for a thread; edit it, remove from it."),
    "redact": Entry("redact", "Remove an item's text everywhere, leaving a tombstone."),
    "rename": Entry("sessions", "Give a session another handle."),
    "resume": Entry("turns", "Let a thread that you stopped go on."),
    "search": Entry("search", "Full text over every transcript."),
    "send": Entry("send", "Prompt a thread."),
    "serve": Entry("serve", "The desk in a browser on this machine."),
    "set": Entry("sessions", "Change a thread's setting."),
    "show": Entry("show", "A thread's transcript."),
    "tick": Entry("tick", "Run the automations that are due, and end."),
    "trust": Entry("trust", "Let a folder's own settings and roles count."),
    "unarchive": Entry("links", "Bring a session back."),
    "wait": Entry("wait", "Wait for messages to be answered."),
}

OPEN = "(open)"
"""Inside, opening the desk is a command like any other; nobody can type this name for it."""


class Root(click.Group):
    """The group of all commands; a first argument that is no command is the folder to open the desk in."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == OPEN:
            entry, attribute = Entry("open", ""), "open_command"
        elif cmd_name in COMMANDS:
            entry, attribute = COMMANDS[cmd_name], f"{cmd_name}_command"
        else:
            return None
        return getattr(importlib.import_module(f"codex_desk.cli.{entry.module}"), attribute)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        opens = not ctx.resilient_parsing and _opens_the_desk(args)
        return super().parse_args(ctx, [OPEN, *args] if opens else args)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and name != OPEN and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(name, f"no command and no folder {name!r}.", possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        items = [CompletionItem(name, help=entry.help) for name, entry in COMMANDS.items() if name.startswith(incomplete)]
        items += click.Command.shell_complete(self, ctx, incomplete)
        return items or [CompletionItem(incomplete, type="dir")]

    def main(self, args: Sequence[str] | None = None, *_: object, prog_name: str | None = None, **__: object) -> NoReturn:
        """Run a command line and leave with its exit code; the one place where errors become words."""
        words = list(sys.argv[1:] if args is None else args)
        out = Output()
        out.json = "--json" in (words[: words.index("--")] if "--" in words else words)
        try:
            code = super().main(words, prog_name="codex-desk", standalone_mode=False, obj=out)
        except (Unwritable, BrokenPipeError) as error:
            leave_stdout()
            if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, BrokenPipeError):
                out.say(f"codex-desk: stdout: {error.__cause__.strerror}")
            code = FAILED
        except (Exception, BaseExceptionGroup, KeyboardInterrupt) as error:
            code = excused(error, out)
        sys.exit(code if isinstance(code, int) else DONE)


def excused(error: BaseException, out: Output) -> int:
    """Say what an error means; gives the exit code. Raises one that nobody foresaw again, to be seen whole."""
    failure = failure_of(error)
    if failure is None:
        raise error
    out.fail(failure, _usage(error))
    return failure.exit


def _opens_the_desk(args: Sequence[str]) -> bool:
    if not args or args[0] == "--plain":
        return True
    return args[0] not in COMMANDS and not args[0].startswith("-") and Path(args[0]).exists()


def _usage(error: BaseException) -> str | None:
    match error:
        case click.exceptions.NoArgsIsHelpError(ctx=click.Context() as ctx):
            return ctx.get_help()
        case click.UsageError(ctx=click.Context() as ctx):
            return ctx.get_usage()
    return None


@click.command(
    "codex-desk",
    cls=Root,
    subcommand_metavar="[DIR] | COMMAND [ARGS]…",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Every command takes --json and explains itself with --help.",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Long-lived coding agent sessions that work for one another.

    Without a command the desk opens, in DIR if one is given.
    """
