"""Stores and homes that cannot be used: said in words, never with a traceback, and left as they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def desk(newcomer: Run) -> Run:
    return newcomer


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


def test_a_home_that_is_a_file_is_said_to_be_no_folder(desk: Run, home: Path) -> None:
    home.write_text("x")
    assert f"{home} is not a folder" in desk("list").err


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program's transaction, for as long as the block lasts."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.parametrize(
    "words", [["list"], ["show", "operator"], ["queue", "operator"], ["audit", "--verify"], ["export", "operator"]], ids=" ".join
)
def test_a_locked_store_can_still_be_read(desk: Run, home: Path, words: list[str]) -> None:
    desk("new", "operator")
    with locked(home / "desk.db"):
        assert desk(*words).exit == 0


def test_a_send_to_a_locked_store_is_refused_and_nothing_is_sent(desk: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codex_desk.store.database.BUSY_MS", 100)
    desk("new", "operator")
    with locked(home / "desk.db"):
        ran = desk("send", "operator", "hello", "--json")
    assert ran.refusal == "store_locked"
    assert desk("queue", "operator", "--json").json == {"messages": []}


def damage(store: Path, name: str) -> None:
    """Overwrite the first page of a table or an index with noise."""
    with sqlite3.connect(store) as connection:
        [page] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with store.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(range(256)) * (size // 256))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sqlite_autoindex_host_1", ["list"]),
        ("thread", ["list"]),
        ("item", ["show", "operator"]),
        ("message", ["queue", "operator"]),
        ("audit_event", ["audit"]),
        ("audit_event", ["audit", "--verify"]),
        ("item_text_data", ["search", "hello"]),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_damaged_page_is_said_in_words_wherever_it_is_met(desk: Run, home: Path, name: str, words: list[str]) -> None:
    desk("new", "operator")
    desk("set", "operator", "model", "another")
    desk("send", "operator", "hello")
    damage(home / "desk.db", name)
    ran = desk(*words, "--json")
    assert (ran.exit, ran.json["error"]["code"].partition("_")[0]) == (1, "store")
    assert "desk.db" in ran.err


def test_a_store_that_cannot_be_switched_to_its_journal_is_refused_at_once(desk: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codex_desk.store.database.BUSY_MS", 100)
    desk("new", "operator")
    with sqlite3.connect(home / "desk.db") as store:
        store.execute("PRAGMA journal_mode = DELETE")
    store.close()
    with locked(home / "desk.db"):
        assert desk("list", "--json").refusal == "store_locked"
