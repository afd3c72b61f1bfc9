"""Settings, made from the settings model: what each is for, what counts now and where that comes from; changed for the desk or for one thread."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from codex_desk.config import ConfigError, Resolved, setting
from codex_desk.config.describing import SettingRow, setting_rows, written
from codex_desk.config.lines import Key
from codex_desk.config.schema import RUNTIMES
from codex_desk.engine.events import Event, ThreadChanged
from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line, visible
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.failures import reason_of
from codex_desk.tui.hints import keys_line
from codex_desk.tui.messages import SettingsWritten, ThemeWanted
from codex_desk.tui.model import settings as model
from codex_desk.tui.model.words import fitted, name
from codex_desk.tui.screens.ask import AskValue, Edit
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.screens.pick import Picker
from codex_desk.tui.screens.pick import Row as Choice
from codex_desk.tui.settings.keybook import KEYMAP, key_refusal, key_rows
from codex_desk.tui.settings.saving import row_of, save
from codex_desk.tui.settings.watching import EVERY, stamp_of
from codex_desk.tui.widgets.rows import Row, RowList, heading, space

LOW_ROWS = 20
"""Rows below which the list has the room of what is told about a setting."""
THEME, RUNTIME = ("tui", "theme"), ("runtime",)
NAMED: Mapping[Key, str] = {("model_provider",): "model_providers", ("profile",): "profiles"}
"""Settings whose values are the names of the tables in another."""


class Settings(Dialog[None]):
    """Every setting with its value and its layer. Enter changes it in settings.toml, or for the thread that was open."""

    CSS_PATH: ClassVar = ["dialog.tcss", "settings.tcss"]
    AUTO_FOCUS = "RowList"
    HELP = (
        "Every setting, what counts now, and the layer that it comes from. Changes go into settings.toml; config.toml is yours and is never "
        "written. For one thread, they are its own, and count from its next turn."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "unset", "unset", id="settings.unset"),
        Binding("t", "scope", "this thread or the desk", id="settings.scope"),
        Binding("slash", "filter", "filter", id="settings.filter"),
    ]

    def __init__(self, bridge: Bridge, thread: ThreadView | None, folder: Path, query: str = "") -> None:
        """`thread`: the one that the settings may be changed for; `folder`: where a new session would be at home."""
        super().__init__()
        self._bridge, self._thread, self._folder = bridge, thread, folder
        self._of_thread = False
        self._stamp = stamp_of(bridge.home)
        self._filter = Input(
            query, placeholder="words of a key, its value, its layer or what it is for", compact=True, select_on_focus=False
        )
        self._list = RowList()
        self._groups: Sequence[model.Group] = ()
        self._shown: dict[str, SettingRow] = {}
        self._resolved: Resolved | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self._filter
            yield self._list
            yield Static(markup=False, classes="about")
            yield Static(markup=False, classes="said")

    def on_mount(self) -> None:
        self._read()
        self.set_interval(EVERY, self._look)

    def on_resize(self) -> None:
        self.set_class(self.size.height < LOW_ROWS, "-low")

    @property
    def _owner(self) -> ThreadView | None:
        """The thread whose settings are shown; None for the desk's."""
        return self._thread if self._of_thread else None

    # --- reading ----------------------------------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Files that were changed meanwhile."""
        if (stamp := stamp_of(self._bridge.home)) != self._stamp:
            self._stamp = stamp
            self._read()

    async def hear(self, event: Event) -> None:
        if isinstance(event, ThreadChanged) and self._thread is not None and event.thread_id == self._thread.id:
            self._thread = self._bridge.thread(event.thread_id) or self._thread
            self._read()

    def _read(self) -> None:
        """Look all settings up, and show them."""
        try:
            self._resolved = self._look_up()
        except Exception as error:
            self._resolved, self._groups = None, ()
            self._say(reason_of(error), bad=True)
        else:
            rows = setting_rows(self._resolved)
            self._groups = self._thread_groups(rows, self._owner) if self._owner else self._desk_groups(rows)
        self._fill()
        self._draw_frame()

    def _look_up(self) -> Resolved:
        desk = self._bridge.desk
        if desk is None:
            raise ConfigError("the desk is not open yet")
        if self._owner is not None:
            return desk.settings(self._owner.id)
        return desk.settings(cwd=Path(self._thread.cwd) if self._thread else self._folder)

    def _desk_groups(self, rows: Sequence[SettingRow]) -> list[model.Group]:
        keys = {row.described.key[-1]: row for row in rows if row.described.key[:-1] == KEYMAP}
        return [*model.grouped(row for row in rows if row.described.key[:-1] != KEYMAP), *key_rows(keys)]

    def _thread_groups(self, rows: Sequence[SettingRow], thread: ThreadView) -> list[model.Group]:
        """What a thread may have its own of. Its runtime was settled when it was made."""
        own = (row for row in rows if row.described.of_thread)
        return model.grouped(model.settled(row, thread.runtime) if row.described.key == ("runtime",) else row for row in own)

    # --- showing ----------------------------------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        rows: list[Row] = []
        self._shown = {}
        for group in self._groups:
            found = model.found(group.rows, self._filter.value, group.title)
            if found and rows:
                rows.append(space(group.title))
            if found:
                rows.append(heading(group.title))
            rows += [Row(row.name, partial(_line, row)) for row in found]
            self._shown |= {row.name: row for row in found}
        self._list.show(rows, empty="no setting is like this" if self._groups else "")
        self._draw_about()

    def _draw_frame(self) -> None:
        box = self.query_one(".box")
        whose = f"{one_line(name(self._owner), 40)}: what its next turn will use" if self._owner else "the desk"
        box.border_title = Content(f"Settings of {whose}")  # type: ignore[assignment]  # Content is taken; a str is parsed as markup
        other = "the desk's" if self._of_thread else f"those of {one_line(name(self._thread), 20)}" if self._thread else ""
        hints = [(RowList, "rows.pick", "change"), (Settings, "settings.unset", "unset")]
        hints += [(Settings, "settings.scope", other)] if other else []
        hints += [(Settings, "settings.filter", "filter"), (Dialog, "dialog.close", "closes")]
        box.border_subtitle = Content(keys_line(self.app, *hints))  # type: ignore[assignment]

    @property
    def _current(self) -> SettingRow | None:
        held = self._list.current
        return self._shown.get(held.key) if held else None

    @on(RowList.Moved)
    def _draw_about(self) -> None:
        row = self._current
        self.query_one(".about", Static).update(_about(row, self._names(row)) if row else "")

    def _say(self, text: str, *, bad: bool = False) -> None:
        line = self.query_one(".said", Static)
        line.set_class(bad, "-bad")
        line.update(Content(visible(text)))

    # --- keys -------------------------------------------------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _filtered(self, event: Input.Changed) -> None:
        event.stop()
        self._fill()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._list.focus()

    def action_filter(self) -> None:
        self._filter.focus()

    def action_scope(self) -> None:
        if self._thread is None:
            self._say("no thread is open: these are the settings of the desk", bad=True)
            return
        self._of_thread = not self._of_thread
        self._say("")
        self._read()

    @on(RowList.Picked)
    @work(group="change", exclusive=True)
    async def _change(self, event: RowList.Picked) -> None:
        row = self._shown[event.row.key]
        if row.described.key == THEME:
            self.post_message(ThemeWanted(None))
            return
        text = await self._ask(row)
        if text == "" and not model.holds(row, self._layer):
            return
        if text is not None:
            await self._write(row, text or None)

    @work(group="change", exclusive=True)
    async def action_unset(self) -> None:
        row = self._current
        if row is None:
            return
        if not model.holds(row, self._layer) or (self._owner and row.described.key == ("runtime",)):
            self._say(model.not_unset(row, self._layer), bad=True)
            return
        await self._write(row, None)

    @property
    def _layer(self) -> model.Written:
        return "thread" if self._of_thread else "settings.toml"

    # --- changing ---------------------------------------------------------------------------------------------------------------------------

    async def _ask(self, row: SettingRow) -> str | None:
        """The value that is wanted, empty to take it out; None where it is left as it was."""
        described = row.described
        choices = described.choices or (("true", "false") if described.kind == "switch" else self._names(row))
        if choices:
            return await self.app.push_screen_wait(Picker(row.name, _choices(row, choices), note=described.about, start=written(row.value)))
        start = written(row.value)
        if "\n" in start:
            return await self.app.push_screen_wait(Edit(row.name, start))
        words = f"{described.about}\nTakes {model.takes_words(described)}. Empty takes it out again."
        return await self.app.push_screen_wait(AskValue(row.name, words, start, partial(self._refusal, row)))

    def _names(self, row: SettingRow) -> tuple[str, ...]:
        if row.described.key == RUNTIME:
            return RUNTIMES
        table = NAMED.get(row.described.key)
        return tuple(getattr(self._resolved.settings, table)) if table and self._resolved else ()

    def _refusal(self, row: SettingRow, text: str) -> str | None:
        """What the model says against a value."""
        key = row.described.key
        if key[:-1] == KEYMAP and self._resolved is not None:
            return key_refusal(self._resolved.settings.tui.keymap, key[-1], text)
        try:
            setting(row.name, text)
        except ConfigError as error:
            return f"{row.name} {error.reason}"
        return None

    async def _write(self, row: SettingRow, value: str | None) -> None:
        try:
            if self._owner is not None:
                done = await self._write_own(self._owner, row, value)
            else:
                done = await asyncio.to_thread(save, self._bridge.home, row.name, value)
        except Exception as error:
            self._say(reason_of(error), bad=True)
            return
        self.post_message(SettingsWritten())
        self._stamp = stamp_of(self._bridge.home)
        self._read()
        self._say(done)

    async def _write_own(self, thread: ThreadView, row: SettingRow, value: str | None) -> str:
        from codex_desk.engine.sessions import Set

        await self._bridge.do(Set(thread.id, row.name, value or ""))
        if row.described.key == ("runtime",):
            return f"{row.name} is {value} from its next turn"
        read = None if value is None else setting(row.name, value)[1]
        words = model.saved_words(row_of(self._look_up(), row.name), mine="thread", value=read)
        return f"{words}, from its next turn"


