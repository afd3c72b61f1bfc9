"""A desk that is shown in a browser: Textual's driver for that, which also ends when nobody serves it any more."""

from __future__ import annotations

from codecs import getincrementaldecoder

from textual import messages
from textual.drivers._byte_stream import ByteStream
from textual.drivers.web_driver import WebDriver, _ExitInput

from codex_desk.tui.terminal.driving import TerminalParser


class BrowserDriver(WebDriver):
    """Textual's own reads on when its input has ended, so a desk would go on without a screen after the server was killed."""

    _left = False
    """Whether the application was told that nobody is there."""

    def write(self, data: str) -> None:
        try:
            super().write(data)
        except BrokenPipeError:
            self._leave()

    def write_meta(self, data: dict[str, object]) -> None:
        try:
            super().write_meta(data)
        except BrokenPipeError:
            self._leave()

    def _leave(self) -> None:
        if not self._left:
            self._left = True
            self._app.post_message(messages.ExitApp())

    def run_input_thread(self) -> None:
        parser = TerminalParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        packets = ByteStream()
        try:
            for data in self._input_reader:
                for kind, payload in packets.feed(data) if data else ():
                    if kind == "D":
                        for message in parser.feed(decode(payload)):
                            self.process_message(message)
                    else:
                        self._on_meta(kind, payload)
                for message in parser.tick():
                    self.process_message(message)
        except _ExitInput:
            return
        if not self.exit_event.is_set():
            self._leave()
