"""The bell and the title: only while the terminal is not the one the person looks at."""

from __future__ import annotations

from textual.app import App

from codex_desk.engine.events import ApprovalChanged, Event, TurnChanged
from codex_desk.text import one_line
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.model.words import ASKING, name


class Manners:
    """Calls the person back when something asks for them, and stays silent while they are here."""

    def __init__(self, app: App[int], *, bell: bool) -> None:
        self._app = app
        self._bell = bell
        self._called = False
        app.watch(app, "app_focus", self._focus_changed, init=False)

    def heard(self, event: Event, bridge: Bridge) -> None:
        """An approval that waits, or a turn that ended, is worth a call."""
        match event:
            case ApprovalChanged(_, thread_id, "pending"):
                self._call(bridge, thread_id, "needs you")
            case TurnChanged(thread_id, _, state) if state != "running":
                thread = bridge.thread(thread_id)
                self._call(bridge, thread_id, "needs you" if thread and thread.status in ASKING else state)

    def _call(self, bridge: Bridge, thread_id: str, words: str) -> None:
        thread = bridge.thread(thread_id)
        if self._app.app_focus or thread is None:
            return
        self._called = True
        self._title(f"{one_line(name(thread), 40)} {words}")
        if self._bell:
            self._app.bell()

    def _focus_changed(self, focused: bool) -> None:
        if focused and self._called:
            self._called = False
            self._title("codex-desk")

    def _title(self, text: str) -> None:
        driver = self._app._driver  # Textual has no public way to write a control sequence between its frames
        if driver is not None and not self._app.is_headless:
            driver.write(f"\x1b]0;{text}\x07")
