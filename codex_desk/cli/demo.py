"""`demo`: the example workflow, for real, in an office of its own."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from codex_desk.cli.command import command
from codex_desk.cli.failures import DONE, FAILED
from codex_desk.cli.lines import indented
from codex_desk.cli.output import current_output
from codex_desk.cli.params import FOLDER
from codex_desk.frozen import frozen

if TYPE_CHECKING:
    from codex_desk.cli.office import Office
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.views import AuditView, MessageView, ThreadView

OFFICES = ("shop", "ideas")
DEADLINE_S = 60.0

Read = TypeVar("Read")


@command()
@click.option("--headless", is_flag=True, help="Play the example without a screen, and print what happened.")
@click.option(
    "--dir", "folder", type=FOLDER, help="Where the office is built, or stands already; else a new temporary folder, which is kept."
)
@click.option("--office", type=click.Choice(OFFICES), default=OFFICES[0], show_default=True, help="Which office.")
def demo_command(headless: bool, folder: Path | None, office: str) -> int:
    """Build a small office and open it: `shop`, an operator, and a reviewer and an implementor attached to it; or `ideas`, an operator who delegates to an
    ideas provider, a critic, an implementor and a reviewer, each a role with a model of its own.

    It has a home of its own and runs on the offline stand-in: no network, no provider, no Codex.
    """
    from codex_desk.cli.ideas import IdeasOffice
    from codex_desk.cli.office import Office
    from codex_desk.cli.opening import require_terminal, show_desk

    if not headless:
        require_terminal()
    root = folder or Path(tempfile.mkdtemp(prefix="codex-desk-demo-")).resolve()
    place = Office(root) if office == "shop" else IdeasOffice(root)
    if headless:
        return _play(place) if office == "shop" else _play_ideas(place)
    if not place.built:
        place.lay_out()
        asyncio.run(_furnish(place))
    code = show_desk(place.home, place.first)
    again = f"codex-desk demo --dir {place.root}" + ("" if office == "shop" else f" --office {office}")
    current_output().say(f"the office stays in {place.root}; {again} opens it again")
    return code


async def _furnish(place: Office) -> None:
    from codex_desk.engine.desk import Desk

    async with Desk.open(place.home, env=place.environment(os.environ)) as desk:
        await place.move_in(desk)


@frozen
class Story:
    """What really happened, read back from the store and the disk."""

    place: Office
    threads: dict[str, ThreadView]
    messages: list[MessageView]
    """The user's prompt, then what the operator asked of whom."""
    audits: dict[str, list[AuditView]]
    diff: str
    verified: bool
    missing: list[str]
    """The steps that did not happen; empty where all is well."""


def _play(place: Office) -> int:
    story = asyncio.run(_enact(place))
    out = current_output()
    out.give(
        {
            "dir": str(place.root),
            "threads": [thread.to_json() for thread in story.threads.values()],
            "messages": [message.to_json() for message in story.messages],
            "diff": story.diff,
            "audit": {role: [event.kind for event in events] for role, events in story.audits.items()},
            "verified": story.verified,
            "missing": story.missing,
        },
        tell(story),
    )
    for step in story.missing:
        out.say(f"did not happen: {step}")
    return FAILED if story.missing else DONE


def _play_ideas(place: Office) -> int:
    from codex_desk.cli import ideas

    told = asyncio.run(_played(place, ideas.TASK, ideas.read_back))
    out = current_output()
    out.give(ideas.as_json(place, told), ideas.tell(place, told))
    for step in told.missing:
        out.say(f"did not happen: {step}")
    return FAILED if told.missing else DONE


async def _enact(place: Office) -> Story:
    from codex_desk.cli.office import TASK

    return await _played(place, TASK, read_back)


async def _played(place: Office, task: str, read: Callable[[Desk, Office, int], Read]) -> Read:
    """Build the office, have the operator do the task, and read back what came of it."""
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.mailbox import Send

    place.lay_out()
    async with Desk.open(place.home, host="once", env=place.environment(os.environ), approval_patience=0) as desk:
        operator = (await place.move_in(desk))["operator"]
        prompt = await desk.do(Send(operator.id, task))
        with suppress(TimeoutError):  # What is read back says which steps are missing.
            await desk.run_until([prompt.id], timeout=DEADLINE_S)
        return read(desk, place, prompt.id)


def read_back(desk: Desk, place: Office, prompt: int) -> Story:
    """The story as the store and the disk have it, held against what should have happened."""
    from codex_desk.cli.office import CHANGED_FILE, FAULT, FILES, REPAIR, ROLES

    threads = {role: desk.resolve(role, place.repository) for role in ROLES}
    changes = [item for item in desk.items(threads["implementor"].id) if item.kind == "file_change"]
    asked = [item.data["message"] for item in desk.items(threads["operator"].id) if item.kind == "message_out"]
    messages = [desk.message(number) for number in [prompt, *asked]]
    audits = {role: desk.audit(thread.id) for role, thread in threads.items()}
    verified = desk.verify_audit().verified
    answers = {message.to: message.answer for message in messages if message.state == "answered"}
    text = (place.repository / CHANGED_FILE).read_text(encoding="utf-8")
    steps = {
        "the implementor answers": answers.get("implementor") is not None,
        "the reviewer answers": answers.get("reviewer") is not None,
        "the file is changed as asked, and nowhere else": text == FILES[CHANGED_FILE].replace(FAULT, REPAIR),
        "the operator puts both answers together": all(
            f"**{child}**" in (answers.get("operator") or "") for child in ("implementor", "reviewer")
        ),
        "both stay attached and at home": all(
            threads[child].parent == "operator" and threads[child].cwd == str(place.folder_of(child))
            for child in ("implementor", "reviewer")
        ),
        "both sides have it in their audit": all(
            {"attached", "sent", "answered"} <= _kinds_between(audits[one], other)
            for child in ("implementor", "reviewer")
            for one, other in (("operator", child), (child, "operator"))
        ),
        "the audit verifies": verified,
    }
    diff = "\n".join(str(change["diff"]) for item in changes for change in item.data["changes"])
    return Story(place, threads, messages, audits, diff, verified, [step for step, happened in steps.items() if not happened])


def _kinds_between(events: list[AuditView], peer: str) -> set[str]:
    return {event.kind for event in events if event.peer == peer}


def tell(story: Story) -> Iterator[str]:
    """The story for people."""
    yield f"The office: {story.place.root}"
    for role, thread in story.threads.items():
        bond = f", attached to {thread.parent}" if thread.parent else ""
        yield f"  {role}: {Path(thread.cwd).relative_to(story.place.repository)}{bond}"
    prompt, *asked = story.messages
    yield ""
    yield f"you → {prompt.to}, #{prompt.id}"
    yield from indented(prompt.body)
    for message in asked:
        yield ""
        yield f"{message.sender} → {message.to}, #{message.id}: {message.state}"
        yield from indented(message.body)
        if message.to == "implementor" and story.diff:
            yield "  the change:"
            yield from indented(story.diff, "    ")
        yield f"  {message.to} answers:"
        yield from indented(message.answer or message.reason or "", "    ")
    yield ""
    yield f"{prompt.to} puts it together: {prompt.state}"
    yield from indented(prompt.answer or prompt.reason or "")
    yield ""
    yield "The audit of both sides"
    for role, events in story.audits.items():
        yield f"  {role}: {', '.join(f'{event.kind} ({event.peer})' if event.peer else event.kind for event in events)}"
    yield f"  {'verified' if story.verified else 'NOT verified'}"
    yield ""
    yield f"Look at it yourself: codex-desk demo --dir {story.place.root}"
