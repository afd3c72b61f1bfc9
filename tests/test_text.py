from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codex_desk.text import one_line, visible, well_formed

NEVER_SHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
NEVER_ENCODED = re.compile("[\ud800-\udfff]")
# Hypothesis works out its tables of characters when they are first drawn, which takes a second.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANY_TEXT = st.text(st.characters(categories=None))
TRICKY_TEXT = st.text(st.sampled_from("a\r\n\t \x1b\u200b\u200c\u200d\u202e\ufe0e\ufe0f\u2066\ud800س‌ی्क❤👩💻🏽›\U000e0101\u180b"))


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("\x1b]52;c;aGk=\x1b\\", "␛]52;c;aGk=␛\\"),
        ("nul\x00 del\x7f", "nul␀ del␡"),
        ("csi\x9b31m", "csi‹U+009B›31m"),
        ("next\x85line", "next‹U+0085›line"),
        ("abc\u202egpj.exe", "abc‹U+202E›gpj.exe"),
        ("\u2066isolate\u2069", "‹U+2066›isolate‹U+2069›"),
        ("pass\u200bword", "pass‹U+200B›word"),
        ("\ufeffbom", "‹U+FEFF›bom"),
        ("line\u2028paragraph\u2029", "line‹U+2028›paragraph‹U+2029›"),
        ("lone \ud800 surrogate", "lone ‹U+D800› surrogate"),
        ("tag\U000e0041", "tag‹U+E0041›"),
        ("over\rwrite", "over␍write"),
        ("soft\u00adhyphen", "soft‹U+00AD›hyphen"),
    ],
)
def test_a_character_that_acts_or_hides_is_written_out(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


@pytest.mark.parametrize(
    "plain", ["", "two\nlines\tand a tab", "grün · → ✓ “quoted”", "漢字かな", "[bold]no markup[/bold]", "🇩🇪 👍🏽", "שלום مرحبا"]
)
def test_plain_text_comes_back_unchanged(plain: str) -> None:
    assert visible(plain) is plain


@pytest.mark.parametrize("needed", ["👩‍💻", "👨‍👩‍👧‍👦", "❤️‍🔥", "🏳️‍🌈", "👩🏽‍🚀", "می‌خواهم", "क्‍ष", "ශ්‍රී", "1️⃣", "葛\U000e0100"])
def test_joiners_and_selectors_that_a_script_needs_stay(needed: str) -> None:
    assert visible(needed) == needed


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("pass\u200dword", "pass‹U+200D›word"),
        ("pass\u200cword", "pass‹U+200C›word"),
        ("\u200d", "‹U+200D›"),
        ("👩\u200d", "👩‹U+200D›"),
        ("\ufe0f", "‹U+FE0F›"),
        ("a\ufe0f\ufe00\U000e0101", "a\ufe0f‹U+FE00›‹U+E0101›"),
        ("❤\ufe0f\ufe0f", "❤\ufe0f‹U+FE0F›"),
    ],
)
def test_joiners_and_selectors_with_nothing_to_join_are_written_out(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


def test_crlf_becomes_newline() -> None:
    assert visible("a\r\nb\r\n") == visible("a\nb\n")


def test_crlf_becomes_newline_also_beside_other_controls() -> None:
    assert visible("\x00\r\n\r\r\n") == "␀\n␍\n"


@unhurried
@given(ANY_TEXT | TRICKY_TEXT)
def test_nothing_forbidden_remains(text: str) -> None:
    assert not NEVER_SHOWN.search(visible(text))


@unhurried
@given(ANY_TEXT | TRICKY_TEXT)
def test_visible_text_is_already_visible(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@unhurried
@given(ANY_TEXT | TRICKY_TEXT)
def test_what_is_shown_can_be_encoded(text: str) -> None:
    visible(text).encode()


@unhurried
@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co", "Mn", "Zl", "Zp", "Lo"]) | st.sampled_from("\n\t漢한אب")))
def test_letters_marks_and_symbols_are_never_touched(text: str) -> None:
    assert visible(text) == text


@unhurried
@given(ANY_TEXT)
def test_no_control_category_survives_but_newline_and_tab(text: str) -> None:
    assert {char for char in visible(text) if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}} <= {"\n", "\t"}


def test_five_megabytes_of_plain_text_pass_in_a_fifth_of_a_second() -> None:
    text = "a line of plain text, as a tool prints it\n" * 120_000
    fastest = min(_seconds(text) for _ in range(5))
    assert fastest < 0.2


def _seconds(text: str) -> float:
    started = time.process_time()
    visible(text)
    return time.process_time() - started


def test_one_line_puts_spaces_for_newlines_and_tabs() -> None:
    assert one_line("\n first\nsecond\tthird\r\nfourth\n") == "first second third fourth"


def test_one_line_is_cut_with_an_ellipsis() -> None:
    assert one_line("abcdef", limit=4) == "abc…"


def test_one_line_that_just_fits_is_not_cut() -> None:
    assert one_line("abcd", limit=4) == "abcd"


def test_one_line_makes_controls_visible() -> None:
    assert one_line("\x1b[2Jgone") == "␛[2Jgone"


def test_one_line_does_not_leave_half_an_emoji_joined_to_the_ellipsis() -> None:
    assert one_line("👩‍💻 works", limit=3) == "👩…"


@unhurried
@given(ANY_TEXT | TRICKY_TEXT, st.integers(min_value=0, max_value=12))
def test_one_line_is_one_visible_line_within_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert "\n" not in line
    assert visible(line) == line


@given(ANY_TEXT)
@unhurried
def test_well_formed_text_can_be_encoded_and_text_that_could_be_stays_as_it_is(text: str) -> None:
    mended = well_formed(text)
    mended.encode()
    assert well_formed(mended) == mended
    if not NEVER_ENCODED.search(text):
        assert mended == text


def test_halves_of_one_character_are_joined_and_a_lone_one_is_replaced() -> None:
    assert well_formed("a\ud83d\ude00b\ud83dc") == "a\U0001f600b\ufffdc"
