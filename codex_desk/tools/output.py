"""A stream of bytes as bounded, visible text: once whole with its middle cut, once live."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable

from codex_desk.text import visible

OUTPUT_LIMIT = 64 * 1024
"""Bytes of a command's output that are kept: half from each end."""

LIVE_LIMIT = 256 * 1024
"""Characters of live output before it falls silent; what is kept does not depend on it."""


class HeadTail:
    """Both ends of a stream, in memory that does not grow with it."""

    def __init__(self, limit: int = OUTPUT_LIMIT) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0
        """Bytes fed so far."""

    def feed(self, data: bytes) -> None:
        self.total += len(data)
        room = self._half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 2 * self._half:
            del self._tail[: -self._half]

    @property
    def cut(self) -> bool:
        return self.total > 2 * self._half

    def raw(self) -> bytes:
        """The bytes, when nothing was cut; else both ends without a mark between them."""
        return bytes(self._head + self._tail[-self._half :]) if self._tail else bytes(self._head)

    def text(self) -> str:
        """Both ends decoded and made visible, with a line between them that says how much is left out."""
        if not self.cut:
            return readable(self.raw())
        head, tail = _whole_start(bytes(self._head)), _whole_end(bytes(self._tail[-self._half :]))
        left_out = self.total - len(head) - len(tail)
        return f"{readable(head)}\n[… {left_out:,} bytes left out …]\n{readable(tail)}"


def readable(data: bytes) -> str:
    """UTF-8 with replacements, every kind of line end as a newline, control characters visible."""
    text = data.decode("utf-8", "replace")
    return visible(text.replace("\r\n", "\n").replace("\r", "\n"))


def _whole_start(data: bytes) -> bytes:
    """Without a character that the cut went through at the end."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data)
    pending = len(decoder.getstate()[0])
    return data[: len(data) - pending]


def _whole_end(data: bytes) -> bytes:
    """Without the rest of a character that the cut went through at the start: at most three bytes."""
    begin = 0
    while begin < min(3, len(data)) and data[begin] & 0xC0 == 0x80:
        begin += 1
    return data[begin:]


class LiveText:
    """Decodes as bytes come and passes visible increments on, up to `LIVE_LIMIT`."""

    def __init__(self, show: Callable[[str], None], limit: int = LIVE_LIMIT) -> None:
        self._show = show
        self._left = limit
        self._decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), translate=True)

    def feed(self, data: bytes, final: bool = False) -> None:
        if self._left <= 0:
            return
        text = visible(self._decoder.decode(data, final))
        if not text:
            return
        self._show(text[: self._left])
        self._left -= len(text)
        if self._left <= 0:
            self._show("\n[… live output ends here; both ends of the whole come with the result …]\n")
