"""Sessions that `codex exec` made before there was a desk, brought to it as they are."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_desk.engine.errors import Refusal
from codex_desk.engine.sessions import Rename
from codex_desk.engine.turns import Resume
from codex_desk.engine.views import ThreadView
from codex_desk.runtimes.base import ThreadSpec
from codex_desk.runtimes.codex.client import Client, Params
from codex_desk.runtimes.codex.debug import DebugLog
from codex_desk.runtimes.codex.server import start_server
from codex_desk.runtimes.codex.thread import CodexThread
from tests.codex.conftest import Office
from tests.codex.test_codex_life import eventually, runtime_of
from tests.codex_program import CodexHome
from tests.responses_server import Call, Say


@asynccontextmanager
async def another_program(codex: CodexHome, heard: Callable[[str, Params], None] | None = None) -> AsyncIterator[Client]:
    """A second app-server on the same sessions, as an editor's would be."""
    debug = DebugLog(codex.root / "other.log")
    server = await start_server(codex.program, None, codex.env, debug)
    client = Client(server.transport, debug, heard or (lambda method, params: None), lambda request: None)
    try:
        await client.start()
        yield client
    finally:
        await client.close()
        await server.stop()


def digest(codex: CodexHome) -> dict[str, str]:
    """Codex's own files that a session's adoption could have touched."""
    return {str(path): path.read_text() for path in (codex.home / "sessions").rglob("*.jsonl")}


@pytest.mark.row("S0-09")
@pytest.mark.row("S0-10")
async def test_adopting_shows_what_was_said_and_changes_nothing_in_codex(office: Office) -> None:
    folder = office.codex.folder("old-reviewer", "You review.")
    external_id = office.codex.exec(folder, "remember the blue door")
    before = digest(office.codex)
    [candidate] = [each for each in await office.desk.adoptable() if each.id == external_id]
    assert (candidate.where, candidate.handle, candidate.project) == ("in Codex", "remember-the-blue-door", str(folder))
    thread = await office.desk.adopt(external_id, "old-reviewer")
    assert (thread.handle, thread.cwd, thread.runtime, thread.external_id) == ("old-reviewer", str(folder), "codex", external_id)
    said = [(item.kind, item.text) for item in office.items(thread)][:2]
    assert said == [("user_message", "remember the blue door"), ("agent_message", "answer to remember the blue door")]
    assert digest(office.codex) == before
    [after] = [each for each in await office.desk.adoptable() if each.id == external_id]
    assert (after.where, after.handle) == ("on the desk", "old-reviewer")
    with pytest.raises(Refusal, match="on the desk already"):
        await office.desk.adopt(external_id, "again")


async def test_nothing_is_loaded_and_no_mcp_server_started_before_the_first_turn(office: Office) -> None:
    mark, folder = office.codex.root / "mcp-started", office.codex.folder("unhurried")
    external_id = office.codex.exec(folder, "one")
    (folder / ".codex").mkdir()
    (folder / ".codex" / "config.toml").write_text(f'[mcp_servers.mark]\ncommand = "/bin/sh"\nargs = ["-c", "touch {mark}; exit 1"]\n')
    with (office.codex.home / "config.toml").open("a") as config:
        config.write(f'[projects."{folder}"]\ntrust_level = "trusted"\n')
    thread = await office.desk.adopt(external_id, "unhurried")
    await office.desk.refresh(thread.id)
    await office.attach(thread, await office.session("boss-of-unhurried"))
    await office.desk.do(Rename(thread.id, "takes-its-time"))
    client = await (await runtime_of(office)).client()

    async def mirrored() -> tuple[str, int]:
        there = await client.call("thread/attachment/list", {"threadId": external_id})
        return (await client.call("thread/read", {"threadId": external_id}))["thread"]["name"], len(there["data"])

    await eventually(mirrored, lambda found: found == ("takes-its-time", 1))
    assert external_id not in (await client.call("thread/loaded/list", {}))["data"] and not mark.exists()
    await office.prompt(thread, "two")
    assert mark.exists()


@pytest.mark.row("S0-14")
@pytest.mark.row("S0-17")
@pytest.mark.row("S0-43")
async def test_its_turns_go_on_where_they_were_with_its_own_folder_instructions_and_rights(office: Office) -> None:
    folder = office.codex.folder("home-body", "You stay at home.")
    external_id = office.codex.exec(folder, "first words", "-s", "read-only")
    thread = await office.desk.adopt(external_id, "home-body")
    office.codex.plays["home-body"] = lambda asked: (
        Say(asked.outputs[-1]) if asked.outputs else Call("exec_command", {"cmd": "pwd; touch x"})
    )
    message = await office.prompt(thread, "where are you?")
    assert str(folder) in (message.answer or "") and "Read-only file system" in (message.answer or "")
    asked = office.codex.asked_in("home-body")[-1]
    assert "first words" in asked.texts and any("You stay at home." in text for text in asked.texts)
    assert office.desk.settings(thread.id).settings.sandbox_mode == "read-only"
    await no_file_has_the_key(office, thread)


