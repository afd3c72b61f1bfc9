"""Whom a thread waits for, or that it works, and for how long already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from textual.content import Content
from textual.timer import Timer

from codex_desk.frozen import frozen
from codex_desk.text import one_line
from codex_desk.tui.widgets.crossing import elapsed
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.drawn import Drawn
from codex_desk.tui.widgets.lines import ShortLine

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@frozen
class WaitLine:
    """One wait: the handles it is for, and since when."""

    handles: tuple[str, ...]
    since: datetime
    deadline: datetime | None = None


def spoken(wait: WaitLine) -> ShortLine:
    """A sentence that stays true, so that nothing ticks."""
    since = wait.since.astimezone().strftime("%H:%M:%S")
    return ShortLine(Content(f"waiting for {one_line(', '.join(wait.handles), 200)} since {since}"))


def drawn(wait: WaitLine, now: datetime) -> ShortLine:
    names = one_line(", ".join(wait.handles), 200)
    left = "" if wait.deadline is None else f" of {elapsed(wait.since, wait.deadline)}"
    mark = Content.styled("⧗ ", "bold $text-warning")
    return ShortLine(
        Content.assemble("waiting for ", (names, "bold")), Content.styled(elapsed(wait.since, now) + left, "$text-muted"), first=mark
    )


def working(since: datetime, now: datetime) -> ShortLine:
    """A turn that waits for nobody: it thinks, or calls something."""
    mark = Content.styled("▶ ", "bold $text-success")
    return ShortLine(Content("working"), Content.styled(f"{elapsed(since, now)} · Esc stops", "$text-muted"), first=mark)


class Waiting(Drawn):
    """What a running turn does now, under its thread's transcript: one ticking row for each wait, or one that says that it works."""

    def __init__(self, clock: Clock = utc_now, *, plain: bool = False) -> None:
        super().__init__(classes="-gap")
        self._plain = plain
        self._clock = clock
        self._waits: tuple[WaitLine, ...] = ()
        self._working: datetime | None = None
        self._timer: Timer | None = None
        self.display = False

    def on_mount(self) -> None:
        self._timer = self.set_interval(1.0, self.tick, pause=self._plain or not self._waits)

    def show(self, waits: Sequence[WaitLine], since: datetime | None = None) -> None:
        """`since`: when the running turn began; None while there is none."""
        self._waits = tuple(waits)
        self._working = None if waits or self._plain else since
        self.display = bool(self._waits or self._working)
        self.draw(self._drawn())
        if self._timer is not None:
            self._timer.resume() if self.display and not self._plain else self._timer.pause()

    def tick(self) -> None:
        """A second later: the same rows, so nothing is laid out."""
        self.document = self._drawn()
        self.refresh(layout=False)

    def _drawn(self) -> Document:
        if self._plain:
            return Document(map(spoken, self._waits))
        now = self._clock()
        if self._working is not None:
            return Document([working(self._working, now)])
        return Document(drawn(wait, now) for wait in self._waits)
