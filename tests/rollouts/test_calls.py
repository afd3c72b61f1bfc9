"""What was asked of tools, and what came of it, over the versions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_desk.rollouts import calls, changes
from tests.rollouts.samples import event, items, meta, response, rollout, sample

OWN = "01a1f7f9-6105-71b1-b7e0-de050e59c801"
PATCH = "*** Begin Patch\n*** Update File: a.py\n@@\n-x=1\n+x=2\n*** Add File: b.txt\n+hello\n*** Delete File: c.txt\n*** Update File: d.py\n*** Move to: e.py\n@@\n-1\n+2\n*** End Patch"


@pytest.mark.parametrize(
    ("output", "text", "code", "took"),
    [
        ("Exit code: 3\nWall time: 0.2 seconds\nOutput:\nhi\n", "hi\n", 3, 200),
        ("Chunk ID: 1\nWall time: 0.0654 seconds\nProcess exited with code 4\nOriginal token count: 1\nOutput:\nhi2\n", "hi2\n", 4, 65),
        ("Command: /bin/bash -lc 'echo'\nWall time: 1.0 seconds\nProcess exited with code 0\nOutput:\n", "", 0, 1000),
        ('{"output":"Success.\\n","metadata":{"exit_code":0,"duration_seconds":0.5}}', "Success.\n", 0, 500),
        (
            [{"type": "input_text", "text": "Wall time: 0.5 seconds\nOutput:"}, {"type": "input_text", "text": '{"a":1}'}],
            '{"a":1}',
            None,
            500,
        ),
        ("plain words with Output:\nin them", "plain words with Output:\nin them", None, None),
        ({"content": "old form", "success": True}, "old form", None, None),
    ],
)
def test_an_output_is_read_without_the_head_that_codex_puts_over_it(output: object, text: str, code: int | None, took: int | None) -> None:
    came = calls.came_of(output)
    assert (came.text, came.exit_code, came.duration_ms) == (text, code, took)


@pytest.mark.parametrize(
    "output",
    ["unsupported call: x", "failed to parse function arguments: missing field", "aborted by user after 1s", "write_stdin failed: gone"],
)
def test_a_call_that_codex_did_not_make_is_known(output: str) -> None:
    assert calls.came_of(output).refused


@pytest.mark.parametrize(
    ("command", "text"),
    [("ls -l", "ls -l"), (["bash", "-lc", "ls -l"], "ls -l"), (["/bin/zsh", "-c", "x"], "x"), (["git", "log", "a b"], "git log 'a b'")],
)
def test_a_command_is_shown_without_the_shell_around_it(command: object, text: str) -> None:
    assert calls.command_text(command) == text


def test_a_patch_is_read_file_by_file() -> None:
    found = changes.of_patch(PATCH)
    assert [(change["path"], change["kind"]) for change in found] == [
        ("a.py", "update"),
        ("b.txt", "add"),
        ("c.txt", "delete"),
        ("e.py", "move"),
    ]
    assert found[0]["diff"] == "--- a/a.py\n+++ b/a.py\n@@\n-x=1\n+x=2\n"
    assert found[1]["diff"] == "--- /dev/null\n+++ b/b.txt\n@@ -0,0 +1,1 @@\n+hello\n"
    assert found[3]["from"] == "d.py"


def test_changes_as_codex_made_them_are_diffs() -> None:
    found = changes.of_item(
        {
            "a.py": {"type": "update", "unified_diff": "@@ -1 +1 @@\n-1\n+2\n", "move_path": None},
            "b": {"type": "delete", "content": "x\ny\n"},
        }
    )
    assert found[0]["diff"] == "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-1\n+2\n"
    assert found[1]["diff"].endswith("@@ -1,2 +0,0 @@\n-x\n-y\n")


@pytest.mark.parametrize(("folder", "thread"), [("0.80.0/tools", "cc6f-7f33"), ("0.98.0/spawn_wait_close", "dc7b-7e40")])
def test_old_versions_tell_of_commands_plans_and_patches_too(folder: str, thread: str) -> None:
    found = {item.kind: item for item in items(sample(folder, thread))}
    assert found["plan"].data["steps"] == [{"step": "one", "status": "completed"}, {"step": "two", "status": "pending"}]
    assert [change["path"] for change in found["file_change"].data["changes"]] == ["a.py", "b.txt"]
    assert found["file_change"].data["ok"] is True
    command = next(item for item in items(sample(folder, thread)) if item.kind == "command")
    assert (command.text, command.data["exit_code"], command.data["output"]) == ("echo hi; exit 3", 3, "hi\n")


def test_everything_that_a_thread_of_the_paginated_mode_can_do() -> None:
    found = items(sample("0.169.0/everything", "d268-77d3"))
    by_text = {item.text: item for item in found}
    assert by_text["desk.ask who"].data["result"] == "dyn result"
    assert by_text["sleep 5; echo x"].data["exit_code"] == 0  # it ended turns after its call had returned
    assert by_text["sleep 5; echo x"].data["output"] == "x\n"
    assert by_text["echo from the user"].data["by"] == "user"
    assert by_text["hello from reviewer #4"].kind == "message_in"
    assert by_text["injected by a client"].kind == "notice"
    assert by_text["interrupted"].data["event"] == "interrupted"
    assert by_text["no such luck"].data["event"] == "failed"
    assert by_text["review: look at it"].data["event"] == "review"
    assert [item.data["changes"][0]["kind"] for item in found if item.kind == "file_change"] == ["add"]
    assert sum(item.kind == "compaction" for item in found) == 1
    assert "SUMMARY of everything so far" in next(item.text for item in found if item.kind == "compaction")
    assert not any(item.kind == "agent_message" and "SUMMARY" in item.text for item in found)


def test_a_call_its_event_and_its_output_are_one_item() -> None:
    asked = response("function_call", name="exec_command", call_id="c1", arguments='{"cmd":"ls"}')
    item = {"type": "CommandExecution", "id": "c1", "command": ["/bin/bash", "-lc", "ls"], "cwd": "file:///home/dev", "status": "completed"}
    told = event("item_completed", item=item | {"aggregated_output": "a\n", "exit_code": 0, "duration": {"secs": 1, "nanos": 5_000_000}})
    gave = response("function_call_output", call_id="c1", output="Wall time: 0 seconds\nOutput:\ncut")
    expected: dict[str, Any] = {"command": "ls", "cwd": "/home/dev", "output": "a\n", "exit_code": 0, "duration_ms": 1005, "key": "c1"}
    for lines in ((asked, told, gave), (told, asked, gave)):
        [found] = items(rollout(meta(OWN), *lines))
        assert (found.kind, found.text, found.data) == ("command", "ls", expected)


def test_an_mcp_tool_is_named_by_its_server() -> None:
    asked = response("function_call", name="mcp__files__read", call_id="c1", arguments='{"path":"a"}')
    ended = event(
        "mcp_tool_call_end",
        call_id="c1",
        invocation={"server": "files", "tool": "read", "arguments": {"path": "a"}},
        result={"Ok": {"content": [{"type": "text", "text": "A"}], "is_error": False}},
    )
    [item] = items(rollout(meta(OWN), asked, ended))
    assert (item.data["tool"], item.data["result"], item.data["ok"]) == ("files.read", "A", True)


def test_a_user_shell_command_of_an_old_version_is_a_command() -> None:
    text = "<user_shell_command>\n<command>\nls\n</command>\n<result>\nExit code: 1\nDuration: 0.5 seconds\nOutput:\nno\n</result>\n</user_shell_command>"
    [item] = items(rollout(meta(OWN), response("message", role="user", content=[{"type": "input_text", "text": text}])))
    assert (item.kind, item.text, item.data["exit_code"], item.data["output"], item.data["by"]) == ("command", "ls", 1, "no", "user")


@pytest.mark.parametrize(
    "lines",
    [
        [
            event("entered_review_mode", user_facing_hint="the diff"),
            event("exited_review_mode", review_output={"overall_explanation": "fine", "findings": []}),
        ],
        [event("thread_rolled_back", num_turns=2)],
        [event("undo_completed", success=True, message="undone")],
        [event("error", message="it broke")],
        [event("thread_goal_updated", goal={"objective": "finish", "status": "active"})],
        [event("web_search_end", call_id="w", query="how")],
        [event("view_image_tool_call", call_id="v", path="/a.png")],
        [event("image_generation_end", call_id="i", status="completed", revised_prompt="a cat", result="AAAA")],
        [response("local_shell_call", call_id="l", status="completed", action={"type": "exec", "command": ["ls"]})],
        [response("web_search_call", id="w", status="completed", action={"type": "search", "query": "how"})],
        [event("item_completed", item={"type": "Plan", "id": "p", "text": "1. look"})],
        [event("item_completed", item={"type": "HookPrompt", "id": "h", "fragments": [{"text": "be careful", "hookRunId": "1"}]})],
        [event("item_completed", item={"type": "Sleep", "id": "s", "duration_ms": 5})],
    ],
)
def test_what_is_rare_has_a_place_too(lines: list[bytes]) -> None:
    found = items(rollout(meta(OWN), *lines))
    assert len(found) == len(lines)
    assert all(item.text for item in found)


def test_compaction_is_one_item_however_often_it_is_told() -> None:
    compacted = json.dumps(
        {"timestamp": "2026-11-20T08:00:00.000Z", "type": "compacted", "payload": {"message": "Summary: all well"}}
    ).encode()
    for lines in ((compacted, event("context_compacted")), (event("context_compacted"), compacted)):
        [item] = items(rollout(meta(OWN), *lines))
        assert (item.kind, item.text) == ("compaction", "Summary: all well")
