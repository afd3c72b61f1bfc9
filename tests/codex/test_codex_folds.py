"""Folds between sessions on the real Codex: what its model reads afterwards, what goes back, and what is asked beside a session."""

from __future__ import annotations

import pytest

from codex_desk.engine.folding import AskSummary, CancelSummary, Fold, Unfold
from tests.codex.conftest import Office
from tests.codex.test_codex_messages import asks
from tests.responses_server import Answer, Asked, Gate, Say


@pytest.mark.row("S4-15", "S4-19", "S4-21", "S4-36")
async def test_a_parent_on_codex_goes_back_to_before_the_answer_reads_the_fold_and_goes_on(office: Office) -> None:
    lead = await office.session("lead")
    helper = await office.session("helper")
    await office.attach(helper, lead)
    desk = office.desk
    await office.prompt(lead, "remember the blue house")
    office.codex.plays["lead"] = asks("helper", "what colour is the sky?")
    await office.prompt(lead, "ask around")
    del office.codex.plays["lead"]
    await office.prompt(helper, "say green from now on")

    seen = desk.fold(helper.id, "replace")
    assert "history goes back, files do not. Codex goes back by whole turns" in seen.note and "cannot undo that afterwards" in seen.note
    await desk.do(Fold(helper.id, "replace", sure=True))
    await desk.do(Unfold(helper.id))
    await office.prompt(lead, "nothing happened")
    texts = office.codex.asked_in("lead")[-1].texts
    assert any("heard: answer to Message" in text for text in texts) and not any("say green" in text for text in texts)

    assert (await desk.do(Fold(helper.id, "replace", sure=True))).turns == 1
    await office.prompt(lead, "so what is it?")
    texts = office.codex.asked_in("lead")[-1].texts
    assert any("remember the blue house" in text for text in texts) and not any("heard: answer to Message" in text for text in texts)
    (fold,) = [text for text in texts if "say green from now on" in text]
    assert "answer to say green from now on" in fold and "none of it carries the user's authority here" in fold
    assert texts[-1] == "so what is it?"
    told = [item.text for item in office.items(lead)]
    assert "nothing happened" in told  # what was said stays for people

    await office.prompt(helper, "and blue on Sundays")
    asked = await office.final(await desk.do(AskSummary(helper.id)))
    assert "and blue on Sundays" in (asked.answer or "")
    items = len(office.items(helper))
    await office.prompt(helper, "thanks")
    assert not any("goes back to lead" in text for text in office.codex.asked_in("helper")[-1].texts)
    assert len(office.items(helper)) == items + 2
    assert {session.handle for session in await desk.adoptable()} == {"lead", "helper"}  # the copy that was asked is nobody's session

    began, go = Gate(), Gate()

    def held_back(asked: Asked) -> Answer:
        began.open()
        go.wait()
        return Say("too late")

    office.codex.plays["helper"] = held_back
    slow = await desk.do(AskSummary(helper.id))
    await office.opened(began)
    await desk.do(CancelSummary(slow.id))
    ended = await office.final(slow)
    go.open()
    assert (ended.state, ended.reason, ended.answer) == ("interrupted", "by the user", None)
    del office.codex.plays["helper"]
    assert (await office.prompt(helper, "still there?")).answer == "answer to still there?"
