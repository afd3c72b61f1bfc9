from __future__ import annotations

import pytest

from codex_desk.tui.model.keymap import Bound, Keymap, Room, is_typed, keymap_of, normal

LEADER = Bound("leader", ("ctrl+x",), "leader", everywhere=True)
HELP = Bound("help", ("f1",), "help", everywhere=True)
GENERAL = Room((LEADER, HELP))
LIST = Room((Bound("list.open", ("enter",), "open"), Bound("list.up", ("up", "k"), "up"), Bound("list.down", ("down", "j"), "down")))
CARD = Room((Bound("", ("y",), "allow once"), Bound("card.up", ("up",), "up")))
DIALOG = Room((Bound("dialog.verify", ("v",), "verify"),), modal=True)
ROOMS = (GENERAL, LIST, CARD, DIALOG)


def made(**wanted: str) -> Keymap:
    return keymap_of(ROOMS, {id.replace("__", "."): keys for id, keys in wanted.items()})


def told(keymap: Keymap) -> list[str]:
    return [f"{trouble.id}: {trouble.message}" for trouble in keymap.troubles]


def test_without_wishes_the_shipped_keys_are_in_force() -> None:
    keymap = made()
    assert keymap.keys["list.up"] == ("up", "k")
    assert (keymap.overrides, keymap.troubles) == ({}, ())


def test_a_wish_replaces_all_keys_of_its_id() -> None:
    keymap = made(list__up="w, alt+up", leader="^o")
    assert keymap.overrides == {"list.up": "w,alt+up", "leader": "ctrl+o"}
    assert keymap.keys["leader"] == ("ctrl+o",)
    assert keymap.troubles == ()


def test_two_wishes_for_one_key_give_one_warning_with_both_ids_and_the_first_has_it() -> None:
    keymap = made(list__up="w", list__down="w")
    assert told(keymap) == ["list.down: w is bound twice, to list.up and list.down; list.up has it"]
    assert (keymap.keys["list.up"], keymap.keys["list.down"]) == (("w",), ("down", "j"))
    assert keymap.overrides == {"list.up": "w"}


def test_a_wish_for_a_key_that_is_shipped_for_another_takes_it_away_and_says_so() -> None:
    keymap = made(list__up="j")
    assert told(keymap) == ["list.up: j is bound twice, to list.up and list.down; list.up has it"]
    assert keymap.keys["list.down"] == ("down",)


def test_two_may_change_their_keys_with_one_another() -> None:
    keymap = made(list__up="down,j", list__down="up,k")
    assert keymap.troubles == ()
    assert keymap.keys["list.down"] == ("up", "k")


def test_what_works_everywhere_has_a_key_before_all_others() -> None:
    assert told(made(list__open="ctrl+x")) == ["list.open: ctrl+x is bound twice, to leader and list.open; leader has it"]
    assert told(made(leader="f1")) == ["leader: f1 is bound twice, to leader and help; leader has it"]


def test_in_a_dialog_what_works_everywhere_else_takes_no_key() -> None:
    assert made(dialog__verify="ctrl+x").troubles == ()


def test_a_key_that_answers_an_approval_cannot_be_had() -> None:
    assert told(made(card__up="y")) == ["card.up: y cannot be moved from allow once, which keeps it"]
    assert made(card__up="y").overrides == {}


def test_an_unknown_id_is_named_with_the_one_that_was_probably_meant() -> None:
    assert told(made(list__opn="o")) == ["list.opn: no key is called that; did you mean list.open?; help lists them all"]


@pytest.mark.parametrize("text", ["hyper+nope", "ctrl+", "ctrl+ctrl+a", "f99", "up up", "ctrl+a+b", ""])
def test_an_impossible_key_is_named_and_the_others_of_its_entry_count(text: str) -> None:
    keymap = made(list__up=f"{text},w")
    assert len(keymap.troubles) == 1
    assert keymap.keys["list.up"] == ("w",)
    assert made(list__up=text).keys["list.up"] == ("up", "k")


def test_a_letter_would_be_taken_from_prompts_by_what_works_everywhere() -> None:
    assert told(made(help="h")) == ["help: h is typed into prompts, and this would take it away from there"]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("ctrl+x", "ctrl+x"),
        ("^X", "ctrl+x"),
        ("Ctrl+X", "ctrl+x"),
        ("Shift+a", "A"),
        ("A", "A"),
        ("?", "question_mark"),
        ("Esc", "escape"),
        ("F5", "f5"),
        ("shift+ctrl+left", "ctrl+shift+left"),
        ("Alt+PgUp", "alt+pageup"),
        (",", "comma"),
        ("ctrl++", "ctrl+plus"),
        ("slash", "slash"),
        ("é", "é"),
        ("nonsense", None),
        ("command+c", None),
    ],
)
def test_keys_may_be_written_in_several_ways(written: str, key: str | None) -> None:
    assert normal(written) == key


def test_letters_are_typed_and_named_keys_are_not() -> None:
    assert [key for key in ("a", "question_mark", "space", "ctrl+a", "tab", "escape", "f1", "up", "enter") if is_typed(key)] == [
        "a",
        "question_mark",
        "space",
    ]
