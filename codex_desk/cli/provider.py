"""`provider`: where models answer."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from codex_desk.cli.command import group, on_desk
from codex_desk.cli.failures import DONE, FAILED
from codex_desk.cli.lines import columns
from codex_desk.cli.output import current_output

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.config import Provider, Resolved
    from codex_desk.engine.desk import Desk


@group("provider")
def provider_command() -> None:
    """Where models answer: add one, list them, test one."""


@provider_command.command("add")
@click.argument("source", metavar="PRESET|URL|NAME")
@click.option("--url", help="Its address, where that is not the preset's; then NAME may be any name.")
@click.option("--name", help="The name to keep it under.")
@click.option(
    "--env-key", metavar="VARIABLE", help="The variable that holds its key; none for a server without keys. Never the key itself."
)
@click.option("--model", help="The model; with it this provider becomes the one that answers.")
@click.option("--wire-api", type=click.Choice(["responses", "chat"]), help="What it speaks; chat where /responses is a 404.")
@click.option("--context-window", type=click.IntRange(min=1), metavar="TOKENS", help="The model's context window.")
def add(
    source: str,
    url: str | None,
    name: str | None,
    env_key: str | None,
    model: str | None,
    wire_api: Literal["responses", "chat"] | None,
    context_window: int | None,
) -> None:
    """Add a provider: openai, ollama, lmstudio, vllm, openrouter, or any address that speaks the same.

    A local server and one of its models is all that a desk needs: codex-desk provider add http://127.0.0.1:11434/v1 --model NAME
    """
    from codex_desk.config import PRESETS, add_provider, provider_preset
    from codex_desk.paths import desk_home

    _refuse_agents()
    preset = PRESETS.get(source)
    if url is not None and preset is not None:
        env_key, wire_api = env_key or preset.env_key, wire_api or preset.wire_api
    found, provider = provider_preset(url or source, env_key=env_key, wire_api=wire_api, model_context_window=context_window)
    found = name or (source if url else found)
    add_provider(desk_home(os.environ), found, provider, model=model)
    out, resolved = current_output(), _user_settings()
    out.give(provider_object(found, provider, resolved), provider_line(found, provider, resolved))
    if model is None:
        out.say(f"it is kept, but not chosen: --model NAME makes it the one that answers; now that is {resolved.settings.model_provider}")
    else:
        out.say(f"next: codex-desk provider test {found}")


@provider_command.command("list")
def list_providers() -> None:
    """List the providers, and whether each can be used."""
    resolved = _user_settings()
    providers = resolved.settings.model_providers
    current_output().give(
        {"providers": [provider_object(name, provider, resolved) for name, provider in providers.items()]},
        columns([provider_row(name, provider, resolved) for name, provider in providers.items()]),
    )


@provider_command.command("test")
@click.argument("name", required=False)
@click.option("--model", help="The model to try; else the one in the settings.")
@on_desk
async def test_provider(desk: Desk, out: Output, name: str | None, model: str | None) -> int:
    """Try a provider, else the chosen one: a plain answer, a tool call, the context window, the time to the first token."""
    resolved = desk.settings(cwd=Path.cwd())
    chosen = name or resolved.settings.model_provider
    report = await desk.probe(chosen, model)
    provider = resolved.settings.model_providers[chosen]
    works = report.answers and report.calls_tools
    first = f"{report.first_token_s * 1000:.0f} ms" if report.first_token_s is not None else "no token came"
    window = f"{report.context_window} tokens" if report.context_window else "the server does not say; --context-window tells the desk"
    out.give(
        {**provider_object(chosen, provider, resolved), "works": works, "test": asdict(report)},
        columns(
            [
                ("model", f"{report.model} ({report.wire_api})"),
                ("answers", "yes" if report.answers else "no"),
                ("calls tools", "yes" if report.calls_tools else "no"),
                ("first token", first),
                ("context window", window),
            ]
        ),
    )
    if works:
        return DONE
    out.say(report.reason or "the model answers, but it calls no tools: it can talk, and do nothing. Take a model that can call tools.")
    return FAILED


def provider_object(name: str, provider: Provider, resolved: Resolved) -> dict[str, object]:
    """A provider as scripts read it. There is no secret in it: `env_key` names a variable."""
    from codex_desk.config import usable

    chosen = resolved.settings.model_provider == name
    return {
        "name": name,
        "title": provider.name,
        "base_url": provider.base_url,
        "env_key": provider.env_key,
        "wire_api": provider.wire_api,
        "model_context_window": provider.model_context_window,
        "max_parallel_turns": provider.max_parallel_turns,
        "usable": usable(provider, os.environ),
        "chosen": chosen,
        "model": resolved.settings.model if chosen else None,
    }


def provider_row(name: str, provider: Provider, resolved: Resolved) -> tuple[str, ...]:
    from codex_desk.config import usable

    chosen = resolved.settings.model_provider == name
    key = "needs no key"
    if provider.env_key:
        key = f"{provider.env_key} is {'set' if usable(provider, os.environ) else 'not set'}"
    return ("›" if chosen else " ", name, resolved.settings.model if chosen else "", provider.base_url, provider.wire_api, key)


def provider_line(name: str, provider: Provider, resolved: Resolved) -> str:
    return " · ".join(part for part in provider_row(name, provider, resolved)[1:] if part)


def _user_settings() -> Resolved:
    """What the user set: providers come from nowhere else, and the store is not needed to read them."""
    from codex_desk.config import resolve
    from codex_desk.paths import desk_home

    return resolve(desk_home(os.environ), project=None, trusted=False, env=os.environ)


def _refuse_agents() -> None:
    """An agent must not choose where its own words go."""
    from codex_desk.engine.errors import Refusal

    if os.environ.get("CODEX_DESK_THREAD"):
        raise Refusal("origin_agent", "only the user may add a provider")
