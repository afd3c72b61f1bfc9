from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from codex_desk.config import ConfigError
from tests.config.settings_files import Desk


def test_without_any_file_the_defaults_hold(desk: Desk) -> None:
    resolved = desk.resolve()
    settings = resolved.settings
    assert (settings.runtime, settings.sandbox_mode, settings.approval_policy) == ("auto", "workspace-write", "on-request")
    assert (settings.agents.max_threads, settings.agents.max_depth, settings.agents.max_attach_depth) == (6, 1, 3)
    assert (settings.budgets.hops, settings.budgets.wakes, settings.budgets.turns) == (8, 25, 200)
    assert set(resolved.sources.values()) == {"default"}
    assert resolved.warnings == ()


def test_openai_is_there_without_being_defined(desk: Desk) -> None:
    provider = desk.resolve().provider
    assert (provider.base_url, provider.env_key, provider.wire_api) == ("https://api.openai.com/v1", "OPENAI_API_KEY", "responses")


LAYERS = ["default", "config.toml", "settings.toml", "project", "environment", "profile", "thread", "flag"]


@pytest.mark.parametrize("highest", LAYERS)
def test_the_highest_layer_that_sets_a_key_wins_and_is_named(desk: Desk, highest: str) -> None:
    used = LAYERS[: LAYERS.index(highest) + 1]
    desk.config_toml.write_text(
        ('model = "config.toml"\n' if "config.toml" in used else "") + '[profiles.one]\nmodel = "profile"\n[profiles.none]\n'
    )
    if "settings.toml" in used:
        desk.settings_toml.write_text('model = "settings.toml"\n')
    if "project" in used:
        desk.project_toml.write_text('model = "project"\n')
    resolved = desk.resolve(
        env={"CODEX_DESK_MODEL": "environment"} if "environment" in used else {},
        thread={"profile": "one" if "profile" in used else "none"} | ({"model": "thread"} if "thread" in used else {}),
        flags={"model": "flag"} if "flag" in used else {},
    )
    assert resolved.settings.model == ("gpt-5.1" if highest == "default" else highest)
    assert resolved.sources["model"] == highest


def test_tables_are_merged_key_by_key(desk: Desk) -> None:
    desk.config_toml.write_text("[agents]\nmax_threads = 9\nmax_depth = 2\n")
    desk.settings_toml.write_text("[agents]\nmax_depth = 3\n")
    resolved = desk.resolve()
    assert (resolved.settings.agents.max_threads, resolved.settings.agents.max_depth) == (9, 3)
    assert (resolved.sources["agents.max_threads"], resolved.sources["agents.max_depth"]) == ("config.toml", "settings.toml")


def test_lists_are_replaced(desk: Desk) -> None:
    desk.config_toml.write_text('project_root_markers = [".git", ".hg"]\n')
    desk.settings_toml.write_text('project_root_markers = ["go.mod"]\n')
    assert desk.resolve().settings.project_root_markers == ("go.mod",)


def test_every_setting_has_a_source_and_a_value(desk: Desk) -> None:
    desk.config_toml.write_text('[model_providers.local]\nbase_url = "http://127.0.0.1:1/v1"\n[profiles.cheap]\nmodel = "mini"\n')
    resolved = desk.resolve()
    assert resolved.sources.keys() == resolved.flat().keys()
    assert resolved.sources["model_providers.local.base_url"] == "config.toml"
    assert resolved.sources["model_providers.local.wire_api"] == "default"
    assert resolved.flat()["profiles.cheap.model"] == "mini"


