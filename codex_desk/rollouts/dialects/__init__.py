"""What each kind of line means, over the versions of Codex.

Two dialects stand side by side in most files: what was shown (`event_msg`: in the legacy mode `user_message`, `agent_message` …, in the
paginated mode `item_completed`) and what the model was given (`response_item`). An event says whose words they are, so the lanes of a
transcript come from events; a response item makes an item where no event speaks of it, and is a copy where one does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from codex_desk.rollouts.dialects import events, meta, responses, talk

if TYPE_CHECKING:
    from codex_desk.rollouts.parser import Parser
    from codex_desk.rollouts.shapes import Fate

RECORDS: dict[str, Callable[[Parser, Mapping[str, Any]], Fate]] = {
    "session_meta": meta.session_meta,
    "turn_context": meta.turn_context,
    "compacted": meta.compacted,
    "event_msg": events.event,
    "response_item": responses.response_item,
    "inter_agent_communication": talk.communication,
    "inter_agent_communication_metadata": meta.bookkeeping,
    "world_state": meta.bookkeeping,
    "token_usage_record": meta.bookkeeping,
    "security_risk_score": meta.bookkeeping,
}
"""By the type of a line."""
