from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from codex_desk.config import Resolved, resolve


class Desk:
    """A home and a project with settings files, and `resolve` over them."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.project = root / "project"
        self.home.mkdir()
        (self.project / ".codex-desk").mkdir(parents=True)
        self.config_toml = self.home / "config.toml"
        self.settings_toml = self.home / "settings.toml"
        self.project_toml = self.project / ".codex-desk/config.toml"

    def resolve(
        self,
        *,
        trusted: bool = True,
        env: Mapping[str, str] | None = None,
        thread: Mapping[str, object] | None = None,
        flags: Mapping[str, object] | None = None,
    ) -> Resolved:
        return resolve(self.home, project=self.project, trusted=trusted, env=env or {}, thread=thread or {}, flags=flags or {})
