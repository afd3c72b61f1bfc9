"""`python -m codex_desk`, and the `codex-desk` script."""

from __future__ import annotations

from codex_desk.cli.app import cli
from codex_desk.cli.output import guard_stderr


def main() -> None:
    guard_stderr()
    cli.main()


if __name__ == "__main__":
    main()
