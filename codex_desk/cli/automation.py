"""`automation` and its commands: schedules that prompt a session."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from codex_desk.cli.command import group, on_desk
from codex_desk.cli.failures import DONE, FAILED
from codex_desk.cli.lines import columns
from codex_desk.cli.output import current_output
from codex_desk.cli.params import FOLDER, TEXT, THREAD, thread_named
from codex_desk.text import one_line

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.automation_views import AutomationView, OccurrenceView
    from codex_desk.engine.desk import Desk


class AutomationParam(click.ParamType):
    """The handle of an automation. Completed from the store without the engine."""

    name = "automation"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from codex_desk.engine.glance import automations
        from codex_desk.paths import desk_home

        return [CompletionItem(handle, help=schedule) for handle, schedule in automations(desk_home(os.environ), incomplete)]


AUTOMATION = AutomationParam()


class GuardParam(click.ParamType):
    name = "guard"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in ("git-changed", "board-news", "child-idle") if name.startswith(incomplete)]


@group("automation")
def automation_command() -> None:
    """Schedules that prompt a session: every 15m, a cron line, RRULE:…, at TIME."""


@automation_command.command("add")
@click.argument("handle")
@click.argument("schedule")
@click.argument("prompt", type=TEXT)
@click.option("--target", type=THREAD, help="The session that it prompts; else the one that is at home in this folder.")
@click.option("--zone", help="The IANA zone of its times; else this machine's.")
@click.option("--guard", type=GuardParam(), help="Run only if: git-changed, board-news, child-idle, or a command that ends with 0.")
@click.option("--overlap", default="skip", show_default=True, help="While its last run goes on: skip, buffer_one or cancel_other.")
@click.option("--busy", default="queue_one", show_default=True, help="While the session works: queue_one, skip or next_step.")
@click.option(
    "--catch-up", default="latest_once", show_default=True, help="After a time when nothing was open: latest_once, skip or all(n)."
)
@click.option("--until", metavar="T", help="The last moment; else it expires after 30 days.")
@click.option("--count", type=int, metavar="N", help="How many runs in all.")
@click.option("--budget", type=int, metavar="TOKENS", help="What its runs may take in 24 hours.")
@on_desk
async def add(
    desk: Desk,
    out: Output,
    handle: str,
    schedule: str,
    prompt: str,
    target: str | None,
    zone: str | None,
    guard: str | None,
    overlap: str,
    busy: str,
    catch_up: str,
    until: str | None,
    count: int | None,
    budget: int | None,
) -> None:
    """Have SCHEDULE prompt a session with PROMPT (`-` reads stdin). HANDLE names the automation."""
    from codex_desk.engine.automations import Add

    where = zone or desk.zone()
    view = await desk.add_automation(
        Add(
            handle,
            _target(desk, target),
            schedule,
            prompt,
            where,
            guard=guard,
            overlap=overlap,
            busy=busy,
            catch_up=catch_up,
            until=None if until is None else moment_given(until, where),
            count=count,
            budget_tokens=budget,
        )
    )
    out.give(view.to_json(), automation_lines(view))
    off = desk.guards_off(view.target_id) if view.guard is not None else None
    if off is not None:
        out.say(f"{off}; until then it does not run")
    _say_who_runs(desk, out)


@automation_command.command("list")
@on_desk
async def list_(desk: Desk, out: Output) -> None:
    """List the automations, with their next and last runs."""
    views = desk.automations()
    out.give({"automations": [view.to_json() for view in views]}, columns([automation_row(view) for view in views], HEADER))
    if not views:
        out.say("no automations yet: codex-desk automation add HANDLE SCHEDULE PROMPT")
    elif any(view.state == "active" for view in views):
        _say_who_runs(desk, out)


@automation_command.command("show")
@click.argument("handle", type=AUTOMATION)
@click.option("--runs", type=click.IntRange(min=1), default=50, show_default=True, help="How many of its latest runs.")
@on_desk
async def show(desk: Desk, out: Output, handle: str, runs: int) -> None:
    """Show an automation and its runs: what ran, and why one did not."""
    view = desk.automation_named(handle)
    found = desk.occurrences(view.id, limit=runs)
    lines = [*automation_lines(view), "", *columns([occurrence_row(each) for each in found], ("run", "outcome", "why"))]
    out.give(view.to_json() | {"occurrences": [each.to_json() for each in found]}, lines if found else lines[:-1])


@automation_command.command("run")
@click.argument("handle", type=AUTOMATION)
@on_desk
async def run(desk: Desk, out: Output, handle: str) -> int:
    """Run an automation once, now."""
    view = desk.automation_named(handle)
    return await _finished(desk, out, view.id)


async def _finished(desk: Desk, out: Output, automation_id: str) -> int:
    from codex_desk.engine.desk import Desk

    async with Desk.open(desk.home, host="once", approval_patience=0.0) as host:
        ended = await host.finish((await host.run_automation(automation_id)).id)
    out.give(desk.automation(automation_id).to_json(), occurrence_line(ended))
    if ended.outcome is None:
        out.say("it waits for you in the open desk")
    elif ended.outcome != "ran":
        out.say(f"{ended.automation} did not run: {ended.outcome}{f': {ended.reason}' if ended.reason else ''}")
    return DONE if ended.outcome == "ran" else FAILED


@automation_command.command("pause")
@click.argument("handle", type=AUTOMATION)
@on_desk
async def pause(desk: Desk, out: Output, handle: str) -> None:
    """Let nothing of it run until it is resumed."""
    view = await desk.pause_automation(desk.automation_named(handle).id)
    out.give(view.to_json(), automation_lines(view))


@automation_command.command("resume")
@click.argument("handle", type=AUTOMATION)
@on_desk
async def resume(desk: Desk, out: Output, handle: str) -> None:
    """Let it run again, from its next time on."""
    view = await desk.resume_automation(desk.automation_named(handle).id)
    out.give(view.to_json(), automation_lines(view))
    _say_who_runs(desk, out)


@automation_command.command("remove")
@click.argument("handle", type=AUTOMATION)
@on_desk
async def remove(desk: Desk, out: Output, handle: str) -> None:
    """Take an automation away; what it ran stays on record."""
    view = await desk.remove_automation(desk.automation_named(handle).id)
    out.give(view.to_json(), f"{view.handle} is removed")


@automation_command.command("next")
@click.argument("what", metavar="HANDLE|SCHEDULE", type=AUTOMATION)
@click.option("--zone", help="The IANA zone of its times; else the automation's, else this machine's.")
@click.option("--from", "start", metavar="T", help="After this moment; else now.")
@click.option("--n", "number", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many.")
@on_desk
async def next_(desk: Desk, out: Output, what: str, zone: str | None, start: str | None, number: int) -> None:
    """When an automation runs next, or a schedule would."""
    from codex_desk.engine.errors import Refusal
    from codex_desk.engine.sessions import HANDLE
    from codex_desk.engine.zones import zone_named

    if HANDLE.fullmatch(what.removeprefix("@")):
        try:
            view = desk.automation_named(what)
        except Refusal as refusal:
            raise Refusal(refusal.code, f"{refusal.message}; a schedule is such as `every 15m` or `0 9 * * 1-5`") from None
        where = zone or view.zone
        after = None if start is None else moment_given(start, where)
        times = await desk.upcoming(view.id, number, after=after)
        if view.state != "active":
            out.say(f"{view.handle} is {view.state}: {view.reason}")
    else:
        where = zone or desk.zone()
        zone_named(where)
        offer = await desk.preview_schedule(what, where, number, None if start is None else moment_given(start, where))
        times = offer.times
    shown = [time.astimezone(zone_named(where)).isoformat() for time in times]
    out.give({"times": shown}, shown)


@automation_command.command("import")
@click.argument("path", required=False, type=FOLDER)
@click.option("--target", type=THREAD, help="The session for those whose own is not on the desk.")
@click.option("--zone", help="The IANA zone of their times; else this machine's.")
@on_desk
async def import_(desk: Desk, out: Output, path: Path | None, target: str | None, zone: str | None) -> None:
    """Bring Codex's automations (default: those in $CODEX_HOME). They arrive paused, and stay as they are in Codex."""
    made, passed = await desk.import_automations(path, zone, None if target is None else thread_named(desk, target).id)
    skipped = [{"id": each.id, "reason": each.trouble} for each in passed if each.trouble]
    out.give(
        {"automations": [view.to_json() for view in made], "skipped": skipped}, columns([automation_row(view) for view in made], HEADER)
    )
    for each in passed:
        for words in (*each.notes, *([each.trouble] if each.trouble else [])):
            out.say(f"{one_line(each.id, 60)}: {words}")
    if not made and not passed:
        out.say("Codex has no automations there")
    elif made:
        out.say("they are paused: codex-desk automation resume HANDLE lets one run")


