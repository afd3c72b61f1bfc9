"""What the footer says: keys that work where the focus is, and what the thread's turns run on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

from codex_desk.engine.views import ThreadView
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.commands import CommandTable
from codex_desk.tui.failures import reason_of
from codex_desk.tui.model.keymap import Keymap
from codex_desk.tui.widgets.composer import Composer
from codex_desk.tui.widgets.sidebar import Sidebar
from codex_desk.tui.widgets.status import key_name

if TYPE_CHECKING:
    from codex_desk.config import Resolved

LEADER_HINTS = ("attach", "detach", "split")
ANYWHERE = (("region.next", "next"), ("help", "help"))
"""(binding id, what the footer calls it)."""


def leader_key(keymap: Keymap) -> str:
    """How the leader key is written."""
    return key_name(next(iter(keymap.keys.get("leader", ())), "ctrl+x"))


def keys_line(app: App[Any], *hints: tuple[type[DOMNode], str, str]) -> str:
    """`Enter change · u unset`: for each the class that binds it, the binding's id, and what it does, with the keys in force."""
    said = ((key_of(app, owner, id), words) for owner, id, words in hints)
    return " · ".join(f"{key} {words}" for key, words in said if key)


def key_of(app: App[Any], owner: type[DOMNode], id: str) -> str:
    """How the key of a binding is written; empty for one that has none."""
    from codex_desk.tui.app import DeskApp

    keys = app.keymap.keys.get(id) if isinstance(app, DeskApp) else None
    if keys is None:
        bound = (binding for binding in owner.BINDINGS if isinstance(binding, Binding) and binding.id == id)
        keys = tuple(binding.key for binding in bound)
    return key_name(keys[0]) if keys else ""


def hints_for(screen: Screen[None], table: CommandTable, leader: str) -> list[tuple[str, str]]:
    """(key, what it does), the most useful first; `leader` is how the leader key is written."""
    focused = screen.focused
    hints = [("/", "commands")] if isinstance(focused, Composer) else []
    own: dict[str, str] = {}
    anywhere: dict[str, str] = {}
    for active in screen.active_bindings.values():
        key = key_name(active.binding.key)
        if active.node is focused and active.binding.show and active.binding.description:
            own.setdefault(active.binding.description, key)
        anywhere.setdefault(active.binding.id or "", key)
    if not isinstance(focused, Composer):
        hints += [(key, words) for words, key in own.items()]
    if isinstance(focused, Sidebar):
        hints += [(key_name(one.row_key), one.name) for one in table.row_actions() if one.row_key]
    else:
        hints += [(f"{leader} {key_name(table[name].key)}", name) for name in LEADER_HINTS if table[name].key]
    return [*hints, *((anywhere[id], words) for id, words in ANYWHERE if id in anywhere)]


def settings_trouble(bridge: Bridge, thread: ThreadView | None) -> str:
    """What is wrong with the settings, and what to do; empty where all of them count."""
    if bridge.desk is None or thread is None:
        return ""
    try:
        warnings = [str(one) for one in bridge.settings(thread).warnings]
    except Exception as error:
        return f"{reason_of(error)}. No turn starts before that is mended; it is read again with every turn"
    if not warnings:
        return ""
    more = f" (and {len(warnings) - 1} more: codex-desk config show)" if len(warnings) > 1 else ""
    return f"settings: {warnings[0]}{more}"


def codex_runs_on(resolved: Resolved, thread: ThreadView) -> tuple[str, str]:
    """Model and sandbox of a thread of Codex's: what the user set here or Codex reported. Nothing of either is said where Codex has its own way."""
    sources = resolved.sources
    model = thread.model or (resolved.settings.model if sources["model"] != "default" else "")
    return model, resolved.settings.sandbox_mode if sources["sandbox_mode"] != "default" else "its own rights"


def runs_on(bridge: Bridge, thread: ThreadView | None) -> str:
    """`native · gpt-5.1 · workspace-write`; where nothing holds the sandbox, that it guards against accident only."""
    if thread is None:
        return ""
    if thread.status == "history":
        return " · ".join(part for part in ("history", thread.runtime, thread.model) if part)
    if bridge.desk is None:
        return " · ".join(part for part in (thread.runtime, thread.model) if part)
    try:
        settings = bridge.settings(thread).settings
    except Exception as error:
        reason_of(error)
        return "settings cannot be used"
    if thread.runtime == "codex":
        return " · ".join(part for part in ("codex", *codex_runs_on(bridge.settings(thread), thread)) if part)
    mode = settings.sandbox_mode
    if bridge.tier == "none" and mode != "danger-full-access":
        mode = f"{mode}, against accident only"
    model = "" if thread.runtime == "offline" else thread.model or settings.model
    return " · ".join(part for part in (thread.runtime, model, mode) if part)
