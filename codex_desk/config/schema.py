"""The settings: their names, types and defaults. Keys carry Codex's names where Codex has them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

from codex_desk.config import codex_keys as codex
from codex_desk.rights import ApprovalPolicy, Mode


def _runtime_name(name: str) -> str:
    if not re.fullmatch(r"auto|offline|native|codex|acp:[A-Za-z0-9_.-]+", name):
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

    writable_roots: tuple[Path, ...] = ()
    """Absolute folders that a thread may write beside its cwd."""
    network_access: bool = False

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

    name: str = ""
    """For people; empty: its key in the table."""
    base_url: str
    env_key: str | None = None
    """The variable that holds the key; None for a server that needs none."""
    wire_api: Literal["responses", "chat"] = "responses"
    model_context_window: Positive | None = None
    """Tokens."""
    stream_idle_timeout_ms: Positive = 300_000
    max_parallel_turns: Positive | None = None
    """None: no limit."""
    request_max_retries: Count = 4

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


class Profile(Table):
    """Settings that are chosen together, by name. A key that is not set here stays as it was."""

    runtime: RuntimeName | None = None
    model: Name | None = None
    model_provider: Name | None = None
    model_reasoning_effort: Effort | None = None
    sandbox_mode: Mode | None = None
    approval_policy: ApprovalPolicy | None = None
    developer_instructions: str | None = None
    model_context_window: Positive | None = None
    model_auto_compact_token_limit: Positive | None = None


class SharedWorkspace(Table):
    """The board of a workflow (semantics.md §8)."""

    enabled: bool = False
    kind: Literal["message_bus", "files", "hybrid"] = "message_bus"
    visibility: Literal["workflow", "project", "session"] = "workflow"
    write_policy: Literal["append-only", "parent-mediated"] = "append-only"
    path: str | None = None
    """Where the mirror goes, relative to the project; None: under the desk's home."""


def _switch(value: object) -> object:
    return {"enabled": value} if isinstance(value, bool) else value


class Agents(Table):
    codex_keys = codex.AGENTS
    other_tables_are_codexs = True  # roles declared inline

    enabled: bool = True
    """False takes Codex's own agent tools away from the sessions that run on it."""
    max_threads: Count = 6
    max_depth: Count = 1
    max_attach_depth: Count = 3
    close_agent_on_attached: Literal["reject", "detach"] = "reject"
    shared_workspace: Annotated[SharedWorkspace, BeforeValidator(_switch)] = SharedWorkspace()


class Tui(Table):
    codex_keys = codex.TUI

    theme: str | None = None
    """None: light or dark, as the terminal's background is."""
    mouse: bool = True
    plain: bool = False
    reduced_motion: bool = False
    bell: bool = True
    keymap: dict[str, str] = {}
    """Binding id to keys, several with commas between."""


class Budgets(Table):
    """What one chain may use up (semantics.md §10)."""

    hops: Positive = 8
    wakes: Count = 25
    turns: Positive = 200
    tokens: Positive = 2_000_000
    deadline_h: Annotated[float, Field(gt=0)] = 4.0


class Settings(Table):
    codex_keys = codex.TOP

    runtime: RuntimeName = "auto"
    codex: Name = "codex"
    """The Codex program: its name on PATH, or its path."""
    profile: Name | None = None
    model: Name = "gpt-5.1"
    model_provider: Name = "openai"
    model_reasoning_effort: Effort | None = None
    sandbox_mode: Mode = "workspace-write"
    approval_policy: ApprovalPolicy = "on-request"
    developer_instructions: str | None = None
    project_root_markers: tuple[str, ...] = (".git",)
    project_doc_fallback_filenames: tuple[str, ...] = ()
    project_doc_max_bytes: Count = 32 * 1024
    model_context_window: Positive | None = None
    model_auto_compact_token_limit: Positive | None = None
    sandbox_workspace_write: WorkspaceWrite = WorkspaceWrite()
    model_providers: dict[str, Provider] = {
        "openai": Provider(name="OpenAI", base_url="https://api.openai.com/v1", env_key="OPENAI_API_KEY")
    }
    profiles: dict[str, Profile] = {}
    agents: Agents = Agents()
    tui: Tui = Tui()
    budgets: Budgets = Budgets()


# What Codex has beside a profile's own keys is whatever it has at the top.
Profile.codex_keys = (Settings.codex_keys | Settings.model_fields.keys()) - Profile.model_fields.keys()
