"""What one chain may use up (semantics.md §10): the arithmetic of its limits, and when two agents turn in circles. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import timedelta
from typing import Literal

from codex_desk.frozen import frozen

LimitName = Literal["hops", "wakes", "turns", "tokens", "time"]
LIMITS: tuple[LimitName, ...] = ("hops", "wakes", "turns", "tokens", "time")
Loop = Literal["echo", "alternation"]
Brake = LimitName | Loop
"""What can hold an edge."""

SAME = 3
"""The same words between the same two are an echo with the third time."""
ALTERNATIONS = 12
"""Messages in a row, each the other way than the one before, that are a loop."""
REMEMBERED = 32
"""Different bodies that are counted between two; those said longest ago are forgotten first."""


@frozen
class Limits:
    """How much of each a chain may use; `seconds` is its deadline."""

    hops: int = 8
    wakes: int = 25
    turns: int = 200
    tokens: int = 2_000_000
    seconds: float = 4 * 3600

    def of(self, name: LimitName) -> float:
        return self.seconds if name == "time" else getattr(self, name)

    def again(self, granted: Mapping[str, int]) -> Limits:
        """These, and as much again of each as often as the human granted that."""
        times = {name: 1 + granted.get(name, 0) for name in LIMITS}
        return Limits(
            self.hops * times["hops"],
            max(self.wakes, 1 if granted.get("wakes") else 0) * times["wakes"],  # a limit of none is as good as one
            self.turns * times["turns"],
            self.tokens * times["tokens"],
            self.seconds * times["time"],
        )


@frozen
class Use:
    """What a chain has used, with what it is about to."""

    hops: int = 0
    wakes: int = 0
    turns: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def of(self, name: LimitName) -> float:
        return self.seconds if name == "time" else getattr(self, name)


def beyond(use: Use, limits: Limits, names: Sequence[LimitName] = LIMITS) -> LimitName | None:
    """The first of these limits that is passed. What is counted before it happens may come up to its limit; tokens and time were spent already, so that
    nothing new begins once they are."""
    for name in names:
        used, limit = use.of(name), limits.of(name)
        if used > limit or (name in ("tokens", "time") and used >= limit):
            return name
    return None


def near(use: Use, limits: Limits) -> tuple[LimitName, ...]:
    """The limits of which 80 % are used."""
    return tuple(name for name in LIMITS if use.of(name) > 0 and use.of(name) * 5 >= limits.of(name) * 4)


def share(name: LimitName, use: Use, limits: Limits) -> str:
    """`160 of 200 turns`, for people."""
    if name == "time":
        return f"{clock(use.seconds)} of {clock(limits.seconds)} hours"
    return f"{use.of(name):,} of {limits.of(name):,} {name}"


def key(name: Brake) -> str:
    """The setting that a limit comes from; empty for what is none."""
    return {"time": "budgets.deadline_h", "echo": "", "alternation": ""}.get(name, f"budgets.{name}")


def why(name: LimitName, use: Use, limits: Limits) -> str:
    """Why nothing more goes along an edge."""
    limit = limits.of(name)
    match name:
        case "hops":
            told = f"{use.hops} hops from the user's prompt, more than {limit:,}"
        case "wakes":
            told = f"wake {use.wakes} of what one prompt caused, more than {limit:,}"
        case "turns":
            told = f"turn {use.turns} of what one prompt caused, more than {limit:,}"
        case "tokens":
            told = f"{use.tokens:,} tokens used by what one prompt caused, of {limit:,}"
        case "time":
            told = f"{clock(use.seconds)} hours since it began, of {clock(limits.seconds)}"
    return f"{told} ({key(name)})"


def clock(seconds: float) -> str:
    """Hours and minutes: `3:12`; what is not an hour has its minutes and seconds: `0:03:20`."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02}" if hours and not whole % 60 else f"{hours}:{minutes:02}:{whole % 60:02}"


@frozen
class Talk:
    """What two agents have said to each other in one chain since something came of it."""

    last: str = ""
    """Who spoke last."""
    turned: int = 0
    """Messages in a row that went the other way than the one before."""
    said: Mapping[str, int] = field(default_factory=dict)
    """Digest of a body → how often it was said."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Who answered → the digest of what they answered last."""
    since: int = 0
    """The number of the first message that counts."""

    def heard(self, sender: str, body: str, number: int) -> Talk:
        """With one message more."""
        mark = digest(body)
        said = {**{each: count for each, count in self.said.items() if each != mark}, mark: self.said.get(mark, 0) + 1}
        kept = dict(list(said.items())[-REMEMBERED:])
        turned = self.turned + 1 if self.last not in ("", sender) else 0
        return replace(self, last=sender, turned=turned, said=kept, since=self.since or number)

    def answered(self, by: str, answer: str) -> Talk:
        """With an answer: one that differs from what the same one answered before shows that something goes on, and the count begins anew."""
        mark = digest(answer)
        answers = {**self.answers, by: mark}
        if self.answers.get(by, mark) == mark:
            return replace(self, answers=answers)
        return Talk(answers=answers)

    def loop(self, body: str) -> Loop | None:
        """Whether the message that was heard last is one too many."""
        if self.said.get(digest(body), 0) >= SAME:
            return "echo"
        return "alternation" if self.turned >= ALTERNATIONS else None

    def to_json(self) -> dict[str, object]:
        return {"last": self.last, "turned": self.turned, "said": dict(self.said), "answers": dict(self.answers), "since": self.since}


def digest(text: str) -> str:
    """A short stand-in for a text; what differs in white space alone is the same."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def why_loop(brake: Loop, one: str, other: str) -> str:
    """Why a loop holds an edge."""
    if brake == "echo":
        return f"{one} and {other} said the same for the third time, and nothing came of it: no file changed, no other answer, nobody stepped in"
    return f"{one} and {other} wrote to and fro {ALTERNATIONS} times, and nothing came of it: no file changed, no other answer, nobody stepped in"


def passed(since: timedelta) -> float:
    """Seconds of a span; none of one that a clock set back makes negative."""
    return max(0.0, since.total_seconds())
