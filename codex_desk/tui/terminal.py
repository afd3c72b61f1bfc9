"""What the terminal sends, where Textual's own reading of it does not do: large pastes, and the colour behind the text.

Textual 8.2.8 parses a paste character by character: 4 s for 5 MB. Here the body of a paste passes its parser by, in the pieces in which it came.
"""

from __future__ import annotations

import os
import re
import selectors
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator, Mapping

from textual import constants, events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

ASK_BACKGROUND = "\x1b]11;?\x1b\\"
_BACKGROUND = re.compile(r"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})[^\x07\x1b]*(?:\x07|\x1b\\)")
_BEGUN = re.compile(r"\x1b\](?:1(?:1(?:;[^\x07\x1b]{0,40}\x1b?)?)?)?\Z")
"""An answer that goes on in the next piece of input."""
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
    """Textual's parser for everything but the body of a paste and the answer about the background."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._body: list[str] | None = None
        """The pieces of a paste that has begun."""
        self._tail = ""
        """The last characters seen: a mark may be split between two pieces of input."""
        self._held = ""

    def feed(self, data: str) -> Iterable[Message]:
        if not data:
            yield from super().feed(data)
            return
        while data:
            data = (yield from self._outside(data)) if self._body is None else (yield from self._inside(data))

    def _outside(self, data: str) -> Iterator[Message]:
        """Pass input on up to the mark that begins a paste; gives what follows the mark."""
        data = self._held + data
        self._held = ""
        at = (self._tail + data).find(BRACKETED_PASTE_START)
        end = len(data) if at < 0 else at + len(BRACKETED_PASTE_START) - len(self._tail)
        before, rest = data[:end], data[end:]
        self._tail = (self._tail + before)[1 - len(BRACKETED_PASTE_START) :]
        while answer := _BACKGROUND.search(before):
            yield from self._keys(before[: answer.start()])
            yield Background(light=is_light(*(int(part, 16) / (16 ** len(part) - 1) for part in answer.groups())))
            before = before[answer.end() :]
        if at < 0 and (begun := _BEGUN.search(before)):
            before, self._held = before[: begun.start()], before[begun.start() :]
        yield from self._keys(before)
        if at >= 0:
            self._body, self._tail = [], ""
        return rest

    def _inside(self, data: str) -> Iterator[Message]:
        """Keep input up to the mark that ends the paste; gives what follows the mark."""
        body = self._body if self._body is not None else []
        data, self._tail = self._tail + data, ""
        end = data.find(BRACKETED_PASTE_END)
        if end < 0:
            kept = len(data) - len(BRACKETED_PASTE_END) + 1
            body.append(data[: max(kept, 0)])
            self._tail = data[max(kept, 0) :]
            return ""
        body.append(data[:end])
        yield events.Paste("".join(body).replace("\x00", ""))
        self._body = None
        # Textual's parser saw the paste begin and sees it end; what it makes of the nothing between is no paste.
        yield from (token for token in super().feed(BRACKETED_PASTE_END) if not isinstance(token, events.Paste))
        return data[end + len(BRACKETED_PASTE_END) :]

    def _keys(self, data: str) -> Iterator[Message]:
        if data:
            yield from super().feed(data)


class DeskDriver(LinuxDriver):
    """Textual's driver with the parser above; it asks for the background as it starts, and nothing waits for the answer."""

    def start_application_mode(self) -> None:
        super().start_application_mode()
        self.write(ASK_BACKGROUND)
        self.flush()

    def run_input_thread(self) -> None:
        parser = TerminalParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.1):
                    read = os.read(self.fileno, PIECE)
                    if not read:
                        return  # the terminal is gone; the application hears of that by a signal
                    self._tell(parser.feed(decode(read)))
                self._tell(parser.tick())

    def _tell(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.process_message(message)


def driver() -> type[Driver] | None:
    """The driver for a terminal; None where something else was set, such as a browser."""
    return None if constants.DRIVER else DeskDriver


def is_light(red: float, green: float, blue: float) -> bool:
    """Whether dark text reads better on a colour, its parts between 0 and 1 (relative luminance, WCAG 2)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179


def told_light(env: Mapping[str, str]) -> bool:
    """Whether the environment says that the terminal's background is light (`COLORFGBG=0;15`)."""
    last = env.get("COLORFGBG", "").rpartition(";")[2]
    return last.isdigit() and int(last) in LIGHT_SLOTS
