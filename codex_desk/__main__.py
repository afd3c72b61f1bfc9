"""`python -m codex_desk`, and the `codex-desk` script."""

from __future__ import annotations

from codex_desk.cli.app import cli


def main() -> None:
    cli.main()


if __name__ == "__main__":
    main()
