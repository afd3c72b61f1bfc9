"""Providers: ready-made ones, whether one can be used, and the runtime that follows from it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import ValidationError

from codex_desk.config.errors import ConfigError
from codex_desk.config.keys import in_words
from codex_desk.config.resolving import Resolved
from codex_desk.config.schema import Provider

PRESETS: Mapping[str, Provider] = {
    "openai": Provider(name="OpenAI", base_url="https://api.openai.com/v1", env_key="OPENAI_API_KEY"),
    "ollama": Provider(name="Ollama", base_url="http://127.0.0.1:11434/v1", max_parallel_turns=1),
    "lmstudio": Provider(name="LM Studio", base_url="http://127.0.0.1:1234/v1", max_parallel_turns=1),
    "vllm": Provider(name="vLLM", base_url="http://127.0.0.1:8000/v1"),
    "openrouter": Provider(name="OpenRouter", base_url="https://openrouter.ai/api/v1", env_key="OPENROUTER_API_KEY", wire_api="chat"),
}


def provider_preset(
    name_or_url: str,
    *,
    env_key: str | None = None,
    wire_api: Literal["responses", "chat"] | None = None,
    model_context_window: int | None = None,
) -> tuple[str, Provider]:
    """A provider and the name to keep it under, from a preset's name or any address; what is given replaces the preset's.

    Raises `ConfigError`, without repeating what may be a secret.
    """
    preset = PRESETS.get(name_or_url.lower().replace(" ", ""))
    if preset is None and "://" not in name_or_url:
        raise ConfigError(f"no such preset; there are {', '.join(PRESETS)}, and any address that begins with http", code="bad_value")
    given = {"env_key": env_key, "wire_api": wire_api, "model_context_window": model_context_window}
    fields = (preset.model_dump() if preset else {"base_url": name_or_url}) | {
        key: value for key, value in given.items() if value is not None
    }
    try:
        provider = Provider.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise ConfigError(in_words(first["msg"]), key=".".join(map(str, first["loc"])), code="bad_value") from None
    if preset:
        return next(name for name, known in PRESETS.items() if known is preset), provider
    host = urlsplit(provider.base_url).hostname or ""
    return re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-") or "provider", provider


def endpoint_key(provider: Provider, env: Mapping[str, str]) -> str | None:
    """The key out of the variable that the provider names; None if it names none or the variable is empty."""
    return (env.get(provider.env_key, "").strip() or None) if provider.env_key else None


def usable(provider: Provider, env: Mapping[str, str]) -> bool:
    """Whether the provider's key is set, or it needs none."""
    return provider.env_key is None or endpoint_key(provider, env) is not None


def choose_runtime(resolved: Resolved, env: Mapping[str, str], codex_binary: Path | None, available: Collection[str]) -> tuple[str, str]:
    """The runtime of a new thread, and why in words. `codex_binary` is one that works; `available` are the runtimes that exist here.

    A runtime that was chosen by name is taken or refused with `ConfigError`, never replaced: that it cannot run is an error to see.
    """
    chosen = resolved.settings.runtime
    if chosen != "auto":
        if chosen.partition(":")[0] not in available:
            raise resolved.error(("runtime",), f"there is no runtime {chosen} here; there are: auto, {', '.join(sorted(available))}")
        return chosen, f"{chosen}: set ({resolved.sources['runtime']})"
    if "codex" in available and codex_binary:
        return "codex", f"codex: {codex_binary} works"
    name = resolved.settings.model_provider
    provider = resolved.provider
    no_codex = "no Codex was found" if "codex" in available else "the codex runtime is not part of this version"
    if "native" in available and usable(provider, env):
        key = f"{provider.env_key} is set" if provider.env_key else "it needs no key"
        return "native", f"native: {no_codex}; the provider {name} can be used, {key}"
    return "offline", f"offline: {no_codex}, and the provider {name} has no key: set {provider.env_key}"
