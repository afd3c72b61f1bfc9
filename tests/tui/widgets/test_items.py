from __future__ import annotations

import time
from dataclasses import replace

import pytest

from codex_desk.engine.views import ItemView
from codex_desk.tui.widgets import spoken
from codex_desk.tui.widgets.fold import OUTPUT_LINES
from codex_desk.tui.widgets.items import DRAWINGS, can_open, draw, header, source
from codex_desk.tui.widgets.showing import Showing, Subagent
from tests.tui.widgets.samples import KINDS, item, rows, thread

HOSTILE = "\x1b[31mred\x1b[0m \x1b]52;c;eA==\x07 [bold]not markup[/bold] [/x] \u202eabc \x9b2J $primary"
OPENED = Showing(opened=True)
FORBIDDEN = "\x1b\x07\x9b\u202e\x00"


def test_every_kind_has_a_sample() -> None:
    assert set(DRAWINGS) < set(KINDS)


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_control_sequences_are_shown_and_markup_is_text(kind: str, opened: bool) -> None:
    one = KINDS[kind](HOSTILE)
    document = draw(one, Showing(opened))
    document.header = header(one, HOSTILE)
    text = "\n".join(rows(document, 400))
    assert not any(character in text for character in FORBIDDEN)
    assert "␛[31mred" in text
    assert "[bold]not markup[/bold] [/x]" in text


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize(
    "text", ["", "x" * 200_000, "word " * 1_000_000, "漢字👩‍👩‍👧" * 20_000, "line\n" * 200_000, "\t\n" * 1000, "\ud800"], ids=len
)
@pytest.mark.parametrize("kind", KINDS)
def test_any_size_of_text_is_drawn_in_the_width_and_soon(kind: str, text: str, opened: bool) -> None:
    start = time.process_time()
    document = draw(KINDS[kind](text), Showing(opened))
    height = document.height(40)
    strips = rows(document, 40)[:50]
    assert time.process_time() - start < 5
    assert height < 8_000
    assert len(strips) <= height


@pytest.mark.parametrize("kind", KINDS)
def test_data_of_another_shape_than_promised_is_drawn(kind: str) -> None:
    keys = [
        "tool",
        "arguments",
        "result",
        "command",
        "output",
        "changes",
        "steps",
        "message",
        "peer",
        "event",
        "exit_code",
        "duration_ms",
        "sandbox",
        "ok",
        "interrupted",
    ]
    odd = {key: [{"a": 1}, 2] for key in keys}
    assert rows(draw(item(1, kind, "the text", **odd), OPENED))


def test_a_tool_call_is_one_row_until_it_is_opened() -> None:
    call = item(1, "tool_call", tool="read_file", arguments={"path": "a.py"}, result="10\n20", ok=True, duration_ms=1500)
    assert rows(draw(call)) == ["● read_file  path=a.py  → 10 20" + " " * 25 + "1.5s"]
    assert rows(draw(call, OPENED))[1:] == ["  path: a.py", "  → result", "  10", "  20"]


def test_a_failed_call_says_so_without_colour() -> None:
    assert rows(draw(item(1, "tool_call", tool="grep", ok=False, result="no folder")))[0].startswith("✗ grep  → no folder")


def test_a_command_says_how_it_ended_and_where_it_ran() -> None:
    ran = item(1, "command", command="make test", exit_code=2, duration_ms=1240, sandbox="bubblewrap", output="")
    assert rows(draw(ran)) == ["$ make test" + " " * 23 + "exit 2  1.2s  [bubblewrap]"]


def test_a_command_that_no_sandbox_held_says_so() -> None:
    ran = item(1, "command", command="make test", exit_code=0, sandbox="none", output="")
    assert rows(draw(ran))[0].endswith("exit 0  [no sandbox]")


def test_a_long_command_is_folded_until_it_is_opened() -> None:
    ran = item(1, "command", command="\n".join(f"step {number}" for number in range(30)), exit_code=0)
    folded = rows(draw(ran))
    assert (folded[0], folded[4], folded[-2]) == ("$ step 0", "  … 22 more lines  Enter opens", "  step 29")
    assert "  step 15" in rows(draw(ran, OPENED))


def test_long_output_is_folded_in_its_middle_and_counted() -> None:
    ran = item(1, "command", command="seq", exit_code=0, output="\n".join(f"{number}" for number in range(100)))
    folded = rows(draw(ran))
    assert len(folded) == 1 + OUTPUT_LINES + 1
    assert "  … 80 more lines  Enter opens" in folded
    assert (folded[1], folded[-1]) == ("  0", "  99")
    assert rows(draw(ran, OPENED))[51] == "  49"


def test_a_long_message_is_folded_to_its_head() -> None:
    assert "… 40,000 more characters" in rows(draw(item(1, "agent_message", "x" * 100_000)))[-1]


