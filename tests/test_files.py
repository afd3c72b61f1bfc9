from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from codex_desk.files import FileRefused, read_beneath, read_regular, write_private


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "root"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").write_bytes(b"0123456789")
    return folder


def test_a_file_beneath_the_root_is_read(root: Path) -> None:
    assert read_beneath(root, root / "sub/file") == b"0123456789"


def test_no_more_than_the_limit_is_read(root: Path) -> None:
    assert read_beneath(root, root / "sub/file", 3) == b"012"


def test_a_long_file_is_read_whole(root: Path) -> None:
    (root / "long").write_bytes(b"x" * 3_000_001)
    assert len(read_beneath(root, root / "long")) == 3_000_001


@pytest.mark.parametrize("link", ["file", "folder"])
def test_links_that_stay_inside_are_followed(root: Path, link: str) -> None:
    (root / "link").symlink_to("sub/file" if link == "file" else "sub")
    assert read_beneath(root, root / ("link" if link == "file" else "link/file")) == b"0123456789"


@pytest.mark.parametrize("way", ["../outside/file", "file-link", "folder-link/file"])
def test_nothing_outside_the_root_is_read(root: Path, way: str) -> None:
    (root.parent / "outside").mkdir()
    (root.parent / "outside/file").touch()
    (root / "file-link").symlink_to("../outside/file")
    (root / "folder-link").symlink_to("../outside")
    with pytest.raises(FileRefused, match="outside"):
        read_beneath(root, root / way)


def test_a_folder_that_becomes_a_link_while_it_is_walked_leads_nowhere(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root.parent / "outside").mkdir()
    (root.parent / "outside/file").write_bytes(b"secret")
    resolve = Path.resolve

    def swapped_after_resolving(path: Path, strict: bool = False) -> Path:
        real = resolve(path, strict)
        (root / "sub").rename(root / "was-sub")
        (root / "sub").symlink_to("../outside")
        return real

    monkeypatch.setattr(Path, "resolve", swapped_after_resolving)
    with pytest.raises(OSError):
        read_beneath(root, root / "sub/file")


def test_the_root_itself_is_no_file(root: Path) -> None:
    with pytest.raises(FileRefused, match="a folder"):
        read_beneath(root, root)


def test_a_fifo_is_refused_at_once(root: Path) -> None:
    os.mkfifo(root / "fifo")
    with pytest.raises(FileRefused, match="not a regular file"):
        read_regular(root / "fifo")


def test_reading_leaves_no_descriptor_open(root: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    read_beneath(root, root / "sub/file")
    with pytest.raises(FileRefused):
        read_regular(root / "sub")
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_private_file_replaces_the_old_one_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.touch(0o644)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
