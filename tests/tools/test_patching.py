from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codex_desk.runtimes.base import ToolResult
from codex_desk.tools import patch_files
from codex_desk.tools.catalog import run_workspace_tool
from codex_desk.tools.workspace import Ask, Verdict, Workspace
from tests.tools.tool_ports import Port, with_rights


async def apply(workspace: Workspace, port: Port, *lines: str) -> ToolResult:
    patch = "\n".join(("*** Begin Patch", *lines, "*** End Patch"))
    return await run_workspace_tool("apply_patch", {"patch": patch}, workspace, port)


def error(result: ToolResult) -> dict[str, str]:
    assert not result.ok
    return json.loads(result.text)["error"]


def changes(result: ToolResult) -> list[dict[str, Any]]:
    assert result.item is not None
    assert result.item.kind == "file_change"
    return result.item.data["changes"]


async def test_a_patch_adds_changes_moves_and_deletes(workspace: Workspace, port: Port) -> None:
    for name in ("change", "move", "delete"):
        (workspace.cwd / name).write_text("one\n")
    result = await apply(
        workspace,
        port,
        "*** Add File: deep/down/new",
        "+x",
        "*** Update File: change",
        "-one",
        "+two",
        "*** Update File: move",
        "*** Move to: deep/moved",
        "-one",
        "+three",
        "*** Delete File: delete",
    )
    files = {str(path.relative_to(workspace.cwd)): path.read_text() for path in workspace.cwd.rglob("*") if path.is_file()}
    assert files == {"deep/down/new": "x\n", "change": "two\n", "deep/moved": "three\n"}
    assert [(change["kind"], change["path"]) for change in changes(result)] == [
        ("add", "deep/down/new"),
        ("update", "change"),
        ("move", "deep/moved"),
        ("delete", "delete"),
    ]


async def test_the_item_tells_the_change_as_a_unified_diff(workspace: Workspace, port: Port) -> None:
    (workspace.cwd / "a").write_text("one\ntwo")
    result = await apply(workspace, port, "*** Update File: a", "-one", "+ONE")
    assert result.item is not None
    assert (result.item.text, result.item.data["ok"]) == ("1 file", True)
    assert changes(result)[0]["diff"] == "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n\\ No newline at end of file\n"


async def test_two_updates_of_one_file_add_up(workspace: Workspace, port: Port) -> None:
    (workspace.cwd / "a").write_text("1\n2\n")
    await apply(workspace, port, "*** Update File: a", "-1", "+one", "*** Update File: a", "-2", "+two")
    assert (workspace.cwd / "a").read_text() == "one\ntwo\n"


async def test_the_mode_and_bytes_that_are_no_text_are_kept(workspace: Workspace, port: Port) -> None:
    file = workspace.cwd / "run"
    file.write_bytes(b"#!\xff\r\nold\r\n")
    file.chmod(0o751)
    await apply(workspace, port, "*** Update File: run", "-old", "+new")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"#!\xff\r\nnew\r\n", 0o751)


async def test_one_hunk_that_does_not_fit_leaves_every_file_alone(workspace: Workspace, port: Port) -> None:
    (workspace.cwd / "a").write_text("one\n")
    (workspace.cwd / "b").write_text("one\n")
    result = await apply(workspace, port, "*** Update File: a", "-one", "+two", "*** Update File: b", "-nope", "+two")
    assert error(result)["code"] == "bad_patch"
    assert "b, hunk 1" in error(result)["message"]
    assert (workspace.cwd / "a").read_text() == "one\n"


async def test_a_failure_half_way_puts_everything_back(workspace: Workspace, port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace.cwd / "a").write_text("one\n")
    (workspace.cwd / "b").write_text("one\n")
    switch, calls = patch_files._switch, []

    def failing(folder: int, draft: str | None, name: str) -> None:
        calls.append(name)
        if len(calls) == 3:
            raise OSError("the disk is full")
        switch(folder, draft, name)

    monkeypatch.setattr(patch_files, "_switch", failing)
    result = await apply(workspace, port, "*** Add File: x/new", "+n", "*** Delete File: a", "*** Update File: b", "-one", "+two")
    assert error(result)["message"] == "nothing was changed: the disk is full"
    assert {path.name: path.read_text() for path in workspace.cwd.iterdir()} == {"a": "one\n", "b": "one\n"}
    assert result.item is not None
    assert result.item.data["ok"] is False


async def test_a_file_that_changed_while_the_human_thought_is_left_alone(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    file = workspace.cwd / "AGENTS.md"
    file.write_text("one\n")

    class Slow(Port):
        async def approve(self, ask: Ask) -> Verdict:
            file.write_text("one\nby hand\n")
            return Verdict(True)

    result = await apply(with_rights(workspace, "workspace-write", may_escalate=True), Slow(), "*** Update File: AGENTS.md", "-one", "+two")
    assert "changed by someone else" in error(result)["message"]
    assert file.read_text() == "one\nby hand\n"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("*** Add File: a", "+x"), "a: it exists already; use Update File"),
        (("*** Update File: a", "*** Move to: b", "-one", "+two"), "b: it exists already"),
        (("*** Delete File: none",), "none: it does not exist"),
        (("*** Update File: none", "-a", "+b"), "none: it does not exist"),
        (("*** Update File: binary", "-a", "+b"), "binary: it is a binary file"),
        (("*** Delete File: link",), "link: it is a link"),
        (("*** Delete File: pipe",), "no regular file"),
        (("*** Delete File: .",), "is a folder"),
        (("*** Add File: a/b", "+x"), "through something that is no folder"),
    ],
)
async def test_a_change_that_cannot_be_made_says_why(workspace: Workspace, port: Port, lines: tuple[str, ...], said: str) -> None:
    for name in ("a", "b"):
        (workspace.cwd / name).write_text("one\n")
    (workspace.cwd / "binary").write_bytes(b"a\0")
    (workspace.cwd / "link").symlink_to("a")
    os.mkfifo(workspace.cwd / "pipe")
    assert said in error(await apply(workspace, port, *lines))["message"]


