"""Into a child and back, by keyboard, and what the screens look like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, TextArea

from codex_desk.engine.errors import Refusal
from codex_desk.engine.fold_reading import FoldView
from codex_desk.engine.folding import AskSummary, CancelSummary, Fold, Unfold
from codex_desk.tui.model import clock
from codex_desk.tui.model import folding as words
from codex_desk.tui.screens.ask import Confirm
from codex_desk.tui.screens.fold import FoldEditor
from codex_desk.tui.screens.main import MainScreen
from tests.tui.fakes import NOW, FakeDesk, app_on, attached, item, opened, shown, subagent, thread, until, write
from tests.tui.pictures import Pictures

TEXT = """The user asked in reviewer (#12):

No: the caller swallows the error, not load(). Look there.

reviewer answered:

You are right. `open_session()` catches **everything** and returns an empty tree; load() raises as it should.

The user asked in reviewer (#14):

Which of the two is the smaller change?

reviewer answered:

The caller: three lines, and one test that fails today."""
QA = FoldView("reviewer", "t-reviewer", "operator", "t-operator", "qa", TEXT, 164, (12, 14), 2, before=18_230)
NOTE = "operator goes back to before reviewer's first answer: history goes back, files do not."


def office(*, fold: FoldView | None = QA) -> FakeDesk:
    desk = FakeDesk().put(
        thread("operator"),
        attached("reviewer", "operator", ago=70, last_line="The caller: three lines, and one test that fails today."),
        attached("implementor", "operator", "running", ago=3, last_line="$ make test"),
        subagent("scout-1", "operator", "finished", ago=400, last_line="Nothing else catches ParseError."),
    )
    desk.lines["t-operator"] = [
        item(1, "operator", "user_message", "Plan the day."),
        item(2, "operator", "agent_message", "Mend load() first."),
    ]
    desk.lines["t-reviewer"] = [item(3, "reviewer", "user_message", "Which of the two is the smaller change?")]
    if fold is not None:
        desk.folds = {
            "qa": fold,
            "summary": replace(fold, mode="summary", text="", tokens=0),
            "replace": replace(fold, mode="replace", tokens=-3_100, note=NOTE, goes_back=True),
            "none": replace(fold, mode="none", text="", tokens=0),
        }
    return desk


async def in_reviewer(pilot: Pilot[int]) -> None:
    app: Any = pilot.app
    await until(pilot, lambda: app.bridge.desk is not None)
    await write(pilot, "/agent reviewer")
    await pilot.press("enter")
    await until(pilot, lambda: "in reviewer · attached to operator · /back" in shown(app))


async def typed(pilot: Pilot[int], line: str) -> None:
    await write(pilot, line)
    await pilot.press("enter")


async def on_editor(pilot: Pilot[int], line: str = "/back") -> None:
    app: Any = pilot.app
    await in_reviewer(pilot)
    await typed(pilot, line)
    await until(pilot, lambda: isinstance(app.screen, FoldEditor) and "asked in reviewer" in shown(app))


def acts(desk: FakeDesk) -> list[object]:
    """What the human did about folds."""
    return [each for each in desk.done if isinstance(each, Fold | Unfold | AskSummary | CancelSummary)]


def at_home(app: Any) -> bool:
    thread = app.screen.panes.active.thread if isinstance(app.screen, MainScreen) else None
    return thread is not None and thread.handle == "operator"


@pytest.mark.row("S4-11")
async def test_the_picker_lists_attached_and_spawned_with_state_last_line_and_age_and_follows_them() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await typed(pilot, "/agent")
        await until(pilot, lambda: "Agents of operator" in shown(app))
        seen = shown(app)
        for part in (
            "attached · ready",
            "three lines, and one test",
            "implementor",
            "working",
            "scout-1",
            "subagent · done",
            "Nothing else catches",
        ):
            assert part in seen, part
        await pilot.press("down")
        desk.change(replace(desk.rows["t-implementor"], status="idle", last_line="all green"))
        await until(pilot, lambda: "all green" in shown(app))
        assert app.screen.query_one(OptionList).highlighted == 1
        await pilot.press("enter")
        await until(pilot, lambda: "in implementor · attached to operator · /back" in shown(app))


@pytest.mark.row("S4-20")
async def test_back_without_anything_new_just_goes_back_and_may_start_the_parent() -> None:
    nothing = replace(QA, text="", tokens=0, turns=0, messages=())
    desk = office(fold=nothing)
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await in_reviewer(pilot)
        await typed(pilot, "/back")
        await until(pilot, lambda: at_home(app) and "back in operator" in shown(app))
        assert not acts(desk)
        await in_reviewer(pilot)
        desk.folded = replace(nothing, mode="none", sent=9)
        await typed(pilot, "/back --continue")
        await until(pilot, lambda: "nothing new was brought back; operator goes on" in shown(app))
        assert acts(desk)[-1] == Fold("t-reviewer", "none", go_on=True)


@pytest.mark.row("S4-12", "S4-20", "S4-23")
async def test_back_shows_the_exact_text_folds_what_was_edited_and_offers_undo() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await on_editor(pilot)
        assert app.screen.query_one(TextArea).text == TEXT
        assert "operator: 18.2k → about 18.4k tok (+164)" in shown(app)
        await pilot.press("tab")
        await write(pilot, "Mind: ")
        await pilot.press("escape")
        await until(pilot, lambda: "esc again" in shown(app))
        desk.refuse = Refusal("changed", "what was to be folded has changed meanwhile")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "has changed meanwhile" in shown(app))
        desk.folded = replace(QA, state="there", item=77)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at_home(app) and "2 turns of reviewer folded in" in shown(app))
        assert acts(desk)[-1] == Fold("t-reviewer", "qa", f"Mind: {TEXT}", None, (12, 14), True, False)
        await pilot.press("ctrl+x", "u")
        await until(pilot, lambda: acts(desk)[-1] == Unfold("t-reviewer"))
        await until(pilot, lambda: "taken back" in shown(app))


@pytest.mark.row("S4-19")
async def test_replace_is_asked_twice_and_can_be_left_each_time() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await on_editor(pilot)
        await pilot.press("down", "down")
        await until(pilot, lambda: "history goes back, files do not" in shown(app))
        for answers in (("n",), ("y", "n")):
            await pilot.press("enter")
            for answer in answers:
                await until(pilot, lambda: isinstance(app.screen, Confirm))
                asked = app.screen
                await pilot.press(answer)
                await until(pilot, lambda asked=asked: app.screen is not asked)
            await until(pilot, lambda: isinstance(app.screen, FoldEditor))
            assert not acts(desk)
        desk.folded = replace(desk.folds["replace"], state="there", item=77)
        await pilot.press("ctrl+o", "enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm) and "goes back to before" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: "changed on disk since" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: at_home(app))
        assert acts(desk)[-1] == Fold("t-reviewer", "replace", None, None, (12, 14), True, True)


@pytest.mark.row("S4-21", "S4-37")
async def test_a_summary_says_that_it_calls_a_model_can_be_cancelled_and_is_shown_before_it_goes() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await on_editor(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "asking reviewer's model, in one call" in shown(app))
        assert isinstance(acts(desk)[-1], AskSummary) and "Esc cancels the model call" in shown(app)
        desk.change(replace(desk.rows["t-reviewer"], status="needs_human", reason="no key for acme"))
        await until(pilot, lambda: "needs you first: no key for acme" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(acts(desk)[-1], CancelSummary))
        desk.end(1, "interrupted", reason="by the user")
        await until(pilot, lambda: "no summary: by the user" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: len(desk.messages) == 2)
        desk.folds["summary"] = replace(QA, mode="summary", text="reviewer sums up …", tokens=9)
        desk.end(2, "answered", answer="It is the caller.")
        await until(pilot, lambda: "reviewer sums up" in shown(app))
        desk.folded = replace(desk.folds["summary"], state="waiting")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at_home(app) and "will be folded in as that turn ends" in shown(app))
        assert acts(desk)[-1] == Fold("t-reviewer", "summary", None, "It is the caller.", (12, 14), True, False)


def test_what_a_fold_costs_and_became_in_words() -> None:
    assert words.context(replace(QA, before=0)) == "operator: about +164 tok of context"
    assert words.context(replace(QA, tokens=-3_100)) == "operator: 18.2k → about 15.1k tok (−3.1k)"
    assert words.context(replace(QA, text="")) == "operator's context stays as it is"
    assert words.told(replace(QA, state="there", sent=9)) == "2 turns of reviewer folded in, and operator goes on"
    assert words.told(QA, waits=1) == "back in operator; 1 request of yours in reviewer not answered yet"
    assert words.mode_named("all") is None


# --- pictures -----------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def at_nine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


async def test_agents(pictures: Pictures) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await typed(pilot, "/agent")

    await pictures(app_on(office(), last="operator"), steps=steps, until_shown="Agents of operator")


async def test_fold(pictures: Pictures) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await on_editor(pilot, "/back --continue")

    await pictures(app_on(office(), last="operator"), steps=steps, until_shown="· goes on", sizes=((60, 20), (80, 24), (120, 40)))


async def test_fold_replace(pictures: Pictures) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await on_editor(pilot)
        await pilot.press("down", "down")

    await pictures(app_on(office(), last="operator"), steps=steps, until_shown="history goes back, files do not")


async def test_folded_in(pictures: Pictures) -> None:
    desk = office()
    parts = [{"origin": "human", "text": "x", "message": 12}]
    data: dict[str, Any] = {
        "event": "folded",
        "peer": "reviewer",
        "turns": ["a", "b"],
        "hash": "9f3c61d2" * 8,
        "mode": "qa",
        "parts": parts,
    }
    desk.lines["t-operator"] += [
        item(4, "operator", "fold", TEXT, **data),
        item(5, "operator", "notice", "the user lets it go on", event="asked"),
        item(6, "operator", "agent_message", "Then the caller first: three lines, and the test that fails today."),
    ]
    await pictures(app_on(desk, last="operator"), until_shown="Then the caller first")
