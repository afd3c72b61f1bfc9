"""Items of every kind, with a text of the test's choice in every place that holds one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from textual.strip import Strip
from textual.style import Style

from codex_desk.engine.views import ItemView, ThreadView
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.lines import Ink

START = datetime(2026, 11, 20, 9, 12, tzinfo=UTC)
# A theme's colour is not known without an app: its name stands in the style's meta, so that two styles differ where their names do.
INK = Ink(Style(), lambda style: Style.from_meta({"named": style}) if isinstance(style, str) else style)


def thread(handle: str = "operator", id: str = "t1") -> ThreadView:
    return ThreadView(id, handle, "repo", "", "session", "/repo", "offline", None, "idle", START, START)


def item(seq: int, kind: str, text: str = "", **data: Any) -> ItemView:
    return ItemView(seq, "t1", kind, text, "agent", START + timedelta(seconds=seq), "turn", data)


KINDS: dict[str, Callable[[str], ItemView]] = {
    "user_message": lambda text: item(1, "user_message", text),
    "agent_message": lambda text: item(1, "agent_message", text),
    "reasoning": lambda text: item(1, "reasoning", text),
    "tool_call": lambda text: item(1, "tool_call", text, tool=text, arguments={"path": text}, result=text, ok=True, duration_ms=90),
    "command": lambda text: item(1, "command", text, command=text, exit_code=1, output=text, duration_ms=1200, sandbox=text),
    "file_change": lambda text: item(
        1, "file_change", text, changes=[{"path": text, "kind": "update", "diff": f"@@ -1 +1 @@ {text}\n-{text}\n+{text}"}]
    ),
    "plan": lambda text: item(1, "plan", text, steps=[{"step": text, "status": "pending"}]),
    "message_out": lambda text: item(1, "message_out", text, message=42, peer=text),
    "message_in": lambda text: item(1, "message_in", text, message=42, peer=text),
    "notice": lambda text: item(1, "notice", text, event="answered", message=42, peer=text),
    "approval": lambda text: item(1, "approval", text),
    "compaction": lambda text: item(1, "compaction", text),
    "fold": lambda text: item(1, "fold", text),
    "of a newer desk": lambda text: item(1, "of a newer desk", text),
}


def strips(document: Document, width: int = 60) -> list[Strip]:
    found = (document.row(row, width, INK) for row in range(document.height(width)))
    return [strip for strip in found if strip is not None]


def rows(document: Document, width: int = 60) -> list[str]:
    return [strip.text.rstrip() for strip in strips(document, width)]


def drawn(document: Document, width: int = 40) -> list[list[tuple[str, object]]]:
    """Every row as pairs of text and style, and what a selection calls each of its cells."""
    found = [[(segment.text, segment.style) for segment in strip] for strip in strips(document, width)]
    places = [[document.place(x, y, width) for x in range(width)] for y in range(len(found))]
    return [[*row, ("", place)] for row, place in zip(found, places, strict=True)]
