"""The desk in a browser: who gets in, what a page gets, and that nothing outlives the server."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from codex_desk.cli.serving import Site
from tests.cli.conftest import Run, Running, Start

PATIENCE_S = 30
ANSWER = "[offline stand-in]"
STYLES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@asynccontextmanager
async def served(command: str = "cat") -> AsyncIterator[tuple[Site, ClientSession]]:
    """A site whose pages begin `command`, and somebody who asks for them."""
    site = Site(command, lambda _: None)
    await site.open("127.0.0.1", 0)
    try:
        async with ClientSession() as visitor:
            yield site, visitor
    finally:
        await site.close()


def token_of(url: str) -> str:
    return url.partition("token=")[2]


def socket_of(url: str) -> str:
    """Where the page of this address finds its websocket."""
    return f"{url.partition('?')[0].replace('http', 'ws', 1)}ws/{token_of(url)}?width=120&height=40"


async def until(page: ClientWebSocketResponse, *words: str) -> str:
    """What a page was sent, as text without styles, once all of these words were in it."""
    seen = b""
    async with asyncio.timeout(PATIENCE_S):
        async for message in page:
            seen += message.data if message.type is WSMsgType.BINARY else b""
            text = STYLES.sub("", seen.decode("utf-8", "ignore"))
            if all(word in text for word in words):
                return text
    raise AssertionError(f"the page was closed without {words}: {seen[-2000:]!r}")


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if int(line.split()[1]) == pid]


async def gone(pid: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        with suppress(ProcessLookupError):
            while True:
                os.kill(pid, 0)
                await asyncio.sleep(0.05)


async def test_the_address_that_was_printed_shows_a_page_that_asks_nothing_of_anybody_else() -> None:
    async with served() as (site, visitor):
        async with visitor.get(site.url) as answer:
            page = await answer.text()
        assert answer.status == 200
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert re.findall(r"https?://", page) == []
        for path in re.findall(r'"(/static/[^"]+)"', page):
            async with visitor.get(site.url.partition("/?")[0] + path) as part:
                assert part.status == 200, path


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=wrong", "/static/js/textual.js", "/ws/wrong", "/download/x", "/nowhere"])
async def test_without_the_token_every_path_is_refused(path: str) -> None:
    async with served() as (site, visitor), visitor.get(site.url.partition("/?")[0] + path) as answer:
        assert answer.status == 403
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert token_of(site.url) not in await answer.text()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:9000"}, 200),
        ({"Host": "desk.example:80"}, 403),
        ({"Host": "127.0.0.1.desk.example"}, 403),
        ({"Origin": "http://127.0.0.1:3000"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_another_name_and_another_page_are_refused_with_the_token_too(headers: dict[str, str], status: int) -> None:
    async with served() as (site, visitor):
        async with visitor.get(site.url, headers=headers) as answer:
            assert answer.status == status
        if status == 403:
            with pytest.raises(WSServerHandshakeError, match="403"):
                await visitor.ws_connect(socket_of(site.url), headers=headers)


async def test_a_page_whose_desk_cannot_begin_is_closed() -> None:
    async with served("exit 3") as (site, visitor), visitor.ws_connect(socket_of(site.url)) as page:
        await page.send_str("no json")
        await page.send_json({"stdin": 1})
        async with asyncio.timeout(PATIENCE_S):
            assert (await page.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)


@pytest.mark.usefixtures("home")
async def test_a_prompt_typed_in_a_page_is_answered_there_and_an_interrupt_ends_server_and_desk(start: Start) -> None:
    server = start("serve", "--json")
    told = json.loads(await asyncio.to_thread(server.line))
    assert set(told) == {"url", "port"}
    async with ClientSession() as visitor, visitor.ws_connect(socket_of(told["url"])) as page:
        await until(page, "codex-desk", "offline")
        await page.send_json(["stdin", "begin\r"])
        await until(page, ANSWER)
        [desk] = children(server.process.pid)
        server.send(signal.SIGINT)
        await gone(desk)
    ended = await asyncio.to_thread(server.end)
    assert (ended.exit, ended.out) == (130, "")


@pytest.mark.usefixtures("home")
def test_a_desk_whose_server_was_killed_ends_by_itself() -> None:
    env = {**os.environ, "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}
    desk = subprocess.Popen([sys.executable, "-m", "codex_desk"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert desk.stdout is not None
        assert desk.stdin is not None
        assert desk.stdout.readline() == b"__GANGLION__\n"
        desk.stdout.close()
        desk.stdin.close()
        assert desk.wait(timeout=PATIENCE_S) == 0
    finally:
        desk.kill()
        desk.wait()


def test_what_is_not_installed_is_named(desk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    ran = desk("serve", "--json")
    assert ran.refusal == "not_installed"
    assert "pip install 'codex-desk[serve]'" in ran.err


def test_an_agent_serves_no_desk(desk: Run) -> None:
    assert desk("serve", "--json", env={"CODEX_DESK_THREAD": "x"}).refusal == "origin_agent"


def test_a_port_that_is_taken_or_none_is_refused(desk: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert desk("serve", "--port", str(taken.getsockname()[1]), "--json").refusal == "port_taken"
    assert desk("serve", "--port", "70000", "--json").refusal == "bad_value"


# --- in Chromium ------------------------------------------------------------------------------------------------------------------------------


class Chromium:
    """A page in a headless browser, driven by DevTools."""

    def __init__(self, tab: ClientWebSocketResponse) -> None:
        self._tab = tab
        self._number = 0
        self._received = ""

    async def do(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        await self._tab.send_json({"id": self._number, "method": method, "params": params})
        return await self._hear(lambda told: told.get("id") == self._number)

    async def until_sent(self, *words: str) -> None:
        """Wait until the page's websocket was sent all of these words."""
        while not all(word in self._received for word in words):
            await self._hear(lambda _: True)

    async def _hear(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                told = json.loads((await self._tab.receive()).data)
                if told.get("method") == "Network.webSocketFrameReceived" and told["params"]["response"]["opcode"] == 2:
                    frame = base64.b64decode(told["params"]["response"]["payloadData"])
                    self._received += STYLES.sub("", frame.decode("utf-8", "ignore"))
                if wanted(told):
                    return told


FOCUSED = """new Promise(done => setInterval(() => document.activeElement.className == "xterm-helper-textarea" && done(), 20))"""


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Chromium]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("Chromium is not installed")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-unsafe-swiftshader",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    process = await asyncio.create_subprocess_exec(
        program, *options, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank", stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(PATIENCE_S), ClientSession() as session:
            while not (port := _port(folder)):  # noqa: ASYNC110 - a file tells it
                await asyncio.sleep(0.05)
            async with session.get(f"http://127.0.0.1:{port}/json") as listed:
                page = next(tab for tab in await listed.json() if tab["type"] == "page")
            async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as tab:
                yield Chromium(tab)
    finally:
        process.kill()
        await process.wait()


def _port(folder: Path) -> str:
    told = folder / "DevToolsActivePort"
    return told.read_text().partition("\n")[0] if told.exists() else ""


@pytest.mark.usefixtures("home")
async def test_in_a_browser_the_page_shows_the_desk_and_keys_reach_it_without_a_click(start: Start, tmp_path: Path) -> None:
    server: Running = start("serve", "--json")
    url = json.loads(await asyncio.to_thread(server.line))["url"]
    async with chromium(tmp_path / "browser") as browser:
        for domain in ("Page", "Network"):
            await browser.do(f"{domain}.enable")
        await browser.do("Page.navigate", url=url)
        await browser.until_sent("codex-desk", "offline")
        await browser.do("Runtime.evaluate", expression=FOCUSED, awaitPromise=True)
        for key in "begin":
            await browser.do("Input.dispatchKeyEvent", type="char", text=key)
        await browser.until_sent("begin")
        await browser.do("Input.dispatchKeyEvent", type="char", text="\r")
        await browser.until_sent(ANSWER)
        picture = base64.b64decode((await browser.do("Page.captureScreenshot"))["result"]["data"])
        assert len(picture) > 10_000, "a page without text is smaller"
