from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.config import Role, Roles, read_roles, resolve
from tests.config.settings_files import Desk

CRITIC = 'name = "critic"\ndescription = "finds faults"\ndeveloper_instructions = "Be strict."\n'
USERS = '[model_providers.mine]\nbase_url = "http://127.0.0.1:1/v1"\n'


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def read(desk: Desk, *, trusted: bool = True) -> Roles:
    """The roles of a desk whose user defined the provider `mine`."""
    desk.config_toml.write_text(USERS)
    base = resolve(desk.home, project=None, trusted=False, env={})
    return read_roles(
        desk.home, desk.home / "codex", desk.project, trusted=trusted, user=base.settings, providers=tuple(base.own_providers)
    )


def of_project(desk: Desk, text: str, *, trusted: bool = True) -> Roles:
    write(desk.project / ".codex/agents/critic.toml", CRITIC + text)
    return read(desk, trusted=trusted)


def of_user(desk: Desk, text: str) -> Roles:
    write(desk.home / "agents/critic.toml", CRITIC + text)
    return read(desk)


def role(roles: Roles, name: str = "critic") -> Role:
    found = roles.of(name)
    assert found is not None, roles.warnings
    return found


@pytest.mark.row("S0-40")
@pytest.mark.parametrize(
    "place", ["home/codex/agents/critic.toml", "home/codex/agents/a/b/x.toml", "project/.codex/agents/deep/critic.toml"]
)
def test_role_files_are_found_where_codex_has_them(desk: Desk, place: str) -> None:
    file = write(desk.home.parent / place, CRITIC + 'model = "big"\nmodel_reasoning_effort = "low"\n')
    found = role(read(desk))
    assert (found.description, found.file) == ("finds faults", file)
    assert found.settings == {"developer_instructions": "Be strict.", "model": "big", "model_reasoning_effort": "low"}
    assert found.warnings == ()


@pytest.mark.row("S4-08")
def test_a_folder_is_a_role_with_a_configuration_and_instructions_of_its_own(desk: Desk) -> None:
    write(desk.home / "agents/ideas_provider/config.toml", 'model = "small"\n[multi_agent]\nagents = ["critic"]\n')
    write(desk.home / "agents/ideas_provider/AGENTS.md", "# Ideas\n\nGive three ideas.\n")
    found = role(read(desk), "ideas_provider")
    assert found.description == "Give three ideas."
    assert found.settings == {
        "model": "small",
        "multi_agent.agents": ["critic"],
        "developer_instructions": "# Ideas\n\nGive three ideas.",
    }


def test_a_folder_of_instructions_alone_is_a_role(desk: Desk) -> None:
    write(desk.home / "agents/critic/AGENTS.md", "Find faults.")
    assert role(read(desk)).settings == {"developer_instructions": "Find faults."}


@pytest.mark.row("S4-31")
def test_agents_is_short_for_the_roles_that_it_may_use(desk: Desk) -> None:
    assert role(of_user(desk, 'agents = ["tester", "default"]\n')).settings["multi_agent.agents"] == ["tester", "default"]


@pytest.mark.row("S4-09")
def test_a_role_of_the_users_brings_a_provider_of_its_own(desk: Desk) -> None:
    text = 'model_provider = "local"\n[model_providers.local]\nbase_url = "http://127.0.0.1:2/v1"\nenv_key = "LOCAL_KEY"\n'
    settings = role(of_user(desk, text)).settings
    resolved = resolve(desk.home, project=None, trusted=False, env={}, thread=settings)
    assert (resolved.provider.base_url, resolved.provider.env_key) == ("http://127.0.0.1:2/v1", "LOCAL_KEY")


