"""What is remembered of a thread between loads, as the engine keeps it for us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields, replace
from typing import Any, Literal

from codex_desk.frozen import frozen
from codex_desk.runtimes.codex.policies import Policies

Carry = Literal["dynamic", "mcp"]


@frozen
class Memory:
    carry: Carry = "mcp"
    """How the desk tools reach its model: as dynamic tools, which a thread has from its start and for good, or by the MCP server."""
    own: Policies | None = None
    """The thread's own policies, as Codex last reported them when no turn of ours had changed them."""
    lent: Policies | None = None
    """What a narrowed turn was sent with, until its own were given back."""
    reported: Mapping[str, Any] = field(default_factory=dict)
    """The settings of the last load; what differs from them was set here since."""
    seen: str | None = None
    """The newest turn whose items are in the transcript."""
    plain_input: bool = False
    """Its endpoint refuses tool outputs that it did not ask for: messages enter as ordinary input."""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """How its standing was last shown to other programs: `name` (its handle), `theirs` (its name in Codex), `attachment`."""

    def to_json(self) -> dict[str, Any]:
        return {
            "carry": self.carry,
            "own": None if self.own is None else self.own.to_json(),
            "lent": None if self.lent is None else self.lent.to_json(),
            "reported": dict(self.reported),
            "seen": self.seen,
            "plain_input": self.plain_input,
            "shown": dict(self.shown),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Memory:
        """Tolerant: what is missing or of another shape is as if nothing were remembered of it."""
        known = {each.name for each in fields(cls)}
        kept = {key: value for key, value in data.items() if key in known}
        memory = replace(cls(), carry="dynamic" if kept.get("carry") == "dynamic" else "mcp")
        return replace(
            memory,
            own=Policies.from_json(kept.get("own")),
            lent=Policies.from_json(kept.get("lent")),
            reported=kept["reported"] if isinstance(kept.get("reported"), Mapping) else {},
            seen=kept["seen"] if isinstance(kept.get("seen"), str) else None,
            plain_input=kept.get("plain_input") is True,
            shown=kept["shown"] if isinstance(kept.get("shown"), Mapping) else {},
        )
