from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_desk.config.lines import key_lines, parse_key

TRAPS = '''
# [not.a.table] key = 1
first = "[x]\\" # = " # a comment
dotted . "quo.ted" . 'single' = 1

[table]   # a comment
long = """
inner = 1
[inner]
""""
literal = \'\'\'
also = "inner"
\'\'\'
list = [
    "a", # with = in it
    { inside = 1 },
    [2, 3],
]
date = 1979-05-27 07:32:00
inline = { one = 1, two.three = "}", "four" = [ "]" ] }

["quoted table"."b"]
"" = 1
[[many]]
name = 1
[[many]]
name = 2
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("first",), 3),
        (("dotted", "quo.ted", "single"), 4),
        (("table",), 6),
        (("table", "long"), 7),
        (("table", "literal"), 11),
        (("table", "list"), 14),
        (("table", "date"), 19),
        (("table", "inline", "one"), 20),
        (("table", "inline", "two", "three"), 20),
        (("table", "inline", "four"), 20),
        (("quoted table", "b", ""), 23),
        (("many",), 24),
        (("many", "name"), 25),
    ],
)
def test_a_key_is_found_on_its_line(key: tuple[str, ...], line: int) -> None:
    assert key_lines(TRAPS)[key] == line


@pytest.mark.parametrize("absent", [("inner",), ("also",), ("table", "inner"), ("table", "also"), ("not",), ("inside",)])
def test_what_only_looks_like_a_key_is_none(absent: tuple[str, ...]) -> None:
    assert absent not in key_lines(TRAPS)


def test_line_ends_of_windows_count_once() -> None:
    assert key_lines("a = 1\r\n\r\n[b]\r\nc = 2\r\n")["b", "c"] == 4


NAMES = st.text(st.sampled_from("ab_-. \"'#=[]{}\\\n\té"), max_size=5)
VALUES = st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | NAMES | st.dates()
TREES = st.dictionaries(
    NAMES,
    st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6),
    max_size=4,
)


@settings(deadline=None)
@given(TREES, st.booleans())
def test_every_key_of_every_document_is_found(tree: dict[str, object], multiline: bool) -> None:
    text = tomli_w.dumps(tree, multiline_strings=multiline)
    lines = key_lines(text)
    assert set(keys_of(tree)) <= set(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


def keys_of(tree: Mapping[str, object], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in tree.items():
        yield (*above, name)
        if isinstance(value, Mapping):
            yield from keys_of(value, (*above, name))


@pytest.mark.parametrize(
    ("text", "key"),
    [("model", ("model",)), ("agents.max_threads", ("agents", "max_threads")), ('tui.keymap."app.quit"', ("tui", "keymap", "app.quit"))],
)
def test_a_written_key_is_taken_apart(text: str, key: tuple[str, ...]) -> None:
    assert parse_key(text) == key


@pytest.mark.parametrize("text", ["", ".", "a.", "a b", "a = 1", '"open', "ä"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        parse_key(text)
