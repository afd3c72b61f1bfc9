"""`replace`: where the parent's history goes back to, what undo gives back, and the cursor over any sequence of folds."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_desk.engine.desk import Desk
from codex_desk.engine.fold_history import Step, in_use
from codex_desk.engine.fold_text import Exchange, Part, edited, of_exchanges, text_of
from codex_desk.engine.folding import Fold, Unfold
from codex_desk.engine.identity import SYSTEM
from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import New
from codex_desk.engine.turns import Claim, Claimed, Compact, Finish
from codex_desk.engine.views import ThreadView
from codex_desk.rights import Rights
from codex_desk.runtimes.native import chunks
from tests.engine.scripted import Place, final, prompt
from tests.engine.test_folds import history

# --- pure ---------------------------------------------------------------------------------------------------------------------------------------


def chunk(*parts: tuple[str, str]) -> bytes:
    kinds = {"call": "tool-call", "return": "tool-return", "retry": "retry-prompt", "said": "text"}
    return json.dumps([{"parts": [{"part_kind": kinds[kind], "tool_call_id": name, "content": name} for kind, name in parts]}]).encode()


@pytest.mark.parametrize(
    ("history", "closed"),
    [
        ((), 0),
        ((chunk(("said", "a")), chunk(("said", "b"))), 2),
        ((chunk(("said", "a")), chunk(("call", "1"))), 1),
        ((chunk(("call", "1"), ("call", "2")), chunk(("return", "1"))), 0),
        ((chunk(("call", "1"), ("call", "2")), chunk(("return", "2")), chunk(("return", "1")), chunk(("call", "3"))), 3),
        ((chunk(("call", "1")), chunk(("retry", "1"))), 2),
        ((b"not of this form", b'{"said": "x"}'), 2),
    ],
)
def test_the_last_point_where_no_call_is_open(history: tuple[bytes, ...], closed: int) -> None:
    assert chunks.closed_prefix(history) == closed


def test_a_chunk_of_a_text_is_what_the_model_stack_makes_of_it() -> None:
    from codex_desk.runtimes.native import history as native

    [message] = native.load([chunks.user_chunk('a "quoted" line\nand ünicode')])
    assert [part.content for part in message.parts] == ['a "quoted" line\nand ünicode']  # type: ignore[union-attr]
    assert chunks.size_in_tokens([native.dump(native.user("x" * 400))]) == 100


@pytest.mark.parametrize(
    ("steps", "used"),
    [
        ((Step(1), Step(2)), [1, 2]),
        ((Step(1), Step(2, compaction=True), Step(3)), [2, 3]),
        ((Step(1), Step(2), Step(3, hidden=frozenset({2}))), [1, 3]),
        ((Step(1), Step(2, undone=True), Step(3)), [1, 3]),
        ((Step(1), Step(2, compaction=True), Step(3, hidden=frozenset({2}), shown=frozenset({1})), Step(4)), [1, 3, 4]),
    ],
)
def test_what_was_in_use_at_a_time(steps: tuple[Step, ...], used: list[int]) -> None:
    assert in_use(steps) == used


line = st.text(alphabet="ab \n", max_size=12)


@given(st.lists(st.tuples(line, line), min_size=1, max_size=4), line)
@settings(max_examples=60)
def test_an_edited_text_is_whole_and_an_unchanged_one_keeps_every_origin(said: list[tuple[str, str]], more: str) -> None:
    parts = of_exchanges("reviewer", [Exchange(str(n), ((n, asked),), answer, "answered") for n, (asked, answer) in enumerate(said)])
    text = text_of(parts)
    for left in (text, text + more, more + text, more):
        assert "\n".join(part.text for part in edited(parts, left)) == left
    kept = edited(parts, text)
    for origin in ("human", "agent"):
        words = [each for part in parts if part.origin == origin for each in part.text.split("\n")]
        assert [each for part in kept if part.origin == origin for each in part.text.split("\n")] == words


def test_a_word_of_the_humans_in_an_answer_is_theirs_and_the_rest_stays_the_agents() -> None:
    parts = [Part("agent", "one\ntwo\nthree", "reviewer answered:")]
    found = edited(parts, text_of(parts).replace("two", "2"))
    assert [(part.origin, part.text) for part in found] == [
        ("system", "reviewer answered:\n"),
        ("agent", "one"),
        ("human", "2"),
        ("agent", "three"),
    ]


# --- on the stand-in, whose history is the native runtime's ------------------------------------------------------------------------------------


def calls_of(chunks: list[bytes]) -> list[str]:
    parts = [part for each in chunks for message in json.loads(each) for part in message["parts"]]
    return [part["tool_name"] for part in parts if part["part_kind"] == "tool-call"]


@pytest.mark.row("S4-19", "S4-22")
async def test_replace_goes_back_to_before_the_first_answer_and_undo_gives_every_byte_back(place: Place) -> None:
    async with Desk.open(place.home, host="desk", env=place.env) as desk:
        operator, reviewer = [await desk.do(New(handle, place.folder(handle), runtime="offline")) for handle in ("operator", "reviewer")]
        await prompt(desk, operator, "read notes.md")
        await desk.do(Attach(reviewer.id, operator.id))
        earlier = history(desk, operator)
        await prompt(desk, operator, "reviewer: read bad.md")
        await prompt(desk, reviewer, "read good.md")
        await prompt(desk, operator, "reviewer: read more.md")
        before = history(desk, operator)
        seen = desk.fold(reviewer.id, "replace")
        assert seen.goes_back and "history goes back, files do not" in seen.note and seen.tokens < desk.fold(reviewer.id).tokens

        await desk.do(Fold(reviewer.id, "replace", sure=True))
        *kept, fold = history(desk, operator)
        assert kept[: len(earlier)] == earlier and b"read good.md" in fold
        assert calls_of(kept[len(earlier) :]) == ["list_agents", "send_message"] and chunks.closed_prefix(kept) == len(kept)
        assert not [each for each in kept if b"bad.md`" in each]
        await desk.do(Unfold(reviewer.id))
        assert history(desk, operator) == before

        await final(desk, (await desk.do(Compact(operator.id))).id)
        compacted = history(desk, operator)
        await desk.do(Fold(reviewer.id, "replace", sure=True))
        assert history(desk, operator)[:-1] == kept  # what the compaction stood for is there again
        await desk.do(Unfold(reviewer.id))
        assert history(desk, operator) == compacted

        await desk.do(Fold(reviewer.id, "replace", sure=True, go_on=True))
        told = await final(desk, *[row["id"] for row in desk.rows("SELECT max(id) AS id FROM message WHERE to_id = ?", (operator.id,))])
        assert "Going on with what you brought back" in (told[0].answer or "") and "read good.md" in (told[0].answer or "")
        assert (await prompt(desk, operator, "reviewer: read again.md")).state == "answered"
        await prompt(desk, reviewer, "read best.md")
        *kept, fold = history(desk, operator)
        await desk.do(Fold(reviewer.id, "replace", sure=True))
        assert b"read good.md" in b"".join(history(desk, operator)[:-1])  # only what came since the last fold goes


async def test_a_fold_before_another_ones_way_back_is_not_taken_back_alone(place: Place) -> None:
    async with Desk.open(place.home, host="desk", env=place.env) as desk:
        names = ("operator", "reviewer", "tester")
        operator, reviewer, tester = [await desk.do(New(handle, place.folder(handle), runtime="offline")) for handle in names]
        for child in (reviewer, tester):
            await desk.do(Attach(child.id, operator.id))
        await prompt(desk, operator, "tester: read bad.md")
        for child in (reviewer, tester):
            await prompt(desk, child, "read good.md")
        before = history(desk, operator)
        await desk.do(Fold(reviewer.id))
        await desk.do(Fold(tester.id, "replace", sure=True))
        with pytest.raises(Exception, match="take that fold back first"):
            await desk.do(Unfold(reviewer.id))
        await desk.do(Unfold(tester.id))
        await desk.do(Unfold(reviewer.id))
        assert history(desk, operator) == before


# --- the cursor ---------------------------------------------------------------------------------------------------------------------------------

Act = Literal["said", "began", "ended", "fold", "none", "undo", "parent begins", "parent ends", "another"]
ACTS: tuple[Act, ...] = ("said", "began", "ended", "fold", "none", "undo", "parent begins", "parent ends", "another")


class Office:
    """A parent and a child whose turns are begun and ended by hand, and two processes that fold."""

    def __init__(self, desk: Desk, other: Desk, parent: ThreadView, child: ThreadView) -> None:
        self.desk, self.other, self.parent, self.child = desk, other, parent, child
        self.running: dict[str, Claimed] = {}
        self.ended: set[int] = set()

    async def act(self, act: Act) -> None:
        match act:
            case "said":
                await self.desk.do(Send(self.child.id, "do this"))
            case "began":
                await self.begin(self.child)
            case "ended":
                if (claimed := self.running.pop(self.child.id, None)) is not None:
                    await self.desk.ledger.do(Finish(claimed, "completed", "done"), SYSTEM)
                    self.ended.add(claimed.message_id)
            case "parent begins":
                await self.desk.do(Send(self.parent.id, "go"))
                await self.begin(self.parent)
            case "parent ends":
                if (claimed := self.running.pop(self.parent.id, None)) is not None:
                    await self.desk.ledger.do(Finish(claimed, "completed", "done"), SYSTEM)
            case "fold" | "none":
                await self.desk.do(Fold(self.child.id, "qa" if act == "fold" else "none"))
            case "another":
                await asyncio.gather(self.desk.do(Fold(self.child.id)), self.other.do(Fold(self.child.id)))
            case "undo":
                await asyncio.gather(self.desk.do(Unfold(self.child.id)), return_exceptions=True)

    async def begin(self, thread: ThreadView) -> None:
        if thread.id in self.running:
            return
        rights = Rights("read-only", False, False)
        claimed = await self.desk.ledger.do(Claim(thread.id, "by-hand", rights, {}, frozenset({"by-hand"})), SYSTEM)
        if claimed is not None:
            self.running[thread.id] = claimed

    def standing(self) -> list[int]:
        rows = self.desk.rows("SELECT messages FROM fold WHERE child_id = ? AND state != 'undone'", (self.child.id,))
        return [number for row in rows for number in json.loads(row["messages"])]

    def check(self) -> None:
        """Each turn of the human's is folded once at most, and what is not folded can be."""
        standing = self.standing()
        assert len(standing) == len(set(standing))
        assert sorted([*standing, *self.desk.fold(self.child.id).messages]) == sorted(self.ended)
        lines = [item for item in self.desk.items(self.parent.id, limit=1_000) if item.kind == "fold"]
        live = self.desk.rows("SELECT count(*) AS n FROM segment WHERE thread_id = ? AND kind = 'fold' AND live = 1", (self.parent.id,))
        rows = self.desk.rows("SELECT state, item_seq FROM fold WHERE child_id = ?", (self.child.id,))
        assert {line.seq for line in lines} == {row["item_seq"] for row in rows if row["item_seq"] is not None}
        assert live[0]["n"] == sum(row["state"] in ("there", "read") for row in rows)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_over_any_sequence_each_turn_is_folded_at_most_once_and_none_is_lost(
    tmp_path: Path, new_store: Path, loop: asyncio.AbstractEventLoop
) -> None:
    place = Place(tmp_path)
    place.home.mkdir(mode=0o700)
    shutil.copy(new_store, place.home)
    opened: list[Any] = [place.open("none"), place.open("none")]
    desk, other = [loop.run_until_complete(each.__aenter__()) for each in opened]
    made = iter(range(1_000))

    async def play(acts: list[Act]) -> None:
        number = next(made)
        parent, child = [await place.session(desk, f"{kind}{number}") for kind in ("parent", "child")]
        await desk.do(Attach(child.id, parent.id))
        office = Office(desk, other, parent, child)
        for act in acts:
            await office.act(act)
            office.check()
        for claimed in office.running.values():
            await desk.ledger.do(Finish(claimed, "completed", "done"), SYSTEM)
            office.ended |= {claimed.message_id} if claimed.thread_id == child.id else set()
        office.check()

    @given(st.lists(st.sampled_from(ACTS), min_size=4, max_size=16))
    @settings(max_examples=30, deadline=None)
    def over(acts: list[Act]) -> None:
        loop.run_until_complete(play(acts))

    try:
        over()
    finally:
        for each in reversed(opened):
            loop.run_until_complete(each.__aexit__(None, None, None))
