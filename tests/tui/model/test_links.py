from __future__ import annotations

import pytest

from codex_desk.tui.model.links import is_link, takes_links, target


@pytest.mark.parametrize("address", ["http://x.org/", "https://x.org/a?b#c", "mailto:a@b.org", "file:///etc/hosts", "HTTPS://X.ORG"])
def test_addresses_that_only_show_something_are_told_to_the_terminal(address: str) -> None:
    assert target(address) == address


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "ssh://host", "x-man-page://ls", " javascript:x", "JAVASCRIPT:x"]
)
def test_addresses_that_could_do_something_are_no_links(address: str) -> None:
    assert not is_link(address)
    assert target(address) is None


@pytest.mark.parametrize(
    "address", ["http://x/\x1b]0;t\x07", "http://x/\x9c", "http://x/ y", "http://x/\u202e", "http://x/" + "y" * 3000, "docs/a.md"]
)
def test_addresses_that_cannot_be_written_into_a_sequence_are_only_shown(address: str) -> None:
    assert is_link(address)
    assert target(address) is None


def test_a_relative_address_with_a_colon_in_it_is_relative() -> None:
    assert is_link("docs/a:b.md")
    assert is_link("load.py#L3")


@pytest.mark.parametrize(
    ("term", "takes"), [("xterm-256color", True), ("tmux-256color", True), ("linux", False), ("dumb", False), ("", False)]
)
def test_a_terminal_that_would_print_them_is_told_no_links(term: str, takes: bool) -> None:
    assert takes_links({"TERM": term}) is takes
