"""What surrounds a thread: settings, trust, rights, endpoint. Looked up on disk, before and outside of transactions."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from codex_desk.config import (
    ConfigError,
    Resolved,
    Role,
    Roles,
    Settings,
    choose_runtime,
    endpoint_key,
    read_roles,
    resolve,
    thread_setting,
)
from codex_desk.config.keys import dotted, setting_key
from codex_desk.engine.errors import Refusal
from codex_desk.engine.instructions import Instructions, discover
from codex_desk.engine.journal import Rules
from codex_desk.engine.limits import Limits
from codex_desk.engine.sessions import Folder
from codex_desk.engine.views import ThreadView
from codex_desk.paths import codex_home, project_of
from codex_desk.rights import Rights
from codex_desk.runtimes.base import Endpoint, RuntimeFailure
from codex_desk.runtimes.codex.binary import find_program
from codex_desk.runtimes.outside import Program
from codex_desk.store.tables import Thread

RUNTIMES = frozenset({"offline", "native", "codex"})
"""The runtimes that this desk can run."""


class Surroundings:
    """One process's view of settings and folders. `trusted` says whether the human trusts a project's folder."""

    def __init__(self, home: Path, env: Mapping[str, str], trusted: Callable[[Path], bool]) -> None:
        self.home = home
        self.env = env
        self._trusted = trusted

    def desk(self, cwd: Path | None = None) -> Resolved:
        """The settings that no thread has changed; with a cwd, as a new session there would have them. Raises `ConfigError`."""
        project = None if cwd is None else project_of(cwd)
        return resolve(self.home, project=project, trusted=project is not None and self._trusted(project), env=self.env)

    def of(self, thread: Thread | ThreadView, own: Mapping[str, object]) -> Resolved:
        """A thread's settings, with its own ones on top. Raises `ConfigError`."""
        project = Path(thread.project)
        return resolve(self.home, project=project, trusted=self._trusted(project), env=self.env, thread=own)

    def rights(self, thread: Thread) -> Rights:
        """The thread's own rights. A configuration that cannot be read gives the narrowest."""
        try:
            return rights_of(self.of(thread, thread.settings).settings)
        except ConfigError:
            return Rights("read-only", False, False)

    def rules(self) -> Rules:
        """The desk-wide settings that actions look at. A configuration that cannot be read leaves the defaults; opening the desk reports it."""
        try:
            settings = self.desk().settings
        except ConfigError:
            return Rules()
        return Rules(settings.agents.max_attach_depth, settings.agents.close_agent_on_attached, limits_of(settings))

    def limits(self) -> Limits:
        """What a chain may use up, by the settings as they are now."""
        return self.rules().limits

    def roles(self, project: Path) -> Roles:
        """The roles that count in a project, read now. Raises `ConfigError` for settings that cannot be used."""
        base = resolve(self.home, project=None, trusted=False, env=self.env)
        return read_roles(
            self.home,
            self.codex_home,
            project,
            trusted=self._trusted(project),
            user=base.settings,
            providers=tuple(base.own_providers),
        )

    def role(self, name: str, project: Path) -> Role:
        """One of them. Refusals: unknown_role."""
        roles = self.roles(project)
        role = roles.of(name)
        if role is None:
            known = ", ".join(sorted(roles.found)) or "none"
            broken = next((f" ({warning})" for warning in roles.warnings if name in str(warning.file)), "")
            raise Refusal("unknown_role", f"there is no role {name}; there are: {known}{broken}")
        return role

    def endpoint(self, settings: Settings) -> Endpoint:
        """Where the model of these settings answers. Raises `RuntimeFailure` for a provider that nobody defined or whose key is not set."""
        name = settings.model_provider
        provider = settings.model_providers.get(name)
        if provider is None:
            raise RuntimeFailure(f"there is no provider {name}; `codex-desk provider list` names them, `codex-desk provider add` makes one")
        key = endpoint_key(provider, self.env)
        if provider.env_key and not key:
            raise RuntimeFailure(
                f"the key for provider {name} is not set: put it in the variable {provider.env_key} and start codex-desk again"
            )
        return Endpoint(
            provider=name,
            base_url=provider.base_url,
            model=settings.model,
            wire_api=provider.wire_api,
            api_key=key,
            context_window=settings.model_context_window or provider.model_context_window,
            reasoning_effort=settings.model_reasoning_effort,
            stream_idle_timeout_s=provider.stream_idle_timeout_ms / 1000,
            max_retries=provider.request_max_retries,
        )

    def runtime_for(self, wanted: str | None, cwd: Path, own: Mapping[str, object]) -> tuple[str, str]:
        """The runtime of a new session and why, in words. Refuses one that this desk cannot run."""
        project = project_of(cwd)
        resolved = resolve(self.home, project=project, trusted=self._trusted(project), env=self.env, thread=own)
        chosen = wanted if wanted not in (None, "auto") else resolved.settings.runtime
        if chosen not in ("auto", None):
            return self.known_runtime(chosen), "it was asked for"
        program = self.codex_program(resolved.settings)
        return choose_runtime(resolved, self.env, program.path if program.trouble is None else None, available=RUNTIMES)

    def codex_program(self, settings: Settings | None = None) -> Program:
        """The Codex that sessions here would run on, and what is wrong with it. Settings that cannot be read leave the one on PATH."""
        if settings is None:
            try:
                settings = self.desk().settings
            except ConfigError:
                settings = Settings()
        return find_program(settings.codex, self.env)

    def known_runtime(self, name: str) -> str:
        if name not in RUNTIMES:
            raise Refusal("bad_value", f"there is no runtime {name}; this desk runs {', '.join(sorted(RUNTIMES))}")
        return name

    @property
    def codex_home(self) -> Path:
        return codex_home(self.env)

    def instructions(self, cwd: Path, settings: Settings) -> Instructions:
        """What the AGENTS.md files of a folder come to, read now."""
        return discover(
            cwd,
            codex_home=self.codex_home,
            markers=settings.project_root_markers,
            fallback_names=settings.project_doc_fallback_filenames,
            max_bytes=settings.project_doc_max_bytes,
        )


