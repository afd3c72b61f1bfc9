"""What stands in the pane of a thread in which nothing has happened yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.content import Content
from textual.widgets import Static

from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line
from codex_desk.tui.model.words import name, place, short_path


class Blank(Static):
    """Where the session is at home, what its agent will be told, and how to begin."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(self, shown: bool) -> None:
        self.set_class(shown, "-shown")

    def about(self, thread: ThreadView, runs_on: str, sources: Sequence[Path] | None) -> None:
        """`runs_on`: runtime, model and sandbox in words; `sources`: the instruction files, None where they are not known yet."""
        facts = [("at home in", short_path(thread.cwd, Path.home())), ("runs on", runs_on)]
        if sources is not None:
            facts.append(
                (
                    "is told",
                    ", ".join(_within(file, thread) for file in sources) or "nothing but the rules of the desk: there is no AGENTS.md",
                )
            )
        facts.append(("works for", f"{thread.parent}" if place(thread) and thread.parent else ""))
        told = [Content.assemble((f"{label:<12}", "$text-muted"), one_line(value, 200)) for label, value in facts if value]
        hello = Content.styled(f"Nothing has been said to {one_line(name(thread), 60)} yet.", "bold")
        keys = Content.styled("Enter sends   @ names a file or a session   / lists what else can be done", "$text-muted")
        self.update(Content("\n").join([hello, Content(""), *told, Content(""), keys]))


def _within(file: Path, thread: ThreadView) -> str:
    """The file as a person would name it: from the project on, else from home."""
    try:
        return str(file.relative_to(thread.project))
    except ValueError:
        return short_path(str(file), Path.home())
