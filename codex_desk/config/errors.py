"""What can be wrong with settings, said with file, line and key."""

from __future__ import annotations

from pathlib import Path

from codex_desk.frozen import frozen


def _located(file: Path | None, line: int | None, key: str, words: str) -> str:
    place = f"{file}:{line}" if file and line else str(file or "")
    return ": ".join(filter(None, (place, key, words)))


@frozen
class ConfigWarning:
    """Something in the settings that has no effect."""

    file: Path | None
    line: int | None
    key: str
    message: str
    """The words alone; `str()` puts the place before them."""

    def __str__(self) -> str:
        return _located(self.file, self.line, self.key, self.message)


class ConfigError(Exception):
    """Settings that cannot be used. The message carries the place, and never the value, which may be a secret."""

    def __init__(
        self, reason: str, *, file: Path | None = None, line: int | None = None, key: str = "", code: str = "bad_settings"
    ) -> None:
        self.reason = reason
        """The words alone."""
        self.message = _located(file, line, key, reason)
        self.file = file
        self.line = line
        self.key = key
        self.code = code
        """For scripts: `bad_settings` (a file), `bad_value`, `unknown_key`."""
        super().__init__(self.message)
