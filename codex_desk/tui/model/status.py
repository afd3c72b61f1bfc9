"""How a thread stands and what it runs on, as sections of facts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codex_desk.engine.views import ThreadView, Used
from codex_desk.frozen import frozen
from codex_desk.tui.model.words import GLYPHS, WORDS, name, place, short_path, tokens

BAR = 20
"""Cells of the bar that shows how full the context is."""


@frozen
class Runs:
    """What the next turn runs with, as its settings say."""

    model: str = ""
    provider: str = ""
    effort: str = ""
    window: int | None = None
    """Tokens that the model takes in; None where nobody said."""
    sandbox: str = ""
    approvals: str = ""
    network: bool = False
    tier: str = ""
    """What holds the sandbox here; `none` for nothing."""
    instructions: tuple[Path, ...] = ()
    trouble: str = ""
    """Why the settings cannot be used."""


@frozen
class Codex:
    """What a thread of Codex's runs in. Empty where nobody could tell."""

    program: str = ""
    """Version and path."""
    trouble: str = ""
    """Why it cannot be used, or does not answer."""
    account: str = ""
    config: tuple[Path, ...] = ()
    """The files that Codex reads its own settings from here."""


Section = tuple[str, list[tuple[str, str]]]
"""A heading, and (label, value) of each fact; facts without a value are left out."""


def sections(
    thread: ThreadView, runs: Runs, used: Used, children: Sequence[ThreadView], home: Path, codex: Codex | None = None
) -> list[Section]:
    """All that there is to say, the most asked for first."""
    edge = f"rights {thread.rights}, wake {thread.wake}, interrupt {'yes' if thread.interrupt else 'no'}" if thread.rights else ""
    held = "none: it guards against accident only" if runs.tier == "none" else runs.tier
    limits = ", ".join(part for part in (runs.sandbox, f"network {'on' if runs.network else 'off'}" if runs.sandbox else "") if part)
    found: list[Section] = [
        (
            "Session",
            [
                ("state", f"{GLYPHS[thread.status]} {WORDS[thread.status]}{f': {thread.reason}' if thread.reason else ''}"),
                ("hand", "yours: only you start a turn here, by a prompt or /resume" if thread.held else ""),
                ("stands", " · ".join(part for part in (place(thread), edge) if part)),
                ("children", ", ".join(f"{GLYPHS[one.status]} {name(one)}" for one in children)),
                ("queued", str(thread.queued) if thread.queued else ""),
                ("folder", short_path(thread.cwd, home)),
                ("project", short_path(thread.project, home) if thread.project != thread.cwd else ""),
            ],
        ),
        (
            "Runs on",
            [
                ("settings", runs.trouble),
                ("runtime", thread.runtime),
                ("model", " · ".join(part for part in (runs.model, runs.effort and f"effort {runs.effort}", runs.provider) if part)),
                ("sandbox", limits),
                ("held by", held if runs.sandbox and runs.sandbox != "danger-full-access" else ""),
                ("approvals", runs.approvals),
                ("reads", ", ".join(short_path(str(file), home) for file in runs.instructions) or "no AGENTS.md"),
            ],
        ),
        *(() if codex is None else (_codex(thread, codex, home),)),
        (
            "Used",
            [
                ("context", context_words(thread.context_tokens, runs.window)),
                ("turns", str(used.turns)),
                (
                    "tokens",
                    f"{used.input_tokens:,} read, {used.output_tokens:,} written" if used.input_tokens or used.output_tokens else "",
                ),
            ],
        ),
        ("", [("id", thread.id)]),
    ]
    return [(title, [(label, value) for label, value in facts if value]) for title, facts in found]


def _codex(thread: ThreadView, codex: Codex, home: Path) -> Section:
    return (
        "Codex",
        [
            ("program", codex.program),
            ("trouble", codex.trouble),
            ("account", codex.account),
            ("config", ", ".join(short_path(str(file), home) for file in codex.config) or "none: Codex's defaults"),
            ("its id", thread.external_id or "none before its first turn"),
        ],
    )


def context_words(count: int, window: int | None) -> str:
    """`18.2k tok`; where the window is known, how full it is: `▰▰▰▰▱▱▱▱▱▱ 18.2k of 45.0k tok, 40 %`."""
    if not window:
        return tokens(count) or "empty"
    share = min(1.0, count / window)
    filled = round(share * BAR)
    most = tokens(window)
    used = tokens(count).removesuffix(" tok") or "0"
    return f"{'▰' * filled}{'▱' * (BAR - filled)}  {used} of {most}, {share:.0%}"
