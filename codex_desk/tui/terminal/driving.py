"""What the terminal sends, where Textual's own reading of it does not do: split sequences, large pastes, and the colour behind the text.

Textual 8.2.8 parses a paste character by character: 4 s for 5 MB. Here a paste passes its parser by, and so does everything that it does not know.
"""

from __future__ import annotations

import asyncio
import os
import re
import selectors
import signal
import sys
import threading
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from textual import constants, events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import (
    XTermParser,
    _re_cursor_position,
    _re_extended_key,
    _re_in_band_window_resize,
    _re_terminal_mode_response,
)
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from codex_desk.tui.model.incoming import Escape, Incoming, Meta, Pasted, Sequence, Token, Typed
from codex_desk.tui.terminal.output import MOST_PENDING, TerminalFile, Title

ASK_BACKGROUND = "\x1b]11;?\x1b\\"
_BACKGROUND = re.compile(r"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})[^\x07\x1b]*(?:\x07|\x1b\\)")
_KNOWN = (
    re.compile(r"\x1b\[[IO]"),  # the terminal is looked at, or not
    re.compile(r"\x1b\[<-?\d+;-?\d+;-?\d+[Mm]"),
    _re_extended_key,
    _re_terminal_mode_response,
    _re_in_band_window_resize,
    _re_cursor_position,
)
"""Beside its table of keys, what Textual's parser makes something of. Anything else it would type."""
IN_BROWSER = "textual.drivers.web_driver:WebDriver"
"""What textual-serve sets `TEXTUAL_DRIVER` to."""
CLEAR = "\x1b[H\x1b[2J"
"""So that nothing is left behind in a terminal without a second screen to leave, as GNU screen is one at first."""
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
END_S = 15.0
STOPPED = 130
"""What an application gives that was ended by a signal."""
PIECE = 64 * 1024
"""Bytes read at once."""
LIGHT_SLOTS = frozenset({7, 15})
"""Numbers of the terminal's white among its colours, as `COLORFGBG` gives them."""


class Background(Message):
    """The terminal told the colour behind its text."""

    def __init__(self, *, light: bool) -> None:
        super().__init__()
        self.light = light


