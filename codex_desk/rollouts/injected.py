"""Text in the user's role that the user did not write. Codex gives its model instructions, the environment and news of agents in that role.

Whose words a message holds is decided by the events that Codex records for what the user sent, never by such marks: text is no authority.
The marks only name what was injected, and tell a notification that has to be folded into a call.
"""

from __future__ import annotations

import re

NOTIFICATION = "subagent_notification"

_TAG = re.compile(r"<([a-zA-Z][\w-]*)(?: [^>\n]{0,200})?>(?P<inner>.*)</\1>\s*", re.DOTALL)

TAGS = frozenset(
    {
        "INSTRUCTIONS",
        "user_instructions",
        "environment_context",
        NOTIFICATION,
        "turn_aborted",
        "skill",
        "user_shell_command",
        "user_action",
        "codex_internal_context",
        "goal_context",
        "hook_prompt",
        "permissions",
        "model_switch",
        "collaboration_mode",
        "skills_instructions",
        "apps_instructions",
        "plugins_instructions",
        "personality_spec",
        "multi_agent_mode",
        "multi_agent_role",
        "realtime_conversation",
        "token_budget",
        "additional_context",
    }
)
"""What Codex wraps what it injects in, over the versions."""

_BEGINS = re.compile(
    r"\s*(?:<(?P<tag>[a-zA-Z][\w-]*)|(?P<instructions># AGENTS\.md instructions)"
    r"|Warning: The maximum number of unified exec processes|Warning: apply_patch was requested via)"
)

LONGEST_MARK = 600
_IMAGE = re.compile(r"</?image(?: name=[^>\n]{0,400})?>")


def kind_of(text: str) -> str | None:
    """The name of what was injected, where the whole text is such; None for what may be somebody's words."""
    start = _BEGINS.match(text)
    if start is None:
        return None
    tag = start["tag"]
    if tag is None:
        return "agents_md" if start["instructions"] else "warning"
    if tag not in TAGS:
        return None
    return tag if tag == "permissions" or text[-2 * len(tag) - 40 :].rstrip().endswith(f"</{tag}>") else None


def inner_of(text: str) -> str:
    """What stands inside of the one tag that wraps a text; the text itself where none does."""
    match = _TAG.fullmatch(text.strip())
    return match["inner"].strip() if match else text


def is_image_mark(text: str) -> bool:
    """Whether a part of a message only marks where an image begins or ends."""
    return len(text) < LONGEST_MARK and "image" in text and _IMAGE.fullmatch(text.strip()) is not None


_SEALED = re.compile(r"[A-Za-z0-9_\-+/]{40,}={0,2}")


def is_sealed(text: str) -> bool:
    """Whether a text is one that only its provider can read: one long word of base64, as encrypted tasks and messages are.

    Providers that encrypt nothing leave plain words in the same place; a long path is one, and has hardly a capital in it."""
    word = text.strip()
    return _SEALED.fullmatch(word) is not None and word != word.lower()
