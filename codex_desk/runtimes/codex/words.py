"""What went wrong in a Codex turn, for people: what happened, and what to do."""

from __future__ import annotations

import json
import re

from codex_desk.runtimes.codex import wire
from codex_desk.runtimes.codex.errors import CodexError
from codex_desk.text import one_line

LONGEST = 500
_STATUS = re.compile(r"\bunexpected status (\d{3})\b")

_TOLD = {
    "unauthorized": "Codex is not signed in, or its key was refused: run `codex login`, or set the key of its provider",
    "usageLimitExceeded": "the usage limit of the account is reached",
    "rateLimitExceeded": "the provider answers that there were too many requests; prompt again in a while",
    "sessionBudgetExceeded": "the session's budget is used up",
    "contextWindowExceeded": "the context is full: compact the session, or begin another",
    "serverOverloaded": "the provider is overloaded; prompt again in a while",
    "modelNotFound": "the provider has no such model: set another one",
    "sandboxError": "Codex's sandbox could not be set up",
}


def failure(error: wire.TurnError | None) -> str:
    """A failed turn's reason."""
    if error is None:
        return "Codex gave the turn up without a reason"
    kind = error.codex_error_info
    if _status(error) in (401, 403):
        kind = "unauthorized"
    told = _TOLD.get(kind) if isinstance(kind, str) else None
    body = _body(error.message)
    said = one_line(error.message if body is None else f"the provider refused the request: {body}", LONGEST)
    return f"{told} ({said})" if told else said


def refuses_input(error: wire.TurnError | None) -> bool:
    """Whether the model's endpoint would not read what it was sent, rather than fail at answering it."""
    if error is None:
        return False
    if error.codex_error_info == "badRequest" or _status(error) in (400, 422):
        return True
    # Of a 400 Codex tells only the body.
    return error.codex_error_info == "other" and (_body(error.message) is not None or "call_id" in error.message)


def _body(message: str) -> str | None:
    """What the body of an HTTP error says; None for any other text."""
    if not message.lstrip().startswith("{"):
        return None
    try:
        body = json.loads(message)
    except ValueError:
        return None
    detail = body.get("error", body.get("detail")) if isinstance(body, dict) else None
    return str(detail.get("message") if isinstance(detail, dict) else detail) if detail else None


def _status(error: wire.TurnError) -> int | None:
    """The HTTP status that the endpoint gave, where Codex tells it."""
    kind = error.codex_error_info
    if isinstance(kind, dict):
        for detail in kind.values():
            if isinstance(detail, dict) and isinstance(detail.get("httpStatusCode"), int):
                return detail["httpStatusCode"]
    match = _STATUS.search(error.message)
    return int(match[1]) if match else None


def refused(error: CodexError) -> str:
    """A request that Codex would not take, as a turn's reason."""
    if error.is_unknown_method:
        return f"this Codex lacks {error.method} ({one_line(error.message, 200)}): update it"
    if "direct app-server input is not allowed" in error.message:
        return "Codex lets nobody but its parent talk to this subagent"
    return f"Codex refused {error.method}: {one_line(error.message, LONGEST)}"
