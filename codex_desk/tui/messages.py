"""What travels between the engine's side and the screen, and up from widgets that are reused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from textual.message import Message

from codex_desk.engine.events import Event


class EngineReady(Message):
    """The engine is open: reads are live, and what waited for it is on its way."""


class EngineFailed(Message):
    """The engine could not be opened; `reason` says what happened and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class Heard(Message):
    """The desk told something. `done` is to be called once it is shown."""

    def __init__(self, event: Event, done: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.event = event
        self.done = done


@runtime_checkable
class Hearing(Protocol):
    """A screen that changes with what the desk tells."""

    async def hear(self, event: Event) -> None: ...


class ThemeWanted(Message):
    """Put on the theme of this name and remember it; None lists them all."""

    def __init__(self, name: str | None) -> None:
        super().__init__()
        self.name = name


class SettingsWritten(Message):
    """Settings were changed from the screen: what counts now is to be read."""


class CommandWanted(Message):
    """A slash line was typed, or a key stands for one; it is for the pane that the message comes from."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self.line = line
