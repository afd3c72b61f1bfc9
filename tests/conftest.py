"""What every test stands on: a home of its own, no keys, and pictures in one place."""

from __future__ import annotations

import gc
import importlib.util
import itertools
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_textual_snapshot as plugin
from hypothesis import HealthCheck, settings
from syrupy.assertion import SnapshotAssertion
from syrupy.data import SnapshotCollections
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex
from textual.widgets import Input, TextArea

from tests.settling import settled
from tests.tui.pictures import Pictures

TESTS = Path(__file__).parent
SNAPSHOTS = TESTS.parent / "snapshots"
KEYS = ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "LOCAL_KEY")

# Tests start hundreds of processes, each of which would compile the same files again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell starts what it puts into the background with the interrupt ignored. All that the tests start would inherit that, and could not be interrupted.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says something about the machine, nothing about the program.
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("desk")

pytest_plugins = ["tests.model_server"] if importlib.util.find_spec("tests.model_server") else []


def pytest_collection_finish() -> None:
    """Python looks for garbage in all that lives each time a quarter has come to it, and among thousands of tests that live to the end it took a
    third of a test's time. What is there before the first test is none, and the rest is looked for less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


class DeskSnapshots(plugin.SVGImageExtension):
    """Pictures under `snapshots/<test module>/`. `tests/test_snapshots.py` finds orphans; syrupy would delete the neighbours of a single test."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        module = Path(test_location.filepath).relative_to(TESTS).with_suffix("")
        return str(SNAPSHOTS / module)

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:
        """`working-120x40-dark`: the test's name without what runs it."""
        return f"{test_location.methodname.removeprefix('test_')}-{index}"

    def discover_snapshots(self, *, test_location: PyTestLocation) -> SnapshotCollections:
        return SnapshotCollections()


@pytest.fixture(autouse=True)
def stable_screenshots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "SVGImageExtension", DeskSnapshots)
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setattr(Input, "_toggle_cursor", lambda self: None)
    monkeypatch.setattr(TextArea, "_toggle_cursor_blink_visible", lambda self: None)


@pytest.fixture(autouse=True)
def keys_are_dealt_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pilot's key has had its whole effect when `press` returns, and not some 40 ms later."""
    monkeypatch.setattr("textual.app.wait_for_idle", settled)
    monkeypatch.setattr("textual.pilot.wait_for_idle", settled)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for each test. pytest's own numbering reads the names of all earlier ones, thousands of times."""
    root = tmp_path_factory.mktemp("homes")
    return (root / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def private_homes(monkeypatch: pytest.MonkeyPatch, homes: Iterator[Path]) -> None:
    """No test reads or writes what belongs to the person who runs it."""
    root = next(homes)
    root.mkdir()
    for name, folder in (("HOME", "user"), ("CODEX_DESK_HOME", "desk"), ("CODEX_HOME", "codex")):
        (root / folder).mkdir()
        monkeypatch.setenv(name, str(root / folder))
    for name in ("CODEX_DESK_THREAD", "CODEX_DESK_CODEX"):
        monkeypatch.delenv(name, raising=False)
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)


@pytest.fixture
def pictures(snapshot: SnapshotAssertion, request: pytest.FixtureRequest) -> Pictures:
    """Compares the screen with its pictures."""
    folder = SNAPSHOTS / request.path.relative_to(TESTS).with_suffix("")
    return Pictures(snapshot.use_extension(DeskSnapshots), folder, request.function.__name__.removeprefix("test_"))
