"""`python -m codex_desk`, and the `codex-desk` script."""

from __future__ import annotations

import os
import sys

from codex_desk.cli.output import guard_stderr

COMPLETING = "_CODEX_DESK_COMPLETE"
"""What a shell sets that asks for completions."""


def main() -> None:
    guard_stderr()
    if len(sys.argv) == 1 and COMPLETING not in os.environ:
        from codex_desk.cli.opening import open_at_once

        sys.exit(open_at_once())
    from codex_desk.cli.app import cli

    cli.main()


if __name__ == "__main__":
    main()
