"""What comes from the terminal: pastes, keys, and the colour behind the text."""

from __future__ import annotations

import select
import time
from codecs import getincrementaldecoder
from collections.abc import Iterable
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from codex_desk.tui.app import DeskApp
from codex_desk.tui.settings import themes
from codex_desk.tui.terminal.driving import Background, Ending, TerminalParser, is_light, told_light
from tests.tui.fakes import FakeDesk, app_on, opened, thread, until

PASTE = "\x1b[200~{}\x1b[201~"
WHITE, BLACK = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "\x1b]11;rgb:0000/0000/0000\x07"


def heard(*pieces: str) -> list[Message]:
    """What all of it amounts to, once nothing more comes."""
    return timed([(0.0, piece) for piece in pieces])


def timed(pieces: Iterable[tuple[float, str]]) -> list[Message]:
    """The same for pieces that each come after a silence, in seconds."""
    now = 100.0
    parser = TerminalParser(clock=lambda: now)
    messages: list[Message] = []
    for silence, piece in (*pieces, (10.0, "")):
        end = now + silence
        while (patience := parser.patience) is not None and now + patience <= end:
            now += patience
            messages += parser.tick()
        now = end
        messages += parser.feed(piece)
    return messages


def words(messages: list[Message]) -> list[str]:
    """Keys by name, pastes by their text."""
    return [
        one.key if isinstance(one, events.Key) else one.text if isinstance(one, events.Paste) else type(one).__name__ for one in messages
    ]


def test_a_paste_is_one_event_between_the_keys_around_it() -> None:
    assert words(heard("a" + PASTE.format("one\ntwo\x00") + "b")) == ["a", "one\ntwo", "b"]


def test_an_empty_paste_and_two_in_a_row() -> None:
    assert words(heard(PASTE.format("") + PASTE.format("x"))) == ["", "x"]


def test_escape_sequences_inside_a_paste_are_text() -> None:
    assert words(heard(PASTE.format("\x1b[A\x1b]11;?\x07"))) == ["\x1b[A\x1b]11;?\x07"]


@given(st.lists(st.integers(0, 60), max_size=8))
def test_a_paste_may_be_cut_anywhere(cuts: list[int]) -> None:
    whole = "ab" + PASTE.format("pasted \x1b[20 text") + "c\x1b[A" + PASTE.format("x") + "d"
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    pieces = [whole[start:end] for start, end in pairwise(edges)]
    assert words(heard(*pieces)) == ["a", "b", "pasted \x1b[20 text", "c", "up", "x", "d"]


RECORDED = (
    *(text.encode() for text in ("a", "é", "漢", "👩‍💻", "\r", "\t", "\x03", "\x7f")),
    *(b"\x1b[A", b"\x1bOB", b"\x1b[1;5C", b"\x1b[3~", b"\x1b[17~", b"\x1b[13;2u", b"\x1b[27;2;13~", b"\x1b[13;28;13;1;16;1_"),
    *(b"\x1b[I", b"\x1b[O", b"\x1b[<0;10;5M", b"\x1b[200~one\rtwo\x1b[201~", b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\", b"\x1b[99z"),
)
"""What a terminal sent for one key or report after the other."""


@settings(max_examples=40)
@given(st.permutations(RECORDED), st.data())
def test_a_slow_line_may_cut_the_bytes_of_a_key_anywhere(keys: list[bytes], data: st.DataObject) -> None:
    decode = getincrementaldecoder("utf-8")("replace").decode
    pieces: list[tuple[float, str]] = []
    for key in keys:
        cuts = data.draw(st.sets(st.integers(1, len(key)), max_size=3))
        parts = [key[start:end] for start, end in pairwise(sorted({0, len(key), *cuts}))]
        silences = [0.3, *(data.draw(st.sampled_from((0.0, 0.02, 0.145))) for _ in parts[1:])]
        pieces += [(silence, decode(part)) for silence, part in zip(silences, parts, strict=True)]
    whole = [(0.3, key.decode()) for key in keys]
    assert words(timed(pieces)) == words(timed(whole))


def test_what_no_program_knows_is_not_typed() -> None:
    assert words(heard("a", "\x1b[?62;22c", "\x1b[>0;276;0c", "\x1b[?1u", "\x1b[99z", "\x1bP>|term\x1b\\", "\x1b[1;2;3;4;5;6;7_", "b")) == [
        "a",
        "b",
    ]


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("\x1b\x7f", "ctrl+w"),
        ("\x1b\r", "alt+enter"),
        ("\x1bb", "ctrl+left"),
        ("\x1bd", "alt+d"),
        ("\x1bD", "alt+shift+d"),
        ("\x1b[27u", "escape"),
        ("\x1b[13;2u", "shift+enter"),
        ("\x1b[27;2;13~", "shift+enter"),
        ("\x1b[27;5;13~", "ctrl+enter"),
        ("\x1b[13;28;13;1;16;1_", "shift+enter"),
    ],
)
def test_a_key_has_one_name_however_a_terminal_writes_it(sent: str, key: str) -> None:
    assert words(heard(sent)) == [key]