def test_the_environment_reaches_into_tables_and_lists(desk: Desk) -> None:
    settings = desk.resolve(
        env={
            "CODEX_DESK_AGENTS__MAX_DEPTH": "2",
            "CODEX_DESK_SANDBOX_WORKSPACE_WRITE__NETWORK_ACCESS": "true",
            "CODEX_DESK_PROJECT_ROOT_MARKERS": '["go.mod"]',
            "CODEX_DESK_MODEL_PROVIDERS__LOCAL__BASE_URL": "http://127.0.0.1:1/v1",
            "CODEX_DESK_MODEL": "",
        }
    ).settings
    assert settings.agents.max_depth == 2
    assert settings.sandbox_workspace_write.network_access
    assert settings.project_root_markers == ("go.mod",)
    assert settings.model_providers["local"].base_url == "http://127.0.0.1:1/v1"
    assert settings.model == "gpt-5.1"


def test_home_and_thread_are_no_settings_and_other_variables_are_nobodys_business(desk: Desk) -> None:
    env = {"CODEX_DESK_HOME": "/elsewhere", "CODEX_DESK_THREAD": "codex", "PATH": "/bin", "MODEL": "other"}
    assert desk.resolve(env=env).warnings == ()


def test_an_unknown_variable_is_a_warning(desk: Desk) -> None:
    (warning,) = desk.resolve(env={"CODEX_DESK_MODLE": "x"}).warnings
    assert (warning.key, warning.message) == ("CODEX_DESK_MODLE", "unknown key; did you mean model?")


@pytest.mark.parametrize(("variable", "text"), [("CODEX_DESK_AGENTS__MAX_DEPTH", "deep"), ("CODEX_DESK_PROJECT_ROOT_MARKERS", ".git")])
def test_a_wrong_variable_is_an_error(desk: Desk, variable: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        desk.resolve(env={variable: text})
    assert caught.value.file is None
    assert caught.value.code == "bad_value"


def test_a_profile_may_be_chosen_in_a_file(desk: Desk) -> None:
    desk.config_toml.write_text('profile = "cheap"\nmodel = "big"\n[profiles.cheap]\nmodel = "small"\n')
    assert desk.resolve().settings.model == "small"


def test_a_thread_may_choose_another_profile_than_the_file(desk: Desk) -> None:
    desk.config_toml.write_text('profile = "a"\n[profiles.a]\nmodel = "model-a"\n[profiles.b]\nmodel = "model-b"\n')
    assert desk.resolve(thread={"profile": "b"}).settings.model == "model-b"


def test_a_profile_that_is_not_there_is_an_error_where_it_was_chosen(desk: Desk) -> None:
    desk.config_toml.write_text('\nprofile = "chaep"\n[profiles.cheap]\nmodel = "small"\n')
    with pytest.raises(ConfigError) as caught:
        desk.resolve()
    assert (caught.value.file, caught.value.line, caught.value.key) == (desk.config_toml, 2, "profile")
    assert "there are: cheap" in caught.value.message


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ('\n\nsandbox_mode = "wide-open"\n', 3, "sandbox_mode"),
        ('[agents]\nmax_threads = "many"\n', 2, "agents.max_threads"),
        ("# comment\nagents = { max_depth = 1,\n  max_threads = -1 }\n".replace("\n  ", " "), 2, "agents.max_threads"),
        ('[model_providers."my own"]\nname = "x"\nbase_url = "file:///etc"\n', 3, 'model_providers."my own".base_url'),
        ('model = "x"\n[model_providers.local]\nname = "no address"\n', 2, "model_providers.local.base_url"),
        ("model = 5\n", 1, "model"),
        ("agents = 5\n", 1, "agents"),
        ('approval_policy = "untrusted"\n', 1, "approval_policy"),
        ('runtime = "turbo"\n', 1, "runtime"),
        ("[budgets]\ndeadline_h = inf\n", 2, "budgets.deadline_h"),
        ('[profiles.cheap]\nsandbox_mode = "none"\n', 2, "profiles.cheap.sandbox_mode"),
        ('[sandbox_workspace_write]\nwritable_roots = ["relative"]\n', 2, "sandbox_workspace_write.writable_roots"),
    ],
)
def test_a_wrong_value_is_an_error_with_file_line_and_key(desk: Desk, text: str, line: int, key: str) -> None:
    desk.config_toml.write_text(text)
    with pytest.raises(ConfigError) as caught:
        desk.resolve()
    assert (caught.value.file, caught.value.line, caught.value.key) == (desk.config_toml, line, key)
    assert caught.value.message.startswith(f"{desk.config_toml}:{line}: {key}: ")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'model = "x"\nmodel = \n', 2),
        (b'model = "x"\nmodel = "y"\n', 2),
        (b"\n\n[agents\n", 3),
        (b'model = """\nnever closed', 2),
        (b'model = "x"\nname = "\xff"\n', 2),
    ],
)
def test_broken_toml_is_an_error_with_file_and_line(desk: Desk, content: bytes, line: int) -> None:
    desk.settings_toml.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        desk.resolve()
    assert (caught.value.file, caught.value.line, caught.value.code) == (desk.settings_toml, line, "bad_settings")


