"""The desk while a person works in it: keys go in and frames come out of a real terminal."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import inside
from tests.bench.figures import Figure, flat, middle, slow_end
from tests.bench.paint import ENGINE_IS_THERE, FEWER
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
    """From the key to the end of the other thread on the screen, with both as long; and the same with threads a hundred times shorter."""
    few = items // FEWER
    with two_threads(root / "long", items) as longer, two_threads(root / "short", few) as shorter:
        took, took_less = alternately(times, lambda: next(longer), lambda: next(shorter))
    return [
        middle(f"open a thread of {items} items, key to paint", took, 35),
        flat(f"open a thread, {items} ÷ {few} items", took, took_less),
    ]


@contextmanager
def two_threads(root: Path, items: int) -> Iterator[Iterator[float]]:
    """A desk with two threads; each `next` goes to the other one, and gives the milliseconds until its end is shown."""
    place = made(root)
    threads = [Seeded("first", items), Seeded("second", items)]
    apart(seed, place, threads)

    def each() -> Iterator[float]:
        for target in itertools.cycle(threads):
            terminal.rest(0.2)
            pressed = terminal.press(NEXT_THREAD)
            yield (terminal.until(target.last_words) - pressed) * 1000

    with desk(place, "nothing") as terminal:
        samples = each()
        for _ in threads:  # each is opened for the first time
            next(samples)
        yield samples


def alternately(times: int, one: Callable[[], float], other: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Samples of both, in turns, so that both meet the same machine."""
    pairs = [(one(), other()) for _ in range(times)]
    return [first for first, _ in pairs], [second for _, second in pairs]


def made(root: Path) -> Place:
    root.mkdir()
    return Place(root)


def switch_panes(root: Path, items: int = 2000, times: int = 30) -> list[Figure]:
    """From the key to a letter in the composer of the other pane; the letter is typed behind the key."""
    place = Place(root)
    apart(seed, place, [Seeded("first", items), Seeded("second", items)])
    took: list[float] = []
    with desk(place, "nothing", size=(160, 40)) as terminal:
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


def key_to_paint(root: Path, streams: int = 8, times: int = 150, items: int = 100_000, threads: int = 10_000) -> list[Figure]:
    """From a key to its letter on the screen: with a stream in every thread; and with none, on a desk of many long threads and on one of few short ones."""
    place, many, few = (made(root / name) for name in ("streams", "many", "few"))
    apart(seed, place, [Seeded(f"session-{number}", 400) for number in range(streams)])
    apart(seed, many, _sessions(threads, items))
    apart(seed, few, _sessions(threads // FEWER, items // FEWER))
    with desk(place, "stream-everywhere") as terminal:
        terminal.until(f"Working {streams}")
        terminal.rest(2.0)
        streaming = list(typed(terminal, times))
    with desk(many, "nothing") as large, desk(few, "nothing") as small:
        keys, keys_of_few = typed(large, times // 3), typed(small, times // 3)
        idle, idle_of_few = alternately(times // 3, lambda: next(keys), lambda: next(keys_of_few))
    return [
        slow_end(f"key to paint, {streams} threads with {inside.DELTAS_PER_S} deltas/s each", streaming, 33),
        middle(f"key to paint, {streams} threads with {inside.DELTAS_PER_S} deltas/s each", streaming, None),
        slow_end(f"key to paint, nothing running, {threads} threads, {items} items", idle, None),
        flat(f"key to paint, {threads} threads, {items} items ÷ {threads // FEWER}, {items // FEWER}", idle, idle_of_few),
    ]


def _sessions(threads: int, items: int) -> list[Seeded]:
    """The newest has so many items."""
    return [*(Seeded(f"session-{number:05}", 2) for number in range(threads - 1)), Seeded("newest", items)]


def append(root: Path, items: int = 100_000) -> list[Figure]:
    """From the commit of an item to its text on the screen, and the same in a thread a hundred times shorter."""
    few = items // FEWER
    took, took_less = (_changes(made(root / str(size)), [Seeded("only", size)], "append") for size in (items, few))
    return [
        middle(f"append one item to {items}, commit to paint", took.waited, 40),
        flat(f"append one item, {items} ÷ {few} items", took.waited, took_less.waited),
    ]


def sidebar(root: Path, threads: int = 10_000) -> list[Figure]:
    """From the commit of a session's new name to its row, and the CPU time of that; and the same with a hundred times fewer sessions."""
    few = threads // FEWER
    took, took_less = (_changes(made(root / str(count)), _sessions(count, 2), "rename") for count in (threads, few))
    return [
        middle(f"a row of {threads} changes, commit to paint", took.waited, None),
        middle(f"a row of {threads} changes, CPU", took.spent, None),
        flat(f"a row changes, commit to paint, {threads} ÷ {few} threads", took.waited, took_less.waited),
        flat(f"a row changes, CPU, {threads} ÷ {few} threads", took.spent, took_less.spent),
    ]


@dataclass(frozen=True, slots=True)
class Changes:
    """Milliseconds, for each of `inside.CHANGES`."""

    waited: list[float]
    """From the commit to its words on the screen."""
    spent: list[float]
    """CPU time of the whole application."""


def _changes(place: Place, sessions: list[Seeded], script: str) -> Changes:
    apart(seed, place, sessions)
    with desk(place, script) as terminal:
        shown = [_shown(terminal, inside.changed(number)) for number in range(inside.CHANGES)]
        found = result(terminal, place)
    return Changes([(one - other) * 1000 for one, other in zip(shown, found["began"], strict=True)], found["spent"])


def stream_lag(root: Path) -> list[Figure]:
    """How late the event loop is while a long list, or a long block of code, grows in the shown thread."""
    figures: list[Figure] = []
    for number, (script, what) in enumerate((("lag-list", "list"), ("lag-code", "code block"))):
        place = made(root / what)
        apart(seed, place, [Seeded("only", 40)])
        with desk(place, script) as terminal:
            found = result(terminal, place)
        if number == 0:
            figures.append(slow_end("loop lag, nothing running", found["idle"], None))
        figures.append(slow_end(f"loop lag, a streamed {what} of {inside.STREAMED} characters", found["streaming"], 10))
    return figures


def focus(root: Path) -> list[Figure]:
    """CPU time of the whole application when the terminal loses or gains the focus."""
    place = Place(root)
    apart(seed, place, [Seeded("only", 2000)])
    with desk(place, "focus") as terminal:
        found = result(terminal, place)
    return [middle(f"terminal focus in or out, {found['blocks']} blocks, CPU", found["spent"], 60)]


@contextmanager
def desk(place: Place, script: str, size: tuple[int, int] = (120, 40)) -> Iterator[Terminal]:
    """The desk with a script inside, once its engine is there."""
    argv = (sys.executable, "-m", "tests.bench.inside", script, str(place.home), str(place.work), str(_out(place)))
    with Terminal(argv, place.env, place.work, size) as terminal:
        terminal.until(ENGINE_IS_THERE)
        yield terminal


def _out(place: Place) -> Path:
    return place.root / "result.json"


def result(terminal: Terminal, place: Place) -> Any:
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


def typed(terminal: Terminal, times: int) -> Iterator[float]:
    """Milliseconds from each key to its letter, at uneven distances, so that no timer of the desk keeps step."""
    for number in range(times):
        letter = GREEK[number % len(GREEK)]
        if number % len(GREEK) == 0:
            terminal.press(CLEAR_DRAFT)
            terminal.rest(0.5)
        pressed = terminal.press(letter)
        yield (terminal.until(letter) - pressed) * 1000
        terminal.rest(0.05 + 0.013 * (number % 7))
