"""What a tool says no with: a result that the model reads, never an end of the turn."""

from __future__ import annotations

import json


class ToolRefusal(Exception):
    """A call that was not carried out. `code` is stable; the message says why and what to do instead."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def to_text(self) -> str:
        text = json.dumps({"error": {"code": self.code, "message": self.message}}, ensure_ascii=False)
        return text.encode("utf-8", "replace").decode()  # a file's name may hold bytes that no text can
