"""Rights in Codex's terms and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codex_desk.frozen import frozen
from codex_desk.rights import Mode, Rights

Approval = str | Mapping[str, Any]
Sandbox = Mapping[str, Any]

_MODES: dict[str, Mode] = {
    "readOnly": "read-only",
    "workspaceWrite": "workspace-write",
    "dangerFullAccess": "danger-full-access",
    # Somebody else's sandbox holds it, or none: nothing of Codex's does.
    "externalSandbox": "danger-full-access",
}


@frozen
class Policies:
    """What a turn may do, as `turn/start` takes it and a load reports it."""

    approval: Approval
    sandbox: Sandbox

    @property
    def rights(self) -> Rights:
        """The same in the desk's words. Any policy that asks is `on-request`; a sandbox that is not known is the narrowest."""
        mode = _MODES.get(str(self.sandbox.get("type")), "read-only")
        network = self.sandbox.get("networkAccess", False)
        open_to_all = mode == "danger-full-access" and self.sandbox.get("type") == "dangerFullAccess"
        return Rights(mode, self.approval != "never", open_to_all or network is True or network == "enabled")

    @property
    def writable_roots(self) -> tuple[str, ...]:
        roots = self.sandbox.get("writableRoots")
        return tuple(str(root) for root in roots) if isinstance(roots, Sequence) and not isinstance(roots, str) else ()

    def params(self) -> dict[str, Any]:
        """For `turn/start` and `thread/settings/update`."""
        return {"approvalPolicy": self.approval, "sandboxPolicy": dict(self.sandbox)}

    def to_json(self) -> dict[str, Any]:
        return {"approval": self.approval, "sandbox": dict(self.sandbox)}

    @classmethod
    def from_json(cls, data: object) -> Policies | None:
        match data:
            case {"approval": str() | dict() as approval, "sandbox": dict() as sandbox}:
                return cls(approval, sandbox)
        return None


def policies_for(rights: Rights, own: Policies, roots: Sequence[Path] = ()) -> Policies:
    """What to send for a turn with these rights. Where they are the thread's own, its own policies are kept to the letter: a finer approval
    policy or a sandbox with exceptions means more than our words for it."""
    theirs = own.rights
    approval = own.approval if rights.may_escalate == theirs.may_escalate else "on-request" if rights.may_escalate else "never"
    if (rights.mode, rights.network) == (theirs.mode, theirs.network):
        return Policies(approval, _with_roots(own.sandbox, roots))
    return Policies(approval, _sandbox(rights, own, roots))


def _sandbox(rights: Rights, own: Policies, roots: Sequence[Path]) -> Sandbox:
    match rights.mode:
        case "read-only":
            return {"type": "readOnly", "networkAccess": rights.network}
        case "danger-full-access" if rights.network:
            return {"type": "dangerFullAccess"}
        case _:  # Codex has no full access without the network; what remains is the sandbox that keeps the network closed
            kept = own.sandbox if own.sandbox.get("type") == "workspaceWrite" else {"type": "workspaceWrite"}
            return _with_roots({**kept, "networkAccess": rights.network}, roots)


def _with_roots(sandbox: Sandbox, roots: Sequence[Path]) -> Sandbox:
    """The roots are the thread's, whatever the policy they came with."""
    return {**sandbox, "writableRoots": [str(root) for root in roots]} if sandbox.get("type") == "workspaceWrite" else sandbox


def settings_of(policies: Policies) -> dict[str, Any]:
    """The settings, by dotted key, that mean these policies."""
    rights = policies.rights
    settings: dict[str, Any] = {
        "sandbox_mode": rights.mode,
        "approval_policy": "on-request" if rights.may_escalate else "never",
        "sandbox_workspace_write.network_access": rights.network and rights.mode != "danger-full-access",
    }
    if policies.sandbox.get("type") == "workspaceWrite":
        settings["sandbox_workspace_write.writable_roots"] = list(policies.writable_roots)
    return settings
