"""Text is data: what people, models and files wrote does nothing to the screens about what happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from codex_desk.engine.away import Away, Lapsed, Passed, Seen, Work
from codex_desk.engine.bills import Bill, HeldMessage, Spender, Spent
from codex_desk.engine.standing import Asked, Awaited, Standing, Wait
from codex_desk.engine.views import AuditView, Candidate, GrantView
from codex_desk.tui.screens.main import MainScreen
from tests.tui.fakes import NOW, FakeDesk, app_on, approval, item, opened, shown, thread, until, write

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m[/x] [bold red]$HOME \u202eesrever\u2066 \u200b‍e\u0301 漢字 👩‍👩‍👧 \r\n\tend \ud800"
LONG = EVIL + "w" * 200_000
FORBIDDEN = ("\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\u200b", "\r")


def hostile(text: str) -> FakeDesk:
    """A desk on which everything that somebody wrote is this text."""
    view = replace(
        thread("evil", "needs_human", project=f"/srv/{text[:200]}"), handle=None, title=text, cwd=f"/srv/{text}", reason=text, parent=text
    )
    desk = FakeDesk().put(thread("operator"), view)
    desk.lines["t-operator"] = [item(1, "operator", "agent_message", text), item(2, "operator", "command", text, command=text, output=text)]
    desk.lines["t-evil"] = [item(3, "evil", "agent_message", f"needle {text}"), item(4, "evil", "notice", text, event="attached")]
    desk.audited = [AuditView(seq, text, "agent", text, "t-evil", text, text, NOW, text) for seq in (7, 8)]
    desk.pending = [approval(1, "evil", text, thread=text, cwd=text, why=text, chain=(text, text))]
    desk.answered = [approval(2, "evil", text, thread=text, state="expired", reason=text, scope=text, decided_at=NOW, why=text)]
    desk.granted = [GrantView(1, "tree", (text, text), text, None, NOW, "t-evil"), GrantView(2, "folder", (text,), None, text, NOW)]
    since = NOW - timedelta(minutes=1)
    desk.stands = Standing(
        [
            Wait(
                "t-operator",
                text,
                "all",
                since,
                since,
                (Awaited(1, "t-evil", text, text, since), Awaited(2, "t-evil", text, "queued", since, 1)),
            )
        ],
        [Asked("t-evil", text, text, since, text), Asked("t-x", text, text, since)],
    )
    desk.bills = Bill(
        chain_id="c",
        thread_id="t-operator",
        thread=text,
        message_id=1,
        prompt=text,
        origin=text,
        began_at=since,
        spent=(Spent("turns", 10**12, 1, 3),),
        spenders=tuple(
            Spender("t-evil", text, "running", "t-x" if depth else None, depth, True, 1, 2, 3, 10**9, held=not depth) for depth in range(3)
        ),
        held=(HeldMessage(1, text, text, "t-evil", text, since),),
        reasons=(text,),
        stopped=text,
    )
    work = Work("t-evil", text, 1, 1, 1, (text, text, text), 5, text, since, 3)
    desk.absence = Away(
        since,
        [work],
        [Passed(1, text, text, "t-evil", text, text, 5, since, 3)],
        [Lapsed(text, "t-evil", text, "expired", text, text, since)],
        [Asked("t-evil", text, text, since, error=True), Asked("t-operator", text, text, since, text)],
    )
    desk.seen = Seen(since, 1)
    desk.ranked = [
        Candidate(view),
        Candidate(desk.rows["t-operator"], refused=text),
        Candidate(replace(view, id="t-evil-2"), narrows=text, moves_from=text),
    ]
    desk.preview = ([text], [text])
    body = text.replace("\n", "\n+")
    desk.diff = f"diff --git a/{text[:99]} b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@ {text}\n-{body}\n+{body}\n"
    return desk


SCREENS = {
    "/audit": ("enter",),
    "/search needle": ("down",),
    "/approvals": ("tab", "pagedown", "tab", "down"),
    "/grants": ("down",),
    "/waits": ("down", "down"),
    "/chain": ("down", "end", "r", "x"),
    "/away": ("down", "end"),
    "/status evil": (),
    "/diff": ("n", "pagedown"),
    "/attach": ("down",),
    "/archive": (),
}
"""What opens each screen, and the keys that go through it."""


async def test_hostile_text_of_any_length_is_shown_and_not_obeyed() -> None:
    desk = hostile(LONG)
    app = app_on(desk, last="operator")
    async with opened(app, (100, 30)) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        for line, keys in SCREENS.items():
            await write(pilot, line.replace("evil", "t-evil"))
            await pilot.press("enter")
            await until(pilot, lambda: not isinstance(app.screen, MainScreen))
            for key in ("", *keys):
                if key:
                    await pilot.press(key)
                await pilot.pause(0.02)
                seen = shown(app)
                assert not [mark for mark in FORBIDDEN if mark in seen], line
            for _ in app.screen_stack[1:]:
                await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, MainScreen))
        screen = app.screen
        assert isinstance(screen, MainScreen)
        screen.sidebar.focus()
        await pilot.press("home", "space")
        await until(pilot, lambda: not isinstance(app.screen, MainScreen))
        assert not [mark for mark in FORBIDDEN if mark in shown(app)]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        await pilot.press("m")
        await until(pilot, lambda: not isinstance(app.screen, MainScreen))
        assert not [mark for mark in FORBIDDEN if mark in shown(app)]
