"""Carrying a patch out on files: planned first, then all of it or nothing, each file in one step."""

from __future__ import annotations

import contextlib
import difflib
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from codex_desk.frozen import frozen
from codex_desk.tools.beneath import Reach
from codex_desk.tools.errors import ToolRefusal
from codex_desk.tools.patch import Add, Delete, Operation, PatchError, Update
from codex_desk.tools.patch_apply import apply_update

SIZE_LIMIT = 16 << 20
"""Bytes of a file that a patch may change."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@frozen
class Content:
    """A file as it is, or shall be."""

    data: bytes
    mode: int | None = None
    """Permission bits; None for what a new file gets."""


@frozen
class FileStep:
    """One file before and after the whole patch; None where it does not exist."""

    path: Path
    before: Content | None
    after: Content | None


@frozen
class FileChange:
    """One operation, as people see it."""

    path: str
    kind: Literal["add", "update", "delete", "move"]
    diff: str
    """Unified."""
    moved_from: str | None = None

    def to_json(self) -> dict[str, str]:
        shown = {"path": self.path, "kind": self.kind, "diff": self.diff}
        return shown | {"moved_from": self.moved_from} if self.moved_from else shown


@frozen
class Plan:
    changes: tuple[FileChange, ...]
    steps: tuple[FileStep, ...]


class Planner:
    """Works out what a patch does to files as they are now, without touching any."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._before: dict[Path, Content | None] = {}
        self._after: dict[Path, Content | None] = {}

    def plan(self, operations: Sequence[Operation]) -> Plan:
        """Raises `PatchError` and `ToolRefusal`."""
        changes = tuple(self._change(operation) for operation in operations)
        steps = (FileStep(path, before, self._after[path]) for path, before in self._before.items())
        return Plan(changes, tuple(step for step in steps if step.before != step.after))

    def _change(self, operation: Operation) -> FileChange:
        path = self._reach.locate(operation.path)
        match operation:
            case Add(lines=lines):
                self._require_absent(path, "use Update File to change it")
                text = "".join(f"{line}\n" for line in lines)
                self._after[path] = Content(_encoded(text))
                return self._shown(path, "add", "", text)
            case Delete():
                if (self._reach.base / operation.path).is_symlink():
                    raise PatchError(f"{operation.path}: it is a link; a patch deletes files only")
                content = self._existing(path)
                self._after[path] = None
                return self._shown(path, "delete", _decoded(content), "")
            case Update():
                return self._update(path, operation)

    def _update(self, path: Path, update: Update) -> FileChange:
        content = self._existing(path)
        if b"\0" in content.data:
            raise PatchError(f"{update.path}: it is a binary file")
        text = _decoded(content)
        changed = apply_update(text, update)
        target = path if update.move_to is None else self._reach.locate(update.move_to)
        if target != path:
            self._require_absent(target, "move to another name")
            self._after[path] = None
        self._after[target] = Content(_encoded(changed), content.mode)
        return self._shown(target, "update" if target == path else "move", text, changed, path)

    def _shown(
        self, path: Path, kind: Literal["add", "update", "delete", "move"], old: str, new: str, source: Path | None = None
    ) -> FileChange:
        name = self._reach.shown(path)
        origin = self._reach.shown(source) if source else name
        diff = unified_diff(
            old,
            new,
            "/dev/null" if kind == "add" else f"a/{origin.lstrip('/')}",
            "/dev/null" if kind == "delete" else f"b/{name.lstrip('/')}",
        )
        return FileChange(name, kind, diff, origin if kind == "move" else None)

    def _existing(self, path: Path) -> Content:
        content = self._current(path)
        if content is None:
            raise PatchError(f"{self._reach.shown(path)}: it does not exist; use Add File to make it")
        return content

    def _require_absent(self, path: Path, remedy: str) -> None:
        if self._current(path) is not None:
            raise PatchError(f"{self._reach.shown(path)}: it exists already; {remedy}")

    def _current(self, path: Path) -> Content | None:
        if path not in self._before:
            self._before[path] = self._after[path] = read_content(self._reach, path)
        return self._after[path]


