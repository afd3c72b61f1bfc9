from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from codex_desk.engine import history
from codex_desk.engine.chain import TOMBSTONE, Redact
from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import HistoryChanged, ItemAdded
from codex_desk.engine.history_report import HistoryReport
from codex_desk.engine.history_rows import Keeper
from codex_desk.engine.journal import Tx
from codex_desk.engine.links import Archive, Unarchive
from codex_desk.engine.sessions import New
from codex_desk.engine.views import ItemView
from codex_desk.rollouts import pool
from codex_desk.rollouts.reading import Piece, Task, read
from codex_desk.store import migrating
from tests.engine.scripted import Place
from tests.rollouts.samples import ALL, ROOT, event, meta, placed, rollout, sample

PARENT, CHILD = "01a1f7f9-6105-71b1-b7e0-de050e59c801", "01a1f7f9-6151-7bc2-a7d8-16a9092ff00d"
"""Of the sample `0.115.0/late_link`."""


@pytest.fixture
async def desk(place: Place) -> AsyncIterator[Desk]:
    async with Desk.open(place.home) as opened:
        yield opened


@pytest.fixture
def codex(tmp_path: Path) -> Path:
    """A Codex home, empty."""
    home = tmp_path / "codex"
    home.mkdir()
    return home


def transcript(desk: Desk, thread_id: str) -> list[ItemView]:
    return desk.items(thread_id, limit=1000)


def told(desk: Desk, thread_id: str) -> list[tuple[str, str]]:
    """What a transcript says, without its numbers and what only helps to find things again."""
    return [(item.kind, item.text) for item in transcript(desk, thread_id)]


def spawns(desk: Desk, thread_id: str) -> list[ItemView]:
    return [item for item in transcript(desk, thread_id) if item.data.get("tool") == "spawn_agent"]


def rows(desk: Desk, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in desk.rows(statement, values)]


def everything(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    """All that the history holds, without the numbers that depend on the order in which it came."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for (thread_id,) in rows(desk, "SELECT id FROM thread WHERE status = 'history'"):
        found[thread_id] = [
            (item.kind, item.text, json.dumps(dict(item.data), sort_keys=True), item.turn_id, item.at)
            for item in transcript(desk, thread_id)
        ]
        found[thread_id] += rows(
            desk,
            "SELECT title, kind, spawned_by, forked_from, side_chat_of, last_line, last_activity_at FROM thread WHERE id = ?",
            thread_id,
        )
        found[thread_id] += rows(
            desk, "SELECT model, parent_id, base_thread_id, outcome, answer FROM history WHERE thread_id = ?", thread_id
        )
    return found


def kept(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    """`everything`, and how the files, their lines and their relations stand."""
    found = everything(desk)
    found["files"] = rows(desk, "SELECT segment_id, thread_id, offset, head, tail, items, unknown, sealed FROM rollout ORDER BY segment_id")
    found["lines"] = rows(
        desk,
        "SELECT r.segment_id, l.offset, l.what, l.line FROM rollout_line l JOIN rollout r ON r.id = l.rollout_id ORDER BY 1, 2",
    )
    found["links"] = sorted(rows(desk, "SELECT thread_id, kind, peer_id, path, linked FROM history_link"), key=repr)
    found["text"] = rows(desk, "SELECT count(*) FROM item_text") + rows(desk, "SELECT count(*) FROM item")
    return found


@pytest.fixture(scope="module")
def brought_whole(tmp_path_factory: pytest.TempPathFactory, new_store: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What importing every sample at once gives."""
    home = tmp_path_factory.mktemp("whole") / "desk"
    home.mkdir(mode=0o700)
    shutil.copy(new_store, home)

    async def bring() -> dict[str, list[tuple[Any, ...]]]:
        async with Desk.open(home) as desk:
            await desk.import_history(ROOT)
            return kept(desk)

    return asyncio.run(bring())


@pytest.mark.row("S2-12")
@pytest.mark.row("S2-13")
@pytest.mark.parametrize("seed", range(5))
async def test_every_sample_cut_at_any_byte_and_brought_in_two_steps_gives_the_same(
    desk: Desk, codex: Path, brought_whole: dict[str, list[tuple[Any, ...]]], seed: int
) -> None:
    chance = random.Random(seed)
    places = {path: codex / "sessions" / path.parent.relative_to(ROOT) / path.name for path in ALL}
    for path, place in places.items():
        data = path.read_bytes()
        ends = [at for at, byte in enumerate(data) if byte == ord("\n")]
        cut = chance.choice([chance.randrange(len(data) + 1), chance.choice(ends) + chance.randrange(-1, 3), 0, len(data)])
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data[:cut])
    await desk.import_history(codex)
    for path, place in places.items():
        place.write_bytes(path.read_bytes())
    report = await desk.import_history(codex)
    assert kept(desk) == brought_whole
    assert report.rewritten == 0