@pytest.mark.parametrize("content", [b"x = " + b"[" * 20_000, b"#" * (1 << 20) + b"\nx = 1"], ids=["deep", "long"])
def test_a_file_made_to_exhaust_us_is_an_error(desk: Desk, content: bytes) -> None:
    desk.config_toml.write_bytes(content)
    with pytest.raises(ConfigError):
        desk.resolve()


def test_settings_that_are_a_fifo_are_refused_without_waiting(desk: Desk) -> None:
    os.mkfifo(desk.config_toml)
    with pytest.raises(ConfigError, match="not a regular file"):
        desk.resolve()


def test_the_users_settings_may_be_a_link(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "dotfile.toml").write_text('model = "linked"\n')
    desk.config_toml.symlink_to(tmp_path / "dotfile.toml")
    assert desk.resolve().settings.model == "linked"


def test_an_unknown_key_is_a_warning_with_file_and_line_and_the_key_that_was_meant(desk: Desk) -> None:
    desk.config_toml.write_text('model = "x"\n[agents]\nmax_thread = 3\n')
    (warning,) = desk.resolve().warnings
    assert str(warning) == f"{desk.config_toml}:3: agents.max_thread: unknown key; did you mean max_threads?"


def test_a_configuration_made_for_codex_is_taken_with_what_is_unused_named(desk: Desk) -> None:
    desk.config_toml.write_text(
        """
model = "gpt-5.1-codex"
notify = ["notify-send"]
disable_response_storage = true
[history]
persistence = "none"
[mcp_servers.docs]
command = "docs"
[model_providers.proxy]
base_url = "https://proxy.example/v1"
env_key = "PROXY_KEY"
http_headers = { team = "desk" }
[agents]
max_threads = 4
[agents.reviewer]
description = "reviews"
[tui]
notifications = true
[tui.keymap.global]
quit = "ctrl-q"
[sandbox_workspace_write]
exclude_slash_tmp = true
[profiles.fast]
model = "mini"
model_verbosity = "low"
[projects."/work"]
trust_level = "trusted"
[features]
goals = true
"""
    )
    resolved = desk.resolve()
    assert (resolved.settings.model, resolved.settings.agents.max_threads) == ("gpt-5.1-codex", 4)
    assert {warning.message for warning in resolved.warnings} == {"a key of Codex's that codex-desk does not use"}
    assert {(warning.key, warning.line) for warning in resolved.warnings} == {
        ("notify", 3),
        ("disable_response_storage", 4),
        ("history", 5),
        ("mcp_servers", 7),
        ("model_providers.proxy.http_headers", 12),
        ("agents.reviewer", 15),
        ("tui.notifications", 18),
        ("tui.keymap.global", 19),
        ("sandbox_workspace_write.exclude_slash_tmp", 22),
        ("profiles.fast.model_verbosity", 25),
        ("projects", 26),
        ("features", 28),
    }