async def no_file_has_the_key(office: Office, thread: ThreadView) -> None:
    """What opens the way to the desk's tools is in memory alone: in none of Codex's files, and in none of ours."""
    opened = await (await runtime_of(office)).open(ThreadSpec(thread.id, "", Path(thread.cwd)))
    assert isinstance(opened, CodexThread) and opened._key is not None
    key = opened._key.token.encode()
    files = [path for root in (office.codex.root, office.desk.home) for path in root.rglob("*") if path.is_file()]
    assert len(files) > 10 and not [path for path in files if key in path.read_bytes()]


async def test_what_was_done_elsewhere_meanwhile_is_there_once(office: Office) -> None:
    folder = office.codex.folder("elsewhere")
    external_id = office.codex.exec(folder, "one")
    thread = await office.desk.adopt(external_id, "elsewhere")
    await asyncio.to_thread(
        subprocess.run,
        [str(office.codex.program), "exec", "--skip-git-repo-check", "-C", str(folder), "resume", external_id, "two"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=office.codex.env,
        check=True,
        timeout=60,
    )
    for _ in range(2):
        await office.desk.refresh(thread.id)
        assert [item.text for item in office.items(thread, "user_message")] == ["one", "two"]
    await office.prompt(thread, "three")
    assert [item.text for item in office.items(thread, "user_message")] == ["one", "two", "three"]
    assert len(office.items(thread, "agent_message")) == 3


async def test_a_session_that_another_program_writes_can_be_read_and_what_waits_is_kept(office: Office) -> None:
    external_id = office.codex.exec(office.codex.folder("taken"), "one")
    async with another_program(office.codex) as other:
        await other.call("thread/resume", {"threadId": external_id, "excludeTurns": True})
        thread = await office.desk.adopt(external_id, "taken")
        message = await office.send(thread, "two")
        waiting = await office.until(lambda: view if (view := office.desk.thread(thread.id)).status == "needs_human" else None)
        assert "another program is writing this session" in (waiting.reason or "")
        assert office.desk.message(message.id).state == "queued"
        assert [item.text for item in office.items(thread, "user_message")] == ["one"]
    await office.desk.do(Resume(thread.id))
    assert (await office.final(message)).answer == "answer to two"


async def test_a_session_with_tools_of_another_program_is_only_taken_with_a_yes(office: Office) -> None:
    ended = asyncio.Event()
    async with another_program(office.codex, lambda method, params: ended.set() if method == "turn/completed" else None) as other:
        tool = {"type": "function", "name": "launch", "description": "d", "inputSchema": {"type": "object", "properties": {}}}
        cwd = str(office.codex.folder("odd"))
        started = await other.call("thread/start", {"cwd": cwd, "dynamicTools": [tool], "baseInstructions": "You are a pirate."})
        external_id = started["thread"]["id"]
        await other.call("turn/start", {"threadId": external_id, "input": [{"type": "text", "text": "ahoy"}]})
        await ended.wait()
    with pytest.raises(Refusal) as refusal:
        await office.desk.adopt(external_id, "odd")
    assert refusal.value.code == "carries_more"
    assert "launch" in refusal.value.message and "You are a pirate." in refusal.value.message
    assert (await office.desk.adopt(external_id, "odd", yes=True)).handle == "odd"


async def test_a_session_is_found_by_its_name_and_a_name_of_several_is_refused(office: Office) -> None:
    ids = [office.codex.exec(office.codex.folder(f"named-{number}"), "hello") for number in (1, 2)]
    async with another_program(office.codex) as other:
        for external_id in ids:
            await other.call("thread/name/set", {"threadId": external_id, "name": "The Twins"})
        with pytest.raises(Refusal, match="more than one session"):
            await office.desk.adopt("the twins")
        await other.call("thread/name/set", {"threadId": ids[0], "name": "Fix the parser!"})
    thread = await office.desk.adopt("Fix the parser!")
    assert (thread.handle, thread.title) == ("fix-the-parser", "Fix the parser!")
    with pytest.raises(Refusal, match="there is no session"):
        await office.desk.adopt("nobody")
