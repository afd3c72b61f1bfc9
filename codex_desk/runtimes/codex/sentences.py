"""What is said of a session that another program writes. A view knows it again by how it begins, and the first frame imports views: so
this imports nothing."""

from __future__ import annotations

ELSEWHERE = "another program is writing this session"

WRITTEN_ELSEWHERE = (
    f"{ELSEWHERE}: a Codex window, another desk, or the server that Codex leaves running in the background. It can be read here;"
    " close it there (`codex app-server daemon stop` ends that server), then go on with `codex-desk resume`"
)
