"""What the stand-in understands of a prompt. Pure: text in, values out; nothing here fails on any text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from codex_desk.frozen import frozen

Sender = Literal["user", "parent", "child", "desk"]

_OPEN = re.compile(r"^--- message (\S+) ---$", re.MULTILINE)
_THEN = re.compile(r"then\b[\s,:]*", re.IGNORECASE)
_FILE = r"(?P<file>\S+|`[^`]+`|\"[^\"]+\"|'[^']+')"
_READ = re.compile(rf"read\s+{_FILE}", re.IGNORECASE)
_RUN = re.compile(r"run\s+(?P<command>\S.*)", re.IGNORECASE)
_REPLACE = re.compile(rf"replace\s+(?P<old>\S.*?)\s+with\s+(?P<new>\S.*?)\s+in\s+{_FILE}", re.IGNORECASE)
_REVIEW = re.compile(r"review\b.*", re.IGNORECASE)
_INSTRUCTIONS = re.compile(
    r"^# (?P<title>[^\n]*\binstructions\b[^\n]*)\n+<INSTRUCTIONS>\n(?P<body>.*?)\n</INSTRUCTIONS>", re.MULTILINE | re.DOTALL
)
_ENVIRONMENT = re.compile(r"<environment_context>\n(?P<lines>.*?)\n</environment_context>", re.DOTALL)


@frozen
class Body:
    """What stands between the boundary lines, and the line of the engine's prose before it."""

    head: str
    text: str


@frozen
class Prompt:
    """A turn's input without its envelope."""

    sender: Sender
    bodies: tuple[Body, ...]

    @property
    def text(self) -> str:
        return "\n".join(body.text for body in self.bodies)


def unwrap(text: str) -> Prompt:
    """The body of an envelope, or of each of its parts; a text without an envelope is the user's own."""
    bodies: list[Body] = []
    rest = text
    while opening := _OPEN.search(rest):
        closing = f"\n--- end {opening[1]} ---"
        inside = rest[opening.end() :]
        end = inside.find(closing)
        if end < 0:
            break
        head = rest[: opening.start()].strip()
        bodies.append(Body(head, inside[1:end] if end else ""))
        rest = inside[end + len(closing) :]
    if not bodies:
        return Prompt("user", (Body("", text),))
    if bodies[0].head.startswith(
        "The automation "
    ):  # the user wrote its prompt; what has changed since is to be known, and asks for nothing
        return Prompt("user", (bodies[0],))
    return Prompt(_sender(bodies[0].head), tuple(bodies))


def _sender(head: str) -> Sender:
    """Who sent an envelope, by the prose that the engine puts before the first boundary."""
    if "your parent" in head:
        return "parent"
    return "child" if "your child" in head else "desk"


@frozen
class Part:
    """A piece of work for others."""

    text: str
    to: tuple[str, ...]
    """Handles, as they were given."""
    after: int | None = None
    """The index of the part whose answers come first."""


def split_parts(text: str, handles: Sequence[str]) -> list[Part]:
    """Lines, or pieces between `;`. A piece `handle: …` is for that one, any other for all; one that begins `then` waits for the one
    before."""
    named = {handle.lower(): handle for handle in handles}
    parts: list[Part] = []
    for piece in re.split(r"[\n;]", text):
        piece = piece.strip()
        waits = bool(parts) and _THEN.match(piece) is not None
        piece = _THEN.sub("", piece, count=1) if _THEN.match(piece) else piece
        address, colon, said = piece.partition(":")
        handle = named.get(address.strip().removeprefix("@").lower()) if colon else None
        work = said.strip() if handle else piece
        if work:
            parts.append(Part(work, (handle,) if handle else tuple(handles), len(parts) - 1 if waits else None))
    return parts


@frozen
class Read:
    file: str


@frozen
class Run:
    command: str


@frozen
class Replace:
    old: str
    new: str
    file: str


@frozen
class Review:
    """What has changed in the folder, and what is left to do in it."""


Command = Read | Run | Replace | Review


def parse_commands(text: str) -> list[Command]:
    """The commands among the lines of a text, in order. Pieces between `;` count as lines where each of them is a command: a shell command
    line may hold `;` itself."""
    commands: list[Command] = []
    for line in text.splitlines():
        pieces = [parse_command(piece) for piece in line.split(";") if piece.strip()]
        known = [piece for piece in pieces if piece is not None]
        if len(known) > 1 and len(known) == len(pieces):
            commands += known
        elif (command := parse_command(line)) is not None:
            commands.append(command)
    return commands


def parse_command(line: str) -> Command | None:
    """`read F`, `run C`, `replace A with B in F` or `review`; None for anything else."""
    line = line.strip()
    line = _THEN.sub("", line, count=1) if _THEN.match(line) else line
    if found := _REPLACE.fullmatch(line):
        old, new, file = (_unquoted(found[name]) for name in ("old", "new", "file"))
        return Replace(old, new, file) if old and file else None
    if found := _READ.fullmatch(line):
        file = _unquoted(found["file"])
        return Read(file) if file else None
    if found := _RUN.fullmatch(line):
        command = found["command"].strip()
        return (
            Run(command.strip("`").strip() if command.startswith("`") and command.endswith("`") else command)
            if command.strip("`")
            else None
        )
    return Review() if _REVIEW.fullmatch(line) else None


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] and text[0] in "`'\"" else text


@frozen
class Place:
    """What the turn's context says of where the thread works."""

    cwd: Path
    roots: tuple[Path, ...] = ()
    """The writable roots beside it."""
    instructions: tuple[tuple[str, str], ...] = ()
    """Title and text of each block of instruction files."""


def parse_context(context: str) -> Place:
    facts: dict[str, str] = {}
    if environment := _ENVIRONMENT.search(context):
        for line in environment["lines"].splitlines():
            name, _, value = line.partition(":")
            facts[name.strip()] = value.strip()
    roots = [Path(root.strip()) for root in facts.get("writable roots", "").split(",")]
    blocks = [(found["title"], found["body"]) for found in _INSTRUCTIONS.finditer(context)]
    return Place(Path(facts.get("cwd") or "."), tuple(root for root in roots if root.is_absolute()), tuple(blocks))
