"""What the human did in a child comes back to its parent: once, whole, as data, and it can be taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_desk.engine import folding
from codex_desk.engine.desk import Desk
from codex_desk.engine.fold_reading import FoldView
from codex_desk.engine.folding import Fold, Unfold
from codex_desk.engine.mailbox import Send
from codex_desk.engine.views import ItemView, ThreadView
from codex_desk.runtimes.base import ItemDraft
from tests.engine.scripted import Gate, Place, Scripted, body_of, final, kinds, lines, prompt, refused, until


def history(desk: Desk, thread: ThreadView) -> list[bytes]:
    """What a thread's model would read."""
    return [row["content"] for row in desk.rows("SELECT content FROM segment WHERE thread_id = ? AND live = 1 ORDER BY id", (thread.id,))]


def folds(desk: Desk, thread: ThreadView) -> list[ItemView]:
    return [item for item in desk.items(thread.id, limit=10_000) if item.kind == "fold"]


async def busy(turn: Scripted) -> str:
    """A child that thinks and calls tools before it answers."""
    for number in range(13):
        await turn.host.commit([ItemDraft("tool_call", f"looked at {number}", {"tool": "read"})], json.dumps({"tool": number}).encode())
    await turn.host.commit([ItemDraft("reasoning", "hm, let me think")], None)
    return f"answer to {turn.body}"


@pytest.mark.row("S4-12", "S4-23", "S4-35", "S4-18", "S4-14")
async def test_three_requests_and_forty_calls_fold_to_three_requests_and_three_answers_and_undo_restores_the_history(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    place.runtime.scripts["reviewer"] = busy
    await prompt(desk, operator, "plan the day")
    for text in ("look at load()", "no, at save()", "which is worse?"):
        await prompt(desk, reviewer, text)
    await desk.do(Send(reviewer.id, "an aside for operator", operator.id))
    before = history(desk, operator)
    fold: FoldView = await desk.do(Fold(reviewer.id))
    assert (fold.turns, fold.state) == (3, "there")
    (item,) = folds(desk, operator)
    assert (item.id, item.origin, item.text) == (fold.to_json()["item_id"], "human", fold.text)
    spoken = [(part["origin"], part["text"]) for part in item.data["parts"]]
    assert spoken == [
        ("human", "look at load()"),
        ("agent", "answer to look at load()"),
        ("human", "no, at save()"),
        ("agent", "answer to no, at save()"),
        ("human", "which is worse?"),
        ("agent", "answer to which is worse?"),
    ]
    assert "looked at" not in fold.text and "hm, let me think" not in fold.text and "an aside" not in fold.text
    assert (item.data["peer"], len(item.data["turns"]), len(item.data["hash"])) == ("reviewer", 3, 64)
    assert len(history(desk, operator)) == len(before) + 1
    undone = await desk.do(Unfold(reviewer.id))
    assert (undone.state, history(desk, operator)) == ("undone", before)
    for thread in (operator, reviewer):
        assert [kind for kind in kinds(desk, thread) if "fold" in kind] == ["folded", "unfolded"]
    again = await desk.do(Fold(reviewer.id))
    assert again.text == fold.text
    assert desk.verify_audit().verified
