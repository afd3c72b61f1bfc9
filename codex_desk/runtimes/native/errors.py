"""What a failed model request means: whether to ask again, and what to tell people. Heavy import: reached through `runtime.preload`."""

from __future__ import annotations

import asyncio
import re

from openai import OpenAIError
from pydantic_ai.exceptions import (
    AgentRunError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelServerError,
    ModelTimeoutError,
    ModelUnavailableError,
    UnexpectedModelBehavior,
)

from codex_desk.runtimes.base import Endpoint, RuntimeFailure

MODEL_ERRORS = (AgentRunError, OpenAIError, RuntimeFailure)
"""Everything that a model request raises when the endpoint, and not this program, is at fault."""

BASE_DELAY_S = 0.5
MAX_DELAY_S = 30.0
MAX_RETRY_AFTER_S = 300.0
"""A provider that asks for a longer pause than this is not waited for."""

MAX_DETAIL = 300
"""Characters of a provider's own words that are shown."""


class CutStream(AgentRunError):
    """A stream ended before its response did."""


def is_overflow(error: Exception) -> bool:
    """Whether the request was larger than the model's context window."""
    return isinstance(error, ModelContextWindowExceededError)


def is_retryable(error: Exception) -> bool:
    """Whether the same request may succeed a moment later: 429, 5xx, a dropped connection, a stream that broke."""
    if isinstance(error, ModelHTTPError) and error.provider_retry_hint is False:
        return False
    if _asked_pause(error) > MAX_RETRY_AFTER_S:
        return False
    match error:
        case ModelQuotaExceededError() | ModelRequestRejectedError():
            return False
        case ModelConnectionError(phase="connect"):
            return False
        case ModelRateLimitError() | ModelUnavailableError() | ModelServerError() | ModelConnectionError():
            return True
        case CutStream() | UnexpectedModelBehavior():
            return True
        case ModelHTTPError():
            return False
        case ModelAPIError():
            # No status and no category: the provider's last word in a stream that it could not finish.
            return True
        case _:
            return False


def retry_delay(attempt: int, retry_after: float | None, jitter: float) -> float:
    """Seconds before the try after `attempt` (0 for the first). `jitter` in 0..1 spreads those who failed together; what the provider asked
    for is the least."""
    backoff = min(BASE_DELAY_S * 2**attempt, MAX_DELAY_S)
    return max(retry_after or 0.0, backoff * (0.5 + jitter / 2))


def trouble(error: Exception) -> str:
    """A few words on an error that another try may mend."""
    match error:
        case ModelRateLimitError():
            return "rate limited (429)"
        case ModelHTTPError(status_code=status):
            return f"the provider failed ({status})"
        case ModelTimeoutError():
            return "the provider fell silent"
        case CutStream() | ModelConnectionError():
            return "the connection broke"
        case _:
            return "the answer could not be read"


def explain(error: Exception, endpoint: Endpoint | None) -> str:
    """What happened and what to do, in words for people, without a secret."""
    return str(error) if endpoint is None or isinstance(error, RuntimeFailure) else _explain(error, endpoint)


def scrub(text: str, endpoint: Endpoint) -> str:
    """A provider's words without the keys that it quotes back, whole or in part ("Incorrect API key provided: sk-ab***yz")."""
    if endpoint.api_key:
        text = text.replace(endpoint.api_key, "•••")
    return re.sub(r"\bsk-[\w*•.-]{4,}", "•••", text)


def shown_address(base_url: str) -> str:
    """A base URL without what may be secret in it: a password, a query."""
    return re.sub(r"//[^/]*@", "//", base_url).partition("?")[0]


def _asked_pause(error: Exception) -> float:
    """Seconds that the provider asks to wait; 0 where it does not say."""
    return (error.retry_after or 0.0) if isinstance(error, ModelAPIError) else 0.0