def read_content(reach: Reach, path: Path) -> Content | None:
    """A located file, or None where there is none. Raises `ToolRefusal` for anything but a regular file of bearable size."""
    try:
        with reach.file(path) as descriptor:
            info = os.fstat(descriptor)
            if info.st_size > SIZE_LIMIT:
                raise ToolRefusal("too_large", f"{path} has {info.st_size:,} bytes; a patch changes files up to {SIZE_LIMIT:,}")
            with open(descriptor, "rb", closefd=False) as file:
                return Content(file.read(), stat.S_IMODE(info.st_mode))
    except ToolRefusal as refusal:
        if refusal.code == "not_found":
            return None
        raise


def carry_out(reach: Reach, steps: Sequence[FileStep]) -> None:
    """Write, move and remove, all of it or nothing. Raises `ToolRefusal` with every file as it was."""
    done: list[FileStep] = []
    made: list[Path] = []
    with contextlib.ExitStack() as drafts:
        try:
            staged = [drafts.enter_context(_staged(reach, step, made)) for step in steps]
            for step, (folder, draft) in zip(steps, staged, strict=True):
                if read_content(reach, step.path) != step.before:
                    raise ToolRefusal("changed", f"{step.path} was changed by someone else meanwhile; read it again")
                _switch(folder, draft, step.path.name)
                done.append(step)
        except (OSError, ToolRefusal) as error:
            _undo(reach, done, made)
            reason = error.message if isinstance(error, ToolRefusal) else str(error)
            raise ToolRefusal("failed", f"nothing was changed: {reason}") from error


def _undo(reach: Reach, done: Sequence[FileStep], made: Sequence[Path]) -> None:
    for step in reversed(done):
        try:
            with _staged(reach, FileStep(step.path, step.after, step.before), []) as (folder, draft):
                _switch(folder, draft, step.path.name)
        except OSError as error:
            raise ToolRefusal("half_done", f"{step.path} was changed and could not be put back: {error}") from error
    for folder in reversed(made):
        with contextlib.suppress(OSError):  # not empty any more: somebody else uses it
            folder.rmdir()


@contextlib.contextmanager
def _staged(reach: Reach, step: FileStep, made: list[Path]) -> Iterator[tuple[int, str | None]]:
    """The step's folder, and the name of a draft in it with what the file shall hold; None for a file that goes."""
    if step.after is not None:
        made += _make_folders(reach, step.path.parent)
    with reach.folder(step.path.parent) as folder:
        draft = _write_draft(folder, step.after, step.before) if step.after is not None else None
        try:
            yield folder, draft
        finally:
            if draft is not None:
                with contextlib.suppress(FileNotFoundError):  # it has become the file
                    os.unlink(draft, dir_fd=folder)


def _make_folders(reach: Reach, path: Path) -> list[Path]:
    missing: list[Path] = []
    while not os.path.lexists(path):
        missing.insert(0, path)
        path = path.parent
    for folder in missing:
        with reach.folder(folder.parent) as parent:
            os.mkdir(folder.name, dir_fd=parent)
    return missing


def _write_draft(folder: int, content: Content, before: Content | None) -> str:
    name = f".codex-desk-{secrets.token_hex(8)}.tmp"
    descriptor = os.open(name, _NEW, 0o666, dir_fd=folder)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            file.write(content.data)
            mode = content.mode if content.mode is not None else before and before.mode
            if mode is not None:
                os.fchmod(descriptor, mode)
    except OSError:
        os.unlink(name, dir_fd=folder)
        raise
    return name


def _switch(folder: int, draft: str | None, name: str) -> None:
    if draft is None:
        os.unlink(name, dir_fd=folder)
    else:
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)


def _decoded(content: Content) -> str:
    """Bytes that are no UTF-8 survive a round trip."""
    return content.data.decode("utf-8", "surrogateescape")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def unified_diff(old: str, new: str, old_name: str, new_name: str) -> str:
    """A diff that says where the last line has no newline; bytes that are no UTF-8 are shown as replacements."""
    lines = difflib.unified_diff(_lines(old), _lines(new), old_name, new_name)
    text = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return _encoded(text).decode("utf-8", "replace")


def _lines(text: str) -> list[str]:
    """Lines with their newline; nothing but a newline ends one."""
    return [line for line in text.replace("\n", "\n\0").split("\0") if line]
