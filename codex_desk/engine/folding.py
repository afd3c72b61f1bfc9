"""In and back: what the human did in a child goes to its parent, once, and can be taken back until the parent's next turn begins.

A fold is a row. With a running parent it waits for the end of that turn, whoever ends it; where the parent's history is the store's own it then is a chunk
of it, and where a runtime keeps the history, the next turn is told of it first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from codex_desk.engine import fold_history, fold_reading, fold_text, mailbox, shelling
from codex_desk.engine.errors import Refusal
from codex_desk.engine.fold_preview import chosen, parts_of, preview
from codex_desk.engine.fold_reading import KEPT_HERE, MODES, FoldView, Open
from codex_desk.engine.fold_text import Part, counted
from codex_desk.engine.identity import By, new_id
from codex_desk.engine.journal import Action, Tx
from codex_desk.frozen import frozen
from codex_desk.runtimes.asked import FOLD_SUMMARY, GO_ON, WOKEN_ABOVE
from codex_desk.store.fold_tables import Fold as FoldRow
from codex_desk.store.tables import Message, Thread, Turn, moment_text
from codex_desk.store.words import FoldMode
from codex_desk.text import one_line

SHORT_HASH = 12
EXCERPT = 200
"""Characters of a request in what a summary is asked for."""


@frozen
class Fold(Action):
    """Bring what the human did in a child since the last fold to its parent. Where there is nothing new, nothing happens."""

    child: str
    mode: FoldMode = "qa"
    text: str | None = None
    """What the human made of the text; None takes it as it is."""
    summary: str | None = None
    """What the child's model wrote, for the mode `summary`."""
    messages: tuple[int, ...] | None = None
    """The requests that the human has seen the text of; None takes all that are there."""
    sure: bool = False
    """The human was asked whether the parent's history shall go back, and said yes."""
    go_on: bool = False
    """Start the parent afterwards."""
    verb: ClassVar[str] = "fold"

    def subject(self) -> str:
        return self.child

    def perform(self, tx: Tx, by: By) -> FoldView:
        """Refusals: no_parent, archived, bad_value, confirm, changed."""
        child = tx.thread(self.child)
        edge = fold_reading.edge_of(tx.rows, child.id, tx.name(child.id))
        parent = tx.thread(edge.parent_id)
        if parent.archived_at is not None:
            raise Refusal("archived", f"{parent.handle} is archived; unarchive it first")
        self._refuse()
        found = chosen(fold_reading.what_is_open(tx.rows, edge), self.messages)
        names = tx.name(child.id), tx.name(parent.id)
        view = preview(tx.rows, found, names, (parent.runtime, parent.context_tokens), self.mode, self.summary)
        if self.text is not None:
            view = replace(view, text=self.text)
        if self.mode == "none" or not found.exchanges:
            view = replace(view, text="", tokens=0, turns=0, messages=(), note="")
        else:
            view = self._made(tx, found, child, parent, view)
        if not self.go_on:
            return view
        return replace(view, sent=mailbox.Send(parent.id, GO_ON).perform(tx, by))

    def _refuse(self) -> None:
        if self.mode not in MODES:
            raise Refusal("bad_value", f"a fold is one of {', '.join(MODES)}, not {one_line(self.mode, 40)}")
        if self.mode == "replace" and not self.sure:
            raise Refusal("confirm", "replace takes the parent's history back, and files stay as they are: say --yes to do it")
        if self.text is not None and not self.text.strip():
            raise Refusal("bad_value", "there is nothing in the text; `none` goes back without one")

    def _made(self, tx: Tx, found: Open, child: Thread, parent: Thread, view: FoldView) -> FoldView:
        if self.mode == "summary" and not self.summary:
            raise Refusal("bad_value", "the summary has to be asked for first, in a call to the child's model")
        parts = parts_of(found, tx.name(child.id), self.mode, self.summary)
        edited = self.text is not None and self.text != fold_text.text_of(parts)
        row = tx.insert(
            FoldRow(
                edge=found.edge.key,
                parent_id=parent.id,
                child_id=child.id,
                mode=self.mode,
                state="waiting",
                text=view.text,
                parts=[part.to_json() for part in (fold_text.edited(parts, view.text) if edited else parts)],
                edited=edited,
                messages=list(found.messages),
                turns=[exchange.turn_id for exchange in found.exchanges],
                hidden=[],
                shown=[],
                wakes=[],
                tokens=view.tokens,
                made_at=tx.now,
            )
        )
        if mailbox.running_turn(tx, parent.id) is None:
            bring(tx, row)
        else:
            line = f"{_what(row)} of {tx.name(child.id)} waits for the end of this turn, to be brought here"
            tx.item(parent.id, "notice", line, "human", data={"event": "folded", "peer_id": child.id, "peer": tx.name(child.id)})
        return replace(view_of(tx, row), note=view.note, running=view.running)