def _line(row: SettingRow, width: int) -> Content:
    """Key, value and layer of a setting."""
    key_width = min(33, max(16, width * 34 // 100))
    place_width = min(max(14, width * 26 // 100), 28)
    value = model.value_words(row.value, 200) if row.value is not None else "not set"
    value_width = max(4, width - key_width - place_width - 4)
    return Content.assemble(
        (fitted(f"  {row.described.key[-1]}", key_width), ""),
        "  ",
        (fitted(value, value_width), "bold" if row.places else "$text-muted"),
        "  ",
        (_place(row, place_width), "$text-accent" if row.places else "$text-muted"),
    )


def _place(row: SettingRow, width: int) -> str:
    """The layer in a few cells, with its line, and how many others it hides."""
    place = row.place
    line = f":{place.line}" if place.line else ""
    forms = (f" hides {len(row.hidden)}", f" +{len(row.hidden)}") if row.hidden else ("",)
    return next((said for more in forms if len(said := f"{place.layer}{line}{more}") <= width), f"{place.layer}{line}")


def _about(row: SettingRow, names: Sequence[str]) -> Content:
    """What a setting is for, what it takes, where it comes from and what that hides."""
    hidden = model.hidden_words(row)
    comes = f"From {model.place_words(row.place, row.described.key)}" if row.places else "Set nowhere: the default counts"
    default = f"; {model.value_words(row.default)} unless it is set" if row.places and row.default not in (None, "") else ""
    lines = [
        Content.assemble((row.name, "bold"), "  ", visible(row.described.about)),
        Content.styled(f"Takes {model.takes_words(row.described, names)}{default}", "$text-muted"),
        Content.styled(f"{comes}{f'; hides {hidden}' if hidden else ''}", "$text-muted"),
    ]
    return Content("\n").join(lines)


def _choices(row: SettingRow, values: Sequence[str]) -> list[Choice]:
    now = written(row.value)
    words = {"true": "yes", "false": "no"} if row.described.kind == "switch" else {}
    rows = [Choice(value, words.get(value, value), "as it is now" if value == now else "") for value in values]
    if row.described.optional:
        rows.append(Choice("", "nothing", "take it out again"))
    return rows
