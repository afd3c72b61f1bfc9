from __future__ import annotations

from codex_desk.tui.model.composer import Queue
from codex_desk.tui.model.drafts import Draft, Drafts, Pastes, Recall


def test_a_small_paste_stands_as_it_is() -> None:
    assert Pastes().take("three\nlines\nonly") == "three\nlines\nonly"


def test_a_large_paste_becomes_a_chip_and_comes_back_whole() -> None:
    pastes = Pastes()
    text = "x" * 5_000_000
    chip = pastes.take(text)
    assert chip == "[pasted 5.0 MB]"
    assert pastes.expand(f"look: {chip} please") == f"look: {text} please"


def test_two_pastes_of_one_size_keep_apart() -> None:
    pastes = Pastes()
    first, second = pastes.take("a" * 9000), pastes.take("b" * 9000)
    assert first != second
    assert pastes.expand(second + first) == "b" * 9000 + "a" * 9000


def test_a_chip_inside_a_pasted_text_is_not_expanded() -> None:
    pastes = Pastes()
    chip = pastes.take("a" * 9000)
    outer = pastes.take(chip + "c" * 9000)
    assert pastes.expand(outer) == chip + "c" * 9000


def test_many_short_lines_are_a_large_paste() -> None:
    assert Pastes().take("\n" * 100).startswith("[pasted")


def test_each_thread_has_its_own_draft() -> None:
    heard: list[str] = []
    drafts = Drafts(heard.append)
    drafts.of("a").write("one")
    assert drafts.of("b").text == ""
    assert drafts.of("a").text == "one"
    drafts.of("a").write("one")
    assert heard == ["a"], "only a change is told"


def test_the_label_of_a_chip_says_how_many_lines() -> None:
    assert Pastes().take("line\n" * 81_000) == "[pasted 81,001 lines, 405.0 KB]"


def test_a_chip_before_the_cursor_is_known() -> None:
    pastes = Pastes()
    chip = pastes.take("a" * 9000)
    assert pastes.chip_at_end(f"look: {chip}") == len(chip)
    assert pastes.chip_at_end(f"{chip} ") == 0


def test_what_was_kept_comes_back_with_its_pastes() -> None:
    draft = Draft()
    assert draft.load("see [pasted 5.0 MB]", {"[pasted 5.0 MB]": "whole"}) is None
    assert draft.pastes.expand(draft.text) == "see whole"


def test_what_is_typed_before_wins_and_what_was_kept_is_given_back() -> None:
    draft = Draft()
    draft.write("new")
    assert draft.load("old [p]", {"[p]": "paste"}) == "old paste"
    assert draft.text == "new"
    assert draft.load("new", {}) is None, "nothing is lost"


def test_a_draft_that_was_kept_was_not_written_for_the_turn_that_runs_now() -> None:
    draft = Draft()
    draft.load("old", {})
    draft.machine.changed("older", "t1")
    assert isinstance(draft.machine.enter("older", popup=False, turn="t1"), Queue)


def test_up_walks_back_and_down_returns_to_the_draft() -> None:
    recall = Recall(["one", "two"])
    assert [recall.up("draft"), recall.up(""), recall.up("")] == ["two", "one", None]
    assert [recall.down(), recall.down(), recall.down()] == ["two", "draft", None]


def test_a_cleared_draft_can_be_recalled() -> None:
    recall = Recall()
    recall.add("lost and found")
    assert recall.up("") == "lost and found"


def test_the_same_prompt_twice_is_remembered_once() -> None:
    recall = Recall()
    recall.add("go")
    recall.add("go")
    assert [recall.up(""), recall.up("")] == ["go", None]


def test_up_goes_on_with_what_is_older_than_what_was_read() -> None:
    pages = [["one", "two"], ["zero"], []]
    recall = Recall(["three"], lambda: pages.pop(0) if pages else [])
    assert [recall.up("draft"), recall.up(""), recall.up(""), recall.up(""), recall.up("")] == ["three", "two", "one", "zero", None]
    assert recall.down() == "one"


def test_a_search_reads_as_much_as_it_is_asked_for_and_each_text_once() -> None:
    pages = [["b", "a"], ["old"]]
    recall = Recall(["a", "c"], lambda: pages.pop(0) if pages else [])
    assert recall.newest(3) == ["b", "a", "c"]
    assert recall.newest(100) == ["old", "b", "a", "c"]
