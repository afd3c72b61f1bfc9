from __future__ import annotations

import asyncio

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.links import Archive, Attach, Detach
from codex_desk.engine.sessions import Rename
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, agent, at_rest, final, kinds, lines, prompt, refused, until


@pytest.mark.row("S0-02")
@pytest.mark.row("S0-16")
async def test_an_attachment_is_a_durable_record_that_shows_on_both_ends(place: Place, desk: Desk, team: dict[str, ThreadView]) -> None:
    edge = await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    async with place.open("none") as other:
        child = other.thread(team["reviewer"].id)
        children = [each.handle for each in other.children(team["operator"].id)]
    assert (child.parent, child.relation, child.rights, child.wake, child.interrupt) == ("operator", "attached", "lesser", "answers", False)
    assert children == ["reviewer"]
    assert edge.ended_at is None


async def test_both_ends_get_a_line_and_an_audit_row(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    assert lines(desk, team["reviewer"]) == ["attached to operator (rights lesser, wake answers, interrupt no)"]
    assert lines(desk, team["operator"]) == ["reviewer attached (rights lesser, wake answers, interrupt no)"]
    assert kinds(desk, team["reviewer"]) == kinds(desk, team["operator"]) == ["created", "attached"]


async def test_itself_is_refused(desk: Desk, team: dict[str, ThreadView]) -> None:
    assert (await refused(desk, Attach(team["reviewer"].id, team["reviewer"].id))).code == "self"


@pytest.mark.parametrize("archived", ["reviewer", "operator"])
async def test_an_archived_end_is_refused(desk: Desk, team: dict[str, ThreadView], archived: str) -> None:
    await desk.do(Archive(team[archived].id))
    assert (await refused(desk, Attach(team["reviewer"].id, team["operator"].id))).code == "archived"


@pytest.mark.parametrize(("column", "value"), [("kind", "subagent"), ("status", "history")])
@pytest.mark.parametrize("end", ["reviewer", "operator"])
@pytest.mark.row("S0-27")
async def test_only_sessions_are_attached(desk: Desk, team: dict[str, ThreadView], column: str, value: str, end: str) -> None:
    await desk.ledger.run(
        lambda tx: tx.connection.exec_driver_sql(f"UPDATE thread SET {column} = ? WHERE id = ?", (value, team[end].id)) and None
    )
    assert (await refused(desk, Attach(team["reviewer"].id, team["operator"].id))).code == "not_a_session"


async def test_a_cycle_is_refused_with_its_path(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await desk.do(Attach(team["tester"].id, team["reviewer"].id))
    refusal = await refused(desk, Attach(team["operator"].id, team["tester"].id))
    assert refusal.code == "cycle"
    assert refusal.message == "would make a cycle: operator → reviewer → tester → operator"


async def test_the_shortest_cycle_is_told_as_the_rule_words_it(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    refusal = await refused(desk, Attach(team["operator"].id, team["reviewer"].id))
    assert refusal.message == "would make a cycle: operator → reviewer → operator"


async def test_three_edges_are_the_longest_path(desk: Desk, team: dict[str, ThreadView]) -> None:
    for child, parent in (("reviewer", "operator"), ("tester", "reviewer"), ("writer", "tester")):
        await desk.do(Attach(team[child].id, team[parent].id))
    assert (await refused(desk, Attach(team["reader"].id, team["writer"].id))).code == "too_deep"


async def test_the_childs_own_subtree_counts_for_the_depth(desk: Desk, team: dict[str, ThreadView]) -> None:
    for child, parent in (("reviewer", "operator"), ("writer", "tester"), ("reader", "writer")):
        await desk.do(Attach(team[child].id, team[parent].id))
    assert (await refused(desk, Attach(team["tester"].id, team["reviewer"].id))).code == "too_deep"
    await desk.do(Attach(team["tester"].id, team["operator"].id))


async def test_the_depth_is_a_setting(place: Place, desk: Desk, team: dict[str, ThreadView]) -> None:
    (place.home / "config.toml").write_text("[agents]\nmax_attach_depth = 1\n")
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    assert (await refused(desk, Attach(team["tester"].id, team["reviewer"].id))).code == "too_deep"


async def test_a_second_parent_is_refused_and_changes_nothing(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    assert (await refused(desk, Attach(team["reviewer"].id, team["tester"].id))).code == "has_parent"
    assert desk.thread(team["reviewer"].id).parent == "operator"


async def test_a_move_is_one_step_with_a_line_for_all_three(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await desk.do(Attach(team["reviewer"].id, team["tester"].id, move=True))
    assert desk.thread(team["reviewer"].id).parent == "tester"
    assert desk.children(team["operator"].id) == []
    assert lines(desk, team["reviewer"])[-1].startswith("moved from operator to tester")
    assert lines(desk, team["tester"])[-1].startswith("reviewer moved here from operator")
    assert lines(desk, team["operator"])[-1] == "reviewer moved to tester"
    assert [kinds(desk, team[each])[-1] for each in ("reviewer", "tester", "operator")] == ["moved"] * 3


async def test_a_refused_move_leaves_the_old_parent(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await desk.do(Attach(team["tester"].id, team["reviewer"].id))
    assert (await refused(desk, Attach(team["reviewer"].id, team["tester"].id, move=True))).code == "cycle"
    assert desk.thread(team["reviewer"].id).parent == "operator"


async def test_of_two_orchestrators_at_once_one_gets_the_child(place: Place, desk: Desk, team: dict[str, ThreadView]) -> None:
    async with place.open("none") as other:
        ended = await asyncio.gather(
            desk.do(Attach(team["reviewer"].id, team["operator"].id)),
            other.do(Attach(team["reviewer"].id, team["tester"].id)),
            return_exceptions=True,
        )
    assert sorted(each.code if isinstance(each, Refusal) else "attached" for each in ended) == ["attached", "has_parent"]


@pytest.mark.row("S0-12")
@pytest.mark.row("S0-17")
@pytest.mark.row("S0-28")
async def test_attaching_changes_nothing_else_of_the_child(place: Place, desk: Desk, team: dict[str, ThreadView]) -> None:
    await prompt(desk, team["reviewer"], "remember this")
    facts = "SELECT id, handle, project, cwd, cwd_device, cwd_inode, runtime, settings, kind, archived_at, held FROM thread WHERE id = ?"
    child = (team["reviewer"].id,)
    history = "SELECT id, live, content FROM segment WHERE thread_id = ?"
    before = desk.rows(facts, child), desk.rows(history, child), desk.settings(*child)
    await desk.do(Attach(*child, team["operator"].id))
    await desk.do(Attach(*child, team["tester"].id, move=True))
    await desk.do(Detach(*child))
    assert (desk.rows(facts, child), desk.rows(history, child), desk.settings(*child)) == before


@pytest.mark.row("S0-12")
@pytest.mark.row("S0-17")
async def test_a_child_reads_its_own_instructions_and_none_of_its_parents(
    place: Place, runtime: ScriptedRuntime, desk: Desk, team: dict[str, ThreadView]
) -> None:
    (place.folder("operator") / "AGENTS.md").write_text("OPERATOR RULES")
    (place.folder("reviewer") / "AGENTS.md").write_text("REVIEWER RULES")
    await prompt(desk, team["reviewer"], "before")
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await prompt(desk, team["reviewer"], "after", sender=team["operator"].id)
    before, after = runtime.inputs["reviewer"]
    assert after.context == before.context
    assert "REVIEWER RULES" in after.context
    assert "OPERATOR RULES" not in after.context + after.input + after.system
    hashes = desk.rows("SELECT DISTINCT instructions_hash FROM turn WHERE thread_id = ?", (team["reviewer"].id,))
    assert len(hashes) == 1


@pytest.mark.row("S0-11")
async def test_a_role_is_its_folders_instructions_and_no_toml_beside_them_governs_it_too(
    place: Place, runtime: ScriptedRuntime, desk: Desk, team: dict[str, ThreadView]
) -> None:
    folder = place.folder("reviewer")
    (folder / "AGENTS.md").write_text("REVIEWER RULES")
    (folder / ".codex" / "agents").mkdir(parents=True)
    (folder / ".codex" / "agents" / "reviewer.toml").write_text('name = "reviewer"\ndeveloper_instructions = "TOML RULES"\n')
    before = sorted(folder.rglob("*"))
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await prompt(desk, team["reviewer"], "who are you?", sender=team["operator"].id)
    (turn,) = runtime.inputs["reviewer"]
    assert "REVIEWER RULES" in turn.context
    assert "TOML RULES" not in turn.context + turn.system + turn.input
    assert sorted(folder.rglob("*")) == before


@pytest.mark.row("S0-14")
async def test_an_attached_session_works_with_the_history_it_had(runtime: ScriptedRuntime, desk: Desk, team: dict[str, ThreadView]) -> None:
    await prompt(desk, team["reviewer"], "the password is swordfish")
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await prompt(desk, team["reviewer"], "what was it?", sender=team["operator"].id)
    assert any(b"swordfish" in chunk for chunk in runtime.inputs["reviewer"][-1].history)


@pytest.mark.row("S0-07")
async def test_a_child_stays_in_the_sidebar_and_can_be_prompted(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    assert "reviewer" in [thread.handle for thread in desk.threads()]
    assert (await prompt(desk, team["reviewer"], "hello")).answer == "reviewer answers hello"


@pytest.mark.row("S0-22")
@pytest.mark.row("S0-23")
async def test_detaching_ends_the_relation_and_nothing_else(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    edge = await desk.do(Detach(team["reviewer"].id))
    child = desk.thread(team["reviewer"].id)
    assert (child.parent, child.live, edge.end_reason) == (None, True, "detached")
    assert lines(desk, team["reviewer"])[-1] == "detached from operator"
    assert lines(desk, team["operator"])[-1] == "reviewer detached"
    assert (await prompt(desk, child, "still there?")).state == "answered"


async def test_detaching_what_is_not_attached_is_refused(desk: Desk, team: dict[str, ThreadView]) -> None:
    assert (await refused(desk, Detach(team["reviewer"].id))).code == "not_attached"


async def test_what_was_queued_across_a_detached_edge_is_cancelled_and_what_ran_is_answered_without_a_wake(
    runtime: ScriptedRuntime, desk: Desk, team: dict[str, ThreadView]
) -> None:
    gate, began = asyncio.Event(), asyncio.Event()

    async def ask_twice(turn: Scripted) -> str:
        return " ".join([str(await turn.send("reviewer", "one")), str(await turn.send("reviewer", "two"))])

    async def slow(turn: Scripted) -> str:
        began.set()
        await gate.wait()
        return "done"

    runtime.scripts |= {"operator": ask_twice, "reviewer": slow}
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    running, queued = (int(each) for each in ((await prompt(desk, team["operator"], "go")).answer or "").split())
    await began.wait()
    await desk.do(Detach(team["reviewer"].id))
    assert (desk.message(queued).state, desk.message(queued).reason) == ("cancelled", "detached")
    gate.set()
    await final(desk, running)
    await at_rest(desk)
    assert (desk.message(running).state, desk.message(running).answer) == ("answered", "done")
    assert any("#" + str(running) + " answered" in line for line in lines(desk, team["operator"]))
    assert len(runtime.inputs["operator"]) == 1
    assert desk.rows("SELECT * FROM wake") == []


@pytest.mark.row("S0-21")
@pytest.mark.row("S0-27")
async def test_close_agent_on_an_attached_session_is_refused_and_says_what_to_do_instead(
    runtime: ScriptedRuntime, desk: Desk, team: dict[str, ThreadView]
) -> None:
    results: list[dict] = []

    async def close(turn: Scripted) -> str:
        results.append(await turn.tool("close_agent", target="reviewer"))
        return "tried"

    runtime.scripts["operator"] = close
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await prompt(desk, team["operator"], "close it")
    assert results[0]["error"]["code"] == "attached_session"
    assert "stop sending" in results[0]["error"]["message"]
    assert desk.thread(team["reviewer"].id).parent == "operator"


@pytest.mark.row("S0-21")
@pytest.mark.row("S0-23")
async def test_close_agent_can_be_made_a_detach_and_never_archives(
    place: Place, runtime: ScriptedRuntime, desk: Desk, team: dict[str, ThreadView]
) -> None:
    async def close(turn: Scripted) -> str:
        return str(await turn.tool("close_agent", target="reviewer"))

    (place.home / "config.toml").write_text('[agents]\nclose_agent_on_attached = "detach"\n')
    runtime.scripts["operator"] = close
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await prompt(desk, team["operator"], "close it")
    child = desk.thread(team["reviewer"].id)
    assert (child.live, child.parent) == (True, None)
    assert (await prompt(desk, child, "alive?")).state == "answered"


async def test_the_three_settings_of_an_attachment_change_one_by_one(desk: Desk, team: dict[str, ThreadView]) -> None:
    child, parent = team["reviewer"].id, team["operator"].id
    edge = await desk.do(Attach(child, parent))
    changes = (
        Attach(child, parent, rights="own"),
        Attach(child, parent, wake="never"),
        Attach(child, parent, interrupt=True),
        Attach(child, parent, rights="lesser"),
    )
    for change in changes:
        assert (await desk.do(change)).id == edge.id
    view = desk.thread(child)
    assert (view.rights, view.wake, view.interrupt) == ("lesser", "never", True)
    assert (await refused(desk, Attach(child, parent))).code == "already_attached"


@pytest.mark.parametrize("change", [{"rights": "wider"}, {"wake": "always"}])
async def test_a_setting_with_another_word_is_refused(desk: Desk, team: dict[str, ThreadView], change: dict) -> None:
    assert (await refused(desk, Attach(team["reviewer"].id, team["operator"].id, **change))).code == "bad_value"


async def test_an_agent_can_change_no_setting_of_its_attachment(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    for end in ("reviewer", "operator"):
        refusal = await refused(desk, Attach(team["reviewer"].id, team["operator"].id, rights="own"), agent(team[end]))
        assert refusal.code == "origin_agent"
    assert desk.thread(team["reviewer"].id).rights == "lesser"


async def test_a_renamed_thread_keeps_its_relations(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await desk.do(Rename(team["operator"].id, "conductor"))
    assert desk.thread(team["reviewer"].id).parent == "conductor"


@pytest.mark.row("S0-34")
async def test_several_children_work_for_one_parent_at_the_same_time(
    runtime: ScriptedRuntime, desk: Desk, team: dict[str, ThreadView]
) -> None:
    both = asyncio.Barrier(3)

    async def parent(turn: Scripted) -> str:
        numbers = [await turn.send(child, f"for {child}") for child in ("reviewer", "tester", "writer")]
        results = (await turn.wait(*numbers, mode="all"))["results"]
        return "; ".join(f"{each['agent']}: {each['answer']}" for each in results)

    async def child(turn: Scripted) -> str:
        await both.wait()  # only ends when all three run at once
        return turn.body

    runtime.scripts |= {"operator": parent, "reviewer": child, "tester": child, "writer": child}
    for each in ("reviewer", "tester", "writer"):
        await desk.do(Attach(team[each].id, team["operator"].id))
    answer = (await prompt(desk, team["operator"], "go")).answer
    assert answer == "reviewer: for reviewer; tester: for tester; writer: for writer"


async def test_a_pane_hears_of_an_attachment_made_elsewhere(place: Place, desk: Desk, team: dict[str, ThreadView]) -> None:
    async with place.open("none") as other:
        await other.do(Attach(team["reviewer"].id, team["operator"].id))
        await until(desk, lambda: desk.thread(team["reviewer"].id).parent == "operator")
