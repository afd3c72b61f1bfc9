"""The settings: their names, types and defaults. Keys carry Codex's names where Codex has them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

from codex_desk.config import codex_keys as codex
from codex_desk.rights import ApprovalPolicy, Mode

RUNTIMES = ("auto", "offline", "native", "codex")
"""The runtimes that have a name of their own."""


def _runtime_name(name: str) -> str:
    if name not in RUNTIMES and not re.fullmatch(r"acp:[A-Za-z0-9_.-]+", name):
        raise ValueError("must be auto, offline, native, codex or acp:<name>")
    return name


RuntimeName = Annotated[str, AfterValidator(_runtime_name)]
Effort = Annotated[str, Field(pattern=r"^[a-z]+$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]


class Table(BaseModel):
    """A table of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    codex_keys: ClassVar[frozenset[str]] = frozenset()
    """What Codex has in this table and the desk does not use."""
    other_tables_are_codexs: ClassVar[bool] = False


class WorkspaceWrite(Table):
    codex_keys = codex.WORKSPACE_WRITE

    writable_roots: tuple[Path, ...] = Field(default=(), description="Absolute folders that a thread may write beside its own")
    network_access: bool = Field(default=False, description="Whether commands reach the network")

    @field_validator("writable_roots")
    @classmethod
    def _absolute(cls, roots: tuple[Path, ...]) -> tuple[Path, ...]:
        try:
            folders = tuple(root.expanduser() for root in roots)
        except RuntimeError:
            raise ValueError("must name home folders that exist") from None
        if not all(folder.is_absolute() for folder in folders):
            raise ValueError("must be absolute paths")
        return folders


_ADDRESS = "must be an address like http://127.0.0.1:11434/v1"


