from __future__ import annotations

import pytest
from textual.style import Style

from codex_desk.tui.widgets.lines import Ink
from codex_desk.tui.widgets.markdown import MarkdownStream
from tests.tui.widgets.samples import rows


def told(source: str, *, links: bool = True) -> list[tuple[str, str]]:
    """The texts of which a terminal is told an address, and the address."""
    stream = MarkdownStream()
    stream.append(source)
    ink = Ink(Style(), lambda style: Style() if isinstance(style, str) else style, links=links)
    strips = (stream.document.row(row, 60, ink) for row in range(stream.document.height(60)))
    segments = [segment for strip in strips if strip is not None for segment in strip]
    return [(segment.text, segment.style.link) for segment in segments if segment.style and segment.style.link]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[text](https://x.org/y)", [("text", "https://x.org/y")]),
        ("see https://x.org/a_(b), or not", [("https://x.org/a_(b)", "https://x.org/a_(b)")]),
        ("(https://x.org/a).", [("https://x.org/a", "https://x.org/a")]),
        ("<https://x.org>", [("https://x.org", "https://x.org")]),
        ("<me@x.org>", [("me@x.org", "mailto:me@x.org")]),
        ("[here](file:///tmp/a)", [("here", "file:///tmp/a")]),
        ("`https://x.org`", []),
        ("load.py and x.org", []),
        ("[x](javascript:alert(1))", []),
        ("[x](docs/a.md)", []),
        ("![x](https://x.org/p.png)", []),
    ],
)
def test_the_terminal_is_told_where_a_link_leads(source: str, expected: list[tuple[str, str]]) -> None:
    assert told(source) == expected


def test_a_link_that_wraps_is_one_link_in_every_row() -> None:
    address = "https://x.org/" + "long" * 20
    assert "".join(text for text, link in told(address) if link == address) == address


def test_no_link_is_told_where_the_terminal_would_print_it() -> None:
    assert told("[text](https://x.org/y)", links=False) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[https://bank.example](https://evil.example/login)", "https://bank.example (https://evil.example/login)"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("[x](ssh://host)", "[x](ssh://host)"),
        ("[раураl.com](https://раураl.com)", "раураl.com (https://xn--l-7sba6dbr.com)"),
    ],
)
def test_a_link_cannot_say_that_it_leads_elsewhere(source: str, expected: str) -> None:
    stream = MarkdownStream()
    stream.append(source)
    assert rows(stream.document, 100) == [expected]
