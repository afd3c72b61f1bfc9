from __future__ import annotations

from itertools import count, cycle

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.turns import Resume
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, at_rest, final, kinds, lines, prompt


@pytest.fixture
async def pair(place: Place, desk: Desk, runtime: ScriptedRuntime) -> tuple[ThreadView, ThreadView]:
    """Two agents that answer each other for ever, each time in other words: the child reports, and the parent asks about what is reported."""
    times = count()

    async def parent(turn: Scripted) -> str:
        await turn.send("reviewer", f"and what of {next(times)}?")
        return "asked"

    async def child(turn: Scripted) -> str:
        await turn.tool("report", message=f"well, {next(times)}")
        return "reported"

    runtime.scripts |= {"operator": parent, "reviewer": child}
    operator, reviewer = [await place.session(desk, handle) for handle in ("operator", "reviewer")]
    await desk.do(Attach(reviewer.id, operator.id, wake="never"))
    return operator, reviewer


def held(desk: Desk) -> list[int]:
    return [row["id"] for row in desk.rows("SELECT id FROM message WHERE state = 'held' ORDER BY id")]


async def test_two_agents_that_answer_each_other_for_ever_stop_within_the_hops(
    runtime: ScriptedRuntime, desk: Desk, pair: tuple[ThreadView, ThreadView]
) -> None:
    await prompt(desk, pair[0], "go")
    await at_rest(desk)
    hops = [row["hops"] for row in desk.rows("SELECT hops FROM turn ORDER BY started_at")]
    assert hops == list(range(9))
    (stopped,) = held(desk)
    assert "8" in (desk.message(stopped).reason or "") and "budgets.hops" in (desk.message(stopped).reason or "")
    for thread in pair:
        assert "held" in kinds(desk, thread)
        assert any(line.startswith(f"#{stopped} held") for line in lines(desk, thread))


async def test_the_hops_are_a_setting(place: Place, desk: Desk, pair: tuple[ThreadView, ThreadView]) -> None:
    (place.home / "config.toml").write_text("[budgets]\nhops = 2\n")
    await prompt(desk, pair[0], "go")
    await at_rest(desk)
    assert max(row["hops"] for row in desk.rows("SELECT hops FROM turn")) == 2


async def test_a_held_edge_holds_what_comes_along_it_and_both_sessions_stay_promptable(
    runtime: ScriptedRuntime, desk: Desk, pair: tuple[ThreadView, ThreadView]
) -> None:
    await prompt(desk, pair[0], "go")
    await at_rest(desk)
    before = len(held(desk))
    assert (await prompt(desk, pair[0], "still there?")).state == "answered"
    assert (await prompt(desk, pair[1], "and you?")).state == "answered"
    await at_rest(desk)
    assert len(held(desk)) == before + 2


@pytest.mark.parametrize("end", [0, 1])
async def test_resuming_either_end_releases_the_edge_and_what_it_held(
    runtime: ScriptedRuntime, desk: Desk, pair: tuple[ThreadView, ThreadView], end: int
) -> None:
    await prompt(desk, pair[0], "go")
    await at_rest(desk)
    (stopped,) = held(desk)
    runtime.scripts.clear()
    await desk.do(Resume(pair[end].id))
    assert (await final(desk, stopped))[0].state == "answered"
    assert [row["held_reason"] for row in desk.rows("SELECT held_reason FROM attachment")] == [None]


async def test_an_ordinary_rerun_of_the_tests_trips_nothing(
    runtime: ScriptedRuntime, desk: Desk, pair: tuple[ThreadView, ThreadView]
) -> None:
    results = cycle(("3 failed", "1 failed", "green"))

    async def rerun(turn: Scripted) -> str:
        for _ in range(12):
            await turn.ask("reviewer", "run the tests")
        return "green"

    async def run_tests(turn: Scripted) -> str:
        return next(results)

    runtime.scripts |= {"operator": rerun, "reviewer": run_tests}
    for _ in range(3):
        assert (await prompt(desk, pair[0], "go")).answer == "green"
    assert held(desk) == []


async def test_each_prompt_of_the_user_begins_a_chain_of_its_own(
    runtime: ScriptedRuntime, desk: Desk, pair: tuple[ThreadView, ThreadView]
) -> None:
    async def once(turn: Scripted) -> str:
        return await turn.ask("reviewer", "look")

    runtime.scripts |= {"operator": once, "reviewer": runtime.default}
    for _ in range(2):
        await prompt(desk, pair[0], "go")
    chains = [row["chain_id"] for row in desk.rows("SELECT chain_id FROM turn ORDER BY started_at")]
    assert chains[0] == chains[1] != chains[2] == chains[3]


async def test_wakes_count_as_hops_too(place: Place, runtime: ScriptedRuntime, desk: Desk) -> None:
    """A parent that ends its turn each time and asks again when it is woken."""

    times = count()

    async def ask_again(turn: Scripted) -> str:
        await turn.send("reviewer", f"and {next(times)}?")
        return "asked"

    runtime.scripts["operator"] = ask_again
    operator, reviewer = [await place.session(desk, handle) for handle in ("operator", "reviewer")]
    await desk.do(Attach(reviewer.id, operator.id))

    async def late(turn: Scripted) -> str:
        await at_rest_of_operator()
        return "late"

    async def at_rest_of_operator() -> None:
        from tests.engine.scripted import until

        await until(desk, lambda: desk.thread(operator.id).status == "idle")

    runtime.scripts["reviewer"] = late
    await prompt(desk, operator, "go")
    await at_rest(desk)
    assert max(row["hops"] for row in desk.rows("SELECT hops FROM turn")) <= 8
    assert len(held(desk)) == 1
