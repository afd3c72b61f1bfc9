from __future__ import annotations

import pytest

from codex_desk.tools.patch import Add, Delete, Hunk, PatchError, Update, parse_patch
from codex_desk.tools.patch_apply import apply_update


def patch(*lines: str) -> str:
    return "\n".join(("*** Begin Patch", *lines, "*** End Patch"))


def applied(text: str, *lines: str) -> str:
    (update,) = parse_patch(patch("*** Update File: f", *lines))
    assert isinstance(update, Update)
    return apply_update(text, update)


def test_every_kind_of_operation_is_read_in_order() -> None:
    operations = parse_patch(
        patch(
            "*** Add File: new.txt",
            "+one",
            "+",
            "*** Delete File: old.txt",
            "*** Update File: a.py",
            "*** Move to: b.py",
            "@@ def f():",
            "-    return 1",
            "+    return 2",
        )
    )
    hunk = Hunk(1, ("def f():",), ("    return 1",), ("    return 2",))
    assert operations == (Add("new.txt", ("one", "")), Delete("old.txt"), Update("a.py", (hunk,), "b.py"))


def test_a_heredoc_around_the_patch_is_taken_off() -> None:
    assert parse_patch("<<'EOF'\n" + patch("*** Delete File: a") + "\nEOF\n") == (Delete("a"),)


def test_carriage_returns_of_the_patch_do_not_count() -> None:
    assert parse_patch(patch("*** Add File: a", "+b").replace("\n", "\r\n")) == (Add("a", ("b",)),)


def test_a_move_alone_is_an_operation() -> None:
    assert parse_patch(patch("*** Update File: a", "*** Move to: b")) == (Update("a", (), "b"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "first line"),
        ("*** Begin Patch", "last line"),
        (patch(), "changes nothing"),
        (patch("*** Rename File: a"), "line 2"),
        (patch("*** Add File: "), "begins no file"),
        (patch("*** Update File: a"), "a: the update has no hunk"),
        (patch("*** Update File: a", "@@"), "a, hunk 1: it has no lines"),
        (patch("*** Update File: a", "nonsense"), "a, hunk 1: 'nonsense'"),
        (patch("*** Update File: a", "@@", "-x", "*** End of File", "-y"), "a, hunk 2"),
        (patch("*** Add File: a", "+b", "c"), "line 4"),
    ],
)
def test_a_broken_patch_says_where(text: str, said: str) -> None:
    with pytest.raises(PatchError, match=said):
        parse_patch(text)


def test_the_first_hunk_needs_no_marker() -> None:
    assert applied("a\nb\nc\n", " a", "-b", "+B") == "a\nB\nc\n"


def test_hunks_are_found_one_after_the_other() -> None:
    assert applied("x\ny\nx\ny\n", "@@", " x", "-y", "+1", "@@", " x", "-y", "+2") == "x\n1\nx\n2\n"


def test_context_says_which_of_several_places() -> None:
    text = "def f():\n    return 0\ndef g():\n    return 0\n"
    assert applied(text, "@@ def g():", "-    return 0", "+    return 1") == "def f():\n    return 0\ndef g():\n    return 1\n"


def test_nested_context() -> None:
    text = "class A:\n  def f():\n    1\nclass B:\n  def f():\n    1\n"
    assert applied(text, "@@ class B:", "@@   def f():", "-    1", "+    2").endswith("class B:\n  def f():\n    2\n")


def test_lines_without_old_ones_go_to_the_end() -> None:
    assert applied("a\n", "@@", "+b") == "a\nb\n"


def test_lines_without_old_ones_go_after_their_context() -> None:
    assert applied("a\nb\n", "@@ a", "+new") == "a\nnew\nb\n"


def test_the_end_of_the_file_is_meant() -> None:
    assert applied("x\ny\nx\n", "@@", "-x", "+z", "*** End of File") == "x\ny\nz\n"


def test_an_empty_line_is_context() -> None:
    assert applied("a\n\nb\n", "@@", " a", "", "-b", "+c") == "a\n\nc\n"


@pytest.mark.parametrize(
    "line", ["value = 1  ", "  value = 1", "value\u00a0=\u20031", "value = 1\t"], ids=["trailing", "leading", "unicode spaces", "tab"]
)
def test_white_space_is_forgiven(line: str) -> None:
    assert applied(f"{line}\n", "@@", "-value = 1", "+value = 2") == "value = 2\n"


def test_typographic_punctuation_is_forgiven() -> None:
    assert applied("say \u201chi\u201d \u2014 it\u2019s\n", "@@", '-say "hi" - it\'s', "+bye") == "bye\n"


def test_the_strictest_match_wins() -> None:
    assert applied("  x\nx\n", "@@", "-x", "+y") == "  x\ny\n"


def test_a_context_line_keeps_the_spelling_of_the_file() -> None:
    assert applied("head  \nold\nfoot\t\n", "@@", " head", "-old", "+new", " foot") == "head  \nnew\nfoot\t\n"


def test_carriage_returns_of_the_file_are_kept() -> None:
    assert applied("a\r\nb\r\nc\r\n", "@@", " a", "-b", "+B", "+BB") == "a\r\nB\r\nBB\r\nc\r\n"


def test_mixed_line_ends_stay_mixed() -> None:
    assert applied("a\r\nb\nc\r\n", "@@", " a", " b", "-c", "+C") == "a\r\nb\nC\r\n"


def test_a_missing_last_newline_stays_missing() -> None:
    assert applied("a\nb", "@@", "-a", "+A") == "A\nb"


def test_lines_that_only_a_carriage_return_ends_are_one_line() -> None:
    assert applied("a\rb\nc\n", "@@", "-c", "+d") == "a\rb\nd\n"


def test_a_text_that_is_not_there_is_named_with_its_hunk() -> None:
    with pytest.raises(PatchError, match="f, hunk 2: these lines are not in the file after line 1:\nnope"):
        applied("a\nb\n", "@@", "-a", "+A", "@@", "-nope", "+x")


def test_a_context_that_is_not_there_is_named_with_its_hunk() -> None:
    with pytest.raises(PatchError, match="f, hunk 1: the context line 'class X' is not in the file"):
        applied("a\n", "@@ class X", "-a", "+b")
