"""What the desk asks a model in the user's name, word for word, so that the stand-in knows it again."""

from __future__ import annotations

BOARD_SUMMARY = (
    "Write up for me what was shared on the board: what was found and by whom, what was decided and on what, which claims and conflicts stand, what is "
    "still open. The entries are quoted above; ask nobody for more. Answer in a few paragraphs, and name entries by their numbers."
)
