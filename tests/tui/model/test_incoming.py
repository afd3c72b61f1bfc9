from __future__ import annotations

from collections.abc import Iterable

import pytest

from codex_desk.tui.model.incoming import (
    BROKEN_S,
    ESCAPE_S,
    LONG,
    ORPHAN_S,
    PASTE_END,
    PASTE_S,
    PASTE_START,
    TOGETHER_S,
    Escape,
    Incoming,
    Meta,
    Pasted,
    Sequence,
    Token,
    Typed,
)

UP = Sequence("\x1b[A")
LATE = ESCAPE_S + 0.01
AT_ONCE = 0.001


def told(*pieces: str | float) -> list[Token]:
    """What these pieces of input amount to. A number is a silence in seconds; at the end nothing more comes."""
    incoming, now = Incoming(), 100.0
    tokens: list[Token] = []
    for piece in (*pieces, 10.0):
        if isinstance(piece, str):
            now += AT_ONCE
            tokens += incoming.feed(piece, now)
            continue
        end = now + piece
        while (patience := incoming.patience) is not None and now + patience <= end:
            now += patience
            tokens += incoming.tick(now)
        now = end
    return list(_joined(tokens))


def _joined(tokens: Iterable[Token]) -> Iterable[Token]:
    last: Token | None = None
    for token in tokens:
        if isinstance(last, Typed) and isinstance(token, Typed):
            last = Typed(last.text + token.text)
            continue
        if last is not None:
            yield last
        last = token
    if last is not None:
        yield last


@pytest.mark.parametrize("silence", [0.0, 0.05, 0.12, 0.149])
@pytest.mark.parametrize(
    ("first", "rest", "whole"),
    [("\x1b", "[A", "\x1b[A"), ("\x1b", "OA", "\x1bOA"), ("\x1b[", "A", "\x1b[A"), ("\x1b[1;5", "C", "\x1b[1;5C")],
)
def test_an_arrow_key_that_a_slow_line_has_split_is_that_key(first: str, rest: str, whole: str, silence: float) -> None:
    assert told(first, silence, rest) == [Sequence(whole)]


def test_an_escape_is_the_key_once_nothing_has_followed_for_long_enough() -> None:
    assert told("\x1b", LATE, "x") == [Escape(), Typed("x")]


@pytest.mark.parametrize(("tail", "kept"), [("[A", []), ("OA", []), ("[1;5C", []), ("[3~", []), ("[A\x1b[A", [UP])])
def test_the_tail_of_an_escape_that_was_acted_on_is_dropped(tail: str, kept: list[Token]) -> None:
    assert told("\x1b", LATE, tail, "x") == [Escape(), *kept, Typed("x")]


@pytest.mark.parametrize("text", ["[", "[a link](x)", "OK then"])
def test_what_is_typed_after_an_escape_is_no_tail(text: str) -> None:
    assert told("\x1b", LATE, text)[-1] == Typed(text)


def test_much_later_a_bracket_and_a_letter_are_typed() -> None:
    assert told("\x1b", LATE + ORPHAN_S, "[A") == [Escape(), Typed("[A")]


def test_another_key_lets_the_escape_go_first() -> None:
    assert told("\x1b", 0.1, "a") == [Escape(), Typed("a")]


def test_two_escapes_are_two() -> None:
    assert told("\x1b\x1b") == told("\x1b", 0.1, "\x1b") == [Escape(), Escape()]


@pytest.mark.parametrize("character", ["\x7f", "\r", "b", "B", "é"])
def test_an_escape_together_with_a_character_is_alt(character: str) -> None:
    assert told(f"\x1b{character}") == told("\x1b", character) == [Meta(character)]


def test_two_quick_alts_are_two() -> None:
    assert told("\x1bb\x1bb") == [Meta("b"), Meta("b")]


@pytest.mark.parametrize("character", ["]", "P", "_", "O"])
def test_alt_with_a_letter_that_could_begin_an_answer_types_nothing_and_eats_nothing(character: str) -> None:
    tokens = told(f"\x1b{character}", 1.0, "hello")
    assert tokens[-1] == Typed("hello")
    assert not any(isinstance(one, Escape | Typed) for one in tokens[:-1])


def test_two_escapes_before_an_arrow_are_alt() -> None:
    assert told("\x1b\x1b[A") == told("\x1b", "\x1b", "[A") == [Sequence("\x1b[1;3A")]
    assert told("\x1b\x1b[3~") == [Sequence("\x1b[3;3~")]


