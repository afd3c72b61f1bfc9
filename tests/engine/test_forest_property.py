"""semantics.md §1.8: whatever is done, in whatever order, from whichever process."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By
from codex_desk.engine.instructions import discover
from codex_desk.engine.journal import Action
from codex_desk.engine.links import Archive, Attach, CloseAgent, Detach, Unarchive
from codex_desk.engine.sessions import Rename
from codex_desk.store.database import Database
from tests.engine.processes import processes
from tests.engine.scripted import Place

T = TypeVar("T")

SESSIONS = 6
DEPTH = 3


def facts(place: Place, desk: Desk) -> dict[str, tuple[object, ...]]:
    """What attaching may never change of a session."""
    return {
        thread.id: (
            thread.cwd,
            thread.project,
            thread.runtime,
            thread.kind,
            desk.settings(thread.id).settings.sandbox_mode,
            desk.settings(thread.id).settings.approval_policy,
            discover(Path(thread.cwd), codex_home=place.root / "codex").sha256,
        )
        for thread in desk.threads(everything=True)
    }


def archived(desk: Desk) -> set[str]:
    return {thread.id for thread in desk.threads(everything=True) if thread.archived_at is not None}


def assert_forest(desk: Desk) -> None:
    """One committed state: each child has one live parent, no path is a cycle or too long, and both ends of an edge live."""
    rows = desk.rows(
        "SELECT a.child_id, a.parent_id, c.archived_at AS child_gone, p.archived_at AS parent_gone FROM attachment a"
        " JOIN thread c ON c.id = a.child_id JOIN thread p ON p.id = a.parent_id WHERE a.ended_at IS NULL"
    )
    parents = {row["child_id"]: row["parent_id"] for row in rows}
    assert len(parents) == len(rows)
    assert all(row["child_gone"] is None and row["parent_gone"] is None for row in rows)
    for node in parents:
        path = [node]
        while path[-1] in parents:
            path.append(parents[path[-1]])
            assert len(path) - 1 <= DEPTH, path


async def prepare(place: Place) -> None:
    async with place.open("none") as desk:
        for n in range(SESSIONS):
            (place.folder(f"s{n}") / "AGENTS.md").write_text(f"rules of {n}")
            await place.session(desk, f"s{n}")


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with sessions that are attached to nothing."""
    root = tmp_path_factory.mktemp("forest")
    Forest.template = root
    place = Place(root)
    place.home.mkdir(mode=0o700)
    Database.open(place.home / "desk.db", place.home).close()
    asyncio.run(prepare(place))
    return root


which = st.integers(0, 2)
"""A process."""
session = st.integers(0, SESSIONS - 1)


class Forest(RuleBasedStateMachine):
    template: Path

    @initialize(closing=st.sampled_from(["reject", "detach"]))
    def open(self, closing: str) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.place = Place(self.root)
        shutil.copytree(self.template / "home", self.place.home)
        (self.place.home / "config.toml").write_text(f'[agents]\nclose_agent_on_attached = "{closing}"\n')
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.desks = [self.run(self.stack.enter_async_context(self.place.open("none"))) for _ in range(3)]
        self.ids = sorted(thread.id for thread in self.desks[0].threads())
        self.facts = facts(self.place, self.desks[0])
        self.archived: set[str] = set()
        self.renames = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def do(self, process: int, action: Action, by: By | None = None) -> bool:
        """Whether it was done; a refusal is a result like any other."""
        try:
            self.run(self.desks[process].do(action, by))
        except Refusal:
            return False
        return True

    @rule(process=which, child=session, parent=session, move=st.booleans())
    def attach(self, process: int, child: int, parent: int, move: bool) -> None:
        self.do(process, Attach(self.ids[child], self.ids[parent], move=move))

    @rule(process=which, child=session)
    def detach(self, process: int, child: int) -> None:
        self.do(process, Detach(self.ids[child]))

    @rule(process=which, thread=session)
    def archive(self, process: int, thread: int) -> None:
        if self.do(process, Archive(self.ids[thread])):
            self.archived.add(self.ids[thread])

    @rule(process=which, thread=session, reattach=st.booleans())
    def unarchive(self, process: int, thread: int, reattach: bool) -> None:
        if self.do(process, Unarchive(self.ids[thread], reattach=reattach)):
            self.archived.discard(self.ids[thread])

    @rule(process=which, parent=session, child=session)
    def close_agent(self, process: int, parent: int, child: int) -> None:
        self.do(process, CloseAgent(self.ids[child]), By("agent", self.ids[parent]))

    @rule(process=which, thread=session)
    def rename(self, process: int, thread: int) -> None:
        self.renames += 1
        self.do(process, Rename(self.ids[thread], f"n{self.renames}"))

    @rule(process=which, actor=session, child=session, parent=session)
    def an_agent_tries_what_only_the_user_may(self, process: int, actor: int, child: int, parent: int) -> None:
        by = By("agent", self.ids[actor])
        tried = (
            Attach(self.ids[child], self.ids[parent], move=True),
            Detach(self.ids[child]),
            Archive(self.ids[child]),
            Unarchive(self.ids[child]),
        )
        assert not any(self.do(process, action, by) for action in tried)

    @rule(edges=st.lists(st.tuples(session, session), min_size=2, max_size=4))
    def attach_from_all_processes_at_once(self, edges: list[tuple[int, int]]) -> None:
        async def at_once() -> None:
            jobs = [
                desk.do(Attach(self.ids[child], self.ids[parent], move=True))
                for desk, (child, parent) in zip(self.desks * 2, edges, strict=False)
            ]
            for result in await asyncio.gather(*jobs, return_exceptions=True):
                assert not isinstance(result, BaseException) or isinstance(result, Refusal), result

        self.run(at_once())

    @invariant()
    def it_is_a_forest(self) -> None:
        if hasattr(self, "desks"):
            for desk in self.desks:
                assert_forest(desk)

    @invariant()
    def nothing_is_archived_except_by_name(self) -> None:
        if hasattr(self, "desks"):
            assert archived(self.desks[0]) == self.archived

    @invariant()
    def no_session_has_changed(self) -> None:
        if hasattr(self, "desks"):
            assert facts(self.place, self.desks[-1]) == self.facts

    def teardown(self) -> None:
        if hasattr(self, "desks"):
            assert self.desks[0].verify_audit().verified
            self.run(self.stack.aclose())
            self.loop.close()
            shutil.rmtree(self.root)


Forest.TestCase.settings = settings(max_examples=12, stateful_step_count=25, deadline=None, derandomize=True)
TestForest = Forest.TestCase
TestForest.pytestmark = [pytest.mark.row("S0-27"), pytest.mark.row("S0-28")]  # type: ignore[attr-defined]


async def test_several_real_processes_leave_a_forest_at_every_moment(template: Path, tmp_path: Path) -> None:
    place = Place(tmp_path)
    shutil.copytree(template / "home", place.home)
    async with place.open("none") as desk:
        before = facts(place, desk)
        with processes("shuffle", tmp_path, (0, 150), (1, 150), (2, 150)) as workers:
            looks = 0
            while any(worker.poll() is None for worker in workers):
                assert_forest(desk)
                looks += 1
                await asyncio.sleep(0)
            named = {json.loads(line) for worker in workers for line in worker.communicate()[0].splitlines()}
            assert [worker.returncode for worker in workers] == [0, 0, 0]
        assert looks > 10
        assert_forest(desk)
        assert archived(desk) <= named
        assert facts(place, desk) == before
        assert desk.verify_audit().verified
