"""Sessions that Codex has, on the screen: listed by project, opened to be read, taken onto the desk."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from codex_desk.engine.approvals import Decide
from codex_desk.engine.errors import Refusal
from codex_desk.engine.views import ThreadView
from codex_desk.tui.model import clock
from codex_desk.tui.model.approval import ApprovalGuard
from codex_desk.tui.screens.adopt import Sessions
from codex_desk.tui.screens.ask import Reply
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.screens.naming import Naming
from codex_desk.tui.widgets.drawn import Drawn
from tests.tui.fakes import NOW, FakeDesk, app_on, approval, in_codex, item, opened, shown, squeezed, thread, until, write

SHOP = Path("/home/dev/shop")
TITLES = ("Fix the parser", "Review what came in on Monday", "Plan the week")


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def desk() -> FakeDesk:
    """One session of the desk's own, three in Codex, and some history."""
    made = FakeDesk().put(thread("operator"))
    made.codex = [
        *(in_codex(number, title, ago=600 * number) for number, title in enumerate(TITLES, 1)),
        in_codex(7, "Close the shop", cwd=SHOP, ago=86_400),
        *(in_codex(number, f"Old matter {number}", "history only", ago=86_400 * number) for number in range(10, 20)),
    ]
    for each in made.codex:
        if each.thread_id is not None:
            past = thread(each.thread_id.removeprefix("t-"), "history", title=each.title, external_id=each.id, runtime="codex")
            made.put(replace(past, handle=None))
    made.lines["t-history-10"] = [item(1, "history-10", "agent_message", "It was mended long ago.")]
    return made


class Counted(FakeDesk):
    """Refuses to load all of history."""

    def threads(self, *, everything: bool = False, history: bool = True) -> list[ThreadView]:
        assert not (everything and history)
        return super().threads(everything=everything, history=history)


async def test_neither_starting_nor_listing_what_is_archived_loads_all_of_history() -> None:
    made = Counted().put(thread("operator"), thread("put-away", "archived", archived_at=NOW), thread("old", "history"))
    app = app_on(made, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        assert [each.handle for each in app.bridge.threads] == ["operator"]
        await write(pilot, "/unarchive")
        await pilot.press("enter")
        await until(pilot, lambda: "Bring back" in shown(app) and "put-away" in shown(app))


async def test_they_are_listed_by_project_each_marked_by_where_it_is_and_words_narrow_them() -> None:
    app = app_on(desk(), last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "o")
        await until(pilot, lambda: "1 on the desk · 4 in Codex · 10 history only, in 2 projects" in shown(app))
        lines = [line.split("│")[-1] for line in shown(app).splitlines()]
        assert any("operator" in line and "on the desk" in line for line in lines)
        assert any("fix-the-parser" in line and "in Codex" in line for line in lines)
        assert sum("history only" in line for line in lines) == 3 + 1  # with the sum
        assert "7 more of history" in shown(app)
        await write(pilot, "monday rev")
        await until(pilot, lambda: "fix-the-parser" not in shown(app))
        assert "Review what came in on Monday" in shown(app)
        await write(pilot, "x")
        await until(pilot, lambda: "nothing is called that" in shown(app))


async def test_several_are_taken_at_once_under_handles_that_can_be_changed() -> None:
    fake = desk()
    app = app_on(fake, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await write(pilot, "/adopt")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Sessions) and "fix-the-parser" in shown(app))
        await pilot.press("space", "space")
        await until(pilot, lambda: "2 marked: Enter takes them" in shown(app))
        assert sum("✓ " in line for line in shown(app).splitlines()) == 2
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Naming))
        await pilot.press("ctrl+u")
        await write(pilot, "operator")
        await until(pilot, lambda: "operator is taken in repo" in shown(app))
        await pilot.press("enter")
        assert not any(isinstance(one, tuple) for one in fake.done)
        await pilot.press("down", "x")
        await until(pilot, lambda: "review-what-came-in-on-mx" in shown(app))
        await pilot.press("backspace", "up", "end")
        await write(pilot, "-two")
        await until(pilot, lambda: "is taken in" not in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and "operator-two" in shown(app))
    ids = [in_codex(number, "").id for number in (1, 2)]
    assert [one for one in fake.done if isinstance(one, tuple)] == [
        ("adopt", ids[0], "operator-two", False),
        ("adopt", ids[1], "review-what-came-in-on-m", False),
    ]


async def test_what_is_refused_is_said_at_its_handle_and_the_others_are_taken() -> None:
    fake = desk()
    first, second, third = (in_codex(number, "").id for number in (1, 2, 3))
    fake.unwilling = {
        first: [Refusal("no_folder", "/home/dev/repo is gone")],
        third: [
            Refusal("carries_more", "it carries tools of another program. Its turns would go on with that; take it as it is with --yes")
        ],
    }
    app = app_on(fake, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await write(pilot, "/adopt")
        await pilot.press("enter")
        await until(pilot, lambda: "plan-the-week" in shown(app))
        await pilot.press("space", "space", "space", "enter")
        await until(pilot, lambda: isinstance(app.screen, Naming))
        await pilot.press("enter")
        await until(pilot, lambda: "Take plan-the-week as it is?" in shown(app))
        assert "--yes" not in shown(app)
        await pilot.press("y")
        await until(pilot, lambda: "2 of 3 are on the desk" in shown(app))
        assert "/home/dev/repo is gone" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and "review-what-came-in" in shown(app))
    assert [one[1::2] for one in fake.done if isinstance(one, tuple)] == [(second, False), (third, True)]


