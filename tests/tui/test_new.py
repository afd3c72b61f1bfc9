from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.engine.sessions import New
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.screens.new import NewSession, completed_folder
from tests.tui.fakes import FakeDesk, app_on, opened, shown, squeezed, thread, until, write


def test_a_folder_is_completed_from_its_beginning(tmp_path: Path) -> None:
    for name in ("parser", "paint", ".parked", "pa\x1b[2Jd"):
        (tmp_path / name).mkdir()
    (tmp_path / "paper").touch()
    assert completed_folder(f"{tmp_path}/pa") == f"{tmp_path}/paint"
    assert completed_folder(f"{tmp_path}/par") == f"{tmp_path}/parser"
    assert completed_folder(f"{tmp_path}/.p") == f"{tmp_path}/.parked"


@pytest.mark.parametrize("written", ["", "/", "nowhere", "/nonexistent/x", "~nobody/x", "/\0/x"])
def test_what_begins_no_folder_is_left_as_it_is(written: str) -> None:
    assert completed_folder(written) is None


async def test_the_form_tells_what_a_session_there_would_run_on(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("be kind\n")
    desk = FakeDesk().put(thread("operator"))
    app = app_on(desk)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        assert isinstance(app.screen, MainScreen)
        app.screen.run_line("/new")
        await until(pilot, lambda: isinstance(app.screen, NewSession) and "there is no such folder" in shown(app))
        app.screen.query_one("#folder").value = str(tmp_path)  # type: ignore[attr-defined]
        await until(pilot, lambda: "workspace-write" in squeezed(app) and "told by AGENTS.md" in squeezed(app))
        await write(pilot, "critic")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: any(isinstance(one, New) for one in desk.done))
        assert next(one for one in desk.done if isinstance(one, New)) == New("critic", tmp_path)
