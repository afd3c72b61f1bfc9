from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codex_desk.tools import beneath, reading
from codex_desk.tools.beneath import Reach
from codex_desk.tools.catalog import run_workspace_tool
from codex_desk.tools.errors import ToolRefusal
from codex_desk.tools.workspace import Workspace
from tests.tools.tool_ports import Port, with_rights


async def call(workspace: Workspace, tool: str, **arguments: object) -> dict[str, Any]:
    """The result, or the error in it."""
    result = json.loads((await run_workspace_tool(tool, arguments, workspace, Port())).text)
    return result.get("error", result)


async def test_lines_come_numbered(workspace: Workspace) -> None:
    (workspace.cwd / "a").write_text("one\r\ntwo\n\nfour")
    got = await call(workspace, "read", path="a")
    assert got == {"path": "a", "size": 14, "text": "     1\tone\n     2\ttwo\n     3\t\n     4\tfour\n"}


async def test_a_window_says_where_to_go_on(workspace: Workspace) -> None:
    (workspace.cwd / "a").write_text("".join(f"{number}\n" for number in range(1, 11)))
    got = await call(workspace, "read", path="a", offset=3, limit=2)
    assert (got["text"], got["next_offset"]) == ("     3\t3\n     4\t4\n", 5)


async def test_a_large_file_comes_in_pieces(workspace: Workspace) -> None:
    (workspace.cwd / "a").write_text("x" * 999 + "\n" + "y" * 999 + "\n" * 2 + ("z" * 999 + "\n") * 400)
    got = await call(workspace, "read", path="a")
    assert "256 KB" in got["note"]
    assert len(got["text"]) < 270_000
    assert (await call(workspace, "read", path="a", offset=got["next_offset"]))["text"].startswith(f"{got['next_offset']:>6}\tz")


async def test_an_endless_line_is_cut(workspace: Workspace) -> None:
    (workspace.cwd / "a").write_text("x" * 1_000_000 + "\nnext\n")
    got = await call(workspace, "read", path="a")
    assert "[… 991,808 bytes of this line left out …]\n     2\tnext" in got["text"]


