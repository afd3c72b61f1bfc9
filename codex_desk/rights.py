"""What a turn may do: the one vocabulary for sandbox mode, escalation and network, shared by every room."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal, get_args

from codex_desk.frozen import frozen

Mode = Literal["read-only", "workspace-write", "danger-full-access"]
ApprovalPolicy = Literal["on-request", "never"]

MODES: tuple[Mode, ...] = get_args(Mode)
"""Narrowest first."""


@frozen
class Rights:
    """Rights in force in a turn; each part is compared alone (see `lesser`)."""

    mode: Mode = "workspace-write"
    may_escalate: bool = True
    """True under `on-request`: an action beyond the mode may be put to the human."""
    network: bool = False

    def lesser(self, other: Rights) -> Rights:
        """The narrower of both in every part: how a message's turn is bounded by its sender's."""
        return Rights(
            mode=MODES[min(MODES.index(self.mode), MODES.index(other.mode))],
            may_escalate=self.may_escalate and other.may_escalate,
            network=self.network and other.network,
        )

    def within(self, other: Rights) -> bool:
        """Whether nothing here is wider than in `other`."""
        return self.lesser(other) == self

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, object]) -> Rights:
        """Rights as stored; a value that is not one of the words raises `ValueError`."""
        mode = data.get("mode")
        if mode not in MODES:
            raise ValueError(f"not a sandbox mode: {mode!r}")
        return cls(mode, bool(data.get("may_escalate")), bool(data.get("network")))

    def __str__(self) -> str:
        words = [self.mode, "may ask" if self.may_escalate else "never asks"]
        if self.network:
            words.append("network")
        return ", ".join(words)


FULL = Rights("danger-full-access", True, True)
"""No ceiling: what a human's own prompt carries."""
