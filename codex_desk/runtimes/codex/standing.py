"""How a session stands on the desk, mirrored into Codex so that other programs can see it; and how Codex itself stands. Pure. Our store stays the
truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codex_desk.runtimes.outside import Standby, Standing
from codex_desk.text import one_line

TYPE = "codex_desk.attachment"


def differences(standing: Standing, shown: Mapping[str, Any]) -> tuple[list[tuple[str, dict[str, Any]]], dict[str, Any]]:
    """The calls that bring Codex from what was shown last to how it stands now, and what is shown then. None are needed where nothing changed."""
    calls: list[tuple[str, dict[str, Any]]] = []
    thread = {"threadId": standing.external_id}
    theirs = shown.get("theirs")
    if standing.name != shown.get("name"):
        calls.append(("thread/name/set", thread | {"name": standing.name}))
        theirs = standing.name
    old, new = shown.get("attachment"), None if standing.attachment is None else str(standing.attachment["id"])
    if old != new and old is not None:
        calls.append(("thread/attachment/remove", thread | {"attachmentType": TYPE, "identityKey": old}))
    if old != new and standing.attachment is not None:
        payload = {name: value for name, value in standing.attachment.items() if name != "id"}
        calls.append(("thread/attachment/add", thread | {"attachmentType": TYPE, "identityKey": new, "payload": payload}))
    return calls, {"name": standing.name, "theirs": theirs, "attachment": new}


OPENAI = "openai"
"""Codex's own provider, whose sign-in it keeps."""

KEYS = ("CODEX_API_KEY", "OPENAI_API_KEY", "CODEX_ACCESS_TOKEN")
"""Variables that some versions take for a sign-in."""

SIGN_IN = "Codex is not signed in: run `codex login` in a terminal, then go on with `codex-desk resume`"


def complaint_of(params: Mapping[str, Any]) -> str:
    """What a `configWarning` says: Codex goes on with its defaults where it cannot read its settings."""
    words = [one_line(str(params[key]), 300).rstrip(". ") for key in ("summary", "details") if params.get(key)]
    where = params.get("path")
    return ": ".join(words) + (f" ({one_line(str(where), 200)})" if where and not any(str(where) in each for each in words) else "")


def is_signed_out(answer: object, provider: str | None, env: Mapping[str, str]) -> bool:
    """Whether a turn with this provider (None: the one that Codex takes by default) would find no account, by what `account/read` says. Without one Codex
    only tries again and again."""
    if not isinstance(answer, Mapping) or answer.get("account") is not None or any(env.get(key) for key in KEYS):
        return False
    return provider == OPENAI or (provider is None and answer.get("requiresOpenaiAuth") is True)


def standby_of(agent: str, answer: object) -> Standby:
    """What `account/read` says, in words; no address and no key."""
    account = answer.get("account") if isinstance(answer, Mapping) else None
    needed = not isinstance(answer, Mapping) or answer.get("requiresOpenaiAuth") is not False
    match account:
        case {"type": "chatgpt", "planType": str(plan)}:
            return Standby(agent, True, f"signed in with ChatGPT ({plan})")
        case {"type": "apiKey"}:
            return Standby(agent, True, "signed in with an API key")
        case {"type": str(kind)}:
            return Standby(agent, True, f"signed in ({kind})")
    return Standby(agent, not needed, "not signed in" if needed else "its provider needs no sign-in to OpenAI")