async def test_a_thread_is_made_when_its_file_says_whose_it_is(desk: Desk, codex: Path) -> None:
    [path] = placed(codex, sample("0.115.0/late_link", CHILD))
    data = path.read_bytes()
    for cut in (0, 300):
        path.write_bytes(data[:cut])
        report = await desk.import_history(codex)
        assert (report.threads, report.problems) == (0, [])
    path.write_bytes(data)
    await desk.import_history(codex)
    child = desk.thread(CHILD)
    assert (child.kind, child.title, child.cwd) == ("subagent", "Anscombe", "/home/dev/project")
    assert child.created_at < child.last_activity_at < datetime(2026, 11, 20, 9, tzinfo=UTC)


async def test_every_sample_is_read_to_the_last_line(desk: Desk) -> None:
    report = await desk.import_history(ROOT)
    assert report.problems == []
    assert report.unknown == {}
    assert report.new == len(ALL)
    assert sum(report.lines.values()) == sum(path.read_bytes().count(b"\n") for path in ALL)
    assert report.items == rows(desk, "SELECT count(*) FROM item")[0][0]


async def test_a_second_import_brings_nothing(desk: Desk) -> None:
    await desk.import_history(ROOT)
    before = everything(desk)
    report = await desk.import_history(ROOT)
    assert (report.same, report.new, report.items_new, report.items_changed, report.bytes_read) == (len(ALL), 0, 0, 0, 0)
    assert not report.brought
    assert everything(desk) == before


# --- relations ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S2-01")
@pytest.mark.row("S2-04")
@pytest.mark.row("S2-05")
@pytest.mark.row("S2-15")
@pytest.mark.parametrize(
    ("folder", "parent", "children"),
    [
        ("0.98.0/spawn_wait_close", "dc7b-7e40", ["eaff-79b0"]),
        ("0.115.0/spawn_wait_close", "e339-78f3", ["e389-77a2"]),
        ("0.169.0/v1_spawn_wait", "ec7f-79a2", ["ecf8-7ed0"]),
        ("0.169.0/legacy_v1", "a976-7e31", ["a9f4-73b1", "aa4b-7812"]),
        ("0.169.0/legacy_forks", "f18b-7762", ["f6f7-7b43", "f924-7eb0"]),
        ("0.169.0/v2_spawn2_wait", "f296-7771", ["f31e-79e3", "f3b1-7012"]),
        ("0.169.0/v2_sealed", "2ee1-7b63", ["3342-7612"]),
    ],
)
async def test_a_call_that_spawned_names_the_child_that_is_there(desk: Desk, folder: str, parent: str, children: Sequence[str]) -> None:
    await desk.import_history(ROOT / folder)
    thread_id = _id(sample(folder, parent))
    expected = [_id(sample(folder, child)) for child in children]
    assert [call.data["subagent_thread_id"] for call in spawns(desk, thread_id)] == expected
    assert sorted(child.id for child in desk.children(thread_id)) == sorted(expected)


@pytest.mark.row("S2-06")
@pytest.mark.row("S1-15")
async def test_a_spawned_thread_is_a_subagent_of_its_parent(desk: Desk) -> None:
    await desk.import_history(ROOT / "0.115.0" / "spawn_wait_close")
    [child] = [thread for thread in desk.threads(everything=True) if thread.kind == "subagent"]
    assert (child.relation, child.status, child.handle) == ("spawned", "history", None)
    assert child.parent_id == _id(sample("0.115.0/spawn_wait_close", "e339-78f3"))
    assert child.external_id == child.id


