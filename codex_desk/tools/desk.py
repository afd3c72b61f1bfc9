"""The desk tools: what a model may call to work with other threads. Names and arguments are Codex's where Codex has the tool.

They are defined here once; each runtime carries them to its model, and the engine performs them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field

from codex_desk.runtimes.base import ToolSpec
from codex_desk.tools.board import BOARD_TOOLS, FOR_OWNERS
from codex_desk.tools.desk_arguments import Arguments

Delivery = Literal["after_turn", "next_step", "interrupt"]


BoardUse = Literal["none", "member", "owner"]
"""What a thread is to the boards of its work."""


class ListAgents(Arguments):
    """Whom you can reach: the sessions attached to you and the subagents you spawned, with what they are doing, and your parent."""


class SendMessage(Arguments):
    """Send a message to one of your children. It returns at once with the message's number; wait_agent waits for the answer. Each message is one turn
    of the child, so an answer belongs to a question."""

    target: Annotated[str, Field(description="the child's name or id, as list_agents gives it")]
    message: Annotated[
        str, Field(description="what the child should do or answer; it sees only this text, not your conversation", min_length=1)
    ]
    delivery: Annotated[
        Delivery,
        Field(
            description="after_turn: queued as a turn of its own; next_step: into its running turn, without an answer; interrupt: only where allowed"
        ),
    ] = "after_turn"


class WaitAgent(Arguments):
    """Wait for answers to messages that you sent. Returns when any (or all) of the targets are in, when a child needs the user or reports to you, when the
    user writes to you, or at the timeout, which is a normal result: the child goes on working and you can wait again."""

    targets: Annotated[
        list[int | str], Field(description="message numbers, or names for all your messages to that agent not returned yet", min_length=1)
    ]
    mode: Annotated[Literal["any", "all"], Field(description="return at the first answer, or when all are in")] = "any"
    timeout_ms: Annotated[int, Field(ge=0, le=3_600_000)] = 300_000


class Report(Arguments):
    """Tell your parent something before your turn is over. Your last message of the turn is the answer anyway; report is for what cannot wait."""

    message: Annotated[str, Field(min_length=1)]


class CloseAgent(Arguments):
    """Close a subagent that you spawned. A session that the user attached to you is not yours to close."""

    target: str


DESK_TOOLS: Mapping[str, type[Arguments]] = {
    "list_agents": ListAgents,
    "send_message": SendMessage,
    "wait_agent": WaitAgent,
    "report": Report,
    "close_agent": CloseAgent,
    **BOARD_TOOLS,
}

FOR_PARENTS = frozenset({"list_agents", "send_message", "wait_agent", "close_agent"})
FOR_CHILDREN = frozenset({"list_agents", "report"})


@cache
def desk_specs(*, has_children: bool, has_parent: bool, board: BoardUse = "none") -> tuple[ToolSpec, ...]:
    """The desk tools that a thread can use now: none without children and without a parent, and those of the board where there is one."""
    names = (FOR_PARENTS if has_children else frozenset()) | (FOR_CHILDREN if has_parent else frozenset())
    if board != "none":
        names |= BOARD_TOOLS.keys() if board == "owner" else BOARD_TOOLS.keys() - FOR_OWNERS
    return tuple(ToolSpec(name, _words(model), _schema(model)) for name, model in DESK_TOOLS.items() if name in names)


def _words(model: type[Arguments]) -> str:
    return " ".join((model.__doc__ or "").split())


def _schema(model: type[Arguments]) -> dict[str, Any]:
    schema = model.model_json_schema()
    schema.pop("description", None)
    schema.pop("title", None)
    for entry in schema.get("properties", {}).values():
        entry.pop("title", None)
    return schema
