"""A text area whose cursor comes to rest: each blink is a frame, and a desk where nothing happens draws none."""

from __future__ import annotations

from textual.widgets import TextArea

BLINKS = 20
"""Half-seconds: ten seconds after the last key the cursor stands still, as in GTK's text fields."""


class RestingTextArea(TextArea):
    _blinked = 0

    def _restart_blink(self) -> None:
        self._blinked = 0
        super()._restart_blink()

    def _toggle_cursor_blink_visible(self) -> None:
        self._blinked += 1
        if self._blinked < BLINKS:
            super()._toggle_cursor_blink_visible()
        else:
            self._pause_blink(visible=True)