def test_five_megabytes_are_taken_in_a_fraction_of_a_second() -> None:
    text = "lorem ipsum " * 420_000
    whole = PASTE.format(text)
    pieces = [whole[start : start + 4096] for start in range(0, len(whole), 4096)]
    start = time.process_time()
    assert words(heard(*pieces)) == [text]
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(("answer", "light"), [(WHITE, True), (BLACK, False), ("\x1b]11;rgb:ff/fd/f0\x07", True)])
def test_an_answer_about_the_background_is_no_keys(answer: str, light: bool) -> None:
    messages = heard("a" + answer + "b")
    assert words(messages) == ["a", "Background", "b"]
    assert [one.light for one in messages if isinstance(one, Background)] == [light]


def test_reading_waits_for_the_terminal_and_for_its_own_end_alike() -> None:
    ending = Ending()
    ends = partial(select.select, [ending], [], [], 0)
    for _ in range(2):
        ending.set()
        ending.set()
        assert ends()[0]
        ending.clear()
        ending.clear()
        assert not ends()[0]


@pytest.mark.parametrize("cut", range(2, len(WHITE)))
def test_an_answer_may_come_in_two_pieces(cut: int) -> None:
    assert words(heard(WHITE[:cut], WHITE[cut:] + "b")) == ["Background", "b"]


def test_a_colour_is_light_where_dark_text_reads_better_on_it() -> None:
    assert is_light(1, 1, 1)
    assert is_light(0.99, 0.96, 0.89)
    assert not is_light(0, 0, 0)
    assert not is_light(0, 0.17, 0.21)


@pytest.mark.parametrize(("value", "light"), [("0;15", True), ("0;default;7", True), ("15;0", False), ("", False), ("0;default", False)])
def test_the_environment_may_tell_the_background(value: str, light: bool) -> None:
    assert told_light({"COLORFGBG": value}) is light


def on_desk(theme: str | None = None) -> DeskApp:
    return app_on(FakeDesk().put(thread("operator")), theme=theme)


async def test_the_theme_follows_the_terminal() -> None:
    app = on_desk()
    async with opened(app) as pilot:
        assert app.theme == themes.DEFAULT_DARK
        app.post_message(Background(light=True))
        await until(pilot, lambda: app.theme == themes.DEFAULT_LIGHT)


async def test_the_theme_is_right_from_the_first_frame_where_the_environment_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORFGBG", "0;15")
    app = on_desk()
    async with opened(app):
        assert app.theme == themes.DEFAULT_LIGHT


async def test_a_theme_that_was_chosen_stays() -> None:
    app = on_desk(theme="desk-dusk")
    async with opened(app) as pilot:
        app.post_message(Background(light=True))
        await pilot.pause()
        assert app.theme == "desk-dusk"


async def test_all_is_painted_anew_after_a_suspension(monkeypatch: pytest.MonkeyPatch) -> None:
    app = on_desk()
    async with opened(app) as pilot:
        painted: list[bool] = []
        whole = app.screen.refresh
        monkeypatch.setattr(
            app.screen, "refresh", lambda *regions, **how: (painted.append(bool(how.get("layout"))), whole(*regions, **how))
        )
        app.app_resume_signal.publish(app)
        await until(pilot, lambda: True in painted)
