"""Who may do what: one table, verb × origin × relation. The engine asks it before an action is performed."""

from __future__ import annotations

from typing import Literal

from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.engine.views import Origin
from codex_desk.store.tables import Attachment, Thread
from codex_desk.text import one_line

Relation = Literal["self", "attached_child", "spawned_child", "parent", "none"]
"""What the subject of an action is to the thread that acts."""

_EVERY: frozenset[Relation] = frozenset({"self", "attached_child", "spawned_child", "parent", "none"})
_CHILDREN: frozenset[Relation] = frozenset({"attached_child", "spawned_child"})
_OWN: frozenset[Relation] = frozenset({"self"})
_PARENT: frozenset[Relation] = frozenset({"parent"})
_NONE: frozenset[Relation] = frozenset()

_HUMAN_VERBS = (
    "new",
    "adopt",
    "rename",
    "set",
    "fork",
    "trust",
    "note",
    "attach",
    "detach",
    "archive",
    "unarchive",
    "prompt",
    "edit",
    "remove",
    "interrupt",
    "resume",
    "compact",
    "shell",
    "decide",
    "revoke",
    "redact",
    "board_close",
    "board_summary",
    "fold",
    "unfold",
    "fold_summary",
    "automation_add",
    "automation_pause",
    "automation_resume",
    "automation_remove",
    "automation_run",
)

TABLE: dict[str, dict[Origin, frozenset[Relation]]] = {
    **{verb: {"human": _EVERY} for verb in _HUMAN_VERBS},
    "ask": {"agent": _CHILDREN},
    "report": {"agent": _PARENT},
    "wait": {"agent": _OWN},
    "close_agent": {"agent": _CHILDREN},
    "interrupt_agent": {"agent": _CHILDREN},
    "spawn_agent": {"agent": _OWN},
    **{f"board_{verb}": {"human": _EVERY, "agent": _OWN} for verb in ("post", "decide", "promote")},
    "board_claim": {"agent": _OWN},
    "board_mark": {"agent": _OWN},
}
"""What is not in the table is the engine's own and is done by `system` alone."""

_SESSIONS_ONLY = frozenset({"rename", "set", "fork", "archive", "unarchive", "interrupt", "resume", "compact", "shell"})
"""What imported history knows nothing of: it is read, searched, exported, redacted and adopted."""

_WORDS = {
    "prompt": "prompt a session",
    "decide": "answer an approval",
    "revoke": "revoke a grant",
    "note": "change the desk's own notes",
    "edit": "edit what is queued",
    "remove": "remove what is queued",
    "new": "make a session",
    "adopt": "bring a session to the desk",
    "set": "change a session's settings",
    "trust": "trust a folder",
    "redact": "redact an item",
    "shell": "run a command as themselves",
    "fold": "fold what they did in a session into its parent",
    "unfold": "take a fold back",
    "fold_summary": "ask for a summary to fold",
    "board_close": "close a board",
    "board_summary": "ask for a board's summary",
    "automation_add": "make an automation",
    "automation_pause": "pause an automation",
    "automation_resume": "resume an automation",
    "automation_remove": "remove an automation",
    "automation_run": "run an automation by hand",
}


def check(tx: Tx, action: Action, by: By) -> None:
    """Raise `Refusal` unless `by` may do `action`."""
    if by.origin == "system":
        return
    allowed = TABLE.get(action.verb, {}).get(by.origin, _NONE)
    if allowed is _EVERY:
        if action.verb in _SESSIONS_ONLY:
            _refuse_history(tx, action.subject())
        return
    if not allowed:
        if by.origin == "human":
            raise Refusal("origin_human", f"{action.verb} is something only an agent does, in a turn of its own")
        words = _WORDS.get(action.verb, f"{action.verb} a session")
        raise Refusal(
            "origin_agent",
            f"only the user may {words}. Text and tools of an agent carry none of the user's authority; say in your answer what you need, and the user can do it.",
        )
    subject = action.subject()
    relation = relation_of(tx, by.thread_id, subject)
    if relation not in allowed:
        raise Refusal("no_edge", _no_edge(tx, action.verb, subject, relation))


def _refuse_history(tx: Tx, subject: str | None) -> None:
    thread = tx.get(Thread, subject) if subject is not None else None
    if thread is not None and thread.status == "history":
        raise Refusal("not_a_session", f"{one_line(thread.title, 60) or thread.id} is history; adopt it first")


def relation_of(tx: Tx, actor: str | None, subject: str | None) -> Relation:
    """What `subject` is to the thread `actor`, by live edges alone."""
    if actor is None or subject is None:
        return "none"
    if actor == subject:
        return "self"
    edge = tx.first(
        Attachment,
        "ended_at IS NULL AND (child_id = ? AND parent_id = ? OR child_id = ? AND parent_id = ?)",
        *(subject, actor, actor, subject),
    )
    if edge is not None:
        return "attached_child" if edge.child_id == subject else "parent"
    target = tx.get(Thread, subject)
    if target is not None and target.spawned_by == actor:
        return "spawned_child"
    acting = tx.get(Thread, actor)
    if acting is not None and acting.spawned_by == subject:
        return "parent"
    return "none"


def _no_edge(tx: Tx, verb: str, subject: str | None, relation: Relation) -> str:
    name = tx.name(subject) if subject is not None else "nobody"
    if verb.startswith("board_"):
        return f"nobody writes on the board as another: you are not {name}. Post in your own name"
    if verb == "ask" and relation == "self":
        return "a session sends no messages to itself"
    if verb == "ask" and relation == "parent":
        return f"{name} is your parent: use report"
    if verb == "report":
        return "you have no parent to report to; your answer goes to whoever asked you"
    return (
        f"{name} is not attached to you and you did not spawn it. list_agents names whom you can reach; the user can attach {name} to you"
    )
