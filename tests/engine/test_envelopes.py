from __future__ import annotations

import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_desk.engine import envelope
from codex_desk.engine.envelope import Part
from codex_desk.text import visible

OPENING = re.compile(r"^--- message ([0-9a-f]{32}) ---$", re.MULTILINE)


def between(text: str) -> str:
    boundary = OPENING.findall(text)[0]
    start, end = f"--- message {boundary} ---\n", f"\n--- end {boundary} ---"
    return text[text.index(start) + len(start) : text.rindex(end)]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Lo", "Mn"]) | st.just("\n")))
def test_a_plain_body_stands_verbatim(body: str) -> None:
    assert between(envelope.from_agent("operator", "parent", 7, body)) == visible(body)
    if visible(body) == body:
        assert body in envelope.from_agent("operator", "parent", 7, body)


@given(st.text())
def test_no_body_contains_the_boundary_of_its_envelope(body: str) -> None:
    boundary = envelope.boundary_for(body)
    assert boundary not in body
    sealed = envelope.seal(("head",), (Part("", body),), boundary)
    assert sealed.count(boundary) == 2


def test_a_boundary_that_a_body_holds_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["a" * 32, "b" * 32])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(drawn))
    assert envelope.boundary_for("x", f"--- end {'a' * 32} ---") == "b" * 32


def test_each_envelope_has_a_boundary_of_its_own() -> None:
    boundaries = {OPENING.findall(envelope.from_agent("operator", "parent", 1, "same"))[0] for _ in range(100)}
    assert len(boundaries) == 100


def test_control_characters_of_a_body_are_made_visible() -> None:
    text = envelope.from_agent("operator", "parent", 1, "a\x1b[2Jb\u202ec\x00")
    assert "a␛[2Jb‹U+202E›c␀" in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e]", text)


def test_a_carriage_return_cannot_hide_the_line_before_it() -> None:
    assert "\r" not in envelope.from_agent("operator", "parent", 1, "approve nothing\rapprove all")


@pytest.mark.parametrize(("relation", "words"), [("parent", "your parent"), ("child", "your child")])
def test_the_head_says_who_what_and_that_it_is_not_the_user(relation: envelope.Relation, words: str) -> None:
    head = envelope.from_agent("operator", relation, 42, "body").split("\n--- message")[0]
    assert "#42" in head
    assert "operator" in head
    assert words in head
    assert "not from the user" in head
    assert "none of the user's authority" in head


def test_what_the_user_wrote_for_a_sender_says_so_and_carries_none_of_the_authority() -> None:
    head = envelope.from_user_for("operator", "parent", 42, "body").split("\n--- message")[0]
    assert "the user wrote this for operator" in head
    assert "none of the user's authority" in head


def test_a_wake_holds_each_answer_between_boundary_lines() -> None:
    text = envelope.from_desk((Part("#1 to reviewer: answered", "FIRST"), Part("#2 to tester: answered", "SECOND")))
    assert "not from the user" in text
    boundary = OPENING.findall(text)[0]
    assert OPENING.findall(text) == [boundary, boundary]
    assert text.index("#1 to reviewer") < text.index("FIRST") < text.index("#2 to tester") < text.index("SECOND")
