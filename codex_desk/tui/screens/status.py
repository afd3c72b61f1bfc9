"""How a thread stands and what it runs on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import Event, ThreadChanged
from codex_desk.engine.views import ThreadView
from codex_desk.paths import codex_home, project_of
from codex_desk.text import one_line
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.failures import reason_of
from codex_desk.tui.hints import codex_runs_on
from codex_desk.tui.model.chain import in_short
from codex_desk.tui.model.status import Codex, Runs, Section, sections
from codex_desk.tui.model.words import name, short_path
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.drawn import Drawn
from codex_desk.tui.widgets.facts import fact
from codex_desk.tui.widgets.lines import NOTHING, TextLine

if TYPE_CHECKING:
    from codex_desk.config import Resolved

LABELS = 10
"""Cells of the labels."""


class Status(Dialog[None]):
    """Facts in sections; they follow the thread."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "VerticalScroll"
    HELP = "How this thread stands, what its next turn runs on, and what its turns took."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,enter", "leave", show=False, id="status.close"),
        Binding("j", "scroll(1)", show=False, id="status.down"),
        Binding("k", "scroll(-1)", show=False, id="status.up"),
    ]

    def __init__(self, desk: DeskDoor, thread: ThreadView, tier: str) -> None:
        super().__init__()
        self._desk, self._thread, self._tier = desk, thread, tier
        self._facts = Drawn()
        self._codex = Codex()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -fit") as box:
            box.border_title = Content(f"Status of {one_line(name(self._thread), 40)}")  # type: ignore[assignment]  # a str is parsed as markup
            box.border_subtitle = "↑↓ scroll · Esc closes"
            with VerticalScroll(classes="fields"):
                yield self._facts

    def on_mount(self) -> None:
        self._read()
        if self._thread.runtime == "codex":
            self._ask_codex()

    async def hear(self, event: Event) -> None:
        if isinstance(event, ThreadChanged) and event.thread_id == self._thread.id:
            self.read_soon(self._read)

    @work(group="read")
    async def _read(self) -> None:
        codex = self._codex if self._thread.runtime == "codex" else None
        found = await asyncio.to_thread(read_status, self._desk, self._thread.id, self._tier, codex)
        self._facts.draw(drawn(found))

    @work(group="codex")
    async def _ask_codex(self) -> None:
        """What Codex says of itself, which takes a moment where it does not run yet."""
        self._codex = await asyncio.to_thread(codex_here, self._desk, Path(self._thread.cwd), codex_home(os.environ))
        self._read()
        if not self._codex.trouble:
            try:
                standby = await self._desk.standby()
            except Refusal as refusal:
                self._codex = replace(self._codex, trouble=refusal.message)
            else:
                self._codex = replace(self._codex, account=standby.account)
            self._read()

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def codex_here(desk: DeskDoor, cwd: Path, theirs: Path) -> Codex:
    """The program, and the files that it takes its settings from in a folder: the user's, then those of the project, outermost first."""
    program = desk.codex_program()
    root = project_of(cwd)
    inside = [cwd, *cwd.parents][: len(cwd.parts) - len(root.parts) + 1] if cwd.is_relative_to(root) else [cwd]
    files = (theirs / "config.toml", *(folder / ".codex" / "config.toml" for folder in reversed(inside)))
    place = short_path(str(program.path), Path.home()) if program.path else ""
    return Codex(
        " at ".join(part for part in (program.version, place) if part),
        program.trouble or "",
        "",
        tuple(file for file in files if file.is_file()),
    )


def read_status(desk: DeskDoor, thread_id: str, tier: str, codex: Codex | None = None) -> list[Section]:
    """The facts as they are now; settings that cannot be read are one of them."""
    thread = desk.thread(thread_id)
    found = sections(thread, _runs(desk, thread, tier), desk.used(thread_id), desk.children(thread_id), Path.home(), codex)
    bill = desk.bill(thread_id)
    if bill is not None:
        found[0][1].append(("chain", f"#{bill.message_id} took {in_short(bill)}   /chain shows all of it"))
    return found


def _runs(desk: DeskDoor, thread: ThreadView, tier: str) -> Runs:
    try:
        resolved = desk.settings(thread.id)
        settings = resolved.settings
        files = desk.instructions(thread.id).sources
    except Exception as error:
        return Runs(model=thread.model or "", tier=tier, trouble=reason_of(error))
    if thread.runtime == "codex":
        return _codex_runs(resolved, thread, files)
    provider = settings.model_providers.get(settings.model_provider)
    window = settings.model_context_window or (provider.model_context_window if provider else None)
    offline = thread.runtime == "offline"
    full = settings.sandbox_mode == "danger-full-access"
    return Runs(
        model="a rule-based stand-in" if offline else thread.model or settings.model,
        provider="" if offline else settings.model_provider,
        effort="" if offline else settings.model_reasoning_effort or "",
        window=window,
        sandbox=settings.sandbox_mode,
        approvals=settings.approval_policy,
        network=full or settings.sandbox_workspace_write.network_access,
        tier=tier,
        instructions=tuple(files),
    )


def _codex_runs(resolved: Resolved, thread: ThreadView, files: Sequence[Path]) -> Runs:
    """What was set here, or Codex reported; what holds its commands is Codex's own affair."""
    settings, sources = resolved.settings, resolved.sources
    model, mode = codex_runs_on(resolved, thread)
    known = mode == settings.sandbox_mode
    network = known and (mode == "danger-full-access" or settings.sandbox_workspace_write.network_access)
    return Runs(
        model=model or "Codex's own choice",
        provider=settings.model_provider if sources["model_provider"] != "default" else "",
        effort=settings.model_reasoning_effort or "",
        window=settings.model_context_window,
        sandbox=mode,
        approvals=settings.approval_policy if sources["approval_policy"] != "default" else "its own",
        network=network,
        tier="Codex's own sandbox",
        instructions=tuple(files),
    )


def drawn(found: list[Section]) -> Document:
    """Sections as lines, the labels to the right of one column."""
    lines: list[TextLine] = []
    for title, facts in found:
        lines += [TextLine(NOTHING)] if lines else []
        lines += [TextLine(Content.styled(title, "bold $text-muted"))] if title else []
        lines += [fact(f"{label:>{LABELS}}  ", value) for label, value in facts]
    return Document(lines)
