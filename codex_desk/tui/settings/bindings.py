"""Every key that the desk binds, with its id: collected from the classes that bind them and from the table of commands.

Importing all of them is for help, for the settings and for a keymap; the first frame does without.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

from codex_desk.frozen import frozen
from codex_desk.tui import screens, widgets
from codex_desk.tui.catalog import TABLE
from codex_desk.tui.model.keymap import Bound, Keymap, Room, keymap_of

ANYWHERE = "Anywhere"
LEADER = "After the leader"


@frozen
class Region:
    """What is bound in one place of the screen."""

    name: str
    about: str
    """What the place is for, and how it is used; empty where nobody said."""
    room: Room
    type: type[DOMNode] | None
    """The class that binds them."""
    bounds: tuple[Bound, ...]
    """What this place itself binds; its room also holds what the classes below it bind."""


@cache
def regions() -> tuple[Region, ...]:
    """All places: what works anywhere, what follows the leader, then the desk's parts and its dialogs by name."""
    classes = sorted(_classes(), key=lambda each: (issubclass(each, ModalScreen), each.__name__))
    general = [each for each in classes if issubclass(each, App | Screen) and not issubclass(each, ModalScreen)]
    anywhere = tuple({bound.id: bound for each in general for bound in _own(each)}.values())
    found = [
        Region(ANYWHERE, "", Room(anywhere), None, anywhere),
        Region(LEADER, "", Room(_leader()), None, _leader()),
    ]
    for each in classes:
        if each in general:
            continue
        below = tuple(bound for base in each.__mro__ if base in classes and base is not each for bound in _own(base))
        own = (*_own(each), *_more(each))
        found.append(Region(_words(each), _about(each), Room((*own, *below), issubclass(each, ModalScreen)), each, own))
    return tuple(found)


def keymap_for(wanted: Mapping[str, str]) -> Keymap:
    """The keys in force for a user's keymap (id → keys). Without one, only the commands' keys are in it: the classes keep their own."""
    if not wanted:
        return Keymap({bound.id: bound.keys for bound in (*_leader(), *_row_keys())})
    return keymap_of([region.room for region in regions()], wanted)


def full_keymap(wanted: Mapping[str, str]) -> Keymap:
    """The keys in force with every id in it."""
    return keymap_of([region.room for region in regions()], wanted)


def _classes() -> Iterator[type[DOMNode]]:
    from codex_desk.tui.app import DeskApp

    yield DeskApp
    for package in (screens, widgets):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for _, each in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if each.__module__ == module.name and issubclass(each, DOMNode) and "BINDINGS" in vars(each):
                    yield each


def _own(each: type[DOMNode]) -> tuple[Bound, ...]:
    """What a class binds under an id; keys without one are Textual's own."""
    general = issubclass(each, App | Screen) and not issubclass(each, ModalScreen)
    bindings = [binding for binding in vars(each).get("BINDINGS", ()) if isinstance(binding, Binding)]
    words = {binding.action: binding.description for binding in bindings if binding.description}
    found: dict[str, Bound] = {}
    for binding in bindings:
        if binding.id:
            keys = tuple(key.strip() for key in binding.key.split(","))
            said = binding.description or words.get(binding.action) or binding.id.rpartition(".")[2].replace("_", " ")
            found[binding.id] = Bound(binding.id, keys, f"{said[:1].lower()}{said[1:]}", general and binding.priority)
    return tuple(found.values())


def _more(each: type[DOMNode]) -> tuple[Bound, ...]:
    """Keys of a class that are not bindings: what the sidebar asks for on a row, and how an approval is answered."""
    from codex_desk.tui.model.approval import ANSWER_KEYS, ANSWER_WORDS
    from codex_desk.tui.widgets.approval import ApprovalCard
    from codex_desk.tui.widgets.sidebar import Sidebar

    if each is Sidebar:
        return _row_keys()
    if each is ApprovalCard:
        return tuple(Bound("", (key,), ANSWER_WORDS[answer]) for key, answer in ANSWER_KEYS.items())
    return ()


def _leader() -> tuple[Bound, ...]:
    return tuple(Bound(one.leader_id, (one.key,), one.help) for one in TABLE if one.key)


def _row_keys() -> tuple[Bound, ...]:
    return tuple(Bound(one.row_id, (one.row_key,), one.help) for one in TABLE.row_actions())


def _words(each: type[DOMNode]) -> str:
    """A class's name in words: `ApprovalCard` is the approval card."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", each.__name__).capitalize()


def _about(each: type[DOMNode]) -> str:
    return str(getattr(each, "HELP", None) or "").strip()
