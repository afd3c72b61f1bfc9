"""A text area whose deletions of more than a character can be put back elsewhere, as in shells and Emacs."""

from __future__ import annotations

from collections.abc import Callable

from codex_desk.tui.widgets.resting import RestingTextArea


class CuttingArea(RestingTextArea):
    """What was cut last comes back with `action_yank`. It binds no keys: help names those of the widget that the person knows."""

    _killed = ""

    def action_delete_word_left(self) -> None:
        self._kill(super().action_delete_word_left)

    def action_delete_word_right(self) -> None:
        self._kill(super().action_delete_word_right)

    def action_delete_to_start_of_line(self) -> None:
        self._kill(super().action_delete_to_start_of_line)

    async def action_delete_to_end_of_line_or_delete_line(self) -> None:
        """To the end of the line; at the end, the line break."""
        self._kill(super().action_delete_right if self.cursor_at_end_of_line else super().action_delete_to_end_of_line)

    def action_yank(self) -> None:
        self.replace(self._killed, *self.selection, maintain_selection_offset=False)

    def _kill(self, delete: Callable[[], None]) -> None:
        before = self.text
        delete()
        after = self.text
        if cut := len(before) - len(after):
            row, column = self.cursor_location
            start = sum(len(self.document[line]) + 1 for line in range(row)) + column
            self._killed = before[start : start + cut]
