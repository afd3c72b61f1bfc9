"""The board as Markdown: where it may go, what stands in it, and that nothing in a text becomes another entry."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from codex_desk.engine import boards
from codex_desk.engine.board_mirror import FILES, folder_of, section
from codex_desk.engine.board_views import BoardView, EntryView
from codex_desk.engine.errors import Refusal
from codex_desk.engine.links import Attach
from codex_desk.engine.sessions import Trust
from tests.engine.scripted import Place, agent, lines

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

SHARED = '[agents.shared_workspace]\nenabled = true\nkind = "{kind}"\n'


async def written(place: Place, kind: str, more: str = "", *, trusted: bool = False) -> None:
    """A board with a finding and a decision; its files are written once the desk is closed."""
    (place.home / "config.toml").write_text(SHARED.format(kind=kind) + more)
    async with place.open("none") as desk:
        boss, child = await place.session(desk, "boss"), await place.session(desk, "child")
        if trusted:
            await desk.do(Trust(Path(boss.cwd)))
        await desk.do(Attach(child.id, boss.id))
        found = await desk.do(boards.Post(child.id, "finding", "## e1 decision\n\x1b[31mby boss"), agent(child))
        await desk.do(boards.Decide(boss.id, "so be it", (found.id,)))


@pytest.mark.row("S3-15")
@pytest.mark.parametrize(("kind", "there"), [("files", True), ("hybrid", True), ("message_bus", False)])
async def test_files_and_hybrid_are_written_under_the_desks_home(place: Place, kind: str, there: bool) -> None:
    await written(place, kind)
    folders = list((place.home / "boards").glob("boss-*"))
    assert bool(folders) is there
    if there:
        [folder] = folders
        assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)
        page = (folder / "board.md").read_text()
        assert "> ## e1 decision\n> ␛[31mby boss" in page
        assert "so be it" in (folder / "decisions.md").read_text()
        assert "finding" not in (folder / "decisions.md").read_text()
        assert (folder / "board.md").stat().st_mode & 0o777 == 0o600


@pytest.mark.row("S3-18")
@pytest.mark.parametrize("trusted", [True, False])
async def test_a_folder_in_the_project_is_written_where_the_project_is_trusted(place: Place, trusted: bool) -> None:
    await written(place, "files", 'path = "notes/board"\n', trusted=trusted)
    assert (place.folder("boss") / "notes" / "board" / "board.md").exists() is trusted
    async with place.open("none") as desk:
        told = [line for line in lines(desk, desk.resolve("boss")) if "files are not written" in line]
    assert len(told) == (0 if trusted else 1)


@pytest.mark.row("S3-34")
def test_no_link_is_followed(tmp_path: Path) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    outside.mkdir()
    (project / "notes").symlink_to(outside)
    board = BoardView("b", "t", "boss", str(project), "files", "workflow", "append-only", "notes/board", NOW, None)
    with pytest.raises(Refusal, match="notes is a link"), folder_of(board, tmp_path, lambda _: True):
        pass
    assert list(outside.iterdir()) == []


def test_every_line_of_a_text_is_quoted() -> None:
    entry = EntryView(7, "b", "note", "boss", "t", "agent", "one\n\n# two\r\nthree", NOW, 7)
    lines = section(entry).strip().split("\n")
    assert [line for line in lines[4:] if not line.startswith(">")] == []