@pytest.mark.row("S2-12")
@pytest.mark.row("S2-16")
@pytest.mark.row("S2-17")
async def test_a_child_that_is_not_there_yet_is_pending_and_linked_when_it_comes(desk: Desk, codex: Path) -> None:
    folder = codex / "sessions"
    folder.mkdir()
    whole = sample("0.115.0/late_link", PARENT)
    shutil.copy(ROOT / "0.115.0/late_link" / f"stage1-{PARENT}.jsonl", folder / whole.name)

    first = await desk.import_history(codex)
    [call] = spawns(desk, PARENT)
    assert (first.linked, first.pending) == (0, 1)
    assert "subagent_thread_id" not in call.data
    assert call.data["agent_id"] == CHILD

    shutil.copy(whole, folder / whole.name)
    second = await desk.import_history(codex)
    assert (second.grown, second.pending) == (1, 1)

    shutil.copy(sample("0.115.0/late_link", CHILD), folder)
    third = await desk.import_history(codex)
    [call] = spawns(desk, PARENT)
    assert (third.linked, third.pending, third.orphaned) == (2, 0, 0)  # the spawn, and the task that names its sender
    assert call.data["subagent_thread_id"] == CHILD
    assert [child.id for child in desk.children(PARENT)] == [CHILD]


@pytest.mark.row("S2-17")
async def test_a_child_whose_parent_is_not_there_waits_for_it(desk: Desk, codex: Path) -> None:
    placed(codex, sample("0.115.0/late_link", CHILD))
    report = await desk.import_history(codex)
    assert report.orphaned == 1
    assert desk.thread(CHILD).parent_id is None
    placed(codex, sample("0.115.0/late_link", PARENT))
    report = await desk.import_history(codex)
    assert report.orphaned == 0
    assert desk.thread(CHILD).parent_id == PARENT


@pytest.mark.row("S2-13")
async def test_the_order_in_which_files_come_makes_no_difference(desk: Desk, codex: Path, tmp_path: Path, new_store: Path) -> None:
    await desk.import_history(ROOT)
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(new_store, other)
    async with Desk.open(other) as backwards:
        for path in reversed(ALL):
            placed(codex, path)
            await backwards.import_history(codex)
        assert everything(backwards) == everything(desk)


async def test_an_end_that_the_parent_was_never_told_comes_from_the_childs_own_file(desk: Desk) -> None:
    await desk.import_history(ROOT / "0.115.0" / "late_link")
    [call] = spawns(desk, PARENT)
    assert call.data["agent_status"] == "interrupted"


async def test_a_forged_parent_that_would_close_a_circle_is_refused(desk: Desk, codex: Path) -> None:
    one, two = "01a1f7f9-6105-71b1-b7e0-de050e59c801", "01a1f7f9-6151-7bc2-a7d8-16a9092ff00d"
    for own, parent in ((one, two), (two, one)):
        spawn = {"subagent": {"thread_spawn": {"parent_thread_id": parent, "depth": 1}}}
        _write(codex, own, rollout(meta(own, source=spawn), event("user_message", message="hello")))
    report = await desk.import_history(codex)
    assert (report.linked, report.orphaned) == (2, 2)  # what is linked are the two tasks, which name their sender
    assert "hello" in desk.export(one, tree=True)


# --- forks, side chats, and what was taken back -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [("paginated_compact", "fork"), ("fork", "paginated_compact")])
async def test_a_fork_shows_what_it_began_behind_and_nothing_later(desk: Desk, order: tuple[str, str]) -> None:
    for folder in order:
        await desk.import_history(ROOT / "0.169.0" / folder)
    fork = _id(sample("0.169.0/fork", "b9e3-71d1"))
    said = [text for kind, text in told(desk, fork) if kind == "user_message"]
    assert said == ["hello one", "SHELL two", "hello three", "hello in fork"]
    assert [bool(item.data.get("inherited")) for item in transcript(desk, fork) if item.kind == "user_message"] == [True, True, True, False]
    assert [item.seq for item in transcript(desk, fork)] == sorted(item.seq for item in transcript(desk, fork))


async def test_a_fork_is_read_page_by_page_like_any_thread(desk: Desk) -> None:
    await desk.import_history(ROOT / "0.169.0" / "paginated_compact")
    await desk.import_history(ROOT / "0.169.0" / "fork")
    fork = _id(sample("0.169.0/fork", "b9e3-71d1"))
    whole = transcript(desk, fork)
    back: list[ItemView] = desk.items(fork, limit=3)
    while page := desk.items(fork, before=back[0].seq, limit=3):
        back = [*page, *back]
    assert back == whole
    forth: list[ItemView] = []
    while page := desk.items(fork, after=forth[-1].seq if forth else 0, limit=4):
        forth += page
    assert forth == whole


