"""The README's tables of keys and commands, written from the tables that the screen itself uses.

`python -m codex_desk.tui.reference` prints them; with a file's name, they take the place of what stands there between the two marks.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from codex_desk.tui.catalog import TABLE
from codex_desk.tui.model.keymap import Bound
from codex_desk.tui.settings.bindings import ANYWHERE, LEADER, Region, regions
from codex_desk.tui.widgets.status import key_name

BEGIN, END = "<!-- commands -->", "<!-- end -->"
MAIN = ("Sidebar", "Composer", "Transcript", "Queue strip", "Approval card")
"""The places that the README tells the keys of; help has all of them."""
UNTOLD = frozenset(["up", "down", "left", "right", "first", "last", "top", "bottom"]) | {"page up", "page down", "word left", "word right"}
"""What these keys do in every list and every text."""


def block() -> str:
    """Everything between the marks, the marks included."""
    by_name = {region.name: region for region in regions()}
    leader = next(key_name(bound.keys[0]) for bound in by_name[ANYWHERE].bounds if bound.id == "leader")
    parts = [
        BEGIN,
        *_table(("key", "does"), _keys(by_name[ANYWHERE].bounds)),
        "",
        f"After `{leader}`, whose panel lists these by itself:",
        "",
        *_table(("key", "does"), _keys(by_name[LEADER].bounds)),
        "",
        "Where the focus is:",
        "",
        *_table(("in the", "keys"), ((name.lower(), _line(by_name[name])) for name in MAIN)),
        "",
        "Typed into the composer:",
        "",
        *_table(("command", "does"), ((f"`{_cell(one.usage)}`", one.help) for one in TABLE if one.slash)),
        END,
    ]
    return "\n".join(parts)


def _keys(bounds: Sequence[Bound]) -> Iterable[tuple[str, str]]:
    """A row for each thing that keys do; those that differ by a number alone share one."""
    keys: dict[str, list[str]] = {}
    for bound in bounds:
        keys.setdefault(re.sub(r" \d$", " of that number", bound.words), []).extend(bound.keys)
    return ((_said(held), words) for words, held in keys.items())


def _line(region: Region) -> str:
    return " · ".join(f"{_said(bound.keys)} {bound.words.partition(';')[0]}" for bound in region.bounds if bound.words not in UNTOLD)


def _said(keys: Iterable[str]) -> str:
    return " ".join(f"`{_cell(key_name(key))}`" for key in keys)


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> list[str]:
    return [f"| {head[0]} | {head[1]} |", "|---|---|", *(f"| {left} | {right} |" for left, right in rows)]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def replaced(text: str) -> str:
    """A page with the tables as they are now. Raises `ValueError` for one without the marks."""
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise ValueError(f"the page has no {BEGIN} … {END}")
    return f"{before}{block()}{after}"


def main(arguments: Sequence[str]) -> None:
    if not arguments:
        print(block())
        return
    page = Path(arguments[0])
    page.write_text(replaced(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
