"""Bell, title, copying, and a terminal that is too slow."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from codex_desk.engine.events import MessageChanged, ThreadChanged
from codex_desk.engine.mailbox import Send
from codex_desk.tui.app import DeskApp
from codex_desk.tui.terminal.output import RESTORE_TITLE, SAVE_TITLE, Title
from tests.tui.fakes import FakeDesk, app_on, item, opened, shown, squeezed, thread, until, write


@dataclass
class Called:
    """What the terminal was told."""

    titles: list[str] = field(default_factory=list)
    rung: int = 0

    def ring(self) -> None:
        self.rung += 1


def listening(app: DeskApp, monkeypatch: pytest.MonkeyPatch) -> Called:
    called = Called()
    monkeypatch.setattr(app, "bell", called.ring)
    monkeypatch.setattr(app, "show_title", called.titles.append)
    return called


async def test_while_the_person_looks_at_the_desk_it_is_silent_and_afterwards_it_calls_until_they_are_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = FakeDesk().put(thread("operator"), thread("implementor"), thread("reviewer", "needs_human"))
    app = app_on(desk, last="operator")
    called = listening(app, monkeypatch)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        desk.change(thread("implementor", "running"))
        await until(pilot, lambda: app.bridge.thread("t-implementor") == desk.rows["t-implementor"])
        assert called == Called()
        app.app_focus = False
        await until(pilot, lambda: called.titles == ["⚠ 1 · codex-desk repo"])
        desk.change(thread("implementor", "needs_human"))
        await until(pilot, lambda: called.titles[-1] == "⚠ 2 · codex-desk repo")
        assert called.rung == 1
        desk.change(thread("implementor"))
        desk.change(thread("reviewer"))
        await until(pilot, lambda: called.titles[-1] == "")
        assert called.rung == 1
        app.app_focus = True
        await until(pilot, lambda: called.titles[-1] == "")


async def test_an_answer_to_ones_own_prompt_calls_and_one_between_agents_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"))
    number = (await desk.do(Send("t-operator", "go"))).id
    app = app_on(desk, last="operator")
    called = listening(app, monkeypatch)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        app.app_focus = False
        desk.tell(MessageChanged(number, "t-reviewer", "t-operator", "answered"), ThreadChanged("t-reviewer"))
        desk.tell(MessageChanged(number, "t-operator", None, "running"))
        desk.tell(MessageChanged(number, "t-operator", None, "answered"))
        await until(pilot, lambda: called.titles[-1:] == ["✓ operator · codex-desk repo"])
        assert called.rung == 1


def test_the_title_from_before_is_kept_once_and_given_back() -> None:
    title = Title()
    assert title.change("⚠ 1") == f"{SAVE_TITLE}\x1b]2;⚠ 1\x07"
    assert title.change("⚠ 1") == ""
    assert title.change("⚠ 2\x07\n") == "\x1b]2;⚠ 2␇\x07"
    assert title.change("") == f"\x1b]2;codex-desk\x07{RESTORE_TITLE}"
    assert title.change("") == ""


async def test_ctrl_c_copies_what_was_selected_with_the_mouse_before_it_does_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    desk = FakeDesk().put(thread("operator"))
    desk.lines["t-operator"] = [item(1, "operator", "agent_message", "take **these words** with you")]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await write(pilot, "draft")
        line, row = next((line, row) for row, line in enumerate(shown(app).splitlines()) if "these words" in line)
        start = line.index("these")
        await pilot.mouse_down(offset=(start, row))
        await pilot.hover(offset=(start + 11, row))
        await pilot.mouse_up(offset=(start + 11, row))
        await pilot.press("ctrl+c")
        assert app.clipboard.startswith("these word")
        assert app.screen.get_selected_text() is None
        await until(pilot, lambda: "not copied: there is no terminal" in squeezed(app))
        assert "draft" in shown(app)
        await pilot.press("ctrl+c", "ctrl+c")
        await until(pilot, lambda: "draft" not in shown(app))


async def test_frames_that_a_slow_terminal_has_no_room_for_are_left_out_and_the_next_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_on(FakeDesk().put(thread("operator")), last="operator")
    behind = True
    drawn: list[object] = []
    async with opened(app) as pilot:
        monkeypatch.setattr(app, "_behind", lambda: behind)
        monkeypatch.setattr("textual.app.App._display", lambda _, screen, update: drawn.append(update))
        await write(pilot, "typed meanwhile")
        assert drawn == []
        behind = False
        await until(pilot, lambda: bool(drawn))
        assert "typed meanwhile" in shown(app)


async def test_where_there_is_no_shell_to_go_back_to_suspending_says_so() -> None:
    app = app_on(FakeDesk().put(thread("operator")), last="operator")
    async with opened(app) as pilot:
        await pilot.press("ctrl+z")
        await until(pilot, lambda: "there is no shell to go back to" in squeezed(app))
