"""What has been typed and not sent: drafts by thread, earlier prompts, and pastes too large to show."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from codex_desk.tui.model.words import size


class Pastes:
    """Large pastes stand in a draft as a chip such as `[pasted 5.0 MB]` and are put back whole when it is sent."""

    CHIP_FROM = 4000
    """Characters from which a paste becomes a chip."""
    CHIP_LINES = 60

    def __init__(self) -> None:
        self._whole: dict[str, str] = {}

    def take(self, text: str) -> str:
        """What to write into the draft for a paste."""
        if len(text) < self.CHIP_FROM and text.count("\n") < self.CHIP_LINES:
            return text
        chip = label = f"pasted {size(len(text))}"
        number = 1
        while f"[{chip}]" in self._whole:
            number += 1
            chip = f"{label} #{number}"
        self._whole[f"[{chip}]"] = text
        return f"[{chip}]"

    def expand(self, draft: str) -> str:
        """The draft with every chip replaced by what was pasted; what a pasted text says itself is not looked through."""
        if not self._whole:
            return draft
        return re.sub("|".join(map(re.escape, self._whole)), lambda chip: self._whole[chip[0]], draft)

    def clear(self) -> None:
        self._whole.clear()


@dataclass(slots=True)
class Draft:
    text: str = ""
    pastes: Pastes = field(default_factory=Pastes)


class Drafts:
    """Each thread's own draft, kept while another thread is shown."""

    def __init__(self) -> None:
        self._drafts: dict[str, Draft] = {}

    def of(self, thread_id: str) -> Draft:
        return self._drafts.setdefault(thread_id, Draft())


class Recall:
    """Earlier prompts, newest last, walked with up and down; the draft that was there comes back at the end."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._entries = list(entries)
        self._at: int | None = None
        self._draft = ""

    @property
    def entries(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def add(self, text: str) -> None:
        """Remember a prompt that was sent, or a draft that was cleared."""
        if text.strip() and self._entries[-1:] != [text]:
            self._entries.append(text)
        self._at = None

    def up(self, draft: str) -> str | None:
        """The prompt before, or None at the oldest."""
        if self._at is None:
            self._at, self._draft = len(self._entries), draft
        if self._at == 0:
            return None
        self._at -= 1
        return self._entries[self._at]

    def down(self) -> str | None:
        """The prompt after, then the draft; None while not recalling."""
        if self._at is None:
            return None
        self._at += 1
        if self._at < len(self._entries):
            return self._entries[self._at]
        self._at = None
        return self._draft

    def leave(self) -> None:
        """The text was edited: it is a draft of its own now."""
        self._at = None
