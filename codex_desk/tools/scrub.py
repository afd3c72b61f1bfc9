"""Secrets that this process was started with, taken out of what a command prints."""

from __future__ import annotations

import re
from collections.abc import Mapping

SHORTEST = 8
"""Characters of a value that can be told from a word."""


class Scrubber:
    """Puts `[NAME]` for each secret in a stream of bytes, also where the stream cuts one in two."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """`secrets`: name → value. Short values are left alone: they stand in ordinary text."""
        named = {value.encode(): f"[{name}]".encode() for name, value in secrets.items() if len(value) >= SHORTEST}
        self._named = dict(sorted(named.items(), key=lambda pair: -len(pair[0])))
        self._pattern = re.compile(b"|".join(map(re.escape, self._named))) if named else None
        self._held = b""

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """What can be shown by now: all of it, but for an end that may be the beginning of a secret."""
        if self._pattern is None:
            return data
        data = self._pattern.sub(lambda found: self._named[found[0]], self._held + data)
        kept = 0 if final else max((_overlap(data, value) for value in self._named), default=0)
        data, self._held = data[: len(data) - kept], data[len(data) - kept :]
        return data

    def text(self, text: str) -> str:
        """The same for a text that is all there."""
        if self._pattern is None:
            return text
        data = self._pattern.sub(lambda found: self._named[found[0]], text.encode("utf-8", "surrogatepass"))
        return data.decode("utf-8", "surrogatepass")


def _overlap(data: bytes, value: bytes) -> int:
    """How many bytes at the end of `data` are the beginning of `value`."""
    for length in range(min(len(value) - 1, len(data)), 0, -1):
        if data.endswith(value[:length]):
            return length
    return 0
