"""Markdown source to lines: headings, paragraphs, lists, quotes, fences, tables and rules, in the order they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from markdown_it.token import Token
from textual.content import Content, Span

from codex_desk.frozen import frozen
from codex_desk.text import visible
from codex_desk.tui.widgets.inlines import CODE_STYLE, PARSER, inline
from codex_desk.tui.widgets.lines import NOTHING, TAB, Line, Piece, RuleLine, TextLine, blank
from codex_desk.tui.widgets.tables import Alignment, Table

BULLETS = "•◦▪"
QUOTE = "> "
QUOTE_BAR = Content.styled("▎ ", "$text-muted")
HEADINGS = ("bold underline $text-primary", "bold $text-primary", "bold", "bold", "italic", "italic")

TASKS: dict[str, tuple[str, str]] = {"[ ] ": ("○ ", "$text-muted"), "[x] ": ("✓ ", "$text-success")}
"""How a task is written, and the glyph that is drawn for it with its style."""


@frozen
class Unit:
    """A top-level block, or a top-level item of a list: what is final once the next one has begun."""

    line: int
    """Source line at which it begins."""
    index: int
    """Its first drawn line, the gap before it included."""
    number: int | None = None
    """An item's place in its list, as counted by the list's first number; None for anything else."""
    in_list: bool = False
    list_unit: int = 0
    """Of an item: which unit is the first one of its list."""
    indent: int = 0
    """Columns before an item's marker."""


@dataclass(slots=True)
class _Container:
    """A list item or a quote around what is being drawn."""

    first: Content
    rest: Content
    lead: str
    """As `first` would be typed; its other lines are indented by as much as it has without a task's box."""
    started: bool = False


@dataclass(slots=True)
class _List:
    ordered: bool
    number: int
    """Of the next item."""
    gap: bool
    """A gap belongs before the next item: only before the first one, where the source has it."""
    first_unit: int


@dataclass(slots=True)
class Blocks:
    """One walk over the tokens of `source`. `follows`: what is drawn before it is not empty; `after_blank`: the source line before it is
    blank; `continues`: it begins with a further item of the list before it, which has this number."""

    source: str
    follows: bool = False
    after_blank: bool = False
    continues: int | None = None
    lines: list[Line] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    tokens: Sequence[Token] = ()
    _containers: list[_Container] = field(default_factory=list)
    _lists: list[_List] = field(default_factory=list)
    _source_lines: list[str] = field(default_factory=list)

    def walk(self) -> Blocks:
        tokens = self.tokens = PARSER.parse(self.source)
        self._source_lines = self.source.split("\n")
        position = 0
        while position < len(tokens):
            position = self._block(tokens, position)
        return self

    def _block(self, tokens: Sequence[Token], at: int) -> int:
        """Draw what begins at token `at`; the index of the token after it."""
        token = tokens[at]
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._open_list(token)
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._open_item(token)
            case "blockquote_open":
                self._begin(token)
                self._containers.append(_Container(QUOTE_BAR, QUOTE_BAR, QUOTE))
            case "list_item_close" | "blockquote_close":
                self._close_container()
            case "heading_open":
                self._begin(token)
                self._text(
                    inline(tokens[at + 1].content).stylize_before(HEADINGS[int(token.tag[1]) - 1]), lead="#" * int(token.tag[1]) + " "
                )
                return at + 3
            case "paragraph_open":
                self._begin(token)
                self._text(self._task(tokens[at + 1].content, inline(tokens[at + 1].content)))
                return at + 3
            case "fence" | "code_block":
                self._code(token)
            case "hr":
                self._begin(token)
                first, _, _ = self._prefixes()
                self.lines.append(RuleLine(first=first, style="$text-muted"))
            case "table_open":
                return self._table(tokens, at)
        return at + 1

    def _begin(self, token: Token) -> None:
        """The gap before a block, and its unit where it stands at the top level."""
        start = token.map[0] if token.map else 0
        index = len(self.lines)
        first_in_container = not self._containers[-1].started if self._containers else not self.lines and not self.follows
        if not first_in_container:
            rest = NOTHING.join(container.rest for container in self._containers)
            self.lines.append(blank(rest))
        if token.level == 0 and not token.type.endswith("list_open"):
            self.units.append(Unit(start, index))

    def _open_list(self, token: Token) -> None:
        ordered = token.type == "ordered_list_open"
        start = token.attrGet("start")
        number = 1 if start is None else int(start)
        line = token.map[0] if token.map else 0
        gap = self.after_blank if line == 0 else is_blank(self._source_lines[line - 1])
        if self._is_carried():
            number, gap = self.continues or 0, False
        self._lists.append(_List(ordered, number, gap, len(self.units)))

    def _is_carried(self) -> bool:
        """Whether the list at hand began before this source."""
        return self.continues is not None and not self.units and not self._lists

    def _open_item(self, token: Token) -> None:
        current = self._lists[-1]
        index = len(self.lines)
        if current.gap:
            self._begin(token)
            current.gap = False
        if token.level == 1:
            line = token.map[0] if token.map else 0
            source = self._source_lines[line]
            self.units.append(Unit(line, index, current.number, True, current.first_unit, len(source) - len(source.lstrip(" \t"))))
        if current.ordered:
            marker = lead = f"{current.number}. "
        else:
            marker, lead = f"{BULLETS[(len(self._lists) - 1) % len(BULLETS)]} ", "- "
        current.number += 1
        self._containers.append(_Container(Content.styled(marker, "$text-primary"), Content(" " * len(marker)), lead))

    def _task(self, source: str, text: Content) -> Content:
        """The text of a paragraph; where it is an item's first and begins with a box, the box becomes the item's marker."""
        container = self._containers[-1] if self._containers else None
        box = source[:4].lower()
        if container is None or container.started or container.lead == QUOTE or box not in TASKS or len(source) == 4:
            return text
        glyph, style = TASKS[box]
        number = container.first if container.lead[0].isdigit() else NOTHING
        container.first = Content.assemble(number, (glyph, style))
        container.rest = Content(" " * container.first.cell_length)
        container.lead += source[:4]
        return text[4:]

    def _close_container(self) -> None:
        if not self._containers[-1].started:
            self._text(NOTHING)
        self._containers.pop()

    def _prefixes(self) -> tuple[Content, Content, str]:
        """What stands before a block's first row, before the others, and what is copied for the first; the containers are then begun."""
        first, rest, leads = [], [], []
        for container in self._containers:
            quote = container.lead == QUOTE
            first.append(container.rest if container.started else container.first)
            rest.append(container.rest)
            leads.append(container.lead if quote or not container.started else " " * (container.lead.index(" ") + 1))
            container.started = True
        return NOTHING.join(first), NOTHING.join(rest), "".join(leads)

    def _text(self, content: Content, *, lead: str = "") -> None:
        first, rest, container_lead = self._prefixes()
        for number, piece in enumerate(content.split("\n", allow_blank=True)):
            self.lines.append(TextLine(piece, first=rest if number else first, rest=rest, lead=container_lead + lead))

    def _code(self, token: Token) -> None:
        self._begin(token)
        if not token.content:
            return
        first, rest, _ = self._prefixes()
        lines = [visible(line).expandtabs(TAB) for line in token.content.removesuffix("\n").split("\n")]
        closed = token.type == "fence" and self._is_closed(token)
        # While it is open it would be lexed again with every increment.
        self.lines.extend(Code(lines, token.info.strip() if closed else "").drawn(first, rest))

    def _is_closed(self, fence: Token) -> bool:
        """Whether one of a fence's source lines, besides the first, is none of its code: a mark that is indented too far is code."""
        start, end = fence.map or [0, 0]
        code = fence.content.count("\n") + (not fence.content.endswith("\n") and bool(fence.content))
        return code == end - start - 2

    def open_fence(self) -> Token | None:
        """The last block, where it is a fence at the left edge that has not been closed."""
        if not self.tokens or (last := self.tokens[-1]).type != "fence" or last.level or self._is_closed(last):
            return None
        start = (last.map or [0])[0]
        return None if self._source_lines[start].startswith(" ") else last

    def _table(self, tokens: Sequence[Token], at: int) -> int:
        self._begin(tokens[at])
        rows: list[list[Content]] = []
        alignments: list[Alignment] = []
        while tokens[at].type != "table_close":
            token = tokens[at]
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                rows[-1].append(inline(tokens[at + 1].content))
                if token.type == "th_open":
                    alignments.append(_alignment(token))
            at += 1
        first, rest, _ = self._prefixes()
        self.lines.extend(Table(rows[0], rows[1:], alignments, first=first, rest=rest).lines)
        return at + 1


