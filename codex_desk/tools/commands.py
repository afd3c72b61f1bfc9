"""Whether a command line is one simple command, so that a rule about its arguments means what it says."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from codex_desk.tools.words import words

_PLAIN = re.compile(r"[\w@%+=:,./-]", re.ASCII)
"""Characters that mean themselves outside of quotes, in every shell. Everything else outside of quotes is refused."""

_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"([^"$`\\!]*)"')
"""Double quotes in which nothing is expanded."""

_WORDS_OF_THE_SHELL = words(
    """
    if then else elif fi for while until do done case esac in select function time coproc eval exec source . command builtin trap
    alias unalias enable set shopt export declare typeset local readonly env xargs
    """
)
"""Words that are no program, or that read further arguments as a command."""

_SHELLS = words("sh bash zsh dash ksh ash fish csh tcsh")


def simple_command(text: str) -> tuple[str, ...] | None:
    """The argv of one simple command, or None for anything that a shell would do more with.

    None for a redirect, substitution, operator, variable, glob, tilde, brace, escape, comment, assignment, more than one line, control
    characters, words that run other words, and a shell with `-c`.
    """
    text = text.strip(" ")
    if not text.isprintable():
        return None
    argv: list[str] = []
    position = 0
    while position < len(text):
        word = _word(text, position)
        if word is None:
            return None
        value, position = word
        argv.append(value)
        while position < len(text) and text[position] == " ":
            position += 1
    return tuple(argv) if argv and _is_program(argv) else None


def _word(text: str, position: int) -> tuple[str, int] | None:
    """The word that starts here without its quotes, and where it ends."""
    parts: list[str] = []
    while position < len(text) and text[position] != " ":
        if _PLAIN.match(text[position]):
            parts.append(text[position])
            position += 1
            continue
        quoted = _SINGLE.match(text, position) or _DOUBLE.match(text, position)
        if quoted is None:
            return None
        parts.append(quoted[1])
        position = quoted.end()
    return "".join(parts), position


def _is_program(argv: list[str]) -> bool:
    program = argv[0]
    name = PurePosixPath(program).name
    if not program or "=" in program or program in _WORDS_OF_THE_SHELL or name in _WORDS_OF_THE_SHELL:
        return False
    if name in _SHELLS:
        return not any(re.match(r"-\w*c", argument) for argument in argv[1:])
    return True
