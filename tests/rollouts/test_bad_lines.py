"""Lines that are not what they should be: none is lost, and none stops the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codex_desk.rollouts.lines import decode
from codex_desk.rollouts.parser import KEPT, moment_of
from codex_desk.rollouts.reading import Task, read
from tests.rollouts.samples import event, line, meta, parsed, response, rollout, texts

OWN = "01a1f7f9-6105-71b1-b7e0-de050e59c801"
HELLO = event("user_message", message="hello")


def test_bytes_that_are_no_text_leave_a_mark_and_the_rest_of_the_line() -> None:
    broken = event("user_message", message="caf\u00e9").replace(b"\\u00e9", b"\xe9\xff")
    chunk = parsed(rollout(meta(OWN), broken))
    assert texts(chunk.items, "user_message") == ["caf\ufffd\ufffd"]
    assert (chunk.repaired, chunk.raw) == (1, [])


def test_halves_of_surrogate_pairs_become_marks() -> None:
    chunk = parsed(
        rollout(
            meta(OWN),
            b'{"timestamp":"2026-11-20T08:00:00.000Z","type":"event_msg","payload":{"type":"user_message","message":"a\\ud83db"}}',
        )
    )
    assert texts(chunk.items, "user_message") == ["a\ufffdb"]


def test_a_record_behind_half_a_line_is_read_and_the_half_is_kept() -> None:
    half = event("agent_message", message="cut off")[:60]
    chunk = parsed(rollout(meta(OWN), half + HELLO))
    assert texts(chunk.items, "user_message") == ["hello"]
    assert [(raw.what, raw.line) for raw in chunk.raw] == [("broken", half)]


@pytest.mark.parametrize(
    "strange",
    [
        b"{",
        b"null",
        b"[1,2]",
        b'"text"',
        b"\x00" * 300,
        b"not json",
        b"{}",
        b'{"type":7,"payload":{}}',
        b'{"type":"event_msg","payload":7}',
        b"[" * 100_000,
        b'{"type":"event_msg","payload":' + b'{"a":' * 400 + b"1" + b"}" * 402,
    ],
)
def test_a_line_that_is_no_record_is_kept_as_it_is(strange: bytes) -> None:
    chunk = parsed(rollout(meta(OWN), strange, HELLO))
    assert [raw.line for raw in chunk.raw] == [strange[:KEPT]]
    assert texts(chunk.items, "user_message") == ["hello"]


@pytest.mark.parametrize(
    ("strange", "name"),
    [
        (line("thing_of_tomorrow", {"a": 1}), "thing_of_tomorrow"),
        (event("event_of_tomorrow", text="x"), "event_msg/event_of_tomorrow"),
        (response("kind_of_tomorrow", text="x"), "response_item/kind_of_tomorrow"),
        (response("message", role="oracle", content=[]), "response_item/message"),
        (event("item_completed", item={"type": "ItemOfTomorrow", "id": "i"}), "event_msg/item_completed/ItemOfTomorrow"),
        (event("item_completed", item="text"), "event_msg/item_completed"),
        (event("sub_agent_activity", kind="danced"), "event_msg/sub_agent_activity"),
    ],
)
def test_what_a_later_version_writes_is_counted_by_its_type(strange: bytes, name: str) -> None:
    chunk = parsed(rollout(meta(OWN, cli_version="9.999.0"), strange, HELLO))
    assert [(raw.what, raw.line) for raw in chunk.raw] == [(name, strange)]
    assert texts(chunk.items, "user_message") == ["hello"]


def test_an_item_of_a_later_version_is_shown_as_a_notice() -> None:
    chunk = parsed(rollout(meta(OWN), event("item_completed", item={"type": "ItemOfTomorrow", "id": "i", "text": "look here"})))
    [item] = chunk.items
    assert (item.kind, item.text, item.data["raw"]["id"]) == ("notice", "ItemOfTomorrow: look here", "i")


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "user_message", "message": {"deep": [1]}},
        {"type": "item_completed", "item": {"type": "CommandExecution", "id": 5, "command": 7, "duration": "long"}},
        {"type": "item_completed", "item": {"type": "FileChange", "id": "x", "changes": [1]}},
        {"type": "item_completed", "item": {"type": "CollabAgentToolCall", "id": "x", "tool": 3, "receiver_thread_ids": 7}},
        {"type": "item_completed", "item": {"type": "Reasoning", "id": [], "summary_text": 7}},
        {"type": "task_complete", "error": "text", "last_agent_message": {}},
        {"type": "collab_waiting_end", "statuses": [1, {}], "call_id": []},
        {"type": "patch_apply_end", "call_id": "p", "changes": "none"},
        {"type": "mcp_tool_call_end", "call_id": "m", "invocation": 7, "result": 7},
    ],
)
def test_a_known_type_with_an_unknown_shape_stops_nothing(payload: dict[str, object]) -> None:
    chunk = parsed(rollout(meta(OWN), line("event_msg", payload), HELLO))
    assert texts(chunk.items, "user_message")[-1] == "hello"
    assert sum(chunk.fates.values()) == 3


@pytest.mark.parametrize("deep", [150, 190, 199, 201, 300, 900])
@pytest.mark.parametrize("called", ["function_call", "custom_tool_call"])
def test_values_within_values_stop_nothing_and_are_shown_or_kept(tmp_path: Path, called: str, deep: int) -> None:
    arguments = b"[" * deep + b"]" * deep
    strange = response(called, name="exec", call_id="c", arguments="HERE").replace(b'"HERE"', arguments)
    path = tmp_path / "file.jsonl"
    path.write_bytes(rollout(meta(OWN), strange, HELLO))
    piece = read(Task("segment", str(path), False))
    assert [row[1] for row in piece.items][-1] == "hello"
    assert [line.line for line in piece.raw] == ([strange] if len(piece.items) == 1 else [])


def test_numbers_that_json_has_no_word_for_are_left_out(tmp_path: Path) -> None:
    strange = response("custom_tool_call", name="exec", call_id="c", input="HERE").replace(
        b'"HERE"', b'{"a":NaN,"b":1e999,"c":-Infinity,"d":1}'
    )
    path = tmp_path / "file.jsonl"
    path.write_bytes(rollout(meta(OWN), strange))
    [(_, _, data, _, _)] = read(Task("segment", str(path), False)).items
    assert json.loads(data)["arguments"] == {"a": None, "b": None, "c": None, "d": 1}


@pytest.mark.parametrize("payload", [{"id": "../../etc/passwd"}, {"id": 7}, {}, {"id": OWN.upper()}])
def test_a_thread_whose_id_is_none_is_not_made(payload: dict[str, object]) -> None:
    chunk = parsed(rollout(line("session_meta", payload), HELLO))
    assert chunk.facts is None
    assert [raw.what for raw in chunk.raw] == ["session_meta"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T07:26:56.672Z", "2026-11-20T07:26:56.672000Z"),
        ("2026-11-20T07:26:56Z", "2026-11-20T07:26:56.000000Z"),
        ("2026-11-20T07:26:56.123456789Z", "2026-11-20T07:26:56.123456Z"),
        ("2026-11-20T08:26:56+01:00", "2026-11-20T07:26:56.000000Z"),
        ("2026-13-40T07:26:56.672Z", None),
        ("yesterday", None),
        (1795159616, None),
    ],
)
def test_times_are_those_of_the_store(text: object, moment: str | None) -> None:
    assert moment_of(text) == moment


def test_a_line_without_a_time_has_that_of_the_line_before() -> None:
    timeless = json.dumps({"type": "event_msg", "payload": {"type": "user_message", "message": "x"}}).encode()
    [item] = parsed(rollout(meta(OWN), timeless)).items
    assert item.at == "2026-11-20T08:00:00.000000Z"


def test_decoding_says_what_stood_before() -> None:
    assert decode(b'{"timestamp":"x","a"{"timestamp":"y"}').before == b'{"timestamp":"x","a"'
