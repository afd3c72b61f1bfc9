"""While you were away: when the human was last here, and what is told of the time since."""

from __future__ import annotations

import asyncio

from codex_desk.engine.approvals import Decide
from codex_desk.engine.away import NoteSeen
from codex_desk.engine.desk import Desk
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import SetMeta
from codex_desk.engine.views import ThreadView
from codex_desk.runtimes.base import TurnOutcome, Usage
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, agent, at_rest, prompt, refused, until


async def gone(desk: Desk) -> None:
    """The human was here, and is away from now on."""
    await desk.do(NoteSeen())
    await desk.do(NoteSeen(returned=True))


async def test_before_anybody_was_here_there_is_nothing_to_tell(desk: Desk, operator: ThreadView) -> None:
    await prompt(desk, operator, "go")
    assert desk.last_seen() is None
    told = desk.away()
    assert (told.since, told.work, told.happened) == (None, (), False)


async def test_what_threads_did_for_whom_is_told_with_what_it_took(
    desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    await prompt(desk, operator, "before")
    await gone(desk)

    async def ask(turn: Scripted) -> TurnOutcome:
        answer = await turn.ask("reviewer", "Look at the loader")
        return TurnOutcome("completed", await turn.say(answer), usage=Usage(1_000, 50, 1_050))

    runtime.scripts["operator"] = ask
    await prompt(desk, operator, "go")
    await at_rest(desk)
    told = desk.away()
    work = {each.thread: each for each in told.work}
    assert (work["operator"].turns, work["operator"].askers, work["operator"].tokens) == (1, ("human",), 1_050)
    assert (work["reviewer"].turns, work["reviewer"].askers) == (1, ("operator",))
    assert work["reviewer"].last_words == "reviewer answers Look at the loader"
    last = desk.item(work["reviewer"].seq or 0)
    assert (last.kind, last.text) == ("agent_message", "reviewer answers Look at the loader")
    (passed,) = told.passed
    assert (passed.sender, passed.to, passed.state, passed.told) == (
        "operator",
        "reviewer",
        "answered",
        "reviewer answers Look at the loader",
    )
    assert desk.item(passed.seq or 0).data["message"] == passed.number
    assert told.tokens == 1_050 and told.happened


async def test_failures_are_told_with_their_reason(desk: Desk, runtime: ScriptedRuntime, operator: ThreadView) -> None:
    await gone(desk)

    async def silent(turn: Scripted) -> None:
        return None

    runtime.scripts["operator"] = silent
    await prompt(desk, operator, "go")
    (work,) = desk.away().work
    assert (work.failed, work.turns, work.last_words) == (1, 1, "no answer")


async def test_approvals_that_ended_without_a_yes_and_those_that_wait_are_told(
    place: Place, desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    await gone(desk)

    async def run(turn: Scripted) -> str:
        return str(await turn.tool("shell", command="touch made"))

    runtime.scripts |= {"operator": run, "reviewer": run}
    await desk.do(Send(operator.id, "go"))
    await until(desk, lambda: desk.approvals())
    (need,) = desk.away().needs
    assert (need.thread, need.approval, need.text, need.error) == ("operator", "operator-1", "touch made", False)
    await desk.do(Decide("operator-1", False))
    await at_rest(desk)
    told = desk.away()
    assert told.needs == []
    assert [(each.id, each.state, each.text) for each in told.lapsed] == [("operator-1", "denied", "touch made")]


async def test_coming_back_again_tells_of_the_last_time_away_only(desk: Desk, operator: ThreadView) -> None:
    await gone(desk)
    await prompt(desk, operator, "first")
    await desk.do(NoteSeen())
    assert [each.turns for each in desk.away().work] == [1], "being here changes nothing of what is told"
    await desk.do(NoteSeen(returned=True))
    assert desk.away().work == []
    await prompt(desk, operator, "second")
    seen = desk.last_seen()
    assert seen is not None
    assert [each.turns for each in desk.away(seen).work] == [1]


async def test_a_note_that_cannot_be_read_counts_as_none(desk: Desk) -> None:
    await desk.do(SetMeta("last_seen", "yesterday"))
    assert desk.last_seen() is None


async def test_only_the_human_says_that_they_are_here(desk: Desk, operator: ThreadView) -> None:
    assert (await refused(desk, NoteSeen(), agent(operator))).code == "origin_agent"


async def test_a_turn_that_still_runs_is_counted_as_such(desk: Desk, runtime: ScriptedRuntime, operator: ThreadView) -> None:
    await gone(desk)
    began, end = asyncio.Event(), asyncio.Event()

    async def long(turn: Scripted) -> str:
        began.set()
        await end.wait()
        return "done"

    runtime.scripts["operator"] = long
    await desk.do(Send(operator.id, "go"))
    await began.wait()
    assert (desk.away().running, desk.away().work) == (1, [])
    end.set()
    await at_rest(desk)
