"""Reads a rollout line by line. What a line means is the business of `dialects`; here is what they share: the items made so far, and the
account of every line.

A parser can stop behind any line: what it has to remember is its `State`, and going on from there gives what reading the whole would have
given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic_core import from_json

from codex_desk.rollouts.agents import FINAL, Status
from codex_desk.rollouts.calls import plain_error
from codex_desk.rollouts.dialects import RECORDS
from codex_desk.rollouts.lines import decode
from codex_desk.rollouts.names import is_id, not_before
from codex_desk.rollouts.shapes import Chunk, Draft, Fate, Patch, RawLine, Spawn
from codex_desk.rollouts.state import State
from codex_desk.text import one_line

TITLE = 80
LAST_LINE = 200
KEPT = 1 << 16
"""Bytes of a line that was not understood which are kept; the file has the rest."""

EPOCH = "1970-01-01T00:00:00.000000Z"

_BOOKKEEPING = re.compile(
    rb'\{"timestamp":"[^"]{1,40}",(?:"ordinal":\d{1,18},)?"type":'
    rb'(?:"token_usage_record"|"world_state"|"event_msg","payload":\{"type":"(?:token_count|thread_settings_applied)")'
).match
"""A quarter of all lines, with nothing in them to show: known by how they begin, they need not be parsed."""
CLOSED = ord("}")

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z")

UNFORESEEN = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError)
"""What a line of a known type with an unknown shape raises."""


def moment_of(text: object) -> str | None:
    """A time of the file as the store writes it, with six digits behind the second; None for what is no time."""
    if not isinstance(text, str):
        return None
    try:
        if len(text) == 24 and text[19] == "." and text[23] == "Z":  # as Codex writes it
            datetime.fromisoformat(text)
            return f"{text[:23]}000Z"
        if (match := _MOMENT.fullmatch(text)) is not None:
            datetime.fromisoformat(match[1])
            return f"{match[1]}.{(match[2] or '')[:6]:0<6}Z"
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Parser:
    """`feed` lines in order; `chunk` is what they gave."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()
        self.chunk = Chunk()
        self._first = self.state.items
        self._last_text: str | None = None
        self.ordinal: int | None = None
        self._moment: tuple[str, str | None] = ("", None)
        """The latest stamp that was looked at, and the time that it says."""

    @property
    def at(self) -> str:
        """When the line was written; where it does not say, when the one before it was."""
        stamp, moment = self._moment
        if stamp is not self.state.stamp:
            stamp = self.state.stamp
            moment = moment_of(stamp)
            self._moment = stamp, moment
        return moment or self.state.made_at or EPOCH

    def feed(self, line: bytes, offset: int) -> None:
        """Read one line without its newline; `offset` is where it begins in the file."""
        if _BOOKKEEPING(line) and line[-1] == CLOSED:
            self.chunk.fates["bookkeeping"] += 1
            return
        try:
            record = from_json(line, cache_strings="keys")
        except ValueError:
            record = self._patiently(line, offset)
        if not isinstance(record, dict):
            if not line.isspace():
                self._keep("broken", line, offset)
            return
        try:
            fate = self._read(record)
        except UNFORESEEN:
            fate = "unknown"
        if fate == "unknown":
            self._keep(_type_of(record), line, offset)
        else:
            self.chunk.fates[fate] += 1

    def close(self) -> Chunk:
        """What was read, whole."""
        summary = self.chunk.summary
        if self._last_text is not None:
            summary.last_line = one_line(self._last_text, LAST_LINE)
        if self.chunk.fates:
            summary.last_at = moment_of(self.state.stamp)
        return self.chunk

    def _patiently(self, line: bytes, offset: int) -> dict[str, Any] | None:
        record, repaired, before = decode(line)
        self.chunk.repaired += repaired
        if before:
            self._keep("broken", before, offset)
        return record

    def skipped(self, size: int, offset: int, *, ends: bool) -> None:
        """Account for a part of a line that is longer than any that is read; it is one line, however many parts it comes in."""
        if self.state.skipping is None:
            self.state.skipping = offset
        if ends:
            self._keep("too long", b"", self.state.skipping)
            self.state.skipping = None

    def _keep(self, what: str, line: bytes, offset: int) -> None:
        self.chunk.fates["unknown"] += 1
        self.chunk.raw.append(RawLine(offset, what, line[:KEPT]))

    def _read(self, record: Mapping[str, Any]) -> Fate:
        """Raises `UNFORESEEN` for a record of a type or a shape that no version has had so far."""
        state, kind, payload = self.state, record["type"], record["payload"]
        handler = RECORDS[kind]
        if not isinstance(payload, dict):
            return "unknown"
        stamp, ordinal = record.get("timestamp"), record.get("ordinal")
        if isinstance(stamp, str):
            state.stamp = stamp
        self.ordinal = ordinal if isinstance(ordinal, int) else None
        if state.copying and kind != "session_meta" and self._still_copying(kind, payload) and state.subagent:
            return "inherited"
        return handler(self, payload)

    def _still_copying(self, kind: object, payload: Mapping[str, Any]) -> bool:
        """Whether this line belongs to the copy of another thread's history that stands at the beginning of the file.

        It ends where the file says, or with the first turn that was begun after the thread was made. (A file that was migrated says its own
        end.)
        """
        state = self.state
        if state.starts_at is not None and self.ordinal is not None and self.ordinal >= state.starts_at:
            state.copying = False
        elif kind == "turn_context" or payload.get("type") in ("task_started", "turn_started"):
            turn_id = payload.get("turn_id")
            if isinstance(turn_id, str) and is_id(turn_id):
                state.copying = not not_before(turn_id, state.thread_id or "")
            else:  # of a version without ids of turns: a copy is written at once
                state.copying = state.made_at is None or self.at[:19] <= _later(state.made_at)
        elif state.made_at is not None and state.starts_at is None and self.at[:19] > _later(state.made_at):
            state.copying = False
        return state.copying

    # --- for the dialects -----------------------------------------------------------------------------------------------------------------

    def add(self, kind: str, text: str, data: dict[str, Any] | None = None, item_id: object = None, turn_id: object = None) -> int:
        """Make an item; returns its index."""
        state, index = self.state, self.state.items
        found: dict[str, Any] = {}
        if data:
            for key, value in data.items():
                if value is not None:
                    found[key] = value
        if isinstance(item_id, str):
            found["key"] = item_id
            state.remember(item_id)
        if self.ordinal is not None:
            found["ordinal"] = self.ordinal
        if state.copying:
            found["inherited"] = True
        turn = turn_id if isinstance(turn_id, str) else state.turn_id
        self.chunk.items.append(Draft(index, kind, text, found, turn, self.at))
        state.items += 1
        self._seen(kind, text)
        return index

    def _seen(self, kind: str, text: str) -> None:
        summary = self.chunk.summary
        if kind != "reasoning" and kind != "notice":
            self._last_text = text
        if kind in ("user_message", "message_in") and not self.state.titled and text.strip():
            self.state.titled = True
            summary.title = title_of(text)

    def patch(self, index: int, kind: str | None = None, text: str | None = None, data: Mapping[str, Any] | None = None) -> None:
        """Change an item that was made before. A value of None takes its key away."""
        if index >= self._first:
            draft = self.chunk.items[index - self._first]
            draft.kind, draft.text = kind or draft.kind, draft.text if text is None else text
            lay_over(draft.data, data or {})
        else:
            patch = self.chunk.patches.setdefault(index, Patch())
            patch.kind, patch.text = kind or patch.kind, patch.text if text is None else text
            patch.data.update(data or {})
        if kind is not None and text is not None:
            self._seen(kind, text)

    def spawned(self, index: int, agent_id: str | None = None, path: str | None = None, name: str | None = None) -> None:
        """Note whom a call made. What is known of it adds up over several lines."""
        state, known = self.state, self.chunk.spawns.get(index, Spawn())
        self.chunk.spawns[index] = Spawn(agent_id or known.agent_id, path or known.path)
        if agent_id is None and path is not None:
            agent_id = state.paths.get(path, path)  # until the file says its id, its path is its name
        if agent_id is None:
            return
        if path is not None:
            earlier = state.agents.pop(path, None) if path != agent_id else None
            state.paths[path] = agent_id
            if earlier is not None:
                state.agents.setdefault(agent_id, earlier)
        entry = state.agents.setdefault(agent_id, [index, None, None])
        entry[2] = name or entry[2] or path

    def agent(self, named: str) -> str | None:
        """The agent of this thread that an id or a path names."""
        found = self.state.paths.get(named, named)
        return found if found in self.state.agents else None

    def agent_name(self, named: str) -> str:
        agent = self.agent(named)
        return str(self.state.agents[agent][2] or named) if agent is not None else named

    def told(self, named: str, status: Status) -> bool:
        """Fold what is said of an agent into the call that spawned it; False where this thread spawned none of that name."""
        agent = self.agent(named)
        if agent is None:
            return False
        entry = self.state.agents[agent]
        index, last = int(entry[0]), entry[1]
        match status.word:
            case "shutdown" if last in FINAL:  # it was put away after it had answered
                self.patch(index, data={"closed": True})
                return True
            case "shutdown":
                data: dict[str, Any] = {"agent_status": "shutdown", "closed": True}
            case "not_found":
                return True
            case "pending_init" | "running" | "interrupted" if last in FINAL and status.word != "interrupted":
                return True
            case word:
                data = {"agent_status": word}
                if status.text is not None:  # what the child's own file said of it before counts no more
                    data |= {"result": plain_error(status.text) if word == "errored" else status.text, "result_from": None}
                if word in FINAL:
                    data["ok"] = word == "completed"
        entry[1] = data["agent_status"]
        self.patch(index, data=data)
        return True

    def asked_again(self, named: str) -> None:
        """An agent was given more to do: what it said before is not its last word."""
        agent = self.agent(named)
        if agent is not None and self.state.agents[agent][1] in FINAL:
            self.state.agents[agent][1] = "running"
            self.patch(int(self.state.agents[agent][0]), data={"agent_status": "running"})


def title_of(text: str) -> str:
    """What a thread is called that nobody named: how it began."""
    return one_line(text.strip().split("\n", 1)[0], TITLE)


def lay_over(data: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Change an item's data as a patch says."""
    for key, value in changes.items():
        if value is None:
            data.pop(key, None)
        else:
            data[key] = value


def _type_of(record: Mapping[str, Any]) -> str:
    """How a record calls itself: `event_msg/new_thing`."""
    payload = record.get("payload")
    names = [record.get("type"), payload.get("type") if isinstance(payload, dict) else None]
    if names[1] == "item_completed" and isinstance(payload, dict) and isinstance(payload.get("item"), dict):
        names.append(payload["item"].get("type"))
    return one_line("/".join(str(name) for name in names if name), 120) or "no type"


@lru_cache(8)
def _later(made_at: str) -> str:
    """A few seconds after a thread was made, to the second."""
    return datetime.fromtimestamp(datetime.fromisoformat(made_at).timestamp() + 5, UTC).strftime("%Y-%m-%dT%H:%M:%S")
