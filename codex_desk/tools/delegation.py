"""The delegation tools: whole tasks for agents of a role, one or many, waited for or detached. Offered where there are roles to delegate to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from codex_desk.tools.desk_arguments import Arguments

Mode = Literal["standard", "detached"]

MOST_RUNS = 64
"""In one batch; `agents.max_threads` is what really bounds them."""


class Context(Arguments):
    working_directory: Annotated[
        str | None, Field(description="the folder it works in; one beyond yours needs the user's approval and is read-only")
    ] = None
    hints: Annotated[
        list[str],
        Field(
            default_factory=list, description="what it should know beside the task: files to look at, what was tried, what to leave alone"
        ),
    ]


class Task(Arguments):
    agent_id: Annotated[str, Field(description="a role", min_length=1)]
    prompt: Annotated[
        str, Field(description="the whole task; the agent sees this text and its hints, nothing of your conversation", min_length=1)
    ]
    context: Context | None = None


class DelegateAgent(Arguments):
    """Delegate a whole task to an agent of a role, which has its own instructions, model and history. Of its work you get the final answer alone (summary).
    standard waits for that answer; detached returns a run at once: go on, join it later with delegate_sessions, or end your turn, and you are told when it
    ends. batch runs several tasks side by side, all or none of them. conversation_id, from an earlier run, asks the same agent again: it remembers that run.
    A status of running means that it goes on: join it. An agent counts against your limit until delegate_sessions dismisses it."""

    agent_id: Annotated[str | None, Field(description="the role to delegate to", min_length=1)] = None
    prompt: Annotated[
        str | None, Field(description="the whole task; the agent sees this text and its hints, nothing of your conversation", min_length=1)
    ] = None
    profile: Annotated[str | None, Field(description="a profile of the user's settings that it runs with")] = None
    context: Context | None = None
    mode: Annotated[Mode, Field(description="standard: wait for the answer; detached: return at once")] = "standard"
    conversation_id: Annotated[str | None, Field(description="of an earlier run: the prompt is a follow-up to it", min_length=1)] = None
    batch: Annotated[list[Task] | None, Field(description="several tasks instead of one", max_length=MOST_RUNS)] = None

    @model_validator(mode="after")
    def _one_or_many(self) -> DelegateAgent:
        if self.batch:
            if any(each is not None for each in (self.agent_id, self.prompt, self.profile, self.context, self.conversation_id)):
                raise ValueError("give batch alone, with mode if you like, or one task without it")
            return self
        if self.prompt is None:
            raise ValueError("give agent_id and prompt, or batch")
        if self.conversation_id is None and self.agent_id is None:
            raise ValueError("give agent_id, the role to delegate to, or the conversation_id of an earlier run")
        if self.conversation_id is not None and (self.profile is not None or (self.context is not None and self.context.working_directory)):
            raise ValueError(
                "a follow-up goes on with the settings and in the folder of its conversation: leave out profile and working_directory"
            )
        return self


class DelegateSessions(Arguments):
    """What you delegated. list: each conversation with how its last run stands; messages: what was asked in one and answered; join: wait for its run and get
    the answer; dismiss: put away one that is done, which makes room for another (its transcript stays with the user)."""

    operation: Literal["list", "messages", "dismiss", "join"]
    conversation_id: Annotated[str | None, Field(description="for messages, dismiss and join: as delegate_agent gave it", min_length=1)] = (
        None
    )
    cursor: Annotated[int | None, Field(ge=0, le=(1 << 53) - 1, description="from the page before, for list and messages")] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20

    @model_validator(mode="after")
    def _named(self) -> DelegateSessions:
        if self.operation != "list" and self.conversation_id is None:
            raise ValueError(f"{self.operation} needs a conversation_id; list gives them")
        return self


DELEGATION_TOOLS: dict[str, type[Arguments]] = {"delegate_agent": DelegateAgent, "delegate_sessions": DelegateSessions}
