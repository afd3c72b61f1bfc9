"""Which links are links, and which terminals are told of them."""

from __future__ import annotations

from collections.abc import Mapping

from codex_desk.text import visible

SCHEMES = ("http", "https", "mailto", "file")
LONGEST = 2_000
"""Characters of an address that a terminal is told; VTE takes 2 083 bytes."""


def scheme_of(address: str) -> str:
    """The scheme in lower case; empty for an address that is relative."""
    head, colon, _ = address.partition(":")
    return head.strip().lower() if colon and not set(head) & set("/?#") else ""


def is_link(address: str) -> bool:
    """Whether an address may be one: relative, or of a scheme that only shows something."""
    return scheme_of(address) in ("", *SCHEMES)


def target(address: str) -> str | None:
    """What a terminal opens for an address; None where it is none to open, or cannot be written into a control sequence."""
    if scheme_of(address) not in SCHEMES or len(address) > LONGEST:
        return None
    return address if address.isascii() and address.isprintable() and " " not in address and visible(address) == address else None


def takes_links(env: Mapping[str, str]) -> bool:
    """Whether a terminal takes OSC 8, or at least swallows it: the console of Linux would print it."""
    return env.get("TERM", "") not in ("", "dumb", "linux")
