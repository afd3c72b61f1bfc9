"""The time, asked in one place, so that a screen can be drawn as of any moment."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
