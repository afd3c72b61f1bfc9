from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.links import Archive, Attach
from codex_desk.engine.sessions import Fork, New, Rename, Set, SetMeta, Trust
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Place, ScriptedRuntime, kinds, lines, prompt


async def refused(desk: Desk, action) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(Refusal) as caught:
        await desk.do(action)
    return caught.value.code


@pytest.mark.parametrize("handle", ["", "Operator", "1st", "-x", "a b", "a_b", "ä", "a" * 41, "a/b", "@a", "a\n", "../a"])
async def test_what_is_no_handle_is_refused(place: Place, desk: Desk, operator: ThreadView, handle: str) -> None:
    assert await refused(desk, New(handle, place.folder("x"), runtime="offline")) == "bad_handle"
    assert await refused(desk, Rename(operator.id, handle)) == "bad_handle"
    assert await refused(desk, Fork(operator.id, handle)) == "bad_handle"


@pytest.mark.parametrize("handle", ["a", "a1", "operator-2", "a" * 40])
async def test_what_is_a_handle_is_taken(place: Place, desk: Desk, handle: str) -> None:
    assert (await desk.do(New(handle, place.folder("x"), runtime="offline"))).handle == handle


async def test_a_handle_is_unique_in_its_project_and_free_in_another(place: Place, desk: Desk, operator: ThreadView) -> None:
    assert await refused(desk, New("operator", Path(operator.cwd), runtime="offline")) == "handle_taken"
    twin = await desk.do(New("operator", place.folder("another"), runtime="offline"))
    assert twin.project != operator.project
    with pytest.raises(Refusal) as caught:
        desk.resolve("operator", place.root)
    assert caught.value.code == "ambiguous_thread"
    assert desk.resolve("@operator", Path(operator.cwd)).id == operator.id
    assert desk.resolve(f"{twin.project}/operator").id == twin.id
    assert desk.resolve("another/operator").id == twin.id
    assert desk.resolve(twin.id).id == twin.id


async def test_the_handle_of_an_archived_session_stays_taken(desk: Desk, operator: ThreadView) -> None:
    await desk.do(Archive(operator.id))
    assert await refused(desk, New("operator", Path(operator.cwd), runtime="offline")) == "handle_taken"


async def test_sessions_of_a_repository_share_its_project(place: Place, desk: Desk) -> None:
    root = place.folder("repo")
    (root / ".git").mkdir()
    (root / "sub").mkdir()
    thread = await desk.do(New("inner", root / "sub", runtime="offline"))
    assert (thread.project, thread.cwd) == (str(root), str(root / "sub"))
    assert await refused(desk, New("inner", root, runtime="offline")) == "handle_taken"


async def test_an_unknown_runtime_is_refused(place: Place, desk: Desk) -> None:
    assert await refused(desk, New("x", place.folder("x"), runtime="magic")) == "bad_value"


async def test_renaming_writes_a_line_and_keeps_the_id(desk: Desk, operator: ThreadView) -> None:
    view = await desk.do(Rename(operator.id, "conductor"))
    assert (view.id, view.handle) == (operator.id, "conductor")
    assert lines(desk, operator) == ["renamed from operator to conductor"]
    assert kinds(desk, operator) == ["created", "renamed"]
    await desk.do(Rename(operator.id, "conductor"))
    assert kinds(desk, operator) == ["created", "renamed"]


