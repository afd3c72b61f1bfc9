"""An agent is not the human (semantics §13.2): whatever its shell starts acts as the agent, or sees no desk at all."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.sessions import Set
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, prompt

HUMAN_VERBS = (
    "new auditor",
    "set operator sandbox_mode danger-full-access",
    "set operator approval_policy never",
    "rename reviewer critic",
    "fork reviewer critic",
    "attach reviewer operator --move",
    "attach reviewer operator --rights own",
    "detach reviewer",
    "archive reviewer",
    "unarchive reviewer",
    "send reviewer approve",
    "send operator approve --from reviewer",
    "send reviewer stop --replace",
    "send reviewer hi --wait",
    "queue operator --edit 1 approved",
    "queue operator --remove 1",
    "exec hi",
    "interrupt reviewer",
    "resume reviewer",
    "compact reviewer",
    "approvals --approve reviewer-1",
    "approvals --approve reviewer-1 --scope folder",
    "approvals --deny reviewer-1",
    "grants --revoke 1",
    "trust .",
    "trust . --revoke",
    "redact 3",
    "provider add http://127.0.0.1:9/v1 --model m",
    "demo --headless",
    ".",
)

CHECKOUT = Path(__file__).resolve().parent.parent.parent
TRY_ALL = """
import json, sys
from click.testing import CliRunner
from codex_desk.cli.app import cli

def code(words):
    ran = CliRunner().invoke(cli, [*words.split(), "--json"])
    return json.loads(ran.stdout.splitlines()[-1])["error"]["code"] if ran.exit_code == 1 else ran.exit_code

print(json.dumps({words: code(words) for words in json.loads(sys.argv[1])}))
"""


async def shell_of(desk: Desk, runtime: ScriptedRuntime, thread: ThreadView, command: str) -> str:
    """The output of a command that the thread's agent runs in a turn of its own."""
    outputs: list[str] = []

    async def script(turn: Scripted) -> str:
        outputs.append((await turn.tool("shell", command=command)).get("output", ""))
        return "ran"

    runtime.scripts[thread.handle or ""] = script
    message = await prompt(desk, thread, "go")
    assert message.state == "answered", message
    return outputs[0]


def python(*words: str) -> str:
    return shlex.join([sys.executable, *words])


@pytest.mark.row("S0-41")
async def test_every_human_verb_from_an_agents_shell_is_refused_as_the_agents(
    desk: Desk, place: Place, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    """Without a sandbox, where nothing but its identity stands between an agent and the desk."""
    await desk.do(Set(operator.id, "sandbox_mode", "danger-full-access"))
    before = len(desk.audit())
    output = await shell_of(desk, runtime, operator, python("-c", TRY_ALL, json.dumps(HUMAN_VERBS)))
    assert json.loads(output) == dict.fromkeys(HUMAN_VERBS, "origin_agent")
    own = [event.kind for event in desk.audit()[before:]]
    assert own == ["sent", "started", "answered"]
    assert desk.verify_audit().verified
    assert not (place.home / "settings.toml").exists()


@pytest.mark.usefixtures("bubblewrapped")
async def test_in_the_sandbox_an_agents_commands_see_no_desk_even_under_another_name(
    desk: Desk, place: Place, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    # What lies in the system's temporary folder is hidden too: this checkout and its Python may.
    await desk.do(Set(operator.id, "sandbox_workspace_write.writable_roots", json.dumps([str(CHECKOUT), sys.prefix])))
    desk_command = python("-m", "codex_desk")
    before = len(desk.audit())
    output = await shell_of(
        desk,
        runtime,
        operator,
        f"cat {place.home}/desk.db; {desk_command} list; env -u CODEX_DESK_THREAD {desk_command} send reviewer approve",
    )
    assert "the desk is hidden from an agent's commands" in output
    assert "SQLite format" not in output
    assert [event.kind for event in desk.audit()[before:]] == ["sent", "started", "answered"]
    assert desk.queue(reviewer.id) == []


@pytest.mark.usefixtures("bubblewrapped")
async def test_in_the_sandbox_an_agent_reaches_neither_the_desks_process_nor_its_home_nor_a_multiplexer(
    desk: Desk, place: Place, runtime: ScriptedRuntime, operator: ThreadView
) -> None:
    with tempfile.TemporaryDirectory(dir=Path.home()) as name, socket.socket(socket.AF_UNIX) as multiplexer:
        multiplexer.bind(f"{name}/s")
        multiplexer.listen()
        connect = f"import socket; socket.socket(socket.AF_UNIX).connect('{name}/s')"
        output = await shell_of(
            desk,
            runtime,
            operator,
            f"kill -9 {os.getpid()} && echo KILLED; cat /proc/{os.getpid()}/environ && echo READ; echo x > {place.home}/desk.db && echo WROTE;"
            f" touch {place.home}/new && echo MADE; {python('-I', '-S', '-c', connect)} && echo CONNECTED; echo END",
        )
    assert not {"KILLED", "READ", "CONNECTED"} & set(output.split())
    assert output.rstrip().endswith("END")
    assert not (place.home / "new").exists()
    assert desk.verify_audit().verified
