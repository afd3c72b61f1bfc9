"""The app-server's JSON, as far as it is used here: typed from its generated schema, tolerant of everything that is not named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

Json = Mapping[str, Any]


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Thread(Wire):
    id: str
    cwd: str
    preview: str = ""
    name: str | None = None
    model: str | None = None
    model_provider: str = ""
    reasoning_effort: str | None = None
    created_at: int = 0
    """Seconds since 1970, as all times of a thread and a turn."""
    updated_at: int = 0
    recency_at: int | None = None
    path: str | None = None
    parent_thread_id: str | None = None
    forked_from_id: str | None = None
    agent_nickname: str | None = None
    agent_role: str | None = None
    ephemeral: bool = False
    can_accept_direct_input: bool | None = None
    source: Any = None

    @property
    def agent_path(self) -> str | None:
        """Where a subagent stands below its root, such as `/root/scout_1`; None where Codex gives it no such name."""
        match self.source:
            case {"subAgent": {"thread_spawn": {"agent_path": str(path)}}}:
                return path
        return None


class Loaded(Wire):
    """What `thread/start`, `thread/resume` and `thread/fork` answer."""

    thread: Thread
    cwd: str
    model: str
    model_provider: str
    reasoning_effort: str | None = None
    approval_policy: str | dict[str, Any]
    sandbox: dict[str, Any]


class TurnError(Wire):
    message: str
    codex_error_info: str | dict[str, Any] | None = None
    additional_details: str | None = None


class _Item(Wire):
    id: str
    started_at_ms: int | None = None
    completed_at_ms: int | None = None


class Text(Wire):
    """A part of what a user or a tool said; images and the like have no text."""

    type: str = ""
    text: str = ""


class UserMessage(_Item):
    type: Literal["userMessage"]
    content: list[Text] = []
    client_id: str | None = None

    @property
    def text(self) -> str:
        return "\n".join(part.text if part.type == "text" else f"[{part.type}]" for part in self.content)


class AgentMessage(_Item):
    type: Literal["agentMessage"]
    text: str = ""
    phase: str | None = None


class Reasoning(_Item):
    type: Literal["reasoning"]
    summary: list[str] = []
    content: list[str] = []


class Plan(_Item):
    type: Literal["plan"]
    text: str = ""


class Command(_Item):
    type: Literal["commandExecution"]
    command: str
    cwd: str = ""
    status: str = ""
    command_actions: list[dict[str, Any]] = []
    aggregated_output: str | None = None
    exit_code: int | None = None
    duration_ms: int | None = None


class ChangeKind(Wire):
    type: str
    move_path: str | None = None


class Change(Wire):
    path: str
    kind: ChangeKind
    diff: str = ""


class FileChange(_Item):
    type: Literal["fileChange"]
    changes: list[Change] = []
    status: str = ""


class McpToolCall(_Item):
    type: Literal["mcpToolCall"]
    server: str
    tool: str
    status: str = ""
    arguments: Any = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    duration_ms: int | None = None


class DynamicToolCall(_Item):
    type: Literal["dynamicToolCall"]
    tool: str
    namespace: str | None = None
    status: str = ""
    arguments: Any = None
    content_items: list[Text] | None = None
    success: bool | None = None
    duration_ms: int | None = None


class FunctionCallOutput(_Item):
    """A tool's output that the model never asked for: how another agent's words enter a thread."""

    type: Literal["functionCallOutput"]
    name: str
    namespace: str | None = None
    output: str | list[Text] = ""

    @property
    def text(self) -> str:
        return self.output if isinstance(self.output, str) else "\n".join(part.text for part in self.output)


class AgentState(Wire):
    status: str
    message: str | None = None


class AgentCall(_Item):
    """A call of one of Codex's own agent tools."""

    type: Literal["collabAgentToolCall"]
    tool: str
    status: str = ""
    sender_thread_id: str = ""
    receiver_thread_ids: list[str] = []
    prompt: str | None = None
    model: str | None = None
    agents_states: dict[str, AgentState] = {}


class AgentActivity(_Item):
    """The same where Codex keeps the words to itself."""

    type: Literal["subAgentActivity"]
    kind: str
    agent_thread_id: str
    agent_path: str = ""
    model: str | None = None


class WebSearch(_Item):
    type: Literal["webSearch"]
    query: str = ""


class ImageView(_Item):
    type: Literal["imageView"]
    path: str = ""


class Review(_Item):
    type: Literal["enteredReviewMode", "exitedReviewMode"]
    review: str = ""


class ContextCompaction(_Item):
    type: Literal["contextCompaction"]


class Other(_Item):
    """An item of a kind or a shape that is not known here."""

    type: str


_KINDS: dict[str, type[_Item]] = {
    "userMessage": UserMessage,
    "agentMessage": AgentMessage,
    "reasoning": Reasoning,
    "plan": Plan,
    "commandExecution": Command,
    "fileChange": FileChange,
    "mcpToolCall": McpToolCall,
    "dynamicToolCall": DynamicToolCall,
    "functionCallOutput": FunctionCallOutput,
    "collabAgentToolCall": AgentCall,
    "subAgentActivity": AgentActivity,
    "webSearch": WebSearch,
    "imageView": ImageView,
    "enteredReviewMode": Review,
    "exitedReviewMode": Review,
    "contextCompaction": ContextCompaction,
}


Item = (
    UserMessage
    | AgentMessage
    | Reasoning
    | Plan
    | Command
    | FileChange
    | McpToolCall
    | DynamicToolCall
    | FunctionCallOutput
    | AgentCall
    | AgentActivity
    | WebSearch
    | ImageView
    | Review
    | ContextCompaction
    | Other
)


class Turn(Wire):
    id: str
    status: str
    root_turn_id: str | None = None
    """The first turn of the work that this one is part of; its own id where it began by itself."""
    items: list[Any] = []
    error: TurnError | None = None
    started_at: int | None = None


class Tokens(Wire):
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0


class TokenUsage(Wire):
    last: Tokens


W = TypeVar("W", bound=Wire)


class Misunderstood(Exception):
    """A message of a shape that the schema does not have; the text names what is wrong, and no value."""


def read_item(data: object) -> Item:
    """One thread item; of a kind or shape that is not known here, an `Other`. Raises `Misunderstood` for what is no item at all."""
    if not isinstance(data, Mapping) or not isinstance(data.get("id"), str):
        raise Misunderstood("an item without an id")
    kind = str(data.get("type"))
    try:
        return _KINDS[kind].model_validate(data) if kind in _KINDS else Other(id=data["id"], type=kind)  # type: ignore[return-value]
    except ValidationError:
        return Other(id=data["id"], type=kind)


def read(model: type[W], data: object) -> W:
    """Raises `Misunderstood`."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Misunderstood(f"{model.__name__}: {_what(error)}") from None


def _what(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_input=False, include_url=False)[:3]
    )
