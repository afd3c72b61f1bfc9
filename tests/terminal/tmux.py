"""Terminals of tmux: a program runs in one as under a person's hands, and what it shows is read off the screen."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PATIENCE_S = 20.0
"""After that, what a test waits for is not going to happen."""
LOOK_S = 0.03

LEFT = "left with status "
SAY_HOW_IT_ENDED = f'"$@"; echo "{LEFT}$?"; read -r _'
"""tmux itself sometimes does not know. The shell stays, since what is printed last can be lost with it."""


class Server:
    """A tmux server of its own, away from the user's."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    @property
    def command(self) -> list[str]:
        return ["tmux", "-S", str(self._socket), "-f", "/dev/null"]

    def __call__(self, *words: str) -> str:
        """Run a tmux command; gives what it prints."""
        return subprocess.run([*self.command, *words], check=True, capture_output=True, text=True).stdout

    def open(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, size: tuple[int, int]) -> Terminal:
        """A program in a terminal, with this environment and no other."""
        columns, rows = (str(number) for number in size)
        program = ["env", "-i", *(f"{name}={value}" for name, value in env.items()), "sh", "-c", SAY_HOW_IT_ENDED, "sh", *argv]
        keep = ("set-option", "-g", "remain-on-exit", "on", ";")  # the server ends with its last pane
        pane = self(*keep, "new-session", "-d", "-P", "-F", "#{pane_id}", "-x", columns, "-y", rows, "-c", str(cwd), *program)
        return Terminal(self, pane.strip())

    def stop(self) -> None:
        """End the server, and with it whatever runs in its terminals."""
        subprocess.run(["tmux", "-S", str(self._socket), "kill-server"], check=False, capture_output=True)


class Terminal:
    """One of a server's terminals."""

    def __init__(self, server: Server, pane: str) -> None:
        self._server = server
        self._pane = pane

    @property
    def screen(self) -> str:
        """The text on the screen now."""
        return self._server("capture-pane", "-p", "-t", self._pane)

    @property
    def title(self) -> str:
        return self._about("pane_title")

    @property
    def is_given_back(self) -> bool:
        """Whether a program left it as a shell has it: no mouse, no second screen, a cursor."""
        return self._about("mouse_any_flag,alternate_on,cursor_flag") == "0,0,1"

    def kill(self) -> None:
        """`kill -9` for the program."""
        os.killpg(int(self._about("pane_pid")), signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """For the desk in it, and not for the shell around that."""
        terminal = self._about("pane_tty").removeprefix("/dev/")
        found = subprocess.run(["pgrep", "-n", "-t", terminal, "python"], check=True, capture_output=True, text=True).stdout
        os.kill(int(found), number)

    def type(self, text: str) -> None:
        self._server("send-keys", "-t", self._pane, "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys, each by tmux's name for it: `Enter`, `C-x`, `M-Right`."""
        self._server("send-keys", "-t", self._pane, *keys)

    def send(self, *pieces: bytes | float) -> None:
        """Send bytes as a terminal does; a number is a silence between them, in seconds."""
        for piece in pieces:
            if isinstance(piece, bytes):
                self._server("send-keys", "-t", self._pane, "-H", *(f"{byte:02x}" for byte in piece))
            else:
                time.sleep(piece)

    def paste(self, text: str) -> None:
        """Paste as from a clipboard, in brackets where the program asked for them."""
        subprocess.run([*self._server.command, "load-buffer", "-"], input=text.encode(), check=True)
        self._server("paste-buffer", "-p", "-t", self._pane)

    def enter(self, text: str) -> None:
        """Type a line and press Enter once all of it stands there."""
        self.type(text)
        self.until(text)
        self.press("Enter")

    def resize(self, columns: int, rows: int) -> None:
        self._server("resize-window", "-t", self._pane, "-x", str(columns), "-y", str(rows))

    def until(self, *texts: str, without: Sequence[str] = ()) -> str:
        """The screen, once it shows all of these texts and none `without`."""
        return self._until(lambda screen: all(text in screen for text in texts) and not any(text in screen for text in without), texts)

    def exit_status(self) -> int:
        """What the program leaves with, once it has."""
        return int(self.until(LEFT).split(LEFT)[1].split()[0])

    def until_true(self, holds: Callable[[], bool]) -> None:
        self._until(lambda _: holds(), [holds.__name__])

    def _about(self, name: str) -> str:
        asked = ",".join(f"#{{{one}}}" for one in name.split(","))
        return self._server("display-message", "-p", "-t", self._pane, asked).strip()

    def _until(self, done: Callable[[str], bool], wanted: Sequence[str]) -> str:
        end = time.monotonic() + PATIENCE_S
        while not done(screen := self.screen):
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {', '.join(wanted)} on this screen:\n{screen}")
            time.sleep(LOOK_S)
        return screen
