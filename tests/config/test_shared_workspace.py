"""How the board is asked for: both spellings, and what the sample of the request gets to hear."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.config import ConfigError, resolve
from codex_desk.config.schema import SharedWorkspace

SAMPLE = """\
[agents]
max_threads = 5
max_depth = 1
shared_workspace = true
shared_workspace_mode = "append-only" # or "parent-mediated"

[agents.shared_workspace]
path = ".codex/shared-agent-work"
visibility = "workflow" # workflow | project | session
"""


def shared(home: Path, text: str) -> SharedWorkspace:
    (home / "config.toml").write_text(text)
    found = resolve(home, project=None, trusted=False, env={})
    assert found.warnings == ()
    return found.settings.agents.shared_workspace


@pytest.mark.row("S3-01", "S3-31")
def test_nobody_gets_a_board_without_asking(tmp_path: Path) -> None:
    assert shared(tmp_path, "") == SharedWorkspace(enabled=False, kind="message_bus", visibility="workflow", write_policy="append-only")


@pytest.mark.row("S3-14", "S3-17", "S3-19")
def test_the_short_form_and_its_mode(tmp_path: Path) -> None:
    found = shared(
        tmp_path, '[agents]\nmax_threads = 5\nmax_depth = 1\nshared_workspace = true\nshared_workspace_mode = "parent-mediated"\n'
    )
    assert (found.enabled, found.write_policy) == (True, "parent-mediated")


@pytest.mark.row("S3-14", "S3-15", "S3-16", "S3-18")
@pytest.mark.parametrize("table", ["agents.shared_workspace", "subagents.shared_scope"])
def test_both_spellings_of_the_table(tmp_path: Path, table: str) -> None:
    body = 'enabled = true\nkind = "hybrid"\nvisibility = "project"\nwrite_policy = "append-only"\npath = "notes/board"\n'
    wanted = SharedWorkspace(enabled=True, kind="hybrid", visibility="project", write_policy="append-only", path="notes/board")
    assert shared(tmp_path, f"[{table}]\n{body}") == wanted


def test_the_mode_goes_with_the_table_which_has_the_last_word(tmp_path: Path) -> None:
    text = '[agents]\nshared_workspace_mode = "parent-mediated"\n[agents.shared_workspace]\nenabled = true\n'
    assert shared(tmp_path, text).write_policy == "parent-mediated"
    assert shared(tmp_path, text + 'write_policy = "append-only"\n').write_policy == "append-only"


@pytest.mark.row("S3-18")
def test_the_sample_s_key_and_table_are_told_apart_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml:7: agents\.shared_workspace: is both a key .* `enabled = true`"):
        shared(tmp_path, SAMPLE)


@pytest.mark.row("S3-18")
def test_the_sample_s_path_is_refused_with_one_to_write(tmp_path: Path) -> None:
    mended = SAMPLE.replace("shared_workspace = true\n", "").replace("path =", "enabled = true\npath =")
    with pytest.raises(
        ConfigError, match=r'config\.toml:8: agents\.shared_workspace\.path: must not lie in \.codex.*path = "shared-agent-work"'
    ):
        shared(tmp_path, mended)


@pytest.mark.row("S3-34")
@pytest.mark.parametrize(
    "path", ["/tmp/x", "../x", "a/../../x", ".git/x", "a/.GIT", ".github", ".codex-desk/b", ".agents", "~/x", "", ".", "C:/x"]
)
def test_a_path_outside_of_a_folder_of_its_own_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigError, match="must"):
        shared(tmp_path, f'[agents.shared_workspace]\nenabled = true\npath = "{path}"\n')
