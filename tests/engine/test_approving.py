from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from codex_desk.engine.approvals import Asked, Decide, Expire, Request, Revoke
from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import Fork, New, Set
from codex_desk.engine.turns import Interrupt
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, agent, final, kinds, lines, prompt, refused, until


def shell(*commands: str):  # type: ignore[no-untyped-def]
    """A script that runs commands and answers with how each went: its exit code, or the error's code."""

    async def script(turn: Scripted) -> str:
        went = []
        for command in commands:
            result = await turn.tool("shell", command=command)
            went.append(result["error"]["message"] if "error" in result else result["exit_code"])
        return json.dumps(went)

    return script


async def asking(desk: Desk, runtime: ScriptedRuntime, thread: ThreadView, *commands: str) -> int:
    """Prompt a thread to run commands; returns the prompt's number once it asks."""
    runtime.scripts[thread.handle or ""] = shell(*commands)
    sent = await desk.do(Send(thread.id, "go"))
    await until(desk, lambda: any(each.thread_id == thread.id for each in desk.approvals()))
    return sent.id


async def test_an_entry_shows_all_that_there_is_to_decide_on(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    command = "printf '%s\\n' " + "x" * 5000 + " > out.txt"
    await asking(desk, runtime, operator, command)
    (approval,) = desk.approvals()
    assert (approval.id, approval.thread, approval.kind, approval.text) == ("operator-1", "operator", "command", command)
    assert (approval.cwd, approval.chain, approval.state) == (str(place.folder("operator")), ("human", "operator"), "pending")
    assert approval.why
    assert (desk.thread(operator.id).status, (desk.thread(operator.id).reason or "").split(":")[0]) == ("needs_human", "operator-1")
    assert kinds(desk, operator)[-1] == "approval_asked"


async def test_the_chain_names_who_asked_whom(place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    threads = {handle: await place.session(desk, handle) for handle in ("reviewer", "tester")}
    await desk.do(Attach(threads["reviewer"].id, operator.id))
    await desk.do(Attach(threads["tester"].id, threads["reviewer"].id))

    def ask(child: str):  # type: ignore[no-untyped-def]
        async def script(turn: Scripted) -> str:
            number = await turn.send(child, "on")
            while not (await turn.wait(number))["results"][0]["answer"]:
                pass
            return "done"

        return script

    runtime.scripts |= {"operator": ask("reviewer"), "reviewer": ask("tester"), "tester": shell("touch x")}
    sent = await desk.do(Send(operator.id, "go"))
    await until(desk, desk.approvals)
    (approval,) = desk.approvals()
    assert approval.chain == ("human", "operator", "reviewer", "tester")
    await desk.do(Decide(approval.id, True))
    await final(desk, sent.id)


@pytest.mark.parametrize(("approve", "went"), [(True, 0), (False, "the user refused it")])
async def test_the_users_answer_decides(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, approve: bool, went: object
) -> None:
    number = await asking(desk, runtime, operator, "touch made")
    view = await desk.do(Decide("operator-1", approve))
    assert view.state == ("approved" if approve else "denied")
    (message,) = await final(desk, number)
    assert json.loads(message.answer or "") == [went]
    assert (place.folder("operator") / "made").exists() == approve
    assert kinds(desk, operator)[-2] == ("approval_given" if approve else "approval_refused")
    assert desk.thread(operator.id).status == "idle"


async def test_an_approval_once_is_for_once(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    number = await asking(desk, runtime, operator, "true", "true")
    await desk.do(Decide("operator-1", True))
    await until(desk, lambda: [each.id for each in desk.approvals()] == ["operator-2"])
    await desk.do(Decide("operator-2", False))
    (message,) = await final(desk, number)
    assert json.loads(message.answer or "") == [0, "the user refused it"]
    assert desk.grants() == []


async def test_only_the_user_answers_and_only_once(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    number = await asking(desk, runtime, operator, "true")
    assert (await refused(desk, Decide("operator-1", True), agent(operator))).code == "origin_agent"
    assert (await refused(desk, Decide("operator-9", True))).code == "unknown_approval"
    assert (await refused(desk, Decide("operator-1", True, "everywhere"))).code == "bad_value"  # type: ignore[arg-type]
    await desk.do(Decide("operator-1", False))
    assert (await refused(desk, Decide("operator-1", True))).code == "decided"
    await final(desk, number)


async def test_numbers_are_desk_wide_and_never_used_again(place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    reviewer = await place.session(desk, "reviewer")
    ids = []
    for thread in (operator, reviewer, operator):
        number = await asking(desk, runtime, thread, "true")
        ids.append(desk.approvals()[0].id)
        await desk.do(Decide(ids[-1], True))
        await final(desk, number)
    assert ids == ["operator-1", "reviewer-2", "operator-3"]


@pytest.mark.row("S1-13")
@pytest.mark.row("S1-14")
async def test_a_subagents_approval_is_named_after_its_parent_and_says_who_asked_for_it(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, place: Place
) -> None:
    (place.folder("operator") / "sub").mkdir()

    async def spawn(turn: Scripted) -> str:
        made = await turn.tool("spawn_agent", task_name="digger", message="dig", cwd="sub")
        while not (answer := (await turn.wait(made["name"]))["results"][0]["answer"]):
            pass
        return answer

    runtime.scripts |= {"operator": spawn, "digger": shell("touch dug")}
    sent = await desk.do(Send(operator.id, "go"))
    (approval,) = await until(desk, desk.approvals)
    assert (approval.id, approval.thread, approval.chain) == ("sub-operator-1", "digger", ("human", "operator", "digger"))
    assert approval.cwd == str(place.folder("operator") / "sub")
    await desk.do(Decide(approval.id, True))
    assert (await final(desk, sent.id))[0].answer == "[0]"
    assert (place.folder("operator") / "sub" / "dug").exists()


async def test_who_asked_is_told_across_a_wake(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, place: Place) -> None:
    reviewer = await place.session(desk, "reviewer")
    await desk.do(Attach(reviewer.id, operator.id))

    async def lead(turn: Scripted) -> str:
        if "The desk woke you" not in turn.input.input:
            await turn.send("reviewer", "look")
            return "asked"
        return await shell("true")(turn)

    async def late(turn: Scripted) -> str:
        await until(desk, lambda: desk.thread(operator.id).status == "idle")
        return "looked"

    runtime.scripts |= {"operator": lead, "reviewer": late}
    await prompt(desk, operator, "go")
    (approval,) = await until(desk, desk.approvals)
    assert approval.chain == ("human", "operator")
    await desk.do(Decide(approval.id, False))


async def test_of_two_answers_at_once_one_counts_and_the_other_is_told(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    number = await asking(desk, runtime, operator, "touch made")
    async with place.open("none") as other:
        went = await asyncio.gather(desk.do(Decide("operator-1", True)), other.do(Decide("operator-1", False)), return_exceptions=True)
    (told,) = [each for each in went if isinstance(each, Refusal)]
    (won,) = [each for each in went if not isinstance(each, BaseException)]
    assert (told.code, won.state in told.message) == ("decided", True)
    await final(desk, number)
    assert (place.folder("operator") / "made").exists() == (won.state == "approved")


async def test_a_thread_that_asks_for_two_things_shows_the_one_that_is_left(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    async def both(turn: Scripted) -> str:
        await asyncio.gather(turn.tool("shell", command="true"), turn.tool("shell", command="false"))
        return "done"

    runtime.scripts["operator"] = both
    sent = await desk.do(Send(operator.id, "go"))
    await until(desk, lambda: len(desk.approvals()) == 2)
    await desk.do(Decide("operator-2", True))
    assert (desk.thread(operator.id).status, (desk.thread(operator.id).reason or "").split(":")[0]) == ("needs_human", "operator-1")
    await desk.do(Decide("operator-1", True))
    await final(desk, sent.id)


async def grant(desk: Desk, runtime: ScriptedRuntime, thread: ThreadView, command: str, scope) -> None:  # type: ignore[no-untyped-def]
    number = await asking(desk, runtime, thread, command)
    await desk.do(Decide(desk.approvals()[0].id, True, scope))
    await final(desk, number)


async def covered(desk: Desk, thread: ThreadView, command: list[str] | None, cwd: str | None = None) -> bool:
    """Whether a grant lets this command of this thread pass."""
    turn = desk.rows("SELECT id FROM turn ORDER BY started_at LIMIT 1")[0]["id"]
    text = " ".join(command or ["a | b"])
    asked: Asked = await desk.ledger.do(
        Request(thread.id, turn, "command", text, cwd or thread.cwd, "why", None if command is None else tuple(command))
    )
    if asked.id is not None:
        await desk.ledger.do(Expire(asked.id, "only asked"))
    return asked.id is None


@pytest.fixture
async def family(place: Place, desk: Desk, operator: ThreadView) -> dict[str, ThreadView]:
    """A child, a subagent and one of its own, a stranger, a fork, and a session in the operator's own folder."""
    made = {handle: await place.session(desk, handle) for handle in ("child", "sub", "deeper", "stranger")}
    await desk.do(Attach(made["child"].id, operator.id))
    await desk.ledger.run(lambda tx: tx.update(tx.thread(made["sub"].id), kind="subagent", spawned_by=operator.id) and None)
    await desk.ledger.run(lambda tx: tx.update(tx.thread(made["deeper"].id), kind="subagent", spawned_by=made["sub"].id) and None)
    made["neighbour"] = await desk.do(New("neighbour", Path(operator.cwd), runtime="offline"))
    return made


@pytest.mark.row("S1-18")
@pytest.mark.parametrize(
    ("scope", "reaches"),
    [("thread", {"operator"}), ("tree", {"operator", "sub", "deeper"}), ("folder", {"operator", "neighbour", "fork"})],
)
async def test_a_grant_reaches_its_scope_and_never_leaks_to_another_thread(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, family: dict[str, ThreadView], scope: str, reaches: set[str]
) -> None:
    await grant(desk, runtime, operator, "make test", scope)
    family["fork"] = await desk.do(Fork(operator.id, "fork"))
    threads = family | {"operator": operator}
    assert {name for name, thread in threads.items() if await covered(desk, thread, ["make", "test"])} == reaches


@pytest.mark.parametrize(
    ("command", "passes"),
    [
        (["make", "test"], True),
        (["make", "test", "--quiet"], True),
        (["make", "tests"], False),
        (["make"], False),
        (["make", "install"], False),
        (["sudo", "make", "test"], False),
        (None, False),
    ],
)
async def test_a_grant_is_a_prefix_of_the_arguments_of_one_simple_command(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, command: list[str] | None, passes: bool
) -> None:
    await grant(desk, runtime, operator, "make test", "thread")
    assert await covered(desk, operator, command) == passes


@pytest.mark.parametrize(
    "command", ["make test > out", "make test; rm x", "make $(cat x)", "make test | tee y", "make `x`", "make test && rm x"]
)
async def test_no_rule_can_stand_for_more_than_one_simple_command(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, command: str
) -> None:
    number = await asking(desk, runtime, operator, command)
    assert (await refused(desk, Decide("operator-1", True, "thread"))).code == "bad_value"
    await desk.do(Decide("operator-1", False))
    await final(desk, number)
    assert desk.grants() == []


@pytest.mark.parametrize("command", ["make test > out", "make test; rm x", "make test $(cat x)", "make test && rm x"])
async def test_a_grant_does_not_cover_a_command_with_an_operator(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, command: str
) -> None:
    await grant(desk, runtime, operator, "make test", "thread")
    number = await asking(desk, runtime, operator, command)
    await desk.do(Decide(desk.approvals()[0].id, False))
    await final(desk, number)


async def test_a_granted_command_runs_without_asking_and_is_on_record(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    await grant(desk, runtime, operator, "true", "thread")
    runtime.scripts["operator"] = shell("true")
    assert (await prompt(desk, operator, "again")).answer == "[0]"
    assert lines(desk, operator)[-4].startswith("allowed by grant 1: true") or "allowed by grant 1: true" in lines(desk, operator)
    assert kinds(desk, operator).count("approval_given") == 2


async def test_a_revoked_grant_covers_nothing(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    await grant(desk, runtime, operator, "true", "thread")
    (view,) = desk.grants()
    assert (view.scope, view.prefix, view.thread) == ("thread", ("true",), "operator")
    await desk.do(Revoke(view.id))
    assert desk.grants() == []
    assert not await covered(desk, operator, ["true"])
    assert (await refused(desk, Revoke(view.id))).code == "unknown_grant"
    assert (await refused(desk, Revoke(99))).code == "unknown_grant"


async def test_with_nobody_to_ask_an_approval_expires_as_a_refusal_that_the_model_reads(place: Place, runtime: ScriptedRuntime) -> None:
    async with place.open("once", patience=0.0) as desk:
        operator = await place.session(desk, "operator")
        runtime.scripts["operator"] = shell("touch made")
        sent = await desk.do(Send(operator.id, "go"))
        (message,) = await desk.run_until([sent.id])
        (approval,) = desk.approvals(pending=False)
        assert json.loads(message.answer or "") == ["nobody to ask"]
        assert approval.state == "expired"
        assert desk.rows("SELECT reason FROM approval")[0]["reason"] == "nobody to ask"
        assert not (place.folder("operator") / "made").exists()


async def test_under_never_what_would_need_approval_is_refused_as_a_result(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    await desk.do(Set(operator.id, "approval_policy", "never"))
    runtime.scripts["operator"] = shell("touch made")
    (went,) = json.loads((await prompt(desk, operator, "go")).answer or "")
    assert "may not ask" in went
    assert desk.approvals(pending=False) == []


async def test_an_approval_whose_turn_ends_expires_with_it_and_is_on_record(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    number = await asking(desk, runtime, operator, "true")
    await desk.do(Interrupt(operator.id))
    await final(desk, number)
    (approval,) = desk.approvals(pending=False)
    assert approval.state == "expired"
    assert "approval_refused" in kinds(desk, operator)
    assert (await refused(desk, Decide("operator-1", True))).code == "decided"
    assert desk.thread(operator.id).status == "idle"


@pytest.mark.row("S1-18")
async def test_two_sessions_ask_at_once_and_each_gets_its_own_answer(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    reviewer = await place.session(desk, "reviewer")
    numbers = [await asking(desk, runtime, thread, "touch made") for thread in (operator, reviewer)]
    await asyncio.gather(desk.do(Decide("reviewer-2", True)), desk.do(Decide("operator-1", False)))
    answers = [json.loads(message.answer or "")[0] for message in await final(desk, *numbers)]
    assert answers == ["the user refused it", 0]
    assert (place.folder("reviewer") / "made").exists()
    assert not (place.folder("operator") / "made").exists()


async def test_rights_of_a_message_bound_what_may_be_asked(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    """A sender that may not escalate cannot have its child ask in its place."""
    reviewer = await place.session(desk, "reviewer")
    await desk.do(Attach(reviewer.id, operator.id))
    await desk.do(Set(operator.id, "approval_policy", "never"))

    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", "write it")

    runtime.scripts |= {"operator": ask, "reviewer": shell("touch made")}
    await prompt(desk, operator, "go")
    assert desk.approvals(pending=False) == []
    assert not (place.folder("reviewer") / "made").exists()


@pytest.mark.row("S1-16")
async def test_many_sessions_ask_in_one_inbox_and_what_is_granted_is_not_asked_again(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    others = [await place.session(desk, handle) for handle in ("reviewer", "tester", "writer")]
    waiting = [await asking(desk, runtime, thread, "touch made") for thread in others]
    assert [(entry.id, entry.thread) for entry in desk.approvals()] == [
        ("reviewer-1", "reviewer"),
        ("tester-2", "tester"),
        ("writer-3", "writer"),
    ]
    for entry in desk.approvals():
        await desk.do(Decide(entry.id, True, "thread"))
    await final(desk, *waiting)
    runtime.scripts |= dict.fromkeys(("reviewer", "tester", "writer"), shell("touch made"))
    again = [await prompt(desk, thread, "once more") for thread in others]
    assert {message.state for message in again} == {"answered"}
    assert len(desk.approvals(pending=False)) == 3
