"""Ask for a line, for a text, or for yes or no."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from codex_desk.text import visible
from codex_desk.tui.screens.dialog import Dialog


class Ask(Dialog[str]):
    """One line of text; an empty one counts as leaving."""

    def __init__(self, title: str, words: str, start: str = "") -> None:
        super().__init__()
        self._title, self._words, self._start = title, words, start

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(visible(self._title))  # type: ignore[assignment]  # Content is taken; a str is parsed as markup
            box.border_subtitle = "Enter goes on · Esc leaves"
            yield Static(visible(self._words), markup=False, classes="words")
            yield Input(self._start, compact=True, select_on_focus=False)

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)


class AskValue(Dialog[str]):
    """One line that has to be right: what is refused is said under it, and stays to be mended. Empty is an answer."""

    def __init__(self, title: str, words: str, start: str, check: Callable[[str], str | None]) -> None:
        """`check` gives the reason why a line is refused, None for one that is right."""
        super().__init__()
        self._title, self._words, self._start, self._check = title, words, start, check

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(visible(self._title))  # type: ignore[assignment]  # Content is taken; a str is parsed as markup
            box.border_subtitle = "Enter keeps it · Esc leaves it as it was"
            yield Static(visible(self._words), markup=False, classes="words")
            yield Input(self._start, compact=True, select_on_focus=False)
            yield Static(markup=False, classes="wrong")

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one(".wrong", Static).update("")

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if text and (refusal := self._check(text)) is not None:
            self.query_one(".wrong", Static).update(Content(visible(refusal)))
        else:
            self.dismiss(text)


class Confirm(Dialog[bool]):
    """Yes or no, after whole sentences of what yes does."""

    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", show=False, id="confirm.yes"),
        Binding("n", "answer(False)", show=False, id="confirm.no"),
    ]

    def __init__(self, title: str, words: str, *, yes: str, no: str = "leave it") -> None:
        super().__init__()
        self._title, self._words, self._yes, self._no = title, words, yes, no

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(visible(self._title))  # type: ignore[assignment]  # Content is taken; a str is parsed as markup
            yield Static(visible(self._words), markup=False, classes="words")
            yield OptionList(Option(f"y  {self._yes}", id="yes"), Option(f"n  {self._no}", id="no"), markup=False)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id == "yes")

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)


class Reply(Dialog[str]):
    """Words of the human's own to something that is asked, which stands above them. Nothing is sent by Enter: an answer may have several lines."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "send", "answer", priority=True, id="reply.send")]

    def __init__(self, title: str, asked: str) -> None:
        super().__init__()
        self._title, self._asked = title, asked

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(visible(self._title))  # type: ignore[assignment]  # Content is taken; a str is parsed as markup
            box.border_subtitle = "^s answers · Esc leaves it open"
            with VerticalScroll(classes="words", can_focus=False):
                yield Static(visible(self._asked), markup=False)
            yield TextArea(soft_wrap=True, classes="reply")

    def action_send(self) -> None:
        self.dismiss(self.query_one(TextArea).text.strip() or None)


class Edit(Dialog[str]):
    """Several lines; ctrl+s keeps them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "keep", "keep", priority=True, id="edit.keep")]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(visible(self._title))  # type: ignore[assignment]  # Content is taken; a str is parsed as markup
            box.border_subtitle = "^s keeps it · Esc leaves it as it was"
            yield TextArea(self._text, soft_wrap=True)

    def action_keep(self) -> None:
        self.dismiss(self.query_one(TextArea).text)
