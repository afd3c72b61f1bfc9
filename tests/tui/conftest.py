from __future__ import annotations

import math

import pytest


@pytest.fixture(autouse=True)
def no_frame_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is busy with other things every frame takes long; what a test looks at must be there all the same."""
    monkeypatch.setattr("codex_desk.tui.pacing.AT_ONCE_S", math.inf)
