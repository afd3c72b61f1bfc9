from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from codex_desk.tools.scrub import Scrubber

SECRETS = {"A_KEY": "sk-abcabcabd", "B_TOKEN": "abcabd-token", "SHORT": "abc"}
PRINTED = b"x sk-abcabcabcabd y abcabd-token sk-abcabcabd\nabc"
CLEAN = b"x sk-abcabcabcabd y [B_TOKEN] [A_KEY]\nabc"


@given(st.sets(st.integers(1, len(PRINTED) - 1)))
def test_a_secret_is_replaced_by_its_name_wherever_a_stream_cuts_it(cuts: set[int]) -> None:
    scrubber, edges = Scrubber(SECRETS), sorted({0, len(PRINTED), *cuts})
    shown = b"".join(scrubber.feed(PRINTED[start:end]) for start, end in pairwise(edges))
    assert shown + scrubber.feed(b"", final=True) == CLEAN


def test_what_cannot_be_the_beginning_of_a_secret_is_shown_at_once() -> None:
    scrubber = Scrubber(SECRETS)
    assert scrubber.feed(b"working ...") == b"working ..."
    assert scrubber.feed(b"now sk-a") == b"now "
    assert scrubber.feed(b"nother") == b"sk-another"


def test_without_secrets_everything_is_shown() -> None:
    assert Scrubber({}).feed(b"sk-abcabcabd") == b"sk-abcabcabd"
    assert Scrubber({"SHORT": "abc"}).text("abc") == "abc"


def test_the_longer_of_two_secrets_counts() -> None:
    assert Scrubber({"PART": "password", "WHOLE": "password-and-more"}).text("password-and-more") == "[WHOLE]"
