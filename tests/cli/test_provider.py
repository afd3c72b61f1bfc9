from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.contract import keys
from tests.model_server import ModelServerFactory, calls, text

PROVIDER = keys("name, title, base_url, env_key, wire_api, model_context_window, max_parallel_turns, usable, chosen, model")


@pytest.fixture
def anew(newcomer: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A newcomer's desk: nothing is set, no key, no Codex."""
    for name in ("CODEX_DESK_RUNTIME", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return newcomer


def test_a_newcomer_has_one_provider_that_lacks_its_key(anew: Run) -> None:
    [provider] = anew("provider", "list", "--json").json["providers"]
    assert set(provider) == PROVIDER
    assert (provider["name"], provider["usable"], provider["chosen"]) == ("openai", False, True)
    assert "OPENAI_API_KEY is not set" in anew("provider", "list").out


def test_an_address_and_a_model_are_enough(anew: Run, home: Path) -> None:
    ran = anew("provider", "add", "http://127.0.0.1:11434/v1", "--model", "llama", "--json")
    assert ran.exit == 0
    assert set(ran.json) == PROVIDER
    assert (ran.json["usable"], ran.json["chosen"], ran.json["model"]) == (True, True, "llama")
    written = tomllib.loads((home / "settings.toml").read_text())
    assert written["model"] == "llama"
    assert not (home / "config.toml").exists()
    assert anew("new", "reviewer", "--json").json["runtime"] == "native"


def test_without_a_model_it_is_kept_and_not_chosen(anew: Run) -> None:
    ran = anew("provider", "add", "ollama", "--json")
    assert (ran.json["name"], ran.json["chosen"]) == ("ollama", False)
    assert "--model" in ran.err


def test_a_preset_can_stand_at_another_address_under_another_name(anew: Run) -> None:
    ran = anew("provider", "add", "openrouter", "--url", "http://127.0.0.1:9/v1", "--name", "mine", "--json")
    assert (ran.json["name"], ran.json["base_url"], ran.json["env_key"], ran.json["wire_api"]) == (
        "mine",
        "http://127.0.0.1:9/v1",
        "OPENROUTER_API_KEY",
        "chat",
    )


def test_a_name_with_an_address_is_kept_under_that_name(anew: Run) -> None:
    anew("provider", "add", "local", "--url", "http://127.0.0.1:9/v1")
    assert [provider["name"] for provider in anew("provider", "list", "--json").json["providers"]] == ["openai", "local"]


@pytest.mark.parametrize(
    "args",
    [
        ["nobody"],
        ["ftp://127.0.0.1/v1"],
        ["http://user:secret@127.0.0.1/v1"],
        ["http://127.0.0.1/v1", "--env-key", "sk-proj-abcdefghijklmnop1234"],
        ["http://127.0.0.1/v1", "--context-window", "none"],
        ["http://127.0.0.1/v1", "--wire-api", "soap"],
    ],
)
def test_what_makes_no_provider_is_refused_and_nothing_is_written(anew: Run, home: Path, args: list[str]) -> None:
    ran = anew("provider", "add", *args, "--json")
    assert ran.refusal == "bad_value"
    assert "secret" not in ran.out + ran.err
    assert "abcdefghijklmnop" not in ran.out + ran.err
    assert not (home / "settings.toml").exists()


def test_a_provider_that_nobody_defined_cannot_be_tested(anew: Run) -> None:
    assert anew("provider", "test", "nobody", "--json").refusal == "no_provider"


def test_a_server_that_is_not_there_is_exit_1_with_the_report_and_the_reason(anew: Run) -> None:
    anew("provider", "add", "http://127.0.0.1:9/v1", "--model", "llama", "--name", "local")
    ran = anew("provider", "test", "--json")
    assert ran.exit == 1
    assert set(ran.json) == PROVIDER | {"works", "test"}
    assert ran.json["works"] is False
    assert ran.json["test"]["reason"] in ran.err


def test_a_newcomer_with_only_a_local_endpoint_comes_to_a_working_desk(anew: Run, model_server: ModelServerFactory) -> None:
    server = model_server(
        [
            text("ready", match="Answer with the one word"),
            calls(("note", {"text": "ready"}), match="Call the tool"),
            text("All is well.", match="How is the code?"),
        ]
    )
    assert anew("provider", "add", server.base_url, "--model", "llama").exit == 0
    tested = anew("provider", "test", "--json")
    assert (tested.exit, tested.json["works"]) == (0, True)
    assert tested.json["test"]["first_token_s"] > 0
    anew("new", "reviewer")
    asked = anew("send", "reviewer", "How is the code?", "--wait", "--json")
    assert (asked.exit, asked.json["answer"]) == (0, "All is well.")
