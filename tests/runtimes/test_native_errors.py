"""What people are told about a failed request, and when it is tried again."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.exceptions import ModelAuthenticationError, ModelHTTPError, ModelQuotaExceededError, ModelRateLimitError, ModelTimeoutError

from codex_desk.runtimes.base import Endpoint
from codex_desk.runtimes.native.errors import MAX_DELAY_S, MAX_RETRY_AFTER_S, explain, is_retryable, retry_delay, scrub, shown_address

ACME = Endpoint("acme", "https://acme.example/v1", "m-1", "chat", "a-very-secret-key")


def limited(retry_after: float | None) -> ModelHTTPError:
    return ModelHTTPError.for_category(ModelRateLimitError, status_code=429, model_name="m-1", retry_after=retry_after)


@given(st.integers(0, 40), st.floats(0, 1))
def test_the_pause_grows_and_stays_within_bounds(attempt: int, jitter: float) -> None:
    pause = retry_delay(attempt, None, jitter)

    assert 0.25 <= pause <= MAX_DELAY_S
    assert pause <= retry_delay(attempt + 2, None, jitter) or pause >= MAX_DELAY_S / 2


@given(st.integers(0, 10), st.floats(0, 1), st.floats(0, MAX_RETRY_AFTER_S))
def test_the_pause_is_never_shorter_than_the_provider_asks(attempt: int, jitter: float, retry_after: float) -> None:
    assert retry_delay(attempt, retry_after, jitter) >= retry_after


def test_a_provider_that_asks_for_a_long_pause_is_not_waited_for() -> None:
    assert is_retryable(limited(retry_after=5))
    assert not is_retryable(limited(retry_after=3600))
    assert "asks to wait 3600 s" in explain(limited(retry_after=3600), ACME)


def test_the_providers_own_word_on_retrying_counts() -> None:
    error = ModelHTTPError(500, "m-1", headers={"x-should-retry": "false"})

    assert not is_retryable(error)


@pytest.mark.parametrize("category", [ModelAuthenticationError, ModelQuotaExceededError])
def test_what_waiting_cannot_mend_is_not_tried_again(category: type[ModelQuotaExceededError | ModelAuthenticationError]) -> None:
    assert not is_retryable(ModelHTTPError.for_category(category, status_code=429, model_name="m-1"))


def test_a_key_that_was_never_set_is_asked_for() -> None:
    error = ModelHTTPError.for_category(ModelAuthenticationError, status_code=401, model_name="m-1")
    keyless = Endpoint("acme", ACME.base_url, "m-1", "chat")

    assert explain(error, keyless) == "provider acme asks for a key (401), and none is set for it; give it an env_key"


@pytest.mark.parametrize("text", ["Incorrect key: a-very-secret-key.", "Incorrect API key provided: sk-proj-ab***yz"])
def test_no_key_is_ever_shown(text: str) -> None:
    assert scrub(text, ACME).rstrip(".").endswith("•••")


def test_a_password_in_the_address_is_not_shown() -> None:
    assert shown_address("https://me:secret@acme.example/v1?token=secret") == "https://acme.example/v1"


def test_a_time_limit_that_ran_out_is_not_told_as_a_cancelled_scope() -> None:
    limit = ModelTimeoutError("m-1", "no answer", phase="connect")
    limit.__cause__ = TimeoutError()
    limit.__cause__.__context__ = asyncio.CancelledError("Cancelled via cancel scope 7f0c")
    assert explain(limit, ACME).endswith("(no connection within the time limit)")
