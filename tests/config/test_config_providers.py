from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.config import PRESETS, ConfigError, Provider, choose_runtime, endpoint_key, provider_preset, usable
from codex_desk.config.schema import looks_like_a_key
from tests.config.settings_files import Desk

LOCAL = '[model_providers.local]\nbase_url = "http://127.0.0.1:1/v1"\n'
ALL = frozenset({"offline", "native", "codex"})
HERE = frozenset({"offline", "native"})
CODEX = Path("/usr/bin/codex")
KEY = {"OPENAI_API_KEY": "a key"}


@pytest.mark.parametrize(
    ("available", "codex", "env", "runtime"),
    [
        (ALL, CODEX, KEY, "codex"),
        (ALL, None, KEY, "native"),
        (ALL, None, {}, "offline"),
        (HERE, CODEX, KEY, "native"),
        (HERE, CODEX, {}, "offline"),
        (HERE, CODEX, {"OPENAI_API_KEY": " "}, "offline"),
        (frozenset({"offline"}), CODEX, KEY, "offline"),
    ],
)
def test_auto_takes_codex_then_a_usable_provider_then_offline(
    desk: Desk, available: frozenset[str], codex: Path | None, env: dict[str, str], runtime: str
) -> None:
    chosen, why = choose_runtime(desk.resolve(), env, codex, available)
    assert chosen == runtime
    assert why.startswith(f"{runtime}: ")


def test_auto_takes_a_provider_that_needs_no_key(desk: Desk) -> None:
    desk.config_toml.write_text(f'model_provider = "local"\n{LOCAL}')
    assert choose_runtime(desk.resolve(), {}, None, ALL) == (
        "native",
        "native: no Codex was found; the provider local can be used, it needs no key",
    )


def test_auto_says_which_variable_to_set(desk: Desk) -> None:
    assert "set OPENAI_API_KEY" in choose_runtime(desk.resolve(), {}, None, HERE)[1]


def test_auto_does_not_hide_a_provider_that_nobody_defined(desk: Desk) -> None:
    desk.config_toml.write_text('model_provider = "lcoal"\n')
    with pytest.raises(ConfigError, match="there is no provider lcoal") as caught:
        choose_runtime(desk.resolve(), {}, None, ALL)
    assert (caught.value.file, caught.value.line) == (desk.config_toml, 1)


@pytest.mark.parametrize("runtime", ["native", "offline"])
def test_a_runtime_chosen_by_name_is_never_replaced(desk: Desk, runtime: str) -> None:
    resolved = desk.resolve(flags={"runtime": runtime})
    assert choose_runtime(resolved, {}, CODEX, ALL) == (runtime, f"{runtime}: set (flag)")


@pytest.mark.parametrize("runtime", ["codex", "acp:claude"])
def test_a_runtime_that_is_not_there_is_refused(desk: Desk, runtime: str) -> None:
    desk.config_toml.write_text(f'runtime = "{runtime}"\n')
    with pytest.raises(ConfigError, match=f"no runtime {runtime} here; there are: auto, native, offline") as caught:
        choose_runtime(desk.resolve(), KEY, CODEX, HERE)
    assert caught.value.line == 1


def test_the_key_comes_out_of_the_variable_that_the_provider_names() -> None:
    provider = Provider(base_url="http://127.0.0.1:1/v1", env_key="LOCAL_KEY")
    assert endpoint_key(provider, {"LOCAL_KEY": "secret\n"}) == "secret"
    assert endpoint_key(provider, {"LOCAL_KEY": " "}) is None
    assert not usable(provider, {})


def test_a_provider_without_a_variable_needs_no_key() -> None:
    provider = Provider(base_url="http://127.0.0.1:1/v1")
    assert endpoint_key(provider, {"OPENAI_API_KEY": "not for this one"}) is None
    assert usable(provider, {})


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_found_by_its_name(name: str) -> None:
    assert provider_preset(name) == (name, PRESETS[name])


def test_a_presets_name_may_be_written_as_its_maker_writes_it() -> None:
    assert provider_preset("LM Studio")[0] == "lmstudio"


def test_any_address_is_a_provider_named_after_its_host() -> None:
    name, provider = provider_preset("https://models.Example.org:8443/v1/", env_key="TEAM_KEY", wire_api="chat", model_context_window=4096)
    assert name == "models-example-org"
    assert (provider.base_url, provider.env_key, provider.wire_api) == ("https://models.Example.org:8443/v1", "TEAM_KEY", "chat")
    assert provider.model_context_window == 4096


def test_what_is_given_replaces_the_presets() -> None:
    assert provider_preset("ollama", env_key="OLLAMA_KEY")[1].env_key == "OLLAMA_KEY"


@pytest.mark.parametrize("address", ["nothing", "ftp://host/v1", "http://", "http://[::1/v1", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        provider_preset(address)
    assert caught.value.code == "bad_value"


@pytest.mark.parametrize(
    "address", ["http://user:hunter2@host/v1", "http://hunter2@host/v1", "http://host/v1?key=hunter2", "http://host/#hunter2"]
)
def test_an_address_with_a_secret_in_it_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ConfigError, match="plain address") as caught:
        provider_preset(address)
    assert "hunter2" not in caught.value.message


SECRETS = [
    "sk-proj-1234567890abcdefghij",
    "sk_live_abcdefgh12345678901",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "AIzaSyA1234567890abcdefghijklmnop",
    "deadbeefdeadbeefdeadbeefdeadbeef",
    "Qm9yZWQgb2YgcGFzc3dvcmRz",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_key_in_place_of_its_variable_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ConfigError, match="Put the key into a variable") as caught:
        provider_preset("openai", env_key=secret)
    assert secret not in caught.value.message


@pytest.mark.parametrize("name", ["", "MY KEY", "1KEY", "KEY=value", "$KEY"])
def test_what_cannot_be_a_variable_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="must be the name of an environment variable"):
        provider_preset("openai", env_key=name)


@pytest.mark.parametrize("name", ["KEY", "OPENAI_API_KEY", "MY_COMPANY_INTERNAL_GATEWAY_TOKEN_V2", "key_for_local_server2", "SK_KEY"])
def test_the_name_of_a_variable_is_not_taken_for_a_key(name: str) -> None:
    assert not looks_like_a_key(name)
