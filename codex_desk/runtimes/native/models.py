"""Makes a pydantic-ai model for an endpoint. Heavy import: reached through `runtime.preload`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import urlsplit

from openai import AsyncOpenAI, Timeout
from openai.types import ReasoningEffort
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIChatModelSettings, OpenAIResponsesModel, OpenAIResponsesModelSettings
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers import Provider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from codex_desk.runtimes.base import Endpoint, RuntimeFailure
from codex_desk.runtimes.native.errors import shown_address

CONNECT_TIMEOUT_S = 10.0
WRITE_TIMEOUT_S = 60.0
OPENAI_HOST = "api.openai.com"


@asynccontextmanager
async def open_model(endpoint: Endpoint) -> AsyncIterator[Model]:
    """The endpoint's model, its connections closed at the end. Raises `RuntimeFailure` for a base URL that is none."""
    client = make_client(endpoint)
    try:
        yield _make_model(endpoint, client)
    finally:
        await client.close()


class _Client(AsyncOpenAI):
    """Lets a request go without a key: many local servers need none."""

    def _validate_headers(self, headers: Mapping[str, object], custom_headers: Mapping[str, object]) -> None:
        """The SDK refuses here to send anything without Authorization."""


def make_client(endpoint: Endpoint) -> AsyncOpenAI:
    """A client that knows the endpoint and nothing of the environment: OPENAI_BASE_URL, OPENAI_ORG_ID and their like belong to OpenAI's own
    SDK users, and would send one provider's key, project or headers to another."""
    parts = urlsplit(endpoint.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RuntimeFailure(
            f"the base_url of provider {endpoint.provider} is not an http or https address: {shown_address(endpoint.base_url)!r}"
        )
    client = _Client(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "",
        admin_api_key="",
        webhook_secret="",
        organization="",
        project="",
        timeout=Timeout(
            None, connect=CONNECT_TIMEOUT_S, read=endpoint.stream_idle_timeout_s, write=WRITE_TIMEOUT_S, pool=CONNECT_TIMEOUT_S
        ),
        max_retries=0,
        _enforce_credentials=False,
    )
    client.organization = client.project = None
    # The SDK offers no way to leave OPENAI_CUSTOM_HEADERS out.
    client._custom_headers = {}
    return client


def _make_model(endpoint: Endpoint, client: AsyncOpenAI) -> Model:
    provider = _make_provider(endpoint, client)
    effort = cast(ReasoningEffort | None, endpoint.reasoning_effort)
    match endpoint.wire_api:
        case "chat":
            # A Chat stream without a finish reason was cut: the protocol has no other end mark that every server sends.
            profile = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
            settings = OpenAIChatModelSettings()
            if effort is not None:
                settings["openai_reasoning_effort"] = effort
            return OpenAIChatModel(endpoint.model, provider=provider, settings=settings, profile=profile)
        case "responses":
            # Nothing is kept on the provider's side: the history is ours, and reasoning travels in it, encrypted.
            settings = OpenAIResponsesModelSettings(openai_store=False)
            if effort is not None:
                settings["openai_reasoning_effort"] = effort
            known = provider.model_profile(endpoint.model) or {}
            if known.get("openai_supports_reasoning"):
                settings["openai_reasoning_summary"] = "auto"
            return OpenAIResponsesModel(endpoint.model, provider=provider, settings=settings)


def _make_provider(endpoint: Endpoint, client: AsyncOpenAI) -> Provider[AsyncOpenAI]:
    """OpenAI's own service has features that its imitators refuse; the provider's name decides whose encrypted reasoning goes where."""
    if urlsplit(endpoint.base_url).hostname == OPENAI_HOST:
        return OpenAIProvider(openai_client=client)
    return OpenAICompatibleProvider(endpoint.provider, openai_client=client)
