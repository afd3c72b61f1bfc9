from __future__ import annotations

import json

import pytest

from codex_desk.tui.model.tool_words import opened, outcome, subject

FINDING = {"id": 85, "kind": "finding", "author": "audit", "to": "etls", "text": "load() swallows errors", "invalidated_by": None}
NOTE = {"id": 92, "kind": "note", "author": "etls", "to": None, "text": "keep load()", "invalidated_by": 122}


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("board_post", {"kind": "finding", "text": "a hole", "to": "etls"}, "finding to etls: a hole"),
        ("board_post", {"kind": "note", "text": "a\nplan"}, "note: a plan"),
        ("board_claim", {"paths": ["a.py", "b.py"], "note": "split it"}, "a.py, b.py: split it"),
        ("board_claim", {"paths": ["a.py"]}, "a.py"),
        ("board_decide", {"text": "so be it", "cites": [85]}, "so be it"),
        ("board_promote", {"entry": 85}, "e85"),
        ("board_read", {}, ""),
        ("board_read", {"since": 0}, "all of it"),
        ("board_read", {"since": 85, "kinds": ["finding", "claim"], "author": "etls"}, "since e85 · finding, claim · by etls"),
        ("board_read", {"since": "soon"}, "since esoon"),
    ],
)
def test_a_call_of_the_board_says_what_it_is_about(tool: str, arguments: object, words: str) -> None:
    assert subject(tool, arguments) == words


@pytest.mark.parametrize(
    ("tool", "arguments", "result", "words"),
    [
        ("board_read", {}, {"entries": [FINDING, NOTE], "cursor": 92}, "2 entries"),
        ("board_read", {}, {"entries": [FINDING], "cursor": 85}, "1 entry"),
        ("board_read", {}, {"entries": [], "cursor": 85}, "nothing new"),
        ("board_post", {}, {"entry": 85}, "e85"),
        ("board_decide", {"cites": [85, 122]}, {"entry": 190}, "e190, on e85, e122"),
        ("board_promote", {}, {"entry": 85, "source": "audit", "kind": "finding", "text": "x"}, "finding by audit"),
        ("board_claim", {}, {"entry": 129, "conflicts": []}, "e129"),
        (
            "board_claim",
            {},
            {"entry": 129, "conflicts": [{"entry": 78, "author": "etls", "path": "a.py", "claimed": "a.py"}]},
            "e129; a.py is also etls's (e78)",
        ),
    ],
)
def test_what_came_of_it_is_told_in_the_boards_own_words(tool: str, arguments: object, result: object, words: str) -> None:
    assert outcome(tool, arguments, json.dumps(result), ok=True) == words


def test_a_read_opens_as_its_entries_line_by_line() -> None:
    assert opened("board_read", json.dumps({"entries": [FINDING, NOTE], "cursor": 92})).splitlines() == [
        "e85  finding  audit → etls  load() swallows errors",
        "e92  note  etls (does not hold since e122)  keep load()",
    ]
