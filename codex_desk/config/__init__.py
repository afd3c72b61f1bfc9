"""Settings in layers: which keys there are, where each value comes from, and what a project may say."""

from codex_desk.config.errors import ConfigError, ConfigWarning
from codex_desk.config.keys import setting, thread_setting
from codex_desk.config.providers import PRESETS, choose_runtime, endpoint_key, provider_preset, usable
from codex_desk.config.resolving import Resolved, resolve
from codex_desk.config.roles import ANY_ROLE, Role, Roles, read_roles
from codex_desk.config.schema import Agents, Budgets, Profile, Provider, Settings, SharedWorkspace, Tui, WorkspaceWrite
from codex_desk.config.writing import add_provider, set_user_setting

__all__ = [
    "ANY_ROLE",
    "PRESETS",
    "Agents",
    "Budgets",
    "ConfigError",
    "ConfigWarning",
    "Profile",
    "Provider",
    "Resolved",
    "Role",
    "Roles",
    "Settings",
    "SharedWorkspace",
    "Tui",
    "WorkspaceWrite",
    "add_provider",
    "choose_runtime",
    "endpoint_key",
    "provider_preset",
    "read_roles",
    "resolve",
    "set_user_setting",
    "setting",
    "thread_setting",
    "usable",
]
