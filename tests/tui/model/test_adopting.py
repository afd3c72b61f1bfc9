from __future__ import annotations

import time
from pathlib import Path

from codex_desk.engine.adopting import Where
from codex_desk.tui.model.adopting import Choice, Heading, Line, More, choices, counted, handles_of, lines, proposed, trouble
from tests.tui.fakes import NOW, in_codex, thread

SHOP = Path("/home/dev/shop")
HISTORY: list[Where] = ["history only"]


def found(*wheres: Where, cwd: Path = SHOP, first: int = 1) -> list[Choice]:
    """Sessions of one project, the newest first."""
    return choices((), [in_codex(number, f"Matter {number}", where, ago=number, cwd=cwd) for number, where in enumerate(wheres, first)])


def told(shown: list[Line]) -> list[str]:
    return [line.title if isinstance(line, Choice) else f"{type(line).__name__} {line.project} {line.count}" for line in shown]


def test_a_session_of_the_desk_is_one_row_whoever_tells_of_it() -> None:
    mine = thread("reviewer", runtime="codex", external_id="0199", title="Review")
    theirs = in_codex(1, "Review", "on the desk", id="0199", thread_id=mine.id)
    assert [(each.key, each.handle, each.where, each.thread_id) for each in choices([mine], [theirs])] == [
        ("0199", "reviewer", "on the desk", mine.id)
    ]


def test_a_session_that_is_archived_on_the_desk_says_so() -> None:
    (only,) = choices((), [in_codex(1, "Review", "on the desk", thread_id="t-1")])
    assert only.state == "▪ archived" and not only.can_be_taken


def test_projects_stand_by_their_newest_session_and_the_desk_s_own_come_first_in_each() -> None:
    desk = choices([thread("operator", ago=5000, title="Operate", project="shop")], ())
    repo = found("in Codex", cwd=Path("/home/dev/repo"), first=50)
    shown = lines([*repo, *found("history only", "in Codex"), *desk], "")
    assert told(shown) == ["Heading shop 3", "Operate", "Matter 2", "Matter 1", "Heading repo 1", "Matter 50"]


def test_history_is_folded_but_for_its_newest_and_what_is_marked() -> None:
    history = found(*HISTORY * 9)
    assert told(lines(history, "")) == ["Heading shop 9", "Matter 1", "Matter 2", "Matter 3", "More shop 6"]
    assert told(lines(history, "", marked=frozenset({history[7].key})))[-2:] == ["Matter 8", "More shop 5"]
    assert len(lines(history, "", frozenset({"shop"}))) == 10
    assert not any(isinstance(line, More) for line in lines(history[:4], ""))  # a row that says so would take as much


def test_every_word_has_to_stand_somewhere_and_more_of_what_is_found_is_shown() -> None:
    history = found(*HISTORY * 9)
    assert told(lines(history, "MATTER shop 8")) == ["Heading shop 1", "Matter 8"]
    assert len(lines(history, "history")) == 10
    assert lines(history, "matter nowhere") == []
    assert told(lines(found(*HISTORY * 90), "matter"))[-2:] == ["Matter 50", "More shop 40"]


def test_the_filter_of_ten_thousand_takes_less_than_a_frame() -> None:
    many = [each for number in range(100) for each in found(*HISTORY * 100, cwd=Path(f"/home/dev/p{number}"), first=number * 100)]
    began = time.process_time()
    for written in ("", "m", "ma", "mat", "matter 99"):
        lines(many, written)
    assert (time.process_time() - began) / 5 < 0.1


def test_what_is_there_is_counted_in_words() -> None:
    assert counted(found("in Codex", "history only", "history only")) == "1 in Codex · 2 history only, in 1 project"
    assert counted([]) == ""


def test_a_proposed_handle_gets_a_number_where_it_is_taken_or_proposed_twice() -> None:
    wanted = [each for number in range(3) for each in choices((), [in_codex(number, "Same", cwd=SHOP, handle="same", id=str(number))])]
    other = choices((), [in_codex(9, "Same", handle="same", id="9")])
    assert proposed([*wanted, *other], {"shop": frozenset({"same-2"})}) == {"0": "same", "1": "same-3", "2": "same-4", "9": "same"}


def test_a_long_handle_gives_way_to_its_number() -> None:
    (only,) = choices((), [in_codex(1, "Same", handle="a" * 40)])
    assert proposed([only], {"repo": frozenset({"a" * 40})})[only.key] == "a" * 38 + "-2"


def test_a_handle_that_cannot_be_taken_is_named_with_the_reason() -> None:
    taken = {"/home/dev/repo": frozenset({"reviewer"})}
    assert trouble("reviewer", "/home/dev/repo", taken) == "reviewer is taken in repo"
    assert trouble("reviewer", "/home/dev/shop", taken) is None
    assert trouble("Reviewer", "/home/dev/repo", taken) == "a handle is a small letter, then up to 39 small letters, digits or -"
    assert trouble("", "/home/dev/repo", taken) == "it needs a handle"
    assert trouble("critic", "/home/dev/repo", taken, [("/home/dev/repo", "critic")]) == "critic is written twice for repo"
    assert trouble("critic", "/home/dev/repo", taken, [("/home/dev/shop", "critic")]) is None


def test_handles_are_known_by_project_archived_ones_too() -> None:
    threads = [thread("operator"), thread("critic", "archived", archived_at=NOW), thread("scout", project="shop")]
    assert handles_of(threads) == {"repo": frozenset({"operator", "critic"}), "shop": frozenset({"scout"})}


def test_a_heading_counts_all_of_its_project() -> None:
    assert lines(found(*HISTORY * 9), "")[0] == Heading("shop", 9)
