from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codex_desk.runtimes.base import Delta
from codex_desk.tui.widgets.fold import MOST_CHARACTERS, OUTPUT_LINES
from codex_desk.tui.widgets.live import Buffer, LiveOutput, LiveReasoning, LiveText, LiveTool
from tests.tui.widgets.samples import rows


def test_increments_of_one_item_are_joined_in_the_order_in_which_items_began() -> None:
    buffer = Buffer()
    for delta in (Delta("text", "a", "one "), Delta("tool", "b", "first"), Delta("text", "a", "two"), Delta("tool", "b", "second")):
        buffer.put(delta)
    assert buffer.take() == [Delta("text", "a", "one two"), Delta("tool", "b", "second")]
    assert not buffer


@given(st.lists(st.text(st.sampled_from("ab\n"), max_size=30), max_size=20))
def test_output_shows_its_last_rows_and_counts_the_others(pieces: list[str]) -> None:
    whole, cut = LiveOutput(), LiveOutput()
    whole.feed("".join(pieces))
    for piece in pieces:
        cut.feed(piece)
    if pieces:
        assert rows(cut.document) == rows(whole.document)
    assert len(cut.document.lines) <= OUTPUT_LINES + 1


def test_a_message_that_is_too_long_goes_on_as_a_count() -> None:
    live = LiveText()
    for _ in range(3):
        live.feed("x" * (MOST_CHARACTERS // 2))
    assert rows(live.document)[-1] == f"… {MOST_CHARACTERS // 2:,} more characters"
    assert not live.settles("x" * (MOST_CHARACTERS * 3 // 2))


def test_a_message_stays_as_it_is_drawn_when_the_whole_is_the_same() -> None:
    live = LiveText()
    live.feed("```py\nx = 1")
    lines = len(live.document.lines)
    assert live.settles("```py\nx = 1")
    assert len(live.document.lines) == lines
    assert not live.settles("```py\nx = 2")


def test_reasoning_is_the_line_being_thought() -> None:
    live = LiveReasoning()
    live.feed("**First** I look\nthen I th")
    live.feed("ink")
    assert rows(live.document) == ["✻ then I think"]


def test_control_sequences_of_a_running_command_are_shown() -> None:
    for drawing in (LiveText(), LiveReasoning(), LiveOutput(), LiveTool()):
        drawing.feed("\x1b[2J\x9b31m")
        assert rows(drawing.document)[0].replace("✻ ", "").replace("◌ ", "").strip() == "␛[2J‹U+009B›31m"


def test_what_a_command_prints_stands_under_its_call() -> None:
    buffer = Buffer()
    for delta in (Delta("tool", "call-1", "shell make"), Delta("output", "call-1", "one\n"), Delta("output", "call-1", "two\n")):
        buffer.put(delta)
    live = LiveTool()
    for delta in buffer.take():
        live.take(delta.kind, delta.text)
    assert rows(live.document) == ["◌ shell make", "  one", "  two"]


def test_what_was_committed_waits_no_longer_whatever_its_kind() -> None:
    buffer = Buffer()
    buffer.put(Delta("tool", "call-1", "shell make"))
    buffer.put(Delta("output", "call-1", "one\n"))
    buffer.drop("call-1")
    assert not buffer


def test_only_complete_lines_of_a_message_are_taken_where_nothing_may_be_written_again() -> None:
    buffer = Buffer(whole_lines=True)
    buffer.put(Delta("tool", "call-1", "shell make"))
    buffer.put(Delta("text", "a", "one\ntw"))
    assert buffer.take() == [Delta("text", "a", "one\n")]
    buffer.put(Delta("text", "a", "o\n"))
    assert buffer.take() == [Delta("text", "a", "two\n")]


def test_what_has_a_line_of_its_own_at_once_is_not_said_twice() -> None:
    buffer = Buffer()
    buffer.put(Delta("tool", "1", "send_message reviewer Please look"))
    buffer.put(Delta("tool", "2", "wait_agent all"))
    buffer.put(Delta("tool", "3", "shell make test"))
    assert [delta.key for delta in buffer.take()] == ["3"]
