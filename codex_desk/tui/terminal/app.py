"""What an application does about the terminal that it is in: draws in its colours and no faster than it takes that, copies out of it, and leaves it
for a while."""

from __future__ import annotations

import os
from typing import Any

from rich.color import Color as RichColor
from rich.console import COLOR_SYSTEMS, RenderableType
from textual import constants, events, work
from textual.app import App
from textual.color import Color
from textual.dom import DOMNode
from textual.filter import Monochrome, NoColor
from textual.screen import Screen

from codex_desk.tui.model.colours import depth
from codex_desk.tui.terminal import clipboard
from codex_desk.tui.terminal.driving import DeskDriver
from codex_desk.tui.terminal.filters import Of256, Plainly, WithoutColour

LOOK_AGAIN_S = 0.05


class TerminalApp(App[int], inherit_bindings=False):
    """Textual's application where it would stand still, copy without a word, or do nothing."""

    _skipped = False
    """Whether frames were left out: then the next one is drawn whole."""

    _focus_passes = False
    """While the terminal gains or loses the focus."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        if constants.COLOR_SYSTEM == "auto":
            self.console._color_system = COLOR_SYSTEMS[depth(os.environ)]  # Rich knows fewer terminals
        if self.no_color:
            self._filters = [one for one in self._filters if not isinstance(one, Monochrome | NoColor)]
            self._filters.append(WithoutColour())
        elif self.console.color_system == "256":
            self._filters.append(Of256())

    @property
    def own_colours(self) -> bool:
        """Whether only a theme of the terminal's own colours can be shown: where there are 16, or none are wanted."""
        return self.no_color or self.console.color_system == "standard"

    def say(self, text: str) -> None:
        """Tell the person something in passing."""
        self.notify(text, markup=False)

    def speak_plainly(self) -> None:
        """Draw no signs and no frames."""
        self._filters.insert(0, Plainly(self._cursor_colours))

    def _cursor_colours(self) -> tuple[RichColor, RichColor]:
        focused, led = (self.theme_variables[f"block-cursor-{name}"] for name in ("background", "blurred-background"))
        return Color.parse(focused).rich_color, Color.parse(led).rich_color

    def show_title(self, text: str) -> None:
        """Show a title in the terminal; an empty one gives the one from before back."""
        if isinstance(self._driver, DeskDriver):
            self._driver.set_title(text)

    # --- the terminal's focus -----------------------------------------------------------------------------------------------------------------

    def _watch_app_focus(self, focus: bool) -> None:
        self._focus_passes = True
        try:
            super()._watch_app_focus(focus)
        finally:
            self._focus_passes = False

    def update_styles(self, node: DOMNode, animate: bool = True) -> None:
        """When the terminal's focus changes, Textual styles every widget anew, for rules such as `App:blur HeaderTitle`. No other rule is of that kind,
        and what does look different then, the widget with the focus, is styled by itself."""
        if not (self._focus_passes and node is self.screen):
            super().update_styles(node, animate)

    # --- a slow terminal ----------------------------------------------------------------------------------------------------------------------

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """A frame that the terminal has no room for is left out. Textual's own waits, and with it every turn and every key."""
        if not self._behind():
            super()._display(screen, renderable)
        elif not self._skipped:
            self._skipped = True
            self.set_timer(LOOK_AGAIN_S, self._catch_up)

    def _behind(self) -> bool:
        return isinstance(self._driver, DeskDriver) and self._driver.behind

    def _catch_up(self) -> None:
        if self._behind():
            self.set_timer(LOOK_AGAIN_S, self._catch_up)
            return
        self._skipped = False
        self.refresh()

    # --- copying ------------------------------------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """`ctrl+c` copies what is selected on the screen, wherever the focus is; only then is it for others."""
        if isinstance(event, events.Key) and event.key in ("ctrl+c", "super+c") and not event.is_forwarded and self._copy_selected():
            return
        await super().on_event(event)

    def _copy_selected(self) -> bool:
        text = self.screen.get_selected_text() if self.screen_stack else None
        if not text:
            return False
        self.screen.clear_selection()
        self.copy_to_clipboard(text)
        return True

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by every way there is, and say which took it."""
        self._clipboard = text
        self._copy(text)

    @work(group="copy")
    async def _copy(self, text: str) -> None:
        self.say(await clipboard.copy(self, text))

    # --- suspending ---------------------------------------------------------------------------------------------------------------------------

    def action_suspend_process(self) -> None:
        """Back to the shell; in a browser there is none."""
        if self._driver is not None and not self._driver.can_suspend:
            self.say("there is no shell to go back to from here")
        super().action_suspend_process()
