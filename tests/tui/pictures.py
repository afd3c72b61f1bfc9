"""Pictures of a screen: at two sizes, dark and light, taken from one run of the application, which thereby has to stand a resize and another theme."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from pytest_textual_snapshot import normalize_svg
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from codex_desk.tui.app import DeskApp
from codex_desk.tui.screens.first_run import FirstRun
from tests.tui.fakes import shown, until

SIZES = ((80, 24), (120, 40))
THEMES = ("desk-dark", "desk-light")
LONG_ENOUGH_S = 1.0
Steps = Callable[[Pilot[int]], Awaitable[None]]


class Pictures:
    """Compares what is on the screen with what was there when somebody looked."""

    def __init__(self, snapshot: SnapshotAssertion, folder: Path, name: str) -> None:
        """`folder` holds the pictures of a module, `name` begins those of a test."""
        self._snapshot = snapshot
        self._folder, self._name = folder, name

    async def __call__(
        self,
        app: DeskApp,
        *keys: str,
        until_shown: str = "",
        steps: Steps | None = None,
        sizes: Sequence[tuple[int, int]] = SIZES,
        themes: Sequence[str] = THEMES,
    ) -> None:
        """Press the keys and take the steps once the engine is open, wait for a text, and compare all the pictures."""
        differ: list[str] = []
        async with app.run_test(size=sizes[-1]) as pilot:
            await until(pilot, lambda: app.bridge.desk is not None or isinstance(app.screen, FirstRun))
            await until(pilot, lambda: "opening" not in shown(app))
            await pilot.press(*keys)
            if steps is not None:
                await steps(pilot)
            await until(pilot, lambda: until_shown in shown(app))
            for size in reversed(sizes):
                if app.size != size:
                    await pilot.resize_terminal(*size)
                for theme in themes:
                    app.theme = theme
                    name = f"{size[0]}x{size[1]}-{theme.removeprefix('desk-')}"
                    picture = await _at_rest(pilot, self._looked_at(name))
                    if self._snapshot(name=name) != picture:
                        differ.append(name)
            app.exit(0)
        await app.bridge.close()
        assert not differ, f"other than when somebody looked: {', '.join(differ)}"

    def _looked_at(self, name: str) -> str:
        """What was on the screen when somebody looked; empty where nobody has."""
        file = self._folder / f"{self._name}-{name}.svg"
        return file.read_text(encoding="utf-8") if file.exists() else ""


async def _at_rest(pilot: Pilot[int], wanted: str) -> str:
    """The picture, once it is the wanted one, or another has stood for so long that it will not become that. Taking one costs most of what such a test
    does."""
    last, since = "", time.monotonic()
    end = since + 10
    while (now := time.monotonic()) < end:
        await pilot.pause(0.03)
        picture = normalize_svg(pilot.app.export_screenshot(title="codex-desk"))
        if picture == wanted or (picture == last and now - since > LONG_ENOUGH_S):
            return picture
        if picture != last:
            last, since = picture, now
    raise AssertionError("the screen does not come to rest")