@frozen
class Unfold(Action):
    """Take the last fold of a child back: the parent's history is again what it was, and the fold can be made again."""

    child: str
    verb: ClassVar[str] = "unfold"

    def subject(self) -> str:
        return self.child

    def perform(self, tx: Tx, by: By) -> FoldView:
        """Refusals: nothing_to_undo, too_late."""
        child = tx.thread(self.child)
        row = tx.first(FoldRow, "child_id = ? AND state != 'undone' ORDER BY id DESC", child.id)
        if row is None:
            raise Refusal("nothing_to_undo", f"nothing of {tx.name(child.id)} has been folded")
        parent = tx.thread(row.parent_id)
        if row.state in ("taken", "read"):
            raise Refusal("too_late", f"{parent.handle} has begun a turn with it; a fold can be taken back until then")
        later = tx.first(FoldRow, "parent_id = ? AND id > ? AND mode = 'replace' AND state = 'there'", parent.id, row.id)
        if later is not None:
            raise Refusal("too_late", f"{parent.handle} went back for {tx.name(later.child_id)} since; take that fold back first")
        name, peer = tx.name(parent.id), tx.name(child.id)
        if row.state == "there":
            fold_history.give_back(tx, row)
            _give_wakes_back(tx, row)
            tx.update(parent, context_tokens=max(0, parent.context_tokens - row.tokens))
            ends = (
                (parent.id, f"the fold of {peer} ({_what(row)}) is taken back", child.id),
                (child.id, f"the fold into {name} is taken back", parent.id),
            )
            for thread_id, line, other in ends:
                tx.item(thread_id, "notice", line, by.origin, data={"event": "unfolded", "peer": tx.name(other), "peer_id": other})
                tx.audit("unfolded", by.origin, thread_id, line, other)
        else:
            tx.item(parent.id, "notice", f"{_what(row)} of {peer} is not brought here after all", by.origin, data={"event": "unfolded"})
        tx.update(row, state="undone", undone_at=tx.now)
        return view_of(tx, row)


@frozen
class AskSummary(Action):
    """Have the child's model sum up what the human did there, in one call that enters neither history. It takes its place in the child's queue; returns
    the message's number, and None where there is nothing new."""

    child: str
    verb: ClassVar[str] = "fold_summary"

    def subject(self) -> str:
        return self.child

    def perform(self, tx: Tx, by: By) -> int | None:
        """Refusals: no_parent, archived."""
        child = tx.thread(self.child)
        edge = fold_reading.edge_of(tx.rows, child.id, tx.name(child.id))
        if child.archived_at is not None:
            raise Refusal("archived", f"{child.handle} is archived, so its model cannot be asked; unarchive it, or fold without a summary")
        if not fold_reading.what_is_open(tx.rows, edge).exchanges:
            return None
        body = f"a summary for {tx.name(edge.parent_id)}"
        message = tx.insert(Message(to_id=child.id, kind="summary", origin=by.origin, body=body, chain_id=new_id(), created_at=tx.now))
        tx.update(child)
        return message.id


