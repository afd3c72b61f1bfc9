"""What a fold says: the human's requests in a child and the final answers to them, as one text whose stretches keep the origin of their words. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from codex_desk.engine import envelope
from codex_desk.engine.views import Origin
from codex_desk.frozen import frozen

COMPARED = 2_000
"""Lines of an edited text that are compared with what stood there; above that, what differs at all counts as the human's."""

CHARACTERS_A_TOKEN = 4


@frozen
class Exchange:
    """One turn of the child in which the human asked something, and how it ended."""

    turn_id: str
    requests: tuple[tuple[int, str], ...]
    """Number and words of each: the prompt, and steers on the way."""
    answer: str | None
    state: str
    reason: str | None = None


@frozen
class Part:
    """A stretch of the text: whose words, and the line before them."""

    origin: Origin
    text: str
    head: str = ""
    message: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {"origin": self.origin, "head": self.head, "text": self.text, "message": self.message}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Part:
        return cls(data["origin"], data["text"], data.get("head", ""), data.get("message"))


def of_exchanges(child: str, exchanges: Sequence[Exchange]) -> list[Part]:
    """Requests and answers in their order; nothing of what the child did in between."""
    parts: list[Part] = []
    for exchange in exchanges:
        for index, (number, words) in enumerate(exchange.requests):
            parts.append(Part("human", words, f"The user {'added' if index else 'asked'} in {child} (#{number}):", number))
        parts.append(_answer(child, exchange))
    return parts


def _answer(child: str, exchange: Exchange) -> Part:
    number = exchange.requests[-1][0]
    why = f"{exchange.state}: {exchange.reason}" if exchange.reason else exchange.state
    if exchange.answer is None:
        return Part("system", why, f"{child} gave no answer:", number)
    broken = "" if exchange.state == "answered" else f", then {why}"
    return Part("agent", exchange.answer, f"{child} answered{broken}:", number)


def of_summary(child: str, summary: str, requests: int) -> list[Part]:
    """What the child's model wrote of the human's work in it."""
    return [Part("agent", summary, f"{child} sums up what the user did there ({counted(requests, 'request')}):")]


def text_of(parts: Sequence[Part]) -> str:
    """The parts as one text."""
    return "\n\n".join(f"{part.head}\n\n{part.text}" if part.head else part.text for part in parts)


def edited(parts: Sequence[Part], text: str) -> list[Part]:
    """The text as the human left it: lines that stood there keep the origin of their words, all others are the human's. The parts have no heads, and
    are the text again once they stand below each other."""
    before, after = _lines(parts), text.split("\n")
    old = [line for line, _ in before]
    origins: list[Origin] = ["human"] * len(after)
    if len(old) <= COMPARED and len(after) <= COMPARED:
        for block in SequenceMatcher(None, old, after, autojunk=False).get_matching_blocks():
            for step in range(block.size):
                origins[block.b + step] = before[block.a + step][1]
    found: list[Part] = []
    for line, origin in zip(after, origins, strict=True):
        if found and found[-1].origin == origin:
            found[-1] = Part(origin, f"{found[-1].text}\n{line}")
        else:
            found.append(Part(origin, line))
    return found


def _lines(parts: Sequence[Part]) -> list[tuple[str, Origin]]:
    """The lines of `text_of(parts)`, each with its origin."""
    lines: list[tuple[str, Origin]] = []
    for part in parts:
        between = ([""] if lines else []) + ([part.head, ""] if part.head else [])
        lines.extend((line, "system") for line in between)
        lines.extend((line, part.origin) for line in part.text.split("\n"))
    return lines


def sealed(child: str, parts: Sequence[Part], text: str, *, edited: bool) -> str:
    """What the parent's model reads: each part between boundary lines of its own, so that no answer can pose as a request; an edited text as one."""
    bodies = [envelope.Part("As the user has edited it:", text)] if edited else [envelope.Part(part.head, part.text) for part in parts]
    return envelope.from_fold(child, bodies)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def tokens_of(text: str) -> int:
    """A rough size."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


def counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
