"""What every test stands on: a home of its own, no keys, and pictures in one place."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import pytest_textual_snapshot as plugin
from syrupy.data import SnapshotCollections
from syrupy.location import PyTestLocation
from textual.widgets import Input, TextArea

TESTS = Path(__file__).parent
SNAPSHOTS = TESTS.parent / "snapshots"
KEYS = ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "LOCAL_KEY")

pytest_plugins = ["tests.model_server"] if importlib.util.find_spec("tests.model_server") else []


class DeskSnapshots(plugin.SVGImageExtension):
    """Pictures under `snapshots/<test module>/`. `tests/test_snapshots.py` finds orphans; syrupy would delete the neighbours of a single test."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        module = Path(test_location.filepath).relative_to(TESTS).with_suffix("")
        return str(SNAPSHOTS / module)

    def discover_snapshots(self, *, test_location: PyTestLocation) -> SnapshotCollections:
        return SnapshotCollections()


@pytest.fixture(autouse=True)
def stable_screenshots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "SVGImageExtension", DeskSnapshots)
    for name in ("NO_COLOR", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Input, "_toggle_cursor", lambda self: None)
    monkeypatch.setattr(TextArea, "_toggle_cursor_blink_visible", lambda self: None)


@pytest.fixture(autouse=True)
def private_homes(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes what belongs to the person who runs it."""
    root = tmp_path_factory.mktemp("homes")
    for name, folder in (("HOME", "user"), ("CODEX_DESK_HOME", "desk"), ("CODEX_HOME", "codex")):
        (root / folder).mkdir()
        monkeypatch.setenv(name, str(root / folder))
    for name in ("CODEX_DESK_THREAD", "CODEX_DESK_CODEX"):
        monkeypatch.delenv(name, raising=False)
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)
