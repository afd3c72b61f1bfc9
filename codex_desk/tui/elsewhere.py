"""What is done in other programs to a session that its runtime keeps: asked for whenever the session is opened."""

from __future__ import annotations

from collections.abc import Callable

from textual.widget import Widget

from codex_desk.engine.views import ThreadView
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.failures import reason_of
from codex_desk.tui.widgets.strips import Tone


class Elsewhere:
    """For one pane: what comes of it arrives as every other item does."""

    def __init__(self, bridge: Bridge, pane: Widget, say: Callable[[str, Tone], None]) -> None:
        """`say`: a text and its tone."""
        self._bridge, self._pane, self._say = bridge, pane, say
        self._looked_for: str | None = None
        """The thread that was asked about; another one has to be shown before it is asked about again."""

    def look(self, thread: ThreadView) -> None:
        """Ask once the engine is open, for each time that a thread is opened."""
        if self._looked_for == thread.id or self._bridge.desk is None:
            return
        self._looked_for = thread.id
        if thread.runtime == "codex" and thread.kind == "session" and thread.live and thread.external_id is not None:
            self._pane.run_worker(self._refresh(thread.id), group="elsewhere", exclusive=True)

    async def _refresh(self, thread_id: str) -> None:
        try:
            await (await self._bridge.ready()).refresh(thread_id)
        except Exception as error:
            self._say(reason_of(error), "error")
