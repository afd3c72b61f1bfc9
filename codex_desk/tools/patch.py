"""Codex's patch text (V4A): parsed into operations, pure. `patch_apply.py` applies them to texts.

Source of the grammar: the apply_patch tool of Codex.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from codex_desk.frozen import frozen

BEGIN, END = "*** Begin Patch", "*** End Patch"
_ADD, _DELETE, _UPDATE, _MOVE = "*** Add File: ", "*** Delete File: ", "*** Update File: ", "*** Move to: "
_END_OF_FILE = "*** End of File"
_HEADERS = (_ADD, _DELETE, _UPDATE)


class PatchError(Exception):
    """The patch cannot be read, or does not fit; the message names the file and the hunk."""


@frozen
class Hunk:
    """One change inside a file: `old` lines, found after `context`, become `new` lines."""

    number: int
    """From 1, within its file."""
    context: tuple[str, ...]
    """Lines after `@@`, to be found one after the other before the old lines."""
    old: tuple[str, ...]
    new: tuple[str, ...]
    at_end: bool = False


@frozen
class Add:
    path: str
    lines: tuple[str, ...]


@frozen
class Delete:
    path: str


@frozen
class Update:
    path: str
    hunks: tuple[Hunk, ...]
    move_to: str | None = None


Operation = Add | Delete | Update


def parse_patch(text: str) -> tuple[Operation, ...]:
    """The operations of a patch, in order. Raises `PatchError`."""
    lines = _body(text)
    operations: list[Operation] = []
    position = 0
    while position < len(lines):
        if not lines[position].strip():
            position += 1
            continue
        operation, position = _operation(lines, position)
        operations.append(operation)
    if not operations:
        raise PatchError("the patch changes nothing: no Add File, Delete File or Update File between its first and last line")
    return tuple(operations)


def _body(text: str) -> list[str]:
    lines = [line.removesuffix("\r") for line in text.strip().split("\n")]
    # Models wrap a patch in the heredoc that they would hand to a shell.
    if len(lines) >= 4 and lines[0] in ("<<EOF", "<<'EOF'", '<<"EOF"') and lines[-1].endswith("EOF"):
        lines = lines[1:-1]
    if lines[0].strip() != BEGIN:
        raise PatchError(f"the first line of a patch must be '{BEGIN}'")
    if len(lines) < 2 or lines[-1].strip() != END:
        raise PatchError(f"the last line of a patch must be '{END}'")
    return lines[1:-1]


def _operation(lines: list[str], position: int) -> tuple[Operation, int]:
    header = lines[position].strip()
    rest = position + 1
    if path := _named(header, _ADD):
        return _add(path, lines, rest)
    if path := _named(header, _DELETE):
        return Delete(path), rest
    if path := _named(header, _UPDATE):
        return _update(path, lines, rest)
    raise PatchError(f"line {position + 2}: {header!r} begins no file; '{_ADD}', '{_DELETE}' or '{_UPDATE}' and a path do")


def _named(line: str, header: str) -> str:
    return line.removeprefix(header).strip() if line.startswith(header) else ""


def _add(path: str, lines: list[str], position: int) -> tuple[Add, int]:
    start = position
    while position < len(lines) and lines[position].startswith("+"):
        position += 1
    return Add(path, tuple(line[1:] for line in lines[start:position])), position


def _update(path: str, lines: list[str], position: int) -> tuple[Update, int]:
    move_to = None
    if position < len(lines) and (move_to := _named(lines[position].strip(), _MOVE) or None):
        position += 1
    hunks: list[Hunk] = []
    while position < len(lines) and not lines[position].startswith(_HEADERS):
        if not lines[position].strip() and _at_gap(lines, position):
            position += 1
            continue
        hunk, position = _hunk(path, len(hunks) + 1, lines, position)
        hunks.append(hunk)
    if not hunks and move_to is None:
        raise PatchError(f"{path}: the update has no hunk")
    return Update(path, tuple(hunks), move_to), position


def _at_gap(lines: list[str], position: int) -> bool:
    """Whether only blank lines stand between here and the next hunk, the next file or the end."""
    while position < len(lines) and not lines[position].strip():
        position += 1
    return position == len(lines) or lines[position].startswith(("@@", *_HEADERS))


@dataclass(slots=True)
class _Draft:
    context: list[str] = field(default_factory=list)
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    at_end: bool = False

    def take(self, line: str) -> bool:
        """Add one line of the hunk; False where it is none."""
        # An empty line is a context line whose leading space was trimmed.
        mark, rest = (line[0], line[1:]) if line else (" ", "")
        match mark:
            case " ":
                self.old.append(rest)
                self.new.append(rest)
            case "-":
                self.old.append(rest)
            case "+":
                self.new.append(rest)
            case _:
                return False
        return True


def _hunk(path: str, number: int, lines: list[str], position: int) -> tuple[Hunk, int]:
    draft = _Draft()
    start = position
    while position < len(lines) and (lines[position] == "@@" or lines[position].startswith("@@ ")):
        if context := lines[position][3:]:
            draft.context.append(context)
        position += 1
    if position == start and number > 1:
        raise PatchError(f"{path}, hunk {number}: it must begin with '@@', not with {lines[position]!r}")
    while position < len(lines) and not draft.at_end and not _at_gap(lines, position):
        if lines[position].strip() == _END_OF_FILE:
            draft.at_end = True
        elif not draft.take(lines[position]):
            raise PatchError(f"{path}, hunk {number}: {lines[position]!r} must begin with ' ', '-', '+' or '@@'")
        position += 1
    if not draft.old and not draft.new:
        raise PatchError(f"{path}, hunk {number}: it has no lines")
    return Hunk(number, tuple(draft.context), tuple(draft.old), tuple(draft.new), draft.at_end), position
