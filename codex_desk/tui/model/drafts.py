"""What has been typed and not sent: drafts by thread, earlier prompts, and pastes too large to show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from codex_desk.text import visible
from codex_desk.tui.model.composer import ComposerMachine
from codex_desk.tui.model.words import size


class Pastes:
    """Large pastes stand in a draft as a chip such as `[pasted 5.0 MB]` and are put back whole when it is sent."""

    CHIP_FROM = 4000
    """Characters from which a paste becomes a chip."""
    CHIP_LINES = 60

    def __init__(self, whole: Mapping[str, str] | None = None) -> None:
        self._whole = dict(whole or {})
        self.changes = 0
        """How often something was added or forgotten."""

    @property
    def whole(self) -> Mapping[str, str]:
        """Chip → the paste."""
        return self._whole

    def take(self, text: str) -> str:
        """What to write into the draft for a paste."""
        lines = text.count("\n")
        if len(text) < self.CHIP_FROM and lines < self.CHIP_LINES:
            return text
        label = f"pasted {lines + 1:,} lines, {size(len(text))}" if lines else f"pasted {size(len(text))}"
        chip, number = label, 1
        while f"[{chip}]" in self._whole:
            number += 1
            chip = f"{label} #{number}"
        self._whole[f"[{chip}]"] = text
        self.changes += 1
        return f"[{chip}]"

    def expand(self, draft: str) -> str:
        """The draft with every chip replaced by what was pasted; what a pasted text says itself is not looked through."""
        if not self._whole:
            return draft
        return re.sub("|".join(map(re.escape, self._whole)), lambda chip: self._whole[chip[0]], draft)

    def chip_at_end(self, text: str) -> int:
        """How many characters a chip at the end of a text takes; 0 where there is none."""
        return next((len(chip) for chip in self._whole if text.endswith(chip)), 0)

    def clear(self) -> None:
        if self._whole:
            self._whole.clear()
            self.changes += 1


class Draft:
    """One thread's draft, with what it was begun under."""

    def __init__(self, heard: Callable[[], None] = lambda: None) -> None:
        """`heard` is called after each change."""
        self._heard = heard
        self._text = ""
        self.pastes = Pastes()
        self.machine = ComposerMachine()
        self.is_loaded = False
        """Whether what was kept of it has been looked at."""

    @property
    def text(self) -> str:
        return self._text

    def write(self, text: str) -> None:
        """The text is now this."""
        if text != self._text:
            self._text = text
            self._heard()

    def load(self, text: str, pastes: Mapping[str, str]) -> str | None:
        """What was kept comes back, unless something is written by now: that wins, and what was kept is returned, whole."""
        self.is_loaded = True
        text = visible(text)
        if self._text:
            kept = Pastes(pastes).expand(text)
            return kept if kept != self.pastes.expand(self._text) else None
        self._text, self.pastes = text, Pastes(pastes)
        self.machine = ComposerMachine()
        self.machine.changed(text, None)  # whatever turn runs now, the draft was not written for it
        return None


class Drafts:
    """Each thread's own draft, kept while another thread is shown."""

    def __init__(self, heard: Callable[[str], None] = lambda _: None) -> None:
        """`heard` is told the id of the thread whose draft has changed."""
        self._heard = heard
        self._drafts: dict[str, Draft] = {}

    def of(self, thread_id: str) -> Draft:
        if thread_id not in self._drafts:
            self._drafts[thread_id] = Draft(lambda: self._heard(thread_id))
        return self._drafts[thread_id]


class Recall:
    """Earlier prompts, newest last, walked with up and down; the draft that was there comes back at the end."""

    def __init__(self, entries: Iterable[str] = (), older: Callable[[], Sequence[str]] = tuple) -> None:
        """`older` gives the page before what it gave last, newest last; nothing where there are no more."""
        self._entries = list(entries)
        self._older = older
        self._at: int | None = None
        self._draft = ""

    def newest(self, count: int) -> Sequence[str]:
        """The last so many, each text once, the newest last."""
        while len(self._entries) < count and self._page():
            pass
        return [*reversed(dict.fromkeys(reversed(self._entries)))][-count:]

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
            self._at += self._page()
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

    @property
    def shown(self) -> str | None:
        """The entry that was recalled last; None while not recalling."""
        return None if self._at is None or self._at == len(self._entries) else self._entries[self._at]

    def leave(self) -> None:
        """The text was edited: it is a draft of its own now."""
        self._at = None

    def _page(self) -> int:
        page = self._older()
        self._entries[:0] = page
        return len(page)
