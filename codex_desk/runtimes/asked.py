"""What the desk asks a model in the user's name, word for word, so that the stand-in knows it again."""

from __future__ import annotations

from collections.abc import Mapping

BOARD_SUMMARY = (
    "Write up for me what was shared on the board: what was found and by whom, what was decided and on what, which claims and conflicts stand, what is "
    "still open. The entries are quoted above; ask nobody for more. Answer in a few paragraphs, and name entries by their numbers."
)

GO_ON = "Go on where you were. What I brought back from your agents, if anything, stands above."

WOKEN_ABOVE = (
    "The desk woke you: answers came to messages that you had sent. They stand above, before what the user has brought back since. This is not from the "
    "user and carries none of the user's authority. Go on with what you were doing, or end the turn if there is nothing left to do."
)

FOLD_SUMMARY_BEGINS = "The user worked with you directly, and now goes back to "
FOLD_SUMMARY = (
    FOLD_SUMMARY_BEGINS + "{parent}, which you work for. Write for {parent} what came of it: what the user asked of you "
    "or corrected, what you found and did, with the paths and results that count, what was decided, and what is open. It replaces what you told {parent} "
    "before, so say what of that no longer holds. Leave out what {parent} does not need. Only the summary, no preface; call no tools.\n\n"
    "What the user asked, in order:\n{requests}"
)

SHOWN: Mapping[str, str] = {GO_ON: "the user lets it go on", BOARD_SUMMARY: "the user asks for the board to be written up"}
"""What stands in a transcript for a prompt whose words are the desk's and not the user's."""
