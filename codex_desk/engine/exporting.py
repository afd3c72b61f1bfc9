"""A transcript as Markdown, to keep or to send on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from codex_desk.engine import history_reading
from codex_desk.engine.reading import Reader
from codex_desk.engine.views import ItemView, ThreadView
from codex_desk.engine.wording import bond_of, clock, head_of, name_of, speaker_of
from codex_desk.text import visible

WRITTEN = frozenset({"user_message", "agent_message", "reasoning", "message_out", "message_in", "plan", "notice", "fold", "compaction"})
"""Kinds of item that are prose; the others are shown as they are."""


def export(reader: Reader, thread: ThreadView, *, tree: bool = False) -> str:
    """The whole transcript of a thread; with `tree`, those of its children after it. Control characters in it are made visible."""
    return visible("\n".join(line for one in _with_children(reader, thread, tree) for line in markdown(one, _all_items(reader, one.id))))


def _with_children(reader: Reader, thread: ThreadView, tree: bool) -> Iterator[ThreadView]:
    yield thread
    if tree:
        live = reader.children(thread.id)
        known = {child.id for child in live}
        past = [child for child in history_reading.children(reader, thread.id) if child.status == "history" and child.id not in known]
        for child in [*past, *live]:
            yield from _with_children(reader, child, tree)


def _all_items(reader: Reader, thread_id: str) -> Iterator[ItemView]:
    last = 0
    while items := reader.items(thread_id, after=last):
        last = items[-1].seq
        yield from items


def markdown(thread: ThreadView, items: Iterable[ItemView]) -> Iterator[str]:
    """The lines of one transcript."""
    name = speaker_of(thread)
    yield f"# {name_of(thread)}"
    yield ""
    if thread.title and thread.handle is None:
        yield quoted(thread.title)
        yield ""
    facts = [bond_of(thread), thread.runtime, thread.model or "", f"`{thread.cwd}`", f"since {clock(thread.created_at)}"]
    yield " · ".join(filter(None, facts))
    yield ""
    for item in items:
        yield f"## {head_of(item, name)} · {clock(item.at)}"
        yield ""
        yield quoted(item.text) if item.kind in WRITTEN else fenced(item.text)
        for extra in ("output", "result"):
            if isinstance(text := item.data.get(extra), str) and text:
                yield fenced(text)
        if (child := item.data.get("subagent_thread_id")) and not item.data.get("told"):
            yield f"Subagent: `{child}`"
        for change in item.data.get("changes") or ():
            yield fenced(str(change.get("diff", "")), "diff")
        yield ""


def quoted(text: str) -> str:
    """The text as a quotation: its Markdown still counts, but it cannot pass for a heading of the transcript."""
    return "\n".join(f"> {line}" for line in text.splitlines())


def fenced(text: str, language: str = "") -> str:
    """The text in a code block whose fence it does not contain."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
