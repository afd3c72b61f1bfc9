"""A real model endpoint for tests: aimock on a free port, answering from fixtures and keeping a journal of what it was sent.

`model_server` is a pytest fixture (load it with `pytest_plugins = ["tests.model_server"]` or by importing it); calling it starts a server.
The binary is found through `CODEX_DESK_AIMOCK`, on PATH, or in `.ci/node/node_modules/.bin`. Without it the test is skipped, and fails
where `CODEX_DESK_CI=1`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]
START_TIMEOUT_S = 30.0

FixtureEntry = Mapping[str, Any]
"""One entry of an aimock fixture file: `match`, `response`, and how it is streamed (`chunkSize`, `latency`, `truncateAfterChunks`)."""


@dataclass(frozen=True, slots=True)
class ModelServer:
    """A running endpoint that speaks Responses and Chat Completions."""

    url: str

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def journal(self) -> list[dict[str, Any]]:
        """Every request so far, oldest first: `path`, `headers`, `body` (Responses requests in their Chat form)."""
        with urllib.request.urlopen(f"{self.url}/__aimock/journal", timeout=10) as answer:
            return json.load(answer)


ModelServerFactory = Callable[[Sequence[FixtureEntry]], ModelServer]


def find_aimock() -> Path | None:
    """The aimock executable (it is called `llmock`), or None."""
    if named := os.environ.get("CODEX_DESK_AIMOCK"):
        return Path(named)
    if found := shutil.which("llmock"):
        return Path(found)
    bundled = REPOSITORY / ".ci" / "node" / "node_modules" / ".bin" / "llmock"
    return bundled if bundled.exists() else None


def text(says: str, *, match: str | None = None, after_tools: bool | None = None, **response: Any) -> dict[str, Any]:
    """A fixture that answers with text."""
    return {"match": _match(match, after_tools), "response": {"content": says, **response}}


def calls(*named: tuple[str, Mapping[str, Any] | str], match: str | None = None, after_tools: bool | None = False) -> dict[str, Any]:
    """A fixture that answers with parallel tool calls `call_1`, `call_2` …, each given as (name, arguments)."""
    tools = [{"id": f"call_{number}", "name": name, "arguments": arguments} for number, (name, arguments) in enumerate(named, 1)]
    return {"match": _match(match, after_tools), "response": {"toolCalls": tools}}


def error(status: int, message: str, *, code: str | None = None, match: str | None = None, **response: Any) -> dict[str, Any]:
    """A fixture that answers with an HTTP error."""
    body = {"message": message, "type": "error"} | ({"code": code} if code else {})
    return {"match": _match(match, None), "response": {"error": body, "status": status, **response}}


def _match(message: str | None, after_tools: bool | None) -> dict[str, Any]:
    match: dict[str, Any] = {}
    if message is not None:
        match["userMessage"] = message
    if after_tools is not None:
        match["hasToolResult"] = after_tools
    return match


@pytest.fixture
def model_server(tmp_path: Path) -> Iterator[ModelServerFactory]:
    """Starts endpoints; all of them are gone when the test ends."""
    binary = find_aimock()
    if binary is None:
        reason = "aimock is not installed: npm install @copilotkit/aimock, then set CODEX_DESK_AIMOCK to its llmock"
        if os.environ.get("CODEX_DESK_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    running: list[subprocess.Popen[bytes]] = []

    def start(fixtures: Sequence[FixtureEntry]) -> ModelServer:
        script = tmp_path / f"model-{len(running)}.json"
        script.write_text(json.dumps({"fixtures": list(fixtures)}))
        log = script.with_suffix(".log")
        command = [str(binary), "--port", "0", "--fixtures", str(script), "--strict"]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        running.append(process)
        return _wait_until_ready(process, log)

    yield start
    for process in running:
        process.kill()
    for process in running:
        process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> ModelServer:
    """The server's own line names the port that the system chose; it is ready when its health page answers."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        _, announced, rest = log.read_text().partition("listening on ")
        if announced and "\n" in rest:
            server = ModelServer(rest.split()[0])
            try:
                server.journal()
            except (urllib.error.URLError, ConnectionError):
                continue
            return server
        time.sleep(0.01)
    pytest.fail(f"aimock did not start: {log.read_text()}")
