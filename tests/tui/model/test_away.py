"""What is said of the time away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from codex_desk.engine.away import Away, Lapsed, Passed, Work
from codex_desk.engine.standing import Asked
from codex_desk.tui.model.away import away_line, away_rows, away_summary
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.presence import AWAY_S, NOTE_EVERY_S, Attendance
from tests.tui.fakes import NOW

SINCE = NOW - timedelta(hours=2)


def work(thread: str = "reviewer", answered: int = 2, failed: int = 0, stopped: int = 0, *askers: str) -> Work:
    return Work(f"t-{thread}", thread, answered, failed, stopped, askers or ("operator",), 9_100, "Two findings", NOW, 6)


ANSWERED = Passed(42, "operator", "reviewer", "t-reviewer", "answered", "Two findings", 72, NOW, 5)
FAILED = Passed(43, "operator", "designer", "t-designer", "failed", "no answer", None, NOW, None)
NEED = Asked("t-implementor", "implementor", "make test", NOW, "implementor-7")
EXPIRED = Lapsed("implementor-6", "t-implementor", "implementor", "expired", "rm -rf build", "nobody to ask", NOW)


def test_one_line_counts_what_happened_and_who_needs_you() -> None:
    away = Away(SINCE, [work(answered=3)], [ANSWERED, FAILED], [], [NEED, NEED])
    assert away_line(away) == "while you were away: 3 turns, 1 answer, 2 need you   /away shows it"


def test_where_nothing_happened_nothing_is_said_whatever_waits() -> None:
    assert away_line(Away(SINCE, needs=[NEED])) == ""
    assert away_line(Away(None)) == ""


def test_failures_and_approvals_that_ran_out_are_in_the_line() -> None:
    away = Away(SINCE, [work("a", 0, 1, 1)], [], [EXPIRED])
    assert away_line(away) == "while you were away: 1 failure, 1 stopped turn, 1 approval refused or expired   /away shows it"


def test_the_summary_says_since_when_and_what_it_took() -> None:
    said = away_summary(Away(SINCE, [work()], [ANSWERED], [], [], 1, 9_100), NOW)
    assert said.startswith("since you left at ") and ", 2h ago: 2 turns, 1 answer, 9.1k tok, 1 still working" in said
    assert "nobody was away yet" in away_summary(Away(None), NOW)
    assert "nothing happened" in away_summary(Away(SINCE), NOW)


def test_what_waits_stands_first_and_every_line_leads_somewhere() -> None:
    rows = away_rows(Away(SINCE, [work()], [ANSWERED, FAILED], [EXPIRED], [NEED]))
    assert [row.section for row in rows] == [
        "Waits for you",
        "Done",
        "Passed between threads",
        "Passed between threads",
        "Refused or expired",
    ]
    assert [row.place for row in rows] == [
        Place("t-implementor"),
        Place("t-reviewer", 6),
        Place("t-reviewer", 5),
        Place("t-designer"),
        Place("t-implementor"),
    ]
    assert rows[2].words == "#42 answered in 1:12"
    assert rows[4].words == "expired: nobody to ask"


@pytest.mark.parametrize(
    ("askers", "words"),
    [
        (("human",), "2 turns for you · 9.1k tok"),
        (("operator", "human"), "2 turns for operator and you · 9.1k tok"),
        (("human", "a", "b", "c"), "2 turns for you, a and 2 more · 9.1k tok"),
        (("system",), "2 turns for the desk · 9.1k tok"),
    ],
)
def test_it_says_for_whom(askers: tuple[str, ...], words: str) -> None:
    (row,) = away_rows(Away(SINCE, [work("reviewer", 2, 0, 0, *askers)]))
    assert row.words == words


def test_a_human_without_a_sign_for_ten_minutes_was_away() -> None:
    attendance = Attendance(0)
    assert not attendance.sign(AWAY_S - 1)
    assert not attendance.sign(AWAY_S + 5)
    assert attendance.sign(2 * AWAY_S + 6)
    assert not attendance.sign(2 * AWAY_S + 7)


def test_it_is_written_down_at_intervals_and_only_where_there_was_a_sign() -> None:
    attendance = Attendance(0)
    assert not attendance.is_due(2 * NOTE_EVERY_S)
    attendance.sign(1)
    assert not attendance.is_due(2)
    assert attendance.is_due(2, at_once=True)
    attendance.sign(3)
    assert attendance.is_due(2 + NOTE_EVERY_S)
    assert not attendance.is_due(2 + 3 * NOTE_EVERY_S)
