"""The `apply_patch` tool."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

from codex_desk.runtimes.base import ItemDraft, ToolResult
from codex_desk.tools.beneath import Reach
from codex_desk.tools.errors import ToolRefusal
from codex_desk.tools.patch import Operation, PatchError, Update, parse_patch
from codex_desk.tools.patch_files import Plan, Planner, carry_out
from codex_desk.tools.protected import protected_part
from codex_desk.tools.workspace import Ask, ToolPort, Workspace


async def apply_patch(patch: str, workspace: Workspace, port: ToolPort) -> ToolResult:
    """Apply a patch beneath the cwd and the writable roots, asking first for what the mode does not allow.

    A refusal by the human is a result. Raises `ToolRefusal` where the patch does not fit or leads elsewhere; nothing is changed then.
    """
    # A human may lift the mode; nobody widens where a patch may go.
    reach = Reach(workspace, workspace.own_roots if workspace.confined else workspace.write_roots)
    try:
        operations = parse_patch(patch)
        plan = await asyncio.to_thread(Planner(reach).plan, operations)
    except PatchError as error:
        raise ToolRefusal("bad_patch", f"nothing was changed: {error}") from error
    if why := _beyond_the_mode(operations, plan, workspace):
        if not workspace.rights.may_escalate:
            return _refused(plan, f"{why}, and this turn may not ask")
        verdict = await port.approve(Ask("change", patch, str(workspace.cwd), why))
        if not verdict.allowed:
            return _refused(plan, verdict.reason or f"{why}, and the human said no")
    try:
        carry_out(reach, plan.steps)  # not in a thread: a cancellation must not come between the files
    except ToolRefusal as refusal:
        return ToolResult(refusal.to_text(), ok=False, item=_item(plan, ok=False))
    done = [{"path": change.path, "kind": change.kind} for change in plan.changes]
    return ToolResult(json.dumps({"changes": done}, ensure_ascii=False), item=_item(plan, ok=True))


def _beyond_the_mode(operations: tuple[Operation, ...], plan: Plan, workspace: Workspace) -> str:
    """Why the human is to be asked; empty where nobody need be."""
    if not workspace.confined:
        return ""
    named = [operation.path for operation in operations]
    named += [operation.move_to for operation in operations if isinstance(operation, Update) and operation.move_to]
    # Both as it is named and where it leads: `.git` may be a link, and so may a folder that leads into it.
    paths = [*(Path(os.path.normpath(workspace.cwd / name)) for name in named), *(step.path for step in plan.steps)]
    if part := next(filter(None, (protected_part(_below_root(path, workspace)) for path in paths)), None):
        return f"{part} is read-only to agents"
    return "the mode is read-only" if workspace.rights.mode == "read-only" else ""


def _below_root(path: Path, workspace: Workspace) -> Path:
    """The path from the outermost root that holds it on: what lies above says nothing about it."""
    roots = [root for root in workspace.own_roots if path.is_relative_to(root)]
    return path.relative_to(min(roots, key=lambda root: len(root.parts))) if roots else path


def _refused(plan: Plan, reason: str) -> ToolResult:
    return ToolResult(ToolRefusal("refused", f"nothing was changed: {reason}").to_text(), ok=False, item=_item(plan, ok=False))


def _item(plan: Plan, *, ok: bool) -> ItemDraft:
    count = len(plan.changes)
    data = {"changes": [change.to_json() for change in plan.changes], "ok": ok}
    return ItemDraft("file_change", f"{count} file{'' if count == 1 else 's'}", data)
