"""Pieces of rollouts as rows: which thread they belong to, and what they say of it as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from codex_desk.engine.events import HistoryChanged
from codex_desk.engine.history_items import INSERT_HISTORY, INSERT_THREAD, Batch, Before, Placed, keep_file
from codex_desk.engine.history_report import HistoryReport
from codex_desk.engine.journal import Tx
from codex_desk.engine.reading import Reader
from codex_desk.paths import project_of
from codex_desk.rollouts.folder import Found, Known
from codex_desk.rollouts.reading import Piece
from codex_desk.rollouts.shapes import Facts, Summary
from codex_desk.store.tables import moment_text

UPDATE_THREAD = (
    "UPDATE thread SET title = coalesce(?, CASE WHEN title = '' THEN ? END, title), last_line = coalesce(?, last_line),"
    " last_activity_at = max(last_activity_at, ?), changed = ? WHERE id = ? AND status = 'history'"
)
UNTITLE = (
    "UPDATE thread SET title = '' WHERE id = ? AND kind = 'session' AND status = 'history'"
    " AND NOT EXISTS (SELECT 1 FROM history WHERE thread_id = thread.id AND name IS NOT NULL)"
)
"""A file that is read again from its start may begin with something else, and its thread is called by that."""
UPDATE_HISTORY = (
    "UPDATE history SET name = coalesce(?, name), model = coalesce(?, model), outcome = coalesce(?, outcome), answer = coalesce(?, answer),"
    " archived = ?, fresh = 1 WHERE thread_id = ?"
)
EPOCH = "1970-01-01T00:00:00.000000Z"


@dataclass(slots=True)
class _Round:
    """What one commit brings. It counts once the commit is durable: one that is undone is tried again from the start."""

    report: HistoryReport = field(default_factory=lambda: HistoryReport(""))
    threads: set[str] = field(default_factory=set)
    segments: set[str] = field(default_factory=set)


class Keeper:
    """Writes pieces of one import. It knows which threads are there, so that a new file costs no question."""

    def __init__(self, reader: Reader, report: HistoryReport, files: Mapping[str, tuple[Found, Known | None]]) -> None:
        self.report = report
        self._files = files
        self._threads = {row["id"] for row in reader.rows("SELECT id FROM thread WHERE status = 'history'")}
        self._desk: set[str] = set()
        """Threads that live on the desk, by their ids and by those that Codex has for them."""
        self._looked = 0
        """The number of the desk up to which `_desk` is known."""
        self._projects: dict[str, str] = {}
        self._begun: set[str] = set()
        """Segments of which a piece was kept in this import."""
        self._round = _Round()

    def keep(self, tx: Tx, pieces: Sequence[Piece]) -> None:
        """Write pieces, in one transaction."""
        self._round = _Round()
        self._look(tx)
        batch = Batch(tx.driver)
        touched = {thread_id for piece in pieces if (thread_id := self._keep(tx, batch, piece)) is not None}
        batch.write()
        if touched:
            tx.tell(HistoryChanged(tuple(sorted(touched))))

    def settled(self) -> None:
        """What was kept is durable."""
        done, self._round = self._round, _Round()
        self._threads |= done.threads
        self._begun |= done.segments
        self.report.add(done.report)

    def _look(self, tx: Tx) -> None:
        """Which threads live on the desk, and were perhaps history a moment ago: their runtime tells of them, and not the file."""
        rows = tx.driver.execute(
            "SELECT id, external_id FROM thread WHERE changed >= ? AND status != 'history'", (self._looked,)
        ).fetchall()
        self._desk.update(each for row in rows for each in row if each is not None)
        self._looked = tx.next_seq

    def _keep(self, tx: Tx, batch: Batch, piece: Piece) -> str | None:
        """Write one piece; the thread that changed by it."""
        segment_id = piece.task.segment_id
        found, known = self._files[segment_id]
        before = None
        if known is not None or segment_id in self._begun or segment_id in self._round.segments:
            batch.write()
            before = Before.of(tx.driver, segment_id)
        named = piece.facts.thread_id if piece.facts is not None else None
        thread_id = named or (before.thread_id if before is not None else None) or found.name.thread_id
        if thread_id in self._desk:
            self._round.report.on_desk += 1
            return None
        self._account(piece, found, known)
        if piece.stamp is None:
            return None
        changed = piece.items or piece.patches or piece.raw or piece.facts is not None or piece.again
        if thread_id not in self._threads and thread_id not in self._round.threads:
            if not changed:  # not one whole line yet: whose it is will be seen
                keep_file(batch, piece, found, None, before, Placed(tx, batch, thread_id, before, piece, self._round.report))
                return None
            self._add_thread(tx, batch, thread_id, piece, found)
        elif changed or piece.fates:
            batch.write()
            self._update_thread(tx, thread_id, piece, found, before)
        placed = Placed(tx, batch, thread_id, before, piece, self._round.report)
        placed.write()
        keep_file(batch, piece, found, thread_id, before, placed)
        return thread_id if changed else None

    def _account(self, piece: Piece, found: Found, known: Known | None) -> None:
        report, segment_id = self._round.report, piece.task.segment_id
        report.bytes_read += piece.bytes_read
        for fate, number in piece.fates.items():
            report.lines[fate] += number
        report.repaired += piece.repaired
        if piece.problem is not None:
            report.problems.append((found.path, piece.problem))
        if segment_id in self._begun or segment_id in self._round.segments:
            return
        self._round.segments.add(segment_id)
        if known is None:
            report.new += 1
            report.without_meta += piece.facts is None and piece.stamp is not None and piece.bytes_read > 0
        elif piece.again:
            report.rewritten += 1
        elif piece.bytes_read:
            report.grown += 1

    # --- threads --------------------------------------------------------------------------------------------------------------------------

    def _add_thread(self, tx: Tx, batch: Batch, thread_id: str, piece: Piece, found: Found) -> None:
        facts, summary = piece.facts or Facts(thread_id), piece.summary
        created = facts.created_at or made_at(thread_id) or EPOCH
        kind = "subagent" if facts.subagent else "session"
        batch.add(
            INSERT_THREAD,
            (
                thread_id,
                self._project(facts.cwd),
                summary.name or _name(facts) or summary.title or "",
                kind,
                facts.cwd,
                created,
                summary.last_at or created,
                thread_id,
                None if facts.side_chat else facts.forked_from,
                facts.forked_from if facts.side_chat else None,
                summary.last_line or "",
                tx.take_seq(),
            ),
        )
        words = (facts.cli_version, facts.originator, facts.source, facts.nickname, facts.role, facts.agent_path, facts.branch)
        ends = (summary.outcome, summary.answer, facts.dynamic_tools, facts.own_instructions)
        batch.add(INSERT_HISTORY, (thread_id, summary.name, summary.model, *words, found.archived, facts.parent_id, *ends))
        self._round.threads.add(thread_id)
        self._round.report.threads_new += 1

    def _update_thread(self, tx: Tx, thread_id: str, piece: Piece, found: Found, before: Before | None) -> None:
        """What the lines say of the thread as a whole. Those of an earlier file, which came later, say nothing of how it ended."""
        summary = piece.summary
        if piece.facts is not None and (before is not None or found.name.segment_id == thread_id):
            self._identify(tx, thread_id, piece.facts)
        if piece.again and found.name.segment_id == thread_id:
            tx.driver.execute(UNTITLE, (thread_id,))
        [latest] = tx.driver.execute("SELECT last_activity_at FROM thread WHERE id = ?", (thread_id,)).fetchone()
        ends = summary if piece.again or (summary.last_at or "") >= latest else Summary()
        values = (summary.name, summary.title, ends.last_line, summary.last_at or "", tx.take_seq(), thread_id)
        tx.driver.execute(UPDATE_THREAD, values)
        tx.driver.execute(UPDATE_HISTORY, (summary.name, ends.model, ends.outcome, ends.answer, found.archived, thread_id))

    def _identify(self, tx: Tx, thread_id: str, facts: Facts) -> None:
        """Who the thread is, where that came later than lines of it. What its first file says counts, and not what one says that it went on in."""
        first = tx.driver.execute(
            "SELECT 1 FROM rollout WHERE segment_id = ? AND segment_id = thread_id AND items > 0", (thread_id,)
        ).fetchone()
        known = tx.driver.execute("SELECT 1 FROM history WHERE thread_id = ? AND cli_version != ''", (thread_id,)).fetchone()
        if first is not None and known is not None and facts.base_segment is not None:
            return
        kind, made = "subagent" if facts.subagent else "session", facts.created_at or made_at(thread_id) or EPOCH
        side, fork = (facts.forked_from, None) if facts.side_chat else (None, facts.forked_from)
        tx.driver.execute(
            "UPDATE thread SET project = ?, cwd = ?, kind = ?, created_at = ?, forked_from = ?, side_chat_of = ?,"
            " title = coalesce((SELECT name FROM history WHERE thread_id = thread.id), ?, title) WHERE id = ? AND status = 'history'",
            (self._project(facts.cwd), facts.cwd, kind, made, fork, side, _name(facts) or None, thread_id),
        )
        words = (facts.cli_version, facts.originator, facts.source, facts.nickname, facts.role, facts.agent_path, facts.branch)
        tx.driver.execute(
            "UPDATE history SET cli_version = ?, originator = ?, source = ?, nickname = ?, role = ?, agent_path = ?, branch = ?,"
            " parent_id = ?, dynamic_tools = ?, own_instructions = ? WHERE thread_id = ?",
            (*words, facts.parent_id, facts.dynamic_tools, facts.own_instructions, thread_id),
        )

    def _project(self, cwd: str) -> str:
        """The project of a folder that a file names; one that is not there, or is no path of this system, is its own."""
        project = self._projects.get(cwd)
        if project is None:
            project = cwd
            if cwd.startswith("/") and "\0" not in cwd:
                try:
                    project = str(project_of(Path(cwd)))
                except (OSError, RuntimeError):  # a name that is too long, a circle of links
                    project = cwd
            self._projects[cwd] = project
        return project


def _name(facts: Facts) -> str:
    """What a subagent is called."""
    return facts.nickname or (facts.agent_path or "").rpartition("/")[2] or facts.role or (facts.source if facts.subagent else "")


def made_at(thread_id: str) -> str | None:
    """When a thread was made, by its id (a UUIDv7); None where that does not say."""
    if thread_id[14:15] != "7":
        return None
    try:
        return moment_text(datetime.fromtimestamp(int(thread_id[:8] + thread_id[9:13], 16) / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        return None
