"""Who does a thing, and the ids of things."""

from __future__ import annotations

import os
import time
import uuid

from codex_desk.engine.views import Origin
from codex_desk.frozen import frozen


@frozen
class By:
    """The cause of an action, as the engine knows it; never read out of text."""

    origin: Origin
    thread_id: str | None = None
    """The acting agent's thread."""
    turn_id: str | None = None
    """The turn in which it acts; None where a process acts for an agent from outside its turn."""


HUMAN = By("human")
SYSTEM = By("system")


def new_id() -> str:
    """A UUIDv7: ids sort by the time they were made."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | int.from_bytes(os.urandom(10)) & ~(0xF << 76)
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))
