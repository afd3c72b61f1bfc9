"""What can go wrong between the desk and Codex."""

from __future__ import annotations


class CodexError(Exception):
    """Codex refused a request. `message` is its own text: data, and never shown without its guard."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method}: {message}")
        self.method = method
        self.code = code
        self.message = message

    @property
    def is_active_writer(self) -> bool:
        """Another process has the thread open for writing."""
        return "already has an active writer" in self.message

    @property
    def is_archived(self) -> bool:
        """The thread is archived, and nothing can be done in it until that is undone."""
        return "is archived" in self.message and not self.is_so_already

    @property
    def is_missing(self) -> bool:
        """Codex has no such thread."""
        return any(words in self.message for words in ("no rollout found", "thread not found", "not found:", "no such thread"))

    @property
    def is_so_already(self) -> bool:
        """What was asked for is so by now."""
        return "already archived" in self.message or "not archived" in self.message

    @property
    def is_not_there_yet(self) -> bool:
        """The thread has nothing on disk that could be listed."""
        return "is not supported yet" in self.message

    @property
    def is_unknown_method(self) -> bool:
        """The protocol of this version lacks what was asked for."""
        return (
            (self.code == -32601 and not self.is_not_there_yet)
            or "unknown variant" in self.message
            or "requires experimentalApi" in self.message
        )


class ConnectionLost(Exception):
    """The app-server is gone, or no longer makes sense; the text says which."""
