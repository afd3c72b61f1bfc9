"""What calls a person back who looks elsewhere, and the words for it in the terminal's title."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line
from codex_desk.tui.model.words import ASKING, name


@dataclass
class Absence:
    """What happened since the person looked away."""

    asking: set[str] = field(default_factory=set)
    """Threads that need the person, from before too."""
    ended: dict[str, str] = field(default_factory=dict)
    """Threads that answered the person's own prompt meanwhile, with their names."""

    @classmethod
    def begin(cls, threads: Iterable[ThreadView]) -> Absence:
        return cls({thread.id for thread in threads if thread.live and thread.status in ASKING})

    def changed(self, thread: ThreadView) -> bool:
        """Take note of a thread as it is now; whether it began to need the person."""
        if not (thread.live and thread.status in ASKING):
            self.asking.discard(thread.id)
            return False
        new = thread.id not in self.asking
        self.asking.add(thread.id)
        self.ended.pop(thread.id, None)
        return new

    def answered(self, thread: ThreadView) -> bool:
        """Take note that a prompt of the person's came back; whether that is worth a call: not where the thread needs them anyway."""
        if thread.id in self.asking:
            return False
        self.ended[thread.id] = name(thread)
        return True

    def title(self, place: str, *, plain: bool = False) -> str:
        """`⚠ 1 ✓ reviewer · codex-desk repo`; empty where nothing calls."""
        news: list[str] = []
        if self.asking:
            needs = "needs you" if len(self.asking) == 1 else "need you"
            news.append(f"{len(self.asking)} {needs}" if plain else f"⚠ {len(self.asking)}")
        if self.ended:
            who = next(iter(self.ended.values())) if len(self.ended) == 1 else str(len(self.ended))
            news.append(f"{one_line(who, 24)} done" if plain else f"✓ {one_line(who, 24)}")
        if not news:
            return ""
        where = f"codex-desk {one_line(place, 24)}".strip()
        return f"{', '.join(news)}, {where}" if plain else f"{' '.join(news)} · {where}"
