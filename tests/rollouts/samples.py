"""Real rollouts under `tests/data/rollouts`, by version and what they show; long instruction texts are cut, and paths are those of
nobody."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from codex_desk.rollouts.parser import Parser
from codex_desk.rollouts.shapes import Chunk, Draft

ROOT = Path(__file__).parents[1] / "data" / "rollouts"

ALL = sorted(ROOT.rglob("rollout-*.jsonl"))


def sample(folder: str, thread: str) -> Path:
    """The file of a thread, by some characters of its id, in a folder such as `0.169.0/fork`."""
    [path] = ROOT.joinpath(folder).glob(f"rollout-*{thread}*.jsonl")
    return path


def parsed(data: bytes | Path) -> Chunk:
    """A whole file."""
    parser = Parser()
    offset = 0
    for line in (data.read_bytes() if isinstance(data, Path) else data).split(b"\n"):
        if line:
            parser.feed(line, offset)
        offset += len(line) + 1
    return parser.close()


def items(data: bytes | Path) -> list[Draft]:
    return parsed(data).items


def texts(found: Iterable[Draft], *kinds: str) -> list[str]:
    return [item.text for item in found if item.kind in kinds]


def line(kind: str, payload: Mapping[str, Any], at: str = "2026-11-20T08:00:00.000Z", **more: Any) -> bytes:
    """One line of a rollout, as Codex writes it."""
    return json.dumps({"timestamp": at, **more, "type": kind, "payload": payload}, separators=(",", ":")).encode()


def event(kind: str, /, **payload: Any) -> bytes:
    return line("event_msg", {"type": kind, **payload})


def response(kind: str, /, **payload: Any) -> bytes:
    return line("response_item", {"type": kind, **payload})


def meta(thread_id: str, **payload: Any) -> bytes:
    return line(
        "session_meta", {"id": thread_id, "timestamp": "2026-11-20T08:00:00.000Z", "cwd": "/home/dev/project", "source": "cli", **payload}
    )


def rollout(*lines: bytes) -> bytes:
    return b"".join(each + b"\n" for each in lines)


def placed(home: Path, *paths: Path, archived: bool = False) -> list[Path]:
    """Copies of files where Codex keeps its own."""
    folder = home / "archived_sessions" if archived else home / "sessions" / "2026" / "11" / "20"
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copy(path, folder / path.name)) for path in paths]
