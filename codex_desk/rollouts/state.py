"""What a reader has to remember between two stretches of a file. It is stored as JSON, so it holds no bodies: texts are known again by a
digest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from pydantic_core import to_json

REMEMBERED = 32
"""Calls, ids and texts that a line may still belong to: the lines of a pair stand a few lines apart."""

RUNNING = 2
"""What a call that has not ended is marked with: it is remembered until it has."""


@lru_cache(1)
def digest(text: str) -> str:
    """A short name of a text. It is asked for several times in a row: was it expected, does it confirm an item, will its copy follow."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


@dataclass(slots=True)
class State:
    thread_id: str | None = None
    subagent: bool = False
    parent_id: str | None = None
    agent_path: str | None = None
    made_at: str | None = None
    copying: bool = False
    """The lines are a copy of another thread's."""
    starts_at: int | None = None
    """The ordinal at which a child's own life begins, where its file says so."""
    items: int = 0
    skipping: int | None = None
    """Where the line begins that is being passed over because it is too long."""
    turn_id: str | None = None
    turns: list[str] = field(default_factory=list)
    """The latest turns of this thread."""
    caused_by: str | None = None
    """Who began the turn: agent, human; None where the version does not say."""
    stamp: str = ""
    """The time of the latest line, as the file writes it."""
    titled: bool = False
    answered: str | None = None
    """Digest of the turn's last agent message."""
    calls: dict[str, list[Any]] = field(default_factory=dict)
    """Call id → index of its item, what it is, 1 once an event told what came of it, `RUNNING` while it goes on behind its output."""
    expected: list[list[str]] = field(default_factory=list)
    """[role, digest] of texts whose copy may follow."""
    unproved: list[list[Any]] = field(default_factory=list)
    """[role, index, digest, length] of items that were made from what the model was given, and that an event may yet confirm."""
    thought: list[Any] = field(default_factory=list)
    """Id of the latest reasoning, and how many parts of it were read: a migrated file gives it again with every part that it grew by."""
    ids: list[str] = field(default_factory=list)
    """Ids of the latest items."""
    agents: dict[str, list[Any]] = field(default_factory=dict)
    """Agent's thread id → index of the call that spawned it, its last status, what it is called."""
    paths: dict[str, str] = field(default_factory=dict)
    """Agent's path → its thread id."""

    def to_json(self) -> str:
        values = {name: value for name in self.__slots__ if (value := getattr(self, name)) or (name == "skipping" and value is not None)}
        return to_json(values).decode()

    @classmethod
    def from_json(cls, text: str) -> State:
        known = {each.name for each in fields(cls)}
        return cls(**{key: value for key, value in json.loads(text).items() if key in known})

    def expect(self, role: str, text: str) -> None:
        self.expected.append([role, digest(text)])
        if len(self.expected) > REMEMBERED:
            del self.expected[0]

    def was_expected(self, role: str, text: str) -> bool:
        """Whether this is the copy of a text that was read; it is one only once."""
        for place, (whose, mark) in enumerate(self.expected):
            if whose == role and mark == digest(text):
                del self.expected[place]
                return True
        return False

    def doubt(self, role: str, index: int, text: str) -> None:
        self.unproved.append([role, index, digest(text), len(text)])
        del self.unproved[:-REMEMBERED]

    def proved(self, role: str, text: str) -> int | None:
        """The item that an event with this text confirms, taken off the list; the index of that item."""
        size = len(text)
        for entry in reversed(self.unproved):
            if entry[0] == role and entry[3] == size and entry[2] == digest(text):
                self.unproved.remove(entry)
                return int(entry[1])
        return None

    def ends_with_doubted(self, role: str, text: str) -> int | None:
        """The unconfirmed item whose text is how this one ends, taken off the list."""
        for entry in reversed(self.unproved):
            if entry[0] == role and entry[3] and digest(text[-entry[3] :]) == entry[2]:
                self.unproved.remove(entry)
                return int(entry[1])
        return None

    def remember(self, item_id: str) -> None:
        self.ids.append(item_id)
        if len(self.ids) > REMEMBERED:
            del self.ids[0]

    def called(self, call_id: str, index: int, what: str) -> None:
        self.calls[call_id] = [index, what, 0]
        if len(self.calls) > REMEMBERED:
            gone = next((known for known, entry in self.calls.items() if entry[2] != RUNNING), None)
            if gone is not None:
                del self.calls[gone]
