"""What /diff reads of a session's folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from codex_desk.engine import folders
from codex_desk.engine.errors import Refusal


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    (folder / "kept.txt").write_text("one\n")
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"], cwd=folder, check=True)
    return folder


async def test_changes_and_new_files_are_one_diff_seen_from_any_folder_of_it(repo: Path) -> None:
    (repo / "kept.txt").write_text("two\n")
    (repo / "sub").mkdir()
    (repo / "fresh one.txt").write_text("first\nsecond")
    (repo / ".gitignore").write_text("*.log\n")
    (repo / "noise.log").write_text("x")
    told = await folders.changes(repo / "sub")
    assert "-one\n+two" in told
    assert "+++ b/fresh one.txt\n@@ -0,0 +1,2 @@\n+first\n+second\n" in told
    assert "noise.log" not in told


async def test_nothing_changed_is_empty(repo: Path) -> None:
    assert await folders.changes(repo) == ""


async def test_what_cannot_be_shown_is_named(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret words")
    (repo / "link").symlink_to(tmp_path / "secret")
    (repo / "logo.png").write_bytes(b"\x89PNG\0\0")
    (repo / "long.txt").write_text("x\n" * folders.NEW_FILE_BYTES)
    (repo / "two\nlines\x1b[31m").write_text("x\n")
    os.mkfifo(repo / "pipe")
    told = await folders.changes(repo)
    assert "secret words" not in told and "not read: its real path lies outside" in told
    assert "Binary files /dev/null and b/logo.png differ" in told
    assert "the rest of the file is left out here" in told
    assert "\x1b" not in told and "b/two lines␛[31m\n" in told


async def test_a_very_long_diff_is_cut_with_a_word_about_it(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "DIFF_BYTES", 4_000)
    (repo / "kept.txt").write_text("many words of a line\n" * 2_000)
    told = await folders.changes(repo)
    assert told.endswith("the rest of the changes is left out here; git diff has all of it\n")
    assert len(told) < 4_000


async def test_a_folder_without_git_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="git in"):
        await folders.changes(tmp_path)
