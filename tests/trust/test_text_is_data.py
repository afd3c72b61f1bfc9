"""Text is data (semantics §13.1): whoever wrote it, it comes out as characters, never as control codes or markup."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from codex_desk.cli.app import cli
from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Edit, Send
from codex_desk.engine.sessions import New, Set
from codex_desk.runtimes.base import ItemDraft, TurnOutcome
from codex_desk.text import visible
from codex_desk.tools.sandbox import Sandbox
from tests.engine.scripted import PATIENCE, Place, Scripted, ScriptedRuntime, prompt, until

NASTY = "\x1b[31mred\x1b]0;title\x07\x1b]52;c;cHduZWQ=\x07\x9b2J\x9d0;x\x9c \u202egnp.exe\u2066 a\u200bb \x08\x7f [bold red]loud[/] <script>x</script> \U000e0041 end"
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")


async def script(turn: Scripted) -> TurnOutcome:
    await turn.host.commit([ItemDraft("reasoning", NASTY), ItemDraft("notice", NASTY)], None)
    await turn.call("shell", command=f"echo '{NASTY.replace(chr(39), '')}'; touch '{NASTY[:40].replace(chr(39), '')}'")
    await turn.call("list", path=".")
    await turn.call("read", path=NASTY)
    await turn.call(NASTY, **{NASTY: NASTY})
    await turn.call("send_message", target="reviewer", message=NASTY)
    await turn.say(NASTY)
    return TurnOutcome("failed", reason=NASTY)


async def furnish(desk: Desk, place: Place) -> None:
    """Make every text of the desk hostile: folder, title, model, prompts, edits, tools, answers, reasons, an approval that waits."""
    folder = place.folder("operator") / f"a{NASTY.replace('/', '')}"
    folder.mkdir()
    operator = await desk.do(New("operator", folder, runtime="offline", title=NASTY))
    reviewer = await desk.do(New("reviewer", folder, runtime="offline", title=NASTY))
    asker = await desk.do(New("asker", folder, runtime="offline"))
    await desk.do(Set(operator.id, "model", NASTY))
    await desk.do(Set(operator.id, "approval_policy", "never"))
    await desk.do(Attach(reviewer.id, operator.id))
    await prompt(desk, operator, NASTY)
    await desk.do(Send(asker.id, NASTY))
    await until(desk, desk.approvals)
    waiting = await desk.do(Send(asker.id, "another"))
    await desk.do(Edit(waiting.id, NASTY))


@pytest.fixture
def nasty(place: Place, runtime: ScriptedRuntime, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Such a desk, open in a thread of its own: commands want the main one for their signals."""

    async def none() -> Sandbox:
        return Sandbox("none")

    async def asks(turn: Scripted) -> str:
        await turn.call("shell", command=NASTY)
        return NASTY

    async def run() -> None:
        async with place.open() as desk:
            await furnish(desk, place)
            stop = asyncio.Event()
            furnished.set_result((asyncio.get_running_loop(), stop))
            await stop.wait()

    monkeypatch.setattr("codex_desk.engine.desk.find_sandbox", none)
    runtime.scripts |= {"operator": script, "asker": asks}
    furnished: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(asyncio.run, run())
        running.add_done_callback(lambda done: done.exception() and furnished.set_exception(done.exception()))
        loop, stop = furnished.result(PATIENCE)
        yield
        loop.call_soon_threadsafe(stop.set)
        running.result(PATIENCE)


COMMANDS = (
    "list --all",
    "list --tree",
    "show operator",
    "show reviewer",
    "agents operator",
    "audit",
    "audit operator",
    "queue asker",
    "approvals",
    "grants",
    "export operator --tree",
    "search red",
    "config show",
    "show nobody\x1b[31m\u202e",
    "send operator\x9b2J hello",
    "set operator \x1b]0;x\x07 1",
    "set operator sandbox_mode \x1b[31m",
    "new \x1b[31m",
    "new other --cwd /nowhere\x1b[31m\u202e",
    "\x1b[31mfrobnicate",
    "wait \x1b[31m",
    "approvals --approve \x1b[31m",
)


@pytest.mark.usefixtures("nasty")
@pytest.mark.parametrize("as_json", [False, True], ids=["words", "json"])
def test_no_command_writes_a_control_code(place: Place, as_json: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_DESK_HOME", str(place.home))
    monkeypatch.chdir(place.folder("operator"))
    for words in COMMANDS:
        ran = CliRunner().invoke(cli, [*words.split(" "), *(["--json"] if as_json else [])], catch_exceptions=False)
        assert ran.exit_code in (0, 1, 2), words
        assert FORBIDDEN.findall(ran.stdout + ran.stderr) == [], words
        if as_json:
            assert json.loads(ran.stdout), words


@pytest.mark.usefixtures("nasty")
def test_what_is_shown_made_visible_is_stored_as_it_came(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_DESK_HOME", str(place.home))
    ran = CliRunner().invoke(cli, ["show", "operator", "--json"], catch_exceptions=False)
    assert NASTY in [item["text"] for item in json.loads(ran.stdout)["items"] if item["kind"] == "user_message"]
    shown = CliRunner().invoke(cli, ["show", "operator"], catch_exceptions=False).stdout
    assert visible(NASTY) in shown


def test_what_is_logged_and_what_nobody_foresaw_is_made_visible_too() -> None:
    """In a process of its own, because it is the interpreter that writes."""
    code = (
        "import logging; from codex_desk.cli.output import guard_stderr; guard_stderr();"
        f" logging.getLogger('x').error('%s', {NASTY!r}); raise RuntimeError({NASTY!r})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert ran.stderr.count("loud") == 2  # the log and the error
    assert FORBIDDEN.findall(ran.stderr) == []
