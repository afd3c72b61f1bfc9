"""What a glance at a thread shows: its last lines."""

from __future__ import annotations

from collections.abc import Sequence

from codex_desk.engine.views import ItemView
from codex_desk.text import one_line, visible
from codex_desk.tui.model.bookkeeping import is_bookkeeping
from codex_desk.tui.model.kinds import kind_word

SPOKEN = frozenset({"agent_message", "user_message", "message_in"})
"""Kinds of which more than a line is shown."""
LAST, EARLIER = 6, 2
"""Lines of the last such item, and of those before it."""
LINE = 400
"""Characters of a line."""


def peek_lines(items: Sequence[ItemView], writing: str, rows: int) -> list[tuple[str, str]]:
    """(label, text) of at most `rows` lines, the last ones of the thread. `writing`: what its turn says now and has not committed."""
    found: list[tuple[str, str]] = []
    if writing.strip():
        found = _lines("writing", writing, LAST)
    spoke = bool(found)
    for item in reversed([one for one in items if not is_bookkeeping(one)]):
        if len(found) >= rows:
            break
        word = kind_word(item.kind)
        if item.kind in SPOKEN:
            found = _lines(word, item.text, EARLIER if spoke else LAST) + found
            spoke = True
        else:
            found = [(word, one_line(item.text, LINE)), *found]
    return found[-rows:]


def _lines(label: str, text: str, most: int) -> list[tuple[str, str]]:
    """The last lines of a text that say something, the first of them labelled; `…` where there are others before."""
    lines = [line for line in text[-most * LINE * 2 :].splitlines() if line.strip()]
    shown = lines[-most:]
    lead = "… " if len(shown) < len(lines) or len(text) > most * LINE * 2 else ""
    return [
        (label if number == 0 else "", visible(lead if number == 0 else "") + one_line(line, LINE)) for number, line in enumerate(shown)
    ]
