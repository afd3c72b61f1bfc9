"""A Codex that is not there, is not Codex, or loses its mind: a clear state, nothing lost, nothing hung."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from codex_desk.engine import hosting
from codex_desk.engine.approvals import Decide
from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.outside import state_of
from codex_desk.engine.sessions import Rename
from codex_desk.engine.turns import Resume
from codex_desk.engine.views import ThreadView
from codex_desk.runtimes.codex import client as client_module
from codex_desk.runtimes.codex.binary import find_program, version_of
from codex_desk.runtimes.codex.debug import LARGEST, DebugLog, without_secrets
from codex_desk.runtimes.codex.runtime import CodexRuntime, Place
from tests.codex.conftest import Office
from tests.codex.fake_program import fake_program
from tests.codex.test_codex_life import eventually
from tests.codex.test_codex_messages import pending
from tests.codex_program import CodexHome


@dataclass(slots=True)
class Fake:
    """Opens desks whose Codex is the fake one."""

    root: Path

    @property
    def notes(self) -> str:
        path = self.root / "notes"
        return path.read_text() if path.is_file() else ""

    @property
    def log(self) -> str:
        return (self.root / "codex.log").read_text()

    @asynccontextmanager
    async def office(self, mode: str) -> AsyncIterator[tuple[Office, ThreadView]]:
        async with self.desk(mode) as office:
            yield office, await office.session("tester")

    @asynccontextmanager
    async def desk(self, mode: str, host: Literal["desk", "none"] = "desk", socket: Path | None = None) -> AsyncIterator[Office]:
        env = {"PATH": "/usr/bin:/bin", "FAKE": mode, "FAKE_NOTES": str(self.root / "notes"), "CODEX_HOME": str(self.root / "codex-home")}
        program = str(fake_program(self.root))
        place = Place(lambda: find_program(program, env), socket=socket, join=None, env=env)
        runtime = CodexRuntime(place, debug=self.root / "codex.log", codex_home=self.root / "codex-home")
        async with Desk.open(self.root / "home", host=host, env=env, runtimes={"codex": runtime}) as desk:
            yield Office(desk, CodexHome(self.root, Path(program)))


Opens = Callable[[str], AbstractAsyncContextManager[tuple[Office, ThreadView]]]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path)


async def needs_the_human(office: Office, thread: ThreadView) -> str:
    view = await office.until(lambda: view if (view := office.desk.thread(thread.id)).status == "needs_human" else None)
    return view.reason or ""


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("ancient", "Codex 0.98.0 at"),
        ("dies at once", "the config is broken"),
        ("garbage", "does not speak Codex's protocol"),
        ("lacks dynamic tools", "this Codex lacks thread/start"),
        ("misplaced", "not in its own folder"),
        ("not signed in", "run `codex login`"),
        ("archived elsewhere", "was archived in Codex, by another program"),
    ],
)
async def test_a_codex_that_cannot_be_used_is_said_and_the_prompt_waits(fake: Fake, mode: str, words: str) -> None:
    async with fake.office(mode) as (office, thread):
        message = await office.send(thread, "hello")
        assert words in await needs_the_human(office, thread)
        assert office.desk.message(message.id).state == "queued"
    assert "start" not in fake.notes


async def test_without_codex_the_prompt_waits_until_it_is_there(tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path / "bin"), "CODEX_HOME": str(tmp_path / "codex-home")}
    async with Desk.open(tmp_path / "home", host="desk", env=env) as desk:
        office = Office(desk, CodexHome(tmp_path, tmp_path / "bin" / "codex"))
        thread = await office.session("tester")
        message = await office.send(thread, "hello")
        assert "there is no codex on PATH" in await needs_the_human(office, thread)
        (tmp_path / "bin").mkdir()
        fake_program(tmp_path / "bin")
        await desk.do(Resume(thread.id))
        assert "there is no codex" not in (desk.thread(thread.id).reason or "")
        assert desk.message(message.id).state in ("queued", "running", "answered", "failed")


async def test_one_that_never_answers_is_given_up(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module.Client.call, "__defaults__", (0.3,))
    async with fake.office("silent") as (office, thread):
        await office.send(thread, "hello")
        assert "did not answer initialize" in await needs_the_human(office, thread)


async def test_what_was_attached_while_no_desk_was_open_is_mirrored_once_one_is(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "SHOW_AT_START_S", 0.0)
    async with fake.office("") as (office, thread):
        await office.prompt(thread, "hello")
    async with fake.desk("", "none") as office:
        boss = await office.session("boss")
        await office.attach(thread, boss)
    async with fake.desk("") as office:

        async def mirrored() -> object:
            return state_of(office.desk, thread.id)["shown"]["attachment"]

        await eventually(mirrored, lambda found: isinstance(found, str))


async def test_an_mcp_server_that_does_not_start_is_said_in_the_next_turn(fake: Fake) -> None:
    async with fake.office("an MCP server fails") as (office, thread):
        assert (await office.prompt(thread, "hello")).state == "answered"
        said = [item.text for item in office.items(thread, "notice")]
    assert said == ["Codex: the MCP server tracker did not start, its tools are missing here: no such file"]


async def test_settings_that_codex_cannot_read_are_said_in_the_next_turn(fake: Fake) -> None:
    async with fake.office("a broken config") as (office, thread):
        await office.prompt(thread, "hello")
        said = [item.text for item in office.items(thread, "notice")]
    assert said == ["Codex: Invalid configuration; using defaults: config.toml:1:16"]


async def test_one_that_dies_at_every_start_is_not_started_for_ever(fake: Fake) -> None:
    async with fake.office("dies at once") as (office, thread):
        await office.send(thread, "hello")
        for _ in range(5):
            await needs_the_human(office, thread)
            await office.desk.do(Resume(thread.id))
        view = await office.until(lambda: view if "within a minute" in ((view := office.desk.thread(thread.id)).reason or "") else None)
        assert "try again later" in (view.reason or "")


async def test_where_it_takes_no_socket_it_is_spoken_to_on_its_streams(fake: Fake) -> None:
    async with fake.desk("", socket=fake.root / "codex.sock") as office:
        thread = await office.session("streamed")
        assert (await office.prompt(thread, "hello")).answer == "fake answer"
        with pytest.raises(Refusal, match="its own screen cannot join"):
            await office.desk.beside(thread.id)


async def test_a_refused_request_fails_the_message_with_codexs_words(fake: Fake) -> None:
    async with fake.office("refuses") as (office, thread):
        message = await office.prompt(thread, "hello")
        assert (message.state, message.reason) == ("failed", "Codex refused turn/start: the moon is in the wrong house")


async def test_a_line_of_thirty_megabytes_is_taken_whole(fake: Fake) -> None:
    async with fake.office("thirty megabytes") as (office, thread):
        assert (await office.prompt(thread, "hello")).answer == "fake answer"
        [command] = office.items(thread, "command")
        assert len(command.data["output"]) == 30_000_000


async def test_a_stray_line_is_left_out_and_noted(fake: Fake) -> None:
    async with fake.office("a line of garbage") as (office, thread):
        assert (await office.prompt(thread, "hello")).answer == "fake answer"
    assert "no message" in fake.log


async def test_what_is_not_known_is_kept_in_the_debug_log_without_secrets(fake: Fake) -> None:
    async with fake.office("new kinds") as (office, thread):
        assert (await office.prompt(thread, "hello")).answer == "fake answer"
    assert "holographicMessage" in fake.log and "turn/danced" in fake.log and "abcdefghijklmnop" not in fake.log
    assert stat.S_IMODE((fake.root / "codex.log").stat().st_mode) == 0o600


async def test_a_prompt_that_never_arrived_is_sent_again_once(fake: Fake) -> None:
    async with fake.office("dies before it answers") as (office, thread):
        message = await office.prompt(thread, "hello")
    assert message.answer == "fake answer"
    assert fake.notes.count("start") == 2


async def test_a_prompt_that_had_arrived_is_not_sent_again(fake: Fake) -> None:
    async with fake.office("dies after it has it") as (office, thread):
        message = await office.prompt(thread, "hello")
        assert (message.state, message.answer) == ("answered", "late")
        assert [item.text for item in office.items(thread, "agent_message")] == ["late"]
    assert fake.notes.count("start") == 1


async def test_an_approval_that_another_program_answered_is_withdrawn(fake: Fake) -> None:
    async with fake.office("answered elsewhere") as (office, thread):
        message = await office.send(thread, "hello")
        asked = await pending(office, thread)
        await office.desk.do(Rename(thread.id, "renamed"))
        assert (await office.final(message)).state == "answered"
        assert office.desk.approval(asked.id).state == "expired"
    assert "answered {" not in fake.notes


async def test_an_approval_is_answered_once_and_a_second_answer_is_refused(fake: Fake) -> None:
    async with fake.office("asks") as (office, thread):
        message = await office.send(thread, "hello")
        asked = await pending(office, thread)
        await office.desk.do(Decide(asked.id, True, "thread"))
        with pytest.raises(Refusal, match="already approved"):
            await office.desk.do(Decide(asked.id, False))
        assert (await office.final(message)).state == "answered"
    assert fake.notes.count("answered") == 1 and '"acceptForSession"' in fake.notes


async def test_a_question_takes_the_humans_own_words(fake: Fake) -> None:
    async with fake.office("asks a question") as (office, thread):
        message = await office.send(thread, "hello")
        asked = await pending(office, thread)
        assert asked.kind == "question" and "Which colour?" in asked.text and "Blue: as the sky" in asked.text
        await office.desk.do(Decide(asked.id, True, answer="Green, please"))
        await office.final(message)
    assert '"answers": ["Green, please"]' in fake.notes


async def test_a_request_that_is_not_for_us_is_declined(fake: Fake) -> None:
    async with fake.office("asks for what it should not") as (office, thread):
        assert (await office.prompt(thread, "hello")).answer == "fake answer"
    assert '"error"' in fake.notes


@pytest.mark.parametrize(
    ("line", "version"), [("codex-cli 0.169.0", (0, 169, 0)), ("codex 1.2.3-alpha.4", (1, 2, 3)), ("codex", None), ("vim 9.0.0", None)]
)
def test_the_version_is_read_from_codexs_own_line(line: str, version: tuple[int, int, int] | None) -> None:
    assert version_of(line) == version


def test_the_debug_log_is_bounded_and_says_no_secret(tmp_path: Path) -> None:
    log = DebugLog(tmp_path / "log")
    for number in range(400):
        log.line(f"{number} " + "x" * 6_000)
    assert (tmp_path / "log").stat().st_size <= LARGEST
    assert (tmp_path / "log").read_text().rstrip().endswith("x") and "399 " in (tmp_path / "log").read_text()
    assert without_secrets({"accessToken": "a", "deep": [{"api_key": "b", "text": "c" * 500}]}) == {
        "accessToken": "…",
        "deep": [{"api_key": "…", "text": "c" * 200 + "…"}],
    }
