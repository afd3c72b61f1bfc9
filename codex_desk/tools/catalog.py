"""The workspace tools by name: what a model is told about each, and the way to run one."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from codex_desk.frozen import frozen
from codex_desk.runtimes.base import ItemDraft, ToolResult, ToolSpec
from codex_desk.tools import arguments as given
from codex_desk.tools.errors import ToolRefusal
from codex_desk.tools.git_questions import ask_git
from codex_desk.tools.grep import grep
from codex_desk.tools.patching import apply_patch
from codex_desk.tools.reading import list_folder, read_file
from codex_desk.tools.shell import run_shell
from codex_desk.tools.workspace import ToolPort, Workspace

Given = TypeVar("Given", bound=given.Arguments)


@frozen
class _Tool(Generic[Given]):
    name: str
    description: str
    arguments: type[Given]
    run: Callable[[Given, Workspace, ToolPort], Awaitable[ToolResult]]

    @property
    def spec(self) -> ToolSpec:
        return ToolSpec(self.name, self.description, _schema(self.arguments))

    async def call(self, values: Mapping[str, Any], workspace: Workspace, port: ToolPort) -> ToolResult:
        return await self.run(self.arguments.model_validate(dict(values)), workspace, port)


async def run_workspace_tool(name: str, arguments: Mapping[str, Any], workspace: Workspace, port: ToolPort) -> ToolResult:
    """Run a tool; every refusal and failure is a result `{"error": {"code", "message"}}`, and every result carries its item.

    Only cancellation raises; it ends what the tool had started.
    """
    started = time.monotonic()
    try:
        result = await _find(name).call(arguments, workspace, port)
    except ToolRefusal as refusal:
        result = ToolResult(refusal.to_text(), ok=False)
    except ValidationError as error:
        result = ToolResult(ToolRefusal("bad_arguments", _named(error)).to_text(), ok=False)
    except OSError as error:
        result = ToolResult(ToolRefusal("failed", str(error)).to_text(), ok=False)
    if result.item is not None:
        return result
    duration_ms = round((time.monotonic() - started) * 1000)
    data = {"tool": name, "arguments": dict(arguments), "result": result.text, "ok": result.ok, "duration_ms": duration_ms}
    return replace(result, item=ItemDraft("tool_call", _line(name, arguments), data))


def _find(name: str) -> _Tool[Any]:
    if tool := _TOOLS.get(name):
        return tool
    raise ToolRefusal("unknown_tool", f"there is no tool {name!r}; there are {', '.join(_TOOLS)}")


def _named(error: ValidationError) -> str:
    """What is wrong with which argument, in one line."""
    problems = ((".".join(map(str, problem["loc"])), problem["msg"]) for problem in error.errors(include_url=False, include_context=False))
    return "; ".join(f"{place}: {message}" if place else message for place, message in problems)


def _line(name: str, arguments: Mapping[str, Any]) -> str:
    """A call in one line: the tool and its first argument."""
    first = next((value for value in arguments.values() if isinstance(value, str)), "")
    return f"{name} {first.partition(chr(10))[0]}".strip()


def _schema(arguments: type[given.Arguments]) -> dict[str, Any]:
    schema = arguments.model_json_schema()
    return _untitled(schema)


def _untitled(node: Any) -> Any:
    """The schema without the titles that pydantic makes of names: a model reads every word of it."""
    match node:
        case dict():
            return {key: _untitled(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
        case list():
            return [_untitled(value) for value in node]
    return node


def _answer(value: Mapping[str, object], ok: bool = True) -> ToolResult:
    return ToolResult(json.dumps(value, ensure_ascii=False), ok)


async def _shell(call: given.Shell, workspace: Workspace, port: ToolPort) -> ToolResult:
    return await run_shell(call.command, call.workdir, call.timeout_ms, workspace, port)


async def _read(call: given.Read, workspace: Workspace, port: ToolPort) -> ToolResult:
    return _answer(await asyncio.to_thread(read_file, call.path, call.offset, call.limit, workspace))


async def _list(call: given.ListFolder, workspace: Workspace, port: ToolPort) -> ToolResult:
    return _answer(await asyncio.to_thread(list_folder, call.path, workspace))


async def _grep(call: given.Grep, workspace: Workspace, port: ToolPort) -> ToolResult:
    return _answer(await grep(call.pattern, call.path, workspace))


async def _git(call: given.Git, workspace: Workspace, port: ToolPort) -> ToolResult:
    answer = await ask_git(call.question, call.args, workspace)
    if answer.timed_out:
        raise ToolRefusal("timed_out", "git took too long; ask for less")
    value: dict[str, object] = {"exit_code": answer.exit_code, "output": answer.output}
    return _answer(value | ({"errors": answer.errors} if answer.errors else {}), answer.ok)


async def _apply_patch(call: given.ApplyPatch, workspace: Workspace, port: ToolPort) -> ToolResult:
    return await apply_patch(call.patch, workspace, port)


async def _update_plan(call: given.UpdatePlan, workspace: Workspace, port: ToolPort) -> ToolResult:
    steps = [step.model_dump() for step in call.plan]
    done = sum(step.status == "completed" for step in call.plan)
    return replace(
        _answer({"steps": len(steps), "completed": done}), item=ItemDraft("plan", f"{done} of {len(steps)} done", {"steps": steps})
    )


_TOOLS: dict[str, _Tool[Any]] = {
    tool.name: tool
    for tool in (
        _Tool(
            "shell",
            "Run a command line with bash and wait for it. No input, no terminal; what it starts ends with it. It runs in the sandbox of the "
            "thread's mode; there, /tmp is empty and gone afterwards. Of long output both ends are kept.",
            given.Shell,
            _shell,
        ),
        _Tool("read", "Read numbered lines of a text file.", given.Read, _read),
        _Tool("list", "List the entries of a folder.", given.ListFolder, _list),
        _Tool("grep", "Search files for a regular expression.", given.Grep, _grep),
        _Tool("git", "Ask git about the repository: status, diff, log or show, in read-only forms.", given.Git, _git),
        _Tool(
            "apply_patch",
            "Change files by a patch: '*** Begin Patch', then for each file '*** Add File: PATH' with '+' lines, '*** Delete File: PATH', or "
            "'*** Update File: PATH' (and '*** Move to: PATH') with hunks that begin with '@@' and have ' ', '-' and '+' lines, then "
            "'*** End Patch'. All of it is applied, or nothing.",
            given.ApplyPatch,
            _apply_patch,
        ),
        _Tool("update_plan", "Write down the plan: its steps in order, at most one of them in progress.", given.UpdatePlan, _update_plan),
    )
}

WORKSPACE_SPECS: tuple[ToolSpec, ...] = tuple(tool.spec for tool in _TOOLS.values())
