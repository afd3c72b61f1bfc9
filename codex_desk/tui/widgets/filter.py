"""A line to filter by: words, and named fields whose values Tab completes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from codex_desk.tui.model.query import Query, completed, parse_query


class Filter(Input):
    """Its value is taken apart by `asked`. Tab completes, and goes on to the list where there is nothing to complete."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "complete", show=False, id="filter.complete")]

    def __init__(self, names: Sequence[str], value: str = "", *, placeholder: str = "") -> None:
        """`names`: the fields that there are."""
        super().__init__(value, placeholder=placeholder, compact=True, select_on_focus=False)
        self._names = names
        self.choices: Mapping[str, Sequence[str]] = dict.fromkeys(names, ())
        """Values by field, for Tab."""

    @property
    def asked(self) -> Query:
        return parse_query(self.value, self._names)

    def action_complete(self) -> None:
        text = completed(self.value, self.choices)
        if text is None:
            self.screen.focus_next()
            return
        self.value = text
        self.cursor_position = len(text)
