"""When an approval may be answered: never by accident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from codex_desk.engine.views import ApprovalView

Answer = Literal["once", "thread", "tree", "folder", "deny", "words"]

ANSWER_KEYS: dict[str, Answer] = {"y": "once", "a": "words", "t": "thread", "s": "tree", "f": "folder", "n": "deny"}
"""Key → answer, while the card has focus. There is none on Enter."""

ANSWER_WORDS: dict[Answer, str] = {
    "once": "allow once",
    "thread": "in this thread",
    "tree": "+ subagents",
    "folder": "in this folder",
    "deny": "deny",
    "words": "answer",
}


def answers_to(approval: ApprovalView) -> Mapping[str, Answer]:
    """Key → answer, as far as this can be answered so: a rule is made of one simple command only, a runtime may remember a yes for the thread by
    itself, and what asks a question takes words."""
    can: set[Answer] = {"once", "deny"}
    if approval.simple:
        can |= {"thread", "tree", "folder"}
    if "thread" in approval.offers:
        can.add("thread")
    if "answer" in approval.offers:
        can.add("words")
    return {key: answer for key, answer in ANSWER_KEYS.items() if answer in can}


def words_for(approval: ApprovalView, answer: Answer) -> str:
    """What an answer is called on the card of what is asked."""
    if approval.kind == "budget":
        loops = not {"echo", "alternation"}.isdisjoint(approval.offers)
        return {"once": "let them go on" if loops else "as much again", "deny": "no more"}.get(answer, ANSWER_WORDS[answer])
    if approval.kind == "question":
        return {"once": "yes", "deny": "no"}.get(answer, ANSWER_WORDS[answer])
    return ANSWER_WORDS[answer]


class ApprovalGuard:
    """Refuses keys that the human cannot have meant for the card: too soon after it appeared, or in the middle of typing."""

    QUIET = 0.5
    """Seconds without a keystroke, and since the card appeared, before a key counts."""

    def __init__(self, appeared: float) -> None:
        """`appeared`: when the card came onto the screen (seconds, monotonic)."""
        self._last = appeared
        self._seen = False

    def saw_end(self) -> None:
        """The last line of what is asked has been on the screen."""
        self._seen = True

    @property
    def seen(self) -> bool:
        return self._seen

    def keystroke(self, now: float) -> None:
        """A key was pressed, for the card or elsewhere."""
        self._last = now

    def refusal(self, answer: Answer, now: float) -> str | None:
        """Why this answer does not count now, or None. The key itself is noted as a keystroke."""
        quiet, self._last = now - self._last, now
        if quiet < self.QUIET:
            return "too quick to be meant: wait half a second, then press it again"
        if answer != "deny" and not self._seen:
            return "scroll to the end first: it can be allowed once all of it has been on the screen"
        return None
