from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_desk.store.bell import Bell
from codex_desk.store.watching import AT_LEAST_S, LOOK_S, SURE_S, LogWatch


@pytest.fixture
def log(tmp_path: Path) -> Path:
    log = tmp_path / "desk.db-wal"
    log.write_bytes(b"x")
    os.utime(log, ns=(1, 1))
    return log


@pytest.fixture
def quiet(tmp_path: Path, log: Path) -> LogWatch:
    """It looked at 0 s, and last asked at `SURE_S`."""
    watch = LogWatch(tmp_path / "desk.db")
    assert watch.due(0)
    assert watch.due(SURE_S)
    return watch


def test_while_the_log_changes_sqlite_is_asked_at_every_look(quiet: LogWatch, log: Path) -> None:
    for number in range(10):
        os.utime(log, ns=(2 + number, 2 + number))
        assert quiet.due(SURE_S + 0.05 * number)


def test_nor_is_a_commit_missed_that_is_synced_a_while_after_it_was_written(quiet: LogWatch, log: Path) -> None:
    log.write_bytes(b"xy")
    assert all(quiet.due(SURE_S + 0.1 * number) for number in range(int(SURE_S / 0.1)))


def test_once_the_log_has_rested_it_is_asked_once_a_second(quiet: LogWatch) -> None:
    moments = [SURE_S + 0.05 * number for number in range(1, 200)]
    asked = [moment for moment in moments if quiet.due(moment)]
    assert len(asked) == int(200 * 0.05 / AT_LEAST_S) - 1


@pytest.mark.parametrize("change", [lambda log: log.write_bytes(b""), lambda log: log.unlink(), lambda log: os.utime(log, ns=(1, 9))])
def test_a_log_that_was_emptied_removed_or_written_over_has_changed(quiet: LogWatch, log: Path, change) -> None:
    change(log)
    assert quiet.due(SURE_S + 0.05)


def test_a_store_without_a_log_is_watched_too(tmp_path: Path) -> None:
    watch = LogWatch(tmp_path / "desk.db")
    assert watch.due(0)
    assert not watch.due(AT_LEAST_S / 2)
    (tmp_path / "desk.db-wal").write_bytes(b"x")
    assert watch.due(AT_LEAST_S / 2 + 0.05)


@pytest.fixture
def rested(quiet: LogWatch) -> Iterator[LogWatch]:
    """The same with a bell, and it has looked since."""
    if sys.platform != "linux":
        pytest.skip("there is a bell on Linux only")
    quiet.bell = Bell()
    quiet.due(SURE_S + 0.05)
    yield quiet
    quiet.bell.close()


def rings(watch: LogWatch) -> bool:
    assert watch.bell is not None
    return bool(select.select([watch.bell], [], [], 0)[0])


def test_while_the_log_rests_nobody_looks_before_the_bell_rings(rested: LogWatch) -> None:
    assert rested.patience == AT_LEAST_S
    assert not rings(rested)


@pytest.mark.parametrize("change", [lambda log: log.open("r+b").write(b"y"), lambda log: log.unlink(), lambda log: log.write_bytes(b"")])
def test_the_bell_rings_once_for_what_is_done_to_the_log(rested: LogWatch, log: Path, change) -> None:
    change(log)
    assert rings(rested)
    rested.rung(SURE_S + 0.1)
    assert not rings(rested)


def test_once_it_rang_sqlite_is_asked_at_every_look_as_after_any_change(rested: LogWatch) -> None:
    rested.rung(SURE_S + 0.1)
    for number in range(1, 10):
        assert rested.due(SURE_S + 0.1 + LOOK_S * number)
        assert rested.patience == LOOK_S


def test_a_log_that_is_not_there_yet_is_looked_for_as_without_a_bell(tmp_path: Path, rested: LogWatch, log: Path) -> None:
    log.unlink()
    rested.due(10)
    rested.due(10 + SURE_S)
    assert rested.patience == LOOK_S