@pytest.mark.parametrize("path", ["../outside", "/etc/hostname", "out/x", "file-out", "../app/../outside", "deep/../../outside"])
async def test_nothing_is_written_outside_of_the_roots(workspace: Workspace, yes: Port, path: str) -> None:
    outside = workspace.project / "elsewhere"
    outside.mkdir()
    (outside / "file").write_text("kept\n")
    (workspace.cwd / "out").symlink_to(outside)
    (workspace.cwd / "file-out").symlink_to(outside / "file")
    result = await apply(with_rights(workspace, "workspace-write", may_escalate=True), yes, f"*** Add File: {path}", "+x")
    assert error(result)["code"] == "outside"
    assert [file.name for file in outside.iterdir()] == ["file"]


async def test_a_writable_root_may_be_written(workspace: Workspace, port: Port) -> None:
    extra = workspace.project / "extra"
    extra.mkdir()
    result = await apply(replace(workspace, writable_roots=(extra,)), port, f"*** Add File: {extra}/new", "+x")
    assert result.ok
    assert (extra / "new").read_text() == "x\n"


async def test_a_link_inside_of_the_roots_is_followed(workspace: Workspace, port: Port) -> None:
    (workspace.cwd / "real").mkdir()
    (workspace.cwd / "link").symlink_to("real")
    await apply(workspace, port, "*** Add File: link/new", "+x")
    assert (workspace.cwd / "real" / "new").read_text() == "x\n"


@pytest.mark.parametrize(
    "path",
    [".git/config", ".git/hooks/pre-commit", "sub/.codex/config.toml", ".codex-desk/x", "AGENTS.md", "sub/AGENTS.override.md", "way-in/x"],
)
async def test_protected_files_are_refused_where_nobody_may_be_asked(workspace: Workspace, port: Port, path: str) -> None:
    (workspace.cwd / ".git").mkdir()
    (workspace.cwd / "way-in").symlink_to(".git")
    result = await apply(workspace, port, f"*** Add File: {path}", "+x")
    assert error(result)["code"] == "refused"
    assert "read-only to agents" in error(result)["message"]
    assert not (workspace.cwd / path).exists()


async def test_a_protected_folder_that_is_a_link_is_protected(workspace: Workspace, port: Port) -> None:
    (workspace.cwd / "plain").mkdir()
    (workspace.cwd / ".codex").symlink_to("plain")
    assert error(await apply(workspace, port, "*** Add File: .codex/config.toml", "+x"))["code"] == "refused"


async def test_a_move_into_a_protected_folder_is_refused(workspace: Workspace, port: Port) -> None:
    (workspace.cwd / "a").write_text("one\n")
    assert error(await apply(workspace, port, "*** Update File: a", "*** Move to: .git/a"))["code"] == "refused"


async def test_a_protected_file_is_changed_once_approved(workspace: Workspace, yes: Port) -> None:
    result = await apply(with_rights(workspace, "workspace-write", may_escalate=True), yes, "*** Add File: AGENTS.md", "+x")
    assert result.ok
    (ask,) = yes.asks
    assert (ask.kind, ask.why, ask.command, ask.cwd) == ("change", "AGENTS.md is read-only to agents", None, str(workspace.cwd))
    assert ask.text.startswith("*** Begin Patch")


async def test_a_no_is_a_result(workspace: Workspace, port: Port) -> None:
    port.verdict = Verdict(False, "not today")
    result = await apply(with_rights(workspace, "read-only", may_escalate=True), port, "*** Add File: a", "+x")
    assert error(result) == {"code": "refused", "message": "nothing was changed: not today"}
    assert not (workspace.cwd / "a").exists()


async def test_read_only_asks_and_then_writes(workspace: Workspace, yes: Port) -> None:
    result = await apply(with_rights(workspace, "read-only", may_escalate=True), yes, "*** Add File: a", "+x")
    assert (result.ok, yes.asks[0].why) == (True, "the mode is read-only")


async def test_read_only_that_may_not_ask_refuses(workspace: Workspace, port: Port) -> None:
    result = await apply(with_rights(workspace, "read-only"), port, "*** Add File: a", "+x")
    assert error(result)["code"] == "refused"
    assert port.asks == []


async def test_full_access_asks_nobody(workspace: Workspace, port: Port) -> None:
    outside = workspace.project / "outside"
    result = await apply(
        with_rights(workspace, "danger-full-access"), port, f"*** Add File: {outside}", "+x", "*** Add File: AGENTS.md", "+y"
    )
    assert result.ok
    assert outside.read_text() == "x\n"


@pytest.mark.parametrize("mode", ["workspace-write", "danger-full-access"])
async def test_what_is_hidden_is_not_written_in_any_mode(workspace: Workspace, yes: Port, user_home: Path, mode: Any) -> None:
    workspace = replace(with_rights(workspace, mode), writable_roots=(user_home,))
    result = await apply(workspace, yes, f"*** Add File: {user_home}/.ssh/authorized_keys", "+x")
    assert error(result)["code"] == "hidden"
