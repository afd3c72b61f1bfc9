"""Panes and the sidebar."""

from __future__ import annotations

from codex_desk.tui.commands import Command
from codex_desk.tui.deck import Deck
from codex_desk.tui.grammar import Call


async def split(deck: Deck, call: Call) -> None:
    await deck.stage.split_pane()


async def close(deck: Deck, call: Call) -> None:
    await deck.stage.close_pane()


async def sidebar(deck: Deck, call: Call) -> None:
    deck.stage.toggle_sidebar()


def _pane(number: int) -> Command:
    async def focus(deck: Deck, call: Call) -> None:
        deck.stage.focus_pane(number)

    return Command(f"pane-{number}", f"go to pane {number}", focus, key=str(number), slash=False)


COMMANDS = (
    Command("split", "another pane beside this one", split, key="v", palette="Split: another pane", slash=False),
    Command("close", "close this pane; its thread goes on", close, key="c", palette="Close this pane", slash=False),
    Command("sidebar", "show or hide the sidebar", sidebar, key="s", palette="Show or hide the sidebar", slash=False),
    *(_pane(number) for number in range(1, 5)),
)
