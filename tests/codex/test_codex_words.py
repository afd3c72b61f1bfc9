"""The pure parts: Codex's items, policies, requests and standing, in our terms and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codex_desk.engine.reported import slug
from codex_desk.rights import Rights
from codex_desk.runtimes.base import Decision, ItemDraft, ThreadSpec
from codex_desk.runtimes.codex import approvals, loading, wire
from codex_desk.runtimes.codex.client import Client, Params
from codex_desk.runtimes.codex.items import command_line, delta_of, draft_of, opening, plan_draft
from codex_desk.runtimes.codex.memory import Memory
from codex_desk.runtimes.codex.past import list_sessions
from codex_desk.runtimes.codex.policies import Policies, policies_for, settings_of
from codex_desk.runtimes.codex.standing import differences, is_signed_out, standby_of
from codex_desk.runtimes.codex.words import failure, refuses_input
from codex_desk.runtimes.outside import Standing

WORKSPACE = {"type": "workspaceWrite", "writableRoots": ["/roots"], "networkAccess": False, "excludeSlashTmp": True}
OWN = Policies("untrusted", WORKSPACE)


def draft(**item: Any) -> ItemDraft | None:
    return draft_of(wire.read_item({"id": "i", **item}), {"codex-child": "desk-child"}.get)


@pytest.mark.parametrize(
    ("rights", "approval", "sandbox"),
    [
        (Rights("workspace-write", True, False), "untrusted", {**WORKSPACE, "writableRoots": ["/more"]}),
        (Rights("workspace-write", False, False), "never", {**WORKSPACE, "writableRoots": ["/more"]}),
        (Rights("workspace-write", True, True), "untrusted", {**WORKSPACE, "writableRoots": ["/more"], "networkAccess": True}),
        (Rights("read-only", False, False), "never", {"type": "readOnly", "networkAccess": False}),
        (Rights("danger-full-access", True, True), "untrusted", {"type": "dangerFullAccess"}),
    ],
)
def test_a_turns_rights_are_sent_in_codexs_terms_and_the_own_ones_to_the_letter(rights: Rights, approval: str, sandbox: Any) -> None:
    assert policies_for(rights, OWN, [Path("/more")]) == Policies(approval, sandbox)


@pytest.mark.parametrize("mode", ["read-only", "workspace-write", "danger-full-access"])
@pytest.mark.parametrize("may_escalate", [True, False])
def test_what_is_sent_for_narrower_rights_is_never_wider_than_they_are(mode: Any, may_escalate: bool) -> None:
    for network in (True, False):
        rights = Rights(mode, may_escalate, network)
        assert policies_for(rights, OWN).rights.within(rights)


def test_unknown_policies_count_as_what_is_safe() -> None:
    assert Policies({"granular": {}}, {"type": "quantum"}).rights == Rights("read-only", True, False)
    assert Policies("never", {"type": "externalSandbox", "networkAccess": "restricted"}).rights == Rights(
        "danger-full-access", False, False
    )


def test_reported_policies_become_the_threads_own_settings() -> None:
    assert settings_of(OWN) == {
        "sandbox_mode": "workspace-write",
        "approval_policy": "on-request",
        "sandbox_workspace_write.network_access": False,
        "sandbox_workspace_write.writable_roots": ["/roots"],
    }


def test_what_a_narrowed_turn_left_behind_is_not_taken_for_the_threads_own() -> None:
    lent = Policies("never", {"type": "readOnly", "networkAccess": False})
    loaded = {"thread": {"id": "t", "cwd": "/w"}, "cwd": "/w", "model": "m", "modelProvider": "p"}
    left = wire.read(wire.Loaded, {**loaded, "approvalPolicy": "never", "sandbox": {"type": "readOnly", "networkAccess": False}})
    assert loading.learned(Memory(own=OWN, lent=lent), left).own == OWN
    changed = wire.read(wire.Loaded, {**loaded, "approvalPolicy": "on-request", "sandbox": {"type": "dangerFullAccess"}})
    assert loading.learned(Memory(own=OWN, lent=lent), changed).own == Policies("on-request", {"type": "dangerFullAccess"})
    assert loading.learned(Memory(own=OWN), left).own == lent


def test_a_load_sends_only_what_was_set_here_since() -> None:
    spec = ThreadSpec(
        "desk-id", "h", Path("/w"), chosen={"model": "new", "sandbox_mode": "read-only"}, defaults={"approval_policy": "never"}
    )
    memory = Memory(reported={"model": "old", "sandbox_mode": "read-only"})
    resumed = loading.resume_params(spec, "codex-id", memory, None)
    assert resumed == {
        "threadId": "codex-id",
        "cwd": "/w",
        "excludeTurns": True,
        "model": "new",
        "config": {"shell_environment_policy.set.CODEX_DESK_THREAD": "desk-id"},
    }
    started = loading.start_params(spec)
    assert (started["approvalPolicy"], started["sandbox"], started["model"]) == ("never", "read-only", "new")
    assert "baseInstructions" not in started and "developerInstructions" not in started


def test_what_the_user_set_here_is_not_taken_back_by_what_codex_reports() -> None:
    before = Memory(reported={"model": "old", "sandbox_mode": "read-only"})
    after = Memory(reported={"model": "old", "sandbox_mode": "workspace-write"})
    assert loading.facts("codex-id", before, after).settings == {"sandbox_mode": "workspace-write"}


def test_memory_survives_the_store_and_strange_contents() -> None:
    memory = Memory("dynamic", OWN, None, {"model": "m"}, "turn", True, {"name": "n"})
    assert Memory.from_json(memory.to_json()) == memory
    assert Memory.from_json({"carry": 3, "own": "x", "seen": [], "shown": None, "future": 1}) == Memory()


def test_a_shell_around_a_command_is_taken_off() -> None:
    command = wire.Command(id="c", type="commandExecution", command="/bin/bash -lc 'echo \"a b\" | wc'")
    assert command_line(command) == 'echo "a b" | wc'
    assert command_line(wire.Command(id="c", type="commandExecution", command="git status")) == "git status"
    assert command_line(wire.Command(id="c", type="commandExecution", command="echo 'unclosed")) == "echo 'unclosed"


def test_new_and_deleted_files_become_whole_diffs() -> None:
    changes = [
        {"path": "/w/new", "kind": {"type": "add"}, "diff": "one\ntwo\n"},
        {"path": "/w/old", "kind": {"type": "delete"}, "diff": "gone\n"},
        {"path": "/w/a", "kind": {"type": "update", "move_path": "/w/b"}, "diff": "@@ -1 +1 @@\n-a\n+b\n"},
    ]
    found = draft(type="fileChange", changes=changes, status="completed")
    assert found is not None and found.data["ok"]
    assert [change["diff"] for change in found.data["changes"]] == [
        "--- /dev/null\n+++ b/w/new\n@@ -0,0 +1,2 @@\n+one\n+two\n",
        "--- a/w/old\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-gone\n",
        "--- a/w/a\n+++ b/w/b\n@@ -1 +1 @@\n-a\n+b\n",
    ]


def test_calls_of_codexs_own_tools_name_the_threads_of_the_desk() -> None:
    spawned = draft(
        type="collabAgentToolCall", tool="spawnAgent", status="completed", prompt="look", receiverThreadIds=["codex-child"],
        agentsStates={"codex-child": {"status": "pendingInit"}},
    )  # fmt: skip
    assert spawned is not None and (spawned.text, spawned.data["subagent_thread_id"]) == ("spawn_agent", "desk-child")
    assert spawned.data["arguments"] == {"message": "look"}
    sealed = draft(type="subAgentActivity", kind="started", agentThreadId="codex-child", agentPath="/root/scout")
    assert sealed is not None and sealed.data["subagent_thread_id"] == "desk-child"
    assert draft(type="subAgentActivity", kind="completed", agentThreadId="codex-child", agentPath="/root/scout") is None


@pytest.mark.parametrize(
    "item",
    [
        {"type": "dynamicToolCall", "namespace": "desk", "tool": "send_message", "status": "completed"},
        {"type": "mcpToolCall", "server": "desk", "tool": "send_message", "status": "completed"},
        {"type": "userMessage", "content": [{"type": "text", "text": "hi"}]},
        {"type": "agentMessage", "text": "  "},
        {"type": "reasoning", "summary": [], "content": []},
        {"type": "something new", "text": "x"},
        {"type": "commandExecution", "command": {"not": "text"}},
    ],
)
def test_what_the_engine_records_itself_or_what_says_nothing_is_no_item(item: dict[str, Any]) -> None:
    assert draft(**item) is None


def test_other_tools_keep_their_names_arguments_and_results() -> None:
    result = {"content": [{"type": "text", "text": "sunny"}], "isError": False}
    found = draft(
        type="mcpToolCall", server="weather", tool="ask", arguments={"at": "home"}, result=result, status="completed", durationMs=7
    )
    assert found is not None and found.text == "weather.ask"
    assert {key: found.data[key] for key in ("arguments", "result", "ok", "duration_ms")} == {
        "arguments": {"at": "home"}, "result": "sunny", "ok": True, "duration_ms": 7,
    }  # fmt: skip
    failed = draft(type="mcpToolCall", server="weather", tool="ask", error={"message": "storm"}, status="failed")
    assert failed is not None and (failed.data["ok"], failed.data["result"]) == (False, "storm")


def test_plans_and_increments() -> None:
    plan = plan_draft({"plan": [{"step": "a", "status": "completed"}, {"step": "b", "status": "inProgress"}]})
    assert plan.text == "1 of 2 done" and plan.data["steps"][1] == {"step": "b", "status": "in_progress"}
    shown = delta_of("item/commandExecution/outputDelta", {"itemId": "i", "delta": "\x1b[31mred"})
    assert shown is not None and "\x1b" not in shown.text
    begun = opening(wire.read_item({"id": "i", "type": "commandExecution", "command": "/bin/sh -c 'ls\nrm'"}))
    assert begun is not None and begun.text == "$ ls rm"
    assert delta_of("turn/diff/updated", {"diff": "x"}) is None


def test_a_command_is_asked_for_whole_and_with_what_more_it_wants() -> None:
    params = {
        "command": "/bin/bash -lc 'curl x'", "cwd": "/w", "reason": None,
        "additionalPermissions": {"network": {"enabled": True}, "fileSystem": {"write": ["/etc"]}},
    }  # fmt: skip
    asked = approvals.request_of(approvals.COMMAND, params, None, "/elsewhere")
    assert asked is not None and (asked.kind, asked.text, asked.cwd, asked.command) == ("command", "curl x", "/w", None)
    assert "write /etc" in asked.why and "the network" in asked.why


def test_a_change_that_cannot_be_seen_is_not_asked_for() -> None:
    assert approvals.request_of(approvals.CHANGE, {"itemId": "gone"}, None, "/w") is None


@pytest.mark.parametrize(
    ("method", "params", "decision", "answer"),
    [
        (approvals.COMMAND, {}, Decision(True), {"decision": "accept"}),
        (approvals.COMMAND, {}, Decision(False), {"decision": "decline"}),
        (approvals.CHANGE, {}, Decision(True, True), {"decision": "acceptForSession"}),
        (approvals.PERMISSIONS, {"permissions": {"network": {"enabled": True}, "fileSystem": None}}, Decision(True, True),
         {"permissions": {"network": {"enabled": True}}, "scope": "session"}),
        (approvals.PERMISSIONS, {"permissions": {"network": {"enabled": True}}}, Decision(False), {"permissions": {}, "scope": "turn"}),
        (approvals.USER_INPUT, {"questions": [{"id": "q", "options": [{"label": "A"}, {"label": "B"}]}]}, Decision(True),
         {"answers": {"q": {"answers": ["A"]}}}),
        (approvals.USER_INPUT, {"questions": [{"id": "q"}, {"id": "r"}]}, Decision(True, answer="one\ntwo"),
         {"answers": {"q": {"answers": ["one"]}, "r": {"answers": ["two"]}}}),
        (approvals.USER_INPUT, {"questions": [{"id": "q"}]}, Decision(False), {"answers": {}}),
        (approvals.ELICITATION, {"mode": "form", "requestedSchema": {"properties": {}}}, Decision(True), {"action": "accept", "content": {}}),
        (approvals.ELICITATION, {"mode": "form", "requestedSchema": {"properties": {"n": {}}}}, Decision(True, answer='{"n": 1}'),
         {"action": "accept", "content": {"n": 1}}),
        (approvals.ELICITATION, {"mode": "form", "requestedSchema": {"properties": {"n": {}}}}, Decision(True, answer="no json"),
         {"action": "decline"}),
    ],
)  # fmt: skip
def test_a_decision_goes_back_in_codexs_own_terms(method: str, params: Any, decision: Decision, answer: Any) -> None:
    assert approvals.answer_of(method, params, decision) == answer


@pytest.mark.parametrize("method", sorted(approvals.METHODS))
def test_what_is_withdrawn_allows_nothing(method: str) -> None:
    assert not {"accept", "acceptForSession"} & set(map(str, approvals.withdrawn(method).values()))


def test_a_standing_is_shown_by_what_changed() -> None:
    attachment = {"id": "a2", "parent": "operator", "parent_id": "p", "since": "now"}
    standing = Standing("codex-id", "reviewer", attachment)
    calls, shown = differences(standing, {"name": "old", "theirs": "Old", "attachment": "a1"})
    assert [method for method, _ in calls] == ["thread/name/set", "thread/attachment/remove", "thread/attachment/add"]
    assert calls[2][1]["payload"] == {"parent": "operator", "parent_id": "p", "since": "now"}
    assert differences(standing, shown) == ([], shown)


def test_the_sign_in_is_told_without_who_it_is() -> None:
    assert standby_of("x", {"account": None, "requiresOpenaiAuth": True}).signed_in is False
    assert standby_of("x", {"account": None, "requiresOpenaiAuth": False}).signed_in is True
    account = {"type": "chatgpt", "email": "me@example.org", "planType": "pro"}
    assert standby_of("x", {"account": account, "requiresOpenaiAuth": True}).account == "signed in with ChatGPT (pro)"


def test_failures_say_what_to_do() -> None:
    refused = wire.TurnError(message="unexpected status 401 Unauthorized: no", codex_error_info="other")
    assert "codex login" in failure(refused)
    body = wire.TurnError(message='{"error": {"message": "call_id is missing"}}', codex_error_info="other")
    assert failure(body) == "the provider refused the request: call_id is missing" and refuses_input(body)
    assert not refuses_input(wire.TurnError(message="We’re currently experiencing high demand", codex_error_info="internalServerError"))
    assert failure(None)


def test_what_a_session_carries_is_read_from_its_first_line() -> None:
    def line(**payload: Any) -> list[bytes]:
        import json

        return [json.dumps({"type": "session_meta", "payload": payload}).encode(), b"{}"]

    assert loading.odd_things(line(base_instructions={"text": "x", "provenance": {"type": "model", "model": "m"}})) == []
    assert loading.odd_things(line(base_instructions={"text": "x"})) == []
    odd = loading.odd_things(line(base_instructions={"text": "pirate", "provenance": {"type": "client"}}, dynamic_tools=[{"name": "t"}]))
    assert len(odd) == 2 and "pirate" in odd[1]
    desk = [{"type": "namespace", "name": "desk", "tools": [{"name": "report"}]}]
    assert loading.odd_things(line(dynamic_tools=desk)) == [] and loading.carries_desk_tools(line(dynamic_tools=desk))
    for broken in ([], [b"\xff\xfe"], [b"[]"], [b'{"type": "session_meta", "payload": 3}']):
        assert loading.odd_things(broken) == []


@pytest.mark.parametrize(
    ("title", "handle"),
    [
        ("Fix the parser!", "fix-the-parser"),
        ("  42 answers", "answers"),
        ("日本語", ""),
        ("a" * 60, "a" * 40),
        ("please look at all of the failing tests in the engine", "please-look-at-all-of-the-failing-tests"),
    ],
)
def test_a_handle_is_made_of_a_title(title: str, handle: str) -> None:
    assert slug(title) == handle


class Index(Client):
    """What `thread/list` gives: pages from an index, or, where there is none, from the files."""

    def __init__(self, *, indexed: bool) -> None:
        self.indexed = indexed

    async def call(self, method: str, params: Params, timeout: float = 1.0) -> Any:
        assert (method, params["sortKey"], params["modelProviders"]) == ("thread/list", "created_at", [])
        if params.get("useStateDbOnly") and not self.indexed:
            return {"data": []}
        assert not self.indexed or params.get("useStateDbOnly")
        number = int(params.get("cursor", 3))
        thread = {"id": f"t{number}", "cwd": "/", "createdAt": number, "updatedAt": 10 - number}
        return {"data": [thread], "nextCursor": str(number - 1) if number > 1 else None}


@pytest.mark.parametrize("indexed", [True, False])
async def test_every_session_is_listed_by_its_last_activity_from_codexs_index_or_without_one(indexed: bool) -> None:
    found = await list_sessions(Index(indexed=indexed))
    assert [each.external_id for each in found] == ["t1", "t2", "t3"]


@pytest.mark.parametrize(
    ("account", "provider", "env", "out"),
    [
        (None, None, {}, True),
        (None, "openai", {}, True),
        (None, "mock", {}, False),
        (None, None, {"OPENAI_API_KEY": "sk"}, False),
        ({"type": "chatgpt"}, None, {}, False),
    ],
)
def test_signed_out_is_who_needs_an_account_and_has_none(account: Any, provider: str | None, env: dict[str, str], out: bool) -> None:
    assert is_signed_out({"account": account, "requiresOpenaiAuth": True}, provider, env) is out
