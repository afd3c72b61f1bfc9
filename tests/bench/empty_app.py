"""The least that a Textual app can be; what a first paint is compared with."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Label


class EmptyApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Label("nothing at all")


if __name__ == "__main__":
    EmptyApp().run()
