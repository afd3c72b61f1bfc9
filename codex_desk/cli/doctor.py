"""`doctor`: what works here, what does not, and how to mend it."""

from __future__ import annotations

import asyncio

from codex_desk.cli.command import command
from codex_desk.cli.failures import DONE, FAILED
from codex_desk.cli.lines import columns
from codex_desk.cli.output import current_output

GLYPHS = {"ok": "✓", "note": "·", "wrong": "✗"}


@command()
def doctor_command() -> int:
    """Say what works here, what does not, and how to mend it; exit 1 if something is wrong."""
    from codex_desk.cli.checks import Check, desk_checks, surroundings

    async def look() -> list[Check]:
        return [*surroundings(), *[check async for check in desk_checks()]]

    checks = asyncio.run(look())
    sound = all(check.state != "wrong" for check in checks)
    rows = []
    for check in checks:
        rows.append((GLYPHS[check.state], check.name, check.found))
        if check.mend:
            rows.append(("", "", f"→ {check.mend}"))
    current_output().give({"ok": sound, "checks": [check.to_json() for check in checks]}, columns(rows))
    return DONE if sound else FAILED