@frozen
class CancelSummary(Action):
    """Do without a summary that was asked for; the child is not held by it."""

    message: int
    verb: ClassVar[str] = "fold_summary"

    def perform(self, tx: Tx, by: By) -> int:
        message = tx.get(Message, self.message)
        if message is None or message.kind != "summary":
            raise Refusal("unknown_message", f"#{self.message} is no summary")
        turn = tx.get(Turn, message.turn_id) if message.turn_id else None
        if message.state in mailbox.OPEN:
            mailbox.settle(tx, message, "cancel", by.origin, "by the user")
        elif turn is not None and turn.state == "running":
            tx.update(turn, stop_reason="by the user")
        return self.message


def bring(tx: Tx, row: FoldRow) -> None:
    """Put a fold into its parent: the history that the model reads, one line that people see, and the record of both ends."""
    parent, child = tx.thread(row.parent_id), tx.thread(row.child_id)
    edge = fold_reading.Edge(row.edge, child.id, parent.id, "")
    since = _since(tx, row)
    parts = [Part.from_json(part) for part in row.parts]
    sealed = fold_text.sealed(tx.name(child.id), parts, row.text, edited=row.edited)
    changes: dict[str, Any] = {"state": "there", "tokens": fold_text.tokens_of(sealed)}
    if row.mode != "replace":
        changes["wakes"] = _put_before(tx, parent)
    if parent.runtime in KEPT_HERE:
        cut = fold_history.cut_for(tx.rows, edge, since) if row.mode == "replace" else fold_history.Cut()
        changes |= {"segment_id": fold_history.insert(tx, parent.id, sealed), "hidden": list(cut.hidden), "shown": list(cut.shown)}
        changes["tokens"] -= cut.tokens
        fold_history.use(tx, cut.hidden, live=False)
        fold_history.use(tx, cut.shown, live=True)
    elif row.mode == "replace":
        changes["back_to"] = fold_history.outside_turn(tx.rows, edge, since)
    tx.update(row, **changes)
    tx.update(parent, context_tokens=max(0, parent.context_tokens + row.tokens))
    tx.update(row, item_seq=_record(tx, row, parent, child))


def _put_before(tx: Tx, parent: Thread) -> list[dict[str, Any]]:
    """Answers that wait to wake the parent came before the fold: they are read before it, and the wake only says so."""
    moved: list[dict[str, Any]] = []
    for wake in tx.find(Message, "to_id = ? AND kind = 'wake' AND state = 'queued' AND body != ? ORDER BY id", parent.id, WOKEN_ABOVE):
        segment = fold_history.insert(tx, parent.id, wake.body) if parent.runtime in KEPT_HERE else None
        moved.append({"id": wake.id, "body": wake.body, "segment": segment})
        tx.update(wake, body=WOKEN_ABOVE)
    return moved


def _give_wakes_back(tx: Tx, row: FoldRow) -> None:
    for moved in row.wakes:
        wake = tx.get(Message, moved["id"])
        if wake is not None and wake.state == "queued":
            tx.update(wake, body=moved["body"])


def _record(tx: Tx, row: FoldRow, parent: Thread, child: Thread) -> int:
    name, peer, digest = tx.name(parent.id), tx.name(child.id), fold_text.digest(row.text)
    gone = "; its history went back to before the first answer" if row.hidden or row.back_to else ""
    told = f"{_what(row)} of {peer} folded in, sha256 {digest[:SHORT_HASH]}{gone}"
    data = {
        "event": "folded",
        "peer": peer,
        "peer_id": child.id,
        "fold": row.id,
        "mode": row.mode,
        "turns": row.turns,
        "messages": row.messages,
        "hash": digest,
        "tokens": row.tokens,
        "edited": row.edited,
        "parts": [{key: part[key] for key in ("origin", "text", "message")} for part in row.parts],
    }
    seq = tx.item(parent.id, "fold", row.text, "human", data=data)
    tx.show_last(parent.id, told)
    tx.audit("folded", "human", parent.id, told, child.id)
    back = f"{_what(row)} folded into {name}"
    tx.item(child.id, "notice", back, "human", data={"event": "folded", "peer": name, "peer_id": parent.id, "fold": row.id, "quiet": True})
    tx.audit("folded", "human", child.id, f"{back}, sha256 {digest[:SHORT_HASH]}", parent.id)
    return seq


