"""What it costs that the terminal gains or loses the focus: it happens all day long, with hundreds of blocks in sight."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.dom import DOMNode

import codex_desk
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.widgets.block import Block
from tests.tui.fakes import FakeDesk, app_on, item, opened, thread, until


async def test_only_what_had_the_focus_is_styled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = FakeDesk().put(thread("operator"))
    desk.lines["t-operator"] = [item(seq, "operator", "agent_message", f"line {seq}") for seq in range(5)]
    app = app_on(desk, last="operator")
    styled: list[DOMNode] = []
    async with opened(app) as pilot:
        assert isinstance(app.screen, MainScreen)
        composer = app.screen.panes.active.composer
        update_nodes = app.stylesheet.update_nodes

        def recorded(nodes: Iterable[DOMNode], **more: Any) -> None:
            nodes = list(nodes)
            styled.extend(nodes)
            update_nodes(nodes, **more)

        monkeypatch.setattr(app.stylesheet, "update_nodes", recorded)
        for event, focused in ((events.AppBlur(), False), (events.AppFocus(), True)):
            styled.clear()
            app.post_message(event)
            await until(pilot, lambda focused=focused: app.app_focus == composer.has_focus == focused)
            assert composer in styled
            assert app.screen not in styled
            assert not any(isinstance(node, Block) for node in styled)


async def test_no_rule_makes_anything_look_different_in_a_terminal_without_the_focus() -> None:
    app = app_on(FakeDesk().put(thread("operator")), last="operator")
    async with opened(app):
        app.stylesheet.read_all(sorted(Path(codex_desk.__file__).parent.rglob("*.tcss")))
        selectors = [each.selectors for rule in app.stylesheet.rules for each in rule.selector_set]
    waiting = [
        names
        for names in selectors
        if any(one.name in ("App", "DeskApp", "TerminalApp") and not one.pseudo_classes.isdisjoint(("focus", "blur")) for one in names)
    ]
    assert {one.name for one in chain.from_iterable(waiting)} == {"App", "HeaderTitle"}, "TerminalApp.update_styles leaves such rules out"
