"""`import`: Codex's history, brought into the desk to be read and searched."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.history_report import HistoryReport


@command("import")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--follow", is_flag=True, help="Go on bringing what Codex writes.")
@on_desk
async def import_command(desk: Desk, out: Output, path: Path | None, follow: bool) -> None:
    """Bring what is new of PATH: a Codex home (by default CODEX_HOME), a folder of rollouts, or one file.

    Only what was added since the last time is read. What Codex wrote is never changed; a second import brings nothing twice.
    """
    teller = _Teller(out)
    if not follow:
        _collect_seldom()
        report = await desk.import_history(path, teller.show)
        teller.end()
        out.give(report.to_json(), report_lines(report))
        return
    async for report in desk.follow_history(path, teller.show):
        teller.end()
        out.stream(report.to_json(), report_lines(report))


def _collect_seldom() -> None:
    """What an import holds is a few batches of plain values, with no circle in them: looking for circles all the time would cost a tenth of
    it."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


class _Teller:
    """How far it has come, on a terminal: one line that is written over."""

    def __init__(self, out: Output) -> None:
        self._shows = not out.json and sys.stderr.isatty()
        self._wrote = False

    def show(self, report: HistoryReport) -> None:
        done = report.new + report.grown + report.rewritten
        if self._shows and done:
            print(f"\r{done} of {report.files - report.same} files, {_size(report.bytes_read)}", end="", file=sys.stderr, flush=True)
            self._wrote = True

    def end(self) -> None:
        if self._wrote:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._wrote = False


def report_lines(report: HistoryReport) -> list[str]:
    """The report for people: what was done, how the history stands, what could not be understood."""
    lines = [f"{report.root}: {_files(report)}"]
    lines.append(
        f"{_count(report.threads_new, 'new thread')}, {_count(report.items_new, 'new item')}"
        f"{f', {report.items_changed} changed' if report.items_changed else ''}{f', {report.items_removed} removed' if report.items_removed else ''}"
        f"; in all {_count(report.threads, 'thread')}, {_count(report.items, 'item')}"
    )
    lines.append(f"relations: {report.linked} linked, {report.pending} pending, {report.orphaned} orphaned; {report.sealed} sealed")
    lines += [f"  {_kind(kind)}: {_words(counts)}" for kind, counts in report.kinds.items()]
    if report.lines:
        fates = ", ".join(f"{number} {LINES[fate]}" for fate, number in report.lines.most_common() if fate in LINES)
        lines.append(f"lines: {sum(report.lines.values())} read: {fates}")
    if report.repaired:
        lines.append(f"{_count(report.repaired, 'line')} with bytes that are no text; a mark stands in their place")
    if report.unknown:
        lines.append("not understood, and kept as they are:")
        lines += [f"  {number} × {kind}" for kind, number in report.unknown.items()]
    lines += [f"not read: {path}: {reason}" for path, reason in report.problems]
    return lines


LINES = {
    "item": "shown",
    "copy": "that say a thing again",
    "bookkeeping": "of bookkeeping",
    "context": "of context that Codex gave its model",
    "inherited": "that a child's file copies from its parent's",
    "unknown": "not understood",
}
"""What became of lines, in words."""


def _files(report: HistoryReport) -> str:
    did = {
        "new": report.new,
        "grown": report.grown,
        "rewritten": report.rewritten,
        "moved": report.moved,
        "as they were": report.same,
        "gone": report.gone,
        "of sessions on the desk": report.on_desk,
        "twice there": report.twice,
        "without a line that says whose they are": report.without_meta,
    }
    told = ", ".join(f"{number} {words}" for words, number in did.items() if number)
    size = f", {_size(report.bytes_read)} read" if report.bytes_read else ""
    beside = f"; {_count(report.others, 'other file')} beside" if report.others else ""
    return f"{_count(report.files, 'file')}{f': {told}' if told else ''}{size}{beside}"


def _kind(kind: str) -> str:
    return kind.replace("_", " ")


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _size(size: int) -> str:
    if size < 1e6:
        return f"{size / 1e3:.0f} kB"
    return f"{size / 1e6:.1f} MB" if size < 1e8 else f"{size / 1e6:.0f} MB"
