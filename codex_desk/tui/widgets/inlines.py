"""The styled text of a Markdown paragraph: emphasis, code, links and images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.token import Token
from textual.content import Content, Span
from textual.style import Style

from codex_desk.text import visible
from codex_desk.tui.model import links
from codex_desk.tui.widgets.lines import TAB

CODE_STYLE = "on $surface"
LINK_STYLE = "$text-primary underline"
DEEPEST = 100
"""Levels of nesting; the parser drops what is nested deeper, so `markdown_blocks.shallow` keeps source from getting there."""
LONGEST = 8_000
"""Characters of a paragraph whose emphasis and links are looked for; emphasis is quadratic in the worst case."""
LONGEST_KEPT = 600
"""Characters of a text whose styled form is kept: what still grows is put together again with every increment, and most of it is as it was."""
_OPENING = {"strong_open": "bold", "em_open": "italic", "s_open": "strike", "link_open": LINK_STYLE}
_BARE = re.compile(r"https?://[^\s<>\"`|]+", re.IGNORECASE)
_AFTER = ".,;:!?'*_~"
"""What ends a sentence rather than an address."""


class _Parser(MarkdownIt):
    """Without HTML, which is text here, and without link references, through which a later line would change an earlier one. The texts of its blocks
    are left as they are: `inline` reads them."""

    def __init__(self) -> None:
        super().__init__("gfm-like", {"html": False, "linkify": False, "maxNesting": DEEPEST})
        self.disable(["reference", "linkify"])
        self.core.ruler.disable(["inline", "text_join"])

    def validateLink(self, url: str) -> bool:
        """What is no link stays as it was written."""
        return links.is_link(url)


PARSER = _Parser()


class _Inline:
    """A paragraph as far as it has been put together."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._spans: list[Span] = []
        self._opened: list[tuple[int, str, str]] = []
        self._length = 0

    @property
    def content(self) -> Content:
        return Content("".join(self._text), self._spans)

    def put(self, piece: str, style: str = "") -> None:
        if style:
            self._spans.append(Span(self._length, self._length + len(piece), style))
        self._text.append(piece)
        self._length += len(piece)

    def put_text(self, piece: str) -> None:
        """Text as it stands; an address in it that no link surrounds is one."""
        in_link = any(style == LINK_STYLE for _, style, _ in self._opened)
        for start, end in () if in_link else _addresses(piece):
            self._spans.append(Span(self._length + start, self._length + end, LINK_STYLE))
            self._tell(self._length + start, self._length + end, piece[start:end])
        self.put(piece)

    def open(self, kind: str, address: str) -> None:
        self._opened.append((self._length, _OPENING[kind], address))

    def close(self) -> None:
        if not self._opened:
            return
        start, style, address = self._opened.pop()
        self._spans.append(Span(start, self._length, style))
        if not address:
            return
        self._tell(start, self._length, address)
        said = "".join(self._text)[start:]
        if address not in (said, f"mailto:{said}"):
            self.put(f" ({address})", "$text-muted")  # so that a link cannot say that it is another one

    def _tell(self, start: int, end: int, address: str) -> None:
        if (found := links.target(address)) is not None:
            self._spans.append(Span(start, end, Style(link=found)))


def inline(source: str) -> Content:
    """The styled text of a block's source: a link is its text, then its address dimmed where the text does not say it already."""
    return _kept(source) if len(source) <= LONGEST_KEPT else _made(source)


@lru_cache(maxsize=2048)
def _kept(source: str) -> Content:
    return _made(source)


def _made(source: str) -> Content:
    made = _Inline()
    tokens: list[Token] = []
    if len(source) > LONGEST:
        tokens.append(Token("text", "", 0, content=source))
    else:
        PARSER.inline.parse(source, PARSER, {}, tokens)
    for kind, run in groupby(tokens, lambda token: token.type in ("text", "text_special")):
        if kind:
            made.put_text(clean("".join(token.content for token in run)))
            continue
        _put(made, run)
    return made.content


def _put(made: _Inline, tokens: Iterable[Token]) -> None:
    for child in tokens:
        match child.type:
            case "softbreak":
                made.put(" ")
            case "hardbreak":
                made.put("\n")
            case "code_inline":
                made.put(clean(child.content), f"$text-accent {CODE_STYLE}")
            case "image":
                made.put(clean(child.content) or "image", "italic")
                made.put(f" ({clean(str(child.attrGet('src') or ''))})", "$text-muted")
            case "strong_open" | "em_open" | "s_open" | "link_open":
                made.open(child.type, clean(str(child.attrGet("href") or "")))
            case "strong_close" | "em_close" | "s_close" | "link_close":
                made.close()
            case _:
                made.put_text(clean(child.content))


def clean(text: str) -> str:
    """Once more, after parsing: an entity such as `&#x202e;` is a character only now."""
    return visible(text).replace("\n", " ").expandtabs(TAB)


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses stand in a text, without what belongs to the sentence around them."""
    if "://" not in text:
        return
    for match in _BARE.finditer(text):
        address = match[0].rstrip(_AFTER)
        while address.endswith(")") and address.count("(") < address.count(")"):
            address = address[:-1].rstrip(_AFTER)
        if len(address) > len("https://"):
            yield match.start(), match.start() + len(address)
