"""What Codex said and nobody here understood: kept for debugging, bounded, and without secrets."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LARGEST = 1_000_000
"""Bytes of the file; the older half goes when it is full."""
LONGEST = 200
"""Characters of a text that are kept."""
_SECRET = re.compile(r"(?i)token$|secret|password|authorization|api_?key|credential|cookie|^headers$|http_headers")
_BEARER = re.compile(r"(?i)(bearer\s+|sk-|key=|token=)[A-Za-z0-9._~+/=-]{8,}")


class DebugLog:
    """A file of the desk's own, mode 0600. Writing it never fails loudly: it is for looking into what failed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def unknown(self, method: str, params: object) -> None:
        """A notification, or an item in one, that this version does not know."""
        self.line(f"unknown {method} {json.dumps(without_secrets(params), ensure_ascii=False)}")

    def line(self, text: str) -> None:
        record = (_BEARER.sub(r"\1…", text)[:8_000] + "\n").encode("utf-8", "replace")
        try:
            descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        with open(descriptor, "r+b") as file:  # noqa: PTH123 - the descriptor carries the mode
            try:
                if file.seek(0, os.SEEK_END) + len(record) > LARGEST:
                    file.seek(-LARGEST // 2, os.SEEK_END)
                    kept = file.read().partition(b"\n")[2]
                    file.truncate(0)
                    file.write(kept)
                file.write(record)
            except OSError:
                return


def without_secrets(value: object) -> Any:
    """A value with long texts cut, and what is named like a secret left out."""
    match value:
        case Mapping():
            return {str(key): "…" if _SECRET.search(str(key)) else without_secrets(one) for key, one in value.items()}
        case list():
            return [without_secrets(one) for one in value[:20]]
        case str():
            return value if len(value) <= LONGEST else value[:LONGEST] + "…"
    return value
