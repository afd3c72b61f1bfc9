"""What a command may use of the screen, so that commands know no widget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from textual.screen import Screen

from codex_desk.engine.errors import Refusal
from codex_desk.engine.views import ThreadView
from codex_desk.frozen import frozen
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.grammar import UsageError
from codex_desk.tui.widgets.strips import Tone

T = TypeVar("T")


class Stage(Protocol):
    """The main screen, as a command sees it: bound to the pane that the command came from."""

    def say(self, text: str, tone: Tone = "info") -> None: ...
    def key_of(self, command: str) -> str: ...
    async def ask(self, screen: Screen[T | None]) -> T | None: ...
    async def open_thread(self, thread_id: str, *, entered: bool = False, at: int | None = None) -> None: ...
    async def leave_thread(self) -> bool: ...
    async def split_pane(self) -> None: ...
    async def close_pane(self) -> None: ...
    def find_in_thread(self, text: str) -> None: ...
    def focus_pane(self, number: int) -> None: ...
    def toggle_sidebar(self) -> None: ...
    def choose_theme(self, name: str | None) -> None: ...
    def show_help(self) -> None: ...
    def show_palette(self) -> None: ...
    async def run_outside(self, command: Sequence[str], folder: Path) -> int: ...
    def leave(self) -> None: ...


@frozen
class Deck:
    """One command's view: the desk, the thread it is about, and the screen."""

    bridge: Bridge
    stage: Stage
    thread: ThreadView | None
    undo: UndoSlot
    folder: Path
    """Where the desk was opened: the home of a new session, unless another is named."""

    async def desk(self) -> DeskDoor:
        """The engine, as soon as it is open. Raises `EngineUnavailable`."""
        return await self.bridge.ready()

    async def do(self, action: Any) -> Any:
        """Carry out an action of the engine as the human. Raises `Refusal`."""
        return await self.bridge.do(action)

    async def named(self, ref: str | None) -> ThreadView:
        """The thread a person named; without a name the one the command is about. Raises `Refusal`, `UsageError`."""
        if ref is not None:
            cwd = Path(self.thread.cwd) if self.thread else None
            return (await self.desk()).resolve(ref, cwd)
        if self.thread is None:
            raise UsageError("no thread is open: name one")
        return (await self.desk()).thread(self.thread.id)

    def others(self) -> Sequence[ThreadView]:
        """Every live session, the latest used first."""
        sessions = [one for one in self.bridge.threads if one.live and one.kind == "session"]
        return sorted(sessions, key=lambda one: one.last_activity_at, reverse=True)


class UndoSlot:
    """The one thing that can be taken back now."""

    def __init__(self) -> None:
        self._back: Callable[[], Awaitable[str]] | None = None

    def offer(self, back: Callable[[], Awaitable[str]]) -> None:
        """`back` undoes and says what it did."""
        self._back = back

    async def take(self) -> str:
        """Undo once. Raises `Refusal` if there is nothing."""
        if self._back is None:
            raise Refusal("nothing_to_undo", "there is nothing to undo here")
        back, self._back = self._back, None
        return await back()