async def test_a_fork_of_a_fork_and_a_side_chat_lead_back_to_the_same_beginning(desk: Desk) -> None:
    await desk.import_history(ROOT / "0.169.0" / "everything")
    start = _id(sample("0.169.0/everything", "d268-77d3"))
    side, again = _id(sample("0.169.0/everything", "dee3-7173")), _id(sample("0.169.0/everything", "dda9-7312"))
    assert desk.thread(side).side_chat_of == start
    assert [text for kind, text in told(desk, again) if kind == "user_message"][1:] == [
        "second prompt",
        "third prompt",
        "in the fork",
        "in the fork of the fork",
    ]
    assert [text for kind, text in told(desk, side) if kind == "user_message"][-1] == "in the side chat"


async def test_what_was_taken_back_is_kept_and_says_so(desk: Desk) -> None:
    await desk.import_history(ROOT / "0.169.0" / "reverted")
    thread_id = _id(sample("0.169.0/reverted", "T12-51-36"))
    prompts = [(item.text, item.data.get("reverted", False)) for item in transcript(desk, thread_id) if item.kind == "user_message"]
    assert prompts == [
        ("one", False),
        ("two", True),
        ("three", True),
        ("four after revert", True),
        ("five after second revert", False),
    ]


async def test_a_circle_of_beginnings_ends(desk: Desk, codex: Path) -> None:
    one, two = "01a1f7f9-6105-71b1-b7e0-de050e59c801", "01a1f7f9-6151-7bc2-a7d8-16a9092ff00d"
    for own, base in ((one, two), (two, one)):
        begins = {"forked_from_id": base, "history_base": {"thread_id": base, "end_ordinal_exclusive": 5, "end_byte_offset": 9}}
        _write(codex, own, rollout(meta(own, **begins), event("user_message", message=f"in {own}")))
    await desk.import_history(codex)
    assert told(desk, one) == [("user_message", f"in {one}")]
    assert told(desk, two) == [("user_message", f"in {two}")]


@pytest.mark.parametrize("ordinal", [10**30, -1, 1.5, "five", None])
async def test_a_beginning_that_is_nowhere_leaves_the_rest(desk: Desk, codex: Path, ordinal: object) -> None:
    begins = {"forked_from_id": CHILD, "history_base": {"thread_id": CHILD, "end_ordinal_exclusive": ordinal, "end_byte_offset": 9}}
    placed(codex, sample("0.115.0/late_link", CHILD))
    _write(codex, PARENT, rollout(meta(PARENT, **begins), event("user_message", message="hello")))
    await desk.import_history(codex)
    assert told(desk, PARENT)[-1] == ("user_message", "hello")


# --- files that change --------------------------------------------------------------------------------------------------------------------


async def test_a_file_that_is_put_away_keeps_its_thread(desk: Desk, codex: Path) -> None:
    [path] = placed(codex, sample("0.115.0/late_link", PARENT))
    await desk.import_history(codex)
    before = transcript(desk, PARENT)
    (codex / "archived_sessions").mkdir()
    path.rename(codex / "archived_sessions" / path.name)
    report = await desk.import_history(codex)
    assert (report.moved, report.bytes_read, report.threads) == (1, 0, 1)
    assert transcript(desk, PARENT) == before
    assert rows(desk, "SELECT archived FROM history") == [(1,)]


async def test_a_file_that_is_compressed_goes_on_where_it_was(desk: Desk, codex: Path) -> None:
    [path] = placed(codex, sample("0.115.0/late_link", PARENT))
    data = path.read_bytes()
    cut = data.rindex(b"\n", 0, 6000) + 1
    path.write_bytes(data[:cut])
    await desk.import_history(codex)
    before = transcript(desk, PARENT)
    path.unlink()
    path.with_suffix(".jsonl.zst").write_bytes(zstandard.compress(data))
    report = await desk.import_history(codex)
    assert (report.grown, report.rewritten, report.bytes_read) == (1, 0, len(data) - cut)
    assert transcript(desk, PARENT)[: len(before)] == before
    assert told(desk, PARENT)[-1] == ("agent_message", "mock reply to: what did the background audit find?")


