"""A session checks before each turn that its folder is the one it was made in (semantics.md §13.6)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import SYSTEM
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import New
from codex_desk.engine.surroundings import look_at
from codex_desk.engine.turns import NeedsHuman, Resume
from tests.engine.scripted import Place, ScriptedRuntime, final, lines, prompt, until


def moved_away(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def replaced(folder: Path) -> None:
    moved_away(folder)
    folder.mkdir()


def replaced_by_a_link(folder: Path) -> None:
    moved_away(folder)
    folder.symlink_to(folder.with_name("elsewhere"))


def parent_replaced_by_a_link(folder: Path) -> None:
    above = folder.parent
    above.rename(above.with_name("work-elsewhere"))
    above.symlink_to(above.with_name("work-elsewhere"))


def removed(folder: Path) -> None:
    shutil.rmtree(folder)


def replaced_by_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("not a folder")


@pytest.mark.parametrize("change", [moved_away, replaced, replaced_by_a_link, parent_replaced_by_a_link, removed, replaced_by_a_file])
async def test_a_folder_that_is_another_one_keeps_the_turn_from_starting_and_the_message_queued(
    place: Place, runtime: ScriptedRuntime, desk: Desk, change: Callable[[Path], None]
) -> None:
    operator = await place.session(desk, "operator")
    await prompt(desk, operator, "before")
    change(place.root / "work" / "operator")
    sent = await desk.do(Send(operator.id, "after"))
    await until(desk, lambda: desk.thread(operator.id).status == "needs_human")
    assert (desk.thread(operator.id).reason or "").startswith("folder moved")
    assert desk.message(sent.id).state == "queued"
    assert runtime.bodies("operator") == ["before"]
    assert sum(line.startswith("folder moved") for line in lines(desk, operator)) == 1


async def test_resuming_accepts_the_folder_that_is_there_now(place: Place, runtime: ScriptedRuntime, desk: Desk) -> None:
    operator = await place.session(desk, "operator")
    replaced(place.root / "work" / "operator")
    sent = await desk.do(Send(operator.id, "after"))
    await until(desk, lambda: desk.thread(operator.id).status == "needs_human")
    await desk.do(Resume(operator.id))
    assert (await final(desk, sent.id))[0].state == "answered"


@pytest.mark.parametrize("change", [moved_away, removed, replaced_by_a_file])
async def test_resuming_without_a_folder_is_refused(place: Place, desk: Desk, change: Callable[[Path], None]) -> None:
    operator = await place.session(desk, "operator")
    change(place.root / "work" / "operator")
    with pytest.raises(Refusal) as caught:
        await desk.do(Resume(operator.id))
    assert caught.value.code == "no_folder"


def test_a_folder_that_is_not_there_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="nowhere does not exist; make it, or give another folder"):
        look_at(tmp_path / "nowhere")


async def test_a_link_in_its_place_is_not_accepted_by_resuming(place: Place, runtime: ScriptedRuntime, desk: Desk) -> None:
    operator = await place.session(desk, "operator")
    replaced_by_a_link(place.root / "work" / "operator")
    sent = await desk.do(Send(operator.id, "after"))
    await until(desk, lambda: desk.thread(operator.id).status == "needs_human")
    await desk.do(Resume(operator.id))
    await until(desk, lambda: desk.thread(operator.id).status == "needs_human")
    assert desk.message(sent.id).state == "queued"


async def test_what_keeps_a_session_from_going_on_is_said_once_however_often_it_is_resumed(place: Place, desk: Desk) -> None:
    operator = await place.session(desk, "operator")
    replaced_by_a_link(place.root / "work" / "operator")
    await desk.do(Send(operator.id, "after"))
    for _ in range(3):
        await until(desk, lambda: desk.thread(operator.id).status == "needs_human")
        await desk.do(Resume(operator.id))
    await until(desk, lambda: desk.thread(operator.id).status == "needs_human")
    assert sum(line.startswith("folder moved") for line in lines(desk, operator)) == 1


async def test_it_is_said_again_once_something_came_between(place: Place, desk: Desk) -> None:
    operator = await place.session(desk, "operator")
    await desk.do(NeedsHuman(operator.id, "the link is down"), SYSTEM)
    await prompt(desk, operator, "anything")
    await desk.do(NeedsHuman(operator.id, "the link is down"), SYSTEM)
    assert lines(desk, operator).count("the link is down") == 2


async def test_a_folder_that_comes_back_runs_what_waited(place: Place, runtime: ScriptedRuntime, desk: Desk) -> None:
    operator = await place.session(desk, "operator")
    folder = place.root / "work" / "operator"
    moved_away(folder)
    first = await desk.do(Send(operator.id, "one"))
    await until(desk, lambda: desk.thread(operator.id).status == "needs_human")
    folder.with_name("elsewhere").rename(folder)
    second = await desk.do(Send(operator.id, "two"))
    await final(desk, first.id, second.id)
    assert runtime.bodies("operator") == ["one", "two"]
    assert desk.thread(operator.id).status == "idle"


async def test_a_session_made_through_a_link_lives_in_the_real_folder(place: Place, desk: Desk) -> None:
    link = place.root / "link"
    link.symlink_to(place.folder("operator"))
    thread = await desk.do(New("operator", link, runtime="offline"))
    assert thread.cwd == str(place.folder("operator").resolve())


@pytest.mark.parametrize("make", [lambda root: root / "nowhere", lambda root: Path(__file__)])
async def test_a_session_needs_a_folder(place: Place, desk: Desk, make: Callable[[Path], Path]) -> None:
    with pytest.raises(Refusal) as caught:
        await desk.do(New("operator", make(place.root), runtime="offline"))
    assert caught.value.code == "no_folder"
