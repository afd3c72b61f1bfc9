"""On which line of a TOML text each key stands: what `tomllib` does not tell."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Callable, Mapping

Key = tuple[str, ...]
"""A key with its tables, outermost first."""

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_PART = re.compile(r"""(?P<bare>[A-Za-z0-9_-]+)|"(?:\\.|[^"\\])*"|'[^']*'""")
_STRING = re.compile(r'''"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?'{3,5}|"(?:\\.|[^"\\])*"|'[^']*\'''', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")


def key_lines(text: str) -> Mapping[Key, int]:
    """The line (from 1) where each key or table first appears. The text must be TOML that `tomllib` accepts."""
    return _Scanner(text).scan()


def parse_key(text: str) -> Key:
    """A dotted key as TOML writes it: `tui.keymap."app.quit"`. Raises `ValueError`."""
    scanner = _Scanner(text)
    key = scanner.key()
    if scanner.at != len(text):
        raise ValueError(f"not a key: {text!r}")
    return key


class _Scanner:
    """Walks the text once. What it need not know (numbers, dates, what strings say) it steps over."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Key, int] = {}

    def scan(self) -> Mapping[Key, int]:
        table: Key = ()
        while self._skip(_BLANK):
            if self.text.startswith("[", self.at):
                start = self.at
                self.at += 2 if self.text.startswith("[[", self.at) else 1
                table = self.key()
                self._note((), table, start)
                self.at += 2 if self.text.startswith("]]", self.at) else 1
            else:
                self._pair(table)
        return self._lines

    def key(self) -> Key:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            match = _PART.match(self.text, self.at)
            if match is None:
                raise ValueError(f"not a key: {self.text[self.at : self.at + 40]!r}")
            self.at = match.end()
            parts.append(match["bare"] or tomllib.loads(f"part = {match[0]}")["part"])
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Step over what the pattern matches; False at the end of the text."""
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return self.at < len(self.text)

    def _note(self, table: Key, key: Key, offset: int) -> None:
        line = bisect_right(self._breaks, offset) + 1
        for length in range(1, len(key) + 1):
            self._lines.setdefault(table + key[:length], line)

    def _pair(self, table: Key) -> None:
        start = self.at
        key = self.key()
        self._note(table, key, start)
        self.at += 1  # the equals sign
        self._value(table + key)

    def _value(self, owner: Key | None) -> None:
        """Step over a value; the keys of an inline table belong to `owner`, those inside an array to nobody."""
        self._skip(_SPACE)
        match self.text[self.at]:
            case "[":
                self._items("]", lambda: self._value(None))
            case "{" if owner is not None:
                self._items("}", lambda: self._pair(owner))
            case "{":
                self._items("}", self._pair_of_nobody)
            case '"' | "'":
                self._skip(_STRING)
            case _:
                self._skip(_SCALAR)

    def _pair_of_nobody(self) -> None:
        self.key()
        self.at += 1
        self._value(None)

    def _items(self, end: str, item: Callable[[], None]) -> None:
        self.at += 1
        self._skip(_BLANK)
        while not self.text.startswith(end, self.at):
            item()
            self._skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1
                self._skip(_BLANK)
        self.at += 1
