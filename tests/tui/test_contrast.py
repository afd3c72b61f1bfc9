"""What is written on the real screen can be read, in every theme that has colours of its own: every cell of every part, as it is drawn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.color import Color as RichColour
from textual.color import Color
from textual.pilot import Pilot
from textual.selection import SELECT_ALL

from codex_desk.engine.views import Candidate, LiveTurn, MessageView
from codex_desk.rights import Rights
from codex_desk.tui.app import DeskApp
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.settings.themes import load_themes
from tests.tui.fakes import FOLDER, NOW, FakeDesk, app_on, approval, attached, item, opened, subagent, thread, until

LEAST, LEAST_IN_HIGH_CONTRAST = 4.5, 7.0
"""WCAG 2.2: 1.4.3 for text, 1.4.6 for a theme of high contrast."""
DRAWN = range(0x2500, 0x25A0)
"""Lines and blocks, which are no text."""

SAID = """# A heading

A paragraph with **bold**, *italic*, `code` and [a link](https://example.org).

> quoted

- one
- two

| step | who |
|---|---|
| fix | implementor |

```python
# a comment
def load(path: str) -> int:
    \"\"\"What it does.\"\"\"
    return 2 + len("text")  # done
```
"""
DIFF = '@@ -1,3 +1,3 @@ def load():\n def load():\n-    return 1\n+    return "two"\n'


def office() -> FakeDesk:
    """Something of every kind."""
    desk = FakeDesk().put(
        thread("operator", "waiting", context_tokens=18_200),
        attached("reviewer", "operator", "running"),
        subagent("scout-1", "operator", "finished"),
        thread("implementor", "needs_human", reason="make test?"),
        thread("broken", "error", reason="the endpoint does not answer"),
        thread("auditor"),
    )
    desk.lines["t-operator"] = [
        item(1, "operator", "user_message", "Review the diff."),
        item(2, "operator", "reasoning", "thinking aloud"),
        item(3, "operator", "agent_message", SAID),
        item(4, "operator", "tool_call", "", tool="read", arguments={"path": "a.py"}, result="text", ok=True, duration_ms=90),
        item(
            5, "operator", "tool_call", "", tool="grep", arguments={"text": "x"}, result="refused: no such file", ok=False, duration_ms=90
        ),
        item(6, "operator", "command", "make", command="make", exit_code=2, output="one\ntwo", duration_ms=1200, sandbox="bubblewrap"),
        item(7, "operator", "file_change", "", changes=[{"path": "a.py", "kind": "update", "diff": DIFF}]),
        item(8, "operator", "plan", "", steps=[{"step": "look", "status": "completed"}, {"step": "mend", "status": "pending"}]),
        item(9, "operator", "notice", "reviewer attached", event="attached", peer="reviewer"),
        item(10, "operator", "message_out", "Look at it.", message=42, peer="reviewer", peer_id="t-reviewer", event="sent"),
        item(11, "operator", "message_in", "Two findings.", message=41, peer="reviewer", peer_id="t-reviewer", event="answered"),
        item(12, "operator", "compaction", "the history was shortened"),
    ]
    desk.messages = {43: MessageView(43, "operator", "t-operator", "human", "after_turn", "queued", "Then write the minutes.", NOW)}
    desk.turns["t-operator"] = LiveTurn("turn-1", "t-operator", NOW, "human", 41, Rights())
    desk.pending = [approval(7, "implementor", "make test", why="it writes outside the folder")]
    desk.ranked = [
        Candidate(desk.rows["t-auditor"]),
        Candidate(desk.rows["t-reviewer"], refused="would make a cycle: reviewer → operator → reviewer"),
    ]
    return desk


@dataclass(frozen=True)
class Cell:
    """A piece of text as it is drawn."""

    text: str
    ink: Color
    ground: Color

    @property
    def contrast(self) -> float:
        lighter, darker = sorted((luminance(self.ink), luminance(self.ground)), reverse=True)
        return (lighter + 0.05) / (darker + 0.05)

    def __str__(self) -> str:
        return f"{self.text.strip()[:40]!r} {self.ink.hex} on {self.ground.hex}: {self.contrast:.2f}"


def luminance(colour: Color) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def written(app: DeskApp) -> Iterator[Cell]:
    """All text on the screen; under a dialog, the dialog's alone."""
    screen = app.screen
    region = screen.query_one(".box").region if isinstance(screen, Dialog) else screen.region
    for row, strip in enumerate(screen._compositor.render_strips()):
        if not region.y <= row < region.bottom:
            continue
        for segment in strip.crop(region.x, region.right):
            text = "".join(letter for letter in segment.text if ord(letter) not in DRAWN)
            style = segment.style
            if text.strip() and style is not None and style.color is not None and style.bgcolor is not None:
                yield Cell(text, of_rich(style.color), of_rich(style.bgcolor))


def of_rich(colour: RichColour) -> Color:
    triplet = colour.get_truecolor()
    return Color(triplet.red, triplet.green, triplet.blue)


def desk_of(pilot: Pilot[Any]) -> MainScreen:
    screen = pilot.app.screen
    assert isinstance(screen, MainScreen)
    return screen


async def dialog(pilot: Pilot[Any], line: str) -> None:
    desk_of(pilot).run_line(line)
    await until(pilot, lambda: isinstance(pilot.app.screen, Dialog) and bool(pilot.app.screen.query(".box")))


async def selected(pilot: Pilot[Any]) -> None:
    transcript = desk_of(pilot).panes.active.transcript
    desk_of(pilot).sidebar.focus()
    transcript.action_move(-1)
    pilot.app.screen.selections = dict.fromkeys(transcript.children, SELECT_ALL)


async def suggested(pilot: Pilot[Any]) -> None:
    desk_of(pilot).panes.active.composer.insert("/a")


SCENES: dict[str, Callable[[Pilot[Any]], Awaitable[object]]] = {
    "the desk": suggested,
    "a selection": selected,
    "settings": lambda pilot: dialog(pilot, "/settings"),
    "attach": lambda pilot: dialog(pilot, "/attach"),
}
THEMES = [theme for theme in load_themes(FOLDER / "nowhere")[0] if not theme.ansi]


async def back(pilot: Pilot[Any]) -> None:
    """To the composer of the desk, with nothing in it."""
    if isinstance(screen := pilot.app.screen, Dialog):
        screen.action_leave()
        await until(pilot, lambda: isinstance(pilot.app.screen, MainScreen))
    desk = desk_of(pilot)
    desk.clear_selection()
    desk.panes.active.composer.focus()
    desk.panes.active.composer.clear_draft()


async def test_every_text_on_every_part_of_the_screen_can_be_read_in_every_theme() -> None:
    app = app_on(office(), last="operator")
    faint: set[str] = set()
    async with opened(app, (110, 60)) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        for theme in THEMES:
            app.wardrobe.wear(theme.name)
            await pilot.pause()
            least = LEAST_IN_HIGH_CONTRAST if theme.name == "desk-contrast" else LEAST
            for scene, play in SCENES.items():
                await play(pilot)
                await pilot.pause()
                faint |= {f"{theme.name}, {scene}: {cell}" for cell in written(app) if cell.contrast < least}
                await back(pilot)
    assert sorted(faint) == []