@pytest.mark.row("S4-10")
def test_a_role_chooses_a_profile(desk: Desk) -> None:
    settings = role(of_user(desk, 'profile = "cheap"\n')).settings
    desk.config_toml.write_text('[profiles.cheap]\nmodel = "small"\n')
    assert resolve(desk.home, project=None, trusted=False, env={}, thread=settings).settings.model == "small"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('model_provdier = "mine"\n', "critic.toml:4: model_provdier: unknown key; did you mean model_provider?"),
        ("[mcp_servers.x]\ncommand = 'rm'\n", "critic.toml:4: mcp_servers: a key of Codex's that codex-desk does not use"),
        ("[tui]\nmouse = false\n", "critic.toml:4: tui: not a setting of a thread; it counts for the whole desk"),
    ],
)
def test_a_key_without_effect_is_named_and_the_rest_counts(desk: Desk, text: str, said: str) -> None:
    found = role(of_user(desk, text))
    assert [str(warning).endswith(said) for warning in found.warnings] == [True]
    assert found.settings == {"developer_instructions": "Be strict."}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = 'critic'", "it needs description, developer_instructions"),
        (CRITIC + "model = 3", "x.toml:4: model: ignored, a malformed role: must be a valid string"),
        (CRITIC + "sandbox_mode = 'all'", "sandbox_mode: ignored, a malformed role"),
        (CRITIC.replace("critic", "../critic"), "a role's name is up to 64 letters"),
        (CRITIC + "model = ", "not TOML"),
        (CRITIC.replace('"finds faults"', "3"), "description: ignored, a malformed role: must be a text"),
        ("#" * (1 << 20) + "\n" + CRITIC, "larger than 1 MB"),
    ],
)
def test_a_malformed_file_is_a_warning_and_the_others_count(desk: Desk, text: str, said: str) -> None:
    write(desk.home / "agents/x.toml", text)
    write(desk.home / "agents/y.toml", CRITIC.replace("critic", "other"))
    roles = read(desk)
    assert (list(roles.found), len(roles.warnings)) == (["other"], 1)
    assert said in str(roles.warnings[0])
    assert "x.toml" in str(roles.warnings[0])


def test_of_two_files_with_one_name_the_first_counts_and_the_other_is_named(desk: Desk) -> None:
    first = write(desk.home / "agents/a.toml", CRITIC)
    second = write(desk.home / "agents/b.toml", CRITIC)
    roles = read(desk)
    assert (role(roles).file, [warning.file for warning in roles.warnings]) == (first, [second])


def test_the_projects_role_comes_before_the_users(desk: Desk) -> None:
    of_user(desk, 'model = "mine"\n')
    assert role(of_project(desk, 'model = "theirs"\n')).settings["model"] == "theirs"


# --- §13.3: what a project's may say --------------------------------------------------------------------------------------------------------------


def test_an_untrusted_projects_roles_are_off_and_that_is_said(desk: Desk) -> None:
    roles = of_project(desk, "", trusted=False)
    assert roles.of("critic") is None
    assert "is not trusted (codex-desk trust" in str(roles.warnings[0])


@pytest.mark.parametrize(
    "text",
    [
        '[model_providers.evil]\nbase_url = "http://evil"\n',
        '[model_providers.mine]\nbase_url = "http://evil"\n',
        '[model_providers.mine]\nenv_key = "OTHER"\n',
        'sandbox_mode = "danger-full-access"\n',
        "[sandbox_workspace_write]\nnetwork_access = true\n",
        '[sandbox_workspace_write]\nwritable_roots = ["/"]\n',
        "[agents]\nmax_depth = 9\n",
        'profile = "wide"\n',
        'runtime = "offline"\n',
    ],
)
def test_what_only_the_user_may_say_is_a_warning_in_a_trusted_projects_role(desk: Desk, text: str) -> None:
    found = role(of_project(desk, text))
    assert found.settings == {"developer_instructions": "Be strict."}
    assert len(found.warnings) == 1
    assert "critic.toml" in str(found.warnings[0])


def test_a_trusted_projects_role_narrows_and_chooses(desk: Desk) -> None:
    text = 'model = "m"\nmodel_provider = "mine"\nsandbox_mode = "read-only"\napproval_policy = "never"\nagents = ["tester"]\n'
    found = role(of_project(desk, text))
    assert found.warnings == ()
    assert set(found.settings) == {
        "developer_instructions",
        "model",
        "model_provider",
        "sandbox_mode",
        "approval_policy",
        "multi_agent.agents",
    }


