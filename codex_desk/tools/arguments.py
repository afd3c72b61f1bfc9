"""The arguments of the workspace tools: one model each, from which both the check and the JSON schema come."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from codex_desk.tools.git_questions import Question
from codex_desk.tools.shell import DEFAULT_TIMEOUT_MS, LONGEST_TIMEOUT_MS


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    return text


Text = Annotated[str, AfterValidator(_without_nul)]
Filled = Annotated[Text, Field(min_length=1)]


class Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Shell(Arguments):
    command: Filled = Field(description="Command line for bash.")
    workdir: Filled | None = Field(None, description="Folder to run in; the thread's own by default.")
    timeout_ms: int = Field(DEFAULT_TIMEOUT_MS, ge=1, le=LONGEST_TIMEOUT_MS, description="Milliseconds before it is killed.")


class Read(Arguments):
    path: Filled
    offset: int = Field(1, ge=1, description="Number of the first line; the file's first line is 1.")
    limit: int = Field(2000, ge=1, description="Lines to give at most.")


class ListFolder(Arguments):
    path: Filled


class Grep(Arguments):
    pattern: Filled = Field(description="Regular expression.")
    path: Filled = Field(".", description="File or folder to search; the thread's own folder by default.")


class Git(Arguments):
    question: Question
    args: tuple[Text, ...] = Field((), description="Read-only options, revisions and paths beneath the folder.")


class ApplyPatch(Arguments):
    patch: Text = Field(description="Text from '*** Begin Patch' to '*** End Patch'.")


class Step(Arguments):
    step: Filled
    status: Literal["pending", "in_progress", "completed"]


class UpdatePlan(Arguments):
    plan: tuple[Step, ...]

    @model_validator(mode="after")
    def _one_in_progress(self) -> Self:
        if sum(step.status == "in_progress" for step in self.plan) > 1:
            raise ValueError("at most one step is in_progress")
        return self
