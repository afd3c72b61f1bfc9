from __future__ import annotations

from codex_desk.tui.widgets.code import LONGEST_LINE, LONGEST_WHOLE, OpenHighlighter, highlight

PYTHON = ["def f(x):", '    y = """one', '    two"""', "    return x  # done", ""]


def test_a_string_over_two_lines_keeps_its_colour_while_it_comes() -> None:
    fence = OpenHighlighter("python")
    assert [fence.feed(line) for line in PYTHON] == highlight(PYTHON, "python")


def test_a_line_that_is_not_complete_does_not_change_the_state() -> None:
    fence = OpenHighlighter("python")
    fence.feed("x = 1")
    fence.peek('"""open')
    assert fence.feed("def f():") == OpenHighlighter("python").feed("def f():")


def test_a_comment_over_lines_is_coloured_once_the_fence_is_whole() -> None:
    spans = highlight(["/* one", "two */", "int x;"], "c")
    assert [len(line) > 0 for line in spans[:2]] == [True, True]


def test_an_unknown_language_is_plain() -> None:
    assert highlight(["x"], "no-such-language") == [[]]
    assert OpenHighlighter("").feed("x = 1") == []


def test_a_very_long_line_is_plain() -> None:
    assert highlight(["x = " + "1" * LONGEST_LINE], "python") == [[]]


def test_a_long_text_is_coloured_line_by_line() -> None:
    lines = ["x = 1"] * (LONGEST_WHOLE // 5 + 1)
    assert highlight(lines, "python")[-1] == highlight(["x = 1"], "python")[0]
