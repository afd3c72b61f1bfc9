from __future__ import annotations

from codex_desk.tui.model.drafts import Drafts, Pastes, Recall


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
    drafts = Drafts()
    drafts.of("a").text = "one"
    assert drafts.of("b").text == ""
    assert drafts.of("a").text == "one"


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
    assert recall.entries == ("go",)
