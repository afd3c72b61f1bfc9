"""What a workspace tool works on, and the way it asks for more."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

from codex_desk.frozen import frozen
from codex_desk.rights import Rights
from codex_desk.tools.sandbox import Sandbox


@frozen
class Workspace:
    """The place and the rights of one turn. Paths are real paths; they are not resolved again, so that a folder swapped for a link shows."""

    thread_id: str
    cwd: Path
    project: Path
    """The project's root: readable as a whole."""
    writable_roots: tuple[Path, ...]
    """Beside the cwd."""
    rights: Rights
    home: Path
    """The desk's own home, hidden from every tool."""
    codex_home: Path
    sandbox: Sandbox

    @property
    def confined(self) -> bool:
        return self.rights.mode != "danger-full-access"

    @property
    def own_roots(self) -> tuple[Path, ...]:
        """The cwd and the writable roots, whether or not the mode lets them be written."""
        return tuple(dict.fromkeys((self.cwd, *self.writable_roots)))

    @property
    def write_roots(self) -> tuple[Path, ...]:
        """What a command may write without asking."""
        match self.rights.mode:
            case "read-only":
                return ()
            case "workspace-write":
                return self.own_roots
            case "danger-full-access":
                return (Path("/"),)

    @property
    def read_roots(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self.project, *self.own_roots))) if self.confined else (Path("/"),)


@frozen
class Ask:
    """Something beyond the mode, put to the human."""

    kind: Literal["command", "change"]
    text: str
    """The whole command, or the whole patch."""
    cwd: str
    why: str
    command: tuple[str, ...] | None = None
    """The argv of one simple command, which a rule may cover; None for everything else."""


@frozen
class Verdict:
    allowed: bool
    reason: str = ""
    """For the model, where not allowed."""


class ToolPort(Protocol):
    """The engine's side of one call."""

    def output(self, text: str) -> None:
        """Show an increment of live output at once; already made visible."""
        ...

    async def approve(self, ask: Ask) -> Verdict:
        """The inbox. Never called where `rights.may_escalate` is False."""
        ...
