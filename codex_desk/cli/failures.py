"""Where every error that a person can meet becomes an exit code, a code for scripts and words."""

from __future__ import annotations

import errno
from typing import Protocol, runtime_checkable

import click

from codex_desk.frozen import frozen

DONE, FAILED, USAGE, TIMED_OUT, INTERRUPTED = 0, 1, 2, 3, 130
"""The exit codes, all of them."""


@runtime_checkable
class Explained(Protocol):
    """An error written for people: a refusal, a store that cannot be used, settings that cannot be read."""

    code: str
    message: str


@frozen
class Failure:
    exit: int
    code: str
    message: str

    def to_json(self) -> dict[str, dict[str, str]]:
        return {"error": {"code": self.code, "message": self.message}}


def failure_of(error: BaseException) -> Failure | None:
    """What an error means for the caller; None for one that nobody foresaw, which is to be seen whole."""
    match error:
        case BaseExceptionGroup(exceptions=[only]):
            return failure_of(only)
        case click.exceptions.NoArgsIsHelpError():
            return Failure(USAGE, "usage", "a command is missing.")
        case click.MissingParameter() | click.BadArgumentUsage():
            return Failure(USAGE, "usage", error.format_message())
        case click.BadParameter():
            return Failure(FAILED, "bad_value", error.format_message())
        case click.UsageError():
            return Failure(USAGE, "usage", error.format_message())
        case click.ClickException():
            return Failure(FAILED, "failed", error.format_message())
        case click.Abort() | KeyboardInterrupt():
            return Failure(INTERRUPTED, "interrupted", "interrupted")
        case Explained(code=code, message=message):
            return Failure(FAILED, code, message)
        case OSError(errno=errno.ENOSPC):
            return Failure(FAILED, "disk_full", f"the disk is full: {_named(error)}")
        case OSError():
            return Failure(FAILED, "os_error", _named(error))
    return None


def _named(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason
