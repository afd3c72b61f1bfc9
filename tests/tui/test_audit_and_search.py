"""The audit and the search over everything, by keyboard."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

from textual import events

from codex_desk.engine.auditing import AuditFilter
from codex_desk.engine.events import Audited
from codex_desk.engine.views import AuditView
from codex_desk.tui.app import DeskApp
from codex_desk.tui.screens.audit import Audit
from codex_desk.tui.screens.event import EventDetail
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.screens.search import Search
from codex_desk.tui.widgets.rows import RowList
from tests.tui.fakes import NOW, FakeDesk, app_on, item, opened, shown, squeezed, thread, until, write

KINDS = ("sent", "started", "answered", "attached")


def event(seq: int, **more: object) -> AuditView:
    values = AuditView(
        seq, KINDS[seq % 4], "agent", "operator", "t-operator", "reviewer", f"event {seq}", NOW - timedelta(minutes=1), f"{seq:064x}"
    )
    return replace(values, **more)  # type: ignore[arg-type]


class Watched(FakeDesk):
    """Remembers which threads of the process read it."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: set[threading.Thread] = set()

    def audit_page(self, wanted: AuditFilter, **bounds: int) -> list[AuditView]:  # type: ignore[override]
        self.readers.add(threading.current_thread())
        return super().audit_page(wanted, **bounds)

    def verify_audit(self) -> object:
        self.readers.add(threading.current_thread())
        return super().verify_audit()


def record(count: int = 1_000) -> Watched:
    desk = Watched()
    desk.put(thread("operator"), thread("reviewer"))
    desk.audited = [event(seq) for seq in range(1, count + 1)]
    return desk


async def looking(desk: FakeDesk, line: str, app: DeskApp, pilot: object) -> None:
    await until(pilot, lambda: app.bridge.desk is not None)  # type: ignore[arg-type]
    await write(pilot, line)  # type: ignore[arg-type]
    await pilot.press("enter")  # type: ignore[attr-defined]
    await until(pilot, lambda: isinstance(app.screen, Audit | Search))  # type: ignore[arg-type]


def rows(app: DeskApp) -> RowList:
    return app.screen.query_one(RowList)


def current(app: DeskApp) -> str | None:
    """The key of the row under the cursor."""
    row = rows(app).current
    return row.key if row else None


async def test_the_audit_shows_the_newest_follows_and_reads_older_pages_as_one_goes_up() -> None:
    desk = record()
    app = app_on(desk)
    async with opened(app) as pilot:
        await looking(desk, "/audit", app, pilot)
        await until(pilot, lambda: "event 1000" in shown(app))
        assert len(rows(app).rows) == 200
        desk.audited.append(event(1001))
        desk.tell(Audited(1001))
        await until(pilot, lambda: "event 1001" in shown(app))
        for count in (401, 601, 801, 1001):
            await pilot.press("home")
            await until(pilot, lambda count=count: len(rows(app).rows) == count)  # type: ignore[misc]
        await pilot.press("home")
        await until(pilot, lambda: "event 1 " in shown(app))
        assert threading.main_thread() not in desk.readers, "pages are read off the loop"


async def test_a_filter_of_words_and_fields_goes_through_the_store_and_tab_completes_it() -> None:
    desk = record(5_000)
    desk.audited[2] = event(3, kind="wait_refused", text="a ring of waits")
    app = app_on(desk)
    async with opened(app) as pilot:
        await looking(desk, "/audit", app, pilot)
        await pilot.press("slash")
        await write(pilot, "kind:wai")
        await pilot.press("tab")
        await write(pilot, " ring")
        await until(pilot, lambda: [row.key for row in rows(app).rows] == ["3"])
        assert "kind:wait_refused ring" in shown(app)
        await pilot.press("enter")
        assert app.focused is rows(app)


async def test_a_kind_is_chosen_from_a_list_and_one_that_there_is_not_is_named() -> None:
    desk = record(100)
    app = app_on(desk)
    async with opened(app) as pilot:
        await looking(desk, "/audit", app, pilot)
        await until(pilot, lambda: len(rows(app).rows) == 100)
        await pilot.press("f")
        await until(pilot, lambda: "Show events of one kind" in shown(app))
        await write(pilot, "answ")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Audit) and len(rows(app).rows) == 25)
        await pilot.press("slash")
        await write(pilot, "x")
        await until(pilot, lambda: "there are no events of kind answeredx" in squeezed(app))


async def test_enter_shows_the_whole_event_and_goes_to_its_line() -> None:
    desk = record(3)
    desk.audited.append(event(9, text="first line\nsecond line", hash="beef" * 16))
    desk.lines["t-operator"] = [
        item(8, "operator", "agent_message", "the line of the event"),
        item(20, "operator", "agent_message", "later"),
    ]
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await looking(desk, "/audit", app, pilot)
        await until(pilot, lambda: len(rows(app).rows) == 4)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, EventDetail))
        words = squeezed(app)
        for part in ("number 9", "by agent", "operator t-operator", "with reviewer", "beef" * 16, "first line second line"):
            assert part in words
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and "the line of the event" in shown(app))


async def test_verifying_says_plainly_what_was_found_off_the_loop() -> None:
    desk = record(3)
    app = app_on(desk)
    async with opened(app) as pilot:
        await looking(desk, "/audit --verify", app, pilot)
        await until(pilot, lambda: "✓ verified: 3 events, none was changed" in squeezed(app))
        assert threading.main_thread() not in desk.readers


async def test_no_line_of_the_audit_is_wider_than_its_box_at_80_columns_and_at_200() -> None:
    desk = record(30)
    desk.audited.append(event(40, kind="approval_refused", thread="a" * 40, peer="b" * 40, text="the end of it " * 40))
    app = app_on(desk)
    async with opened(app, (80, 24)) as pilot:
        await looking(desk, "/audit", app, pilot)
        for width in (80, 200):
            await pilot.resize_terminal(width, 24)
            await until(pilot, lambda width=width: "when" in shown(app) and ("no." in shown(app)) == (width == 200))  # type: ignore[misc]
            await until(pilot, lambda: "approval_refused" in shown(app))
            line = next(line for line in shown(app).splitlines() if "approval_refused" in line)
            assert "…" in line and "the end" in line


# --- search ---------------------------------------------------------------------------------------------------------------------------------


def library() -> FakeDesk:
    desk = FakeDesk().put(thread("operator"), thread("reviewer"), thread("auditor"))
    desk.lines["t-reviewer"] = [
        item(seq, "reviewer", "agent_message", f"The loader swallows error {seq}\nsecond line") for seq in range(1, 40)
    ]
    desk.lines["t-reviewer"][4] = item(5, "reviewer", "agent_message", "The loader swallows the quokka")
    desk.lines["t-auditor"] = [
        item(50, "auditor", "user_message", "is the loader sound?"),
        item(51, "auditor", "notice", "loader", quiet=True),
    ]
    return desk


async def test_results_come_as_one_types_and_enter_opens_the_chosen_one_at_its_line() -> None:
    desk = library()
    app = app_on(desk, last="operator")
    async with opened(app, (100, 40)) as pilot:
        await looking(desk, "/search", app, pilot)
        await write(pilot, "loader")
        await until(pilot, lambda: "40 found, the newest first" in squeezed(app))
        assert current(app) == "50"
        await write(pilot, " swallows")
        await until(pilot, lambda: current(app) == "39")
        await pilot.press("down")
        await until(pilot, lambda: "The loader swallows error 38 second line" in squeezed(app))
        await write(pilot, " quokka")
        await until(pilot, lambda: "1 found" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and "quokka" in shown(app))


async def test_it_is_narrowed_by_thread_and_kind_and_keeps_bookkeeping_out() -> None:
    desk = library()
    app = app_on(desk)
    async with opened(app) as pilot:
        await looking(desk, "/search loader thread:aud", app, pilot)
        await until(pilot, lambda: [row.key for row in rows(app).rows] == ["50"])
        await write(pilot, " kind:ans")
        await until(pilot, lambda: "nothing was found" in shown(app))
        await write(pilot, "x")
        await until(pilot, lambda: "no kind begins so" in squeezed(app))


async def test_words_and_enter_typed_at_once_open_what_they_find() -> None:
    desk = library()
    app = app_on(desk)
    async with opened(app) as pilot:
        await looking(desk, "/search", app, pilot)
        for letter in "sound":
            app.post_message(events.Key(letter, letter))
        app.post_message(events.Key("enter", "\r"))
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and "is the loader sound?" in shown(app))


async def test_it_says_when_the_index_is_behind_and_looks_again() -> None:
    desk = library()
    desk.unindexed = 12_400
    app = app_on(desk)
    async with opened(app) as pilot:
        await looking(desk, "/search loader", app, pilot)
        await until(pilot, lambda: "the index is still 12,400 items behind" in squeezed(app))
        desk.unindexed = 0
        await until(pilot, lambda: "behind" not in squeezed(app))


async def test_the_preview_stands_beside_below_or_nowhere_as_there_is_room() -> None:
    desk = library()
    app = app_on(desk)
    async with opened(app, (120, 30)) as pilot:
        await looking(desk, "/search swallows", app, pilot)
        preview = app.screen.query_one(".preview")
        for width, height, beside, below in ((120, 30, True, False), (80, 24, False, True), (80, 16, False, False)):
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda wanted=beside or below: preview.display is wanted and "error 39" in shown(app))  # type: ignore[misc]
            if beside or below:
                await until(pilot, lambda beside=beside: (preview.region.x > rows(app).region.x) is beside)  # type: ignore[misc]
