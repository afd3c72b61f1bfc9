from __future__ import annotations

from collections.abc import Sequence

import pytest
from rich.cells import cell_len

from codex_desk.engine.views import ThreadStatus, ThreadView
from codex_desk.tui.model.sidebar import HeadingRow, Row, ThreadRow, rows, siblings, spaced, why_not, words_beside
from tests.tui.fakes import NOW, attached, subagent, thread


def drawn(found: Sequence[Row]) -> list[str]:
    """Rows as text: `# Working 2`, `operator`, `├─reviewer attached`."""
    return [
        f"# {row.title} {row.count}" if isinstance(row, HeadingRow) else f"{row.guides}{row.thread.handle} {row.word}".strip()
        for row in found
        if isinstance(row, HeadingRow | ThreadRow)
    ]


OFFICE = (
    thread("operator", "running"),
    attached("reviewer", "operator", "idle"),
    subagent("scout-1", "operator", "finished"),
    thread("implementor", "needs_human"),
    thread("auditor", "error"),
)


@pytest.mark.row("S0-06")
@pytest.mark.row("S1-11")
def test_an_attached_session_keeps_its_place_and_is_drawn_under_its_parent_too() -> None:
    found = drawn(rows(OFFICE))
    assert found == [
        "# Needs you 2",
        "auditor",
        "implementor",
        "# Working 1",
        "operator",
        "├─reviewer attached",
        "└─scout-1 subagent",
        "# Ready 1",
        "reviewer attached",
        "# Finished 1",
        "scout-1 subagent",
    ]


def test_flat_draws_no_children() -> None:
    assert "├─reviewer attached" not in drawn(rows(OFFICE, tree=False))
    assert "reviewer attached" in drawn(rows(OFFICE, tree=False))


def test_by_project_groups_every_session_once() -> None:
    threads = (thread("b", project="site"), thread("a", "running"), thread("c"))
    assert drawn(rows(threads, by_project=True)) == ["# repo 2", "a", "c", "# site 1", "b"]


def test_a_running_subagent_only_shows_under_its_parent() -> None:
    found = rows((thread("operator", "running"), subagent("scout-1", "operator")))
    assert drawn(found) == ["# Working 1", "operator", "└─scout-1 subagent"]


def test_a_subagent_that_asks_is_under_needs_you() -> None:
    found = drawn(rows((thread("operator", "running"), subagent("scout-1", "operator", "needs_human"))))
    assert found[:2] == ["# Needs you 1", "scout-1 subagent"]


def test_a_folded_parent_hides_its_children_and_keeps_its_count() -> None:
    found = [
        row for row in rows(OFFICE, folded=frozenset({"t-operator"})) if isinstance(row, ThreadRow) and row.thread.handle == "operator"
    ]
    assert [(row.children, row.folded) for row in found] == [(2, True)]


def test_archived_threads_have_no_row() -> None:
    from tests.tui.fakes import NOW

    assert rows((thread("old", archived_at=NOW),)) == []


def test_grandchildren_are_drawn_with_their_guides() -> None:
    threads = (thread("a", "running"), attached("b", "a"), attached("c", "b"), attached("d", "a"))
    assert drawn(rows(threads))[1:5] == ["a", "├─b attached", "│ └─c attached", "└─d attached"]


def test_siblings_of_a_child_are_the_children_of_its_parent() -> None:
    assert [one.handle for one in siblings(OFFICE, OFFICE[1])] == ["reviewer", "scout-1"]


def test_siblings_of_a_root_are_the_roots() -> None:
    assert [one.handle for one in siblings(OFFICE, OFFICE[0])] == ["auditor", "implementor", "operator"]


@pytest.mark.row("S0-15")
def test_a_subagent_is_not_eligible_to_be_attached() -> None:
    assert why_not("attach", OFFICE[2]) is not None
    assert why_not("attach", OFFICE[0]) is None


@pytest.mark.row("S0-22")
def test_only_an_attached_session_can_be_detached() -> None:
    assert why_not("detach", OFFICE[1]) is None
    assert why_not("detach", OFFICE[0]) is not None


def test_only_a_working_thread_can_be_stopped() -> None:
    assert why_not("interrupt", OFFICE[0]) is None
    assert why_not("interrupt", OFFICE[1]) is not None


def beside(one: ThreadView, room: int, under: str | None = None) -> str:
    return words_beside(ThreadRow(one, under=under), room, NOW)


def test_beside_a_handle_stand_its_relation_and_its_age() -> None:
    assert beside(attached("reviewer", "operator", ago=120), 27) == "attached 2m"
    assert beside(thread("auditor", ago=120, project="/home/dev/repo"), 27) == "repo 2m"


def test_the_age_gives_way_to_the_handle_and_a_long_handle_to_the_relation() -> None:
    assert beside(attached("implementor", "operator"), 22) == "attached"
    assert beside(attached("a-handle-of-some-length", "operator"), 24) == "attached 2m"
    assert beside(attached("reviewer", "operator"), 12) == "attached"


def test_what_asks_says_its_relation_and_what_it_asks_for_as_far_as_there_is_room() -> None:
    asks = attached("reviewer", "operator", "needs_human", reason="reviewer-7: git diff --stat; touch it")
    assert beside(asks, 27) == "attached git diff…"
    assert beside(asks, 60) == "attached git diff --stat; touch it"
    assert beside(thread("a-handle-of-some-length", "needs_human", reason="x-1: make"), 20) == "make"


@pytest.mark.parametrize("room", range(1, 40))
@pytest.mark.parametrize("handle", ["a", "reviewer", "a" * 40])
@pytest.mark.parametrize("status", ["idle", "needs_human", "error", "running"])
def test_what_stands_beside_a_handle_fits(handle: str, status: ThreadStatus, room: int) -> None:
    for one in (thread(handle, status, reason="漢字の理由"), attached(handle, "operator", status, reason="make")):
        assert cell_len(beside(one, room)) <= room


def test_groups_stand_apart_where_all_rows_fit() -> None:
    found = rows([thread("operator", "running"), thread("auditor")])
    assert [type(row).__name__ for row in spaced(found, 5)] == ["HeadingRow", "ThreadRow", "GapRow", "HeadingRow", "ThreadRow"]
    assert spaced(found, 4) == found


def test_what_is_new_is_said_in_a_word_that_outlives_the_project() -> None:
    row = ThreadRow(thread("auditor", ago=120))
    assert words_beside(row, 30, NOW, new=True) == "repo new 2m"
    assert words_beside(row, 15, NOW, new=True) == "new 2m"


@pytest.mark.parametrize("tree", [True, False])
def test_rows_that_were_made_before_are_taken_over_for_threads_that_have_not_changed(tree: bool) -> None:
    made: dict[str, ThreadRow] = {}
    before = rows(OFFICE, tree=tree, made=made)
    office = (*OFFICE[:-1], thread("auditor", "idle"))
    after = rows(office, tree=tree, made=made)
    assert after == rows(office, tree=tree)
    kept = {id(row) for row in before}
    plain = [row for row in after if isinstance(row, ThreadRow) and not row.children and row.under is None]
    assert [row.thread.handle for row in plain if id(row) not in kept] == ["auditor"]
