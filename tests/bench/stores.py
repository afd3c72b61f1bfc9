"""Stores as they are after months of work, written straight into the tables."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from codex_desk.engine.desk import Desk
from codex_desk.engine.identity import new_id
from codex_desk.engine.journal import INSERT_ITEM
from codex_desk.store.database import Database
from codex_desk.store.mapping import mapping_of
from codex_desk.store.tables import Thread, moment_text
from tests.bench.place import Place

PROSE = """The loader reads the whole file before it knows whether it is **needed**. Two things follow:

- a start with many files is slow, and
- `load()` swallows the error of the one that is broken.

```python
def load(path: Path) -> Config:
    with path.open("rb") as stream:
        return Config(**tomllib.load(stream))
```
"""


@dataclass(frozen=True, slots=True)
class Seeded:
    """A session that was seeded."""

    handle: str
    items: int

    @property
    def last_words(self) -> str:
        """What its last item says; no other item says it."""
        return f"the end of {self.handle}"


def seed(place: Place, sessions: Sequence[Seeded]) -> None:
    """Make a desk with these sessions, all items of one before those of the next, indexed as far as an open desk would have done it. The last
    session is the newest."""
    (place.home / "backups").mkdir(parents=True)
    database = Database.open(place.home / "desk.db", place.home / "backups")
    database.close()
    with sqlite3.connect(place.home / "desk.db") as connection:
        connection.execute("PRAGMA synchronous=OFF")
        seq = int(connection.execute("SELECT next_seq FROM head").fetchone()[0])
        for number, session in enumerate(sessions):
            moment = datetime.now(UTC) - timedelta(seconds=len(sessions) - number)
            thread = _thread(place, session, moment, seq)
            connection.execute(*mapping_of(Thread).insert(thread, with_key=True))
            connection.executemany(INSERT_ITEM, _items(thread.id, session, moment, seq + 1))
            seq += session.items + 1
        connection.execute("UPDATE head SET next_seq = ?", (seq,))
    connection.close()
    asyncio.run(_index(place))


def _thread(place: Place, session: Seeded, moment: datetime, seq: int) -> Thread:
    found = place.work.stat()
    return Thread(
        id=new_id(),
        handle=session.handle,
        project=str(place.work),
        cwd=str(place.work),
        cwd_device=found.st_dev,
        cwd_inode=found.st_ino,
        runtime="offline",
        created_at=moment,
        last_activity_at=moment,
        last_line=session.last_words,
        changed=seq,
    )


def _items(thread_id: str, session: Seeded, moment: datetime, seq: int) -> Iterator[tuple[object, ...]]:
    at = moment_text(moment)
    command = json.dumps({"command": "make test", "exit_code": 0, "output": "12 passed\n" * 12, "duration_ms": 1200, "cwd": "."})
    kinds = (
        ("user_message", "human", "Look at the loader, then say what you would change first.", "{}"),
        ("reasoning", "agent", "**Reading** the loader before anything else.", "{}"),
        ("command", "agent", "make test", command),
        ("agent_message", "agent", PROSE, "{}"),
    )
    for number in range(session.items - 1):
        kind, origin, text, data = kinds[number % len(kinds)]
        yield seq + number, thread_id, f"turn {number // len(kinds)}", kind, origin, text, data, at
    yield seq + session.items - 1, thread_id, "the last turn", "agent_message", "agent", session.last_words, "{}", at


async def _index(place: Place) -> None:
    async with Desk.open(place.home, env=place.env) as desk:
        await desk.search("anything")
