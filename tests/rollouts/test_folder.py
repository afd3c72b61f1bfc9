"""Which files are rollouts, and which of them have to be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codex_desk.rollouts import folder
from codex_desk.rollouts.folder import Found, Known
from codex_desk.rollouts.names import named, not_before
from codex_desk.rollouts.source import Edges, Stamp

ONE, TWO, SEGMENT = "01a1f7f9-6105-71b1-b7e0-de050e59c801", "01a1f7f9-6151-7bc2-a7d8-16a9092ff00d", "01a1f903-2c55-7630-94e3-387d6a432d40"


def name_of(thread: str, more: str = "") -> str:
    return f"rollout-2026-11-20T08-00-00-{thread}{more}.jsonl"


def put(path: Path, size: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def known(found: Found, path: str | None = None, **changes: int) -> Known:
    stamp = found.stamp
    changed = Stamp(stamp.device, stamp.inode, changes.get("size", stamp.size), changes.get("mtime_ns", stamp.mtime_ns))
    return Known(1, found.name.segment_id, found.name.thread_id, path or found.path, changed, 0, Edges("", ""))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (name_of(ONE), (ONE, ONE, False)),
        (name_of(ONE, f"_{SEGMENT}"), (ONE, SEGMENT, False)),
        (name_of(ONE) + ".zst", (ONE, ONE, True)),
        (f"stage1-{ONE}.jsonl", None),
        (f"rollout-{ONE}.jsonl", None),
        (name_of("../../../../etc/passwd"), None),
        ("history.jsonl", None),
    ],
)
def test_a_name_says_whose_file_it_is(name: str, expected: tuple[str, str, bool] | None) -> None:
    found = named(name)
    assert (found and (found.thread_id, found.segment_id, found.compressed)) == expected


def test_a_turn_that_is_older_than_its_thread_was_copied() -> None:
    assert not_before("01a1f7f9-6152-7000-8000-000000000000", TWO)
    assert not not_before("01a1f7f9-6112-79c2-84d5-30e78bd7b489", TWO)
    assert not not_before("rollout-5", TWO)


def test_sessions_and_archived_ones_are_found_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    put(tmp_path / "sessions" / "2026" / "11" / "20" / name_of(TWO))
    put(tmp_path / "archived_sessions" / name_of(ONE))
    put(tmp_path / "sessions" / "2026" / "11" / "20" / "notes.txt")
    put(tmp_path / "logs" / name_of(SEGMENT))
    seen = folder.look(tmp_path)
    assert [(each.name.thread_id, each.archived) for each in seen.found] == [(ONE, True), (TWO, False)]
    assert seen.others == 1


def test_a_folder_that_is_no_codex_home_is_searched_as_it_is(tmp_path: Path) -> None:
    put(tmp_path / "backup" / "old" / name_of(ONE))
    assert [each.name.thread_id for each in folder.look(tmp_path).found] == [ONE]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "sessions" / name_of(ONE))
    (tmp_path / "sessions" / "again").symlink_to(tmp_path / "sessions")
    assert len(folder.look(tmp_path).found) == 1


def test_of_several_files_of_a_segment_one_is_taken(tmp_path: Path) -> None:
    short = put(tmp_path / "sessions" / name_of(ONE), 3)
    long = put(tmp_path / "archived_sessions" / name_of(ONE), 9)
    packed = put(tmp_path / "sessions" / (name_of(ONE) + ".zst"), 20)
    seen = folder.look(tmp_path)
    assert [each.path for each in seen.found] == [str(long)]
    assert sorted(seen.twice) == sorted([str(short), str(packed)])


def test_only_what_changed_is_read(tmp_path: Path) -> None:
    for thread in (ONE, TWO, SEGMENT):
        put(tmp_path / "sessions" / name_of(thread))
    one, two, three = folder.look(tmp_path).found
    before = {
        one.name.segment_id: known(one),
        two.name.segment_id: known(two, size=1),
        "gone": Known(7, "gone", "gone", f"{tmp_path}/sessions/x", one.stamp, 0, Edges("", "")),
        "elsewhere": Known(8, "elsewhere", "elsewhere", "/elsewhere/x", one.stamp, 0, Edges("", "")),
    }
    todo = folder.plan([one, two, three], before, str(tmp_path))
    assert (todo.same, todo.gone, todo.moved) == (1, 1, [])
    assert [found for found, _ in todo.read] == [two, three]


def test_a_file_that_only_moved_is_not_read(tmp_path: Path) -> None:
    put(tmp_path / "archived_sessions" / name_of(ONE))
    [found] = folder.look(tmp_path).found
    before = known(found, path=str(tmp_path / "sessions" / name_of(ONE)))
    todo = folder.plan([found], {ONE: before}, str(tmp_path))
    assert (todo.moved, todo.read) == ([(found, before)], [])


def test_ten_thousand_files_are_looked_at_and_compared_one_by_one(tmp_path: Path) -> None:
    day = tmp_path / "sessions" / "2026" / "11" / "20"
    day.mkdir(parents=True)
    for number in range(10_000):
        (day / name_of(f"01a1f7f9-6105-71b1-b7e0-{number:012x}")).touch()
    seen = folder.look(tmp_path)
    before = {each.name.segment_id: known(each) for each in seen.found}
    assert len(before) == 10_000
    todo = folder.plan(seen.found, before, str(tmp_path))
    assert (todo.same, todo.read) == (10_000, [])
    assert folder.written_again(seen, 200) == []
    latest = Path(seen.found[77].path)
    latest.write_bytes(b"more")
    os.utime(latest, ns=(1, max(each.stamp.mtime_ns for each in seen.found) + 1))
    assert not folder.changed_folders(seen.folders)
    seen.found[77] = Found(str(latest), seen.found[77].name, Stamp(0, 0, 0, 1 << 62))
    assert [each.path for each in folder.written_again(seen, 200)] == [str(latest)]


def test_a_folder_that_gets_a_file_has_changed(tmp_path: Path) -> None:
    put(tmp_path / "sessions" / name_of(ONE))
    seen = folder.look(tmp_path)
    assert not folder.changed_folders(seen.folders)
    put(tmp_path / "sessions" / "2026" / name_of(TWO))
    assert folder.changed_folders(seen.folders)


def test_the_last_name_of_a_thread_counts(tmp_path: Path) -> None:
    (tmp_path / folder.INDEX).write_text(
        f'{{"id":"{ONE}","thread_name":"a"}}\nbroken\n{{"id":"x","thread_name":"y"}}\n{{"id":"{ONE}","thread_name":"b"}}\n'
    )
    assert folder.names(tmp_path) == {ONE: "b"}
    assert folder.names(tmp_path / "nowhere") == {}


def test_a_name_that_is_none_takes_none_away(tmp_path: Path) -> None:
    (tmp_path / folder.INDEX).write_text(
        f'{{"id":"{ONE}","thread_name":"a\\ud83db"}}\n{{"id":"{ONE}","thread_name":" "}}\n{{"id":"{ONE}","thread_name":null}}\n'
    )
    assert folder.names(tmp_path) == {ONE: "a\ufffdb"}


def test_a_folder_whose_name_is_no_text_is_named_and_the_others_are_searched(tmp_path: Path) -> None:
    put(tmp_path / "sessions" / name_of(ONE))
    put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/sessions/caf\xe9")) / name_of(TWO))
    seen = folder.look(tmp_path)
    assert [each.name.thread_id for each in seen.found] == [ONE]
    assert seen.problems == [(f"{tmp_path}/sessions/caf\ufffd", folder.NAMELESS)]
