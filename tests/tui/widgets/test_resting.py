from __future__ import annotations

from textual.app import App, ComposeResult

from codex_desk.tui.widgets.resting import BLINKS, RestingTextArea


class Writing(App[None]):
    def compose(self) -> ComposeResult:
        yield RestingTextArea()


async def test_the_cursor_comes_to_rest_where_it_can_be_seen_and_blinks_again_after_a_key() -> None:
    app = Writing()
    async with app.run_test() as pilot:
        area = app.query_one(RestingTextArea)
        area.focus()
        await pilot.pause()
        assert area.blink_timer._active.is_set()
        for _ in range(BLINKS):
            area._toggle_cursor_blink_visible()
        assert area._cursor_visible
        assert not area.blink_timer._active.is_set()
        await pilot.press("a")
        assert area.blink_timer._active.is_set()
