from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from codex_desk.tui.model.words import age, fitted, home_of, place, short_path, size, tokens
from tests.tui.fakes import NOW, attached, subagent, thread


@pytest.mark.parametrize(
    ("seconds", "words"), [(-5, "now"), (0, "now"), (4, "now"), (12, "12s"), (120, "2m"), (3 * 3600 + 59, "3h"), (5 * 86400, "5d")]
)
def test_ages(seconds: float, words: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(("count", "words"), [(0, ""), (999, "999 tok"), (18_200, "18.2k tok"), (2_000_000, "2.0M tok")])
def test_tokens(count: int, words: str) -> None:
    assert tokens(count) == words


@pytest.mark.parametrize(("count", "words"), [(12, "12 B"), (14_000, "14.0 KB"), (5_000_000, "5.0 MB")])
def test_sizes(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(("path", "words"), [("/home/a", "~"), ("/home/a/repo", "~/repo"), ("/home/ab", "/home/ab")])
def test_paths_from_home(path: str, words: str) -> None:
    assert short_path(path, Path("/home/a")) == words


def test_where_a_thread_stands() -> None:
    assert place(attached("reviewer", "operator")) == "attached to operator"
    assert place(subagent("scout", "operator")) == "subagent of operator"
    assert place(thread("reviewer", was_attached_to="operator")) == "was attached to operator"
    assert place(thread("reviewer")) == ""


@pytest.mark.parametrize("text", ["", "abc", "reviewer", "漢字の名前です", "a漢b字c"])
@pytest.mark.parametrize("cells", range(16))
def test_a_text_is_fitted_to_cells_whatever_its_characters(text: str, cells: int) -> None:
    assert cell_len(fitted(text, cells)) == cells


def test_what_is_cut_says_so() -> None:
    assert fitted("implementor", 8) == "impleme…"
    assert fitted("漢字の名前", 8) == "漢字の… "


def test_a_thread_is_at_home_in_its_projects_folder() -> None:
    assert home_of(thread("operator", project="/home/dev/repo", cwd="/home/dev/repo")) == "repo"
    assert home_of(thread("operator", project="/home/dev/repo", cwd="/home/dev/repo/src/a")) == "repo/src/a"
    assert home_of(thread("operator", project="/home/dev/repo", cwd="/elsewhere")) == "repo"
