"""What the name of a rollout file says.

`rollout-<local time>-<thread>.jsonl` is the first file of a thread; `rollout-<local time>-<thread>_<segment>.jsonl` is where it went on
after a revert. Either may be compressed (`.zst`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAME = re.compile(rf"rollout-(?P<at>\d{{4}}-\d\d-\d\dT\d\d-\d\d-\d\d)-(?P<thread>{_UUID})(?:_(?P<segment>{_UUID}))?\.jsonl(?P<zst>\.zst)?")
_ID = re.compile(_UUID)

MOMENT_OF_UUID7 = 13
"""Characters of a UUIDv7 that hold its time, the dash included; they sort as it does."""


@dataclass(frozen=True, slots=True)
class Named:
    """A rollout file by its name. `segment_id` is the thread's own id for its first file: it is what a `history_base` points at."""

    thread_id: str
    segment_id: str
    at: str
    """When the file was begun, in the local time of whoever wrote it; sorts."""
    compressed: bool


def named(name: str) -> Named | None:
    """What a file name says; None for one that Codex would not give to a rollout."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    thread = match["thread"]
    return Named(thread, match["segment"] or thread, match["at"], match["zst"] is not None)


def is_id(value: object) -> bool:
    """Whether a value from a file is an id of a thread: a UUID in the spelling that Codex uses."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def id_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and is_id(value) else None


def not_before(turn_id: object, thread_id: str) -> bool:
    """Whether a turn was begun after a thread was made, by the times in their ids; what was copied into the thread was begun before."""
    return isinstance(turn_id, str) and len(turn_id) == len(thread_id) and turn_id[:MOMENT_OF_UUID7] >= thread_id[:MOMENT_OF_UUID7]
