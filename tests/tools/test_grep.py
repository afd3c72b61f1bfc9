from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codex_desk.tools import grep as grep_module
from codex_desk.tools.catalog import run_workspace_tool
from codex_desk.tools.workspace import Workspace
from tests.tools.tool_ports import Port, with_rights


@pytest.fixture(params=["ripgrep", "our own"])
def searcher(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    which = shutil.which
    if request.param == "our own":
        monkeypatch.setattr(shutil, "which", lambda name, path=None: None if name == "rg" else which(name, path=path))
    elif which("rg") is None:
        pytest.skip("ripgrep is not installed")
    return request.param


@pytest.fixture
def place(workspace: Workspace, searcher: str) -> Workspace:
    return workspace


async def search(workspace: Workspace, pattern: str, path: str = ".") -> dict[str, Any]:
    result = json.loads((await run_workspace_tool("grep", {"pattern": pattern, "path": path}, workspace, Port())).text)
    return result.get("error", result)


async def found(workspace: Workspace, pattern: str, path: str = ".") -> list[tuple[str, int, str]]:
    return [(match["path"], match["line"], match["text"]) for match in (await search(workspace, pattern, path))["matches"]]


async def test_matches_come_with_file_and_line(place: Workspace) -> None:
    (place.cwd / "b").mkdir()
    (place.cwd / "b" / "x:1.txt").write_text("no\nneedle: 1\n")
    (place.cwd / "a").write_text("needle\n")
    assert await found(place, "^need") == [("a", 1, "needle"), ("b/x:1.txt", 2, "needle: 1")]


async def test_one_file_can_be_searched(place: Workspace) -> None:
    (place.cwd / "-a").write_text("needle\n")
    (place.cwd / "b").write_text("needle\n")
    assert await found(place, "needle", "-a") == [("-a", 1, "needle")]


async def test_nothing_found_is_no_error(place: Workspace) -> None:
    assert await found(place, "needle") == []


async def test_a_pattern_is_not_an_option(place: Workspace) -> None:
    (place.cwd / "a").write_text("--help\n")
    assert await found(place, "--help") == [("a", 1, "--help")]


async def test_a_broken_pattern_says_so(place: Workspace) -> None:
    assert (await search(place, "("))["code"] == "bad_pattern"


async def test_links_git_and_binaries_are_not_searched(place: Workspace) -> None:
    outside = place.project.parent / "outside"
    outside.mkdir()
    (outside / "a").write_text("needle\n")
    (place.cwd / "link").symlink_to(outside)
    (place.cwd / "file-link").symlink_to(outside / "a")
    (place.cwd / ".git").mkdir()
    (place.cwd / ".git" / "a").write_text("needle\n")
    (place.cwd / "binary").write_bytes(b"\0needle\n")
    assert await found(place, "needle") == []


async def test_places_outside_are_refused(place: Workspace) -> None:
    assert (await search(place, "root", "/etc"))["code"] == "outside"


async def test_hidden_files_are_not_searched(place: Workspace, user_home: Path) -> None:
    whole = replace(place, project=place.project.parent)
    (place.home / "a{1}").write_text("DESK-RECORDS\n")
    assert await found(whole, "PRIVATE-KEY|DESK-RECORDS|CODEX-LOGIN", "../..") == []
    assert (await search(whole, "PRIVATE-KEY", str(user_home / ".ssh")))["code"] == "hidden"


async def test_a_sandbox_masks_what_is_hidden(boxed: Workspace, searcher: str) -> None:
    (boxed.cwd / "a").write_text("needle\n")
    whole = replace(boxed, project=boxed.project.parent)
    assert await found(whole, "needle|PRIVATE-KEY|DESK-RECORDS|CODEX-LOGIN", "../..") == [("a", 1, "needle")]


async def test_ripgrep_reads_no_config(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.cwd / "rc").write_text("--pre=/bin/false\n")
    (place.cwd / "a").write_text("needle\n")
    monkeypatch.setenv("RIPGREP_CONFIG_PATH", str(place.cwd / "rc"))
    assert await found(place, "needle") == [("a", 1, "needle")]


async def test_only_so_many_matches_and_so_long_lines_come(place: Workspace) -> None:
    (place.cwd / "a").write_text(("needle" + "x" * 1000 + "\n") * 2000)
    got = await search(place, "needle")
    assert (len(got["matches"]), max(len(match["text"]) for match in got["matches"])) == (500, 404)
    assert "first 500" in got["note"]


async def test_a_pattern_that_never_ends_is_ended(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None if name == "rg" else which(name, path=path))
    monkeypatch.setattr(grep_module, "TIMEOUT", 0.5)
    (workspace.cwd / "a").write_text("a" * 60 + "\n")
    assert (await search(workspace, "(a+)+b"))["code"] == "timed_out"


async def test_full_access_searches_anywhere(boxed: Workspace, searcher: str) -> None:
    elsewhere = boxed.project.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a").write_text("needle\n")
    assert await found(with_rights(boxed, "danger-full-access"), "needle", str(elsewhere)) == [(f"{elsewhere}/a", 1, "needle")]
