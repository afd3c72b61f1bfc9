"""What the footer says: keys that work where the focus is, and what the thread's turns run on."""

from __future__ import annotations

from textual.screen import Screen

from codex_desk.engine.views import ThreadView
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.catalog import TABLE
from codex_desk.tui.failures import reason_of
from codex_desk.tui.widgets.composer import Composer
from codex_desk.tui.widgets.sidebar import Sidebar
from codex_desk.tui.widgets.status import key_name

LEADER_HINTS = ("attach", "detach", "split")


def hints_for(screen: Screen[None], leader: str) -> list[tuple[str, str]]:
    """(key, what it does), the most useful first; `leader` is how the leader key is written."""
    focused = screen.focused
    hints = [("/", "commands")] if isinstance(focused, Composer) else []
    own: dict[str, str] = {}
    for active in screen.active_bindings.values():
        if active.node is focused and active.binding.show and active.binding.description:
            own.setdefault(active.binding.description, key_name(active.binding.key))
    if not isinstance(focused, Composer):
        hints += [(key, words) for words, key in own.items()]
    if isinstance(focused, Sidebar):
        hints += [(one.row_key, one.name) for one in TABLE.row_actions()]
    else:
        hints += [(f"{leader} {TABLE[name].key}", name) for name in LEADER_HINTS]
    return [*hints, ("F6", "next"), ("F1", "help")]


def settings_trouble(bridge: Bridge, thread: ThreadView | None) -> str:
    """What is wrong with the settings, and what to do; empty where all of them count."""
    if bridge.desk is None or thread is None:
        return ""
    try:
        warnings = [str(one) for one in bridge.desk.settings(thread.id).warnings]
    except Exception as error:
        return f"{reason_of(error)}. No turn starts before that is mended; it is read again with every turn"
    if not warnings:
        return ""
    more = f" (and {len(warnings) - 1} more: codex-desk config show)" if len(warnings) > 1 else ""
    return f"settings: {warnings[0]}{more}"


def runs_on(bridge: Bridge, thread: ThreadView | None) -> str:
    """`native · gpt-5.1 · workspace-write`; where nothing holds the sandbox, that it guards against accident only."""
    if thread is None:
        return ""
    desk = bridge.desk
    if desk is None:
        return " · ".join(part for part in (thread.runtime, thread.model) if part)
    try:
        settings = desk.settings(thread.id).settings
    except Exception as error:
        reason_of(error)
        return "settings cannot be used"
    mode = settings.sandbox_mode
    if bridge.tier == "none" and mode != "danger-full-access":
        mode = f"{mode}, against accident only"
    model = "" if thread.runtime == "offline" else thread.model or settings.model
    return " · ".join(part for part in (thread.runtime, model, mode) if part)