def turn_ended(tx: Tx, thread_id: str) -> None:
    """A turn ended, whoever ended it: bring what waited for that."""
    for row in tx.find(FoldRow, "parent_id = ? AND state = 'waiting' ORDER BY id", thread_id):
        bring(tx, row)


def reached(tx: Tx, thread: Thread, turn_id: str) -> None:
    """The history is about to be made into a shorter one, and what was folded into it with it."""
    for row in tx.find(FoldRow, "parent_id = ? AND state = 'there' AND segment_id IS NOT NULL", thread.id):
        tx.update(row, state="read", turn_id=turn_id)


@frozen
class Taken:
    """What a beginning turn of a thread that its runtime keeps is to be told first."""

    notes: tuple[str, ...] = ()
    back_to: str | None = None
    """The runtime's id of the turn before which its history goes back."""


def take(tx: Tx, thread: Thread, turn_id: str) -> Taken:
    """A turn begins: from now on no fold is taken back. What an earlier turn was told and did not come to read is told again."""
    texts: list[str] = []
    turns: list[str] = []
    for row in tx.find(FoldRow, "parent_id = ? AND state IN ('there', 'taken') ORDER BY id", thread.id):
        in_history = row.segment_id is not None and thread.runtime in KEPT_HERE
        if in_history or (row.state == "taken" and row.turn_id is not None and shelling.has_read(tx, thread.id, row.turn_id)):
            tx.update(row, state="read", turn_id=row.turn_id or turn_id)
            continue
        tx.update(row, state="taken", turn_id=turn_id)
        parts = [Part.from_json(part) for part in row.parts]
        texts += [wake["body"] for wake in row.wakes]
        texts.append(fold_text.sealed(tx.name(row.child_id), parts, row.text, edited=row.edited))
        turns += [row.back_to] if row.back_to else []
    return Taken(tuple(texts), _earliest(tx, thread.id, turns))


def _earliest(tx: Tx, thread_id: str, external_ids: Sequence[str]) -> str | None:
    if not external_ids:
        return None
    marks = ",".join("?" * len(external_ids))
    where = f"thread_id = ? AND json_extract(settings, '$.external_id') IN ({marks}) ORDER BY started_at, id LIMIT 1"
    found = tx.rows(f"SELECT json_extract(settings, '$.external_id') FROM turn WHERE {where}", (thread_id, *external_ids))
    return found[0][0] if found else None


def summary_request(tx: Tx, child: Thread) -> str:
    """What the child's model is asked for, once its turn begins."""
    edge = fold_reading.edge_of(tx.rows, child.id, tx.name(child.id))
    found = fold_reading.what_is_open(tx.rows, edge)
    requests = "\n".join(f"- {one_line(words, EXCERPT)}" for exchange in found.exchanges for _, words in exchange.requests)
    return FOLD_SUMMARY.format(parent=tx.name(edge.parent_id), requests=requests)


def _since(tx: Tx, row: FoldRow) -> str:
    """From when on the child's answers count for this fold: since the fold before it, or since the edge began."""
    earlier = tx.first(FoldRow, "edge = ? AND id < ? AND state != 'undone' ORDER BY id DESC", row.edge, row.id)
    if earlier is not None:
        return moment_text(earlier.made_at)
    created = tx.rows(
        "SELECT created_at FROM attachment WHERE id = ? UNION ALL SELECT created_at FROM thread WHERE id = ?", (row.edge, row.edge)
    )
    return created[0][0]


def _what(row: FoldRow) -> str:
    return counted(len(row.turns), "turn")


def view_of(tx: Tx, row: FoldRow) -> FoldView:
    """A fold as it is on record."""
    parent = tx.thread(row.parent_id)
    return FoldView(
        child=tx.name(row.child_id),
        child_id=row.child_id,
        parent=tx.name(row.parent_id),
        parent_id=row.parent_id,
        mode=row.mode,
        text=row.text,
        tokens=row.tokens,
        messages=tuple(row.messages),
        turns=len(row.turns),
        state=row.state,
        item=row.item_seq,
        before=max(0, parent.context_tokens - (row.tokens if row.state == "there" else 0)),
    )
