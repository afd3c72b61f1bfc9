"""The popup over the composer: what could complete the word before the cursor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from rich.cells import cell_len
from textual import events, work
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from codex_desk.frozen import frozen
from codex_desk.text import one_line
from codex_desk.tui.grammar import Grammar
from codex_desk.tui.model import completion
from codex_desk.tui.model.completion import SHOWN, Choice, Files, Known, Trigger
from codex_desk.tui.model.words import fitted

LABEL = 60
"""Characters of a choice's label that have something said of them."""
FRESH_S = 5.0
"""Seconds after which the files of a folder are looked for again, when they are next asked for."""

Described = Sequence[tuple[str, str]]
"""(name, what to say of it)."""


async def _nothing() -> Iterable[str]:
    return ()


@frozen
class Sources:
    """Where choices come from."""

    commands: Sequence[Known]
    handles: Callable[[], Described] = tuple
    words: Callable[[str, str], Described] = lambda command, slot: ()
    """What a command takes in a slot of its usage line, where the table of commands does not say it."""
    files: Callable[[], Awaitable[Iterable[str]]] = _nothing
    """The files of the thread's folder, relative to it."""


class CompletionPopup(Static):
    """It takes no focus: the composer drives it (`composer.Suggestions`)."""

    class Found(Message):
        """Files came after the key that asked for them."""

    class Clicked(Message):
        """The choice under the mouse is taken."""

    def __init__(self, sources: Sources, *, plain: bool = False) -> None:
        super().__init__(markup=False, classes="completion-popup")
        self._sources = sources
        self._commands = {one.name: one for one in sources.commands}
        self._mark = "> " if plain else "▸ "
        self._files = Files()
        self._looked = 0.0
        self._trigger: Trigger | None = None
        self._choices: Sequence[Choice] = ()
        self._at = 0
        self._first = 0
        self._most = SHOWN
        self._moved = False
        """Whether the choice is the person's."""
        self.display = False

    @property
    def chosen(self) -> Choice | None:
        return self._choices[self._at] if self._choices else None

    def forget_files(self) -> None:
        """Another folder's are wanted from now on."""
        self._files, self._looked = Files(), 0.0

    # --- what the composer asks for -----------------------------------------------------------------------------------------------------------

    def ask(self, before: str) -> bool:
        return self._answer(completion.find_trigger(before, self._commands))

    def ask_path(self, before: str) -> bool:
        return self._answer(completion.path_trigger(before))

    def ask_recall(self, query: str, entries: Sequence[str]) -> bool:
        self._trigger = Trigger("recall", 0, query)
        self._offer(completion.match_recall(query, entries))
        if not self._choices:
            self.display = True
            self.update(Content.styled("  nothing that was prompted here holds that", "$text-muted"))
        return True

    def move(self, step: int) -> None:
        """One step goes round, a longer one stops at the ends."""
        last = len(self._choices) - 1
        self._moved = True
        if last >= 0:
            self._at = (self._at + step) % (last + 1) if abs(step) == 1 else max(0, min(last, self._at + step))
            self._draw()

    @property
    def is_asked(self) -> bool:
        return self._trigger is not None and self._trigger.kind == "mention"

    @property
    def is_hint(self) -> bool:
        """Whether Enter leaves it alone: nobody looked for it, and what is written need not be the beginning of it."""
        chosen, trigger = self.chosen, self._trigger
        if chosen is None or trigger is None or trigger.kind != "argument" or self._moved:
            return False
        return not trigger.query or not chosen.insert.lower().startswith(trigger.query.lower())

    def take(self) -> tuple[Trigger, Choice] | None:
        chosen, trigger = self.chosen, self._trigger
        self.close()
        return None if chosen is None or trigger is None else (trigger, chosen)

    def close(self) -> None:
        self._trigger = None
        self._offer(())

    # --- finding ------------------------------------------------------------------------------------------------------------------------------

    def _answer(self, trigger: Trigger | None) -> bool:
        self._trigger = trigger
        if trigger is not None and trigger.kind in ("mention", "path") and time.monotonic() - self._looked > FRESH_S:
            self._looked = time.monotonic()
            self._find_files()
        return self._offer(self._matching(trigger))

    def _matching(self, trigger: Trigger | None) -> Sequence[Choice]:
        match trigger:
            case Trigger("command", query=query):
                return () if query in self._commands else completion.match_commands(query, self._sources.commands)
            case Trigger("argument", query=query):
                return completion.match_words(query, [one for one in self._words(trigger) if one[0] not in trigger.used])
            case Trigger("mention", query=query):
                return completion.match_mentions(query, self._sources.handles(), self._files)
            case Trigger("path", query=query):
                return completion.match_paths(query, self._files)
        return ()

    def _words(self, trigger: Trigger) -> Described:
        known = self._commands[trigger.command]
        if trigger.slot == "--":
            return [(option, "takes a value" if value else "") for option, value in Grammar(known.usage).options.items()]
        if trigger.slot in known.offers:
            return [(word, "") for word in known.offers[trigger.slot]]
        return self._sources.words(trigger.command, trigger.slot)

    @work(group="files", exclusive=True)
    async def _find_files(self) -> None:
        paths = await self._sources.files()
        self._files = await asyncio.to_thread(Files, paths)
        trigger = self._trigger
        if trigger is not None and trigger.kind in ("mention", "path"):
            chosen = self.chosen
            if self._offer(self._matching(trigger)):
                self._at = next((index for index, one in enumerate(self._choices) if one == chosen), 0)
                self._draw()
                self.post_message(self.Found())

    # --- drawing ------------------------------------------------------------------------------------------------------------------------------

    def _offer(self, choices: Sequence[Choice]) -> bool:
        self._choices, self._at, self._first, self._moved = choices, 0, 0, False
        if choices or self.display:
            self._draw()
        self.display = bool(choices)
        return bool(choices)

    @property
    def _fitting(self) -> int:
        """Choices in sight: fewer in a low terminal, where what is written needs its place."""
        return max(1, min(SHOWN, self.app.size.height // 3 - 1))

    def on_resize(self) -> None:
        if self.display and self._most != self._fitting:
            self._draw()

    def _draw(self) -> None:
        choices = self._choices
        most = self._most = self._fitting
        self._first = max(0, min(max(self._first, self._at - most + 1), self._at, len(choices) - most))
        shown = choices[self._first : self._first + most]
        told = any(choice.detail for choice in shown)
        width = min(LABEL, max((cell_len(one_line(choice.label, LABEL)) for choice in shown), default=0))
        lines: list[Content] = []
        for index, choice in enumerate(shown, self._first):
            chosen = index == self._at
            name = fitted(one_line(choice.label, LABEL), width) if told else one_line(choice.label)
            label = f"{self._mark if chosen else '  '}{name}  "
            lines.append(
                Content.assemble((label, "bold $text-accent" if chosen else ""), (one_line(choice.detail), "" if chosen else "$text-muted"))
            )
        if len(choices) > most:
            lines.append(
                Content.styled(f"  {self._at + 1} of {len(choices)}{'+' if len(choices) >= completion.OFFERED else ''}", "$text-muted")
            )
        self.update(Content("\n").join(lines))

    def on_click(self, event: events.Click) -> None:
        index = self._first + event.y
        if event.y < self._most and index < len(self._choices):
            self._at = index
            self.post_message(self.Clicked())
