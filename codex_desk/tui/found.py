"""What is here already, for a desk that holds nothing yet: where answers can come from, and what Codex left."""

from __future__ import annotations

import re
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
    from codex_desk.runtimes.outside import Program

RUNTIMES = frozenset({"codex", "native", "offline"})
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
    codex: bool
    """Whether there is a Codex that can be asked for its sessions."""


def look_around(home: Path, env: Mapping[str, str], folder: Path) -> Found:
    """Look for providers, local servers, instructions and Codex. Raises `ConfigError` for settings that cannot be used.

    Asks servers on this machine, which takes a second at most. Imports the settings: not for the first frame."""
    from codex_desk.config import choose_runtime, resolve, usable

    resolved = resolve(home, project=project_of(folder), trusted=False, env=env)
    program, works = _codex(resolved, env)
    runtime, why = choose_runtime(resolved, env, works, RUNTIMES)
    native = runtime == "native" or (runtime == "codex" and usable(resolved.provider, env))
    configured = _configured(resolved) if native else None
    offline = Source("offline", "offline stand-in", "by rule, without a model, and it says so", "offline")
    by_choice = runtime == "offline" and resolved.settings.runtime == "offline"
    local = tuple(each for each in _local(resolved) if configured is None or (each.at, each.model) != (configured.at, configured.model))
    theirs = (Source("codex", "Codex", _codex_words(program), "codex"),) if runtime == "codex" else ()
    mine = (configured,) if configured else ()
    sources = (offline, *local) if by_choice else (*theirs, *mine, *local, offline)
    missing = "" if theirs or configured or by_choice or local else why.rpartition("has no key: ")[2]
    facts = _facts(env, folder, None if theirs else program)
    return Found(sources, missing, tuple(facts), works is not None)


def _codex(resolved: Resolved, env: Mapping[str, str]) -> tuple[Program, Path | None]:
    """The stock Codex, and its path where it can run sessions."""
    from codex_desk.engine.surroundings import Surroundings

    program = Surroundings(Path(), env, lambda _: False).codex_program(resolved.settings)
    return program, program.path if program.trouble is None else None


def _codex_words(program: Program) -> str:
    return program.trouble or f"{program.version} · its own sign-in, model, sandbox and tools"


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
    program, works = _codex(resolved, env)
    runtime, _ = choose_runtime(resolved, env, works, RUNTIMES)
    chosen = resolved.sources if runtime == "codex" else {}
    model = settings.model if runtime == "native" or chosen.get("model", "default") != "default" else ""
    mode = settings.sandbox_mode if runtime != "codex" or chosen["sandbox_mode"] != "default" else "its own rights"
    stands = program.trouble if runtime == "codex" and program.trouble else " · ".join(part for part in (runtime, model, mode) if part)
    return (
        ("runs on", stands),
        ("told by", _told_by(folder, codex_home(env), Path.home())),
    )


def _told_by(folder: Path, theirs: Path, home: Path) -> str:
    """The instruction files that count in a folder."""
    from codex_desk.engine.instructions import discover

    files = discover(folder, codex_home=theirs).sources
    return ", ".join(_named(file, folder, home) for file in files) or "nobody yet: an AGENTS.md here would be its instructions"


def _facts(env: Mapping[str, str], folder: Path, program: Program | None) -> Iterator[tuple[str, str]]:
    """`program`: Codex's, where answers do not come from it."""
    theirs, home = codex_home(env), Path.home()
    yield "told by", _told_by(folder, theirs, home)
    if program is not None and program.path is None:
        yield "Codex", "not on PATH; nothing here needs it"
    elif program is not None:
        yield "Codex", program.trouble or f"{program.version} at {short_path(str(program.path), home)}"
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
