"""The shared board of a workflow: posted, read, claimed and decided by agents in their turns."""

from __future__ import annotations

from typing import Any

import pytest

from codex_desk.engine import boards
from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Place, Scripted, agent, lines, prompt, refused

ON = "[agents]\nshared_workspace = true\n"


@pytest.fixture
async def operator(place: Place, desk: Desk) -> ThreadView:
    (place.home / "config.toml").write_text(ON)
    return await place.session(desk, "operator")


@pytest.mark.row("S3-02", "S3-03", "S3-04", "S3-05", "S3-06", "S3-08", "S3-09", "S3-10", "S3-20")
async def test_children_share_findings_and_their_parent_decides_on_them(
    place: Place, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    told: dict[str, Any] = {}

    async def reviewer(turn: Scripted) -> str:
        told["finding"] = (await turn.tool("board_post", kind="finding", text="load() swallows errors"))["entry"]
        told["claim"] = await turn.tool("board_claim", paths=["."], note="mending load()")
        await turn.tool("board_post", kind="handoff", text="done: see load()", refers_to=told["finding"])
        return "found one"

    async def tester(turn: Scripted) -> str:
        told["read"] = await turn.tool("board_read")
        return "read it"

    async def lead(turn: Scripted) -> str:
        await turn.ask("reviewer", "look for risks")
        await turn.ask("tester", "read what was found")
        told["decided"] = await turn.tool("board_decide", text="mend load() first", cites=[told["finding"]])
        return "the plan: mend load() first"

    place.runtime.scripts |= {"operator": lead, "reviewer": reviewer, "tester": tester}
    done = await prompt(desk, operator, "coordinate on the board")
    assert done.answer == "the plan: mend load() first"
    assert told["claim"]["conflicts"] == []
    read = [(entry["kind"], entry["author"], entry["text"]) for entry in told["read"]["entries"]]
    assert read == [
        ("status", "reviewer", "started on #2"),
        ("finding", "reviewer", "load() swallows errors"),
        ("claim", "reviewer", ".: mending load()"),
        ("handoff", "reviewer", "done: see load()"),
        ("status", "reviewer", "answered #2"),
        ("status", "tester", "started on #3"),
    ]
    board = desk.board(operator.id)
    decision = desk.board_entries(board, since=told["decided"]["entry"] - 1)[0]
    assert (decision.kind, decision.author, decision.cites) == ("decision", "operator", (told["finding"],))
    assert any("reviewer posted" in line and "load() swallows errors" in line for line in lines(desk, operator))