@pytest.mark.parametrize(
    "text",
    [
        "[agents]\nshared_workspace = true\n",
        "[agents.shared_workspace]\nenabled = true\n",
        "[subagents.shared_scope]\nenabled = true\n",
    ],
)
def test_the_board_is_switched_on_in_three_ways(desk: Desk, text: str) -> None:
    desk.config_toml.write_text(text)
    resolved = desk.resolve()
    assert resolved.settings.agents.shared_workspace.enabled
    assert resolved.warnings == ()


def test_a_wrong_value_under_the_boards_other_name_is_found_on_its_line(desk: Desk) -> None:
    desk.config_toml.write_text('[subagents.shared_scope]\nenabled = true\nkind = "pigeons"\n')
    with pytest.raises(ConfigError) as caught:
        desk.resolve()
    assert (caught.value.line, caught.value.key) == (3, "agents.shared_workspace.kind")


def test_a_changed_file_is_read_again(desk: Desk) -> None:
    desk.config_toml.write_text('model = "one"\n')
    desk.resolve()
    desk.config_toml.write_text('model = "three"\n')
    assert desk.resolve().settings.model == "three"


def test_a_file_replaced_by_one_of_the_same_size_and_time_is_read_again(desk: Desk) -> None:
    desk.config_toml.write_text('model = "one"\n')
    before = desk.config_toml.stat()
    desk.resolve()
    draft = desk.home / "draft"
    draft.write_text('model = "two"\n')
    os.utime(draft, ns=(before.st_atime_ns, before.st_mtime_ns))
    draft.replace(desk.config_toml)
    assert desk.resolve().settings.model == "two"


def test_a_file_of_the_users_that_vanishes_is_an_error_and_not_a_return_to_the_defaults(desk: Desk) -> None:
    desk.config_toml.write_text('sandbox_mode = "read-only"\n')
    desk.resolve()
    desk.config_toml.unlink()
    for _ in range(2):
        with pytest.raises(ConfigError, match="put it back"):
            desk.resolve()


def test_a_file_that_breaks_is_an_error_until_it_is_mended(desk: Desk) -> None:
    desk.config_toml.write_text('model = "one"\n')
    desk.resolve()
    desk.config_toml.write_text("model = \n")
    for _ in range(2):
        with pytest.raises(ConfigError):
            desk.resolve()
    desk.config_toml.write_text('model = "mended"\n')
    assert desk.resolve().settings.model == "mended"


def test_unchanged_settings_are_resolved_in_about_a_millisecond(desk: Desk) -> None:
    desk.config_toml.write_text('model = "one"\n[profiles.cheap]\nmodel = "mini"\n')
    desk.project_toml.write_text('model = "two"\n')
    desk.resolve(thread={"profile": "cheap"})
    taken = []
    for _ in range(50):
        started = time.process_time()
        desk.resolve(thread={"profile": "cheap"})
        taken.append(time.process_time() - started)
    assert min(taken) < 0.0015


def test_no_error_repeats_a_secret_that_stands_in_the_wrong_place(desk: Desk) -> None:
    secret = "sk-proj-1234567890abcdefghij"
    desk.config_toml.write_text(f'[model_providers.local]\nbase_url = "http://127.0.0.1:1/v1"\nenv_key = "{secret}"\n')
    with pytest.raises(ConfigError, match="the name of an environment variable") as caught:
        desk.resolve()
    assert (caught.value.line, caught.value.key) == (3, "model_providers.local.env_key")
    assert secret not in caught.value.message
    assert caught.value.__suppress_context__


def test_thread_settings_may_be_dotted_or_nested(desk: Desk) -> None:
    dotted = desk.resolve(thread={"agents.max_depth": 2, 'tui.keymap."app.quit"': "q"}).settings
    assert (dotted.agents.max_depth, dotted.tui.keymap) == (2, {"app.quit": "q"})
    assert desk.resolve(thread={"agents": {"max_depth": 2}}).settings.agents.max_depth == 2


def test_a_stored_setting_that_this_version_does_not_know_is_a_warning(desk: Desk) -> None:
    (warning,) = desk.resolve(thread={"from_the_future": 1}).warnings
    assert warning.key == "from_the_future"
