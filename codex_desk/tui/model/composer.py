"""What Enter, Tab, Escape and Ctrl+C do in a composer, decided without a widget."""

from __future__ import annotations

from codex_desk.frozen import frozen


@frozen
class Send:
    """Start a turn, or be the next one."""

    text: str


@frozen
class Steer:
    """Hand the text to the running turn."""

    text: str


@frozen
class Queue:
    """Let the text wait for the running turn to end."""

    text: str
    notice: str = ""


@frozen
class Run:
    """A slash command line, with its slash."""

    line: str


@frozen
class Shell:
    """A command for the human's own shell, without its sign."""

    command: str


@frozen
class StopShell:
    """End the command that the human runs here."""


@frozen
class CompletePath:
    """Offer files for the last word of a shell command."""


@frozen
class Say:
    text: str


@frozen
class Newline:
    """Break the line here, in place of the backslash before the cursor if there is one."""


@frozen
class Complete:
    """Take the highlighted completion; with `run`, a command is carried out at once."""

    run: bool = False


@frozen
class ClosePopup:
    pass


@frozen
class Interrupt:
    pass


@frozen
class Clear:
    """Take the draft away; it can be recalled."""


@frozen
class Copy:
    pass


@frozen
class Quit:
    pass


@frozen
class Nothing:
    pass


Written = Send | Steer | Queue | Run | Shell
"""What a draft becomes."""
Outcome = Written | Say | Newline | Complete | CompletePath | ClosePopup | Interrupt | StopShell | Clear | Copy | Quit | Nothing


def is_command(text: str) -> bool:
    """Whether a draft is a slash command: one slash and a word. A path such as `/usr/bin` and a text that begins with a space are prompts."""
    first = text.split(maxsplit=1)[0] if text.startswith("/") and text.strip() else ""
    return len(first) > 1 and "/" not in first[1:] and first[1:].replace("-", "").isalpha()


def is_shell(text: str) -> bool:
    """Whether a draft is for the human's shell. One that begins with a space is a prompt."""
    return text.startswith("!")


class ComposerMachine:
    """Decides by the draft, the popup and what runs; `turn` is the running turn's id, None while the thread is idle, `shell` whether a command of the
    human's runs in it.

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
        if is_shell(text):
            command = text[1:].strip()
            return Shell(command) if command else Say("! and a command: it runs in this thread's folder, as you")
        if turn is None:
            return Send(text)
        if turn == self._began_under:
            return Steer(text)
        return Queue(text, "queued: another turn began while you wrote; Enter on the next draft steers it")

    def tab(self, text: str, *, popup: bool, asks: bool = False) -> Outcome:
        """`asks`: the word before the cursor wants to be completed, and nothing fits it. Who presses Tab for that does not mean to send."""
        if popup:
            return Complete()
        if asks:
            return Say("nothing here completes that")
        if is_shell(text):
            return CompletePath()
        if not text.strip() or is_command(text):
            return Nothing()
        return Queue(text)

    def escape(self, text: str, *, popup: bool, turn: str | None, shell: bool = False) -> Outcome:
        """Never clears what was typed. The human's own command stops before the turn does."""
        if popup:
            return ClosePopup()
        if turn is None and not shell:
            return Nothing()
        if text and not self._stop_armed:
            self._stop_armed = True
            return Say("esc again stops")
        self._stop_armed = False
        return StopShell() if shell else Interrupt()

    def ctrl_c(self, text: str, *, selected: bool, turn: str | None, working: int, shell: bool = False) -> Outcome:
        """`working`: how many threads of the desk run a turn."""
        if selected:
            return Copy()
        if text:
            return Clear()
        if shell:
            return StopShell()
        if turn is not None:
            return Interrupt()
        if working:
            return Say(f"{working} working elsewhere: /quit leaves and interrupts {'it' if working == 1 else 'them'}")
        if self._quit_armed:
            return Quit()
        self._quit_armed = True
        return Say("ctrl+c again quits")