def test_a_change_is_drawn_as_a_diff() -> None:
    changed = item(1, "file_change", changes=[{"path": "a.py", "kind": "update", "diff": "@@ -1,2 +1,2 @@\n same\n-old\n+new\n"}])
    assert rows(draw(changed)) == ["± edited a.py" + " " * 42 + "+1 −1", "  ⋯", "1   same", "2 - old", "2 + new"]


@pytest.mark.parametrize(
    ("one", "widest"),
    [
        (item(1, "agent_message", "word " * 100), 120),
        (item(1, "agent_message", "```\n" + "x" * 250 + "\n```"), 251),
        (item(1, "agent_message", "| a | b |\n|-|-|\n| " + "x" * 100 + " | " + "y" * 100 + " |"), 202),
        (item(1, "user_message", "word " * 100), 120),
        (item(1, "command", command="x", exit_code=0, output="y" * 250), 252),
        (item(1, "file_change", changes=[{"path": "a", "kind": "add", "diff": "@@ -0,0 +1 @@\n+" + "z" * 250}]), 254),
    ],
)
def test_prose_is_not_set_wider_than_can_be_read_and_code_takes_the_width(one: ItemView, widest: int) -> None:
    assert max(map(len, rows(draw(one), 298))) in (widest, widest - 1)


def test_in_words_a_change_is_counted_and_a_spawned_agent_named() -> None:
    changed = item(1, "file_change", changes=[{"path": "a.py", "kind": "update", "diff": "@@ -1,2 +1,2 @@\n same\n-old\n+new\n"}])
    assert rows(spoken.draw(changed))[0] == "edited a.py, 1 added, 1 removed"
    call = item(1, "tool_call", tool="spawn_agent", arguments={"task": "Look"}, subagent_thread_id="s1")
    sub = Subagent(replace(thread("scout-1"), status="running"))
    assert rows(spoken.draw(call, Showing(subagent=sub))) == ["spawned scout-1: Look"]


def test_a_plan_is_a_checklist() -> None:
    steps = [{"step": "a", "status": "completed"}, {"step": "b", "status": "in_progress"}, {"step": "c", "status": "pending"}]
    assert rows(draw(item(1, "plan", steps=steps))) == ["✓ a", "▸ b", "○ c"]


def test_lines_between_threads_look_like_what_they_are() -> None:
    out = item(1, "message_out", "Review the diff", message=42, peer="reviewer")
    received = item(2, "message_in", "Review *it*", message=42, peer="operator")
    assert rows(draw(out)) == ["⇢ reviewer  #42  Review the diff"]
    assert header(received, "reviewer").text.startswith("⇠ operator  #42")
    assert rows(draw(received)) == ["Review it"]


@pytest.mark.parametrize(
    ("event", "glyph"),
    [
        ("answered", "✓"),
        ("failed", "✗"),
        ("interrupted", "✗"),
        ("cancelled", "✗"),
        ("expired", "✗"),
        ("started", "▸"),
        ("held", "⏸"),
        ("attached", "⇄"),
        ("detached", "⇹"),
        ("", "·"),
    ],
)
def test_a_notice_says_by_its_glyph_what_happened(event: str, glyph: str) -> None:
    assert rows(draw(item(1, "notice", "#42 in words", event=event))) == [f"{glyph} #42 in words"]


def test_a_partial_message_says_that_it_was_interrupted() -> None:
    assert rows(draw(item(1, "agent_message", "Half a", interrupted=True))) == ["Half a", "✗ interrupted here"]


@pytest.mark.parametrize("kind", ["tool_call", "reasoning", "command", "file_change", "fold"])
def test_what_is_folded_can_be_opened(kind: str) -> None:
    assert can_open(KINDS[kind]("text"))


def test_copying_takes_all_of_an_item() -> None:
    output = "\n".join(map(str, range(100)))
    assert source(item(1, "command", command="seq", output=output)) == f"$ seq\n{output}"


def test_an_answer_is_one_row_with_its_beginning() -> None:
    answered = item(1, "notice", "reviewer: #3 answered in 0:22 — Two findings: " + "x" * 100, event="answered", message=3)
    assert rows(draw(answered)) == ["✓ reviewer  #3  answered in 0:22  Two findings: xxxxxxxxxxx…"]


def test_an_opened_call_shows_what_was_read() -> None:
    read = item(1, "tool_call", tool="read", arguments={"path": "a.py"}, result='{"path": "a.py", "text": "     1\\tone\\n"}', ok=True)
    assert rows(draw(read)) == ["● read  a.py  → 1 line"]
    assert rows(draw(read, OPENED)) == ["● read  a.py", "  path: a.py", "  → result", "       1  one"]
