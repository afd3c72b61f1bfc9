"""The desk while a person works in it: keys go in and frames come out of a real terminal."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench import inside
from tests.bench.figures import Figure, middle, slow_end
from tests.bench.paint import ENGINE_IS_THERE
from tests.bench.place import Place, apart
from tests.bench.stores import Seeded, seed
from tests.bench.terminal import NothingCame, Terminal

GREEK = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψω"
"""Letters that stand nowhere on the screen until they are typed."""

NEXT_THREAD = "\x1b[1;3C"
LEADER = "\x18"
CLEAR_DRAFT = "\x03"
PATIENCE_S = 60.0


def open_thread(root: Path, items: int = 100_000, times: int = 30) -> list[Figure]:
    """From the key to the end of the other thread on the screen, with both as long."""
    place = Place(root)
    threads = [Seeded("first", items), Seeded("second", items)]
    apart(seed, place, threads)
    took: list[float] = []
    with _desk(place, "nothing") as terminal:
        for target in itertools.islice(itertools.cycle(threads), times + 2):
            terminal.rest(0.2)
            pressed = terminal.press(NEXT_THREAD)
            took.append((terminal.until(target.last_words) - pressed) * 1000)
    return [middle(f"open a thread of {items} items, key to paint", took[2:], 35)]


def switch_panes(root: Path, items: int = 2000, times: int = 30) -> list[Figure]:
    """From the key to a letter in the composer of the other pane; the letter is typed behind the key."""
    place = Place(root)
    apart(seed, place, [Seeded("first", items), Seeded("second", items)])
    took: list[float] = []
    with _desk(place, "nothing", size=(160, 40)) as terminal:
        terminal.press("/open first\r")
        terminal.until("the end of first")
        terminal.press(f"{LEADER}v")
        terminal.rest(1.0)
        for number in range(times):
            letter = GREEK[number]
            pressed = terminal.press(f"{LEADER}{number % 2 + 1}{letter}")
            took.append((terminal.until(letter) - pressed) * 1000)
            terminal.rest(0.2)
    return [middle("switch panes and type a letter, key to paint", took, 35)]


def key_to_paint(root: Path, threads: int = 8, times: int = 150) -> list[Figure]:
    """From a key to its letter on the screen, idle and with a stream in every thread."""
    place = Place(root)
    apart(seed, place, [Seeded(f"session-{number}", 400) for number in range(threads)])
    with _desk(place, "nothing") as terminal:
        idle = list(_typed(terminal, times // 3))
    with _desk(place, "stream-everywhere") as terminal:
        terminal.until(f"Working {threads}")
        terminal.rest(2.0)
        streaming = list(_typed(terminal, times))
    return [
        slow_end(f"key to paint, {threads} threads with {inside.DELTAS_PER_S} deltas/s each", streaming, 33),
        middle(f"key to paint, {threads} threads with {inside.DELTAS_PER_S} deltas/s each", streaming, None),
        slow_end("key to paint, nothing running", idle, None),
    ]


def append(root: Path, items: int = 100_000) -> list[Figure]:
    """From the commit of an item to its text on the screen."""
    place = Place(root)
    apart(seed, place, [Seeded("only", items)])
    with _desk(place, "append") as terminal:
        shown = [_shown(terminal, inside.appended(number)) for number in range(inside.APPENDED)]
        began = _result(terminal, place)
    took = [(one - other) * 1000 for one, other in zip(shown, began, strict=True)]
    return [middle(f"append one item to {items}, commit to paint", took, 40)]


def stream_lag(root: Path) -> list[Figure]:
    """How late the event loop is while a long list, or a long block of code, grows in the shown thread."""
    figures: list[Figure] = []
    for number, (script, what) in enumerate((("lag-list", "list"), ("lag-code", "code block"))):
        place = Place(root / what)
        place.root.mkdir()
        apart(seed, place, [Seeded("only", 40)])
        with _desk(place, script) as terminal:
            found = _result(terminal, place)
        if number == 0:
            figures.append(slow_end("loop lag, nothing running", found["idle"], None))
        figures.append(slow_end(f"loop lag, a streamed {what} of {inside.STREAMED} characters", found["streaming"], 10))
    return figures


def focus(root: Path) -> list[Figure]:
    """CPU time of the whole application when the terminal loses or gains the focus."""
    place = Place(root)
    apart(seed, place, [Seeded("only", 2000)])
    with _desk(place, "focus") as terminal:
        found = _result(terminal, place)
    return [middle(f"terminal focus in or out, {found['blocks']} blocks, CPU", found["spent"], 60)]


@contextmanager
def _desk(place: Place, script: str, size: tuple[int, int] = (120, 40)) -> Iterator[Terminal]:
    """The desk with a script inside, once its engine is there."""
    argv = (sys.executable, "-m", "tests.bench.inside", script, str(place.home), str(place.work), str(_out(place)))
    with Terminal(argv, place.env, place.work, size) as terminal:
        terminal.until(ENGINE_IS_THERE)
        yield terminal


def _out(place: Place) -> Path:
    return place.root / "result.json"


def _result(terminal: Terminal, place: Place) -> Any:
    """What the script gave, once it is done; the terminal is read meanwhile."""
    waited = 0.0
    while not _out(place).exists():
        terminal.rest(0.1)
        terminal.forget()
        waited += 0.1
        if waited > PATIENCE_S:
            raise NothingCame("the script inside of the desk has not come to its end")
    return json.loads(_out(place).read_text())


def _shown(terminal: Terminal, text: str) -> float:
    moment = terminal.until(text)
    terminal.forget()
    return moment


def _typed(terminal: Terminal, times: int) -> Iterator[float]:
    """Milliseconds from each key to its letter, at uneven distances, so that no timer of the desk keeps step."""
    for number in range(times):
        letter = GREEK[number % len(GREEK)]
        if number % len(GREEK) == 0:
            terminal.press(CLEAR_DRAFT)
            terminal.rest(0.5)
        pressed = terminal.press(letter)
        yield (terminal.until(letter) - pressed) * 1000
        terminal.rest(0.05 + 0.013 * (number % 7))
