"""Whose words are whose."""

from __future__ import annotations

import pytest

from codex_desk.rollouts.injected import is_sealed, kind_of
from tests.rollouts.samples import ALL, ROOT, event, items, line, meta, parsed, response, rollout, sample, texts

OWN = "01a1f7f9-6105-71b1-b7e0-de050e59c801"
INJECTED = (
    "# AGENTS.md instructions for /home/dev/project\n\n<INSTRUCTIONS>\nbe brief\n</INSTRUCTIONS>",
    "<environment_context>\n  <cwd>/home/dev/project</cwd>\n</environment_context>",
    "<user_instructions>\nold\n</user_instructions>",
    "<turn_aborted>\nThe user interrupted.\n</turn_aborted>",
    '<codex_internal_context source="goal">\ngo on\n</codex_internal_context>',
    "<skill>\n<name>x</name>\n</skill>",
    "<some_tag_of_a_later_version>\nwhat Codex tells its model\n</some_tag_of_a_later_version>",
)


def said(*lines: bytes) -> list[tuple[str, str]]:
    return [(item.kind, item.text) for item in items(rollout(meta(OWN), *lines))]


def of_user(text: str) -> bytes:
    return response("message", role="user", content=[{"type": "input_text", "text": text}])


@pytest.mark.row("S2-09")
@pytest.mark.row("S2-14")
@pytest.mark.row("S2-19")
@pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.parent.name}-{path.parent.name}-{path.stem[-8:]}")
def test_no_sample_puts_into_the_users_lane_what_codex_injected(path: object) -> None:
    found = items(path)  # type: ignore[arg-type]
    for item in found:
        if item.kind in ("user_message", "message_in"):
            assert kind_of(item.text) is None
        assert "<subagent_notification>" not in item.text
        assert not (item.kind in ("user_message", "agent_message") and is_sealed(item.text))


@pytest.mark.parametrize(
    ("folder", "thread", "prompts"),
    [
        ("0.80.0/tools", "cc6f-7f33", 1),
        ("0.98.0/spawn_wait_close", "dc7b-7e40", 1),
        ("0.115.0/late_link", "6105-71b1", 2),
        ("0.169.0/legacy_v1", "a976-7e31", 3),
        ("0.169.0/v1_spawn_wait", "ec7f-79a2", 1),
        ("0.169.0/v2_spawn2_wait", "f296-7771", 1),
        ("0.169.0/paginated_compact", "b5bf-7442", 4),
        ("0.169.0/cross_thread_tui", "2a7f-7d02", 2),
        ("0.169.0/everything", "d268-77d3", 10),
        ("0.169.0/migrated", "dc7b-7e40", 1),
    ],
)
def test_every_prompt_of_the_user_is_there_once(folder: str, thread: str, prompts: int) -> None:
    assert len(texts(items(sample(folder, thread)), "user_message")) == prompts


@pytest.mark.parametrize(
    ("folder", "thread", "tasks"),
    [
        ("0.98.0/spawn_wait_close", "eaff-79b0", ["CHILD task one", "more please"]),
        ("0.115.0/spawn_wait_close", "e389-77a2", ["CHILD task 1: list the repo files", "CHILD again: more detail"]),
        ("0.169.0/v1_spawn_wait", "ecf8-7ed0", ["CHILD task 1: list the repo files"]),
        ("0.169.0/v2_spawn2_wait", "f31e-79e3", ["CHILD task 1 DELAY2: list the repo files"]),
        ("0.169.0/legacy_forks", "f6f7-7b43", ["CHILD one", "more please"]),
        ("0.169.0/migrated", "f6f7-7b43", ["CHILD one", "more please"]),
    ],
)
def test_what_a_parent_asks_of_its_child_is_no_prompt_of_the_user(folder: str, thread: str, tasks: list[str]) -> None:
    found = items(sample(folder, thread))
    assert texts(found, "message_in") == tasks
    assert texts(found, "user_message") == []


