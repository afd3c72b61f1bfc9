"""What a benchmark found, and the table of it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

FLAT = 1.2
"""A hundred times as much costs no more than this many times as much."""
HEADINGS = ("what", "measured", "best", "budget", "of it", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: `value` is held against `budget`, in the same unit. `best`: the best single sample, None where there is only one."""

    what: str
    value: float
    budget: float | None
    """None for a figure that only stands beside others."""
    unit: str
    best: float | None = None
    at_least: bool = False
    """The budget is a floor, not a ceiling."""

    @property
    def reached(self) -> bool:
        if self.budget is None:
            return True
        return self.value >= self.budget if self.at_least else self.value <= self.budget

    @property
    def row(self) -> tuple[str, ...]:
        best = "" if self.best is None else _number(self.best, self.unit)
        if self.budget is None:
            return (self.what, _number(self.value, self.unit), best, "", "", "")
        bound = f"{'≥' if self.at_least else '≤'} {_number(self.budget, self.unit)}"
        part = f"{self.value / self.budget:.0%}" if self.budget else ""
        return (self.what, _number(self.value, self.unit), best, bound, part, "reached" if self.reached else "NOT reached")


def middle(what: str, samples: Sequence[float], budget: float | None, unit: str = "ms") -> Figure:
    """The median of the samples against a ceiling, if there is one."""
    return Figure(f"{what}, median of {len(samples)}", statistics.median(samples), budget, unit, min(samples))


def against(what: str, samples: Sequence[float], base: Sequence[float], budget: float | None) -> Figure:
    """Each sample divided by the one that was taken beside it, on the same machine in the same second; the median of that, against a ceiling."""
    return middle(what, [one / other for one, other in zip(samples, base, strict=True)], budget, "×")


def flat(what: str, many: Sequence[float], few: Sequence[float]) -> Figure:
    """What a hundred times as much costs, as a multiple: the median of one by the median of the other."""
    return Figure(what, statistics.median(many) / statistics.median(few), FLAT, "×", min(many) / min(few))


def slow_end(what: str, samples: Sequence[float], budget: float | None, unit: str = "ms") -> Figure:
    """The 95th percentile of the samples against a ceiling, if there is one."""
    return Figure(f"{what}, p95 of {len(samples)}", percentile(samples, 0.95), budget, unit, min(samples))


def percentile(samples: Sequence[float], part: float) -> float:
    """The smallest sample that at least this part of the samples does not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def table(figures: Sequence[Figure]) -> str:
    """The figures under headings, in columns."""
    rows = [HEADINGS, *(figure.row for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers, verdict = row
    cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True)), verdict]
    return "  ".join(cells).rstrip()


def _number(value: float, unit: str) -> str:
    digits = 2 if unit in ("×", "% of a core") else 0 if abs(value) >= 1000 else 1
    return f"{value:,.{digits}f} {unit}".replace(",", " ")
