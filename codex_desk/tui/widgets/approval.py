"""The card that asks the human, in the thread that asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from codex_desk.engine.views import ApprovalView
from codex_desk.text import one_line, visible
from codex_desk.tui.model.approval import Answer, ApprovalGuard, answers_to, words_for
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.drawn import Drawn
from codex_desk.tui.widgets.facts import fact
from codex_desk.tui.widgets.lines import TAB, TextLine

SHARE = 75
"""Percent of a pane's rows that the card may take."""
FRAME = 7
"""Rows of the card around what is asked."""


class ApprovalCard(Vertical, can_focus=True):
    """One pending approval, whole. Its keys work only while it has focus, never on Enter, and never too soon (`ApprovalGuard`)."""

    HELP = "Something waits for your yes or no. All of it must have been on the screen before it can be allowed; arrows scroll. Enter does nothing."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", show=False, id="approval.up"),
        Binding("down,j", "scroll(1)", show=False, id="approval.down"),
        Binding("pageup", "scroll(-8)", show=False, id="approval.page_up"),
        Binding("pagedown,space", "scroll(8)", show=False, id="approval.page_down"),
    ]

    class Answered(Message):
        """The human decided."""

        def __init__(self, approval: ApprovalView, answer: Answer) -> None:
            super().__init__()
            self.approval = approval
            self.answer: Answer = answer

    class Said(Message):
        """Why a key did not count."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(
        self, way: Callable[[], str], *, clock: Callable[[], float] = time.monotonic, id: str | None = None, plain: bool = False
    ) -> None:
        """`way`: how the key that leads here is written."""
        super().__init__(id=id)
        self._way = way
        self._mark = "needs you: " if plain else "⚠ "
        self._clock = clock
        self._approval: ApprovalView | None = None
        self._guard = ApprovalGuard(clock())
        self._scroll = VerticalScroll(can_focus=False)
        self._asked, self._about = Drawn(classes="asked"), Drawn(classes="about")
        self.display = False

    def compose(self) -> ComposeResult:
        yield Static(markup=False, classes="head")
        with self._scroll:
            yield self._asked
            yield self._about
        yield Static(markup=False, classes="keys")

    def on_mount(self) -> None:
        self.watch(self._scroll, "scroll_y", self._look, init=False)

    @property
    def approval(self) -> ApprovalView | None:
        """What is being asked."""
        return self._approval

    def ask(self, pending: Sequence[ApprovalView]) -> None:
        """Show the first of these; none hides the card. The same one again changes nothing but the count."""
        first = pending[0] if pending else None
        if first is None or self._approval is None or first.id != self._approval.id:
            self._guard = ApprovalGuard(self._clock())
            self._scroll.scroll_home(animate=False)
        self._approval = first
        self.display = first is not None
        if first is None:
            return
        more = f"   1 of {len(pending)}" if len(pending) > 1 else ""
        self.query_one(".head", Static).update(
            Content.assemble((f"{self._mark}{one_line(first.id, 60)}", "bold $text-warning"), f"  {first.kind}", (more, "$text-muted"))
        )
        self._asked.draw(Document(_asked_lines(first)))
        facts = (("in", first.cwd), ("why", first.why), ("asked by", " → ".join(first.chain)))
        self._about.draw(Document([fact(f"{label}  ", value) for label, value in facts if value]))
        self._draw_keys()
        self.call_after_refresh(self._look)

    def fit(self, rows: int | None, share: int = SHARE) -> None:
        """Take at most `share` percent of so many rows, so that the keys are always visible; None: the card has the pane to itself."""
        self._scroll.styles.max_height = None if rows is None else max(2, rows * share // 100 - FRAME)

    def keystroke(self) -> None:
        """The human pressed a key somewhere else: what follows at once may be meant for there."""
        if not self.has_focus:
            self._guard.keystroke(self._clock())

    def on_key(self, event: events.Key) -> None:
        asked = self._approval
        answer = None if asked is None else answers_to(asked).get(event.character or "")
        if answer is None or asked is None:
            self._guard.keystroke(self._clock())
            return
        event.stop()
        if refusal := self._guard.refusal(answer, self._clock()):
            self.post_message(self.Said(refusal))
            return
        self.post_message(self.Answered(asked, answer))

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self._draw_keys()

    def on_resize(self) -> None:
        self.call_after_refresh(self._look)

    def action_scroll(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False)

    def _look(self) -> None:
        """Notice that the last line of what is asked is on the screen."""
        scroll = self._scroll
        shown = self.display and scroll.size.height > 0 and self._asked.size.height > 0
        if shown and not self._guard.seen and scroll.scroll_y >= scroll.max_scroll_y:
            self._guard.saw_end()
            self._draw_keys()

    def _draw_keys(self) -> None:
        asked = self._approval
        if asked is None or not self.has_focus:
            words = f"{self._way()} to come here and answer"
        elif not self._guard.seen:
            words = "arrows: see all of it first    n deny"
        else:
            words = "  ".join(f"{key} {words_for(asked, answer)}" for key, answer in answers_to(asked).items())
        self.query_one(".keys", Static).update(Content(words))


PART = 2_000
"""Characters of a very long line that are wrapped at a time."""
PATCH_STYLES = (("*** ", "bold"), ("@@", "$text-muted"), ("+", "$text-success"), ("-", "$text-error"))
"""How the lines of a change begin, and what they are drawn in."""


def _asked_lines(approval: ApprovalView) -> list[TextLine]:
    """All of what is asked, line by line as it is; a change in the colours of one."""
    styles = PATCH_STYLES if approval.kind == "change" else ()
    lines: list[TextLine] = []
    for line in visible(approval.text).split("\n"):
        style = next((style for start, style in styles if line.startswith(start)), "")
        whole = line.expandtabs(TAB)
        for start in range(0, max(len(whole), 1), PART):
            lines.append(TextLine(Content.styled(whole[start : start + PART], style), words=False))
            lines[-1].goes_on = start + PART < len(whole)
    return lines
