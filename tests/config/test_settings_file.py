from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_desk.config import ConfigError, Provider, add_provider, provider_preset, set_user_setting, setting, thread_setting
from codex_desk.config.keys import merged, planted
from codex_desk.config.writing import rewritten
from tests.config.settings_files import Desk


def test_a_setting_is_written_and_in_force(desk: Desk) -> None:
    set_user_setting(desk.home, "model", "new")
    resolved = desk.resolve()
    assert (resolved.settings.model, resolved.sources["model"]) == ("new", "settings.toml")


def test_the_users_file_is_never_written(desk: Desk) -> None:
    desk.config_toml.write_text('# mine\nmodel = "old"\n')
    set_user_setting(desk.home, "model", "new")
    assert desk.config_toml.read_text() == '# mine\nmodel = "old"\n'


def test_text_is_read_as_the_settings_type(desk: Desk) -> None:
    set_user_setting(desk.home, "agents.max_depth", "2")
    set_user_setting(desk.home, "tui.mouse", "false")
    set_user_setting(desk.home, "project_root_markers", '["go.mod"]')
    set_user_setting(desk.home, 'tui.keymap."app.quit"', "ctrl+q")
    assert tomllib.loads(desk.settings_toml.read_text()) == {
        "agents": {"max_depth": 2},
        "tui": {"mouse": False, "keymap": {"app.quit": "ctrl+q"}},
        "project_root_markers": ["go.mod"],
    }


def test_what_stood_in_the_file_stays_even_if_this_version_does_not_know_it(desk: Desk) -> None:
    desk.settings_toml.write_text("from_the_future = 1\n[tui]\nbell = false\n")
    set_user_setting(desk.home, "tui.mouse", False)
    assert tomllib.loads(desk.settings_toml.read_text()) == {"from_the_future": 1, "tui": {"bell": False, "mouse": False}}


def test_none_takes_a_setting_out_again(desk: Desk) -> None:
    set_user_setting(desk.home, "tui.mouse", False)
    set_user_setting(desk.home, "tui.mouse", None)
    assert desk.settings_toml.read_text() == ""
    assert desk.resolve().sources["tui.mouse"] == "default"


