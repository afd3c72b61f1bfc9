"""What the engine says no with."""

from __future__ import annotations


class Refusal(Exception):
    """An action that was not taken. `code` is stable and for scripts; the message says why and what to do instead."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def to_json(self) -> dict[str, dict[str, str]]:
        return {"error": {"code": self.code, "message": self.message}}
