"""What a terminal sends, cut into keys, whole control sequences and pastes; however slow the line, and wherever it cuts.

Textual 8.2.8 gives a sequence 100 ms and types what it has by then, reads the rest of a line into one that it does not know, and types `^b` for two
quick `Alt+b`. None of that reaches it from here: it is given single characters, and sequences that are complete.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from codex_desk.frozen import frozen
from codex_desk.tui.model import windows_keys

ESC = "\x1b"
PASTE_START = "\x1b[200~"
PASTE_END = "\x1b[201~"

ESCAPE_S = 0.150
"""So long without `[` or `O`, an escape is the key: ssh splits what an arrow key sends."""
ORPHAN_S = 0.500
"""So long after an escape was acted on, the rest of a sequence that comes in one piece is dropped."""
TOGETHER_S = 0.025
"""What comes within this time was sent at once: nobody presses two keys so quickly."""
BROKEN_S = 0.500
"""So long without a byte, the rest of a sequence does not come any more."""
PASTE_S = 1.000
"""The same for the end of a paste. What of it comes later is a paste of its own."""
LONG = 32
"""Characters that come at once and are not typed by hand."""

_CSI = r"\[(?:\[[A-E]|M[\s\S]{3}|(?![M\[])[0-?]*[ -/]*[@-~])"
_SS3 = r"O[0-9;]*[@-~ ]"
_STRING = r"(?:\][0-9]|P[0-9>!$+=]|_G)[^\x07\x1b]*"
_WHOLE = re.compile(rf"\x1b{{1,2}}(?:{_CSI}|{_SS3})|\x1b{_STRING}(?:\x07|\x1b\\)")
"""A control sequence. Two escapes are Alt and the key, as some terminals write it."""
_BEGUN = re.compile(rf"\x1b{{1,2}}(?:\[(?:\[|M[\s\S]{{0,2}}|[0-?]*[ -/]*)|O[0-9;]*)?|\x1b(?:[\]P_]|{_STRING}\x1b?)")
_BROKEN = re.compile(rf"\x1b{{1,2}}(?:\[[0-?]*[ -/]*|O[0-9;]*)|\x1b{_STRING}")
"""As much of a sequence as came before something that cannot belong to it."""
_GOES_ON = re.compile(r"[\[O\]]|P[0-9>!$+=]|_G")
"""What belongs to an escape also where it comes later."""
_ORPHAN = re.compile(r"(?:\[[0-?]*[A-DFHP-SZu~]|O[0-9;]*[A-DFHP-S])(?=\x1b|\Z)")
_REPORT = re.compile(r"\x1b\[[<IO]")
"""What terminals send of their own accord: the mouse, and whether they are looked at."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINES = re.compile(r"[^\r\n][\r\n]+[^\r\n]")
"""Two lines. Whoever types presses Enter last."""
_MODIFIED = re.compile(r"\x1b\[(?:27;(?P<modifiers>\d+);(?P<code>\d+)~|(?P<code_u>\d+);(?P<modifiers_u>\d+)u)")
"""A key with its modifiers, as xterm (`modifyOtherKeys`) and as kitty write it."""


@frozen
class Typed:
    """Characters, each a key: printable ones and control characters, no escape."""

    text: str


@frozen
class Meta:
    """A character with Alt."""

    character: str


@frozen
class Escape:
    """The key."""


@frozen
class Sequence:
    """A complete control sequence."""

    text: str


@frozen
class Pasted:
    """A paste as it came, or what cannot have been typed: many characters at once, or several lines."""

    text: str


Token = Typed | Meta | Escape | Sequence | Pasted


