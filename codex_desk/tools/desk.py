"""The desk tools: what a model may call to work with other threads. Names and arguments are Codex's where Codex has the tool.

They are defined here once; each runtime carries them to its model, and the engine performs them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field

from codex_desk.runtimes.base import ToolSpec
from codex_desk.tools.board import BOARD_TOOLS, FOR_OWNERS
from codex_desk.tools.delegation import DELEGATION_TOOLS
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


class InterruptAgent(Arguments):
    """Stop what a child is doing now; what it did so far is kept, and it can be sent another message. A session that the user attached to you can be
    interrupted only where the user allows it."""

    target: str


class CloseAgent(Arguments):
    """Close a subagent that you spawned, once you need it no more; what it is doing ends. A session that the user attached to you is not yours to close."""

    target: str


class SpawnAgent(Arguments):
    """Spawn a subagent for one bounded task. It returns at once; wait_agent waits for the answer, which is all of its work that you get to see. It has a
    history of its own, works in your folder unless told otherwise, may do no more than you may, and can be sent further messages until close_agent."""

    message: Annotated[str, Field(description="the task; the subagent sees only this text, unless fork_turns gives it more", min_length=1)]
    task_name: Annotated[str | None, Field(description="a short name for it, such as scout", max_length=200)] = None
    agent_type: Annotated[str | None, Field(description="its role")] = None
    profile: Annotated[str | None, Field(description="a profile of the user's settings that it runs with")] = None
    cwd: Annotated[str | None, Field(description="the folder it works in; one beyond yours needs the user's approval and is read-only")] = (
        None
    )
    model: Annotated[str | None, Field(description="another model than yours", min_length=1)] = None
    reasoning_effort: Annotated[str | None, Field(description="how long it thinks, such as low or high", pattern="^[a-z]+$")] = None
    fork_turns: Annotated[
        Literal["none", "all"] | Annotated[int, Field(ge=1)],
        Field(
            description="what of your conversation it begins with: none, all, or so many of the latest turns", union_mode="left_to_right"
        ),
    ] = "none"
    worktree: Annotated[
        bool, Field(description="give it a git worktree of its own, on a branch of its own, so that nobody's changes get in the way")
    ] = False


DESK_TOOLS: Mapping[str, type[Arguments]] = {
    "list_agents": ListAgents,
    "send_message": SendMessage,
    "wait_agent": WaitAgent,
    "report": Report,
    "interrupt_agent": InterruptAgent,
    "close_agent": CloseAgent,
    "spawn_agent": SpawnAgent,
    **DELEGATION_TOOLS,
    **BOARD_TOOLS,
}

FOR_PARENTS = frozenset({"list_agents", "send_message", "wait_agent", "interrupt_agent", "close_agent"})
FOR_CHILDREN = frozenset({"list_agents", "report"})


FOR_SPAWNERS = FOR_PARENTS | {"spawn_agent"}
"""A thread that may spawn has children before its turn is over."""

NAMES_A_ROLE = {"spawn_agent": "agent_type", "delegate_agent": "agent_id"}
"""The argument in which each takes one."""

RoleLine = tuple[str, str]
"""Name and description of a role."""


@cache
def desk_specs(
    *,
    has_children: bool,
    has_parent: bool,
    may_spawn: bool = False,
    delegates: bool = False,
    roles: tuple[RoleLine, ...] = (),
    board: BoardUse = "none",
) -> tuple[ToolSpec, ...]:
    """The desk tools that a thread can use now: none without children, without a parent and where nothing may be spawned. `roles`: those that it may
    give a subagent; `delegates`: whether it may delegate to them; `board`: what it is to one."""
    names = (FOR_PARENTS if has_children else frozenset()) | (FOR_CHILDREN if has_parent else frozenset())
    names |= FOR_SPAWNERS if may_spawn else frozenset()
    names |= DELEGATION_TOOLS.keys() if delegates else frozenset()
    if board != "none":
        names |= BOARD_TOOLS.keys() if board == "owner" else BOARD_TOOLS.keys() - FOR_OWNERS
    specs = (ToolSpec(name, _words(model), _schema(model)) for name, model in DESK_TOOLS.items() if name in names)
    return tuple(_with_roles(spec, roles, argument) if (argument := NAMES_A_ROLE.get(spec.name)) else spec for spec in specs)


def _with_roles(spec: ToolSpec, roles: tuple[RoleLine, ...], argument: str) -> ToolSpec:
    """The spec with the roles that there are in the words of the argument that takes one, as Codex tells them."""
    properties = dict(spec.parameters["properties"])
    listed = "; ".join(f"{name}: {about}" if about else name for name, about in roles)
    said = properties[argument]["description"]
    properties[argument] = {**properties[argument], "description": f"{said}. {listed}" if listed else said}
    return ToolSpec(spec.name, spec.description, {**spec.parameters, "properties": properties})


def _words(model: type[Arguments]) -> str:
    return " ".join((model.__doc__ or "").split())


def _schema(model: type[Arguments]) -> dict[str, Any]:
    schema = model.model_json_schema()
    whole = _inlined(schema, schema.pop("$defs", {}))
    whole.pop("description", None)
    return whole


def _inlined(part: Any, named: Mapping[str, Any]) -> Any:
    """A schema with what it refers to in its place, because not every server follows references, and without the titles that pydantic adds."""
    match part:
        case {"$ref": str(ref), **rest}:
            return {**_inlined(named[ref.rpartition("/")[2]], named), **rest}
        case dict():
            return {
                key: {name: _inlined(each, named) for name, each in value.items()} if key == "properties" else _inlined(value, named)
                for key, value in part.items()
                if not (key == "title" and isinstance(value, str))
            }
        case list():
            return [_inlined(each, named) for each in part]
    return part
