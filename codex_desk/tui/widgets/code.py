"""Colours for code: a whole text at once, or line by line while it still comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from pygments.lexer import ExtendedRegexLexer, Lexer, LexerContext, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token, _TokenType
from pygments.util import ClassNotFound
from textual.content import Span

COLOURS: dict[_TokenType, str] = {
    Token.Comment: "$text-muted italic",
    Token.Keyword: "$text-primary",
    Token.Keyword.Constant: "$text-accent",
    Token.Operator.Word: "$text-primary",
    Token.Literal.String: "$text-success",
    Token.Literal.String.Doc: "$text-muted italic",
    Token.Literal.Number: "$text-accent",
    Token.Name.Function: "$text-secondary",
    Token.Name.Class: "$text-secondary",
    Token.Name.Decorator: "$text-warning",
    Token.Name.Builtin: "$text-secondary",
    Token.Name.Tag: "$text-primary",
    Token.Name.Attribute: "$text-secondary",
    Token.Generic.Deleted: "$text-error",
    Token.Generic.Inserted: "$text-success",
    Token.Generic.Heading: "bold",
    Token.Generic.Subheading: "bold",
}
"""Few on purpose; a kind that is not here takes the colour of its parent, or the text's."""

LONGEST_LINE = 2_000
"""Characters; a longer line is data, and stays plain. Some lexers are quadratic in the length of a line."""

LONGEST_WHOLE = 8_000
"""Characters that are lexed at once when they are first looked at; about 20 ms."""


@lru_cache(maxsize=512)
def colour(kind: _TokenType) -> str:
    """The style of a token; empty for plain text."""
    current: _TokenType | None = kind
    while current is not None:
        if current in COLOURS:
            return COLOURS[current]
        current = current.parent
    return ""


@lru_cache(maxsize=64)
def lexer_for(language: str) -> Lexer | None:
    """The lexer of a fence's info string (`python`, `py`, `rust,ignore` …), None where there is none."""
    words = language.replace(",", " ").replace("{", " ").split()
    if not words:
        return None
    try:
        return get_lexer_by_name(words[0].lower())
    except ClassNotFound:
        return None


def highlight(lines: Sequence[str], language: str) -> list[list[Span]]:
    """The spans of every line: by lexing the text whole where it is short enough for a frame, else line by line."""
    lexer = lexer_for(language)
    if lexer is None or any(len(line) > LONGEST_LINE for line in lines):
        return [[] for _ in lines]
    if is_long(lines):
        by_line = OpenHighlighter(language)
        return [by_line.feed(line) for line in lines]
    text = "\n".join(lines) + "\n"
    return _by_line(lexer.get_tokens_unprocessed(text), len(lines))


def is_long(lines: Sequence[str]) -> bool:
    return sum(map(len, lines)) > LONGEST_WHOLE


class OpenHighlighter:
    """Spans for code that still comes, from the lines added since the last call alone.

    The state a lexer is in at the end of a line carries over to the next, so that a string or comment begun earlier keeps its colour. A token
    whose expression must see several lines at once gets its colour when the fence closes and `highlight` reads a short one whole.
    """

    def __init__(self, language: str) -> None:
        lexer = lexer_for(language)
        carries = isinstance(lexer, RegexLexer) and type(lexer).get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed
        self._lexer = lexer if carries else None
        self._stack = ["root"]

    def feed(self, line: str) -> list[Span]:
        """The spans of the next line, which is given without its newline."""
        spans, self._stack = self._lex(line)
        return spans

    def peek(self, line: str) -> list[Span]:
        """The spans of a line that is not complete yet."""
        return self._lex(line)[0]

    def _lex(self, line: str) -> tuple[list[Span], list[str]]:
        if self._lexer is None or len(line) > LONGEST_LINE:
            return [], self._stack
        context = LexerContext(line + "\n", 0, list(self._stack))
        tokens = list(ExtendedRegexLexer.get_tokens_unprocessed(self._lexer, context=context))  # pyright: ignore[reportArgumentType]
        return _by_line(tokens, 1)[0], context.stack


def _by_line(tokens: Iterable[tuple[int, _TokenType, str]], count: int) -> list[list[Span]]:
    spans: list[list[Span]] = [[] for _ in range(count)]
    row, line_start = 0, 0
    for start, kind, text in tokens:
        style = colour(kind)
        for piece in text.splitlines(keepends=True) if "\n" in text else (text,):
            length = len(piece.removesuffix("\n"))
            if style and length and row < count:
                spans[row].append(Span(start - line_start, start - line_start + length, style))
            start += len(piece)
            if piece.endswith("\n"):
                row, line_start = row + 1, start
    return spans
