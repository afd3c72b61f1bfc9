from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.tools.environment import human_environment, search_path, secrets_of, tool_environment

HOME = Path("/desk")


def environment(env: dict[str, str], *, network: bool = False) -> dict[str, str]:
    return tool_environment("t1", HOME, network=network, env=env)


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "FOO_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "DB_PASSWORD",
        "SSH_AUTH_SOCK",
        "TMUX",
        "DOCKER_HOST",
        "LC_TOKEN",
        "LC_API_KEY",
        "BASH_ENV",
        "ENV",
        "LD_PRELOAD",
        "ANYTHING_ELSE",
    ],
)
def test_what_is_not_on_the_list_or_sounds_secret_is_left_out(name: str) -> None:
    assert name not in environment({name: "x"})


@pytest.mark.parametrize("name", ["HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "TZ"])
def test_what_tools_need_is_passed(name: str) -> None:
    assert environment({name: "x"})[name] == "x"


def test_the_thread_is_named() -> None:
    assert environment({"CODEX_DESK_THREAD": "another"})["CODEX_DESK_THREAD"] == "t1"


def test_a_proxy_is_passed_with_the_network_only() -> None:
    assert "https_proxy" in environment({"https_proxy": "http://proxy:3128"}, network=True)
    assert "https_proxy" not in environment({"https_proxy": "http://proxy:3128"})


def test_a_proxy_with_a_password_is_not_passed() -> None:
    assert "https_proxy" not in environment({"https_proxy": "http://me:pw@proxy:3128"}, network=True)


@pytest.mark.parametrize(
    ("path", "kept"), [(".:/usr/bin::bin", "/usr/bin"), ("", "/usr/local/bin:/usr/bin:/bin"), (".", "/usr/local/bin:/usr/bin:/bin")]
)
def test_programs_are_never_found_relative_to_a_folder(path: str, kept: str) -> None:
    assert search_path({"PATH": path}) == kept


def test_the_humans_own_commands_get_everything_but_secrets_and_the_mark_of_an_agent() -> None:
    env = {"EDITOR": "vi", "SSH_AUTH_SOCK": "/run/agent", "GIT_AUTHOR_NAME": "me", "FOO_TOKEN": "x", "CODEX_DESK_THREAD": "t1"}
    given = human_environment(HOME, env)
    assert {"EDITOR", "SSH_AUTH_SOCK", "GIT_AUTHOR_NAME"} <= set(given)
    assert not {"FOO_TOKEN", "CODEX_DESK_THREAD"} & set(given)


def test_a_secret_is_known_by_its_name_or_by_a_password_in_an_address() -> None:
    env = {"A_KEY": "1", "DATABASE_URL": "postgres://me:pw@db/x", "HOMEPAGE": "https://example.org", "XAUTHORITY": "/x"}
    assert set(secrets_of(env)) == {"A_KEY", "DATABASE_URL"}
