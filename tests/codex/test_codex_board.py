"""The board on the real Codex: its tools are carried to every session, and its notices come before a turn."""

from __future__ import annotations

import json

import pytest

from codex_desk.engine.sessions import Set
from tests.codex.conftest import Office
from tests.responses_server import Answer, Asked, Call, Say


def reviewer(asked: Asked) -> Answer:
    """Posts a plan; asked again, says what it was told of it."""
    if "Message #" in asked.asked and "again" in asked.asked:
        return Say("told: " + " | ".join(text for text in asked.texts if "invalidate" in text))
    if not asked.outputs:
        return Call("desk.board_post", {"kind": "note", "text": "load() keeps its signature"})
    return Say(f"posted {json.loads(asked.outputs[-1])}")


def operator(asked: Asked) -> Answer:
    """Asks its reviewer, finds its plan wrong, decides, and asks once more."""
    entry = (
        next((one["id"] for one in json.loads(asked.outputs[2])["entries"] if one["kind"] == "note"), 0) if len(asked.outputs) > 2 else 0
    )
    match len(asked.outputs):
        case 0:
            return Call("desk.send_message", {"target": "reviewer", "message": "look at load()"})
        case 1 | 5:
            return Call("desk.wait_agent", {"targets": ["reviewer"]})
        case 2:
            return Call("desk.board_read", {"since": 0})
        case 3:
            return Call("desk.board_post", {"kind": "finding", "text": "the server passes strict", "invalidates": entry})
        case 4:
            return Call("desk.send_message", {"target": "reviewer", "message": "look again"})
        case 6:
            return Call("desk.board_decide", {"text": "load() takes strict", "cites": [json.loads(asked.outputs[3])["entry"]]})
    return Say(json.loads(asked.outputs[5])["results"][0]["answer"])


@pytest.mark.row("S3-06", "S3-10", "S3-22")
async def test_sessions_on_codex_share_a_board_and_are_told_what_no_longer_holds(office: Office) -> None:
    lead = await office.session("operator", operator)
    child = await office.session("reviewer", reviewer)
    await office.attach(child, lead)
    await office.desk.do(Set(lead.id, "agents.shared_workspace.enabled", True))
    done = await office.prompt(lead, "agree on load()")
    assert done.state == "answered", done.reason
    assert "the server passes strict" in (done.answer or "")
    board = office.desk.board(lead.id)
    assert board is not None
    entries = [(entry.kind, entry.author, entry.text) for entry in office.desk.board_entries(board) if entry.kind != "status"]
    assert entries == [
        ("note", "reviewer", "load() keeps its signature"),
        ("finding", "operator", "the server passes strict"),
        ("decision", "operator", "load() takes strict"),
    ]
