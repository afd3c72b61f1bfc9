"""Columns that give way, and the audit's own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from codex_desk.engine.views import AuditView
from codex_desk.tui.model import record
from codex_desk.tui.model.columns import GAP, Column, fitted_columns
from tests.tui.fakes import NOW

WISHES = (Column("at", 8), Column("thread", 40, least=8), Column("peer", 40, from_width=90, least=8))


def test_a_column_takes_what_its_widest_value_takes() -> None:
    assert fitted_columns(WISHES, (8, 12, 9), 120, 20) == {"at": 8, "thread": 12, "peer": 9}


def test_a_narrow_list_leaves_columns_out_and_cuts_the_widest_to_what_still_says_something() -> None:
    assert fitted_columns(WISHES, (8, 40, 9), 60, 24) == {"at": 8, "thread": 24}
    assert fitted_columns(WISHES, (8, 40, 9), 30, 24) == {"at": 8, "thread": 8}


def test_a_column_without_values_is_not_shown() -> None:
    assert fitted_columns(WISHES, (8, 12, 0), 120, 20) == {"at": 8, "thread": 12}


@pytest.mark.parametrize(("width", "names"), [(71, ["at", "kind", "thread"]), (190, ["seq", "at", "kind", "thread", "peer", "by"])])
def test_the_audit_fits_at_80_columns_and_tells_all_at_200(width: int, names: list[str]) -> None:
    events = [AuditView(n, "approval_refused", "automation", "a" * 40, "t", "b" * 40, "#1", NOW - timedelta(days=n), "") for n in range(2)]
    widest = record.Widest()
    assert widest.columns(NOW, width) == {}
    for event in events:
        widest.take([event])
    widths = widest.columns(NOW, width)
    assert list(widths) == names
    assert sum(widths.values()) + GAP * len(widths) + record.TEXT <= width


def test_a_time_is_as_long_as_it_has_to_be() -> None:
    today, before = NOW - timedelta(minutes=5), NOW - timedelta(days=40)
    assert record.told_time(today, NOW, 70) == today.astimezone().strftime("%H:%M:%S")
    assert record.told_time(before, NOW, 70) == before.astimezone().strftime("%m-%d %H:%M")
    assert record.told_time(today, NOW, 150) == today.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def test_a_kind_that_there_is_not_is_named() -> None:
    assert record.unknown_values(("app", "foo"), ("approval_asked", "sent")) == ["foo"]
