"""Which errors a person is told of in words, and which are faults to be seen whole."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from codex_desk.paths import HomeError
from codex_desk.tui.grammar import UsageError


class EngineUnavailable(Exception):
    """The engine could not be opened, or has been closed; the message says why and what to do."""


@runtime_checkable
class Explained(Protocol):
    """An error written for people: a refusal, a store that cannot be used, settings that cannot be read."""

    code: str
    message: str


def explained(error: BaseException) -> str | None:
    """What to tell the person: what happened and what to do. None for an error that nobody foresaw."""
    match error:
        case EngineUnavailable() | UsageError():
            return str(error)
        case BaseExceptionGroup(exceptions=[only]):
            return explained(only)
        case Explained(message=message):
            return message
        case HomeError():
            return str(error)
        case OSError():
            reason = error.strerror or str(error)
            return f"{error.filename}: {reason}" if error.filename else reason
    return None


def reason_of(error: Exception) -> str:
    """What to tell the person; an error that nobody foresaw is raised again."""
    reason = explained(error)
    if reason is None:
        raise error
    return reason
