"""Where on the desk something stands."""

from __future__ import annotations

from codex_desk.frozen import frozen


@frozen
class Place:
    """A thread, and the line in it, by seq; None for its end."""

    thread_id: str
    seq: int | None = None
