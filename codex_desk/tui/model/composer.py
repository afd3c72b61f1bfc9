"""What Enter, Tab, Escape and Ctrl+C do in a composer, decided without a widget."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Send:
    """Start a turn, or be the next one."""

    text: str


@dataclass(frozen=True, slots=True)
class Steer:
    """Hand the text to the running turn."""

    text: str


@dataclass(frozen=True, slots=True)
class Queue:
    """Let the text wait for the running turn to end."""

    text: str
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A slash command line, with its slash."""

    line: str


@dataclass(frozen=True, slots=True)
class Say:
    text: str


@dataclass(frozen=True, slots=True)
class Newline:
    """Break the line here, in place of the backslash before the cursor if there is one."""


@dataclass(frozen=True, slots=True)
class Complete:
    """Take the highlighted completion; with `run`, a command is carried out at once."""

    run: bool = False


@dataclass(frozen=True, slots=True)
class ClosePopup:
    pass


@dataclass(frozen=True, slots=True)
class Interrupt:
    pass


@dataclass(frozen=True, slots=True)
class Clear:
    """Take the draft away; it can be recalled."""


@dataclass(frozen=True, slots=True)
class Copy:
    pass


@dataclass(frozen=True, slots=True)
class Quit:
    pass


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


Outcome = Send | Steer | Queue | Run | Say | Newline | Complete | ClosePopup | Interrupt | Clear | Copy | Quit | Nothing


def is_command(text: str) -> bool:
    """Whether a draft is a slash command: one slash and a word. A path such as `/usr/bin` and a text that begins with a space are prompts."""
    first = text.split(maxsplit=1)[0] if text.startswith("/") and text.strip() else ""
    return len(first) > 1 and "/" not in first[1:] and first[1:].replace("-", "").isalpha()


class ComposerMachine:
    """Decides by the draft, the popup and the turns; `turn` is the running turn's id, None while the thread is idle.

    Enter steers only the turn that the draft was written for: the one that already ran when its first character was typed.
    """

    def __init__(self) -> None:
        self._empty = True
        self._began_under: str | None = None
        self._stop_armed = False
        self._quit_armed = False

    def changed(self, text: str, turn: str | None) -> None:
        """The draft's text is now this."""
        if text and self._empty:
            self._began_under = turn
        self._empty = not text
        self._stop_armed = self._quit_armed = False

    def enter(self, text: str, *, popup: bool, turn: str | None) -> Outcome:
        if popup:
            return Complete(run=True)
        if text.endswith("\\"):
            return Newline()
        if not text.strip():
            return Nothing()
        if is_command(text):
            return Run(text.strip())
        if turn is None:
            return Send(text)
        if turn == self._began_under:
            return Steer(text)
        return Queue(text, "queued: another turn began while you wrote; Enter on the next draft steers it")

    def tab(self, text: str, *, popup: bool) -> Outcome:
        if popup:
            return Complete()
        if not text.strip() or is_command(text):
            return Nothing()
        return Queue(text)

    def escape(self, text: str, *, popup: bool, turn: str | None) -> Outcome:
        """Never clears what was typed."""
        if popup:
            return ClosePopup()
        if turn is None:
            return Nothing()
        if text and not self._stop_armed:
            self._stop_armed = True
            return Say("esc again stops")
        self._stop_armed = False
        return Interrupt()

    def ctrl_c(self, text: str, *, selected: bool, turn: str | None, working: int) -> Outcome:
        """`working`: how many threads of the desk run a turn."""
        if selected:
            return Copy()
        if text:
            return Clear()
        if turn is not None:
            return Interrupt()
        if working:
            return Say(f"{working} working elsewhere: /quit leaves and interrupts {'it' if working == 1 else 'them'}")
        if self._quit_armed:
            return Quit()
        self._quit_armed = True
        return Say("ctrl+c again quits")
