"""Whose an item is, and what separates it from the one before: a header once per run of one author, a gap around whatever is not one line."""

from __future__ import annotations

from codex_desk.engine.views import ItemView
from codex_desk.frozen import frozen

COMPACT = frozenset({"tool_call", "reasoning", "notice", "message_out", "approval", "fold"})
"""Kinds that are one row until they are opened."""
AGENT = "agent"
OWN_COMMAND = "own_command"
"""A command that the human ran: of the kind `command`, and theirs."""


def author(kind: str, key: str) -> str | None:
    """Who speaks in an item of a kind; None for the desk's own lines, which interrupt nobody. `key` tells received messages apart."""
    match kind:
        case "user_message" | "own_command":
            return "you"
        case "message_in":
            return key  # each comes with its own header
        case "notice" | "approval" | "compaction" | "fold":
            return None
        case _:
            return AGENT


def kind_of(item: ItemView) -> str:
    """An item's kind, and who is behind it where that makes a difference."""
    return OWN_COMMAND if item.kind == "command" and item.origin == "human" else item.kind


@frozen
class Frame:
    header: bool
    gap: bool


@frozen
class Run:
    """What the next item is judged by."""

    speaker: str | None = None
    last_kind: str | None = None

    def take(self, kind: str, key: str, *, opened: bool = False) -> tuple[Frame, Run]:
        """The frame of the next item; one that is `opened` is a row no longer, and what follows stands apart from it."""
        speaker = author(kind, key)
        header = speaker is not None and speaker != self.speaker
        apart = header or kind not in COMPACT or self.last_kind not in COMPACT
        return Frame(header, self.last_kind is not None and apart), Run(speaker or self.speaker, "" if opened else kind)