@automation_command.command("install")
@click.option("--print", "printed", is_flag=True, help="Print the files for systemd, cron and launchd.")
def install(printed: bool) -> None:
    """What lets this machine run automations with no desk open. Nothing is installed: --print shows what to put where."""
    from codex_desk.cli.units import units

    if not printed:
        raise click.UsageError("it installs nothing by itself; --print shows the files and where they go.", click.get_current_context())
    found = units(os.environ)
    current_output().give({"files": [unit.to_json() for unit in found]}, [line for unit in found for line in unit.lines])


HEADER = ("automation", "state", "next run", "last run", "target", "schedule")


def automation_row(view: AutomationView) -> tuple[str, ...]:
    from codex_desk.engine.automation_views import clock_in

    upcoming = clock_in(view.next_run_at, view.zone) if view.next_run_at else "—"
    last = "—" if view.last_outcome is None or view.last_run_at is None else f"{clock_in(view.last_run_at, view.zone)} {view.last_outcome}"
    target = f"{view.target}{' (archived)' if view.target_archived else ''}"
    return (view.handle, view.state, upcoming, last, one_line(target, 50), one_line(f"{view.schedule} {view.zone}", 70))


def automation_lines(view: AutomationView) -> list[str]:
    from codex_desk.engine.automation_views import clock_in

    upcoming = f"next {clock_in(view.next_run_at, view.zone)}" if view.next_run_at else f"{view.state}: {view.reason}"
    ends = "" if view.until is None else f"{'until' if view.until_told else 'expires'} {clock_in(view.until, view.zone)}"
    left = "" if view.remaining is None else f"{view.remaining} to plan"
    rules = f"overlap {view.overlap}, busy {view.busy}, catch-up {view.catch_up}"
    guard = f"guard {one_line(view.guard, 80)}" if view.guard else ""
    budget = f"budget {view.budget_tokens:,} tokens a day" if view.budget_tokens else ""
    return [
        f"{view.handle} → {view.target}: {one_line(view.schedule, 80)} ({view.zone}), {upcoming}",
        "  " + " · ".join(part for part in (rules, guard, budget, ends, left) if part),
    ]