async def test_a_half_written_last_line_waits_for_its_other_half(desk: Desk, codex: Path) -> None:
    [path] = placed(codex, sample("0.115.0/late_link", PARENT))
    data = path.read_bytes()
    for end in (3000, 5200, 7777, len(data)):
        path.write_bytes(data[:end])
        report = await desk.import_history(codex)
        assert report.unknown == {}
    shutil.copytree(ROOT / "0.115.0" / "late_link", codex / "whole")
    assert told(desk, PARENT) == [(item.kind, item.text) for item in _whole(desk, PARENT)]
    assert len(told(desk, PARENT)) == 6


@pytest.mark.parametrize("how", ["in place", "another file"])
async def test_a_file_that_was_rewritten_replaces_what_it_gave(desk: Desk, codex: Path, how: str) -> None:
    [path] = placed(codex, sample("0.115.0/late_link", PARENT))
    await desk.import_history(codex)
    first = transcript(desk, PARENT)
    lines = path.read_bytes().splitlines(keepends=True)
    rewritten = b"".join(_with_ordinals(lines)).replace(b"what did the background audit find", b"what did it find")
    if how == "in place":
        path.write_bytes(rewritten)
    else:
        path.unlink()
        path.write_bytes(rewritten)
    report = await desk.import_history(codex)
    second = transcript(desk, PARENT)
    assert (report.rewritten, report.threads, len(second)) == (1, 1, len(first))
    assert [item.seq for item in second[:4]] == [item.seq for item in first[:4]]  # what it still says stays where it was
    assert [item.text for item in second[4:]] == ["what did it find?", "mock reply to: what did it find?"]
    assert [item.thread_id for item in await desk.search("background audit find")] == []
    assert len(await desk.search("what did it find")) == 2


async def test_a_thread_whose_file_begins_with_something_else_now_is_called_by_that(desk: Desk, codex: Path) -> None:
    path = _write(codex, PARENT, rollout(meta(PARENT), event("user_message", message="one thing")))
    await desk.import_history(codex)
    path.write_bytes(rollout(meta(PARENT, cwd="/elsewhere"), event("user_message", message="another thing")))
    await desk.import_history(codex)
    assert (desk.thread(PARENT).title, desk.thread(PARENT).cwd) == ("another thing", "/elsewhere")


async def test_a_file_that_was_cut_off_gives_what_is_left(desk: Desk, codex: Path) -> None:
    [path] = placed(codex, sample("0.115.0/late_link", PARENT))
    await desk.import_history(codex)
    shutil.copy(ROOT / "0.115.0/late_link" / f"stage1-{PARENT}.jsonl", path)
    report = await desk.import_history(codex)
    assert report.rewritten == 1
    assert told(desk, PARENT)[-1] == ("agent_message", "script done after 1 calls: spawn_agent")
    assert rows(desk, "SELECT count(*) FROM item") == [(len(told(desk, PARENT)),)]


async def test_what_was_redacted_does_not_come_back(desk: Desk, codex: Path) -> None:
    [path] = placed(codex, sample("0.115.0/late_link", PARENT))
    await desk.import_history(codex)
    [secret] = [item for item in transcript(desk, PARENT) if item.text.startswith("what did")]
    await desk.do(Redact(secret.seq))
    path.write_bytes(b"".join(_with_ordinals(path.read_bytes().splitlines(keepends=True))).replace(b"CHILD DELAY2", b"CHILD LATER2"))
    report = await desk.import_history(codex)
    assert report.rewritten == 1
    assert ("user_message", TOMBSTONE) in told(desk, PARENT)
    assert await desk.search("what did the background audit find") == []


async def test_a_file_that_went_leaves_its_thread(desk: Desk, codex: Path) -> None:
    [path] = placed(codex, sample("0.115.0/late_link", PARENT))
    await desk.import_history(codex)
    path.unlink()
    report = await desk.import_history(codex)
    assert (report.gone, report.threads) == (1, 1)


async def test_of_two_files_of_a_thread_the_longer_is_read(desk: Desk, codex: Path) -> None:
    [path] = placed(codex, sample("0.115.0/late_link", PARENT))
    [copy] = placed(codex, path, archived=True)
    copy.write_bytes(path.read_bytes()[:4000])
    report = await desk.import_history(codex)
    assert (report.twice, report.threads) == (1, 1)
    assert len(told(desk, PARENT)) == 6


# --- what is not as it should be ----------------------------------------------------------------------------------------------------------


