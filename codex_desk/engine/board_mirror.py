"""The board as Markdown, for people. Written by the desk alone, whole each time; nothing here is ever read back, and agents use `board_read`."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from codex_desk.config.schema import refused_path
from codex_desk.engine.board_reading import latest
from codex_desk.engine.board_seats import BOARD, board_view
from codex_desk.engine.board_views import BoardView, EntryView
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import BoardChanged, Event
from codex_desk.engine.hub import Hub
from codex_desk.engine.reading import Reader
from codex_desk.store.errors import StoreError
from codex_desk.text import one_line, visible

LOG = logging.getLogger(__name__)

REST_S = 0.3
"""How long a board rests before it is written out, so that many entries are one writing."""
MOST = 2_000
"""The newest entries that the files hold; `codex-desk board` has them all."""
FILES = ("board.md", "decisions.md", "claims.md")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Mirror:
    """Writes the boards that ask for it, after each change."""

    def __init__(
        self, reader: Reader, hub: Hub, home: Path, trusted: Callable[[Path], bool], tell: Callable[[str, str], Awaitable[object]]
    ) -> None:
        """`tell` puts a line into a thread's transcript: why a board's files are not written."""
        self._reader, self._hub, self._home, self._trusted, self._tell = reader, hub, home, trusted, tell
        self._told: set[tuple[str, str]] = set()
        self._changed: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        hub.add(self._hear)

    def _hear(self, event: Event) -> None:
        if isinstance(event, BoardChanged):
            self._changed.add(event.board_id)
            if self._task is None or self._task.done():
                self._task = asyncio.ensure_future(self._later())

    async def _later(self) -> None:
        while self._changed:
            await asyncio.sleep(REST_S)
            await self._write()

    async def _write(self) -> None:
        changed, self._changed = self._changed, set()
        for board_id in changed:
            try:
                await asyncio.to_thread(self._write_one, board_id)
            except Refusal as refusal:
                await self._say(board_id, refusal.message)
            except OSError as error:
                await self._say(board_id, str(error))

    async def _say(self, board_id: str, why: str) -> None:
        """Once for each reason, in the transcript of the board's parent."""
        parent = self._reader.row("SELECT parent_id FROM board WHERE id = ?", (board_id,))
        if parent is None or (board_id, why) in self._told:
            return
        self._told.add((board_id, why))
        try:
            await self._tell(parent["parent_id"], f"the board's files are not written: {one_line(why, 400)}")
        except StoreError as error:
            LOG.warning("the files of a board are not written: %s; nor could that be noted: %s", why, error)

    async def close(self) -> None:
        """Write what is not written yet."""
        self._hub.remove(self._hear)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._write()

    def _write_one(self, board_id: str) -> None:
        found = self._reader.rows(f"{BOARD} WHERE b.id = ?", (board_id,))
        board = board_view(tuple(found[0])) if found else None
        if board is None or not board.mirrored:
            return
        with contextlib.ExitStack() as held:
            held.enter_context(_locked(self._home / "run" / "boards.lock"))  # the later writing must be of the later state
            texts = pages(board, latest(self._reader.rows, board, MOST))
            folder = held.enter_context(folder_of(board, self._home, self._trusted))
            for name, text in zip(FILES, texts, strict=True):
                _put(folder, name, text)


@contextlib.contextmanager
def folder_of(board: BoardView, home: Path, trusted: Callable[[Path], bool]):
    """A descriptor of the folder that a board's files go to; made where it is missing. No link is followed beneath the project or the desk's home.

    Refusals: untrusted, bad_path."""
    if board.path is None:
        root, parts = home, ("boards", f"{board.parent}-{board.id}")
    else:
        root = Path(board.project)
        if not trusted(root):
            raise Refusal("untrusted", f"{root} is not trusted, so nothing is written in it (codex-desk trust {root})")
        if reason := refused_path(board.path):
            raise Refusal("bad_path", f"{board.path}: {reason}")
        parts = tuple(part for part in Path(board.path).parts if part != ".")
    folder = os.open(root, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=folder)
            try:
                inner = os.open(part, _FOLDER, dir_fd=folder)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR):
                    raise Refusal(
                        "bad_path", f"{board.path or part}: {part} is a link or a file; a board's files go into folders of their own"
                    ) from error
                raise
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


@contextlib.contextmanager
def _locked(file: Path):
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _put(folder: int, name: str, text: str) -> None:
    """Replace a file of the folder in one step. A link in its place is replaced, never written through."""
    draft = f".{name}.{secrets.token_hex(6)}"
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)
        raise


def pages(board: BoardView, found: Sequence[EntryView]) -> tuple[str, str, str]:
    """The texts of the files: everything, the decisions, the claims that stand."""
    state = "open" if board.live else f"closed {_at(board.closed_at or board.opened_at)}"
    head = f"# Board of {board.parent}\n\n{state} · {board.write_policy} · {board.visibility} · written by codex-desk; changes made here are lost\n"
    older = f"\nThe newest {MOST:,} entries; `codex-desk board {board.parent}` has them all.\n" if len(found) == MOST else ""
    decisions = [entry for entry in found if entry.kind == "decision"]
    claims = [entry for entry in found if entry.kind == "claim" and entry.stands]
    return (
        head + older + "".join(map(section, found)),
        f"# Decisions of {board.parent}\n" + "".join(map(section, decisions)),
        f"# Claims on the board of {board.parent}\n" + "".join(map(section, claims)),
    )


def section(entry: EntryView) -> str:
    """One entry. Its text stands as quoted lines, so that nothing in it becomes a heading or another entry."""
    facts = [f"{_at(entry.at)}", f"by {'the user for ' if entry.origin == 'human' else ''}{entry.author}"]
    facts += [f"to {entry.to}"] if entry.to else []
    for word, number in (("refers to", entry.refers_to), ("invalidates", entry.invalidates), ("supersedes", entry.supersedes)):
        facts += [f"{word} e{number}"] if number else []
    facts += [f"cites {', '.join(f'e{number}' for number in entry.cites)}"] if entry.cites else []
    facts += [f"**invalidated by e{entry.invalidated_by}**"] if entry.invalidated_by else []
    facts += [f"**superseded by e{entry.superseded_by}**"] if entry.superseded_by else []
    facts += ["promoted"] if entry.promoted_at else []
    quoted = "\n".join(f"> {line}" for line in visible(entry.text).split("\n"))
    return f"\n## {entry.name} {entry.kind}\n\n{' · '.join(facts)}\n\n{quoted}\n"


def _at(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
