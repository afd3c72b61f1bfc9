"""What is here already, for a desk that holds nothing yet: where answers can come from, and what Codex left."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from codex_desk.frozen import frozen
from codex_desk.paths import codex_home, project_of
from codex_desk.text import one_line
from codex_desk.tui.model.words import short_path

if TYPE_CHECKING:
    from codex_desk.config import Provider, Resolved

COUNTED = 1000
"""Codex sessions counted at most."""
MODELS = 3
"""Models of one server that are offered; the others are behind `/model`."""


@frozen
class Source:
    """Where a session's answers can come from."""

    id: str
    name: str
    words: str
    runtime: str
    model: str = ""
    at: str = ""
    """The address of its provider."""
    provider: tuple[str, Provider] | None = None
    """One that the settings do not hold yet, with the key to keep it under."""


@frozen
class Found:
    sources: tuple[Source, ...]
    """The one that is taken, unless another is chosen, first."""
    missing: str
    """What would make a model answer, where none can; else empty."""
    facts: tuple[tuple[str, str], ...]
    """(what, what of it is here)."""


def look_around(home: Path, env: Mapping[str, str], folder: Path) -> Found:
    """Look for providers, local servers, instructions and Codex. Raises `ConfigError` for settings that cannot be used.

    Asks servers on this machine, which takes a second at most. Imports the settings: not for the first frame."""
    from codex_desk.config import choose_runtime, resolve

    resolved = resolve(home, project=project_of(folder), trusted=False, env=env)
    runtime, why = choose_runtime(resolved, env, None, {"native", "offline"})
    configured = _configured(resolved) if runtime == "native" else None
    offline = Source("offline", "offline stand-in", "by rule, without a model, and it says so", "offline")
    by_choice = runtime == "offline" and resolved.settings.runtime == "offline"
    local = tuple(each for each in _local(resolved) if configured is None or (each.at, each.model) != (configured.at, configured.model))
    sources = (offline, *local) if by_choice else (*((configured,) if configured else ()), *local, offline)
    missing = "" if configured or by_choice or local else why.rpartition("has no key: ")[2]
    return Found(sources, missing, tuple(_facts(env, folder)))


def _configured(resolved: Resolved) -> Source:
    """The provider that the settings choose."""
    provider, settings = resolved.provider, resolved.settings
    name = provider.name or settings.model_provider
    key = f"{provider.env_key} is set" if provider.env_key else _place(provider)
    return Source("configured", name, f"{settings.model} · {key}", "native", settings.model, provider.base_url)


def _local(resolved: Resolved) -> Iterator[Source]:
    """Servers of models that answer on this machine, at the addresses of the presets that need no key."""
    from codex_desk.config import PRESETS
    from codex_desk.tui.servers import ask_all, is_local

    known = resolved.settings.model_providers
    tried = [(key, known.get(key, preset)) for key, preset in PRESETS.items() if preset.env_key is None and is_local(preset.base_url)]
    for (key, provider), served in zip(tried, ask_all([provider.base_url for _, provider in tried]), strict=True):
        if served is None:
            continue
        more = len(served.models) - MODELS
        for number, model in enumerate(served.models[:MODELS], 1):
            rest = f" · {more} more by /model" if more > 0 and number == MODELS else ""
            place = f" · {_place(provider)}" if number == 1 else ""
            words = f"{one_line(model, 40)}{place}{rest}"
            added = provider.model_copy(update={"wire_api": served.wire_api})
            yield Source(f"{key} {model}", provider.name or key, words, "native", model, provider.base_url, (key, added))


def _place(provider: Provider) -> str:
    return f"at {urlsplit(provider.base_url).netloc}"


def prospects(resolved: Resolved, env: Mapping[str, str], folder: Path) -> tuple[tuple[str, str], ...]:
    """(what, its value) of a session that would be made in a folder: what it would run on, and what its agent would be told."""
    from codex_desk.config import choose_runtime

    settings = resolved.settings
    runtime, _ = choose_runtime(resolved, env, None, {"native", "offline"})
    model = settings.model if runtime == "native" else ""
    return (
        ("runs on", " · ".join(part for part in (runtime, model, settings.sandbox_mode) if part)),
        ("told by", _told_by(folder, codex_home(env), Path.home())),
    )


def _told_by(folder: Path, theirs: Path, home: Path) -> str:
    """The instruction files that count in a folder."""
    from codex_desk.engine.instructions import discover

    files = discover(folder, codex_home=theirs).sources
    return ", ".join(_named(file, folder, home) for file in files) or "nobody yet: an AGENTS.md here would be its instructions"


def _facts(env: Mapping[str, str], folder: Path) -> Iterator[tuple[str, str]]:
    theirs, home = codex_home(env), Path.home()
    yield "told by", _told_by(folder, theirs, home)
    codex = shutil.which("codex", path=env.get("PATH"))
    yield "Codex", short_path(codex, home) if codex else "not on PATH; nothing here needs it"
    yield "Codex's sessions", _sessions(theirs / "sessions")


def _named(file: Path, folder: Path, home: Path) -> str:
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else short_path(str(file), home)


def _sessions(folder: Path) -> str:
    if not folder.is_dir():
        return "none found"
    count = 0
    for count, _ in enumerate(folder.rglob("rollout-*.jsonl"), 1):
        if count >= COUNTED:
            return f"{COUNTED} and more in {short_path(str(folder), Path.home())}"
    return f"{count} in {short_path(str(folder), Path.home())}"


def handle_for(folder: Path) -> str:
    """A handle made of a folder's name: `[a-z][a-z0-9-]{0,39}`, or `desk` where the name has no letters for it."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")
    return re.sub(r"^[^a-z]+", "", name)[:40].rstrip("-") or "desk"
