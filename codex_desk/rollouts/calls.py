"""A tool call as an item: what was asked, and what came of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from pydantic_core import from_json

from codex_desk.rollouts import changes
from codex_desk.text import one_line

SHELLS = frozenset({"shell", "shell_command", "exec_command", "local_shell", "container.exec", "unified_exec"})
_WRAPPERS = frozenset({"bash", "sh", "zsh", "dash", "ksh"})

LINE = 160
"""Characters of a call's own line."""


class Made(NamedTuple):
    kind: str
    text: str
    data: dict[str, Any]


def arguments_of(raw: object) -> Any:
    """Arguments as JSON, the text itself where they are none."""
    if not isinstance(raw, str):
        return raw
    if raw[:1] not in "{[":
        return raw
    try:
        return from_json(raw)
    except ValueError:
        return raw


def tool_name(name: str, namespace: object) -> str:
    """How a tool is called: `exec_command`, `desk.ask`, `server.tool` of an MCP server."""
    space = namespace if isinstance(namespace, str) and namespace not in ("", "functions") else ""
    if not space and name.startswith("mcp__"):
        space, _, name = name.rpartition("__")
    space = space.removeprefix("mcp__")
    return f"{space}.{name}" if space else name


def made_of(name: str, namespace: object, raw: object) -> Made:
    """The item of a call, as far as the call alone tells."""
    arguments = arguments_of(raw)
    if name in SHELLS and isinstance(arguments, dict):
        command = arguments.get("command", arguments.get("cmd"))
        if command:
            return made_of_command(command, arguments.get("workdir"))
    if name == "apply_patch":
        text = arguments.get("input") if isinstance(arguments, dict) else arguments
        if found := changes.of_patch(str(text)):
            return made_of_changes(found)
    if name == "update_plan" and isinstance(arguments, dict) and isinstance(arguments.get("plan"), list):
        return made_of_plan(arguments["plan"], arguments.get("explanation"))
    tool = tool_name(name, namespace)
    return Made("tool_call", line_of(tool, arguments), {"tool": tool, "arguments": arguments})


def made_of_command(command: object, cwd: object = None) -> Made:
    """A command from its text or its arguments. A shell that only wraps it is left out; a patch through a shell is a change of files."""
    text = command_text(command)
    if text.lstrip().startswith("apply_patch") and (found := changes.of_patch(text)):
        return made_of_changes(found)
    data: dict[str, Any] = {"command": text}
    if isinstance(cwd, str) and cwd:
        data["cwd"] = path_of(cwd)
    return Made("command", text, data)


def made_of_changes(found: Sequence[Mapping[str, str]]) -> Made:
    count = len(found)
    return Made("file_change", f"{count} file{'' if count == 1 else 's'}", {"changes": list(found)})


def made_of_plan(plan: Sequence[object], explanation: object) -> Made:
    steps = [{"step": str(step.get("step", "")), "status": str(step.get("status", ""))} for step in plan if isinstance(step, dict)]
    done = sum(step["status"] == "completed" for step in steps)
    words = f": {explanation}" if isinstance(explanation, str) and explanation else ""
    return Made("plan", f"{done} of {len(steps)} done{words}", {"steps": steps})


def command_text(command: object) -> str:
    if not isinstance(command, list | tuple):
        return str(command)
    words = [str(word) for word in command]
    if len(words) == 3 and words[0].rpartition("/")[2] in _WRAPPERS and words[1].startswith("-") and words[1].endswith("c"):
        return words[2]
    return shlex.join(words)


def path_of(text: str) -> str:
    """A folder that may be spelled as a `file:` URL."""
    return unquote(text.removeprefix("file://")) if text.startswith("file://") else text


def line_of(tool: str, arguments: object) -> str:
    """A call in one line: the tool, and the first of its arguments that is text."""
    first: object = arguments
    if isinstance(arguments, dict):
        first = next((value for value in arguments.values() if isinstance(value, str) and value), "")
    return f"{tool} {one_line(first, LINE)}".strip() if isinstance(first, str) else tool


# --- what came of it ----------------------------------------------------------------------------------------------------------------------


_ENDED = re.compile(r"(?:Process exited with code|Exit code:) (-?\d+)")
_TOOK = re.compile(r"(?:Wall time:?|Duration:) (\d+(?:\.\d+)?) s")
_RUNS = re.compile(r"Process running with session ID")
_HEAD = re.compile(
    r"(?:(?:Chunk ID|Command|Duration|Exit code|Original token count|Process|Script|Total output lines|Wall time)[^\n]*\n)+Output:\n?"
)
"""What stands above an output, in the wordings that it had."""
_REFUSED = re.compile(
    r"unsupported (?:custom tool )?call: |failed to parse function arguments|(?:Wall time: [\d.]+ seconds\n)?aborted by user|\w+ failed: |unable to "
)


class Came(NamedTuple):
    text: str
    exit_code: int | None = None
    duration_ms: int | None = None
    runs: bool = False
    """It had not ended yet."""
    refused: bool = False
    """Codex itself did not do it, or stopped it."""


def came_of(output: object) -> Came:
    """The output of a call, in the forms that it had over the years: text with a head, JSON with metadata, or a list of parts."""
    text = text_of(output)
    if text.startswith('{"output":'):
        found = arguments_of(text)
        if isinstance(found, dict) and isinstance(found.get("metadata"), dict):
            meta = found["metadata"]
            seconds = meta.get("duration_seconds")
            took = round(seconds * 1000) if isinstance(seconds, int | float) else None
            code = meta.get("exit_code")
            return Came(str(found.get("output", "")), code if isinstance(code, int) else None, took)
    found = _HEAD.match(text)
    if found is None:
        return Came(text, refused=_REFUSED.match(text) is not None)
    head = found[0]
    ended, took = _ENDED.search(head), _TOOK.search(head)
    return Came(
        text[len(head) :],
        int(ended[1]) if ended else None,
        round(float(took[1]) * 1000) if took else None,
        runs=_RUNS.search(head) is not None,
        refused=head.startswith("Script failed"),
    )


def text_of(content: object) -> str:
    """The text of an output or of a message's parts; where an image stands, its place."""
    match content:
        case str():
            return content
        case None:
            return ""
        case [part]:
            return _part(part)
        case list():
            return "".join([_part(part) for part in content])
        case {"content": inner}:  # {content, success} of old versions, {content: […]} of an MCP server
            return text_of(inner)
        case _:
            return str(content)


def _part(part: object) -> str:
    if isinstance(part, dict) and isinstance(text := part.get("text"), str):
        return text
    match part:
        case str():
            return part
        case {"image_url": _} | {"type": "input_image" | "image" | "inputImage" | "local_image"}:
            return "[image]"
        case {"audio_url": _} | {"type": "input_audio" | "audio" | "inputAudio"}:
            return "[audio]"
        case {"type": str(kind)}:
            return f"[{kind}]"
        case _:
            return ""


def milliseconds(duration: object) -> int | None:
    """A duration as Rust's serde writes it: `{secs, nanos}`."""
    match duration:
        case {"secs": int(seconds), "nanos": int(nanos)}:
            return seconds * 1000 + nanos // 1_000_000
        case _:
            return None


def plain_error(message: str) -> str:
    """The words of an error that came as an endpoint's JSON."""
    match arguments_of(message):
        case {"error": {"message": str(words)}}:
            return words
        case _:
            return message