class TerminalParser(XTermParser):
    """Textual's parser behind `Incoming`: it gets one character, or one complete sequence that it knows, at a time."""

    def __init__(self, debug: bool = False, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(debug)
        self._clock = clock
        self._incoming = Incoming()

    @property
    def patience(self) -> float | None:
        """Seconds after which `tick` may have something to say; None while it has not."""
        return self._incoming.patience

    def feed(self, data: str) -> Iterator[Message]:
        """An empty text is the first byte of a character: Textual's own would take it for the end of all input."""
        if data:
            yield from self._told(self._incoming.feed(data, self._clock()))

    def tick(self) -> Iterator[Message]:
        yield from self._told(self._incoming.tick(self._clock()))

    def _told(self, tokens: Iterable[Token]) -> Iterator[Message]:
        for token in tokens:
            match token:
                case Typed(text):
                    yield from super().feed(text)
                case Escape():
                    yield events.Key("escape", "\x1b")
                case Meta(character):
                    yield from self._with_alt(character)
                case Pasted(text):
                    yield events.Paste(text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n"))
                case Sequence(text):
                    yield from self._sequence(text)

    def _with_alt(self, character: str) -> Iterator[Message]:
        known = ANSI_SEQUENCES_KEYS.get(f"\x1b{character}")
        if isinstance(known, tuple):
            yield from (events.Key(key.value, None) for key in known)
            return
        for key in self._sequence_to_key_events(character):
            shift = "shift+" if key.key.isupper() else ""
            yield events.Key(f"alt+{shift}{key.key.lower()}", None)

    def _sequence(self, text: str) -> Iterator[Message]:
        if answer := _BACKGROUND.fullmatch(text):
            yield Background(light=is_light(*(int(part, 16) / (16 ** len(part) - 1) for part in answer.groups())))
        elif text in ANSI_SEQUENCES_KEYS or any(pattern.fullmatch(text) for pattern in _KNOWN):
            yield from super().feed(text)


class Ending(threading.Event):
    """An event that a selector can wait for beside the terminal. Textual's own thread looks for it ten times a second, all day long."""

    def __init__(self) -> None:
        super().__init__()
        self._told, self._tell = os.pipe()

    def fileno(self) -> int:
        """Something to read stands there while the event is set, and not a moment before."""
        return self._told

    def set(self) -> None:
        if not self.is_set():
            super().set()
            os.write(self._tell, b"\0")

    def clear(self) -> None:
        if self.is_set():
            os.read(self._told, 1)
        super().clear()


class DeskDriver(LinuxDriver):
    """Textual's driver with the parser above; it asks for the background as it starts, and nothing waits for the answer.

    The title is given back whenever the terminal is. SIGTERM and a lost terminal end the application in order, as leaving it does.
    """

    _away = False
    """Whether the terminal is somebody else's for now, such as an editor's."""

    def __init__(self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert sys.__stderr__ is not None
        self._terminal = TerminalFile(sys.__stderr__)
        self.exit_event = Ending()
        self._file = self._terminal  # pyright: ignore[reportAttributeAccessIssue]  # as much of a file as the writing thread uses
        self._given = 0
        self._title = Title()

    @property
    def behind(self) -> bool:
        """Whether the terminal is too slow for another frame now."""
        return self._given - self._terminal.taken > MOST_PENDING

    def set_title(self, text: str) -> None:
        """Show a title, made safe; an empty one gives the one from before back."""
        if sequence := self._title.change(text):
            self.write(sequence)

    def suspend_application_mode(self) -> None:
        super().suspend_application_mode()
        self._away = True

    def resume_application_mode(self) -> None:
        self._away = False
        super().resume_application_mode()

    def use_mouse(self, used: bool) -> None:
        """Take the mouse from the terminal, or give it back, while the screen is open."""
        if used == self._mouse:
            return
        if used:
            self._mouse = True
            self._enable_mouse_support()
        else:
            self._disable_mouse_support()
            self._mouse = False
        self.flush()

    def write(self, data: str) -> None:
        """What is drawn meanwhile is drawn again afterwards. Textual's own would wait for a thread that has ended."""
        if not self._away:
            self._given += 1
            super().write(data)

    def start_application_mode(self) -> None:
        super().start_application_mode()
        loop = asyncio.get_running_loop()
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                loop.add_signal_handler(number, self._end, loop)
        self.write(ASK_BACKGROUND)
        self.flush()

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        """End in order. A second signal, or too long a wait, ends the process as if nothing had been asked for."""
        for number in ENDING:
            loop.remove_signal_handler(number)
        loop.call_later(END_S, signal.raise_signal, signal.SIGTERM)
        self._app.exit(STOPPED)

    def stop_application_mode(self) -> None:
        self.set_title("")
        self.write(CLEAR)
        super().stop_application_mode()

    def run_input_thread(self) -> None:
        parser = TerminalParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(self.exit_event, selectors.EVENT_READ)
            while True:
                ready = selector.select(parser.patience)
                if self.exit_event.is_set():
                    return
                if ready:  # the terminal: what the event writes is there after it was set
                    read = os.read(self.fileno, PIECE)
                    if not read:
                        return  # the terminal is gone; the application hears of that by a signal
                    self._tell(parser.feed(decode(read)))
                self._tell(parser.tick())

    def _tell(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.process_message(message)


def driver() -> type[Driver] | None:
    """The driver for a terminal, or for a browser that textual-serve set; None where something else was set."""
    if constants.DRIVER == IN_BROWSER:
        from codex_desk.tui.terminal.browser import BrowserDriver

        return BrowserDriver
    return None if constants.DRIVER else DeskDriver


def is_light(red: float, green: float, blue: float) -> bool:
    """Whether dark text reads better on a colour, its parts between 0 and 1 (relative luminance, WCAG 2)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179


def told_light(env: Mapping[str, str]) -> bool:
    """Whether the environment says that the terminal's background is light (`COLORFGBG=0;15`)."""
    last = env.get("COLORFGBG", "").rpartition(";")[2]
    return last.isdigit() and int(last) in LIGHT_SLOTS
