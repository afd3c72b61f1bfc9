from __future__ import annotations

import pytest

from codex_desk.config.describing import Place, SettingRow, described, environment_variable, said, setting_rows, written
from codex_desk.config.keys import setting, setting_key
from codex_desk.config.schema import Profile, Settings
from tests.config.settings_files import Desk

PROFILE = {
    "runtime": '"offline"',
    "model": '"mini"',
    "model_provider": '"openai"',
    "model_reasoning_effort": '"low"',
    "sandbox_mode": '"read-only"',
    "approval_policy": '"never"',
    "developer_instructions": '"be brief"',
    "model_context_window": "1000",
    "model_auto_compact_token_limit": "900",
}


def row(rows: list[SettingRow], name: str) -> SettingRow:
    return next(row for row in rows if row.name == name)


def test_every_setting_says_what_it_is_for(desk: Desk) -> None:
    desk.config_toml.write_text("[profiles.cheap]\n" + "".join(f"{name} = {value}\n" for name, value in PROFILE.items()))
    rows = setting_rows(desk.resolve())
    assert [one.name for one in rows if not one.described.about] == []
    assert {one.described.key[-1] for one in rows if one.described.key[0] == "profiles"} == set(PROFILE) == set(Profile.model_fields)


def test_a_setting_tells_the_layer_in_force_and_what_that_hides(desk: Desk) -> None:
    desk.config_toml.write_text('sandbox_mode = "danger-full-access"\n\nmodel = "a"\n')
    desk.settings_toml.write_text('[tui]\n# a note\ntheme = "desk-dusk"\n')
    desk.project_toml.write_text('model = "b"\n')
    rows = setting_rows(desk.resolve(env={"CODEX_DESK_MODEL": "c"}))
    model = row(rows, "model")
    assert (model.value, model.place) == ("c", Place("environment", "c"))
    assert model.hidden == (Place("project", "b", desk.project_toml, 1), Place("config.toml", "a", desk.config_toml, 3))
    assert row(rows, "tui.theme").place == Place("settings.toml", "desk-dusk", desk.settings_toml, 3)
    assert row(rows, "tui.mouse").places == ()


def test_a_value_of_a_profile_is_named_with_the_place_where_the_profile_says_it(desk: Desk) -> None:
    desk.config_toml.write_text('[profiles.cheap]\nmodel = "mini"\n')
    found = row(setting_rows(desk.resolve(thread={"profile": "cheap"})), "model").place
    assert found == Place("profile", "mini", desk.config_toml, 2)


def test_a_hidden_value_that_may_be_a_secret_is_not_shown(desk: Desk) -> None:
    desk.config_toml.write_text('[model_providers.local]\nbase_url = "http://me:secret@127.0.0.1:1/v1"\n')
    desk.settings_toml.write_text('[model_providers.local]\nbase_url = "http://127.0.0.1:1/v1"\n')
    found = row(setting_rows(desk.resolve()), "model_providers.local.base_url")
    assert [place.value for place in found.hidden] == [None]
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("name", "kind", "choices", "of_thread"),
    [
        ("sandbox_mode", "choice", ("read-only", "workspace-write", "danger-full-access"), True),
        ("sandbox_workspace_write.network_access", "switch", (), True),
        ("agents.max_depth", "number", (), True),
        ("budgets.deadline_h", "number", (), True),
        ("project_root_markers", "list", (), False),
        ("model_reasoning_effort", "text", (), True),
        ("tui.theme", "text", (), False),
        ("tui.keymap.leader", "text", (), False),
        ("model_providers.local.wire_api", "choice", ("responses", "chat"), False),
    ],
)
def test_kind_and_choices_come_from_the_model(name: str, kind: str, choices: tuple[str, ...], of_thread: bool) -> None:
    found = described(setting_key(name))
    assert found is not None
    assert (found.kind, found.choices, found.of_thread) == (kind, choices, of_thread)


@pytest.mark.parametrize("key", [("nonsense",), ("agents",), ("tui", "keymap"), ("model", "x")])
def test_what_holds_no_single_value_is_not_described(key: tuple[str, ...]) -> None:
    assert described(key) is None


def test_every_value_is_read_back_as_it_is_written(desk: Desk) -> None:
    desk.settings_toml.write_text('project_root_markers = [".git", "a \\"b\\" \\\\"]\n')
    for found in setting_rows(desk.resolve()):
        if found.value is not None:
            assert setting(found.name, written(found.value))[1] == found.value


def test_values_are_said_in_words() -> None:
    assert [said(value) for value in (None, True, False, 4.0, 4.5, [], ["a", "b"])] == ["not set", "yes", "no", "4", "4.5", "none", "a, b"]


def test_the_variable_of_a_key_sets_it(desk: Desk) -> None:
    assert desk.resolve(env={environment_variable(("agents", "max_depth")): "3"}).settings.agents.max_depth == 3


def test_a_row_tells_the_default_beside_what_is_set(desk: Desk) -> None:
    desk.settings_toml.write_text("[agents]\nmax_depth = 3\n")
    assert row(setting_rows(desk.resolve()), "agents.max_depth").default == Settings().agents.max_depth
