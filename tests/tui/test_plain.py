"""The plain look: one column, words, and nothing that is drawn, on every screen."""

from __future__ import annotations

from types import SimpleNamespace

from textual.app import App
from textual.pilot import Pilot

from codex_desk.engine.views import MessageView
from codex_desk.tui.app import DeskApp
from codex_desk.tui.screens.first_run import FirstRun
from codex_desk.tui.screens.main import MainScreen
from tests.tui.fakes import NOW, FakeDesk, app_on, approval, attached, item, opened, shown, subagent, thread, until

MARKDOWN = (
    "I looked at **three** files.\n\n- one\n\n1. two\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```\n\n---\n"
)
DIFF = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
KEYS = (["ctrl+x"], ["slash"], ["at"], ["f6"], ["f6", "m"], ["f6", "space"], ["ctrl+p"], ["f1"], ["shift+f6", "k", "k"])
COMMANDS = ("audit", "approvals", "search", "settings")
"""What opens something, by keys and by name."""


def office() -> FakeDesk:
    desk = FakeDesk().put(
        thread("operator"),
        attached("reviewer", "operator", "running"),
        subagent("scout", "operator", "finished"),
        thread("implementor", "needs_human", reason="implementor-1: make test?"),
        thread("auditor", "error", reason="no key", ago=60),
    )
    desk.lines["t-operator"] = [
        item(1, "operator", "user_message", "Review it"),
        item(2, "operator", "agent_message", MARKDOWN),
        item(3, "operator", "command", "make", command="make", exit_code=1, output="\n".join(f"line {number}" for number in range(60))),
        item(4, "operator", "message_out", "Look at it", message=42, peer="reviewer", event="sent"),
        item(5, "operator", "tool_call", "list", tool="list", arguments={"path": "."}, result='{"entries": [{"name": "a"}]}', ok=True),
        item(6, "operator", "plan", "", steps=[{"step": "read", "status": "completed"}, {"step": "write", "status": "pending"}]),
        item(7, "operator", "file_change", "a.py", changes=[{"path": "a.py", "kind": "update", "diff": DIFF}], ok=True),
        item(8, "operator", "notice", "reviewer: #42 answered in 0:22", event="answered", message=42),
        item(9, "operator", "reasoning", "I think"),
        item(10, "operator", "agent_message", "done"),
    ]
    desk.pending = [approval(1, "implementor", "make test", why="tests"), approval(2, "operator", "rm x")]
    desk.waiting = [SimpleNamespace(thread_id="t-operator", messages=(42,), mode="all", since=NOW, deadline=None)]
    desk.messages[42] = MessageView(42, "reviewer", "t-reviewer", "agent", "after_turn", "running", "Look", NOW, "operator", "t-operator")
    return desk


def drawn(app: App[int]) -> str:
    """What is on the screen beside plain characters."""
    return "".join(sorted({character for character in shown(app) if not character.isascii()}))


async def back(pilot: Pilot[int]) -> None:
    """Leave whatever was opened, and what was written."""
    app = pilot.app
    while not isinstance(app.screen, MainScreen):
        await app.pop_screen()
    await pilot.press("escape", "ctrl+c")


async def test_nothing_is_drawn_on_any_screen_that_keys_or_commands_open() -> None:
    app = app_on(office(), last="operator", plain=True)
    found: dict[str, str] = {}
    async with opened(app) as pilot:
        assert isinstance(app, DeskApp)
        await until(pilot, lambda: app.bridge.desk is not None and "operator-2" in shown(app))
        for keys in KEYS:
            await pilot.press(*keys)
            await pilot.pause(0.35 if keys == ["ctrl+x"] else 0.05)
            found[" ".join(keys)] = drawn(app)
            await back(pilot)
        for name in COMMANDS:
            assert isinstance(app.screen, MainScreen)
            app.screen.run_line(f"/{name}")
            await until(pilot, lambda: not isinstance(app.screen, MainScreen))
            await pilot.pause(0.05)
            found[name] = drawn(app)
            await back(pilot)
    assert {name: signs for name, signs in found.items() if signs} == {}


async def test_a_dialog_has_the_one_column_to_itself_and_says_which_line_is_chosen() -> None:
    app = app_on(office(), last="operator", plain=True)
    async with opened(app, size=(100, 30)) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "o")
        await until(pilot, lambda: "Open in this pane" in shown(app))
        assert "Review it" not in shown(app)
        chosen = [" ".join(line.split()) for line in shown(app).splitlines() if line.strip().startswith(">")]
        assert chosen == ["> auditor on the desk 263d"]
        assert "x error" in shown(app)
        await pilot.press("down")
        await until(pilot, lambda: "> operator" in shown(app))


async def test_the_page_of_an_empty_desk_is_plain_too() -> None:
    app = app_on(FakeDesk(), plain=True)
    async with opened(app) as pilot:
        assert isinstance(app.screen, FirstRun)
        await until(pilot, lambda: "offline" in shown(app))
        assert drawn(app) == ""
