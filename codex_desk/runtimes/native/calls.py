"""Tool calls as models write them: their arguments, a line that says what is called, and results that no tool gave."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic_ai.messages import ToolCallPart

from codex_desk.runtimes.base import ItemDraft, ToolResult
from codex_desk.text import well_formed

MAX_HINT = 120


def parse_arguments(call: ToolCallPart) -> Mapping[str, Any] | str:
    """The arguments object, unchecked: the engine validates it. A string says what is wrong. Nothing at all stands for an empty object,
    which is how many models call a tool without parameters."""
    match call.args:
        case None | "":
            return {}
        case str() as text:
            return _parse(text)
        case arguments:
            return arguments


def _parse(text: str) -> Mapping[str, Any] | str:
    try:
        value = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        return f"the arguments are not JSON ({error}); call again with one JSON object"
    if not isinstance(value, dict):
        return "the arguments are not a JSON object; call again with one"
    return _well_formed(value)


def _finite(text: str) -> float:
    """A number; Python would also read `NaN`, and write it again, where nobody else can read it."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number that JSON has")
    return number


def _well_formed(value: Any) -> Any:
    """A JSON value whose strings can all be stored: an escape such as `\\ud83d` alone stands for no character."""
    match value:
        case str():
            return well_formed(value)
        case dict():
            return {well_formed(key): _well_formed(held) for key, held in value.items()}
        case list():
            return [_well_formed(each) for each in value]
    return value


def describe(call: ToolCallPart) -> str:
    """One line: the tool and what it is called with, such as `shell make test`."""
    arguments = parse_arguments(call)
    hint = (
        "" if isinstance(arguments, str) else " ".join(str(value) for value in arguments.values() if isinstance(value, str | int | float))
    )
    line = " ".join(f"{call.tool_name} {hint}".split())
    return line if len(line) <= MAX_HINT else line[: MAX_HINT - 1] + "…"


def broken(call: ToolCallPart, complaint: str) -> ToolResult:
    return _failed(call, "broken_arguments", complaint)


def cut_short(call: ToolCallPart) -> ToolResult:
    return _failed(call, "interrupted", "the turn was interrupted before this call ended; whether it took effect is not known")


def _failed(call: ToolCallPart, code: str, message: str) -> ToolResult:
    text = json.dumps({"error": {"code": code, "message": message}})
    arguments = parse_arguments(call)
    data = {"tool": call.tool_name, "arguments": call.args if isinstance(arguments, str) else dict(arguments), "result": text, "ok": False}
    return ToolResult(text, ok=False, item=ItemDraft("tool_call", f"{call.tool_name}: {message}", data))
