"""Tables of words that stay readable in the source."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text, whatever white space is between them."""
    return frozenset(text.split())
