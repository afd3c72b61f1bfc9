"""The table of folds: what the human brought from a child into its parent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, String, Text, text
from sqlmodel import Field

from codex_desk.store.tables import METADATA, Row, _json, _moment, _thread
from codex_desk.store.words import FoldMode, FoldState

EVERY_TABLE = METADATA
"""Those of the desk and this one."""


class Fold(Row, table=True):
    """One fold. Those of an edge that stand, all together, are its cursor: what they hold is not folded again."""

    __table_args__ = (
        Index("ix_fold_edge", "edge"),
        Index("ix_fold_child", "child_id", "id"),
        Index("ix_fold_open", "parent_id", sqlite_where=text("state IN ('waiting', 'there', 'taken')")),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    edge: str
    """The attachment's id; of a spawn edge the child's."""
    parent_id: str = _thread(index=True)
    child_id: str = _thread()
    mode: FoldMode = Field(default="qa", sa_type=String)
    state: FoldState = Field(default="there", sa_type=String)
    text: str = Field(sa_column=Column(Text, nullable=False))
    parts: list[dict[str, Any]] = _json()
    """The text in order, each stretch with the origin of its words: `origin`, `head`, `text`, `message`."""
    edited: bool = False
    messages: list[int] = _json()
    """Numbers of the human's requests that it holds."""
    turns: list[str] = _json()
    """The turns that answered them."""
    tokens: int = 0
    """An estimate of what it added to the parent's context; less than nothing where the history went back."""
    item_seq: int | None = None
    """Its line in the parent's transcript; null while it waits."""
    segment_id: int | None = None
    """Its chunk of the parent's history, where the desk keeps that."""
    hidden: list[int] = _json()
    """The chunks that `replace` took out of use, and those that it brought back."""
    shown: list[int] = _json()
    wakes: list[dict[str, Any]] = _json()
    """Wakes that waited for their turn as the fold came: the message's `id`, the `body` that it had, and the `segment` in which it stands before the fold.
    So the model reads what came earlier first."""
    back_to: str | None = None
    """Where the runtime keeps the history: its id of the turn that goes first."""
    turn_id: str | None = None
    """The parent's turn that began with it."""
    made_at: datetime = _moment()
    undone_at: datetime | None = _moment(nullable=True)
