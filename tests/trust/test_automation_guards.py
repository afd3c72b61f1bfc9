"""Guards of automations: they decide without a model, and nothing that a folder holds makes them do more than look."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from codex_desk.engine import automation_guards
from codex_desk.engine.automation_views import AutomationView
from codex_desk.engine.automations import Add
from codex_desk.engine.boards import Post
from codex_desk.engine.desk import Desk
from codex_desk.engine.identity import By
from codex_desk.engine.links import Attach
from codex_desk.engine.sessions import Trust
from codex_desk.engine.views import ThreadView
from codex_desk.tools.sandbox import Sandbox
from tests.engine.scripted import Place, Scripted, ScriptedRuntime

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def run(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=folder, check=True, capture_output=True)


async def guarded(desk: Desk, target: ThreadView, guard: str, *, trusted: bool = True) -> AutomationView:
    if trusted:
        await desk.do(Trust(Path(target.cwd)))
    return await desk.add_automation(Add("hb", target.id, "every 15m", "look", "UTC", guard=guard, now=NOW))


async def ticked(desk: Desk, view: AutomationView, minutes: int) -> tuple[str | None, str]:
    await desk.tick(NOW + timedelta(minutes=minutes))
    last = desk.occurrences(view.id)[-1]
    return last.outcome, last.reason or ""


async def test_git_changed_runs_after_a_change_and_not_for_what_the_last_run_did_itself(place: Place, runtime: ScriptedRuntime) -> None:
    folder = place.folder("operator")
    run(folder, "init", "-q")
    run(folder, "commit", "-q", "--allow-empty", "-m", "first")

    async def works(turn: Scripted) -> str:
        (folder / "own.txt").write_text("made by the run")
        return "done"

    runtime.scripts["operator"] = works
    async with place.open("once", patience=0) as desk:
        view = await guarded(desk, await place.session(desk, "operator"), "git-changed")
        assert await ticked(desk, view, 15) == ("guard_false", "git-changed: nothing has changed since the last run")
        run(folder, "commit", "-q", "--allow-empty", "-m", "second, by somebody")
        assert (await ticked(desk, view, 30))[0] == "ran"
        assert "second, by somebody" in runtime.inputs["operator"][0].input
        assert (await ticked(desk, view, 45))[0] == "guard_false"
        (folder / "own.txt").write_text("changed by hand")
        run(folder, "add", "own.txt")
        assert (await ticked(desk, view, 60))[0] == "ran"
    assert len(runtime.inputs["operator"]) == 2


async def test_board_news_and_child_idle_look_at_the_desk_alone(place: Place, runtime: ScriptedRuntime) -> None:
    place.env["CODEX_DESK_AGENTS__SHARED_WORKSPACE__ENABLED"] = "true"
    async with place.open("once", patience=0) as desk:
        operator, reviewer = [await place.session(desk, handle) for handle in ("operator", "reviewer")]
        view = await guarded(desk, operator, "board-news")
        idle = await desk.add_automation(Add("idle", operator.id, "every 15m", "look", "UTC", guard="child-idle", now=NOW))
        assert (await ticked(desk, view, 15))[0] == "guard_false"
        assert [run.outcome for run in desk.occurrences(idle.id)] == ["guard_false"]
        await desk.do(Attach(reviewer.id, operator.id))
        await desk.do(Post(reviewer.id, "finding", "load() swallows errors"), By("agent", reviewer.id))
        assert (await ticked(desk, view, 30))[0] == "ran"
        assert [run.outcome for run in desk.occurrences(idle.id)][-1] == "ran"
        assert (await ticked(desk, view, 45))[0] == "guard_false"


@pytest.mark.parametrize(
    ("command", "outcome", "reason"),
    [
        ("true", "ran", ""),
        ("echo not yet; exit 3", "guard_false", "ended with 3: not yet"),
        ("no-such-program", "failed", "cannot be run"),
    ],
)
async def test_a_commands_exit_status_decides(place: Place, command: str, outcome: str, reason: str) -> None:
    async with place.open("once", patience=0) as desk:
        view = await guarded(desk, await place.session(desk, "operator"), command)
        found = await ticked(desk, view, 15)
    assert found[0] == outcome
    assert reason in found[1]


async def test_a_guard_that_hangs_is_stopped_and_a_reason(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automation_guards, "COMMAND_S", 0.2)
    async with place.open("once", patience=0) as desk:
        view = await guarded(desk, await place.session(desk, "operator"), "sleep 60 & sleep 60")
        outcome, reason = await ticked(desk, view, 15)
    assert outcome == "failed"
    assert "had not ended after" in reason


@pytest.mark.usefixtures("bubblewrapped")
async def test_a_guard_writes_nothing_reaches_no_network_and_sees_no_home_of_the_desk(place: Place) -> None:
    folder = place.folder("operator")
    checks = [
        f"touch {folder}/written 2>/dev/null && exit 1",
        f"ls {place.home}/desk.db 2>/dev/null && exit 2",
        "(exec 3<>/dev/tcp/127.0.0.1/22) 2>/dev/null && exit 3",
        '[ -n "$OPENAI_API_KEY" ] && exit 4',
        "exit 0",
    ]
    place.env["OPENAI_API_KEY"] = "sk-secret"
    async with place.open("once", patience=0) as desk:
        view = await guarded(desk, await place.session(desk, "operator"), "; ".join(checks))
        assert await ticked(desk, view, 15) == ("ran", "")
    assert not (folder / "written").exists()


async def test_in_a_folder_that_is_not_trusted_guards_are_off_and_say_so(place: Place, runtime: ScriptedRuntime) -> None:
    marker = place.root / "ran"
    async with place.open("once", patience=0) as desk:
        view = await guarded(desk, await place.session(desk, "operator"), f"touch {marker}", trusted=False)
        assert "not trusted" in (desk.guards_off(view.target_id) or "")
        outcome, reason = await ticked(desk, view, 15)
    assert (outcome, marker.exists(), runtime.inputs) == ("guard_false", False, {})
    assert "codex-desk trust" in reason


async def test_where_no_sandbox_holds_a_command_is_not_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none() -> Sandbox:
        return Sandbox("none")

    monkeypatch.setattr("codex_desk.engine.desk.find_sandbox", none)
    marker = place.root / "ran"
    async with place.open("once", patience=0) as desk:
        view = await guarded(desk, await place.session(desk, "operator"), f"touch {marker}")
        outcome, reason = await ticked(desk, view, 15)
    assert (outcome, marker.exists()) == ("failed", False)
    assert "no sandbox holds here" in reason