def test_the_file_and_a_new_home_are_private(tmp_path: Path) -> None:
    home = tmp_path / "new"
    set_user_setting(home, "model", "new")
    assert stat.S_IMODE((home / "settings.toml").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("sandbox_mode", "wide-open", "bad_value"),
        ("agents.max_depth", "deep", "bad_value"),
        ("project_root_markers", ".git", "bad_value"),
        ("sandbox_workspace_write.writable_roots", '["relative"]', "bad_value"),
        ("model_providers.local.wire_api", "chat", "bad_value"),
        ("modle", "x", "unknown_key"),
        ("agents", "x", "unknown_key"),
        ("mcp_servers.x.command", "x", "unknown_key"),
        ("not a key", "x", "unknown_key"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_written(desk: Desk, key: str, value: str, code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        set_user_setting(desk.home, key, value)
    assert caught.value.code == code
    assert not desk.settings_toml.exists()


def test_a_value_that_is_needed_cannot_be_taken_out(desk: Desk) -> None:
    add_provider(desk.home, "local", Provider(base_url="http://127.0.0.1:1/v1", wire_api="chat"))
    with pytest.raises(ConfigError):
        set_user_setting(desk.home, "model_providers.local.base_url", None)
    assert desk.resolve().settings.model_providers["local"].base_url == "http://127.0.0.1:1/v1"


def test_a_file_that_was_broken_by_hand_is_not_overwritten(desk: Desk) -> None:
    desk.settings_toml.write_text("model = \n")
    with pytest.raises(ConfigError, match="not TOML"):
        set_user_setting(desk.home, "model", "new")
    assert desk.settings_toml.read_text() == "model = \n"


def test_a_provider_is_kept_with_what_differs_from_the_defaults(desk: Desk) -> None:
    name, provider = provider_preset("openrouter")
    add_provider(desk.home, name, provider)
    assert tomllib.loads(desk.settings_toml.read_text()) == {
        "model_providers": {
            "openrouter": {
                "name": "OpenRouter",
                "base_url": "https://openrouter.ai/api/v1",
                "env_key": "OPENROUTER_API_KEY",
                "wire_api": "chat",
            }
        }
    }


def test_a_provider_with_a_model_becomes_the_default(desk: Desk) -> None:
    name, provider = provider_preset("ollama")
    add_provider(desk.home, name, provider, model="qwen3")
    resolved = desk.resolve()
    assert (resolved.provider, resolved.settings.model) == (provider, "qwen3")


def test_a_provider_added_again_is_replaced_whole(desk: Desk) -> None:
    add_provider(desk.home, "local", Provider(base_url="http://127.0.0.1:1/v1", env_key="OLD_KEY"))
    add_provider(desk.home, "local", Provider(base_url="http://127.0.0.1:2/v1"))
    assert desk.resolve().settings.model_providers["local"] == Provider(base_url="http://127.0.0.1:2/v1")


@pytest.mark.parametrize("name", ["sandbox", "sandbox_mode"])
def test_a_threads_setting_may_be_named_in_short(name: str) -> None:
    assert thread_setting(name, "read-only") == ("sandbox_mode", "read-only")


def test_a_threads_setting_is_ready_to_be_stored(desk: Desk) -> None:
    name, value = thread_setting("sandbox_workspace_write.writable_roots", '["/data"]')
    assert (name, value) == ("sandbox_workspace_write.writable_roots", ["/data"])
    assert desk.resolve(thread={name: value}).settings.sandbox_workspace_write.writable_roots == (Path("/data"),)


@pytest.mark.parametrize("name", ["tui.theme", "model_providers.local.base_url", "profiles.cheap.model", "project_root_markers", "mdel"])
def test_what_is_no_setting_of_a_thread_is_refused(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        thread_setting(name, "x")
    assert caught.value.code == "unknown_key"


def test_a_setting_that_was_probably_meant_is_named() -> None:
    with pytest.raises(ConfigError, match="did you mean max_depth"):
        setting("agents.max_dept", 1)


COMMENTED = """# how I like it
model = "old"  # the cheap one

[tui]
# at night
theme = "desk-dark"
"""


def test_comments_and_order_of_the_file_stay(desk: Desk) -> None:
    desk.settings_toml.write_text(COMMENTED)
    set_user_setting(desk.home, "tui.mouse", False)
    set_user_setting(desk.home, "model", "new")
    assert desk.settings_toml.read_text() == COMMENTED.replace('"old"', '"new"') + "mouse = false\n"


def test_an_edit_made_outside_in_between_is_kept(desk: Desk) -> None:
    set_user_setting(desk.home, "model", "new")
    desk.settings_toml.write_text(desk.settings_toml.read_text() + "\n[tui]\nbell = false # mine\n")
    set_user_setting(desk.home, "sandbox_mode", "read-only")
    assert "bell = false # mine" in desk.settings_toml.read_text()
    assert desk.resolve().settings.model == "new"


VALUES = st.one_of(st.booleans(), st.integers(0, 9), st.text(max_size=5), st.lists(st.text(max_size=3), max_size=2))
KEYS = st.sampled_from([("model",), ("tui", "mouse"), ("tui", "keymap", "composer.send"), ("a", "b", "c"), ("a", "new", "er")])
TEXTS = [
    "",
    COMMENTED,
    'tui.mouse = true\ntui.keymap.help = "f2"\n',
    "a = {b = {c = 1}}\n",
    "[a.b]\nc = 1\n[tui]\n[a.e]\nf = 2\n[a]\nz = 1\n",
]


@pytest.mark.parametrize("text", TEXTS)
@given(edits=st.lists(st.tuples(KEYS, VALUES), max_size=4))
@settings(max_examples=40, deadline=None)
def test_whatever_the_file_looks_like_it_holds_what_is_written(text: str, edits: list[tuple[tuple[str, ...], object]]) -> None:
    whole = tomllib.loads(text)
    for key, value in edits:
        whole = merged(whole, planted(key, value))
    assert tomllib.loads(rewritten(text, whole)) == whole


def test_line_ends_and_a_byte_order_mark_of_another_editor_are_no_matter(desk: Desk) -> None:
    desk.settings_toml.write_bytes(b'\xef\xbb\xbf# hers\r\nmodel = "old"\r\n\r\n[tui]\r\nbell = false\r\n')
    assert desk.resolve().settings.model == "old"
    set_user_setting(desk.home, "model", "new")
    assert desk.settings_toml.read_bytes() == b'# hers\r\nmodel = "new"\r\n\r\n[tui]\r\nbell = false\r\n'


@pytest.mark.parametrize("spoil", ["folder", "fifo", "large", "binary"])
def test_what_is_no_settings_file_is_refused_by_name_and_left_alone(desk: Desk, spoil: str) -> None:
    file = desk.settings_toml
    match spoil:
        case "folder":
            file.mkdir()
        case "fifo":
            os.mkfifo(file)
        case "large":
            file.write_bytes(b"# x\n" * 3_000_000)
        case "binary":
            file.write_bytes(b'model = "a"\n\xff\xfe')
    for touch in (desk.resolve, lambda: set_user_setting(desk.home, "model", "new")):
        with pytest.raises(ConfigError, match=str(file)):
            touch()
    assert file.exists()
    assert not [entry.name for entry in desk.home.iterdir() if entry.name.startswith(".settings")]
