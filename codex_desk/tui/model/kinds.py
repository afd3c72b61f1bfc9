"""Short words for the kinds of items, as people filter by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

KIND_WORDS: Mapping[str, str] = {
    "user_message": "prompt",
    "agent_message": "answer",
    "message_out": "sent",
    "message_in": "received",
    "reasoning": "reasoning",
    "tool_call": "tool",
    "command": "command",
    "file_change": "change",
    "plan": "plan",
    "notice": "notice",
    "approval": "approval",
    "fold": "fold",
    "compaction": "compaction",
}


def kind_word(kind: str) -> str:
    """The word for a kind; a kind that a newer codex-desk wrote is its own."""
    return KIND_WORDS.get(kind, kind.replace("_", " "))


def kinds_named(asked: Iterable[str]) -> tuple[str, ...]:
    """The kinds whose words, or own names, begin like one of these. `message` is what was sent and what was received."""
    wanted = tuple(asked)
    return tuple(kind for kind, word in KIND_WORDS.items() if word.startswith(wanted) or kind.startswith(wanted))
