"""The kinds of argument that commands take."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.views import ThreadView


class ThreadParam(click.ParamType):
    """A handle, `@handle`, `project/handle` or an id; the desk resolves it. Completed from the store without the engine."""

    name = "thread"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from codex_desk.engine.glance import handles
        from codex_desk.paths import desk_home

        mark = "@" if incomplete.startswith("@") else ""
        return [
            CompletionItem(mark + handle, help=title or None) for handle, title in handles(desk_home(os.environ), incomplete[len(mark) :])
        ]


THREAD_KEYS = (
    "runtime",
    "model",
    "model_provider",
    "model_reasoning_effort",
    "model_context_window",
    "sandbox_mode",
    "approval_policy",
    "profile",
    "developer_instructions",
    "sandbox_workspace_write.writable_roots",
    "sandbox_workspace_write.network_access",
)
"""What is offered to complete a thread's setting; the settings say which keys there are."""


class SettingParam(click.ParamType):
    name = "key"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(key) for key in THREAD_KEYS if key.startswith(incomplete)]


class NumberParam(click.ParamType):
    """A desk-wide number, as people write it: `42`, `#42`, or with its word, `item-42`."""

    def __init__(self, name: str, prefixes: tuple[str, ...]) -> None:
        self.name = name
        self._prefixes = prefixes

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        for prefix in self._prefixes:
            text = text.removeprefix(prefix)
        if not (text.isascii() and text.isdigit() and len(text) < 19):  # What fits a 64-bit key.
            self.fail(f"{str(value)!r} is no {self.name}'s number, such as {self._prefixes[0]}42.", param, ctx)
        return int(text)


class SecondsParam(click.ParamType):
    name = "seconds"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(str(value))
        except ValueError:
            seconds = math.nan
        if not (math.isfinite(seconds) and seconds >= 0):
            self.fail(f"{str(value)!r} is not a number of seconds.", param, ctx)
        return seconds


class TextParam(click.ParamType):
    """What is said to an agent; `-` reads it from stdin."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        given = sys.stdin.buffer.read() if value == "-" else os.fsencode(str(value))
        text = given.decode("utf-8", "replace")
        if not text.strip():
            self.fail("there is no text.", param, ctx)
        return text


class FolderParam(click.ParamType):
    """A folder's real path; whether it is there is for the engine to say."""

    name = "folder"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        try:
            return Path(str(value)).resolve()
        except RuntimeError:  # What 3.11 raises for a loop of links.
            self.fail(f"{str(value)!r} is a link that leads in a circle.", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type="dir")]


THREAD = ThreadParam()
MESSAGE = NumberParam("message", ("#",))
ITEM = NumberParam("item", ("item-", "#"))
GRANT = NumberParam("grant", ("#",))
SETTING = SettingParam()
SECONDS = SecondsParam()
TEXT = TextParam()
FOLDER = FolderParam()


def thread_named(desk: Desk, ref: str) -> ThreadView:
    """The thread that a person means by `ref` where they stand; raises the engine's refusal."""
    return desk.resolve(ref, Path.cwd())
