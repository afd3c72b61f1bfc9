"""While you were away, in words: one line for the desk, and the rows that tell it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from codex_desk.frozen import frozen
from codex_desk.text import one_line
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.waits import duration
from codex_desk.tui.model.words import age, tokens

if TYPE_CHECKING:
    from codex_desk.engine.away import Away, Lapsed, Passed, Work
    from codex_desk.engine.standing import Asked

ORIGINS = {"human": "you", "system": "the desk", "automation": "a schedule"}
"""Who asked, where it was no thread."""
Tone = Literal["asks", "bad", "good", "still"]


@frozen
class AwayRow:
    """One line: who, what, and how long ago; Enter goes to `place`. `section` is the heading that it stands under."""

    key: str
    section: str
    tone: Tone
    glyph: str
    name: str
    words: str
    told: str
    """What was said: an answer's start, a command; dim."""
    at: datetime
    place: Place


def away_line(away: Away) -> str:
    """`while you were away: 3 turns, 1 answer, 2 need you   /away shows it`; empty where there is nothing to tell."""
    if not away.happened:
        return ""
    parts = _counts(away)
    if away.needs:
        parts.append(f"{len(away.needs)} need{'s' if len(away.needs) == 1 else ''} you")
    return f"while you were away: {', '.join(parts)}   /away shows it"


def away_summary(away: Away, now: datetime) -> str:
    """`since 09:14, 2h ago: 5 turns, 2 answers, 18.2k tok`, whatever there was."""
    if away.since is None:
        return "nobody was away yet: what happens while you are not here is told here"
    here = away.since.astimezone()
    moment = here.strftime("%H:%M" if here.date() == now.astimezone().date() else "%Y-%m-%d %H:%M")
    parts = _counts(away) or ["nothing happened"]
    if used := tokens(away.tokens):
        parts.append(used)
    if away.running:
        parts.append(f"{away.running} still working")
    return f"since you left at {moment}, {age(away.since, now)} ago: {', '.join(parts)}"


def away_rows(away: Away) -> list[AwayRow]:
    """What waits for the human first, then what was done, what passed between threads, and what ended without a yes."""
    return [
        *(_need(each) for each in away.needs),
        *(_worked(each) for each in away.work),
        *(_message(each) for each in away.passed),
        *(_lapse(each) for each in away.lapsed),
    ]


def _counts(away: Away) -> list[str]:
    answered = sum(each.answered for each in away.work)
    failed = sum(each.failed for each in away.work)
    stopped = sum(each.interrupted for each in away.work)
    answers = sum(each.state == "answered" for each in away.passed)
    told = (
        (answered, "turn", "turns"),
        (answers, "answer", "answers"),
        (failed, "failure", "failures"),
        (stopped, "stopped turn", "stopped turns"),
    )
    parts = [f"{count} {one if count == 1 else many}" for count, one, many in told if count]
    if away.lapsed:
        parts.append(f"{len(away.lapsed)} approval{'' if len(away.lapsed) == 1 else 's'} refused or expired")
    return parts


def _need(need: Asked) -> AwayRow:
    glyph, words = ("✗", "error") if need.error else ("⚠", "asks" if need.approval else "needs you")
    key = f"need {need.approval or need.thread_id}"
    return AwayRow(
        key, "Waits for you", "bad" if need.error else "asks", glyph, need.thread, words, need.text, need.since, Place(need.thread_id)
    )


def _worked(work: Work) -> AwayRow:
    whom = _named(work.askers)
    parts = [f"{work.turns} turn{'' if work.turns == 1 else 's'}{f' for {whom}' if whom else ''}"]
    parts += [f"{count} {word}" for count, word in ((work.failed, "failed"), (work.interrupted, "stopped")) if count]
    if used := tokens(work.tokens):
        parts.append(used)
    glyph, tone = ("✗", "bad") if work.failed else ("✓", "good") if work.answered else ("·", "still")
    place = Place(work.thread_id, work.seq)
    return AwayRow(f"work {work.thread_id}", "Done", tone, glyph, work.thread, " · ".join(parts), work.last_words, work.at, place)


def _message(message: Passed) -> AwayRow:
    took = f" in {duration(message.seconds)}" if message.state == "answered" and message.seconds is not None else ""
    good = message.state in ("answered", "delivered")
    place = Place(message.to_id, message.seq)
    return AwayRow(
        f"message {message.number}",
        "Passed between threads",
        "good" if good else "bad",
        "✓" if good else "✗",
        f"{message.sender} ⇢ {message.to}",
        f"#{message.number} {message.state}{took}",
        message.told,
        message.at,
        place,
    )


def _lapse(lapsed: Lapsed) -> AwayRow:
    why = f": {one_line(lapsed.reason, 60)}" if lapsed.reason else ""
    return AwayRow(
        f"lapsed {lapsed.id}",
        "Refused or expired",
        "still",
        "✗" if lapsed.state == "denied" else "·",
        lapsed.id,
        f"{lapsed.state}{why}",
        lapsed.text,
        lapsed.at,
        Place(lapsed.thread_id),
    )


def _named(askers: Sequence[str]) -> str:
    """`you`, `operator`, `you and operator`, `you, operator and 2 more`."""
    names = [ORIGINS.get(each, each) for each in askers]
    match names:
        case []:
            return ""
        case [one]:
            return one
        case [one, two]:
            return f"{one} and {two}"
        case [one, two, *others]:
            return f"{one}, {two} and {len(others)} more"
    return ""
