from __future__ import annotations

import pytest

from codex_desk.tui.model.bookkeeping import is_bookkeeping
from tests.tui.fakes import item


@pytest.mark.parametrize("data", [{"event": "started", "quiet": True}, {"event": "returned", "quiet": True}, {"event": "started"}])
def test_a_line_that_another_line_tells_as_well_is_bookkeeping(data: dict[str, object]) -> None:
    assert is_bookkeeping(item(1, "operator", "notice", "reviewer started #3", **data))


@pytest.mark.parametrize(("kind", "event"), [("notice", "answered"), ("notice", "attached"), ("message_out", "sent"), ("notice", "")])
def test_what_happened_is_not(kind: str, event: str) -> None:
    assert not is_bookkeeping(item(1, "operator", kind, "#3 answered", event=event))
