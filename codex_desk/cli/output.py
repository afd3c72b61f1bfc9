"""What a command gives: results on stdout, for people or as JSON; words about them on stderr."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from io import TextIOWrapper
from types import TracebackType
from typing import TYPE_CHECKING

from codex_desk.text import visible

if TYPE_CHECKING:
    from codex_desk.cli.failures import Failure


class Unwritable(Exception):
    """Stdout takes nothing more; the cause says why."""


class Output:
    """One command's output. Text in it is data: people get it through `visible`, scripts as escaped JSON."""

    def __init__(self) -> None:
        self.json = False
        """`--json`: results are one JSON object a line."""
        self._gave = False
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # A terminal that is not UTF-8 still gets every line.

    def give(self, data: Mapping[str, object], lines: str | Iterable[str]) -> None:
        """The command's own object, or what people read instead of it."""
        self._gave = True
        self.stream(data, lines)

    def stream(self, data: Mapping[str, object], lines: str | Iterable[str]) -> None:
        """One object of several; on stdout at once. Raises `Unwritable`."""
        texts = [json.dumps(data)] if self.json else map(visible, [lines] if isinstance(lines, str) else lines)
        try:
            for text in texts:
                print(text, flush=True)
        except OSError as error:
            raise Unwritable from error

    def say(self, text: str) -> None:
        """A message for people, never part of the result."""
        print(visible(text), file=sys.stderr, flush=True)

    def fail(self, failure: Failure, usage: str | None = None) -> None:
        """The reason on stderr; with `--json` also on stdout, unless the command's own object stands there."""
        if usage is not None and not self.json:
            self.say(usage)
        self.say(f"codex-desk: {failure.message}")
        if self.json and not self._gave:
            self.give(failure.to_json(), ())


class _Visible(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def _show_unforeseen(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    print(visible("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def guard_stderr() -> None:
    """What the program logs, and an error that nobody foresaw, quote texts of models and files: they too are made visible."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Visible())
    sys.excepthook = _show_unforeseen


def current_output() -> Output:
    """The output of the command that is running."""
    import click

    return click.get_current_context().ensure_object(Output)


def leave_stdout() -> None:
    """After stdout was found unwritable: nothing more is written there, not even by the interpreter on its way out."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - the device is not a path of ours
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
