"""What is written to the terminal: a slow one holds up nothing, one that is gone breaks nothing, and its title is given back."""

from __future__ import annotations

from typing import TextIO

from codex_desk.text import one_line

MOST_PENDING = 9
"""Writes that may wait for the terminal, three to a frame. Textual's queue takes 30, and then its application stands still."""
SAVE_TITLE, RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"
OWN_TITLE = "codex-desk"


class TerminalFile:
    """The terminal as Textual's writing thread sees it; counts what it has taken."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.taken = 0
        """Writes that are done."""

    def write(self, text: str) -> None:
        try:
            self._file.write(text)
        except OSError:  # Gone. The application hears of that by a signal, and an error here would end the thread that it waits for.
            pass
        finally:
            self.taken += 1

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError:
            return

    def fileno(self) -> int:
        return self._file.fileno()


class Title:
    """The terminal's title while it is ours. Where the terminal cannot keep the one from before, the desk's name is left."""

    def __init__(self) -> None:
        self._shown = ""

    def change(self, text: str) -> str:
        """What to write to show this title; empty gives the one from before back."""
        text = one_line(text, 80)
        if text == self._shown:
            return ""
        before, self._shown = self._shown, text
        if not text:
            return f"\x1b]2;{OWN_TITLE}\x07{RESTORE_TITLE}"
        return f"{'' if before else SAVE_TITLE}\x1b]2;{text}\x07"
