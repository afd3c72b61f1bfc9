"""The life of a message: one pure function is the only way from one state to the next."""

from __future__ import annotations

from typing import Literal

from codex_desk.engine.errors import Refusal
from codex_desk.engine.views import MessageState

MessageEvent = Literal["claim", "answer", "fail", "interrupt", "cancel", "expire", "hold", "release", "deliver"]

_NEXT: dict[tuple[MessageState, MessageEvent], MessageState] = {
    ("queued", "claim"): "running",
    ("queued", "deliver"): "delivered",
    ("queued", "hold"): "held",
    ("queued", "cancel"): "cancelled",
    ("queued", "expire"): "expired",
    ("held", "release"): "queued",
    ("held", "cancel"): "cancelled",
    ("held", "expire"): "expired",
    ("running", "answer"): "answered",
    ("running", "fail"): "failed",
    ("running", "interrupt"): "interrupted",
}


def next_state(state: MessageState, event: MessageEvent) -> MessageState:
    """The state after `event`. Raises `Refusal` (`too_late`) where the message has no such way."""
    following = _NEXT.get((state, event))
    if following is None:
        raise Refusal("too_late", f"a message that is {state} cannot {event}")
    return following
