from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_desk.tools.output import HeadTail, LiveText, readable


def fed(data: bytes, limit: int, step: int) -> HeadTail:
    stream = HeadTail(limit)
    for start in range(0, len(data), step):
        stream.feed(data[start : start + step])
    return stream


@given(st.binary(max_size=300), st.integers(1, 50))
def test_what_fits_is_kept_whole(data: bytes, step: int) -> None:
    assert fed(data, 300, step).raw() == data


@given(st.binary(min_size=101, max_size=400), st.integers(1, 120))
def test_of_more_both_ends_are_kept(data: bytes, step: int) -> None:
    assert fed(data, 100, step).raw() == data[:50] + data[-50:]


def test_a_line_says_how_much_is_left_out() -> None:
    text = fed(b"a" * 50 + b"-" * 1234 + b"z" * 50, 100, 64).text()
    assert text == f"{'a' * 50}\n[… 1,234 bytes left out …]\n{'z' * 50}"


def test_the_cut_does_not_go_through_a_character() -> None:
    text = fed("€".encode() * 1000, 100, 7).text()
    assert set(text) == set("€\n[… 2,904 bytes left out …]")


def test_memory_does_not_grow_with_the_stream() -> None:
    stream = HeadTail(1000)
    for _ in range(5000):
        stream.feed(b"x" * 10_000)
    assert (stream.total, len(stream._head) + len(stream._tail)) <= (50_000_000, 2000)


@pytest.mark.parametrize(("data", "text"), [(b"a\r\nb\rc\n", "a\nb\nc\n"), (b"\x1b[31mred", "␛[31mred"), (b"\xff!", "\ufffd!")])
def test_bytes_become_visible_text(data: bytes, text: str) -> None:
    assert readable(data) == text


def test_live_text_puts_characters_together_that_came_apart() -> None:
    shown: list[str] = []
    live = LiveText(shown.append)
    for byte in "é€\n".encode():
        live.feed(bytes([byte]))
    live.feed(b"", final=True)
    assert "".join(shown) == "é€\n"


def test_live_text_falls_silent_past_its_limit() -> None:
    shown: list[str] = []
    live = LiveText(shown.append, limit=10)
    for _ in range(100):
        live.feed(b"1234567")
    assert "".join(shown).startswith("1234567123\n[…")
    assert len(shown) == 3
