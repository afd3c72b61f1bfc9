"""Stores and homes that cannot be used: said in words, never with a traceback, and left as they are."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_a_store_of_a_newer_version_is_refused_and_left_alone(desk: Run, home: Path) -> None:
    desk("new", "operator")
    with sqlite3.connect(home / "desk.db") as store:
        store.execute("PRAGMA user_version = 999")
    store.close()
    before = (home / "desk.db").read_bytes()
    assert desk("list", "--json").refusal == "store_newer"
    assert (home / "desk.db").read_bytes() == before


def test_a_store_that_is_none_is_refused_with_its_path(desk: Run, home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "desk.db").write_bytes(b"not a database, but long enough to be taken for one" * 100)
    ran = desk("list", "--json")
    assert ran.refusal == "store_corrupt"
    assert "desk.db" in ran.err


def test_a_home_that_is_a_file_is_refused(desk: Run, home: Path) -> None:
    home.write_text("x")
    ran = desk("list", "--json")
    assert ran.refusal == "home_unusable"
    assert "CODEX_DESK_HOME" in ran.err


@pytest.mark.parametrize("words", ["show ", "send @"])
def test_completion_over_a_broken_store_offers_nothing_and_says_nothing(desk: Run, home: Path, words: str) -> None:
    home.mkdir(mode=0o700)
    (home / "desk.db").write_bytes(b"not a database, but long enough to be taken for one" * 100)
    env = {"_CODEX_DESK_COMPLETE": "bash_complete", "COMP_WORDS": f"codex-desk {words}", "COMP_CWORD": "2"}
    ran = desk(env=env)
    assert (ran.exit, ran.out.strip(), ran.err) == (0, "", "")
