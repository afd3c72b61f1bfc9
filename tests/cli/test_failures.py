from __future__ import annotations

import errno

import click
import pytest

from codex_desk.cli.failures import failure_of
from codex_desk.engine.errors import Refusal


@pytest.mark.parametrize(
    ("error", "exit_code", "code"),
    [
        (Refusal("cycle", "would make a cycle"), 1, "cycle"),
        (click.BadParameter("no number"), 1, "bad_value"),
        (click.MissingParameter("which thread"), 2, "usage"),
        (click.NoSuchOption("--bogus"), 2, "usage"),
        (click.exceptions.NoSuchCommand("sned"), 2, "usage"),
        (click.UsageError("one too many"), 2, "usage"),
        (click.Abort(), 130, "interrupted"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "disk_full"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 1, "os_error"),
    ],
)
def test_every_foreseen_error_has_its_exit_code_and_its_code_for_scripts(error: BaseException, exit_code: int, code: str) -> None:
    failure = failure_of(error)
    assert failure is not None
    assert (failure.exit, failure.code) == (exit_code, code)


def test_an_error_alone_in_a_group_is_that_error() -> None:
    failure = failure_of(ExceptionGroup("tasks", [Refusal("detached", "reviewer is not attached")]))
    assert failure is not None
    assert failure.to_json() == {"error": {"code": "detached", "message": "reviewer is not attached"}}


def test_an_error_that_nobody_foresaw_is_not_explained_away() -> None:
    assert failure_of(ZeroDivisionError()) is None


def test_a_file_error_names_the_file() -> None:
    failure = failure_of(PermissionError(errno.EACCES, "Permission denied", "/x/desk.db"))
    assert failure is not None
    assert failure.message == "/x/desk.db: Permission denied"
