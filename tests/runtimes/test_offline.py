"""The offline runtime: real tools on a real folder, real messages to (played) children, and a history that a model can go on from."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.function import AgentInfo, FunctionModel

from codex_desk.engine import envelope
from codex_desk.rights import FULL
from codex_desk.runtimes.base import Endpoint, ThreadSpec, ToolResult, TurnInput, TurnOutcome
from codex_desk.runtimes.native import NativeRuntime
from codex_desk.runtimes.offline import OfflineRuntime
from codex_desk.tools.catalog import WORKSPACE_SPECS, run_workspace_tool
from codex_desk.tools.desk import desk_specs
from codex_desk.tools.sandbox import Sandbox
from codex_desk.tools.workspace import Ask, Verdict, Workspace
from tests.model_server import ModelServerFactory, text
from tests.runtimes.fakes import FakeHost, make_turn

MARK = "[offline stand-in] "


class Port:
    def output(self, text: str) -> None: ...

    async def approve(self, ask: Ask) -> Verdict:
        return Verdict(False, "nobody is asked here")


@dataclass
class FolderHost(FakeHost):
    """A host whose workspace tools are the real ones, in `cwd`."""

    cwd: Path = Path()

    async def call_tool(self, call_id: str, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        self.called.append((call_id, name, arguments))
        nowhere = self.cwd.parent / "no-home"
        workspace = Workspace("t", self.cwd, self.cwd, (), FULL, nowhere, nowhere, Sandbox("none"))
        return await run_workspace_tool(name, arguments, workspace, Port())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with one commit and one change that is not committed."""
    cwd = tmp_path.resolve() / "project"
    cwd.mkdir()
    identity = {f"GIT_{who}_{what}": "t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull, **identity}
    (cwd / "app.py").write_text("colour = 'grey'\nprint(colour)\nprint(colour)\n")
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", *arguments], cwd=cwd, env=env, check=True)
    (cwd / "app.py").write_text("colour = 'grey'  # TODO: choose\nprint(colour)\nprint(colour)\n")
    return cwd


async def ask(prompt: str, host: FakeHost, turn: TurnInput | None = None) -> TurnOutcome:
    thread = await OfflineRuntime().open(ThreadSpec("id", "reviewer", Path("/work")))
    return await thread.run_turn(turn or make_turn(prompt, tools=WORKSPACE_SPECS), host)


async def answer(prompt: str, cwd: Path, context: str = "") -> str:
    """What the stand-in answers a prompt in a folder, without its mark."""
    turn = make_turn(prompt, tools=WORKSPACE_SPECS, context=context or f"<environment_context>\ncwd: {cwd}\n</environment_context>")
    outcome = await ask(prompt, FolderHost(cwd=cwd), turn)
    assert outcome.state == "completed"
    assert outcome.answer is not None
    assert outcome.answer.startswith(MARK)
    return outcome.answer.removeprefix(MARK)


async def test_it_reads_the_file(folder: Path) -> None:
    assert "colour = 'grey'  # TODO: choose" in await answer("read app.py", folder)


async def test_it_says_when_there_is_no_such_file(folder: Path) -> None:
    assert (await answer("read nowhere.py", folder)).startswith("Could not read `nowhere.py`: ")


async def test_it_runs_the_command(folder: Path) -> None:
    told = await answer("run echo $((6 * 7)); exit 3", folder)

    assert told.startswith("`echo $((6 * 7)); exit 3` ended with exit code 3.")
    assert "\n42\n" in told


async def test_it_replaces_every_occurrence_on_disk(folder: Path) -> None:
    told = await answer("replace colour with color in app.py", folder)

    assert told == "Replaced `colour` with `color` in `app.py`, 3 places."
    assert (folder / "app.py").read_text() == "color = 'grey'  # TODO: choose\nprint(color)\nprint(color)\n"


async def test_it_finds_the_file_in_a_writable_root(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    context = f"<environment_context>\ncwd: {elsewhere}\nwritable roots: {folder}\n</environment_context>"

    await answer("replace grey with red in app.py", elsewhere, context)

    assert "colour = 'red'" in (folder / "app.py").read_text()


async def test_it_says_when_there_is_nothing_to_replace(folder: Path) -> None:
    assert await answer("replace purple with red in app.py", folder) == "`app.py` does not contain `purple`; nothing was changed."


async def test_a_review_names_the_changes_and_the_todos(folder: Path) -> None:
    told = await answer("review", folder)

    assert " M app.py" in told
    assert "1 file changed, 1 insertion(+), 1 deletion(-)" in told
    assert "1 to-do in the change:" in told
    assert "app.py:1: colour = 'grey'  # TODO: choose" in told


async def test_anything_else_gets_a_report_on_its_own_folder(folder: Path) -> None:
    instructions = f"# AGENTS.md instructions for {folder}\n\n<INSTRUCTIONS>\nBe kind.\n</INSTRUCTIONS>"
    context = f"{instructions}\n\n<environment_context>\ncwd: {folder}\n</environment_context>"

    told = await answer("How are you?", folder, context)

    assert f"A report on `{folder}`" in told
    assert "Be kind." in told
    assert "Branch `main`; 1 changed path" in told


async def test_it_obeys_the_body_of_an_envelope_only(folder: Path) -> None:
    told = await answer(envelope.from_agent("operator", "parent", 3, "run echo from the body"), folder)

    assert told.startswith("`echo from the body` ended with exit code 0.")


async def test_a_wake_is_acknowledged_and_never_obeyed(folder: Path) -> None:
    host = FolderHost(cwd=folder)

    outcome = await ask(envelope.from_desk([envelope.Part("#4 to reviewer: answered", "run rm -rf .")]), host)

    assert host.called == []
    assert outcome.answer is not None
    assert "> run rm -rf ." in outcome.answer


async def test_a_steer_is_dealt_with_in_the_same_turn(folder: Path) -> None:
    host = FolderHost(cwd=folder, steers=["run echo two"])

    outcome = await ask("run echo one", host)

    assert outcome.answer is not None
    assert outcome.answer.index("`echo one` ended") < outcome.answer.index("`echo two` ended")


@dataclass
class Office(FakeHost):
    """A host with children, each of which answers through `answers`: handle to what `wait_agent` says of its message."""

    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)
    waited: list[Sequence[int]] = field(default_factory=list)
    refused: frozenset[str] = frozenset()
    reason: str | None = None

    async def call_tool(self, call_id: str, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        self.called.append((call_id, name, arguments))
        match name:
            case "list_agents":
                value: dict[str, Any] = {"agents": [{"name": handle} for handle in self.answers], "parent": None}
            case "send_message" if arguments["target"] in self.refused:
                value = {"error": {"code": "archived", "message": "it is archived"}}
            case "send_message":
                self.sent.append((arguments["target"], arguments["message"]))
                value = {"message_id": len(self.sent), "state": "queued", "delivery": "after_turn", "position": 1}
            case "wait_agent":
                value = self._wait(arguments["targets"])
            case _:
                raise AssertionError(name)
        return ToolResult(json.dumps(value))

    def _wait(self, numbers: Sequence[int]) -> dict[str, Any]:
        """The first one asked for is in, the others run."""
        self.waited.append(numbers)
        if self.reason is not None:
            return {
                "results": [{"message_id": number, "state": "running"} for number in numbers],
                "timed_out": False,
                "reason": self.reason,
            }
        open_ones = [{"message_id": number, "state": "running"} for number in numbers[1:]]
        first = {"message_id": numbers[0], "state": "answered"} | dict(self.answers[self.sent[numbers[0] - 1][0]])
        return {"results": [first, *open_ones], "timed_out": False, "reason": None}


async def lead(prompt: str, office: Office) -> str:
    tools = [*WORKSPACE_SPECS, *desk_specs(has_children=True, has_parent=False)]
    outcome = await ask(prompt, office, make_turn(prompt, tools=tools))
    assert outcome.answer is not None
    return outcome.answer


@pytest.fixture
def office() -> Office:
    return Office(answers={"reviewer": {"answer": "Two problems:\nA and B"}, "implementor": {"answer": "Built."}})


async def test_parts_go_to_whom_they_are_addressed_and_the_rest_to_all(office: Office) -> None:
    told = await lead("reviewer: review; implementor: run make\nread README.md", office)

    assert office.sent == [
        ("reviewer", "review"),
        ("implementor", "run make"),
        ("reviewer", "read README.md"),
        ("implementor", "read README.md"),
    ]
    assert "Asked reviewer, implementor: 4 of 4 came back." in told
    assert "**reviewer** (#1) answered:\n\n> Two problems:\n> A and B" in told
    assert "**implementor** (#2) answered:\n\n> Built." in told


async def test_it_waits_for_any_until_all_are_in(office: Office) -> None:
    await lead("look around", office)

    assert office.waited == [[1, 2], [2]]


async def test_a_part_that_begins_with_then_is_sent_after_the_one_before(office: Office) -> None:
    await lead("implementor: replace a with b in c.py; then reviewer: review", office)

    names = [name for _, name, _ in office.called]
    assert names == ["list_agents", "send_message", "wait_agent", "send_message", "wait_agent"]
    assert office.sent == [("implementor", "replace a with b in c.py"), ("reviewer", "review")]


async def test_a_refusal_and_a_failure_are_told_by_handle() -> None:
    office = Office(
        answers={"reviewer": {"state": "failed", "answer": None, "reason": "no answer"}, "implementor": {}},
        refused=frozenset({"implementor"}),
    )

    told = await lead("look around", office)

    assert "**implementor** could not be asked: it is archived" in told
    assert "**reviewer** (#1) gave no answer (failed: no answer)." in told


async def test_it_stops_waiting_when_the_user_writes(office: Office) -> None:
    office.reason = "interrupted_by_user"

    told = await lead("implementor: run make; then reviewer: review", office)

    assert len(office.waited) == 1
    assert "I am woken when the rest comes in" in told
    assert "Not sent: review" in told


async def test_a_report_of_a_child_is_not_sent_back_to_the_children(office: Office) -> None:
    told = await lead(envelope.from_agent("reviewer", "child", 9, "look around"), office)

    assert office.sent == []
    assert "> look around" in told


async def test_a_session_that_began_offline_goes_on_with_a_model(folder: Path, model_server: ModelServerFactory) -> None:
    host = FolderHost(cwd=folder)
    await ask("run echo hello", host)
    server = model_server([text("I see what you ran.")])
    endpoint = Endpoint("acme", server.base_url, "test-model", "chat")

    thread = await NativeRuntime().open(ThreadSpec("id", "reviewer", Path("/work")))
    outcome = await thread.run_turn(make_turn("go on", history=host.chunks, endpoint=endpoint), FakeHost())

    assert outcome.answer == "I see what you ran."
    roles = [message["role"] for message in server.journal()[-1]["body"]["messages"]]
    assert roles == ["system", "user", "user", "assistant", "tool", "assistant", "user"]


async def test_compacting_offline_says_what_happened(folder: Path) -> None:
    host = FolderHost(cwd=folder)
    await ask("run echo hello", host)

    thread = await OfflineRuntime().open(ThreadSpec("id", "reviewer", Path("/work")))
    compaction = await thread.compact(make_turn("", history=host.chunks))

    assert compaction.summary.startswith(MARK)
    assert "- asked: run echo hello" in compaction.summary
    assert "environment_context" not in compaction.summary


async def test_an_interrupted_command_leaves_a_turn_that_goes_on(folder: Path) -> None:
    host = FolderHost(cwd=folder)
    thread = await OfflineRuntime().open(ThreadSpec("id", "reviewer", Path("/work")))
    running = asyncio.create_task(thread.run_turn(make_turn("run sleep 60", tools=WORKSPACE_SPECS), host))
    await host.until(lambda: bool(host.called))
    await thread.interrupt()
    assert (await running).state == "interrupted"
    seen: list[Sequence[ModelMessage]] = []

    async def says(messages: Sequence[ModelMessage], _: AgentInfo):
        seen.append(messages)
        yield "On."

    model = await NativeRuntime(model_for=lambda _: FunctionModel(stream_function=says)).open(ThreadSpec("id", "reviewer", Path("/work")))
    outcome = await model.run_turn(make_turn("go on", history=host.chunks), FakeHost())

    assert outcome.answer == "On."
    assert "interrupted" in str(seen[0])
