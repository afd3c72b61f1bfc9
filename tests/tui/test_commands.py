from __future__ import annotations

import pytest

from codex_desk.tui.catalog import TABLE
from codex_desk.tui.commands import Command, CommandTable
from codex_desk.tui.deck import Deck
from codex_desk.tui.grammar import Call, UsageError


async def nothing(deck: Deck, call: Call) -> None:
    return


def test_two_commands_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="named a"):
        CommandTable([Command("a", "", nothing), Command("a", "", nothing)])


def test_two_commands_of_one_key_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="key x"):
        CommandTable([Command("a", "", nothing, key="x"), Command("b", "", nothing, key="x")])


def test_a_line_names_its_command_and_is_taken_apart() -> None:
    command, call = TABLE.parse("/attach reviewer operator --move")
    assert command.name == "attach"
    assert call == Call({"child": "reviewer", "parent": "operator"}, frozenset({"move"}))


@pytest.mark.parametrize("line", ["/nonsense", "/split", "/decide x", "/detach a b"])
def test_a_line_that_is_no_command_is_refused_in_words(line: str) -> None:
    with pytest.raises(UsageError, match=line.split()[0]):
        TABLE.parse(line)


def test_every_typed_command_is_also_in_the_palette_or_needs_an_argument() -> None:
    assert [one.name for one in TABLE if one.slash and not one.palette and not one.arguments] == []


def test_leader_keys_follow_the_keymap() -> None:
    keys = TABLE.with_keys({"leader.attach": ("A", "T")}).leader_keys()
    assert keys["A"] == keys["T"] == "attach"
    assert "a" not in keys


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("a", "attach"),
        ("d", "detach"),
        ("n", "new"),
        ("o", "open"),
        ("v", "split"),
        ("c", "close"),
        ("i", "approvals"),
        ("s", "sidebar"),
        ("w", "waits"),
        ("z", "archive"),
        ("p", "palette"),
        ("3", "pane-3"),
    ],
)
def test_the_keys_after_the_leader(key: str, name: str) -> None:
    assert TABLE.leader_keys()[key] == name


@pytest.mark.parametrize(
    ("key", "name"), [("a", "attach"), ("d", "detach"), ("n", "new"), ("r", "rename"), ("x", "interrupt"), ("z", "archive")]
)
def test_the_keys_on_a_row_of_the_sidebar(key: str, name: str) -> None:
    assert [one.name for one in TABLE.row_actions() if one.row_key == key] == [name]