class Incoming:
    """Feed it what is read, and `tick` it when `patience` is over. Times are seconds of one steady clock."""

    def __init__(self) -> None:
        self._at = 0.0
        """When the last byte came."""
        self._acted = -ORPHAN_S
        """When an escape became the key."""
        self._held = ""
        """A sequence that has begun."""
        self._burst = ""
        """Text that came at once: more lines may follow."""
        self._body: list[str] | None = None
        """The pieces of a paste."""
        self._tail = ""
        """The end of the last piece: the mark that ends a paste may be cut in two."""
        self._after: str | None = None
        """What came behind the end of a paste: if there is another end, the paste itself held the first one, and goes on."""
        self._windows = windows_keys.Reader()

    @property
    def patience(self) -> float | None:
        """Seconds without a byte after which `tick` has something to say; None while nothing is held."""
        if self._body is not None:
            return PASTE_S if self._after is None else TOGETHER_S
        if self._burst:
            return TOGETHER_S
        if not self._held:
            return None
        return ESCAPE_S if self._is_key else BROKEN_S

    @property
    def _is_key(self) -> bool:
        """Whether what is held can be keys that were pressed."""
        return self._held.strip(ESC) in ("", "]", "P", "_")

    def feed(self, data: str, now: float) -> Iterator[Token]:
        quiet, self._at = now - self._at, now
        if quiet > TOGETHER_S:
            yield from self._settle()
            if self._held and not self._held.strip(ESC) and not _GOES_ON.match(data):
                yield from self._give_up(now)
        if not self._held and self._body is None and now - self._acted < ORPHAN_S and (orphan := _ORPHAN.match(data)):
            data = data[orphan.end() :]
        if data:
            self._acted = -ORPHAN_S
        rest, self._held = self._held + data, ""
        while rest:
            if self._body is not None:
                rest = yield from self._paste(self._body, rest)
            elif rest[0] == ESC:
                rest = yield from self._sequence(rest)
            else:
                rest = yield from self._text(rest)

    def tick(self, now: float) -> Iterator[Token]:
        """Time has passed."""
        patience = self.patience
        if patience is None or now - self._at < patience:
            return
        if self._body is not None:
            after = yield from self._end_paste(self._body)
            yield from self.feed(after, self._at)
        elif self._burst:
            yield from self._settle()
        else:
            yield from self._give_up(now)

    def _give_up(self, now: float) -> Iterator[Token]:
        """What is held is all that comes."""
        held, self._held = self._held, ""
        rest = held.lstrip(ESC)
        if rest in ("", "]", "P", "_"):
            yield from (Escape() for _ in range(len(held) - len(rest) - bool(rest)))
            if rest:
                yield Meta(rest)
            else:
                self._acted = now

    # --- sequences ------------------------------------------------------------------------------------------------------------------------------

    # Each of these takes the first thing of `rest`, and returns what is left of it.

    def _sequence(self, rest: str) -> Generator[Token, None, str]:
        if whole := _WHOLE.match(rest):
            yield from self._settle(pasted=whole[0] == PASTE_END)
            yield from self._whole(whole[0])
            return rest[whole.end() :]
        if _BEGUN.fullmatch(rest):
            self._held = rest
            return ""
        yield from self._settle()
        if broken := _BROKEN.match(rest):
            return rest[broken.end() :]
        if rest[1] == ESC:
            yield Escape()
            return rest[1:]
        yield Meta(rest[1])
        return rest[2:]

    def _whole(self, sequence: str) -> Iterator[Token]:
        if sequence == PASTE_START:
            self._body = []
        elif sequence == PASTE_END:
            return  # of a paste that was given up
        elif sequence.startswith(ESC + ESC):
            yield Sequence(_with_alt(sequence[1:]))
        elif (text := self._windows.read(sequence)) is not None:
            yield from _read_out(text)
        elif modified := _MODIFIED.fullmatch(sequence):
            yield _modified(int(modified["code"] or modified["code_u"]), int(modified["modifiers"] or modified["modifiers_u"]))
        else:
            yield Sequence(sequence)

    # --- text -----------------------------------------------------------------------------------------------------------------------------------

    def _text(self, rest: str) -> Generator[Token, None, str]:
        end = rest.find(ESC)
        text = self._burst + (rest if end < 0 else rest[:end])
        if self._burst or (end < 0 and _is_at_once(text)) or end >= 0:
            self._burst = text
        else:
            yield Typed(text)
        return "" if end < 0 else rest[end:]

    def _settle(self, *, pasted: bool = False) -> Iterator[Token]:
        """The text that came at once is over: keys, or a paste that the terminal has not marked as one."""
        text, self._burst = self._burst, ""
        if not text:
            return
        if pasted or (_LINES.search(text) and not _CONTROLS.search(text)):
            yield Pasted(text)
            return
        line = text.rstrip("\r\n")
        if len(line) >= LONG and not _CONTROLS.search(line):
            yield Pasted(line)
            text = text[len(line) :]
        if text:
            yield Typed(text)

    # --- pastes ---------------------------------------------------------------------------------------------------------------------------------

    def _paste(self, body: list[str], rest: str) -> Generator[Token, None, str]:
        if self._after is None:
            rest, self._tail = self._tail + rest, ""
            end = rest.find(PASTE_END)
            if end < 0:
                kept = max(len(rest) - len(PASTE_END) + 1, 0)
                body.append(rest[:kept])
                self._tail = rest[kept:]
                return ""
            body.append(rest[:end])
            rest, self._after = rest[end + len(PASTE_END) :], ""
        self._after += rest
        end, start = self._after.find(PASTE_END), self._after.find(PASTE_START)
        if end >= 0 and (start < 0 or end < start):
            body.append(PASTE_END)
            rest, self._after = self._after, None
            return rest
        if start >= 0 or _REPORT.match(self._after):
            return (yield from self._end_paste(body))
        return ""

    def _end_paste(self, body: list[str]) -> Generator[Token, None, str]:
        """Returns what came behind it."""
        after, self._after = self._after or "", None
        text, self._tail = "".join(body) + self._tail, ""
        self._body = None
        yield Pasted(text)
        return after


def _is_at_once(text: str) -> bool:
    """Whether more lines may follow a text, or it is longer than anybody types between two looks."""
    if _CONTROLS.search(text):
        return False
    return len(text) >= LONG or bool(re.search(r"[^\r\n][\r\n]", text))


def _with_alt(sequence: str) -> str:
    """`ESC [ A`, `ESC O A` and `ESC [ 3 ~` with Alt added, as xterm writes it; any other as it is."""
    if bare := re.fullmatch(r"\x1b[\[O]([A-DFHP-S])", sequence):
        return f"\x1b[1;3{bare[1]}"
    if numbered := re.fullmatch(r"\x1b\[(\d+)~", sequence):
        return f"\x1b[{numbered[1]};3~"
    return sequence


def _modified(code: int, modifiers: int) -> Token:
    """A shifted character is that character; anything else as kitty writes it."""
    if modifiers <= 2 and 32 <= code <= 0x10FFFF and chr(code).isprintable():
        return Typed(chr(code))
    return Sequence(f"\x1b[{code};{modifiers}u")


def _read_out(text: str) -> Iterator[Token]:
    """What a key of Windows stands for, which is never half of something."""
    if text == ESC:
        yield Escape()
    elif text.startswith(ESC):
        yield Meta(text[1]) if len(text) == 2 else Sequence(text)
    elif text:
        yield Typed(text)