_DEEP_MARKERS = re.compile(r"(?:[ \t]*(?:[-+*>]|\d{1,9}[.)])){30}")
_DEEP_INDENT = 80


def shallow(line: str) -> str:
    """A source line that cannot nest deeper than the parser goes: a longer run of markers is text, and indentation ends somewhere."""
    if _DEEP_MARKERS.match(line):
        return f"\\{line.lstrip()}"
    body = line.lstrip(" \t")
    if len(line) - len(body) > _DEEP_INDENT // TAB:
        indent = len(line[: len(line) - len(body)].expandtabs(TAB))
        return " " * min(indent, _DEEP_INDENT) + body
    return line


def is_blank(line: str) -> bool:
    return not line.strip(" \t>")


def closes(line: str, markup: str) -> bool:
    """Whether a source line closes the fence that `markup` opened (CommonMark 0.31, §4.5)."""
    body = line.rstrip(" \t")
    run = body.lstrip(" ")
    return len(body) - len(run) <= 3 and len(run) >= len(markup) and not run.strip(markup[0])


INSET = Content(" ")


class Code:
    """The lines of a finished fence, coloured when one of them is first drawn."""

    def __init__(self, lines: Sequence[str], language: str) -> None:
        self.lines, self._language = lines, language

    @cached_property
    def spans(self) -> list[list[Span]]:
        from codex_desk.tui.widgets.code import highlight  # Pygments, for the first code that is drawn

        return highlight(self.lines, self._language)

    def drawn(self, first: Content = NOTHING, rest: Content = NOTHING) -> list[Line]:
        return [_CodeLine(self, number, rest if number else first, rest) for number in range(len(self.lines))]


class _CodeLine(TextLine):
    def __init__(self, code: Code, number: int, first: Content, rest: Content) -> None:
        super().__init__(Content(code.lines[number]), first=first + INSET, rest=rest + INSET, style=CODE_STYLE, words=False)
        self._source: tuple[Code, int] | None = (code, number)

    def pieces(self, row: int, room: int) -> Sequence[Piece]:
        if self._source is not None:
            code, number = self._source
            self.content = Content(self.text, code.spans[number])
            self._source = None
        return super().pieces(row, room)


def code_line(text: str, spans: list[Span]) -> Line:
    """One line of code on its own ground; where it is too long it folds anywhere."""
    return TextLine(Content(text, spans), first=INSET, rest=INSET, style=CODE_STYLE, words=False)


def _alignment(token: Token) -> Alignment:
    style = str(token.attrGet("style") or "")
    if "right" in style:
        return "right"
    return "center" if "center" in style else "left"
