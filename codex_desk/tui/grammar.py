"""One grammar for slash commands, the command line's, read from the same usage line that help shows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import field
from io import StringIO

from codex_desk.frozen import frozen

_WORD = re.compile(r"\[(--[a-z-]+)(?: ([A-Z][A-Z-]*))?\]|\[([A-Z][A-Z-]*)(…?)\]|([A-Z][A-Z-]*)(…?)")


class UsageError(Exception):
    """A line that the grammar does not take; the message is for people."""


@frozen
class Call:
    """A command line taken apart. Every value is text as typed; a name that was not given is absent."""

    values: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name: positionals, and options that take a value (`rights` for `--rights R`)."""
    flags: frozenset[str] = frozenset()
    many: tuple[str, ...] = ()
    """What a repeated positional (`MESSAGE…`) took."""

    def get(self, name: str) -> str | None:
        return self.values.get(name)


class Grammar:
    """A usage line such as `CHILD PARENT [--move] [--rights R]`.

    Positionals may be left off from the right: what is missing is asked for on the screen. `TEXT` takes the rest of the line as it stands, unless it
    begins with a quote; then it is one shell word, as on the command line, and options may follow.
    """

    def __init__(self, usage: str) -> None:
        self.usage = usage
        self._positionals: list[str] = []
        self._options: dict[str, bool] = {}
        """Option → whether it takes a value."""
        self._repeated = False
        for option, value, optional, more, required, more_required in _WORD.findall(usage):
            if option:
                self._options[option] = bool(value)
                continue
            self._positionals.append((optional or required).lower())
            self._repeated = bool(more or more_required)

    @property
    def options(self) -> Mapping[str, bool]:
        """Option → whether it takes a value."""
        return self._options

    def expects(self, rest: str) -> tuple[str, str]:
        """What the last word of an unfinished line stands for, and the word so far: (`CHILD`, "rev"), (`--rights`, "") for that option's value, (`--`,
        "--m") for an option. The first is empty where nothing more is taken, or what is taken is prose."""
        *done, word = rest.split(" ")
        waiting = list(self._positionals)
        before = ""
        for one in filter(None, done):
            if before and self._options.get(before):
                before = ""
                continue
            before = one
            if one not in self._options and waiting and not (self._repeated and len(waiting) == 1):
                waiting.pop(0)
        if before and self._options.get(before):
            return before, word
        if word.startswith("-"):
            return ("--" if self._options else ""), word
        if not waiting or waiting[0] == "text":
            return "", word
        return waiting[0].upper(), word

    def parse(self, rest: str) -> Call:
        """Take what follows the command's name apart. Raises `UsageError`."""
        values: dict[str, str] = {}
        flags: set[str] = set()
        many: list[str] = []
        waiting = list(self._positionals)
        rest = rest.strip()
        while rest:
            if waiting[:1] == ["text"] and not rest.startswith(("--", "'", '"')):
                values["text"] = rest
                return Call(values, frozenset(flags), tuple(many))
            word, rest = _next_word(rest)
            if word.startswith("--") and word in self._options:
                if not self._options[word]:
                    flags.add(word[2:])
                    continue
                if not rest:
                    raise UsageError(f"{word} needs a value")
                values[word[2:]], rest = _next_word(rest)
            elif waiting and self._repeated and len(waiting) == 1:
                many.append(word)
            elif waiting:
                values[waiting.pop(0)] = word
            else:
                raise UsageError(f"does not take {word!r}" if self.usage else f"does not take {word!r}; it takes nothing")
        return Call(values, frozenset(flags), tuple(many))


def _next_word(rest: str) -> tuple[str, str]:
    """The first shell word and what follows it, verbatim."""
    stream = StringIO(rest)
    lexer = shlex.shlex(stream, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if not rest.startswith(("'", '"')):
        lexer.quotes = ""
        lexer.escape = ""
    try:
        word = lexer.get_token()
    except ValueError as error:
        raise UsageError("a quote is not closed") from error
    return word or "", stream.read().strip()
