from __future__ import annotations

import asyncio
import json
import os
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codex_desk.runtimes.base import ToolResult
from codex_desk.tools.catalog import run_workspace_tool
from codex_desk.tools.workspace import Verdict, Workspace
from tests.tools.tool_ports import THREAD, Hold, Port, with_rights


@pytest.fixture
def free(workspace: Workspace) -> Workspace:
    """Full access: no sandbox and nobody to ask."""
    return with_rights(workspace, "danger-full-access")


async def shell(workspace: Workspace, command: str, port: Port | None = None, **arguments: object) -> ToolResult:
    return await run_workspace_tool("shell", {"command": command, **arguments}, workspace, port or Port())


def record(result: ToolResult) -> Mapping[str, Any]:
    assert result.item is not None
    assert result.item.kind == "command"
    return result.item.data


async def test_a_command_gives_its_output_and_exit_code(free: Workspace) -> None:
    result = await shell(free, "echo out; echo err >&2; exit 3")
    told = json.loads(result.text)
    assert (result.ok, told["exit_code"], told["output"], told["timed_out"]) == (False, 3, "out\nerr\n", False)


async def test_the_item_records_the_run(free: Workspace) -> None:
    result = await shell(free, "echo x")
    data = record(result)
    assert result.ok
    assert result.item is not None
    assert result.item.text == "echo x"
    assert (data["command"], data["cwd"], data["exit_code"], data["output"], data["sandbox"]) == ("echo x", str(free.cwd), 0, "x\n", "none")
    assert isinstance(data["duration_ms"], int)


async def test_a_folder_can_be_named(free: Workspace) -> None:
    (free.cwd / "sub").mkdir()
    assert record(await shell(free, "pwd", workdir="sub"))["output"] == f"{free.cwd}/sub\n"


@pytest.mark.parametrize(("workdir", "code"), [("/etc", "outside"), ("none", "not_found"), ("link", "outside")])
async def test_a_folder_elsewhere_is_refused(workspace: Workspace, workdir: str, code: str) -> None:
    (workspace.cwd / "link").symlink_to("/etc")
    assert json.loads((await shell(workspace, "pwd", workdir=workdir)).text)["error"]["code"] == code


async def test_output_comes_while_it_runs(free: Workspace, port: Port) -> None:
    os.mkfifo(free.cwd / "go")
    running = asyncio.create_task(shell(free, "echo first; read line < go; echo then", port))
    async with asyncio.timeout(20):
        await port.shown("first\n")
        await asyncio.to_thread((free.cwd / "go").write_text, "\n")
        assert record(await running)["output"] == "first\nthen\n"
    assert "".join(port.live) == "first\nthen\n"


async def test_control_sequences_are_made_visible(free: Workspace, port: Port) -> None:
    result = await shell(free, r"printf '\033[2J\033]0;title\007\302\233a\342\200\256\rb\r\n'", port)
    expected = "␛[2J␛]0;title␇‹U+009B›a‹U+202E›\nb\n"
    assert (record(result)["output"], "".join(port.live)) == (expected, expected)


async def test_fifty_megabytes_pass_in_little_memory(free: Workspace, port: Port) -> None:
    tracemalloc.start()
    try:
        result = await shell(free, "echo begin; head -c 50000000 /dev/zero | tr '\\0' x; echo; echo end", port)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    output = record(result)["output"]
    assert output.startswith("begin\nxxx")
    assert output.endswith("xxx\nend\n")
    assert "\n[… 49,934,475 bytes left out …]\n" in output
    assert len(output) < 66_000
    assert sum(map(len, port.live)) < 300_000
    assert peak < 8 << 20


async def test_a_timeout_is_a_result(free: Workspace) -> None:
    result = await shell(free, "echo begun; sleep 600", timeout_ms=1500)
    data = record(result)
    assert (result.ok, data["timed_out"], data["output"], data["exit_code"]) == (False, True, "begun\n", 137)
    assert "killed after 1.5 s" in data["note"]


async def test_cancellation_kills_and_raises(free: Workspace, port: Port) -> None:
    hold = Hold(free.cwd / "hold")
    running = asyncio.create_task(shell(free, "exec 3> hold; trap '' TERM HUP; sleep 600 & echo begun; wait", port))
    async with asyncio.timeout(20):
        await port.shown("begun")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await hold.released()


async def test_no_secret_of_our_environment_is_seen(free: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "FOO_TOKEN", "MY_SECRET", "DB_PASSWORD", "SSH_AUTH_SOCK", "SOMETHING_ELSE"):
        monkeypatch.setenv(name, "LEAKED")
    assert "LEAKED" not in record(await shell(free, "env; cat /proc/self/environ"))["output"]


