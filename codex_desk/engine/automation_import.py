"""Codex's own automations, read from `$CODEX_HOME/automations/<id>/automation.toml`; nothing there is changed. They arrive paused."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from codex_desk.engine.automations import Add
from codex_desk.engine.errors import Refusal
from codex_desk.engine.reading import Reader
from codex_desk.engine.sessions import HANDLE
from codex_desk.files import FileRefused, read_beneath
from codex_desk.frozen import frozen
from codex_desk.text import one_line

FILE = "automation.toml"
LONGEST_FILE = 1 << 20
MOST = 1_000
PAUSED = "imported from Codex; resume it if it is to run here too, and pause it there"
UNUSED = ("model", "reasoning_effort", "execution_environment")
"""What Codex's kind `cron` says of the thread that it makes for each run; here a run goes to a session, which has settings of its own."""


@frozen
class Found:
    """One of Codex's automations: what is to be made of it, or why nothing is."""

    id: str
    wanted: tuple[Add, ...] = ()
    trouble: str = ""
    notes: tuple[str, ...] = ()


def find(reader: Reader, root: Path, zone: str, target: str | None) -> Iterator[Found]:
    """Codex's automations under a folder (or the one in it). `target`: the thread for those whose own is not on the desk. Refusals: no_folder."""
    folder = root / "automations" if (root / "automations").is_dir() else root
    if not folder.is_dir():
        raise Refusal("no_folder", f"{root} is no folder of Codex's automations; give $CODEX_HOME or its `automations`")
    names = [folder] if (folder / FILE).is_file() else sorted(each for each in folder.iterdir() if (each / FILE).is_file())
    taken = {row["handle"] for row in reader.rows("SELECT handle FROM automation WHERE removed_at IS NULL")}
    for place in names[:MOST]:
        try:
            yield _found(reader, place, zone, target, taken)
        except Refusal as refusal:
            yield Found(place.name, trouble=refusal.message)


def _found(reader: Reader, place: Path, zone: str, target: str | None, taken: set[str]) -> Found:
    given = _read(place)
    known = _text(given, "id") or place.name
    source = f"codex:{known}"
    if reader.rows("SELECT 1 FROM automation WHERE source = ? AND removed_at IS NULL", (source,)):
        return Found(known, trouble="it is on the desk already")
    kind, prompt, rule = _text(given, "kind"), _text(given, "prompt"), _text(given, "rrule")
    if kind not in ("heartbeat", "cron") or not prompt.strip() or not rule:
        raise Refusal("bad_value", "its file has no kind (heartbeat or cron), prompt or rrule that can be used")
    notes = [f"{name} is not taken over: the session's own counts" for name in UNUSED if given.get(name) not in (None, "local")]
    wanted: list[Add] = []
    for thread_id in _targets(reader, given, kind, target):
        handle = _free(_text(given, "name") or known, taken)
        taken.add(handle)
        wanted.append(Add(handle, thread_id, rule, prompt, zone, paused=PAUSED, source=source))
    return Found(known, tuple(wanted), notes=tuple(notes))


def _read(place: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(read_beneath(place.resolve(), place / FILE, LONGEST_FILE).decode())
    except (FileRefused, OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refusal("bad_value", f"its file cannot be read: {one_line(str(error), 200)}") from None


def _targets(reader: Reader, given: Mapping[str, Any], kind: str, chosen: str | None) -> list[str]:
    """The sessions that it is for: a heartbeat's own; of a `cron` those at home in its folders."""
    if kind == "heartbeat":
        wanted = _text(given, "target_thread_id")
        rows = reader.rows(
            "SELECT id FROM thread WHERE external_id = ? AND kind = 'session' AND status != 'history' AND archived_at IS NULL", (wanted,)
        )
        if rows or chosen:
            return [rows[0]["id"] if rows else chosen or ""]
        name = one_line(wanted, 60) or "it names none"
        raise Refusal("no_target", f"its thread is not on the desk ({name}): codex-desk adopt {name}, or give --target")
    folders = [str(each) for each in given.get("cwds") or [] if isinstance(each, str)]
    found: list[str] = []
    for folder in folders:
        real = str(Path(folder).resolve())
        rows = reader.rows(
            "SELECT id FROM thread WHERE cwd = ? AND kind = 'session' AND status != 'history' AND archived_at IS NULL ORDER BY last_activity_at DESC",
            (real,),
        )
        found += [rows[0]["id"]] if rows else []
    if found or chosen:
        return found or [chosen or ""]
    where = one_line(", ".join(folders), 200) or "its folder"
    raise Refusal(
        "no_target", f"no session is at home in {where}: codex-desk new NAME --cwd {folders[0] if folders else 'DIR'}, or give --target"
    )


def _free(name: str, taken: set[str]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-").lstrip("0123456789-")[:36].rstrip("-") or "automation"
    base = plain if HANDLE.fullmatch(plain) else "automation"
    return next(each for number in range(1, 10_000) if (each := base if number == 1 else f"{base}-{number}") not in taken)


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""
