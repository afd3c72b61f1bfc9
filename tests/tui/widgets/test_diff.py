from __future__ import annotations

from codex_desk.tui.widgets.diff import DiffLine, counts, parse_diff

DIFF = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -3,3 +3,3 @@ def f():\n same\n-old\n+new\n--- gone\n\\ No newline at end of file"


def test_lines_have_their_sign_and_number() -> None:
    assert parse_diff(DIFF) == [
        DiffLine("@", "@@ def f():"),
        DiffLine(" ", "same", 3),
        DiffLine("-", "old", 4),
        DiffLine("+", "new", 4),
        DiffLine("-", "-- gone", 5),
        DiffLine("@", "\\ No newline at end of file"),
    ]


def test_added_and_removed_lines_are_counted() -> None:
    assert counts(parse_diff(DIFF)) == (1, 2)


def test_a_text_without_hunks_keeps_its_lines() -> None:
    assert parse_diff("+a\nb") == [DiffLine("+", "a"), DiffLine(" ", "b")]
    assert parse_diff("") == []