async def test_there_is_no_terminal(free: Workspace) -> None:
    assert record(await shell(free, "tty; (: < /dev/tty) 2>/dev/null || echo none"))["output"] == "not a tty\nnone\n"


@pytest.mark.parametrize("kind", ["free", "boxed"])
async def test_a_codex_desk_started_there_knows_its_thread(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace: Workspace = request.getfixturevalue(kind)
    programs = workspace.project / "bin"
    programs.mkdir()
    (programs / "codex-desk").write_text("#!/bin/sh\necho acting as $CODEX_DESK_THREAD\n")
    (programs / "codex-desk").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("CODEX_DESK_THREAD", "somebody else")
    assert record(await shell(workspace, "codex-desk send x y"))["output"] == f"acting as {THREAD}\n"


@pytest.mark.parametrize("mode", ["read-only", "workspace-write"])
async def test_without_a_sandbox_and_without_asking_nothing_runs(workspace: Workspace, port: Port, mode: Any) -> None:
    result = await shell(with_rights(workspace, mode), "touch mark", port)
    assert json.loads(result.text)["error"]["code"] == "no_sandbox"
    assert ((workspace.cwd / "mark").exists(), port.asks) == (False, [])


async def test_without_a_sandbox_the_human_decides(workspace: Workspace, yes: Port, port: Port) -> None:
    asking = with_rights(workspace, "workspace-write", may_escalate=True)
    refused = await shell(asking, "touch mark", port)
    assert (json.loads(refused.text)["error"]["code"], (workspace.cwd / "mark").exists()) == ("refused", False)
    assert (await shell(asking, "touch mark", yes)).ok
    (ask,) = yes.asks
    assert (ask.kind, ask.text, ask.cwd, ask.why, ask.command) == (
        "command",
        "touch mark",
        str(workspace.cwd),
        "no sandbox holds here",
        ("touch", "mark"),
    )


async def test_more_than_one_simple_command_is_asked_without_an_argv(workspace: Workspace, port: Port) -> None:
    await shell(with_rights(workspace, "workspace-write", may_escalate=True), "touch a; touch b", port)
    assert port.asks[0].command is None


async def test_full_access_asks_nobody(free: Workspace, port: Port) -> None:
    result = await shell(replace(free, rights=replace(free.rights, may_escalate=True)), f"echo x > {free.project}/file", port)
    assert (result.ok, port.asks) == (True, [])


@pytest.mark.parametrize(
    ("command", "limit"),
    [
        ("echo x > {project}/file", "the sandbox limits files (read-only file system)"),
        ("cat {home}/desk.db", "the sandbox limits files (permission denied)"),
        ("echo 'curl: (6) Could not resolve host: example.org' >&2; exit 6", "the sandbox has no network (could not resolve)"),
    ],
)
async def test_a_limit_of_the_sandbox_is_put_to_the_human(bubblewrapped: Workspace, port: Port, command: str, limit: str) -> None:
    (bubblewrapped.project / "file").write_text("kept\n")
    workspace = with_rights(replace(bubblewrapped, project=bubblewrapped.project.parent), "workspace-write", may_escalate=True)
    port.verdict = Verdict(False, "not today")
    result = await shell(workspace, command.format(project=bubblewrapped.project, home=bubblewrapped.home), port)
    assert [ask.why for ask in port.asks] == [f"{limit}; run it again outside of the sandbox?"]
    assert record(result)["note"] == f"{limit}; not run outside of it: not today"
    assert (bubblewrapped.project / "file").read_text() == "kept\n"


async def test_once_allowed_it_runs_again_outside(bubblewrapped: Workspace, yes: Port) -> None:
    workspace = with_rights(bubblewrapped, "workspace-write", may_escalate=True)
    result = await shell(workspace, f"echo x > {bubblewrapped.project}/file", yes)
    assert (result.ok, record(result)["sandbox"], len(yes.asks)) == (True, "none", 1)
    assert (bubblewrapped.project / "file").read_text() == "x\n"


async def test_a_limit_is_only_said_where_nobody_may_be_asked(bubblewrapped: Workspace, port: Port) -> None:
    result = await shell(bubblewrapped, f"echo x > {bubblewrapped.project}/file", port)
    assert (record(result)["note"], port.asks) == ("the sandbox limits files (read-only file system)", [])


async def test_an_ordinary_failure_is_not_asked_about(boxed: Workspace, port: Port) -> None:
    await shell(with_rights(boxed, "workspace-write", may_escalate=True), "echo broken; exit 1", port)
    assert port.asks == []


async def test_a_private_temporary_folder_is_there(bubblewrapped: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "elsewhere"))
    assert (
        record(await shell(bubblewrapped, "f=$(mktemp) && echo x > $f && cat $f && case $f in /tmp/*) ;; *) exit 9;; esac"))["output"]
        == "x\n"
    )
