"""Which sessions have something new: what happened in them since they were last on the screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from codex_desk.engine.views import ThreadView

PREFIX = "seen:"
"""Before a thread's id, in the key of the desk's small facts. The value is the ISO time of the last activity that was seen."""


class Unread:
    """Remembers up to which moment each session was seen."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        """`facts`: what was remembered, by key; a value that is no time counts as never seen."""
        self._seen: dict[str, datetime] = {}
        for key, value in facts.items():
            if (moment := _moment(value)) is not None:
                self._seen[key.removeprefix(PREFIX)] = moment

    def see(self, thread: ThreadView) -> tuple[str, str] | None:
        """The thread is on the screen: the fact to remember, as key and value; None where nothing is new. A turn that still runs is not seen to its end."""
        if thread.status == "running" or self._seen.get(thread.id) == thread.last_activity_at:
            return None
        self._seen[thread.id] = thread.last_activity_at
        return f"{PREFIX}{thread.id}", thread.last_activity_at.isoformat()

    def fresh(self, threads: Iterable[ThreadView]) -> frozenset[str]:
        """The ids of the sessions at rest that did something since they were seen; one in which nothing ever happened has nothing new."""
        return frozenset(
            one.id
            for one in threads
            if one.status == "idle" and one.kind == "session" and one.last_activity_at > self._seen.get(one.id, one.created_at)
        )


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
