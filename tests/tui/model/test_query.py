"""Filters as people write them."""

from __future__ import annotations

import pytest

from codex_desk.tui.model.query import Query, completed, parse_query, with_field

NAMES = ("kind", "thread")
CHOICES = {"kind": ("answered", "approval_asked"), "thread": ("operator", "reviewer")}


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query()),
        ("two words", Query(("two", "words"))),
        ("kind:sent diff", Query(("diff",), {"kind": ("sent",)})),
        ("KIND:Sent,failed thread:@reviewer", Query((), {"kind": ("sent", "failed"), "thread": ("reviewer",)})),
        ("kind:sent kind:failed", Query((), {"kind": ("sent", "failed")})),
        ("kind: diff", Query(("diff",))),
        ("http://here colour:red", Query(("http://here", "colour:red"))),
    ],
)
def test_fields_are_told_from_words(text: str, query: Query) -> None:
    assert parse_query(text, NAMES) == query


def test_another_value_of_a_field_leaves_the_rest() -> None:
    assert with_field("diff kind:sent thread:reviewer", "kind", ["failed"]) == "kind:failed diff thread:reviewer"
    assert with_field("diff kind:sent", "kind", []) == "diff"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("ki", "kind:"),
        ("diff thr", "diff thread:"),
        ("kind:an", "kind:answered"),
        ("kind:answered,app", "kind:answered,approval_asked"),
        ("thread:rev", "thread:reviewer"),
        ("thread:reviewer", None),
        ("diff", None),
        ("kind:", None),
        ("colour:r", None),
        ("", None),
    ],
)
def test_tab_completes_the_last_word(text: str, after: str | None) -> None:
    assert completed(text, CHOICES) == after
