from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codex_desk.engine.sessions import Set
from codex_desk.tui.hints import runs_on
from tests.tui.fakes import FakeDesk, app_on, opened, thread, until


@dataclass
class Counting(FakeDesk):
    looked_up: int = 0

    def settings(self, thread_id: str | None = None, cwd: Path | None = None) -> Any:
        self.looked_up += 1
        return super().settings(thread_id, cwd)


async def test_what_a_thread_runs_on_is_looked_up_once_until_it_or_a_file_changes(tmp_path: Path) -> None:
    desk = Counting()
    desk.put(thread("operator", project=str(tmp_path / "repo")))
    app = app_on(desk, home=tmp_path)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        operator = app.bridge.threads[0]
        words = runs_on(app.bridge, operator)
        before = desk.looked_up
        assert [runs_on(app.bridge, operator) for _ in range(50)] == [words] * 50
        assert desk.looked_up == before
        (tmp_path / "settings.toml").write_text('model = "x"\n')
        runs_on(app.bridge, operator)
        assert desk.looked_up == before + 1
        await app.bridge.do(Set(operator.id, "model", "y"))
        runs_on(app.bridge, operator)
        assert desk.looked_up == before + 2


@pytest.mark.parametrize(
    ("tier", "words"), [("bubblewrap", "native · gpt-5.1 · workspace-write"), ("none", "workspace-write, against accident only")]
)
async def test_a_sandbox_that_does_not_hold_is_said(tier: str, words: str) -> None:
    app = app_on(FakeDesk(tier=tier).put(thread("operator")))
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.tier == tier)
        assert runs_on(app.bridge, app.bridge.threads[0]).endswith(words)