def test_a_projects_file_that_leads_out_of_it_is_no_role(desk: Desk) -> None:
    outside = write(desk.home.parent / "outside.toml", CRITIC)
    (desk.project / ".codex/agents").mkdir(parents=True)
    (desk.project / ".codex/agents/critic.toml").symlink_to(outside)
    roles = read(desk)
    assert (roles.of("critic"), len(roles.warnings)) == (None, 1)


# --- who may use whom ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "offered"),
    [
        (("*",), ["critic", "default", "explorer", "worker"]),
        (("critic",), ["critic"]),
        (("critic", "worker"), ["critic", "worker"]),
        ((), []),
        (("nobody",), []),
    ],
)
def test_a_thread_is_offered_the_roles_that_it_may_use(desk: Desk, allowed: tuple[str, ...], offered: list[str]) -> None:
    assert [each.name for each in of_user(desk, "").offered(allowed)] == offered


# --- declared in Codex's own configuration --------------------------------------------------------------------------------------------------------


@pytest.mark.row("S0-40")
def test_roles_that_codexs_configuration_declares_are_read_with_their_files(desk: Desk) -> None:
    tables = """
[agents]
max_threads = 4
[agents.judge]
description = "finds faults"
config_file = "roles/judge.toml"
nickname_candidates = ["Rex"]
[agents.scout]
description = "looks around"
[agents.named]
config_file = "agents/other.toml"
"""
    config = write(desk.home / "codex/config.toml", tables)
    judge = write(desk.home / "codex/roles/judge.toml", 'developer_instructions = "Be strict."\nmodel = "big"\n')
    write(desk.home / "codex/agents/other.toml", 'name = "titled"\ndescription = "of the file"\ndeveloper_instructions = "i"\n')
    roles = read(desk)
    assert roles.warnings == ()
    assert (role(roles, "judge").description, role(roles, "judge").file) == ("finds faults", judge)
    assert role(roles, "judge").settings == {"developer_instructions": "Be strict.", "model": "big"}
    assert (role(roles, "scout").description, role(roles, "scout").file, role(roles, "scout").settings) == ("looks around", config, {})
    assert (role(roles, "titled").description, roles.of("named")) == ("of the file", None)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('descripton = "d"', "descripton: unknown key"),
        ("description = 3", "description: must be a text"),
        ("", "it needs description"),
        ('description = "d"\nconfig_file = "gone.toml"', "it leads nowhere"),
        ('description = "d"\nconfig_file = "agents/empty.toml"', "it needs developer_instructions"),
    ],
)
def test_a_declaration_that_cannot_be_used_is_a_warning_that_names_it(desk: Desk, table: str, said: str) -> None:
    write(desk.home / "codex/config.toml", f"[agents.judge]\n{table}\n[agents.good]\ndescription = 'd'\n")
    write(desk.home / "codex/agents/empty.toml", "")
    roles = read(desk)
    assert any("malformed role" in str(warning) and said in str(warning) for warning in roles.warnings), roles.warnings
    assert set(roles.found) == {"good"}


def test_a_projects_declarations_count_where_it_is_trusted_and_stay_in_the_project(desk: Desk) -> None:
    outside = write(desk.home / "elsewhere.toml", 'developer_instructions = "i"\n')
    tables = f'[agents.judge]\ndescription = "d"\n[agents.far]\ndescription = "d"\nconfig_file = "{outside}"\n'
    write(desk.project / ".codex/config.toml", tables)
    assert set(read(desk, trusted=False).found) == set()
    assert set(read(desk).found) == {"judge"}


def test_a_codex_configuration_that_is_broken_declares_nothing_and_is_named(desk: Desk) -> None:
    write(desk.home / "codex/config.toml", "[agents")
    write(desk.home / "codex/agents/critic.toml", CRITIC)
    roles = read(desk)
    assert (set(roles.found), len(roles.warnings)) == ({"critic"}, 1)