@pytest.mark.row("S0-28")
async def test_a_fork_has_the_history_and_the_settings_and_none_of_the_relations(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    child, boss = [await place.session(desk, handle) for handle in ("child", "boss")]
    await desk.do(Attach(child.id, operator.id))
    await desk.do(Attach(operator.id, boss.id))
    await desk.do(Set(operator.id, "model", "small"))
    await prompt(desk, operator, "the password is swordfish")
    fork = await desk.do(Fork(operator.id, "twin"))
    assert (fork.parent, desk.children(fork.id), fork.model, fork.forked_from) == (None, [], "small", operator.id)
    assert [each.handle for each in desk.children(operator.id)] == ["child"]
    await prompt(desk, fork, "what was it?")
    assert any(b"swordfish" in chunk for chunk in runtime.inputs["twin"][0].history)
    await prompt(desk, operator, "and you?")
    assert not any(b"what was it?" in chunk for chunk in runtime.inputs["operator"][-1].history)


async def test_a_fork_of_a_fork_has_the_live_history_once(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    await prompt(desk, operator, "first")
    one = await desk.do(Fork(operator.id, "one"))
    two = await desk.do(Fork(one.id, "two"))
    await prompt(desk, two, "second")
    assert list(runtime.inputs["two"][0].history) == list(runtime.inputs["operator"][0].history) + [
        chunk["content"] for chunk in desk.rows("SELECT content FROM segment WHERE thread_id = ? ORDER BY id", (operator.id,))
    ]


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [("nonsense", "1", "unknown_key"), ("sandbox_mode", "wide-open", "bad_value"), ("runtime", "magic", "bad_value")],
)
async def test_a_setting_that_does_not_hold_is_refused(desk: Desk, operator: ThreadView, key: str, value: str, code: str) -> None:
    assert await refused(desk, Set(operator.id, key, value)) == code
    assert lines(desk, operator) == []


async def test_a_setting_counts_from_the_next_turn_and_can_be_taken_back(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    modes = []
    for value in ("read-only", ""):
        await desk.do(Set(operator.id, "sandbox_mode", value))
        await prompt(desk, operator, "go")
        modes.append(runtime.inputs["operator"][-1].rights.mode)
    assert modes == ["read-only", "workspace-write"]
    assert "sandbox_mode set to read-only" in lines(desk, operator)
    assert "sandbox_mode taken back" in lines(desk, operator)


async def test_trust_is_for_a_folder_and_what_lies_in_it_and_can_be_taken_back(place: Place, desk: Desk) -> None:
    folder = place.folder("repo")
    (folder / "inner").mkdir()
    assert not desk.is_trusted(folder)
    assert await desk.do(Trust(folder)) is True
    assert desk.is_trusted(folder / "inner")
    assert not desk.is_trusted(folder.parent)
    assert [path for path, _ in desk.trusted()] == [str(folder)]
    assert await desk.do(Trust(folder, revoke=True)) is False
    assert desk.trusted() == []


async def test_trust_is_for_the_real_folder_behind_a_link(place: Place, desk: Desk) -> None:
    link = place.root / "link"
    link.symlink_to(place.folder("repo"))
    await desk.do(Trust(link))
    assert [path for path, _ in desk.trusted()] == [str(place.folder("repo").resolve())]


async def test_small_facts_of_the_desk_are_kept(place: Place, desk: Desk, operator: ThreadView) -> None:
    assert desk.meta("last_thread") is None
    await desk.do(SetMeta("last_thread", operator.id))
    await desk.do(SetMeta("last_thread", "other"))
    async with place.open("none") as again:
        assert again.meta("last_thread") == "other"


async def test_threads_lists_what_lives_newest_activity_first(place: Place, desk: Desk, operator: ThreadView) -> None:
    reviewer = await place.session(desk, "reviewer")
    await prompt(desk, operator, "go")
    await desk.do(Archive(reviewer.id))
    assert [thread.handle for thread in desk.threads()] == ["operator"]
    assert {thread.handle for thread in desk.threads(everything=True)} == {"operator", "reviewer"}


async def test_items_page_both_ways(desk: Desk, operator: ThreadView) -> None:
    for n in range(6):
        await desk.do(Rename(operator.id, f"n{n}"))
    every = [item.seq for item in desk.items(operator.id)]
    assert [item.seq for item in desk.items(operator.id, limit=2)] == every[-2:]
    assert [item.seq for item in desk.items(operator.id, before=every[-2], limit=2)] == every[-4:-2]
    assert [item.seq for item in desk.items(operator.id, after=every[0], limit=2)] == every[1:3]
