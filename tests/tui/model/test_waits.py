"""The wait-for graph as a tree."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from codex_desk.engine.standing import Asked, Awaited, Standing, Wait
from codex_desk.tui.model.waits import WaitRow, clock_words, duration, wait_rows
from tests.tui.fakes import NOW


def wait(thread: str, *awaited: Awaited, mode: str = "all") -> Wait:
    return Wait(f"t-{thread}", thread, mode, NOW - timedelta(seconds=48), NOW + timedelta(seconds=252), awaited)  # type: ignore[arg-type]


def sent(number: int, to: str, state: str = "running", behind: int | None = None) -> Awaited:
    return Awaited(number, f"t-{to}", to, state, NOW - timedelta(seconds=40), behind)


def asks(thread: str, text: str = "make test") -> Asked:
    return Asked(f"t-{thread}", thread, text, NOW - timedelta(seconds=12), f"{thread}-7")


def told(rows: list[WaitRow]) -> list[str]:
    return [f"{row.guides}{row.name} {row.words}" for row in rows]


def test_a_chain_of_waits_down_to_the_human_is_one_tree() -> None:
    trees, others = wait_rows(
        Standing([wait("operator", sent(42, "reviewer")), wait("reviewer", sent(44, "implementor"))], [asks("implementor"), asks("clerk")])
    )
    assert told(trees) == [
        "operator ⧗ waits for reviewer",
        "└─ reviewer #42 ⧗ waits for implementor",
        "   └─ implementor #44 working",
        "      └─ you ⚠ implementor-7: make test",
    ]
    assert told(others) == ["clerk ⚠ clerk-7: make test"]


def test_several_targets_say_what_each_of_them_does() -> None:
    trees, _ = wait_rows(
        Standing(
            [
                wait(
                    "operator",
                    sent(1, "a"),
                    sent(2, "b", "queued", 9),
                    sent(3, "c", "answered"),
                    replace(sent(4, "d", "held"), reason="too many hops"),
                    mode="any",
                )
            ]
        )
    )
    assert told(trees) == [
        "operator ⧗ waits for any of 3: a, b, d",
        "├─ a #1 working",
        "├─ b #2 queued behind #9",
        "├─ c #3 answered",
        "└─ d #4 held",
        "   └─ you ⏸ too many hops",
    ]


def test_a_message_that_waits_in_a_queue_does_not_wait_for_what_its_thread_waits_for() -> None:
    trees, _ = wait_rows(Standing([wait("operator", sent(2, "b", "queued", 1)), wait("b", sent(5, "c"))]))
    assert "└─ b #2 queued behind #1" in told(trees)


def test_a_ring_that_cannot_be_does_not_hang() -> None:
    trees, _ = wait_rows(Standing([wait("a", sent(1, "b")), wait("b", sent(2, "a"))]))
    assert len(trees) < 10


def test_nothing_that_waits_has_no_rows() -> None:
    assert wait_rows(Standing()) == ([], [])


def test_how_long_and_until_when() -> None:
    trees, others = wait_rows(Standing([wait("operator", sent(1, "a"))], [asks("clerk")]))
    assert clock_words(trees[0], NOW) == "0:48 · gives up in 4:12"
    assert clock_words(trees[0], NOW, short=True) == "0:48 of 5:00"
    assert clock_words(others[0], NOW) == "0:12"
    assert [duration(seconds) for seconds in (-5, 59, 3661, 200_000)] == ["0:00", "0:59", "1:01:01", "2d"]


def test_every_row_has_a_key_of_its_own() -> None:
    asked = [Asked("t-a", "a", "make test", NOW, "a-7"), Asked("t-a", "a", "git push", NOW, "a-8"), asks("clerk")]
    graph = [wait("operator", sent(1, "a"), sent(2, "a", "queued", 1)), wait("planner", sent(3, "a", "queued", 2))]
    trees, others = wait_rows(Standing(graph, asked))
    keys = [row.key for row in (*trees, *others)]
    assert len(keys) == len(set(keys)) == 12
