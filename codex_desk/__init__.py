"""codex-desk: long-lived coding agent sessions that work for one another, with everything on record."""

__version__ = "0.1.0"
