"""The bell and the title: only while the terminal is not the one the person looks at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from codex_desk.engine.events import Event, MessageChanged, ThreadChanged
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.model.summons import Absence

if TYPE_CHECKING:
    from codex_desk.tui.terminal.app import TerminalApp

QUIET_S = 1.0
"""What happens at once rings once."""
CAME_BACK = frozenset({"answered", "failed"})


class Manners:
    """Calls the person back when a session needs them, or answers what they asked, and stays silent while they are here."""

    def __init__(self, app: TerminalApp, bridge: Bridge, *, bell: bool, plain: bool = False, place: str = "") -> None:
        """`place`: which desk the title speaks of."""
        self._app = app
        self._bridge = bridge
        self.bell = bell
        """Whether it may ring; the title is told either way."""
        self._plain = plain
        self._place = place
        self._absence = Absence()
        self._rung = 0.0
        app.watch(app, "app_focus", self._focus_changed, init=False)

    def heard(self, event: Event) -> None:
        """Look at what the desk tells, while the person does not."""
        if self._app.app_focus:
            return
        match event:
            case ThreadChanged(thread_id) if (thread := self._bridge.thread(thread_id)) is not None:
                self._show(rings=self._absence.changed(thread))
            case MessageChanged(number, to_id, None, state) if state in CAME_BACK and (thread := self._bridge.thread(to_id)) is not None:
                desk = self._bridge.desk
                if desk is not None and desk.message(number).origin == "human":
                    self._show(rings=self._absence.answered(thread))

    def _show(self, *, rings: bool) -> None:
        self._app.show_title(self._absence.title(self._place, plain=self._plain))
        now = time.monotonic()
        if rings and self.bell and now - self._rung >= QUIET_S:
            self._rung = now
            self._app.bell()

    def _focus_changed(self, focused: bool) -> None:
        self._absence = Absence() if focused else Absence.begin(self._bridge.threads)
        self._show(rings=False)
