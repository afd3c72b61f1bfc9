"""What the screens look like: each at 80×24 and 120×40, dark and light."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from textual.pilot import Pilot

from codex_desk.engine.events import Live
from codex_desk.engine.views import LiveTurn
from codex_desk.rights import Rights
from codex_desk.runtimes.base import Delta
from codex_desk.tui.model import clock
from tests.tui.fakes import NOW, FakeDesk, app_on, shown, until, write
from tests.tui.offices import asking, codex_sessions, delegating, nine_projects, office, picking, recorded, talkative
from tests.tui.pictures import Pictures

OTHER_THEMES = ("desk-dusk", "desk-contrast", "desk-terminal")


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on the picture moves with the clock or the place."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("COLORFGBG", raising=False)
    time.tzset()


async def test_first_run(pictures: Pictures) -> None:
    await pictures(app_on(FakeDesk()), until_shown="Codex's sessions")


async def test_a_thread_without_a_word(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="auditor"), until_shown="Nothing has been said")


async def test_working(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator"), until_shown="waiting for")


async def test_other_themes(pictures: Pictures) -> None:
    await pictures(
        app_on(office(), last="operator"), "ctrl+x", "v", until_shown="attached to operator", sizes=[(120, 40)], themes=OTHER_THEMES
    )


async def test_attached(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator"), "ctrl+x", "v", until_shown="attached to operator")


@pytest.mark.row("S0-26")
@pytest.mark.row("S1-08")
async def test_subagents_beside_an_attached_session(pictures: Pictures) -> None:
    await pictures(app_on(delegating(), last="operator"), until_shown="waiting for")


@pytest.mark.row("S0-26")
async def test_subagents_without_colour(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    await pictures(app_on(delegating(), last="operator"), until_shown="waiting for", sizes=[(120, 40)], themes=["desk-terminal"])


async def test_thirty_sessions(pictures: Pictures) -> None:
    await pictures(app_on(nine_projects(), last="operator"), "f6", until_shown="new")


async def test_thirty_sessions_by_project(pictures: Pictures) -> None:
    await pictures(app_on(nine_projects(), last="operator"), "f6", "g")


async def test_peek(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator"), "f6", "space", until_shown="Enter sends")


async def test_row_menu(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator"), "f6", "m", until_shown="archive")


async def test_picker_with_refusals(pictures: Pictures) -> None:
    await pictures(app_on(picking(), last="auditor"), "ctrl+x", "a", until_shown="would make a cycle")


async def test_approval(pictures: Pictures) -> None:
    await pictures(app_on(asking(), last="implementor"), "f6", until_shown="allow once")


async def test_inbox(pictures: Pictures) -> None:
    await pictures(app_on(asking(), last="auditor"), "ctrl+x", "i", until_shown="git push")


async def command(pilot: Pilot[int], line: str) -> None:
    await write(pilot, line)
    await pilot.press("enter")


async def test_grants(pictures: Pictures) -> None:
    await pictures(app_on(asking(), last="auditor"), steps=lambda pilot: command(pilot, "/grants"), until_shown="git push")


async def test_audit(pictures: Pictures) -> None:
    await pictures(app_on(recorded(), last="auditor"), steps=lambda pilot: command(pilot, "/audit"), until_shown="returned")


async def test_an_event_of_the_audit(pictures: Pictures) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await command(pilot, "/audit")
        await until(pilot, lambda: "returned" in shown(pilot.app))
        await pilot.press("enter")

    await pictures(app_on(recorded(), last="auditor"), steps=steps, until_shown="hash")


async def test_who_waits(pictures: Pictures) -> None:
    await pictures(app_on(recorded(), last="auditor"), "ctrl+x", "w", until_shown="implementor")


async def test_search(pictures: Pictures) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await command(pilot, "/search diff")
        await until(pilot, lambda: "branch parser" in shown(pilot.app))

    await pictures(app_on(office(), last="auditor"), steps=steps)


async def test_codex_sessions(pictures: Pictures) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "in 3 projects" in shown(pilot.app))
        await pilot.press("down", "down", "space")

    await pictures(app_on(codex_sessions(), last="operator"), "ctrl+x", "o", steps=steps, until_shown="1 marked")


async def test_naming_sessions_of_codex(pictures: Pictures) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await command(pilot, "/adopt")
        await until(pilot, lambda: "in 3 projects" in shown(pilot.app))
        await pilot.press("space", "space", "enter")
        await until(pilot, lambda: "Take 2 sessions" in shown(pilot.app))
        await pilot.press("ctrl+u")
        await write(pilot, "reviewer")

    await pictures(app_on(codex_sessions(), last="operator"), steps=steps, until_shown="is taken in")


async def test_first_run_with_codex(pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "codex"
    program.write_text("#!/bin/sh\necho codex-cli 0.169.0\n")
    program.chmod(0o755)
    monkeypatch.setenv("CODEX_DESK_CODEX", str(program))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    desk = codex_sessions()
    desk.rows.clear()
    await pictures(app_on(desk), until_shown="Your sessions in Codex")


async def test_while_you_were_away(pictures: Pictures) -> None:
    await pictures(app_on(recorded(), last="auditor"), steps=lambda pilot: command(pilot, "/away"), until_shown="Two findings")


async def test_status(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="reviewer"), steps=lambda pilot: command(pilot, "/status"), until_shown="held by")


async def test_diff(pictures: Pictures) -> None:
    await pictures(app_on(talkative(), last="auditor"), steps=lambda pilot: command(pilot, "/diff"), until_shown="ParseError")


async def test_settings(pictures: Pictures, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('model = "gpt-5.1-mini"\n[tui]\nbell = false\n')
    await pictures(
        app_on(office(), last="operator", home=tmp_path), steps=lambda pilot: command(pilot, "/settings"), until_shown="sandbox_mode"
    )


async def test_theme_picker(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator"), steps=lambda pilot: command(pilot, "/theme"), until_shown="desk-dusk")


async def test_help(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator"), "f1", until_shown="Composer")


async def test_palette(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator"), "ctrl+p", until_shown="Attach")


async def test_leader_panel(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator"), "ctrl+x", until_shown="pprovals")


async def test_new_session(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator"), "ctrl+x", "n", until_shown="no such folder")


async def test_command_popup(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator"), "slash", until_shown="/agent")


async def test_names_popup(pictures: Pictures) -> None:
    desk = office()
    desk.paths = ["README.md", "parser.py", "tests/test_parser.py", "docs/reviewing.md"]
    await pictures(app_on(desk, last="operator"), steps=lambda pilot: write(pilot, "ask @re"), until_shown="README.md")


async def test_shell_command(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="auditor"), steps=lambda pilot: write(pilot, "!make test"), until_shown="make test")


async def test_search_of_prompts(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator"), "ctrl+r", "p", "l", "a", "n", until_shown="plan the day")


async def test_one_of_each(pictures: Pictures) -> None:
    await pictures(app_on(talkative(), last="auditor"), until_shown="the old plan")


async def test_one_of_each_from_its_beginning(pictures: Pictures) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "the old plan" in shown(pilot.app))
        await pilot.press("shift+f6", "g")

    await pictures(app_on(talkative(), last="auditor"), steps=steps, until_shown="What would you change?")


async def test_find_in_a_thread(pictures: Pictures) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "the old plan" in shown(pilot.app))
        await pilot.press("shift+f6", "slash", *"load", "enter")
        await until(pilot, lambda: " of " in shown(pilot.app))

    await pictures(app_on(talkative(), last="auditor"), steps=steps)


async def test_a_text_that_still_comes(pictures: Pictures) -> None:
    desk = office()
    desk.turns["t-auditor"] = LiveTurn("turn-9", "t-auditor", NOW, "human", 43, Rights())

    async def steps(pilot: Pilot[int]) -> None:
        text = "First the **loader**:\n\n```python\ndef load(path):\n    return parse(pa"
        desk.tell(Live("t-auditor", "turn-9", Delta("text", "item-1", text)))
        await until(pilot, lambda: "parse(pa" in shown(pilot.app))

    await pictures(app_on(desk, last="auditor"), steps=steps)


async def test_plain(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator", plain=True), until_shown="waiting for")


async def test_a_small_terminal(pictures: Pictures) -> None:
    await pictures(app_on(asking(), last="implementor"), "f6", until_shown="allow once", sizes=[(60, 12)])
