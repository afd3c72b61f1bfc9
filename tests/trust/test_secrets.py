"""A provider's key is in the environment of the desk and in the request, and nowhere else."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.sessions import New, Set
from codex_desk.engine.views import MessageView, ThreadView
from codex_desk.store.database import back_up
from tests.engine.scripted import Place, prompt
from tests.runtimes.raw_server import RawServer, Script, chat_calls, chat_stream, raw_server, status

KEY = "sk-nobody-may-see-this-4711"

SETTINGS = """
model = "m"
model_provider = "acme"
[model_providers.acme]
base_url = "{url}"
env_key = "ACME_KEY"
wire_api = "chat"
request_max_retries = 0
"""


@asynccontextmanager
async def asked(place: Place, *scripts: Script) -> AsyncIterator[tuple[Desk, ThreadView, MessageView, RawServer]]:
    """A desk whose operator has been prompted once, at an endpoint that answers with these scripts."""
    async with raw_server(*scripts) as server:
        (place.home / "config.toml").write_text(SETTINGS.format(url=server.base_url))
        async with Desk.open(place.home, host="desk", env=place.env | {"ACME_KEY": KEY}) as desk:
            operator = await desk.do(New("operator", place.folder("operator"), runtime="native"))
            await desk.do(Set(operator.id, "sandbox_mode", "danger-full-access"))
            yield desk, operator, await prompt(desk, operator, "go"), server


def holders(folder: Path) -> list[str]:
    """The files beneath a folder in which the key stands."""
    return [path.name for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


async def test_a_key_stands_in_no_store_log_backup_or_transcript(
    place: Place, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("ACME_KEY", KEY)
    refusal = status(401, {"error": {"message": f"Incorrect API key provided: {KEY}. Bearer {KEY} is unknown."}})
    async with asked(place, chat_calls(("shell", {"command": "env"})), refusal) as (desk, operator, message, server):
        assert [KEY.encode() in request for request in server.requests] == [True, True]
        assert message.state == "failed"
        assert "401" in (message.reason or "")
        assert KEY not in desk.export(operator.id)
        assert KEY not in str([*desk.items(operator.id), *desk.audit()])
        back_up(place.home / "desk.db", place.home / "backups", "test")
        assert holders(place.root) == []
    assert holders(place.root) == []
    assert KEY not in caplog.text
    written = capfd.readouterr()
    assert KEY not in written.out + written.err


async def test_the_tools_environment_has_no_key_and_the_model_is_never_sent_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACME_KEY", "OPENAI_API_KEY", "GITHUB_TOKEN", "MY_SECRET", "DB_PASSWORD"):
        monkeypatch.setenv(name, KEY)
    script = (chat_calls(("shell", {"command": "env"})), chat_stream("done", ends=True))
    async with asked(place, *script) as (desk, operator, message, server):
        [ran] = [item.data["output"] for item in desk.items(operator.id) if item.kind == "command"]
        assert message.state == "answered"
    assert f"CODEX_DESK_THREAD={operator.id}" in ran
    assert KEY not in ran
    bodies = [request.partition(b"\r\n\r\n")[2] for request in server.requests]
    assert [KEY.encode() in body for body in bodies] == [False, False]


@pytest.mark.usefixtures("bubblewrapped")
def test_in_the_sandbox_no_process_of_the_desk_shows_its_environment(place: Place) -> None:
    """The desk as a process of its own: only such a one has the key in /proc."""
    look = f"run cat /proc/*/environ | tr '\\0' '\\n' | grep -c {KEY[:9]}; echo looked"
    env = os.environ | place.env | {"CODEX_DESK_HOME": str(place.home), "CODEX_DESK_RUNTIME": "offline", "ACME_KEY": KEY}
    ran = subprocess.run(
        [sys.executable, "-m", "codex_desk", "exec", look], cwd=place.folder("operator"), env=env, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert "looked" in ran.stdout
    assert KEY not in ran.stdout
    assert "\n0\n" in ran.stdout
