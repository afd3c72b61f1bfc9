"""Lines about the thread as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codex_desk.rollouts.calls import text_of
from codex_desk.rollouts.injected import is_sealed
from codex_desk.rollouts.names import id_or_none, is_id
from codex_desk.rollouts.shapes import Facts

if TYPE_CHECKING:
    from codex_desk.rollouts.parser import Parser
    from codex_desk.rollouts.shapes import Fate

HIGHEST = 1 << 62
"""No ordinal is higher; the store would not hold it."""


def bookkeeping(reader: Parser, payload: Mapping[str, Any]) -> Fate:
    return "bookkeeping"


def session_meta(reader: Parser, payload: Mapping[str, Any]) -> Fate:
    """The first one says who the thread is. A copy of another thread's history comes next where it says so, or where one of that thread
    follows (a file that was migrated has lost it)."""
    state, thread_id = reader.state, payload.get("id")
    if not is_id(thread_id):
        return "unknown"
    if state.thread_id is None:
        facts = facts_of(payload)
        state.thread_id, state.subagent = facts.thread_id, facts.subagent
        state.parent_id, state.agent_path, state.made_at = facts.parent_id, facts.agent_path, facts.created_at or reader.at
        starts = payload.get("subagent_history_start_ordinal")
        state.starts_at = starts if isinstance(starts, int) and facts.subagent else None
        state.copying = payload.get("forked_from_id") is not None and facts.base_segment is None
        reader.chunk.facts = facts
        if facts.base_ordinal is not None and facts.forked_from is None and not facts.subagent:
            reader.add("notice", "went back from here: what stands above and was taken back is kept", {"event": "reverted"})
            return "item"
    elif thread_id != state.thread_id:
        state.copying = True
        return "inherited"
    return "bookkeeping"


def facts_of(payload: Mapping[str, Any]) -> Facts:
    """From the payload of a `session_meta` whose `id` is one."""
    from codex_desk.rollouts.parser import moment_of

    thread_id = str(payload["id"])
    source, made_for = _source(payload.get("source"))
    spawn = made_for.get("thread_spawn") if isinstance(made_for, dict) else None
    spawn = spawn if isinstance(spawn, dict) else {}
    subagent = made_for is not None or payload.get("thread_source") == "subagent"
    parent = _other(thread_id, payload.get("parent_thread_id")) or _other(thread_id, spawn.get("parent_thread_id"))
    base = payload.get("history_base")
    base = base if isinstance(base, dict) else {}
    ordinal = base.get("end_ordinal_exclusive")
    git = payload.get("git")
    instructions = payload.get("base_instructions")
    provenance = instructions.get("provenance") if isinstance(instructions, dict) else None
    return Facts(
        thread_id=thread_id,
        created_at=moment_of(payload.get("timestamp")),
        cwd=_text(payload.get("cwd")) or "",
        cli_version=_text(payload.get("cli_version")) or "",
        originator=_text(payload.get("originator")) or "",
        source=source,
        subagent=subagent,
        parent_id=parent if subagent else None,
        nickname=_text(payload.get("agent_nickname")) or _text(spawn.get("agent_nickname")),
        role=_text(payload.get("agent_role")) or _text(spawn.get("agent_role")),
        agent_path=_text(payload.get("agent_path")) or _text(spawn.get("agent_path")),
        forked_from=None if subagent else _other(thread_id, payload.get("forked_from_id")),
        side_chat=payload.get("attached_thread") is True,
        base_segment=id_or_none(base.get("thread_id")),
        base_ordinal=ordinal if isinstance(ordinal, int) and 0 <= ordinal <= HIGHEST else None,
        branch=_text(git.get("branch")) if isinstance(git, dict) else None,
        dynamic_tools=bool(payload.get("dynamic_tools")),
        own_instructions=isinstance(provenance, dict) and provenance.get("type") != "model",
    )


def _source(source: object) -> tuple[str, Any]:
    """The word for where a thread came from, and, for a subagent, what it was made for."""
    if isinstance(source, str):
        return source, None
    if not isinstance(source, dict):
        return "", None
    made_for = source.get("subagent", source.get("subAgent"))
    match made_for:
        case None:
            return str(next(iter(source.values()), "")), None
        case str():
            return made_for, made_for
        case {"thread_spawn": _}:
            return "spawn", made_for
        case {"other": other}:
            return str(other), made_for
        case _:
            return "subagent", made_for


def _other(own: str, value: object) -> str | None:
    found = id_or_none(value)
    return found if found != own else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def turn_context(reader: Parser, payload: Mapping[str, Any]) -> Fate:
    model = payload.get("model")
    if isinstance(model, str) and model:
        reader.chunk.summary.model = model
    return "bookkeeping"


def compacted(reader: Parser, payload: Mapping[str, Any]) -> Fate:
    """The history was replaced by a shorter one. What the model wrote for it stands in the text's end, and may stand in a message
    before."""
    text = text_of(payload.get("message")).strip()
    sealed = not text and _has_sealed(payload.get("replacement_history"))
    text = text or ("context compacted; only its provider can read the summary" if sealed else "context compacted")
    index = reader.state.ends_with_doubted("assistant", text)
    if index is None:
        index = reader.state.proved("compaction", "")
    if index is None:
        reader.add("compaction", text, {"sealed": True} if sealed else None)
    else:
        reader.patch(index, "compaction", text, {"sealed": True} if sealed else None)
    reader.state.expect("compaction", "")
    return "item"


def _has_sealed(history: object) -> bool:
    return isinstance(history, list) and any(
        isinstance(item, dict) and isinstance(text := item.get("encrypted_content"), str) and is_sealed(text)
        for item in history
        if isinstance(item, dict) and "compaction" in str(item.get("type"))
    )
