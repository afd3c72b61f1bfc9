"""What can be said of chunks of history without the model stack: who may still answer, how large they are, and one that holds a text.

The engine cuts the history at places where no tool call is open, in a transaction, in processes that never ask a model. The form is pydantic-ai's; a
chunk of another form opens no call.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

CLOSING = frozenset({"tool-return", "retry-prompt"})
FOUR = 4
"""Characters to a token, roughly."""


def user_chunk(said: str) -> bytes:
    """One user-role input item, as `history.dump(history.user(said))` makes it."""
    part = {"content": said, "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"), "part_kind": "user-prompt"}
    return json.dumps([{"parts": [part], "kind": "request"}], ensure_ascii=False, separators=(",", ":")).encode()


def closed_prefix(chunks: Sequence[bytes]) -> int:
    """How many of the first chunks there are, at most, before a place where no tool call is open."""
    still_open: set[str] = set()
    closed = 0
    for number, chunk in enumerate(chunks, 1):
        for part in _parts(chunk):
            kind, call = part.get("part_kind"), part.get("tool_call_id")
            if not isinstance(call, str):
                continue
            if kind == "tool-call":
                still_open.add(call)
            elif kind in CLOSING:
                still_open.discard(call)
        if not still_open:
            closed = number
    return closed


def size_in_tokens(chunks: Iterable[bytes]) -> int:
    """A rough size of what a model reads in these."""
    return sum(len(text) for chunk in chunks for part in _parts(chunk) for text in _texts(part)) // FOUR


def _parts(chunk: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        messages = json.loads(chunk)
    except ValueError:
        return
    for message in messages if isinstance(messages, list) else ():
        parts = message.get("parts") if isinstance(message, dict) else None
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                yield part


def _texts(part: Mapping[str, Any]) -> Iterator[str]:
    for key in ("content", "args"):
        value = part.get(key)
        if isinstance(value, str):
            yield value
        elif value is not None:
            yield json.dumps(value, ensure_ascii=False)
