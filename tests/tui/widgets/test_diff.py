from __future__ import annotations

import pytest

from codex_desk.tui.widgets.diff import DiffLine, counts, differing, parse_diff

DIFF = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -3,3 +3,3 @@ def f():\n same\n-old\n+new\n--- gone\n\\ No newline at end of file"


def test_lines_have_their_sign_and_number() -> None:
    assert parse_diff(DIFF) == [
        DiffLine("@", "⋯ def f():"),
        DiffLine(" ", "same", 3),
        DiffLine("-", "old", 4),
        DiffLine("+", "new", 4),
        DiffLine("-", "-- gone", 5),
        DiffLine("@", "\\ No newline at end of file"),
    ]


def test_added_and_removed_lines_are_counted() -> None:
    assert counts(parse_diff(DIFF)) == (1, 2)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("return parse(text)", "return parse(text, strict)", ("", ", strict")),
        ("x = 1", "x = 2", ("1", "2")),
        ("    same", "    same", None),
        ("one thing", "another story", None),
        ("", "added", None),
        ("aaa", "aaaa", ("", "a")),
    ],
)
def test_what_changed_in_a_line_is_known_where_most_of_it_is_the_same(old: str, new: str, changed: tuple[str, str] | None) -> None:
    found = differing(old, new)
    assert (found and (old[slice(*found[0])], new[slice(*found[1])])) == changed


def test_lines_are_compared_where_as_many_came_as_went() -> None:
    lines = parse_diff("@@ -1,3 +1,3 @@\n-x = 1\n-y = 1\n+x = 2\n+y = 2\n-gone = 1\n+came = 2\n+more = 2")
    assert [line.text[slice(*line.changed)] if line.changed else None for line in lines] == [None, "1", "1", "2", "2", None, None, None]


def test_a_text_without_hunks_keeps_its_lines() -> None:
    assert parse_diff("+a\nb") == [DiffLine("+", "a"), DiffLine(" ", "b")]
    assert parse_diff("") == []
