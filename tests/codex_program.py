"""The real Codex for tests: found through `CODEX_DESK_CODEX` or in `.ci/node/node_modules/.bin`, with a home of its own and a scripted model.

Without it a test is skipped, and fails where `CODEX_DESK_CI=1`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.responses_server import Answer, Asked, ResponsesServer, Say

REPOSITORY = Path(__file__).parents[1]
FOUND = os.environ.get("CODEX_DESK_CODEX")
"""Read when tests are collected: no test itself sees the variable, which is a setting of the desk."""

# While a command runs, Codex puts a `.git` where a writable root has none. In the folder for temporary files every other test would take it for a project.
CONFIG = """
model = "gpt-5.1-codex"
model_provider = "mock"
approval_policy = "on-request"
sandbox_mode = "workspace-write"
[sandbox_workspace_write]
exclude_slash_tmp = true
[model_providers.mock]
name = "mock"
base_url = "{base_url}"
wire_api = "responses"
requires_openai_auth = false
request_max_retries = 0
stream_max_retries = 0
"""

Play = Callable[[Asked], Answer]


def find_codex() -> Path | None:
    """The Codex program, or None."""
    if FOUND:
        return Path(FOUND)
    bundled = REPOSITORY / ".ci" / "node" / "node_modules" / ".bin" / "codex"
    return bundled if bundled.exists() else None


def codex_or_skip() -> Path:
    program = find_codex()
    if program is None:
        reason = "Codex is not installed: npm install --prefix .ci/node @openai/codex@0.169.0, or set CODEX_DESK_CODEX"
        if os.environ.get("CODEX_DESK_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return program


def folder_of(asked: Asked) -> str:
    """The name of the folder that a request's session is at home in, as Codex tells its model."""
    for text in reversed(asked.texts):
        if found := re.search(r"<cwd>(.*?)</cwd>", text):
            return Path(found[1]).name
    return ""


@dataclass(slots=True)
class CodexHome:
    """A scratch `CODEX_HOME`, and plays for the models of the sessions in it: by the folder that a session is at home in."""

    root: Path
    program: Path
    plays: dict[str, Play] = field(default_factory=dict)
    server: ResponsesServer | None = None

    def script(self, asked: Asked) -> Answer:
        play = self.plays.get(folder_of(asked))
        return Say(f"answer to {asked.asked}") if play is None else play(asked)

    def prepare(self, server: ResponsesServer) -> None:
        self.server = server
        self.prepare_for(server.base_url)

    def prepare_for(self, base_url: str) -> None:
        """Have Codex ask the model at this address."""
        for folder in (self.home, self.root / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.home / "config.toml").write_text(CONFIG.format(base_url=base_url))

    @property
    def home(self) -> Path:
        return self.root / "codex"

    @property
    def env(self) -> dict[str, str]:
        """Codex makes no helpers for its sandbox below the folder for temporary files, so that has to be another one than the tests'."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CODEX_")}
        return kept | {
            "CODEX_HOME": str(self.home),
            "TMPDIR": str(self.root / "tmp"),
            "CODEX_DESK_CODEX": str(self.program),
            "HOME": str(self.root),
        }

    def folder(self, name: str, instructions: str | None = None) -> Path:
        """A folder for a session, a project of its own."""
        folder = self.root / "work" / name
        folder.mkdir(parents=True)
        (folder / ".git").mkdir()
        if instructions is not None:
            (folder / "AGENTS.md").write_text(instructions)
        return folder

    def exec(self, folder: Path, prompt: str, *more: str) -> str:
        """A session made by `codex exec`, as a user without a desk makes one; returns its id."""
        ran = subprocess.run(
            [str(self.program), "exec", "--json", "--skip-git-repo-check", "-C", str(folder), *more, prompt],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self.env,
            timeout=60,
            check=True,
        )
        events: list[Mapping[str, Any]] = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith(b"{")]
        return next(event["thread_id"] for event in events if event["type"] == "thread.started")

    def asked_in(self, name: str) -> list[Asked]:
        """What the models of the sessions at home in this folder were asked."""
        assert self.server is not None
        return [asked for asked in self.server.requests if folder_of(asked) == name]
