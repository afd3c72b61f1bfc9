"""What lets a machine run `codex-desk tick` every minute, for those who want automations to run with no desk open. Printed, never installed."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from xml.sax.saxutils import escape

from codex_desk.frozen import frozen
from codex_desk.paths import HOME_VARIABLE

PASSED = (HOME_VARIABLE, "CODEX_HOME")
"""Variables that say where things are; a key of a provider is the user's to put there."""


@frozen
class Unit:
    """A file, where it goes, and what starts it."""

    kind: str
    path: str
    text: str
    then: str

    def to_json(self) -> dict[str, object]:
        return {"kind": self.kind, "path": self.path, "text": self.text, "then": self.then}

    @property
    def lines(self) -> list[str]:
        return [f"# --- {self.kind}: {self.path}", f"# --- then: {self.then}", *self.text.splitlines(), ""]


def units(env: Mapping[str, str], program: str | None = None) -> list[Unit]:
    """The files for systemd, cron and launchd."""
    command = [*_program(program), "tick"]
    given = {name: env[name] for name in PASSED if env.get(name)} | {"PATH": env.get("PATH") or os.defpath}
    return [*_systemd(command, given), _cron(command, given), _launchd(command, given)]


def _program(program: str | None) -> list[str]:
    found = program or shutil.which("codex-desk")
    return [os.path.abspath(found)] if found else [sys.executable, "-m", "codex_desk"]  # noqa: PTH100 - what was found, links and all


def _systemd(command: list[str], env: Mapping[str, str]) -> list[Unit]:
    folder = "~/.config/systemd/user"
    lines = "".join(f'Environment="{name}={_quoted(value)}"\n' for name, value in env.items())
    start = " ".join(f'"{_quoted(word)}"' for word in command)
    service = f"[Unit]\nDescription=codex-desk: run the automations that are due\n\n[Service]\nType=oneshot\n{lines}ExecStart={start}\n"
    timer = "[Unit]\nDescription=codex-desk: every minute\n\n[Timer]\nOnCalendar=*:0/1\nAccuracySec=1s\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
    start_it = "systemctl --user daemon-reload && systemctl --user enable --now codex-desk-tick.timer; loginctl enable-linger keeps it when you log out"
    return [
        Unit("systemd", f"{folder}/codex-desk-tick.service", service, "the timer starts it"),
        Unit("systemd", f"{folder}/codex-desk-tick.timer", timer, start_it),
    ]


def _cron(command: list[str], env: Mapping[str, str]) -> Unit:
    words = " ".join([*(f"{name}={shlex.quote(value)}" for name, value in env.items()), shlex.join(command)]).replace("%", r"\%")
    return Unit(
        "cron",
        "crontab -e",
        f"* * * * * {words} >/dev/null\n",
        "add the line; one `tick` leaves to another what that one runs",
    )


def _launchd(command: list[str], env: Mapping[str, str]) -> Unit:
    arguments = "".join(f"    <string>{escape(word)}</string>\n" for word in command)
    variables = "".join(f"    <key>{escape(name)}</key><string>{escape(value)}</string>\n" for name, value in env.items())
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n'
        '<plist version="1.0"><dict>\n'
        "  <key>Label</key><string>codex-desk.tick</string>\n"
        f"  <key>ProgramArguments</key><array>\n{arguments}  </array>\n"
        f"  <key>EnvironmentVariables</key><dict>\n{variables}  </dict>\n"
        "  <key>StartInterval</key><integer>60</integer>\n"
        "</dict></plist>\n"
    )
    path = "~/Library/LaunchAgents/codex-desk.tick.plist"
    return Unit("launchd", path, text, f"launchctl bootstrap gui/$(id -u) {path}")


def _quoted(text: str) -> str:
    """For systemd, in which a percent sign and a dollar mean something."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
