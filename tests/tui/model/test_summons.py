from __future__ import annotations

from codex_desk.tui.model.summons import Absence
from tests.tui.fakes import thread


def test_nothing_that_happened_is_no_title() -> None:
    assert Absence().title("repo") == ""


def test_what_needed_the_person_before_they_left_is_in_the_title_and_no_news() -> None:
    absence = Absence.begin([thread("implementor", "needs_human"), thread("operator")])
    assert absence.title("repo") == "⚠ 1 · codex-desk repo"
    assert not absence.changed(thread("implementor", "needs_human"))


def test_a_thread_that_begins_to_need_the_person_is_news_once() -> None:
    absence = Absence()
    assert absence.changed(thread("implementor", "error"))
    assert not absence.changed(thread("implementor", "error"))
    assert absence.title("repo") == "⚠ 1 · codex-desk repo"


def test_one_that_was_answered_from_elsewhere_leaves_the_title() -> None:
    absence = Absence.begin([thread("implementor", "needs_human")])
    assert not absence.changed(thread("implementor"))
    assert absence.title("repo") == ""


def test_answers_are_named_while_there_is_one_and_counted_from_two_on() -> None:
    absence = Absence()
    assert absence.answered(thread("reviewer"))
    assert absence.title("repo") == "✓ reviewer · codex-desk repo"
    absence.answered(thread("operator"))
    absence.changed(thread("implementor", "needs_human"))
    assert absence.title("repo") == "⚠ 1 ✓ 2 · codex-desk repo"


def test_a_failed_turn_of_a_thread_that_needs_the_person_calls_once() -> None:
    absence = Absence()
    absence.changed(thread("reviewer", "error"))
    assert not absence.answered(thread("reviewer", "error"))
    assert absence.title("repo") == "⚠ 1 · codex-desk repo"


def test_plain_says_it_in_words() -> None:
    absence = Absence.begin([thread("implementor", "needs_human")])
    absence.answered(thread("reviewer"))
    assert absence.title("repo", plain=True) == "1 needs you, reviewer done, codex-desk repo"


def test_a_name_cannot_speak_to_the_terminal() -> None:
    absence = Absence()
    absence.answered(thread("a\x1b]0;owned\x07"))
    assert "\x1b" not in absence.title("repo\x07")
