"""`exec`: one turn to its end, for scripts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, run_on_desk
from codex_desk.cli.failures import DONE
from codex_desk.cli.hosting import Waited, wait_until_final
from codex_desk.cli.lines import item_line
from codex_desk.cli.output import current_output
from codex_desk.cli.params import FOLDER, SECONDS, TEXT, THREAD, thread_named
from codex_desk.engine.wording import name_of

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.events import Event
    from codex_desk.engine.views import ItemView, MessageView, ThreadView


@command()
@click.argument("text", type=TEXT)
@click.option("--thread", type=THREAD, help="The thread to run it in; else a session of its own, archived when done.")
@click.option("--cwd", type=FOLDER, help="Where a session of its own is at home; else this folder.")
@click.option("--timeout", "seconds", type=SECONDS, help="Seconds until the turn is stopped.")
def exec_command(text: str, thread: str | None, cwd: Path | None, seconds: float | None) -> int:
    """Run one turn on TEXT (`-` reads stdin) to its end, all that it waits for included.

    The answer goes to stdout, what happens on the way to stderr; with --json every event is a line, the last one has the answer.
    """
    if thread is not None and cwd is not None:
        raise click.UsageError("--cwd is for a session of its own: --thread has its home already.", click.get_current_context())
    out = current_output()

    async def work(desk: Desk) -> int:
        if thread is not None:
            return await _run(desk, out, thread_named(desk, thread), text, seconds)
        session = await _own_session(desk, cwd or Path.cwd())
        try:
            return await _run(desk, out, session, text, seconds)
        finally:
            await _put_away(desk, out, session)

    return run_on_desk(work)


async def _own_session(desk: Desk, cwd: Path) -> ThreadView:
    """A new session `exec-<n>`, the next number of the desk; another process may take it at the same time."""
    from codex_desk.engine.errors import Refusal
    from codex_desk.engine.sessions import New

    names = (re.fullmatch(r"exec-(\d+)", thread.handle or "") for thread in desk.threads(everything=True, history=False))
    for number in count(max((int(name[1]) for name in names if name), default=0) + 1):
        try:
            return await desk.do(New(f"exec-{number}", cwd))
        except Refusal as refusal:
            if refusal.code != "handle_taken":
                raise
    raise AssertionError("count() does not end")


async def _run(desk: Desk, out: Output, target: ThreadView, text: str, seconds: float | None) -> int:
    from codex_desk.engine.events import ItemAdded
    from codex_desk.engine.lifecycle import Lifecycles
    from codex_desk.engine.mailbox import Send

    progress, lifecycles = Progress(desk, target.id), Lifecycles(desk)

    def show(event: Event | None = None) -> None:
        changed = None if event is None else lifecycles.of(event)
        if changed is not None and progress.follows(changed.parent_id):
            out.stream({"event": "agent", **changed.to_json()}, ())
        if event is None or isinstance(event, ItemAdded):
            for item in progress.fresh():
                _show(desk, out, target, item)

    message = await desk.do(Send(target.id, text))
    out.stream({"event": "started", "thread": target.to_json(), "message": message.to_json()}, ())
    try:
        waited = await wait_until_final(desk, out, [message.id], seconds, whole=True, heard=show)
    except asyncio.CancelledError:
        show()
        _give_end(desk, out, target, Waited([desk.message(message.id)]))
        raise
    show()
    _give_end(desk, out, target, waited)
    return waited.exit_code


def _show(desk: Desk, out: Output, target: ThreadView, item: ItemView) -> None:
    """The target's own words are the result; all else is how it came about."""
    name = name_of(desk.thread(item.thread_id))
    event = {"event": "item", "thread": name, "item": item.to_json()}
    if item.thread_id == target.id and item.kind == "agent_message":
        out.stream(event, item.text)
        return
    out.stream(event, ())
    if not out.json:
        out.say(item_line(item, name))


def _give_end(desk: Desk, out: Output, target: ThreadView, waited: Waited) -> None:
    from codex_desk.engine.outcomes import last_answer, left_open

    [message] = waited.messages
    left = left_open(desk, message.id)
    done = {
        "event": "done",
        "thread": desk.thread(target.id).to_json(),
        "message": message.to_json(),
        "answer": last_answer(desk, message.id),
        "timed_out": waited.timed_out,
        "unfinished": [each.to_json() for each in left],
    }
    out.give(done, ())
    for each in left:
        out.say(f"not finished: {each.to} #{each.id}, {each.state}{f': {each.reason}' if each.reason else ''}")
    if waited.exit_code != DONE and not waited.needs_human:
        out.say(f"#{message.id} {message.state}: {message.reason or ('timed out' if waited.timed_out else 'no answer')}")


async def _put_away(desk: Desk, out: Output, session: ThreadView) -> None:
    """Archive the session of this run; kept where a message still waits in it or below it, because what is queued stays queued."""
    from codex_desk.engine.links import Archive

    below = [session, *(child for child in desk.children(session.id) if child.relation == "spawned")]
    waiting: list[MessageView] = [message for each in below for message in desk.queue(each.id)]
    if waiting:
        out.say(f"{session.handle} is kept: #{waiting[0].id} still waits in {waiting[0].to}")
        return
    await desk.do(Archive(session.id))


class Progress:
    """The new items of a thread, and of every thread that it comes to ask or spawn, each once and in the desk's order."""

    def __init__(self, desk: Desk, thread_id: str) -> None:
        self._desk = desk
        newest = desk.items(thread_id, limit=1)
        self._seen = {thread_id: newest[-1].seq if newest else 0}

    def follows(self, thread_id: str) -> bool:
        """Whether a thread is one of them."""
        return thread_id in self._seen

    def fresh(self) -> list[ItemView]:
        found: list[ItemView] = []
        for thread_id in list(self._seen):
            found += self._fresh_in(thread_id)
        return sorted(found, key=lambda item: item.seq)

    def _fresh_in(self, thread_id: str) -> Iterator[ItemView]:
        while items := self._desk.items(thread_id, after=self._seen[thread_id]):
            for item in items:
                self._seen[thread_id] = item.seq
                yield item
                asked = item.data.get("peer_id") if item.kind == "message_out" else item.data.get("subagent_thread_id")
                if isinstance(asked, str) and asked not in self._seen:
                    self._seen[asked] = item.seq
                    yield from self._fresh_in(asked)