async def test_lines_that_are_not_understood_are_counted_and_kept(desk: Desk, codex: Path) -> None:
    strange = [
        b'{"timestamp":"2026-11-20T08:00:00.000Z","type":"new_thing","payload":{"a":1}}',
        b"not json at all",
        event("brand_new", text="hm"),
    ]
    _write(codex, PARENT, rollout(meta(PARENT), *strange, event("user_message", message="hello")))
    report = await desk.import_history(codex)
    assert report.unknown == {"broken": 1, "event_msg/brand_new": 1, "new_thing": 1}
    assert [bytes(line) for (line,) in rows(desk, "SELECT line FROM rollout_line ORDER BY offset")] == strange
    assert told(desk, PARENT) == [("user_message", "hello")]


async def test_a_file_without_a_session_meta_is_a_thread_by_its_name(desk: Desk, codex: Path) -> None:
    _write(codex, PARENT, rollout(event("user_message", message="hello"), event("agent_message", message="hi")))
    report = await desk.import_history(codex)
    assert (report.without_meta, report.threads_new) == (1, 1)
    assert told(desk, PARENT) == [("user_message", "hello"), ("agent_message", "hi")]


async def test_a_file_that_may_not_be_read_is_named_and_the_others_are_brought(
    desk: Desk, codex: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(codex, sample("0.115.0/late_link", PARENT))
    folder = codex / "sessions" / "2026" / "11" / "20"
    os.mkfifo(folder / f"rollout-2026-11-20T08-00-00-{CHILD}.jsonl")
    broken = folder / "rollout-2026-11-20T08-00-01-01a1f7f9-6151-7bc2-a7d8-16a9092ff00e.jsonl.zst"
    broken.write_bytes(b"no zstd")
    report = await desk.import_history(codex)
    assert sorted(Path(path).name for path, _ in report.problems) == sorted([f"rollout-2026-11-20T08-00-00-{CHILD}.jsonl", broken.name])
    assert report.threads_new >= 1
    assert len(told(desk, PARENT)) == 6


async def test_history_sets_no_right_no_provider_and_no_folder(desk: Desk) -> None:
    await desk.import_history(ROOT / "0.169.0" / "everything")
    found = rows(desk, "SELECT DISTINCT settings, handle, cwd_device, cwd_inode, runtime, status FROM thread")
    assert found == [("{}", None, 0, 0, "codex", "history")]
    assert rows(desk, "SELECT count(*) FROM trusted_folder") == [(0,)]


async def test_a_thread_that_lives_on_the_desk_is_left_alone(desk: Desk, codex: Path) -> None:
    placed(codex, sample("0.115.0/late_link", PARENT))
    await desk.import_history(codex)
    await desk.ledger.run(lambda tx: tx.driver.execute("UPDATE thread SET status = 'idle', handle = 'mine' WHERE id = ?", (PARENT,)))
    [path] = placed(codex, sample("0.115.0/late_link", PARENT))
    path.write_bytes(path.read_bytes() + event("user_message", message="said elsewhere") + b"\n")
    report = await desk.import_history(codex)
    assert (report.on_desk, report.items_new) == (1, 0)
    assert len(told(desk, PARENT)) == 6


async def test_what_a_session_spawned_before_it_was_adopted_stays_history(desk: Desk) -> None:
    await desk.import_history(ROOT / "0.115.0" / "late_link")
    await desk.ledger.run(lambda tx: tx.driver.execute("UPDATE thread SET status = 'idle', handle = 'mine' WHERE id = ?", (PARENT,)))
    assert desk.children(PARENT) == []
    assert [child.id for child in desk.past_children(PARENT)] == [CHILD]
    assert desk.archive_preview(PARENT) == ([], [])
    await desk.do(Archive(PARENT))
    await desk.do(Unarchive(PARENT))
    assert desk.thread(CHILD).status == "history"
    assert "CHILD DELAY2 background audit" in desk.export(PARENT, tree=True).partition(f"# {CHILD}")[2]


@pytest.mark.row("S2-04")
async def test_an_agent_of_a_session_that_was_made_on_the_desk_finds_its_parent(desk: Desk, codex: Path, tmp_path: Path) -> None:
    placed(codex, sample("0.115.0/late_link", CHILD))
    own = (await desk.do(New("operator", tmp_path))).id
    await desk.ledger.run(lambda tx: tx.driver.execute("UPDATE thread SET external_id = ? WHERE id = ?", (PARENT, own)))
    report = await desk.import_history(codex)
    assert (report.orphaned, report.pending) == (0, 0)
    assert desk.thread(CHILD).parent_id == own
    [task] = [item for item in transcript(desk, CHILD) if item.kind == "message_in"]
    assert (task.data["peer"], task.data["peer_id"]) == ("operator", own)


async def test_an_import_that_is_going_on_elsewhere_is_not_done_twice(desk: Desk, codex: Path, place: Place) -> None:
    placed(codex, sample("0.115.0/late_link", PARENT))
    async with Desk.open(place.home) as other, other._history()._alone():
        with pytest.raises(Refusal, match="another process"):
            await desk.import_history(codex)


async def test_a_folder_that_is_not_there_is_refused(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="nowhere"):
        await desk.import_history(tmp_path / "nowhere")


async def test_an_agent_may_not_import(place: Place, codex: Path) -> None:
    async with Desk.open(place.home, env={"CODEX_DESK_THREAD": "codex", **os.environ}) as theirs:
        with pytest.raises(Refusal, match="only the user"):
            await theirs.import_history(codex)


# --- read, searched, followed -------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S1-23")
async def test_history_lies_beside_the_desks_own_sessions_and_is_searched_with_them(desk: Desk) -> None:
    await desk.import_history(ROOT / "0.169.0" / "cross_thread_tui")
    found = await desk.search("hello from the orchestrator")
    assert {item.kind for item in found} >= {"message_in", "message_out"}
    assert desk.threads() == []
    assert len(desk.threads(everything=True)) == 3


async def test_a_message_between_threads_names_the_other_one_on_both_sides(desk: Desk) -> None:
    await desk.import_history(ROOT / "0.169.0" / "cross_thread_tui")
    sender, receiver = _id(sample("0.169.0/cross_thread_tui", "0373-7872")), _id(sample("0.169.0/cross_thread_tui", "2a7f-7d02"))
    sent = [item for item in transcript(desk, sender) if item.text == "hello from the orchestrator"]
    got = [item for item in transcript(desk, receiver) if item.text == "hello from the orchestrator"]
    assert [(item.kind, item.data["peer_id"]) for item in sent] == [("message_out", receiver)]
    assert [(item.kind, item.data["peer_id"]) for item in got] == [("message_in", sender)]
    assert got[0].data["peer"] == desk.thread(sender).title


async def test_names_that_codex_has_for_threads_are_theirs(desk: Desk, codex: Path) -> None:
    placed(codex, sample("0.115.0/late_link", PARENT))
    index = codex / "session_index.jsonl"
    index.write_text(
        f'{{"id":"{PARENT}","thread_name":"first"}}\nhalf a li\n{{"id":"{PARENT}","thread_name":"audit"}}\n{{"id":"nobody","thread_name":"x"}}\n'
    )
    await desk.import_history(codex)
    assert desk.thread(PARENT).title == "audit"
    index.write_text(f'{{"id":"{PARENT}","thread_name":"renamed"}}\n')
    await desk.import_history(codex)
    assert desk.thread(PARENT).title == "renamed"


async def test_another_process_hears_that_history_changed_and_not_each_line(desk: Desk, place: Place, codex: Path) -> None:
    placed(codex, *ROOT.joinpath("0.115.0/late_link").glob("rollout-*"))
    heard: list[object] = []
    async with Desk.open(place.home) as other:
        other.hub.add(heard.append)
        await desk.import_history(codex)

        def seen() -> bool | None:
            return (
                True
                if {thread for one in heard if isinstance(one, HistoryChanged) for thread in one.thread_ids} == {PARENT, CHILD}
                else None
            )

        await other.hub.until(seen, lambda _: True, timeout=10)
    assert not any(isinstance(one, ItemAdded) for one in heard)


async def test_what_is_written_is_followed(desk: Desk, codex: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codex_desk.engine.history.LOOK_EVERY_S", 0.02)
    [path] = placed(codex, sample("0.115.0/late_link", PARENT))
    data = path.read_bytes()
    path.write_bytes(data[:5797])
    reports: list[HistoryReport] = []
    async for report in desk.follow_history(codex):
        reports.append(report)
        match len(reports):
            case 1:
                path.write_bytes(data)
            case 2:
                placed(codex, sample("0.115.0/late_link", CHILD))
            case _:
                break
    assert [(report.new, report.grown) for report in reports] == [(1, 0), (0, 1), (1, 0)]
    assert spawns(desk, PARENT)[0].data["subagent_thread_id"] == CHILD


def _id(path: Path) -> str:
    return json.loads(path.read_bytes().splitlines()[0])["payload"]["id"]


def _write(codex: Path, thread_id: str, data: bytes) -> Path:
    folder = codex / "sessions"
    folder.mkdir(exist_ok=True)
    path = folder / f"rollout-2026-11-20T08-00-00-{thread_id}.jsonl"
    path.write_bytes(data)
    return path


def _whole(desk: Desk, thread_id: str) -> Sequence[Any]:
    from tests.rollouts.samples import items

    return items(sample("0.115.0/late_link", thread_id))


def _with_ordinals(lines: Sequence[bytes]) -> list[bytes]:
    """As `codex migrate-rollouts` leaves a file: every line differs from its first bytes on."""
    return [line.replace(b',"type":', b',"ordinal":%d,"type":' % number, 1) for number, line in enumerate(lines)]


OLD = """
INSERT INTO thread (id, handle, project, title, kind, cwd, cwd_device, cwd_inode, runtime, settings, status, created_at, last_activity_at, held,
    last_line, context_tokens, changed)
VALUES ('old', 'operator', '/p', 'The old work', 'session', '/p', 1, 1, 'builtin', '{}', 'idle', '2026-01-01T00:00:00.000000Z',
    '2026-01-01T00:00:00.000000Z', 0, 'said before', 0, 1);
INSERT INTO item (seq, thread_id, kind, origin, text, data, at) VALUES (1, 'old', 'user', 'human', 'said before', '{}', '2026-01-01T00:00:00.000000Z');
UPDATE head SET next_seq = 2;
PRAGMA user_version = 1;
"""


def store_of_version_1(path: Path) -> None:
    """A store as the first version of the program left it, with a session in it."""
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(Path(migrating.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(OLD)


async def test_an_old_store_keeps_what_it_has_and_takes_history(place: Place) -> None:
    store = place.home / "desk.db"
    store.unlink()
    store_of_version_1(store)
    async with Desk.open(place.home) as desk:
        report = await desk.import_history(ROOT / "0.115.0" / "late_link")
        assert (report.new, report.problems) == (2, [])
        assert told(desk, "old") == [("user", "said before")]
        assert {item.thread_id for item in await desk.search("said before")} == {"old"}
        assert len(told(desk, PARENT)) > 2


async def test_a_commit_that_anothers_failure_undoes_is_made_again_and_counted_once(
    desk: Desk, codex: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(codex, sample("0.115.0/late_link", PARENT), sample("0.115.0/late_link", CHILD))
    keep, undone = Keeper.keep, list[tuple[Keeper, Sequence[Piece]]]()

    def and_fail(keeper: Keeper, tx: Tx, pieces: Sequence[Piece]) -> None:
        keep(keeper, tx, pieces)
        undone.append((keeper, pieces))
        raise ValueError("another's")

    with monkeypatch.context() as patched, pytest.raises(ValueError, match="another's"):
        patched.setattr(Keeper, "keep", and_fail)
        await desk.import_history(codex)
    [(keeper, pieces)] = undone
    await desk.ledger.run(lambda tx: keeper.keep(tx, pieces))
    keeper.settled()
    assert (keeper.report.new, keeper.report.threads_new) == (2, 2)
    assert keeper.report.items_new == rows(desk, "SELECT count(*) FROM item")[0][0] > 0


async def test_a_reading_process_that_dies_stops_the_import_and_nothing_else(
    desk: Desk, codex: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(codex, sample("0.115.0/late_link", PARENT), sample("0.115.0/late_link", CHILD))

    def one_and_no_more(tasks: Sequence[tuple[Task, int]]) -> Iterator[list[Piece]]:
        yield [read(tasks[0][0])]
        raise BrokenProcessPool

    with monkeypatch.context() as patched, pytest.raises(Refusal, match="died"):
        patched.setattr(history, "COMMIT", 1)
        patched.setattr(pool, "pieces", one_and_no_more)
        await desk.import_history(codex)
    assert rows(desk, "SELECT count(*) FROM thread") == [(1,)]
    assert (await desk.import_history(codex)).new == 1