def occurrence_row(view: OccurrenceView) -> tuple[str, ...]:
    from codex_desk.engine.automation_views import clock_in

    when = clock_in(view.scheduled_for, view.zone) + (" by hand" if view.by_hand else "")
    state = view.outcome or ("waits" if view.message is None else f"#{view.message} has not ended")
    return (when, state, one_line(view.reason or "", 160))


def occurrence_line(view: OccurrenceView) -> str:
    when, state, why = occurrence_row(view)
    return f"{view.automation} {when}: {state}{f': {why}' if why else ''}"


def moment_given(text: str, zone: str) -> datetime:
    """A moment as people write it: ISO 8601, in `zone` where it has no offset. Refuses anything else."""
    from codex_desk.engine.errors import Refusal
    from codex_desk.engine.zones import moment_of, zone_named

    clock = zone_named(zone)
    try:
        given = datetime.fromisoformat(text.strip())
        return given if given.tzinfo is not None else moment_of(given, clock)
    except (ValueError, OverflowError):
        raise Refusal(
            "bad_value", f"{one_line(text, 60)!r} is no moment; write such as 2026-12-24T09:00 or 2026-12-24T09:00+01:00"
        ) from None


def _target(desk: Desk, ref: str | None) -> str:
    """The session that is meant; without a name the one that is at home here."""
    from codex_desk.engine.errors import Refusal

    if ref is not None:
        return thread_named(desk, ref).id
    here = Path.cwd().resolve()
    found = [thread for thread in desk.threads() if thread.cwd == str(here)]
    if len(found) == 1:
        return found[0].id
    names = ", ".join(sorted(thread.handle or thread.id for thread in found)) or "none is at home in this folder"
    raise Refusal("no_target", f"which session is it for? Give --target THREAD ({names})")


def _say_who_runs(desk: Desk, out: Output) -> None:
    if not desk.desk_is_open():
        out.say(
            "no desk is open: nothing runs until one is, or `codex-desk tick` is called; `codex-desk automation install --print` shows how every minute"
        )
