"""One to four panes side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message

from codex_desk.engine.views import ThreadView
from codex_desk.tui.widgets.pane import Pane

MOST = 4


class Panes(Horizontal):
    """Holds the panes and knows which one the person works in."""

    class Changed(Message):
        """Another pane is active, or a pane shows another thread."""

    def __init__(self, make: Callable[[], Pane]) -> None:
        super().__init__()
        self._make = make
        self._panes = [make()]
        self._active = self._panes[0]

    def compose(self) -> ComposeResult:
        yield from self._panes

    @property
    def all(self) -> Sequence[Pane]:
        """Left to right, without one that is going."""
        return tuple(self._panes)

    @property
    def on_screen(self) -> Sequence[Pane]:
        """Those that can be seen: in a narrow terminal the active one alone."""
        return tuple(pane for pane in self._panes if pane.display)

    @property
    def active(self) -> Pane:
        """The pane with the focus, or the one that had it last."""
        return self._active

    @property
    def shown(self) -> frozenset[str]:
        """The ids of the threads on the screen."""
        return frozenset(pane.thread.id for pane in self.all if pane.thread)

    def activate(self, pane: Pane) -> None:
        if self._active is not pane or not pane.has_class("-active"):
            self._active = pane
            self.set_class(len(self._panes) > 1, "-many", update=False)
            for one in self.all:
                one.set_class(one is pane, "-active", update=False)
            # Their frames alone: nothing inside of a pane looks different, and hundreds of blocks would be felt.
            self.app.stylesheet.update_nodes(self.all)
            self.post_message(self.Changed())

    def focus_number(self, number: int) -> None:
        """Go to a pane, counted from 1; a number without a pane changes nothing."""
        panes = self.all
        if 1 <= number <= len(panes):
            self.activate(panes[number - 1])
            panes[number - 1].composer.focus()

    async def show(self, pane: Pane, thread: ThreadView) -> None:
        await pane.show(thread)
        self.post_message(self.Changed())

    async def split(self, thread: ThreadView) -> Pane | None:
        """Another pane to the right of the active one, with this thread; None where there is no room for a fifth."""
        if len(self._panes) >= MOST:
            return None
        pane = self._make()
        await self.mount(pane, after=self.active)
        self._panes.insert(self._panes.index(self.active) + 1, pane)
        self.activate(pane)
        await self.show(pane, thread)
        pane.composer.focus()
        return pane

    async def close(self, pane: Pane) -> bool:
        """Take a pane away; the last one stays."""
        if len(self._panes) == 1:
            return False
        at = self._panes.index(pane)
        self._panes.remove(pane)
        beside = self._panes[max(0, at - 1)]
        self.activate(beside)
        beside.composer.focus()
        await pane.remove()
        return True
