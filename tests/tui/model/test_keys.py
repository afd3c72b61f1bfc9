from __future__ import annotations

from codex_desk.tui.model.keys import APART, Leader, columns


def test_the_leader_names_the_command_of_the_next_key_and_ends() -> None:
    leader = Leader({"a": "attach"})
    leader.start()
    assert leader.pending
    assert leader.press("a") == "attach"
    assert not leader.pending


def test_a_key_without_meaning_ends_the_leader_too() -> None:
    leader = Leader({"a": "attach"})
    leader.start()
    assert leader.press("q") is None
    assert not leader.pending


ROWS = [("a", "attach it"), ("b", "back"), ("c", "close it"), ("^d", "down"), ("e", "edit")]


def test_the_panel_has_two_columns_where_whole_words_fit_and_is_read_downwards() -> None:
    table = columns(ROWS, 80, 20)
    assert [[key for key, _, _ in line] for line in table] == [["a", "^d"], ["b", "e"], ["c"]]
    assert all(width > len(words) for line in table for _, words, width in line)


def test_a_narrow_panel_has_one_column() -> None:
    assert [len(line) for line in columns(ROWS, 20, 20)] == [1] * 5


def test_a_low_panel_cuts_words_rather_than_keys() -> None:
    table = columns(ROWS, 40, 2)
    assert len(table) == 2
    assert {key for line in table for key, _, _ in line} == {key for key, _ in ROWS}
    assert all(sum(width + 4 for _, _, width in line) - APART <= 40 for line in table)
