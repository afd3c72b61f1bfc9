"""The keys as settings: one row for every id that a keymap may name."""

from __future__ import annotations

from collections.abc import Mapping

from codex_desk.config.describing import Described, SettingRow
from codex_desk.tui.model.settings import Group
from codex_desk.tui.settings.bindings import full_keymap, regions

KEYMAP = ("tui", "keymap")


def key_rows(set_rows: Mapping[str, SettingRow]) -> list[Group]:
    """Place by place, every id with its keys in force. `set_rows`: the entries that the settings hold, by id; unknown ids stand at the end."""
    keymap = full_keymap({id: str(row.value) for id, row in set_rows.items()})
    groups: list[Group] = []
    known: set[str] = set()
    for region in regions():
        bounds = [bound for bound in region.bounds if bound.id and bound.id not in known]
        known |= {bound.id for bound in bounds}
        rows = [
            SettingRow(
                Described((*KEYMAP, bound.id), bound.words, "text", (), False, False),
                ", ".join(keymap.keys[bound.id]),
                ", ".join(bound.keys),
                set_rows[bound.id].places if bound.id in set_rows else (),
            )
            for bound in bounds
        ]
        groups.append(Group(f"keys: {region.name.lower()}", rows))
    strangers = [row for id, row in set_rows.items() if id not in known]
    return [group for group in (*groups, Group("keys: called nothing here", strangers)) if group.rows]


def key_refusal(keymap: Mapping[str, str], id: str, text: str) -> str | None:
    """Why these keys are refused for an id; None where they can all be had."""
    wanted = {id: text} | {other: keys for other, keys in keymap.items() if other != id}
    return next((trouble.message for trouble in full_keymap(wanted).troubles if id == trouble.id or f" {id}" in trouble.message), None)
