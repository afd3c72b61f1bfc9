"""What a try of an endpoint found."""

from __future__ import annotations

from typing import Literal

from codex_desk.frozen import frozen


@frozen
class ProbeReport:
    provider: str
    model: str
    wire_api: Literal["responses", "chat"]
    answers: bool = False
    calls_tools: bool = False
    first_token_s: float | None = None
    """Seconds from the request to the first text or reasoning; None where none came."""
    context_window: int | None = None
    """Tokens, where the provider's /models tells it."""
    reason: str | None = None
    """What went wrong and what to do; None if nothing did."""
