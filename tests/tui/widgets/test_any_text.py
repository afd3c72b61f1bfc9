"""Text of every script, direction and kind of control in every place of every item."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.selection import SELECT_ALL
from textual.style import Style

from codex_desk.runtimes.base import Delta
from codex_desk.tui.widgets import spoken
from codex_desk.tui.widgets.block import Block
from codex_desk.tui.widgets.grouping import Frame
from codex_desk.tui.widgets.items import draw, header
from codex_desk.tui.widgets.lines import Line, Paint
from codex_desk.tui.widgets.live import DRAWINGS, LiveOutput, LiveReasoning, LiveText, LiveTool
from codex_desk.tui.widgets.parts import markdown
from codex_desk.tui.widgets.showing import Showing, Subagent
from tests.tui.widgets.samples import INK, KINDS, item, thread

PIECES = (
    "word", " ", "  ", "\n", "\n\n", "\t", "a" * 30, "é", "e\u0301", "\u0301", "漢字", "한국어", "ㅎㅏㄴ", "שלום", "مرحبا", "नमस्ते", "ไทยนี้", "ᠮᠣᠩᠭᠣᠯ",
    "👩‍👩‍👧", "🇩🇪🇫", "👍🏽", "❤\ufe0f", "☎\ufe0f", "\u200d", "\ufe0f", "\u200b", "\u200e", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u3164", "\U000e0041", "\ud800", "\ufffd",
    "\x00", "\x07", "\x08", "\r", "\r\n", "\x1b", "\x1b[2J", "\x1b[31m", "\x1b]52;c;eA==\x07", "\x1b]0;t\x1b\\", "\x1b]8;;http://x\x1b\\", "\x1bPq\x1b\\", "\x7f", "\x9b", "\x9d0;x\x9c", "\u2028",
    "[b]", "[/x]", "[@click=quit]", "$primary", "# ", "- ", "1. ", "> ", "```", "| a | b |\n|--|-:|\n| ", "**", "`", "~~", "[x](http://y/", ")", "![", "<b>", "&#x202e;", "\\", "  \n", "- [ ] ", "@@ -1 +1 @@\n", "+", "-",
)  # fmt: skip
FORBIDDEN = set(map(chr, (*range(32), *range(0x7F, 0xA0)))) | set("\u202e\u2066\u200e\u200b\ufeff\u00ad\u2028\u3164\ud800\U000e0041")
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
WIDTHS = st.sampled_from((2, 3, 5, 8, 20, 61, 150))


def check(block: Block, width: int) -> None:
    """Every row is exactly as wide as asked for, by its parts and as a whole, with and without a selection, and nothing in it acts on a terminal."""
    document = block.document
    painted = Style(bold=True)

    def paint(number: int, line: Line) -> list[Paint]:
        return [Paint(1, 3, painted), Paint(4, -1, painted)]

    for row in range(min(document.height(width), 60)):
        for strip in (document.row(row, width, INK), document.row(row, width, INK, paint)):
            assert strip is not None
            assert sum(cell_len(segment.text) for segment in strip) == width
            assert cell_len(strip.text) == width
            assert not FORBIDDEN & set(strip.text)
        assert 0 <= document.row_of(document.place(0, row, width), width) <= row
    assert not FORBIDDEN - {"\n"} & set(document.extract(SELECT_ALL))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(KINDS)), TEXTS, WIDTHS, st.booleans())
@example("agent_message", "**👩**\u200d👧 x", 8, False)
@example("agent_message", "| 漢 | \u0301 |\n|--|-:|\n| 👩‍👩‍👧 | `\x1b` |", 3, False)
def test_an_item_is_drawn_in_its_width_and_nothing_in_it_is_obeyed(kind: str, text: str, width: int, opened: bool) -> None:
    one = replace(KINDS[kind](text), seq=3)
    block = Block.of_item(one, text, Frame(True, False))
    check(block, width)
    if opened and block.can_open:
        block.document = draw(one, Showing(opened=True))
        check(block, width)
    block.document = spoken.draw(one, Showing(opened))
    check(block, width)


@settings(max_examples=120, deadline=None)
@given(TEXTS, st.integers(8, 40))
@example("| one column | another one | a third | a fourth | a fifth |\n|-|-|-|-|-|\n| a | long words | in | narrow | cells |", 20)
@example("> > > > > > > > - - - words in a narrow place", 12)
def test_of_a_message_nothing_is_cut_however_narrow_it_is(text: str, width: int) -> None:
    for line in markdown(text).lines:
        seen: set[int] = set()
        for row in range(line.measure(width)):
            pieces = line.row(row, width)
            assert sum(piece.content.cell_length for piece in pieces) <= width
            seen |= {at for piece in pieces if piece.start is not None for at in range(piece.start, piece.start + len(piece.content.plain))}
        unseen = "".join(one for at, one in enumerate(line.text) if at not in seen)
        if seen or not line.text.startswith("one column"):  # a head that stands before each of the cells instead
            assert not unseen.strip(" |-:\n")  # spaces at which it wraps, and the lines of a table


@settings(max_examples=12, deadline=None)
@given(TEXTS, WIDTHS)
def test_a_subagent_is_drawn_in_its_width_and_nothing_in_it_is_obeyed(text: str, width: int) -> None:
    call = item(1, "tool_call", text, tool=text, arguments={"task": text}, subagent_thread_id="s1")
    done = [replace(make(text), seq=seq) for seq, make in enumerate(KINDS.values())]
    sub = Subagent(replace(thread(text, "s1"), last_line=text, status="needs_human", reason=text), items=done, earlier=True)
    block = Block.of_item(call, text, Frame(True, False))
    for showing in (Showing(subagent=sub), Showing(opened=True, subagent=sub)):
        block.document = draw(call, showing)
        block.document.header = header(call, text)
        check(block, width)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(DRAWINGS)), TEXTS, TEXTS, WIDTHS)
def test_what_still_comes_is_drawn_in_its_width_and_nothing_in_it_is_obeyed(kind: str, first: str, then: str, width: int) -> None:
    block = Block.of_delta(Delta(kind, "k", first), first, Frame(True, False))  # type: ignore[arg-type]
    check(block, width)
    drawing = {"text": LiveText, "reasoning": LiveReasoning, "output": LiveOutput, "tool": LiveTool}[kind]()
    for part in (first, then):
        drawing.feed(part)
        drawing.document.height(width)
    block.document = drawing.document
    check(block, width)