@pytest.mark.parametrize("folder", ["0.169.0/v2_spawn2_wait", "0.169.0/legacy_forks", "0.169.0/v2_sealed", "0.169.0/migrated"])
def test_a_childs_copy_of_its_parents_history_is_not_told_twice(folder: str) -> None:
    for path in ROOT.joinpath(folder).glob("*.jsonl"):
        chunk = parsed(path)
        assert chunk.facts is not None
        if chunk.facts.subagent:
            assert not any("SPAWN2" in item.text or "DO:" in item.text for item in chunk.items)


@pytest.mark.parametrize("text", INJECTED)
def test_user_role_text_without_an_event_is_nobodys_prompt(text: str) -> None:
    assert [kind for kind, _ in said(of_user(text), of_user("hello"), event("user_message", message="hello"))].count("user_message") == 1
    assert ("user_message", "hello") in said(of_user(text), of_user("hello"), event("user_message", message="hello"))


def test_a_prompt_that_only_looks_injected_is_the_users_because_an_event_says_so() -> None:
    text = "<environment_context> what does this tag mean?"
    assert said(of_user(text), event("user_message", message=text)) == [("user_message", text)]


def test_a_prompt_and_its_copy_for_the_model_are_one_item_in_either_order() -> None:
    one, copy = event("user_message", message="hello"), of_user("hello")
    assert said(one, copy) == said(copy, one) == [("user_message", "hello")]
    assert said(copy, one, copy, one) == [("user_message", "hello")] * 2


def test_an_answer_and_its_copy_are_one_item_in_either_order() -> None:
    one, copy = event("agent_message", message="hi"), response("message", role="assistant", content=[{"type": "output_text", "text": "hi"}])
    assert said(one, copy) == said(copy, one) == [("agent_message", "hi")]


def test_what_a_client_put_into_the_models_history_is_kept_as_a_notice() -> None:
    assert said(of_user("put in by a client")) == [("notice", "put in by a client")]


def test_a_line_that_says_itself_that_the_user_wrote_it_needs_no_event() -> None:
    passed = {"content_item_kinds": ["user.text"]}
    own = response(
        "message", role="user", content=[{"type": "input_text", "text": "hello"}], internal_chat_message_metadata_passthrough=passed
    )
    assert said(own) == [("user_message", "hello")]


def test_what_another_threads_turn_sends_is_that_threads_message() -> None:
    theirs = event(
        "task_started",
        turn_id="01a1f7f9-7000-71b1-b7e0-de050e59c801",
        turn_attribution={"parent_turn_id": "01a1f7f9-6fff-7bc2-a7d8-16a9092ff00d"},
    )
    mine = event("task_started", turn_id="01a1f7f9-7001-71b1-b7e0-de050e59c801", turn_attribution={"parent_turn_id": None})
    assert said(theirs, event("user_message", message="from an agent"), mine, event("user_message", message="from me")) == [
        ("message_in", "from an agent"),
        ("user_message", "from me"),
    ]


def test_what_a_person_types_into_a_childs_own_client_is_theirs() -> None:
    spawn = {"subagent": {"thread_spawn": {"parent_thread_id": "01a1f7f9-6000-7bc2-a7d8-16a9092ff00d", "depth": 1}}}
    typed = line("event_msg", {"type": "user_message", "message": "no, the other file", "client_id": "15b5baa2"})
    assert [item.kind for item in items(rollout(meta(OWN, source=spawn), event("user_message", message="task"), typed))] == [
        "message_in",
        "user_message",
    ]


def test_images_are_named_and_left_in_the_file() -> None:
    [item] = items(
        rollout(meta(OWN), event("user_message", message="look", images=["data:image/png;base64,AAAA"], local_images=["/home/dev/a.png"]))
    )
    assert item.text == "look\n[image: inline]\n[image: /home/dev/a.png]"


@pytest.mark.parametrize("text", ["gAAAAABpHb" + "b" * 80, "A" * 44 + "=="])
def test_one_long_word_of_base64_is_sealed(text: str) -> None:
    assert is_sealed(text)


@pytest.mark.parametrize(
    "text",
    [
        "list the repo files",
        "short",
        "a/path/that/is/long/but/has/no/end/like/that in a sentence",
        "src/a-path/that_is_the_whole_of_what_was_asked_for",
        "",
    ],
)
def test_words_are_not_sealed(text: str) -> None:
    assert not is_sealed(text)