def test_a_sequence_whose_end_never_comes_is_dropped() -> None:
    assert told("\x1b[1;5", BROKEN_S + 0.1, "hello") == [Typed("hello")]


def test_a_sequence_that_something_else_breaks_is_dropped() -> None:
    assert told("\x1b[1;5\x1b[A") == [UP]
    assert told("\x1b[1;5\r") == [Typed("\r")]


@pytest.mark.parametrize("answer", ["\x1b]11;rgb:0/0/0\x07", "\x1b]10;rgb:0/0/0\x1b\\", "\x1bP>|xterm(388)\x1b\\", "\x1b_Gi=1;OK\x1b\\"])
def test_an_answer_of_the_terminal_is_one_sequence_wherever_it_is_cut(answer: str) -> None:
    for cut in range(1, len(answer)):
        assert told("a" + answer[:cut], answer[cut:] + "b") == [Typed("a"), Sequence(answer), Typed("b")]


def test_the_function_keys_of_the_linux_console_and_the_old_mouse_reports_are_whole() -> None:
    assert told("\x1b[[Ax") == [Sequence("\x1b[[A"), Typed("x")]
    assert told("\x1b[M !!x") == [Sequence("\x1b[M !!"), Typed("x")]


@pytest.mark.parametrize(
    ("sent", "token"),
    [
        ("\x1b[27;2;13~", Sequence("\x1b[13;2u")),
        ("\x1b[13;5u", Sequence("\x1b[13;5u")),
        ("\x1b[27;5;106~", Sequence("\x1b[106;5u")),
        ("\x1b[27;2;65~", Typed("A")),
        ("\x1b[8364;1u", Typed("€")),
    ],
)
def test_a_key_with_modifiers_is_read_however_it_is_written(sent: str, token: Token) -> None:
    assert told(sent) == [token]


# --- pastes -------------------------------------------------------------------------------------------------------------------------------------


def pasted(text: str) -> str:
    return PASTE_START + text + PASTE_END


def test_a_paste_is_whole_between_what_was_typed_before_and_after() -> None:
    assert told("a" + pasted("one\r\x1b[A\ttwo") + "\r") == [Typed("a"), Pasted("one\r\x1b[A\ttwo"), Typed("\r")]


def test_a_paste_that_holds_the_mark_of_its_end_goes_on() -> None:
    hostile = f"harmless{PASTE_END}\rrm -rf ~\r"
    for cut in range(1, len(pasted(hostile)), 3):
        whole = pasted(hostile)
        assert told(whole[:cut], whole[cut:]) == [Pasted(hostile)]


def test_what_is_left_of_such_a_paste_is_never_sent() -> None:
    assert told(pasted("harmless"), 0.2, f"rm -rf ~\r{PASTE_END}") == [Pasted("harmless"), Pasted("rm -rf ~\r")]


def test_two_pastes_in_a_row_are_two() -> None:
    assert told(pasted("") + pasted("x")) == [Pasted(""), Pasted("x")]


def test_a_paste_does_not_wait_for_a_mouse_that_moves() -> None:
    incoming = Incoming()
    assert [*incoming.feed(pasted("x"), 1.0), *incoming.feed("\x1b[<35;1;1M", 1.001)] == [Pasted("x"), Sequence("\x1b[<35;1;1M")]


def test_a_paste_whose_end_never_comes_does_not_swallow_what_is_typed_later() -> None:
    assert told(PASTE_START + "half", PASTE_S + 0.1, "x") == [Pasted("half"), Typed("x")]


def test_several_lines_at_once_are_a_paste_that_was_not_marked() -> None:
    assert told("one\rtwo\r") == [Pasted("one\rtwo\r")]
    assert told("first\r", "second\r", "third") == [Pasted("first\rsecond\rthird")]


def test_a_line_and_its_enter_at_once_are_typed() -> None:
    assert told("/new tester\r") == [Typed("/new tester\r")]
    assert told("\x18a\r") == [Typed("\x18a\r")]


def test_a_long_line_at_once_is_put_in_as_one_and_its_enter_is_enter() -> None:
    line = "word " * LONG
    assert told(line + "\r") == [Pasted(line), Typed("\r")]


def test_a_key_that_is_typed_later_is_no_part_of_a_paste() -> None:
    assert told("go\r", TOGETHER_S + 0.01, "on") == [Typed("go\ron")]


@pytest.mark.parametrize("keys", ["x", "\r", "\x03", "é", "ab"])
def test_single_keys_wait_for_nothing(keys: str) -> None:
    assert list(Incoming().feed(keys, 1.0)) == [Typed(keys)]
