from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codex_desk.engine.views import ItemView
from codex_desk.tui.widgets.window import HIGH, LOW, PAGE, Window
from tests.tui.widgets.samples import item

Step = tuple[str, bool]
STEPS = st.lists(st.tuples(st.sampled_from(["append", "burst", "stock", "page"]), st.booleans()), max_size=40)


def items(first: int, last: int) -> list[ItemView]:
    return [item(seq, "notice") for seq in range(first, last)]


def seqs(window: Window) -> list[int]:
    return [item.seq for item in (*window.reserve, *window.items)]


@given(STEPS, st.integers(0, 500))
def test_the_window_is_always_one_run_of_the_thread_and_never_too_large(steps: list[Step], shown: int) -> None:
    window = Window()
    newest = 1000
    window.show(items(newest - shown, newest), True)
    window.page_back()
    for what, following in steps:
        match what:
            case "append" | "burst":
                for _ in range(1 if what == "append" else 90):
                    window.append(item(newest, "notice"), following=following)
                    newest += 1
            case "stock":
                oldest = (seqs(window) or [newest])[0]
                window.stock(items(max(0, oldest - 200), oldest), oldest > 200)
            case _:
                window.page_back()
        here = seqs(window)
        assert here == list(range(here[0], here[0] + len(here))) if here else True
        assert len(window.items) <= HIGH
        assert window.later or not here or here[-1] == newest - 1


def test_pruning_leaves_room_for_a_while() -> None:
    window = Window()
    window.show([], False)
    dropped = [window.append(one, following=True) for one in items(0, HIGH + 1)]
    assert (dropped[-1], len(window.items), window.earlier) == (HIGH + 1 - LOW, LOW, True)
    assert not any(dropped[:-1])


def test_nothing_moves_under_a_reader_who_is_elsewhere() -> None:
    window = Window()
    window.show([], False)
    for one in items(0, HIGH):
        window.append(one, following=True)
    assert window.append(item(HIGH, "notice"), following=False) is None
    assert window.later


def test_an_item_that_is_here_already_is_not_shown_twice() -> None:
    window = Window()
    window.show(items(0, 10), False)
    assert window.append(item(9, "notice"), following=True) is None


def test_pages_come_from_the_reserve_until_it_is_empty() -> None:
    window = Window()
    window.show(items(0, PAGE + 10), False)
    assert [len(window.page_back()[0]) for _ in range(3)] == [PAGE, 10, 0]
    assert not window.earlier


def test_a_change_is_kept_for_items_that_are_not_shown_yet() -> None:
    window = Window()
    window.show(items(0, PAGE + 10), False)
    window.page_back()
    assert window.change(item(3, "notice", "redacted")) is None
    assert window.change(item(PAGE, "notice", "redacted")) == PAGE - 10
    window.page_back()
    assert window.items[3].text == "redacted"