@pytest.mark.row("S2-08")
async def test_history_opens_to_be_read_and_says_at_the_composer_how_to_go_on() -> None:
    fake = desk()
    app = app_on(fake, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "o")
        await until(pilot, lambda: "more of history" in shown(app))
        await write(pilot, "matter 10")
        await pilot.press("enter")
        await until(pilot, lambda: "mended long ago" in shown(app))
        assert isinstance(app.screen, MainScreen)
        assert "history only, to be read · /adopt takes it onto the desk" in shown(app)
        assert "Old matter" not in shown(app).split("Old matter 10", 1)[0]  # no row in the sidebar
        await write(pilot, "go on")
        await pilot.press("enter")
        await until(pilot, lambda: "history only: /adopt takes it onto the desk" in shown(app))
        assert not fake.messages
        assert app.screen.panes.active.composer.text == "go on"  # nothing that was written is lost
        await pilot.press("ctrl+c")
        await write(pilot, "/adopt")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Naming))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and any(isinstance(one, tuple) for one in fake.done))


async def test_without_codex_the_desk_s_own_are_listed_and_it_is_said_what_to_do() -> None:
    fake = FakeDesk(codex=Refusal("unavailable", "no Codex was found: install it with npm install -g @openai/codex")).put(
        thread("operator")
    )
    app = app_on(fake, last="operator")
    async with opened(app, size=(80, 24)) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "o")
        await until(pilot, lambda: "npm install -g @openai/codex" in squeezed(app))
        assert "operator" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))


async def test_a_thread_opens_in_the_stock_codex_and_is_reconciled_on_return(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "said"
    fake = FakeDesk(beside_it=["sh", "-c", f"pwd > {said}"]).put(
        thread("operator", runtime="codex", external_id="0199", cwd=str(tmp_path)), thread("helper")
    )
    app = app_on(fake, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: fake.refreshed == ["t-operator"])  # once, as it is opened
        monkeypatch.setattr(app, "suspend", nullcontext)
        await pilot.press("ctrl+x", "t")
        await until(pilot, lambda: "back from Codex" in shown(app))
        assert said.read_text().strip() == str(tmp_path)
        assert fake.refreshed == ["t-operator", "t-operator"]
        await write(pilot, "/open helper")
        await pilot.press("enter")
        await until(pilot, lambda: "said to helper yet" in shown(app))
        await pilot.press("ctrl+x", "t")
        await until(pilot, lambda: "helper runs on native: only a thread of Codex opens in the stock Codex" in squeezed(app))


async def test_status_of_a_session_of_codex_tells_its_program_its_id_and_where_its_settings_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").touch()
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    fake = FakeDesk().put(thread("operator", runtime="codex", external_id="0199-its-own", model="gpt-5.1-codex"))
    app = app_on(fake, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: "codex · gpt-5.1-codex · its own rights" in shown(app))
        await write(pilot, "/status")
        await pilot.press("enter")
        await until(pilot, lambda: "signed in with an API key" in shown(app))
        said = squeezed(app)
        for words in ("program 0.169.0 at /usr/bin/codex", "its id 0199-its-own"):
            assert words in said
        assert f"{tmp_path}/config.toml" in app.screen.query(Drawn).first().document.text  # on the screen it wraps


async def test_archiving_says_first_what_codex_archives_with_it() -> None:
    fake = FakeDesk(below=["Volta", "Kepler"]).put(thread("operator", runtime="codex"), thread("helper"))
    app = app_on(fake, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "z")
        await until(pilot, lambda: "Codex archives with it what was spawned below it: Volta, Kepler." in squeezed(app))
        await pilot.press("escape")
        fake.below = Refusal("spawned_on_desk", "codex archives with operator whatever was spawned below it, and scout is among that")
        await pilot.press("ctrl+x", "z")
        await until(pilot, lambda: "and scout is among that" in squeezed(app))
        assert isinstance(app.screen, MainScreen)
        fake.below = Refusal("unavailable", "Codex was not found")
        await pilot.press("ctrl+x", "z")
        await until(pilot, lambda: "It is archived on the desk alone: Codex was not found" in squeezed(app))


async def test_a_question_of_codex_is_answered_in_words_and_offers_no_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ApprovalGuard, "QUIET", 0.0)
    asked = approval(1, "operator", "Which branch?\n  - main: the trunk", kind="question", why="it asks you", offers=("answer",))
    fake = FakeDesk(pending=[asked]).put(thread("operator", "needs_human", runtime="codex"))
    app = app_on(fake, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: "Which branch?" in shown(app))
        await pilot.press("f6")
        await until(pilot, lambda: "y yes  a answer  n no" in shown(app))
        await pilot.press("t")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Reply))
        await write(pilot, "main")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: Decide("operator-1", True, answer="main") in fake.done)
