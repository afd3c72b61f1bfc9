"""What an automation's run looks at before a model is asked: its guard, and what has changed since its last run. No model takes part.

`git-changed`: the last commit, the state of the work tree or its changes are others than after the last run. `board-news`: another agent or the human has
written on a board that the session reads. `child-idle`: one of its children has nothing to do. Everything else is a command, which says yes by its exit
status 0; it runs read-only and without network, and only where a sandbox holds. In a folder that is not trusted all guards are off.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from codex_desk.engine import board_seats
from codex_desk.engine.errors import Refusal
from codex_desk.engine.reading import Reader
from codex_desk.engine.surroundings import Surroundings, moved
from codex_desk.engine.views import ThreadView
from codex_desk.frozen import frozen
from codex_desk.rights import Rights
from codex_desk.store.tables import Thread
from codex_desk.store.words import Outcome
from codex_desk.text import one_line, visible
from codex_desk.tools import processes
from codex_desk.tools.environment import search_path, tool_environment
from codex_desk.tools.git import git
from codex_desk.tools.output import HeadTail
from codex_desk.tools.sandbox import Sandbox
from codex_desk.tools.workspace import Workspace

BUILT_IN = ("git-changed", "board-news", "child-idle")
LONGEST_COMMAND = 4_000
COMMAND_S = 10.0
AT_A_TIME = 4
"""Processes that are asked side by side."""
FRESH_S = 2.0
"""So long what one run has seen of a folder holds for others in it: hundreds wake at the same minute."""
COMMITS, FILES, CHILDREN = 10, 20, 10
"""Lines of each kind in a prompt."""
ROOM = 4_000
"""Characters that a prompt says of what has changed."""
GUARD_BYTES = 2_000
DIFF_BYTES = 8 << 20
CANNOT_RUN = (126, 127)


@frozen
class Said:
    """What a guard said. `outcome` is None for yes."""

    outcome: Outcome | None
    reason: str = ""


@frozen
class Work:
    """How the work of a session stands: what guards compare, and prompts tell of."""

    head: str | None = None
    """The last commit; None outside of a repository."""
    tree: str | None = None
    """A hash of what differs from it."""
    board: int = 0
    """The last entry by somebody else on the boards that it reads."""

    def to_text(self) -> str:
        return json.dumps({"head": self.head, "tree": self.tree, "board": self.board})

    @classmethod
    def from_text(cls, text: str | None) -> Work | None:
        if text is None:
            return None
        known: dict[str, Any] = json.loads(text)
        return cls(known.get("head"), known.get("tree"), int(known.get("board") or 0))


def read_guard(text: str | None) -> str | None:
    """A guard as it is kept. Refusals: bad_value."""
    if text is None or not text.strip():
        return None
    guard = text.strip().removeprefix("command:").strip()
    if len(guard) > LONGEST_COMMAND or "\0" in guard or not guard:
        raise Refusal("bad_value", f"a guard is {', '.join(BUILT_IN)}, or a command of at most {LONGEST_COMMAND:,} characters")
    return guard


class Guards:
    """Looks at sessions' work for one process."""

    def __init__(
        self, reader: Reader, surroundings: Surroundings, trusted: Callable[[Path], bool], sandbox: Callable[[], Awaitable[Sandbox]]
    ) -> None:
        self._reader = reader
        self._surroundings = surroundings
        self._trusted = trusted
        self._sandbox = sandbox
        self._places = asyncio.Semaphore(AT_A_TIME)
        self._seen: dict[str, tuple[float, asyncio.Future[tuple[str | None, str | None]]]] = {}

    def off(self, thread: ThreadView) -> str | None:
        """Why guards are off for a session; None where they count."""
        if self._trusted(Path(thread.project)):
            return None
        return f"guards are off in {thread.project}, which is not trusted yet: codex-desk trust {thread.project}"

    async def work(self, thread_id: str) -> Work:
        """How a session's work stands now."""
        thread = self._reader.thread(thread_id)
        head, tree = await self._folder(thread.cwd)
        return Work(head, tree, self._board(thread_id))

    async def ask(self, guard: str, thread_id: str, seen: Work | None) -> Said:
        """Whether there is something to run for."""
        thread = self._reader.thread(thread_id)
        off = self.off(thread)
        if off is not None:
            return Said("guard_false", off)
        match guard:
            case "git-changed":
                return await self._git_changed(thread, seen)
            case "board-news":
                news = self._board(thread_id) > (seen.board if seen is not None else 0)
                return Said(None) if news else Said("guard_false", "board-news: nothing new on the board since the last run")
            case "child-idle":
                idle = [child.handle or child.id for child in self._reader.children(thread_id) if is_idle(child)]
                return Said(None) if idle else Said("guard_false", "child-idle: no child is idle")
            case command:
                return await self._command(command, thread)

    async def changed(self, thread_id: str, seen: Work | None, now: Work, last: str) -> str:
        """What a prompt says of the time since the last run, bounded."""
        thread = self._reader.thread(thread_id)
        parts = [last] if last else ["This is its first run."]
        if seen is not None and now.head is not None:
            parts += await self._commits(Path(thread.cwd), seen.head, now.head)
            if seen.tree != now.tree:
                status = await git("status", "--short", cwd=Path(thread.cwd))
                parts += _listed("Not committed", status.output.splitlines(), FILES)
        if seen is not None and now.board > seen.board:
            parts.append("There are new entries on the board.")
        children = self._reader.children(thread_id)
        parts += _listed(
            "Its children", [f"{child.handle}: {child.status}; {one_line(child.last_line, 120)}" for child in children], CHILDREN
        )
        text = visible("\n".join(parts))
        return text if len(text) <= ROOM else f"{text[:ROOM]}\n(the rest is left out)"

    # --- git --------------------------------------------------------------------------------------------------------------------------------

    async def _git_changed(self, thread: ThreadView, seen: Work | None) -> Said:
        head, tree = await self._folder(thread.cwd)
        if tree is None:
            return Said("failed", f"git-changed: git cannot look at {thread.cwd}")
        if seen is not None and (seen.head, seen.tree) == (head, tree):
            return Said("guard_false", "git-changed: nothing has changed since the last run")
        return Said(None)

    async def _folder(self, cwd: str) -> tuple[str | None, str | None]:
        """(last commit, hash of what differs from it), asked once for all that look at the same time."""
        known = self._seen.get(cwd)
        if known is None or time.monotonic() - known[0] > FRESH_S:
            self._seen = {each: one for each, one in self._seen.items() if time.monotonic() - one[0] <= FRESH_S}
            known = self._seen[cwd] = (time.monotonic(), asyncio.ensure_future(self._looked_at(Path(cwd))))
        return await asyncio.shield(known[1])

    def forget(self, cwd: str | None = None) -> None:
        """Look at a folder anew, because a turn has ended in it; or at all of them."""
        self._seen = {} if cwd is None else {each: one for each, one in self._seen.items() if each != cwd}

    async def _looked_at(self, cwd: Path) -> tuple[str | None, str | None]:
        async with self._places:
            try:
                status = await git("status", "--porcelain=v2", "--branch", "--untracked-files=all", cwd=cwd)
                if not status.ok:
                    return None, None
                changes = await git("diff", "HEAD", cwd=cwd, limit=DIFF_BYTES)
            except OSError:  # no git, or no folder
                return None, None
        oid = next((line.split()[2] for line in status.output.splitlines() if line.startswith("# branch.oid")), "(initial)")
        state = "\n".join(
            line for line in status.output.splitlines() if not line.startswith("# branch.") or line.startswith("# branch.head")
        )
        digest = hashlib.sha256(f"{state}\0{changes.output if changes.ok else ''}".encode("utf-8", "surrogatepass")).hexdigest()
        return oid, digest

    async def _commits(self, cwd: Path, old: str | None, new: str) -> list[str]:
        if old is None or old == new or old.startswith("("):
            return []
        async with self._places:
            log = await git("log", "--oneline", f"--max-count={COMMITS + 1}", f"{old}..{new}", cwd=cwd)
        return _listed("Commits", log.output.splitlines(), COMMITS) if log.ok else ["The branch is another one, or was rewritten."]

    # --- the desk's own ---------------------------------------------------------------------------------------------------------------------

    def _board(self, thread_id: str) -> int:
        boards = {seat.board.id for seat in board_seats.seats(self._reader.rows, thread_id)}
        if not boards:
            return 0
        marks = ",".join("?" * len(boards))
        row = self._reader.row(
            f"SELECT max(id) AS latest FROM board_entry WHERE board_id IN ({marks}) AND origin != 'system' AND (thread_id != ? OR origin = 'human')",
            (*boards, thread_id),
        )
        return 0 if row is None or row["latest"] is None else int(row["latest"])

    # --- a command --------------------------------------------------------------------------------------------------------------------------

    async def _command(self, command: str, thread: ThreadView) -> Said:
        row = self._reader.row_of(Thread, thread.id)
        if (why := moved(row)) is not None:
            return Said("failed", why)
        sandbox = await self._sandbox()
        if sandbox.tier == "none":
            return Said("failed", "its guard was not run: no sandbox holds here (`codex-desk doctor` says what to install)")
        home = self._surroundings.home
        rights = Rights("read-only", False, False)
        workspace = Workspace(thread.id, Path(row.cwd), Path(row.project), (), rights, home, self._surroundings.codex_home, sandbox)
        env = tool_environment(thread.id, home, network=False, env=self._surroundings.env)
        if sandbox.tier == "bubblewrap":
            env.pop("TMPDIR", None)  # its /tmp is its own
        shell = shutil.which("bash", path=search_path()) or "/bin/sh"
        kept = HeadTail(GUARD_BYTES)
        async with self._places:
            argv = await asyncio.to_thread(sandbox.wrap, [shell, "-c", command], workspace)
            try:
                ended = await processes.run(argv, cwd=workspace.cwd, env=env, timeout=COMMAND_S, output=kept.feed)
            except OSError as error:
                return Said("failed", f"its guard could not be started: {error.strerror or error}")
        return _verdict(command, ended, one_line(kept.text(), 200))


def is_idle(child: ThreadView) -> bool:
    """Whether a child has nothing to do."""
    return child.status in ("idle", "finished", "error") and child.queued == 0


def _verdict(command: str, ended: processes.Finished, printed: str) -> Said:
    name = f"guard {one_line(command, 60)!r}"
    if ended.timed_out:
        return Said("failed", f"{name} had not ended after {COMMAND_S:g} s and was stopped")
    if ended.exit_code in CANNOT_RUN:
        return Said("failed", f"{name} cannot be run: {printed or f'exit status {ended.exit_code}'}")
    if ended.exit_code:
        return Said("guard_false", f"{name} ended with {ended.exit_code}{f': {printed}' if printed else ''}")
    return Said(None)


def _listed(title: str, lines: list[str], most: int) -> list[str]:
    if not lines:
        return []
    more = [f"  and {len(lines) - most} more"] if len(lines) > most else []
    return [f"{title}:", *(f"  {one_line(line, 200)}" for line in lines[:most]), *more]
