"""Whose an item is, and what separates it from the one before: a header once per run of one author, a gap around whatever is not one line."""

from __future__ import annotations

from dataclasses import dataclass

COMPACT = frozenset({"tool_call", "reasoning", "notice", "message_out", "approval", "fold"})
"""Kinds that are one row until they are opened."""
AGENT = "agent"


def author(kind: str, key: str) -> str | None:
    """Who speaks in an item of a kind; None for the desk's own lines, which interrupt nobody. `key` tells received messages apart."""
    match kind:
        case "user_message":
            return "you"
        case "message_in":
            return key  # each comes with its own header
        case "notice" | "approval" | "compaction" | "fold":
            return None
        case _:
            return AGENT


@dataclass(frozen=True, slots=True)
class Frame:
    header: bool
    gap: bool


@dataclass(frozen=True, slots=True)
class Run:
    """What the next item is judged by."""

    speaker: str | None = None
    last_kind: str | None = None

    def take(self, kind: str, key: str) -> tuple[Frame, Run]:
        speaker = author(kind, key)
        header = speaker is not None and speaker != self.speaker
        apart = header or kind not in COMPACT or self.last_kind not in COMPACT
        return Frame(header, self.last_kind is not None and apart), Run(speaker or self.speaker, kind)
