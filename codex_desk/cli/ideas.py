"""The office of seed agents: an operator who delegates to an ideas provider, a critic, an implementor and a reviewer, each a role with its own folder,
model and effort. The roles stand in the office's own home (`agents/<role>/{config.toml,AGENTS.md}`) and can be copied from there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codex_desk.cli.lines import indented
from codex_desk.cli.office import Office, empty_or_new, init_repository
from codex_desk.frozen import frozen

if TYPE_CHECKING:
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.views import AuditView, MessageView, ThreadView

SHIPPED = Path(__file__).parent / "offices" / "ideas"
"""The agent folders, the repository as it begins, and a conversation that was held here on a model."""

AGENTS = ("ideas-provider", "critic", "implementor", "reviewer")
"""Whom the operator delegates to, in the order of the example."""
CHANGED_FILE = "DECISION.md"
BEFORE, AFTER = "nothing yet", "a shelf where everybody lends one book"

TASK = f"""\
delegate to ideas-provider: read BRIEF.md
then delegate to critic: read BRIEF.md
delegate detached to implementor: replace `{BEFORE}` with `{AFTER}` in {CHANGED_FILE}
join implementor
delegate to reviewer: review"""
"""What the user asks of the operator, in words that the offline stand-in understands: `then` hands the answers before on as hints."""


@frozen
class IdeasOffice(Office):
    """The folder that holds it."""

    @property
    def first(self) -> Path:
        return self.repository

    def lay_out(self) -> None:
        """Make the repository, and a home with the agent folders. Refuses a folder that holds something else, and a machine without git."""
        git = empty_or_new(self.root)
        shutil.copytree(SHIPPED / "repo", self.repository)
        self.home.mkdir(mode=0o700)
        shutil.copytree(SHIPPED / "agents", self.home / "agents")
        init_repository(git, self.repository, "The brief")

    async def move_in(self, desk: Desk) -> dict[str, ThreadView]:
        """Make the one session that there is; the others are spawned from it."""
        from codex_desk.engine.sessions import New

        return {"operator": await desk.do(New("operator", self.repository, runtime="offline", role="operator"))}


@frozen
class Told:
    """What really happened, read back from the store and the disk."""

    threads: dict[str, ThreadView]
    """The operator, and by role whom it delegated to."""
    messages: list[MessageView]
    """The user's prompt, then each run."""
    audits: dict[str, list[AuditView]]
    models: dict[str, tuple[str, str]]
    """Model and effort that each agent was given."""
    changed: str
    verified: bool
    missing: list[str]


def read_back(desk: Desk, place: Office, prompt: int) -> Told:
    """The story as the store and the disk have it, held against what should have happened."""
    operator = desk.resolve("operator", place.repository)
    children = {child.handle or "": child for child in desk.children(operator.id)}
    threads = {"operator": operator, **{name: children[name] for name in AGENTS if name in children}}
    runs = [item.data["message"] for item in desk.items(operator.id, limit=10_000) if item.kind == "message_out"]
    messages = [desk.message(number) for number in [prompt, *runs]]
    audits = {name: desk.audit(thread.id) for name, thread in threads.items()}
    answers = {message.to: message.answer for message in messages if message.state == "answered"}
    changed = (place.repository / CHANGED_FILE).read_text(encoding="utf-8")
    verified = desk.verify_audit().verified
    models = {name: _model(desk, thread) for name, thread in threads.items()}
    ideas = next((line for line in (answers.get("ideas-provider") or "").splitlines() if "village" in line), "")
    steps: dict[str, bool] = {f"{name} answers": answers.get(name) is not None for name in AGENTS}
    steps |= {
        "the critic is given the ideas": bool(ideas) and any(m.to == "critic" and ideas in m.body for m in messages),
        "the decision is written": AFTER in changed and BEFORE not in changed,
        "the reviewer sees it": CHANGED_FILE in (answers.get("reviewer") or ""),
        "the operator puts it together": all(f"**{name}**" in (answers.get("operator") or "") for name in AGENTS),
        "each is a subagent of its role, on a model of its own": all(
            (thread.kind, thread.parent, thread.status) == ("subagent", "operator", "finished") and all(models[name])
            for name, thread in threads.items()
            if name != "operator"
        )
        and len({models[name] for name in threads}) >= len(AGENTS),
        "both sides have it in their audit": all(
            {"spawned", "sent", "answered", "returned"} <= {event.kind for event in audits[one] if event.peer == other}
            for name in AGENTS
            if name in audits
            for one, other in (("operator", name), (name, "operator"))
        ),
        "the audit verifies": verified,
    }
    return Told(threads, messages, audits, models, changed, verified, [step for step, happened in steps.items() if not happened])


def _model(desk: Desk, thread: ThreadView) -> tuple[str, str]:
    settings = desk.settings(thread.id).settings
    return settings.model, settings.model_reasoning_effort or ""


def as_json(place: Office, told: Told) -> dict[str, Any]:
    """The command's own object."""
    return {
        "dir": str(place.root),
        "threads": [thread.to_json() for thread in told.threads.values()],
        "messages": [message.to_json() for message in told.messages],
        "models": {name: {"model": model, "effort": effort} for name, (model, effort) in told.models.items()},
        "changed": told.changed,
        "audit": {name: [event.kind for event in events] for name, events in told.audits.items()},
        "verified": told.verified,
        "missing": told.missing,
    }


def tell(place: Office, told: Told) -> Iterator[str]:
    """The story for people."""
    yield f"The office: {place.root}"
    for name, thread in told.threads.items():
        model, effort = told.models[name]
        bond = f", subagent of {thread.parent}, {thread.status}" if thread.parent else ""
        yield f"  {name}: set to {model}, effort {effort}; ran {thread.runtime}{bond}"
    prompt, *runs = told.messages
    yield ""
    yield f"you → {prompt.to}, #{prompt.id}"
    yield from indented(prompt.body)
    for message in runs:
        yield ""
        yield f"{message.sender} delegates to {message.to}, #{message.id}: {message.state}"
        yield from indented(message.body)
        yield f"  {message.to} answers:"
        yield from indented(message.answer or message.reason or "", "    ")
    yield ""
    yield f"{prompt.to} puts it together: {prompt.state}"
    yield from indented(prompt.answer or prompt.reason or "")
    yield ""
    yield "The audit of both sides"
    for name, events in told.audits.items():
        yield f"  {name}: {', '.join(f'{event.kind} ({event.peer})' if event.peer else event.kind for event in events)}"
    yield f"  {'verified' if told.verified else 'NOT verified'}"
    yield ""
    yield f"Look at it yourself: codex-desk demo --dir {place.root} --office ideas"
