"""What is here already, for a desk that holds nothing yet."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codex_desk.paths import codex_home

COUNTED = 1000
"""Codex sessions counted at most."""


@dataclass(frozen=True, slots=True)
class Found:
    runtimes: tuple[tuple[str, str], ...]
    """(runtime, what makes it usable or what is missing)."""
    providers: tuple[tuple[str, str], ...]
    """(provider, whether it can be used)."""
    codex_sessions: str
    """Where Codex keeps its history, and how much is there."""


def look_around(home: Path, env: Mapping[str, str]) -> Found:
    """Look for runtimes, providers and Codex's sessions. Raises `ConfigError` for settings that cannot be used. Imports the settings: not for the first frame."""
    from codex_desk.config import resolve

    providers: list[tuple[str, str]] = []
    usable: list[str] = []
    for key, provider in resolve(home, project=None, trusted=False, env=env).settings.model_providers.items():
        name = provider.name or key
        if provider.env_key is None:
            providers.append((name, "needs no key"))
        elif env.get(provider.env_key):
            providers.append((name, f"{provider.env_key} is set"))
        else:
            providers.append((name, f"set {provider.env_key} to use it"))
            continue
        usable.append(name)
    codex = shutil.which("codex", path=env.get("PATH"))
    runtimes = (
        ("native", f"with {', '.join(usable)}" if usable else "none ready: codex-desk provider add URL --model M"),
        ("codex", codex or "no codex program on PATH"),
        ("offline", "always: answers by rule, without a model"),
    )
    return Found(runtimes, tuple(providers), _sessions(codex_home(env) / "sessions"))


def _sessions(folder: Path) -> str:
    if not folder.is_dir():
        return "none found"
    count = 0
    for count, _ in enumerate(folder.rglob("rollout-*.jsonl"), 1):
        if count >= COUNTED:
            return f"{COUNTED} and more in {folder}"
    return f"{count} in {folder}"


def handle_for(folder: Path) -> str:
    """A handle made of a folder's name: `[a-z][a-z0-9-]{0,39}`, or `desk` where the name has no letters for it."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")
    return re.sub(r"^[^a-z]+", "", name)[:40].rstrip("-") or "desk"
