"""A program in a pseudo-terminal, watched from outside: what it wrote, and when."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

LIMIT_S = 30.0
"""After that, what is waited for does not come any more."""
LEAVE_S = 5.0
"""That long a program may take to leave when its terminal is gone."""

CPUCLOCK_SCHED = 2
"""From Linux's `posix-timers.h`: a clock's number is `~pid << 3` with this in it. `clock_getcpuclockid` makes it so."""

REPLIES: Mapping[bytes, bytes] = {
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
    b"\x1b[?2048$p": b"\x1b[?2048;0$y",
    b"\x1b[c": b"\x1b[?62;c",
    b"\x1b[6n": b"\x1b[1;1R",
    b"\x1b]11;?": b"\x1b]11;rgb:1010/1010/1010\x1b\\",
}
"""What programs ask a terminal, and what a common one answers."""

_STYLE = re.compile(rb"\x1b\[[0-9;:]*m")
_OTHER = re.compile(rb"\x1b(?:\[[0-9:;<=>?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[^\[\]])")


@dataclass(frozen=True, slots=True)
class Memory:
    """MB."""

    resident: float
    """Everything that it has mapped and touched (RSS)."""
    proportional: float
    """The same, with what it shares with other processes counted in part (PSS)."""


class NothingCame(Exception):
    """The terminal did not show in time what was waited for."""


class Terminal:
    """Runs `argv` from the moment that it is made; `started` is that moment. Times are of `time.perf_counter`, which a machine's processes share."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, size: tuple[int, int] = (120, 40)) -> None:
        columns, rows = size
        self._written = bytearray()
        self._asked = bytearray()
        self.started = time.perf_counter()
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.chdir(cwd)
                os.execve(argv[0], [*argv], dict(env))
            finally:
                os._exit(127)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """The window is closed: what runs in it leaves in order, and is killed only if it does not."""
        os.kill(self._pid, signal.SIGHUP)
        end = time.perf_counter() + LEAVE_S
        while os.waitpid(self._pid, os.WNOHANG)[0] == 0:
            if time.perf_counter() > end:
                os.kill(self._pid, signal.SIGKILL)
            self.rest(0.02)
        os.close(self._fd)

    def press(self, keys: str) -> float:
        """Send keys as a terminal does; what was written before is forgotten. Gives the moment."""
        self._written.clear()
        moment = time.perf_counter()
        os.write(self._fd, keys.encode())
        return moment

    def forget(self) -> None:
        """What was written before now does not count for the next `until`."""
        self._written.clear()

    def until(self, *texts: str) -> float:
        """The moment at which the last of these texts was written. Raises `NothingCame`."""
        wanted = [text.encode() for text in texts]
        return self._read_until(lambda: all(text in seen for seen in (self._seen(),) for text in wanted), f"{texts} to be shown")

    def until_drawn(self) -> float:
        """The moment at which anything that is neither space nor a control sequence was written. Raises `NothingCame`."""
        return self._read_until(lambda: bool(self._seen().strip()), "anything to be drawn")

    @property
    def cpu_s(self) -> float:
        """The CPU time that the program has taken so far, without its children's. Linux only."""
        return time.clock_gettime((~self._pid << 3) | CPUCLOCK_SCHED)

    @property
    def memory(self) -> Memory:
        """What it has in memory now. Linux only."""
        rows = Path(f"/proc/{self._pid}/smaps_rollup").read_text().splitlines()[1:]
        sizes = {name: int(size) / 1024 for name, size, *_ in map(str.split, rows)}
        return Memory(sizes["Rss:"], sizes["Pss:"])

    def rest(self, seconds: float) -> None:
        """Go on reading for a while."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)

    def _read_until(self, done: Callable[[], bool], wish: str) -> float:
        end = time.perf_counter() + LIMIT_S
        moment = time.perf_counter()
        while not done():
            left = end - time.perf_counter()
            if left <= 0 or (moment := self._read(left)) is None:
                raise NothingCame(f"waited for {wish}; it wrote: {self._seen()[-2000:].decode(errors='replace')}")
        return moment

    def _read(self, patience: float) -> float | None:
        """Read what has come by then; the moment at which it came, None when the program has ended."""
        if not select.select([self._fd], [], [], patience)[0]:
            return time.perf_counter()
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:  # the program closed its end
            return None
        moment = time.perf_counter()
        self._written += data
        self._answer(data)
        return moment if data else None

    def _answer(self, data: bytes) -> None:
        self._asked += data
        for question, reply in REPLIES.items():
            if question in self._asked:
                os.write(self._fd, reply * self._asked.count(question))
                self._asked = bytearray(self._asked.replace(question, b""))
        del self._asked[:-16]  # a question may be cut in two

    def _seen(self) -> bytes:
        """What was written, without its styles; anything else that is not text parts words."""
        return _OTHER.sub(b"\n", _STYLE.sub(b"", self._written))