def limits_of(settings: Settings) -> Limits:
    """The budget of a chain."""
    budgets = settings.budgets
    return Limits(budgets.hops, budgets.wakes, budgets.turns, budgets.tokens, budgets.deadline_h * 3600)


def rights_of(settings: Settings) -> Rights:
    """The rights that settings give."""
    full = settings.sandbox_mode == "danger-full-access"
    return Rights(settings.sandbox_mode, settings.approval_policy == "on-request", full or settings.sandbox_workspace_write.network_access)


def own_setting(key: str, value: str) -> tuple[str, object]:
    """A thread's own setting from its text: the dotted key and the value. Refusals: unknown_key, bad_value."""
    try:
        return thread_setting(key, value)
    except ConfigError as error:
        raise Refusal(error.code, str(error)) from error


def own_key(name: str) -> str:
    """The full dotted name of a setting, for one that is taken back. Refusals: unknown_key."""
    try:
        return dotted(setting_key(name))
    except ConfigError as error:
        raise Refusal(error.code, str(error)) from error


def look_at(cwd: Path) -> Folder:
    """A folder as it is on disk. Refuses what is not a folder or cannot be read."""
    try:
        real = cwd.expanduser().resolve(strict=True)
        facts = real.stat()
        os.scandir(real).close()
    except FileNotFoundError:
        raise Refusal("no_folder", f"{cwd} does not exist; make it, or give another folder") from None
    except NotADirectoryError:
        raise Refusal("no_folder", f"{cwd} is not a folder; give one that is") from None
    except OSError as error:
        raise Refusal("no_folder", f"{cwd} cannot be read: {error.strerror}") from None
    return Folder(real, project_of(real), facts.st_dev, facts.st_ino)


def moved(thread: Thread) -> str | None:
    """Why a thread's folder is not the one it was made in; None where it is."""
    try:
        facts = Path(thread.cwd).stat()
    except OSError as error:
        return f"folder moved: {thread.cwd} cannot be reached ({error.strerror})"
    real = os.path.realpath(thread.cwd)
    if real != thread.cwd:
        return f"folder moved: {thread.cwd} now leads to {real}. Put the folder back in its place, or make a session there"
    if not stat.S_ISDIR(facts.st_mode):
        return f"folder moved: {thread.cwd} is not a folder any more"
    if (facts.st_dev, facts.st_ino) != (thread.cwd_device, thread.cwd_inode):
        return f"folder moved: {thread.cwd} is another folder than the one this session was made in. `/resume` accepts it"
    return None