async def test_no_more_than_so_much_is_gone_through(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SCAN_LIMIT", 1 << 20)
    (workspace.cwd / "a").write_bytes(b"x" * (2 << 20))
    assert (await call(workspace, "read", path="a"))["code"] == "too_large"


async def test_a_binary_file_is_only_described(workspace: Workspace) -> None:
    (workspace.cwd / "a").write_bytes(b"\x7fELF\0\0")
    got = await call(workspace, "read", path="a")
    assert (got["code"], "6 bytes" in got["message"]) == ("binary", True)


async def test_bytes_that_are_no_text_are_replaced(workspace: Workspace) -> None:
    (workspace.cwd / "a").write_bytes(b"caf\xe9\n")
    assert (await call(workspace, "read", path="a"))["text"] == "     1\tcaf\ufffd\n"


async def test_a_folder_lists_its_entries_sorted(workspace: Workspace) -> None:
    (workspace.cwd / "b").write_text("12")
    (workspace.cwd / "a").mkdir()
    (workspace.cwd / "c").symlink_to("/etc")
    os.mkfifo(workspace.cwd / "d")
    assert (await call(workspace, "list", path="."))["entries"] == [
        {"name": "a", "kind": "folder"},
        {"name": "b", "kind": "file", "size": 2},
        {"name": "c", "kind": "link", "target": "/etc"},
        {"name": "d", "kind": "other"},
    ]


async def test_a_full_folder_says_how_much_is_left_out(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LIST_LIMIT", 3)
    for number in range(5):
        (workspace.cwd / str(number)).touch()
    got = await call(workspace, "list", path=".")
    assert (len(got["entries"]), got["left_out"]) == (3, 2)


async def test_the_project_and_the_writable_roots_may_be_read(workspace: Workspace) -> None:
    extra = workspace.home.parent / "extra"
    extra.mkdir()
    (extra / "a").write_text("x")
    (workspace.project / "b").write_text("y")
    workspace = replace(workspace, writable_roots=(extra,))
    assert [(await call(workspace, "read", path=path))["text"] for path in (f"{extra}/a", "../b")] == ["     1\tx\n", "     1\ty\n"]


@pytest.mark.parametrize("path", ["/etc/hostname", "../../other", "out/secret", "file-out", "chain", "app-link/../../other"])
async def test_nothing_outside_is_read(workspace: Workspace, path: str) -> None:
    other = workspace.project.parent / "other"
    other.mkdir()
    (other / "secret").write_text("SECRET")
    (workspace.cwd / "out").symlink_to(other)
    (workspace.cwd / "file-out").symlink_to(other / "secret")
    (workspace.cwd / "chain").symlink_to("out/secret")
    (workspace.cwd / "app-link").symlink_to(workspace.cwd)
    for tool in ("read", "list"):
        assert (await call(workspace, tool, path=path))["code"] == "outside"


async def test_a_link_that_stays_inside_is_followed(workspace: Workspace) -> None:
    (workspace.project / "real").write_text("x")
    (workspace.cwd / "link").symlink_to("../real")
    assert (await call(workspace, "read", path="link"))["text"] == "     1\tx\n"


@pytest.mark.parametrize("mode", ["read-only", "workspace-write", "danger-full-access"])
async def test_what_is_hidden_is_read_in_no_mode(workspace: Workspace, user_home: Path, mode: Any) -> None:
    # Even with a project that holds all of it.
    workspace = replace(with_rights(workspace, mode), project=user_home.parent)
    (user_home / ".netrc").write_text("password")
    (workspace.cwd / "link").symlink_to(user_home / ".ssh")
    hidden = [
        user_home / ".ssh" / "id_ed25519",
        user_home / ".netrc",
        workspace.home / "desk.db",
        workspace.codex_home / "auth.json",
        "link/id_ed25519",
    ]
    assert [(await call(workspace, "read", path=str(path)))["code"] for path in hidden] == ["hidden"] * 5
    assert [(await call(workspace, "list", path=str(path)))["code"] for path in (user_home / ".ssh", workspace.home)] == ["hidden"] * 2


async def test_another_name_of_a_hidden_file_is_hidden(workspace: Workspace) -> None:
    os.link(workspace.codex_home / "auth.json", workspace.cwd / "innocent")
    assert (await call(workspace, "read", path="innocent"))["code"] == "hidden"


@pytest.mark.parametrize("mode", ["workspace-write", "danger-full-access"])
async def test_devices_and_pipes_are_not_opened(workspace: Workspace, mode: Any) -> None:
    os.mkfifo(workspace.cwd / "pipe")
    paths = ["pipe", "/dev/zero"] if mode == "danger-full-access" else ["pipe"]
    async with asyncio.timeout(10):
        assert {(await call(with_rights(workspace, mode), "read", path=path))["code"] for path in paths} == {"not_a_file"}


async def test_links_in_a_circle_end(workspace: Workspace) -> None:
    (workspace.cwd / "a").symlink_to("b")
    (workspace.cwd / "b").symlink_to("a")
    assert (await call(workspace, "read", path="a"))["code"] in ("moved", "not_a_file")


@pytest.mark.parametrize("swapped", ["folder", "file"])
async def test_a_swap_after_the_check_leads_nowhere_else(workspace: Workspace, swapped: str) -> None:
    other = workspace.project.parent / "other"
    other.mkdir()
    (other / "a").write_text("SECRET")
    (workspace.cwd / "sub").mkdir()
    (workspace.cwd / "sub" / "a").write_text("x")
    reach = Reach(workspace, workspace.read_roots)
    located = reach.locate("sub/a")
    if swapped == "folder":
        (workspace.cwd / "sub").rename(workspace.cwd / "gone")
        (workspace.cwd / "sub").symlink_to(other)
    else:
        located.unlink()
        located.symlink_to(other / "a")
    with pytest.raises(ToolRefusal) as refused, reach.file(located):
        pass
    assert refused.value.code in ("moved", "not_a_file")


async def test_a_root_that_was_swapped_leads_nowhere_else(workspace: Workspace) -> None:
    other = workspace.project.parent / "other"
    other.mkdir()
    (other / "a").write_text("SECRET")
    workspace.cwd.rmdir()
    workspace.cwd.symlink_to(other)
    assert (await call(workspace, "read", path="a"))["code"] == "outside"


async def test_a_swap_between_the_look_and_the_opening_leads_nowhere_else(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace.cwd / "a").write_text("x")
    (workspace.project.parent / "secret").write_text("SECRET")
    check = Reach._check_regular

    def swapping(self: Reach, info: os.stat_result, path: Path) -> None:
        check(self, info, path)
        if not path.is_symlink():
            path.unlink()
            path.symlink_to(workspace.project.parent / "secret")

    monkeypatch.setattr(beneath.Reach, "_check_regular", swapping)
    assert (await call(workspace, "read", path="a"))["code"] == "moved"


async def test_what_is_not_there_is_said(workspace: Workspace) -> None:
    assert (await call(workspace, "read", path="none/a"))["code"] == "not_found"


async def test_a_folder_is_not_read_and_a_file_is_not_listed(workspace: Workspace) -> None:
    (workspace.cwd / "a").touch()
    assert (await call(workspace, "read", path="."))["code"] == "is_folder"
    assert (await call(workspace, "list", path="a"))["code"] == "moved"


async def test_names_that_are_no_text_can_be_told(workspace: Workspace) -> None:
    odd = workspace.cwd / os.fsdecode(b"caf\xe9")
    odd.write_text("x\n")
    (workspace.cwd / "link").symlink_to(odd)
    (workspace.cwd / "dead").symlink_to(f"{odd}/none")
    assert (await call(workspace, "read", path="link"))["path"] == "caf\ufffd"
    assert "caf?" in (await call(workspace, "read", path="dead"))["message"]
    assert {"name": "caf\ufffd", "kind": "file", "size": 2} in (await call(workspace, "list", path="."))["entries"]
