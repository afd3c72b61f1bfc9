"""The benchmarks work; what they measure is nothing that a test asserts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.sessions import New
from tests.bench.agents import Crowd, figures_of, spawn_over_and_over
from tests.bench.automations import automations
from tests.bench.board import board
from tests.bench.command_line import command_line
from tests.bench.figures import Figure, against, flat, middle, percentile, slow_end, table
from tests.bench.folds import folds
from tests.bench.history import history
from tests.bench.journal import journal
from tests.bench.living import thirty
from tests.bench.models import ScriptedRuntime
from tests.bench.place import Place
from tests.bench.run import USAGE, run
from tests.bench.screen import two_threads
from tests.bench.turns import many_sessions, round_trip


def test_a_ceiling_is_reached_from_below_and_a_floor_from_above() -> None:
    assert middle("a", [1, 2, 9], 2).reached
    assert not middle("a", [1, 3, 9], 2).reached
    assert Figure("a", 3, 2, "/s", at_least=True).reached
    assert not Figure("a", 1, 2, "/s", at_least=True).reached


def test_each_sample_is_held_against_the_one_beside_it_and_many_against_few() -> None:
    assert against("a", [2, 30, 4], [1, 10, 1], 3).value == 3
    assert flat("a", [1, 2, 9], [1, 4, 4]).value == 0.5
    assert not flat("a", [13], [10]).reached


def test_the_slow_end_is_the_sample_that_one_in_twenty_exceeds() -> None:
    assert percentile(range(1, 101), 0.95) == 95
    assert slow_end("a", [1, 2, 3], None).value == 3


def test_the_table_has_a_line_for_each_figure_and_says_which_budget_was_missed() -> None:
    lines = table([Figure("quick", 1, 2, "ms"), Figure("slow", 3, 2, "ms"), Figure("beside", 1, None, "ms")]).splitlines()
    assert len(lines) == 4
    assert [line.split("  ")[-1] for line in lines[1:3]] == ["reached", "NOT reached"]


def test_a_name_that_is_no_benchmark_is_wrong_usage() -> None:
    assert run(["nothing"]) == USAGE


def test_the_journal_is_measured(tmp_path: Path) -> None:
    [figure] = journal(tmp_path, writers=2, rows=5, rounds=1)
    assert figure.value > 0


def test_a_round_trip_is_measured(tmp_path: Path) -> None:
    [figure] = round_trip(tmp_path, times=2)
    assert figure.value > 0


async def test_a_crowd_of_subagents_is_measured_in_both_ways(tmp_path: Path) -> None:
    place, crowd = Place(tmp_path), Crowd(agents=3)
    async with Desk.open(place.home, host="desk", env=place.env, runtimes={"offline": ScriptedRuntime(crowd.turn)}) as desk:
        await desk.do(New("lead", place.work, runtime="offline"))
        found = await spawn_over_and_over(crowd, desk, seconds=0)
    assert (found["rounds"], found["wrong"]) == (2, 0)
    assert {how: len(took) for how, took in found["started"].items()} == {"one by one": 3, "all at once": 3}
    assert [figure.value > 0 for figure in figures_of(found, 3)] == [False, True, True, True, True]


def test_sessions_that_work_at_once_lose_and_cross_nothing(tmp_path: Path) -> None:
    lost, _ = many_sessions(tmp_path, sessions=6, rounds=3)
    assert lost.value == 0


def test_a_command_line_is_measured_as_a_whole_process(tmp_path: Path) -> None:
    assert len(command_line(tmp_path, threads=2, rounds=1)) == 3


def test_an_import_of_history_is_measured(tmp_path: Path) -> None:
    assert all(figure.value > 0 for figure in history(tmp_path, megabytes=0.1, files=5, beside=0, rounds=1))


def test_a_key_is_followed_to_its_frame_on_a_real_terminal(tmp_path: Path) -> None:
    with two_threads(tmp_path / "desk", items=20) as samples:
        assert next(samples) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_desk_that_does_nothing_is_weighed_and_timed(tmp_path: Path) -> None:
    resident, proportional, empty, idle, _ = thirty(tmp_path, seconds=0.2, threads=2, settle=0)
    assert resident.value >= proportional.value > empty.value > 0
    assert "2 threads after 6 turns" in resident.what
    assert idle.value >= 0


def test_a_fold_is_measured(tmp_path: Path) -> None:
    assert len(folds(tmp_path, items=20, times=1)) == 4


def test_the_board_is_measured(tmp_path: Path) -> None:
    assert len(board(tmp_path, entries=20, times=2)) == 6


def test_automations_are_measured(tmp_path: Path) -> None:
    figures = automations(tmp_path, many=20, heartbeats=6, sessions=2, times=1)
    assert [figure.value for figure in figures if figure.unit == "calls"] == [0]
    assert len(figures) == 5
