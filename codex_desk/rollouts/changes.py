"""What a rollout says of changed files, as unified diffs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any


def of_item(changes: object) -> list[dict[str, str]]:
    """From `{path: {type: add | delete | update, …}}`, as Codex records what it did."""
    if not isinstance(changes, dict):
        return []
    return [_change(str(path), change) for path, change in changes.items() if isinstance(change, dict)]


def _change(path: str, change: Mapping[str, Any]) -> dict[str, str]:
    kind, content = str(change.get("type", "update")), change.get("content")
    match kind:
        case "add" | "delete":
            return {"path": path, "kind": kind, "diff": whole(path, kind, content if isinstance(content, str) else "")}
        case _:
            moved = change.get("move_path")
            to = moved if isinstance(moved, str) and moved else path
            diff = f"--- a/{path.lstrip('/')}\n+++ b/{to.lstrip('/')}\n{change.get('unified_diff') or ''}"
            return {"path": to, "kind": "move" if to != path else "update", "diff": diff} | ({"from": path} if to != path else {})


def whole(path: str, kind: str, content: str) -> str:
    """The diff of a file that was added or deleted."""
    lines = content.splitlines()
    name = path.lstrip("/")
    if kind == "add":
        head = f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1,{len(lines)} @@\n"
        return head + "".join(f"+{line}\n" for line in lines)
    head = f"--- a/{name}\n+++ /dev/null\n@@ -1,{len(lines)} +0,0 @@\n"
    return head + "".join(f"-{line}\n" for line in lines)


_FILE = re.compile(r"\*\*\* (Add|Update|Delete) File: (.+)")
_PATCH = re.compile(r"\*\*\* Begin Patch\n(?P<body>.*?)(?:\n\*\*\* End Patch|\Z)", re.DOTALL)


def of_patch(text: str) -> list[dict[str, str]]:
    """From the patch that a model wrote, where the file says nothing of what came of it. Empty where the text holds no patch."""
    match = _PATCH.search(text)
    return list(_files(match["body"].split("\n"))) if match else []


def _files(lines: list[str]) -> Iterator[dict[str, str]]:
    path, kind, moved, body = "", "", "", list[str]()

    def made() -> dict[str, str]:
        name = path.lstrip("/")
        if kind == "add":
            return {"path": path, "kind": kind, "diff": whole(path, kind, "".join(f"{line[1:]}\n" for line in body))}
        to = (moved or path).lstrip("/") if kind == "update" else ""
        head = f"--- a/{name}\n+++ {f'b/{to}' if to else '/dev/null'}\n"
        change = {"path": moved or path, "kind": "move" if moved else kind, "diff": head + "".join(f"{line}\n" for line in body)}
        return change | ({"from": path} if moved else {})

    for line in lines:
        if (start := _FILE.fullmatch(line.rstrip())) is not None:
            if kind:
                yield made()
            kind, path, moved, body = start[1].lower(), start[2].strip(), "", []
        elif line.startswith("*** Move to: "):
            moved = line.removeprefix("*** Move to: ").strip()
        elif kind and not line.startswith("*** End of File"):
            body.append(line)
    if kind:
        yield made()
