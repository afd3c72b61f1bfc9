"""What the classes of the screen bind, looked at together."""

from __future__ import annotations

from collections import Counter

from codex_desk.tui.catalog import TABLE
from codex_desk.tui.model.keymap import Bound
from codex_desk.tui.settings.bindings import ANYWHERE, LEADER, full_keymap, regions


def all_bounds() -> list[Bound]:
    return [bound for region in regions() for bound in region.bounds]


def test_the_shipped_keys_stand_in_each_others_way_nowhere() -> None:
    for region in regions():
        keys = Counter(key for bound in region.room.bounds for key in bound.keys)
        assert {key for key, times in keys.items() if times > 1} == set(), region.name


def test_every_id_is_there_once() -> None:
    ids = [bound.id for bound in all_bounds() if bound.id]
    assert sorted(ids) == sorted(set(ids))


def test_every_command_with_a_key_has_an_id_for_it() -> None:
    ids = {bound.id for bound in all_bounds()}
    assert {one.leader_id for one in TABLE if one.key} | {one.row_id for one in TABLE.row_actions()} <= ids


def test_asking_for_every_shipped_key_changes_nothing() -> None:
    keymap = full_keymap({bound.id: ",".join(bound.keys) for bound in all_bounds() if bound.id})
    assert (keymap.overrides, keymap.troubles) == ({}, ())


def test_every_key_says_what_it_does() -> None:
    assert [bound for bound in all_bounds() if not bound.words] == []


def test_what_works_anywhere_comes_first() -> None:
    names = [region.name for region in regions()]
    assert names[:2] == [ANYWHERE, LEADER]
    assert {"Composer", "Sidebar", "Transcript", "Approval card", "Queue strip"} <= set(names)
