"""What the stand-in writes up of a board: its entries by kind, each with its number and author, and what does not hold any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codex_desk.runtimes.offline.script import Call, Script

TITLES = {"decision": "Decided", "finding": "Found", "claim": "Claimed", "handoff": "Handed over", "note": "Noted"}
WIDTH = 300
"""Characters of an entry."""


def write_up() -> Script:
    """Reads the whole board, page by page, and lists it."""
    rows: list[Mapping[str, Any]] = []
    cursor = 0
    while True:
        (result,) = yield [Call("board_read", {"since": cursor, "kinds": list(TITLES), "limit": 200})]
        if result.error is not None:
            return f"The board could not be read: {result.error}"
        page = result.rows("entries")
        rows += page
        following = result.value.get("cursor")
        if not page or not isinstance(following, int) or following <= cursor:
            break
        cursor = following
    parts = [
        f"{title}:\n\n" + "\n".join(_line(row) for row in rows if row.get("kind") == kind)
        for kind, title in TITLES.items()
        if any(row.get("kind") == kind for row in rows)
    ]
    return "\n\n".join(parts) or "Nobody has posted anything yet."


def _line(row: Mapping[str, Any]) -> str:
    text = " ".join(str(row.get("text", "")).split())
    short = text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
    cites = row.get("cites") or []
    on = f" (on {', '.join(f'e{number}' for number in cites)})" if cites else ""
    gone = f" — invalidated by e{row['invalidated_by']}" if row.get("invalidated_by") else ""
    gone = gone or (f" — superseded by e{row['superseded_by']}" if row.get("superseded_by") else "")
    return f"- e{row.get('id')}, {row.get('author')}: {short}{on}{gone}"