def _explain(error: Exception, endpoint: Endpoint) -> str:
    provider, model = endpoint.provider, endpoint.model
    status = getattr(error, "status_code", None)
    said = _details(error, endpoint)
    match error:
        case ModelAuthenticationError() if not endpoint.api_key:
            return f"provider {provider} asks for a key ({status or 'not authorised'}), and none is set for it; give it an env_key{said}"
        case ModelAuthenticationError():
            return f"the key for provider {provider} was refused ({status or 'not authorised'}); set its variable and try again{said}"
        case ModelQuotaExceededError():
            return f"provider {provider} says that its quota or credit is used up; add to it, or take another provider{said}"
        case ModelContextWindowExceededError():
            return (
                f"the conversation is longer than {model} can take, even after compacting; start a new session, or set a larger model{said}"
            )
        case ModelHTTPError() if status in (404, 405):
            return _explain_not_found(error, endpoint)
        case ModelNotFoundError():
            return f"provider {provider} does not know the model {model}; set another one{said}"
        case ModelRateLimitError() if pause := _asked_pause(error):
            return f"provider {provider} limits the rate of requests (429) and asks to wait {pause:.0f} s; try again then{said}"
        case ModelRateLimitError():
            return f"provider {provider} limits the rate of requests (429); try again later{said}"
        case ModelUnavailableError() | ModelServerError():
            return f"provider {provider} failed ({status or 'server error'}); try again later{said}"
        case ModelTimeoutError(phase="connect") | ModelConnectionError(phase="connect"):
            address, why = shown_address(endpoint.base_url), _cut(_root(error), endpoint)
            return f"nothing answers at {address}; start the server, or correct base_url of provider {provider} ({why})"
        case ModelTimeoutError():
            return (
                f"provider {provider} sent nothing for {endpoint.stream_idle_timeout_s:.0f} s; try again, or raise stream_idle_timeout_ms"
            )
        case CutStream() | ModelConnectionError():
            return f"the answer of provider {provider} stopped in the middle; what came of it is kept. Try again"
        case ModelHTTPError():
            return f"provider {provider} refused the request ({status}){said}"
        case UnexpectedModelBehavior():
            return f"provider {provider} answered with something that is not a {endpoint.wire_api} response: {_cut(str(error), endpoint)}"
        case _:
            return f"the request to provider {provider} failed: {_cut(str(error), endpoint)}"


def _explain_not_found(error: ModelHTTPError, endpoint: Endpoint) -> str:
    """A 404 names a model that is unknown, or a path that is not served; servers say which only in words."""
    said = _details(error, endpoint)
    about_model = error.provider_error_code == "model_not_found" or endpoint.model.lower() in said.lower() or "model" in said.lower()
    if about_model:
        return f"provider {endpoint.provider} does not know the model {endpoint.model} ({error.status_code}); set another one{said}"
    if endpoint.wire_api == "responses":
        return (
            f"provider {endpoint.provider} serves no /responses at {shown_address(endpoint.base_url)} ({error.status_code}); "
            f'set wire_api = "chat" for it, or correct its base_url{said}'
        )
    return (
        f"provider {endpoint.provider} serves no /chat/completions at {shown_address(endpoint.base_url)} ({error.status_code}); "
        f"correct its base_url, which usually ends in /v1{said}"
    )


def _details(error: Exception, endpoint: Endpoint) -> str:
    """The provider's own words, in brackets, or nothing."""
    match getattr(error, "body", None):
        case (
            {"message": str() as message}
            | {"error": {"message": str() as message}}
            | {"error": str() as message}
            | {"detail": str() as message}
        ):
            return f" ({_cut(message, endpoint)})" if message else ""
        case str() as text if text.strip() and not text.lstrip().startswith("<"):
            return f" ({_cut(text, endpoint)})"
        case _:
            return ""


def _root(error: BaseException) -> str:
    """The first cause, such as the system's own "Connection refused", which the layers above it only call a connection error."""
    cause = error.__cause__ or error.__context__
    if cause is None or isinstance(cause, asyncio.CancelledError):  # a time limit cancels what it limits, which is no cause of its own
        return str(error) or "no connection within the time limit"
    return _root(cause)


def _cut(text: str, endpoint: Endpoint) -> str:
    line = " ".join(scrub(text, endpoint).split())
    return line if len(line) <= MAX_DETAIL else line[: MAX_DETAIL - 1] + "…"
