"""The macOS tier: a profile for `sandbox-exec`. Later rules win over earlier ones."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codex_desk.tools.hidden import hidden_paths

if TYPE_CHECKING:
    from codex_desk.tools.workspace import Workspace

_NAME_SERVICE = "/private/var/run/mDNSResponder"
_PROTECTED = r"/(\.[gG][iI][tT]|\.[cC][oO][dD][eE][xX](-[dD][eE][sS][kK])?|[aA][gG][eE][nN][tT][sS][^/]*\.[mM][dD])(/|$)"
"""The names of `protected.py`, existing or not, as a Seatbelt regular expression, which knows no flag for case."""


def seatbelt(program: str, argv: Sequence[str], workspace: Workspace) -> list[str]:
    """The command that runs `argv` under a profile for this workspace."""
    return [program, "-p", profile(workspace), "--", *argv]


def profile(workspace: Workspace) -> str:
    lines = ["(version 1)", "(allow default)", "(deny file-write*)"]
    lines.append('(allow file-write* (literal "/dev/null") (literal "/dev/zero") (literal "/dev/dtracehelper") (subpath "/dev/fd"))')
    roots = workspace.write_roots
    if roots:
        temporary = Path(os.path.realpath(os.environ.get("TMPDIR", "/tmp")))
        lines += [f"(allow file-write* (subpath {_text(root)}))" for root in (temporary, *roots)]
        lines.append(f'(deny file-write* (require-all (regex #"{_PROTECTED}") {_any_of(roots)}))')
    for path in hidden_paths(workspace.home, workspace.codex_home):
        lines.append(f"(deny file-read* file-write* network-outbound (subpath {_text(path)}))")
    # A Unix socket is a path of network-outbound; with the network open, only the one that names are looked up with.
    if workspace.rights.network:
        lines += ['(deny network-outbound (subpath "/"))', f"(allow network-outbound (literal {_text(Path(_NAME_SERVICE))}))"]
    else:
        lines.append("(deny network*)")
    # Other processes can be asked to act through these.
    lines += ["(deny appleevent-send)", "(deny job-creation)"]
    return "\n".join(lines)


def _any_of(roots: Sequence[Path]) -> str:
    return f"(require-any {' '.join(f'(subpath {_text(root)})' for root in roots)})"


def _text(path: Path) -> str:
    return json.dumps(str(path), ensure_ascii=False)
