"""What a trusted project may set: never more than its user already allows (semantics.md §13.3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from codex_desk.config.errors import ConfigWarning
from codex_desk.config.keys import leaves, merged, planted
from codex_desk.config.layers import Layer, project_file_layer
from codex_desk.config.lines import Key
from codex_desk.config.schema import Budgets, Settings
from codex_desk.paths import is_there
from codex_desk.rights import MODES, ApprovalPolicy

Rule = Callable[[object, object], str | None]
"""From the project's value and the user's to the reason why it does not count. A value of the wrong type is for validation to refuse."""

_POLICIES: Sequence[ApprovalPolicy] = ("never", "on-request")
"""Narrowest first: `never` refuses what would need approval."""


def project_settings(project: Path) -> Path:
    return project / ".codex-desk" / "config.toml"


def project_layer(project: Path, trusted: bool, user: Settings, defined: Collection[str]) -> Layer:
    """The project's file, reduced to what it may say; a warning names all else. `defined`: the providers that the user defined."""
    root = project.resolve()
    path = project_settings(root)
    if not trusted:
        ignored = ConfigWarning(path, None, "", f"off: {root} is not trusted (codex-desk trust {root})")
        return Layer("project", {}, path, warnings=(ignored,) if is_there(path) else ())
    return narrowed(project_file_layer(path, root), user.model_dump(mode="json"), {*defined, user.model_provider})


def narrowed(
    layer: Layer, user: Mapping[str, object], providers: Collection[str], more: Mapping[Key, Rule] = MappingProxyType({})
) -> Layer:
    """What of a trusted project's layer counts beside these settings of the user's; a warning names all else. `more`: rules for keys that this kind
    of file may set beyond what every project may."""
    data: dict[str, object] = {}
    warnings = list(layer.warnings)
    for key, value in leaves(layer.data):
        if isinstance(value, Mapping):  # a table with nothing in it
            continue
        reason = _reason(key, value, user, providers, more)
        if reason:
            warnings.append(layer.warning(key, reason))
        else:
            data = merged(data, planted(key, value))
    return replace(layer, data=data, warnings=tuple(warnings))


def _reason(key: Key, value: object, user: Mapping[str, object], providers: Collection[str], more: Mapping[Key, Rule]) -> str | None:
    if key == ("model_provider",):
        return None if isinstance(value, str) and value in providers else "a project may only name a provider that you defined"
    rule = _RULES.get(key) or more.get(key)
    if rule is None:
        return "a project may not set this; it counts only in your own settings"
    return rule(value, dict(leaves(user)).get(key))


def free(value: object, user: object) -> str | None:
    """A rule that lets every value count."""
    return None


def _not_more(value: object, user: object) -> str | None:
    if isinstance(value, int | float) and isinstance(user, int | float) and value > user:
        return f"a project may only lower this; yours is {user:g}"
    return None


def _ranked(order: Sequence[str]) -> Rule:
    def narrower(value: object, user: object) -> str | None:
        if value in order and user in order and order.index(str(value)) > order.index(str(user)):
            return f"a project may only narrow this; yours is {user}"
        return None

    return narrower


def _only_off(value: object, user: object) -> str | None:
    return None if value is False or user is True else "a project may only switch this off"


def _some_roles(value: object, user: object) -> str | None:
    if user == ["*"] or (isinstance(value, list) and isinstance(user, list) and all(role in user for role in value)):
        return None
    return "a project may only leave some of the roles out that you allow"


def _only_some(value: object, user: object) -> str | None:
    if isinstance(value, list) and isinstance(user, list) and all(folder in user for folder in value):
        return None
    return "a project may only leave some of your own out"


_RULES: Mapping[Key, Rule] = {
    ("model",): free,
    ("developer_instructions",): free,
    ("project_doc_fallback_filenames",): free,
    ("sandbox_mode",): _ranked(MODES),
    ("approval_policy",): _ranked(_POLICIES),
    ("sandbox_workspace_write", "network_access"): _only_off,
    ("sandbox_workspace_write", "writable_roots"): _only_some,
    ("multi_agent", "agents"): _some_roles,
    ("project_doc_max_bytes",): _not_more,
    ("model_auto_compact_token_limit",): _not_more,
    **{("agents", limit): _not_more for limit in ("max_threads", "max_depth", "max_attach_depth")},
    **{("budgets", limit): _not_more for limit in Budgets.model_fields},
}