class Provider(Table):
    """An endpoint that answers for models."""

    codex_keys = codex.PROVIDER

    name: str = Field(default="", description="What people call it; empty: its key in the table")
    base_url: str = Field(description="The address that requests go to")
    env_key: str | None = Field(
        default=None, description="The variable that holds the key, never the key; unset for a server that needs none"
    )
    wire_api: Literal["responses", "chat"] = Field(
        default="responses", description="The protocol that it speaks; a 404 on /responses asks for chat"
    )
    model_context_window: Positive | None = Field(default=None, description="Tokens that its models take in")
    stream_idle_timeout_ms: Positive = Field(
        default=300_000, description="Silence in an answer, in milliseconds, after which it counts as lost"
    )
    max_parallel_turns: Positive | None = Field(default=None, description="Turns that may ask it at once; unset: no limit")
    request_max_retries: Count = Field(default=4, description="How often a request that failed is tried again")

    @field_validator("base_url")
    @classmethod
    def _an_address_without_secrets(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
        except ValueError:
            raise ValueError(_ADDRESS) from None
        if not parts.hostname or parts.scheme not in {"http", "https"}:
            raise ValueError(_ADDRESS)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must be a plain address: no user, password or query in it; a key belongs in the variable that env_key names")
        return url.rstrip("/")

    @field_validator("env_key")
    @classmethod
    def _a_name_and_not_a_key(cls, name: str | None) -> str | None:
        if name is not None and (not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or looks_like_a_key(name)):
            raise ValueError(
                "must be the name of an environment variable, such as LOCAL_KEY; this looks like a key itself. "
                "Put the key into a variable and write the variable's name here"
            )
        return name


def looks_like_a_key(text: str) -> bool:
    """Whether a text is more likely a secret than the name of a variable."""
    if re.match(r"(?i)(sk|pk|rk|ghp|gho|hf|xai|gsk|AIza)[-_]?.{16}", text) and not text.isupper():
        return True
    # Names are words with underscores between: none is as long as a secret, or mixes cases and digits as one does.
    longest = max(text.split("_"), key=len)
    digits = sum(char.isdigit() for char in longest)
    mixed = digits > 0 and longest != longest.upper() and longest != longest.lower()
    return len(longest) >= 32 or (len(longest) >= 20 and (mixed or digits >= 4))


_RUNTIME = "What runs the turns of a new session; auto takes the first that can be used here"
_MODEL = "The model that answers"
_PROVIDER = "Where the model answers: the key of one of the model_providers"
_EFFORT = "How long the model thinks, in its provider's words, such as low or high"
_SANDBOX = "What a turn may change: nothing, its own folders, or everything"
_APPROVAL = "Whether a turn may ask you for more than its sandbox allows, or never does"
_INSTRUCTIONS = "Your own instructions, given to the model beside every AGENTS.md"
_WINDOW = "Tokens that the model takes in; unset: what its provider says"
_COMPACT = "Tokens from which the history is compacted by itself"


class Profile(Table):
    """Settings that are chosen together, by name. A key that is not set here stays as it was."""

    runtime: RuntimeName | None = Field(default=None, description=_RUNTIME)
    model: Name | None = Field(default=None, description=_MODEL)
    model_provider: Name | None = Field(default=None, description=_PROVIDER)
    model_reasoning_effort: Effort | None = Field(default=None, description=_EFFORT)
    sandbox_mode: Mode | None = Field(default=None, description=_SANDBOX)
    approval_policy: ApprovalPolicy | None = Field(default=None, description=_APPROVAL)
    developer_instructions: str | None = Field(default=None, description=_INSTRUCTIONS)
    model_context_window: Positive | None = Field(default=None, description=_WINDOW)
    model_auto_compact_token_limit: Positive | None = Field(default=None, description=_COMPACT)


class SharedWorkspace(Table):
    """The board of a workflow (semantics.md §8)."""

    enabled: bool = Field(default=False, description="Whether a workflow has a board that its threads share")
    kind: Literal["message_bus", "files", "hybrid"] = Field(
        default="message_bus", description="Where the board is kept: in the store, in files, or both"
    )
    visibility: Literal["workflow", "project", "session"] = Field(default="workflow", description="Who reads the board")
    write_policy: Literal["append-only", "parent-mediated"] = Field(
        default="append-only", description="Whether every thread adds to the board, or its parent does so for it"
    )
    path: str | None = Field(default=None, description="Where the board's files go, relative to the project; unset: under the desk's home")

    @field_validator("path")
    @classmethod
    def _a_folder_for_people(cls, path: str | None) -> str | None:
        if path is not None and (reason := refused_path(path)):
            raise ValueError(reason)
        return path


BOARD_PATH = 'write a folder of its own in the project, such as path = "shared-agent-work", or leave path out: the files then go under the desk\'s home'


def refused_path(path: str) -> str | None:
    """Why the board's files may not go there (semantics.md §8.5); None where they may. Links are looked for as the files are written."""
    parts = path.replace("\\", "/").split("/")
    if not path.strip() or any(char < " " for char in path) or path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        return f"must be a relative path; {BOARD_PATH}"
    if ".." in parts:
        return f"must not hold '..'; {BOARD_PATH}"
    if all(part in ("", ".") for part in parts):
        return f"must not be the project itself; {BOARD_PATH}"
    for part in parts:
        name = part.casefold()
        if name in (".git", ".github", ".agents") or name.startswith(".codex"):
            return f"must not lie in {part}, which agents and tools are steered by; {BOARD_PATH}"
    return None


def _switch(value: object) -> object:
    return {"enabled": value} if isinstance(value, bool) else value


class Agents(Table):
    codex_keys = codex.AGENTS
    other_tables_are_codexs = True  # roles declared inline

    enabled: bool = Field(default=True, description="Whether sessions that run on Codex have Codex's own agent tools as well")
    max_threads: Count = Field(default=6, description="Subagents that a session may have at work at once")
    max_depth: Count = Field(default=1, description="How deep subagents may spawn subagents")
    max_attach_depth: Count = Field(default=3, description="How long a chain of attached sessions may be")
    close_agent_on_attached: Literal["reject", "detach"] = Field(
        default="reject", description="What becomes of an agent's wish to close a session that you attached to it"
    )
    shared_workspace: Annotated[SharedWorkspace, BeforeValidator(_switch)] = SharedWorkspace()


class MultiAgent(Table):
    agents: tuple[Name, ...] = Field(default=("*",), description="The roles that a thread may give its subagents; * is every role")


class Tui(Table):
    codex_keys = codex.TUI

    theme: str | None = Field(default=None, description="The colours; auto or unset: light or dark, as the terminal's background is")
    mouse: bool = Field(default=True, description="Whether the screen takes the mouse; without it, the terminal selects and scrolls")
    plain: bool = Field(default=False, description="One column, no borders, words for glyphs; counts from the next start")
    reduced_motion: bool = Field(default=False, description="Nothing moves by itself")
    bell: bool = Field(default=True, description="Ring when something waits for you while the terminal is not in front")
    keymap: dict[str, str] = Field(
        default={}, description="Keys by the id of what they do, several with commas between; help lists the ids"
    )


class Budgets(Table):
    """What one chain may use up (semantics.md §10)."""

    hops: Positive = Field(default=8, description="How far a message may be from the prompt that caused it")
    wakes: Count = Field(default=25, description="Times that answers may wake threads whose turns had ended")
    turns: Positive = Field(default=200, description="Turns of all threads together")
    tokens: Positive = Field(default=2_000_000, description="Tokens of all threads together")
    deadline_h: Annotated[float, Field(gt=0)] = Field(default=4.0, description="Hours after which the chain ends")


class Settings(Table):
    codex_keys = codex.TOP

    runtime: RuntimeName = Field(default="auto", description=_RUNTIME)
    codex: Name = Field(default="codex", description="The Codex program: its name on PATH, or its path")
    profile: Name | None = Field(default=None, description="The profile that counts: the key of one of the profiles")
    model: Name = Field(default="gpt-5.1", description=_MODEL)
    model_provider: Name = Field(default="openai", description=_PROVIDER)
    model_reasoning_effort: Effort | None = Field(default=None, description=_EFFORT)
    sandbox_mode: Mode = Field(default="workspace-write", description=_SANDBOX)
    approval_policy: ApprovalPolicy = Field(default="on-request", description=_APPROVAL)
    developer_instructions: str | None = Field(default=None, description=_INSTRUCTIONS)
    project_root_markers: tuple[str, ...] = Field(default=(".git",), description="Names that make a folder the root of a project")
    project_doc_fallback_filenames: tuple[str, ...] = Field(default=(), description="Names that are read where a folder has no AGENTS.md")
    project_doc_max_bytes: Count = Field(default=32 * 1024, description="Bytes of instructions files that a model is given at most")
    model_context_window: Positive | None = Field(default=None, description=_WINDOW)
    model_auto_compact_token_limit: Positive | None = Field(default=None, description=_COMPACT)
    sandbox_workspace_write: WorkspaceWrite = WorkspaceWrite()
    model_providers: dict[str, Provider] = {
        "openai": Provider(name="OpenAI", base_url="https://api.openai.com/v1", env_key="OPENAI_API_KEY")
    }
    profiles: dict[str, Profile] = {}
    agents: Agents = Agents()
    tui: Tui = Tui()
    budgets: Budgets = Budgets()
    multi_agent: MultiAgent = MultiAgent()


# What Codex has beside a profile's own keys is whatever it has at the top.
Profile.codex_keys = (Settings.codex_keys | Settings.model_fields.keys()) - Profile.model_fields.keys()
