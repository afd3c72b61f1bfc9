"""What a list of imported history asks for: pages, projects, words, children."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.history_reading import PastPage, PastThread
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Place
from tests.rollouts.samples import ROOT, event, meta, rollout, sample

FORKED, SIDE = "d268-77d3", "dee3-7173"
"""Of the sample `0.169.0/everything`: a session, and a side chat of it."""


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory, new_store: Path) -> Path:
    """A home into which every sample was imported; these tests only read it."""
    home = tmp_path_factory.mktemp("past") / "desk"
    home.mkdir(mode=0o700)
    shutil.copy(new_store, home)

    async def fill() -> None:
        async with Desk.open(home) as opened:
            await opened.import_history(ROOT)

    asyncio.run(fill())
    return home


@pytest.fixture
async def desk(past: Path) -> AsyncIterator[Desk]:
    async with Desk.open(past) as opened:
        yield opened


def ids(page: PastPage) -> list[str]:
    return [each.thread.id for each in page.threads]


async def test_pages_add_up_to_the_whole_list_the_latest_first(desk: Desk) -> None:
    whole = await desk.past(limit=1000)
    found: list[PastThread] = []
    page = await desk.past(limit=4)
    while page.more:
        found += page.threads
        page = await desk.past(after=found[-1], limit=4)
    found += page.threads
    assert tuple(found) == whole.threads
    assert page.total == whole.total == len(found)
    times = [each.thread.last_activity_at for each in found]
    assert times == sorted(times, reverse=True)


async def test_the_list_holds_what_is_nobodys_child(desk: Desk) -> None:
    listed = set(ids(await desk.past(limit=1000)))
    for thread in desk.threads(everything=True):
        assert (thread.id in listed) == (thread.parent_id is None and not _stands_under(desk, thread)), thread


def _stands_under(desk: Desk, thread: ThreadView) -> bool:
    return any(each.id == thread.side_chat_of and each.kind == "session" for each in desk.threads(everything=True))


@pytest.mark.row("S2-08")
async def test_what_a_thread_spawned_and_its_side_chats_stand_under_it(desk: Desk) -> None:
    parent = _id("0.169.0/legacy_v1", "a976-7e31")
    agents = [_id("0.169.0/legacy_v1", "a9f4-73b1"), _id("0.169.0/legacy_v1", "aa4b-7812")]
    assert [each.id for each in desk.past_children(parent)] == agents
    start, side = _id("0.169.0/everything", FORKED), _id("0.169.0/everything", SIDE)
    assert side in [each.id for each in desk.past_children(start)]
    counts = {each.thread.id: each.children for each in (await desk.past(limit=1000)).threads}
    assert (counts[parent], counts[start]) == (2, len(desk.past_children(start)))


@pytest.mark.parametrize("query", ["SPAWN2 work close", "a976-7e31", "/home/dev project close"])
async def test_a_thread_is_found_by_its_title_its_folder_and_its_id(desk: Desk, query: str) -> None:
    assert _id("0.169.0/legacy_v1", "a976-7e31") in ids(await desk.past(query))
    assert (await desk.past(query)).total < (await desk.past()).total


async def test_a_thread_is_found_by_what_was_said_in_it_only_if_that_is_wanted(desk: Desk) -> None:
    thread_id = _id("0.169.0/legacy_v1", "a976-7e31")
    assert thread_id not in ids(await desk.past("hello after compact"))
    assert ids(await desk.past("hello after compact", said=True)) == [thread_id]


@pytest.mark.parametrize("query", ['hell"%', "h_llo", "hell* OR hello", "' OR 1=1 --", "\ud83d\ude00", "NEAR(hello", "text:hello"])
async def test_words_are_data(desk: Desk, query: str) -> None:
    assert (await desk.past(query)).total == 0
    assert (await desk.past(query, said=True)).total < (await desk.past()).total


async def test_two_side_chats_of_one_another_are_listed_and_written_out(place: Place, tmp_path: Path) -> None:
    one, two = "01a1f7f9-6105-71b1-b7e0-de050e59c801", "01a1f7f9-6151-7bc2-a7d8-16a9092ff00d"
    for own, other in ((one, two), (two, one)):
        path = tmp_path / f"rollout-2026-11-20T08-00-00-{own}.jsonl"
        path.write_bytes(rollout(meta(own, forked_from_id=other, attached_thread=True), event("user_message", message="hello")))
    async with Desk.open(place.home) as desk:
        await desk.import_history(tmp_path)
        assert sorted(ids(await desk.past())) == [one, two]
        assert "hello" in desk.export(one, tree=True)


async def test_what_lives_is_read_without_history(desk: Desk) -> None:
    [plan] = desk.rows(
        "EXPLAIN QUERY PLAN SELECT id FROM thread WHERE archived_at IS NULL AND status != 'history' ORDER BY last_activity_at DESC"
    )
    assert "ix_thread_living" in plan["detail"]
    assert desk.living() == desk.threads() == desk.threads(everything=True, history=False) == []


async def test_projects_come_with_how_many_threads_they_have(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "codex" / "sessions"
    folder.mkdir(parents=True)
    for number, cwd in enumerate(("/one", "/two", "/two")):
        own = f"01a1f7f9-6105-71b1-b7e0-00000000000{number}"
        at = f"2026-11-2{number}T08:00:00.000Z"
        data = rollout(
            meta(own, cwd=cwd, timestamp=at), event("user_message", message=f"in {cwd}").replace(b"2026-11-20", at[:10].encode())
        )
        (folder / f"rollout-2026-11-2{number}T08-00-00-{own}.jsonl").write_bytes(data)
    async with Desk.open(place.home) as desk:
        await desk.import_history(tmp_path / "codex")
        found = await desk.past_projects()
        assert [(each.project, each.threads) for each in found] == [("/two", 2), ("/one", 1)]
        assert [(each.project, each.threads) for each in await desk.past_projects("one")] == [("/one", 1)]
        assert [each.thread.cwd for each in (await desk.past(project="/two")).threads] == ["/two", "/two"]


def _id(folder: str, thread: str) -> str:
    return sample(folder, thread).stem[-36:]
