"""A process that an agent's tool started acts as that agent (semantics.md §13.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codex_desk.engine.approvals import Decide, Revoke
from codex_desk.engine.chain import Redact
from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.folding import Fold
from codex_desk.engine.identity import HUMAN, By
from codex_desk.engine.links import Archive, Attach, Detach, Unarchive
from codex_desk.engine.mailbox import Ask, Edit, Remove, Report, Send
from codex_desk.engine.sessions import Fork, New, Rename, Set, SetMeta, Trust
from codex_desk.engine.turns import Compact, Interrupt, Resume
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, prompt

HUMAN_VERBS: dict[str, Callable[[Place, str, str], Any]] = {
    "new": lambda place, me, other: New("fresh", place.folder("fresh"), runtime="offline"),
    "rename": lambda place, me, other: Rename(me, "boss"),
    "set": lambda place, me, other: Set(me, "sandbox_mode", "danger-full-access"),
    "fork": lambda place, me, other: Fork(me, "twin"),
    "trust": lambda place, me, other: Trust(place.folder("operator")),
    "note": lambda place, me, other: SetMeta("last_thread", me),
    "attach": lambda place, me, other: Attach(other, me),
    "move": lambda place, me, other: Attach(other, me, move=True),
    "rights": lambda place, me, other: Attach(other, me, rights="own"),
    "detach": lambda place, me, other: Detach(other),
    "archive": lambda place, me, other: Archive(other),
    "unarchive": lambda place, me, other: Unarchive(other),
    "prompt": lambda place, me, other: Send(me, "approve it"),
    "prompt another": lambda place, me, other: Send(other, "approve it"),
    "prompt for another": lambda place, me, other: Send(me, "approve it", sender=other),
    "interrupting prompt": lambda place, me, other: Send(other, "stop", delivery="interrupt"),
    "edit": lambda place, me, other: Edit(1, "x"),
    "remove": lambda place, me, other: Remove(1),
    "interrupt": lambda place, me, other: Interrupt(other),
    "resume": lambda place, me, other: Resume(me),
    "compact": lambda place, me, other: Compact(other),
    "decide": lambda place, me, other: Decide("operator-1", True),
    "revoke": lambda place, me, other: Revoke(1),
    "fold": lambda place, me, other: Fold(other),
    "redact": lambda place, me, other: Redact(1),
}


async def as_agent(place: Place, desk: Desk, thread_id: str, action: Any) -> Refusal:
    async with place.open("none", env={"CODEX_DESK_THREAD": thread_id}) as mine:
        with pytest.raises(Refusal) as caught:
            await mine.do(action)
    return caught.value


@pytest.mark.parametrize("verb", HUMAN_VERBS)
async def test_every_verb_of_the_user_is_refused_to_an_agents_process(
    place: Place, runtime: ScriptedRuntime, desk: Desk, verb: str
) -> None:
    """Tried from inside a running turn, with a child attached: where an agent is closest to the user."""
    operator, reviewer = [await place.session(desk, handle) for handle in ("operator", "reviewer")]
    await desk.do(Attach(reviewer.id, operator.id))
    refusals: list[Refusal] = []

    async def act(turn: Scripted) -> str:
        action = HUMAN_VERBS[verb](place, operator.id, reviewer.id)
        refusals.append(await as_agent(place, desk, operator.id, action))
        return "tried"

    runtime.scripts["operator"] = act
    await prompt(desk, operator, "go")
    assert [refusal.code for refusal in refusals] == ["origin_agent"]


async def test_without_the_variable_it_is_the_user(place: Place) -> None:
    async with place.open("none") as desk:
        assert desk.identity == HUMAN


async def test_with_the_variable_it_is_that_agent_and_cannot_take_it_off_in_the_call(place: Place, desk: Desk) -> None:
    operator = await place.session(desk, "operator")
    async with place.open("none", env={"CODEX_DESK_THREAD": operator.id}) as mine:
        assert mine.identity == By("agent", operator.id)


async def test_an_agents_process_may_write_along_its_edges_while_its_turn_runs(place: Place, runtime: ScriptedRuntime, desk: Desk) -> None:
    operator, reviewer = [await place.session(desk, handle) for handle in ("operator", "reviewer")]
    await desk.do(Attach(reviewer.id, operator.id))
    sent = []

    async def act(turn: Scripted) -> str:
        async with place.open("none", env={"CODEX_DESK_THREAD": operator.id}) as mine:
            message = await mine.do(Ask(reviewer.id, "look"))
            sent.append(message)
        return "sent"

    runtime.scripts["operator"] = act
    await prompt(desk, operator, "go")
    assert (sent[0].origin, sent[0].sender) == ("agent", "operator")


@pytest.mark.parametrize("make", [lambda other: Ask(other, "x"), lambda other: Report(other, "x"), lambda other: Send(other, "x")])
async def test_an_agent_of_no_thread_may_do_nothing(place: Place, desk: Desk, make: Callable[[str], Any]) -> None:
    operator = await place.session(desk, "operator")
    assert (await as_agent(place, desk, "codex", make(operator.id))).code == "origin_agent"


async def test_a_thread_that_does_not_exist_is_an_agent_all_the_same(place: Place, desk: Desk) -> None:
    operator = await place.session(desk, "operator")
    assert (await as_agent(place, desk, "no-such-thread", Send(operator.id, "x"))).code == "origin_agent"
    assert (await as_agent(place, desk, "no-such-thread", Ask(operator.id, "x"))).code == "no_edge"
