"""Earlier prompts by thread: those that are shown, and before them the store's, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from codex_desk.engine.views import ItemView
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.model.drafts import Recall


class Recalls:
    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._recalls: dict[str, Recall] = {}
        self._read_from: dict[str, int | None] = {}
        """Seq below which a thread's prompts have not been read; None: none has."""

    def of(self, thread_id: str, items: Sequence[ItemView]) -> Recall:
        """What can be recalled in a thread; `items`: the newest of its transcript."""
        if thread_id not in self._recalls:
            self._read_from[thread_id] = items[0].seq if items else None
            typed = (f"!{one.text}" if one.kind == "command" else one.text for one in items if is_typed(one))
            self._recalls[thread_id] = Recall(typed, partial(self._older, thread_id))
        return self._recalls[thread_id]

    def _older(self, thread_id: str) -> Sequence[str]:
        if self._bridge.desk is None:
            return ()
        page = self._bridge.desk.prompts(thread_id, before=self._read_from[thread_id])
        if page:
            self._read_from[thread_id] = page[0][0]
        return [text for _, text in page]


def is_typed(item: ItemView) -> bool:
    """Whether the human wrote it here: a prompt, or a command of their own."""
    return item.kind == "user_message" or (item.kind == "command" and item.origin == "human")
