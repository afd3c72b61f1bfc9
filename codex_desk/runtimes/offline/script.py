"""How the stand-in acts: a script is a generator that yields the tool calls of one response, gets their results, and returns Markdown."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import field
from typing import Any, TypeAlias, TypeVar

from codex_desk.frozen import frozen


@frozen
class Call:
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@frozen
class Result:
    """What a tool gave back: the JSON object, or as little as there is."""

    value: Mapping[str, Any]
    error: str | None = None
    """The refusal's message, if it was one."""

    @classmethod
    def parse(cls, text: str) -> Result:
        try:
            value = json.loads(text)
        except ValueError:
            value = {"output": text}
        match value:
            case {"error": {"message": str() as message}}:
                return cls(value, message)
            case {"error": error}:
                return cls(value, str(error))
            case dict():
                return cls(value)
            case _:
                return cls({"output": text})

    def text(self, name: str) -> str:
        value = self.value.get(name)
        return value if isinstance(value, str) else ""

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """A list of objects; empty where there is none."""
        value = self.value.get(name)
        return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


Returned = TypeVar("Returned")
Steps: TypeAlias = Generator[Sequence[Call], Sequence[Result], Returned]
"""A part of a script that returns something else than its answer."""
Script: TypeAlias = Steps[str]


def fenced(text: str, lines: int = 40) -> str:
    """A code block of at most `lines` lines, that no backticks in the text can close."""
    rows = text.rstrip("\n").split("\n")
    shown = "\n".join(rows[:lines])
    fence = "```"
    while fence in shown:
        fence += "`"
    more = f"\n… and {len(rows) - lines} more lines" if len(rows) > lines else ""
    return f"{fence}\n{shown}\n{fence}{more}"


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())
