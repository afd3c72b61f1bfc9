"""Desks with something on them, for pictures."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from codex_desk.engine.away import Away, Lapsed, Passed, Work
from codex_desk.engine.standing import Asked, Awaited, Standing, Wait
from codex_desk.engine.views import AuditView, Candidate, GrantView, LiveTurn, MessageView
from codex_desk.rights import Rights
from tests.tui.fakes import FOLDER, NOW, FakeDesk, approval, attached, in_codex, item, subagent, thread

TASK = "Review the diff on branch parser, and say what has to change before it is merged."
DIFF = """diff --git a/parser.py b/parser.py
index 4b1c2aa..90aef31 100644
--- a/parser.py
+++ b/parser.py
@@ -8,7 +8,9 @@ def load(path):
 def load(path):
     try:
         return parse(path.read_text())
-    except Exception:
-        return None
+    except ParseError as error:
+        raise LoadError(f"{path}: {error}") from error
+    finally:
+        seen.add(path)
\x20
 def parse(text):
     return Parser(text).whole()
"""
ANSWER = """## Two findings

The loader **swallows** every error, so a typo in a path looks like an *empty* file:

```python
def load(path: Path) -> Tree:
    return parse(path.read_text())  # let it fail, and say where
```

| file | line | what |
|---|---:|---|
| `parser.py` | 8 | `except Exception` hides the cause |
| `tests/test_parser.py` | 31 | cannot fail |

1. mend `load()`
   - raise, with the path in the words
   - and note what was seen
2. let the test fail once
   - [x] tried by hand
   - [ ] in CI

> "An error that nobody hears is a wrong answer."

See [the notes](https://example.org/notes), and ~~the old plan~~.
"""


def office() -> FakeDesk:
    """Operator waits for the reviewer attached to it; implementor asks."""
    desk = FakeDesk().put(
        thread("operator", "waiting", ago=120, context_tokens=18_200),
        attached("reviewer", "operator", "running", ago=60),
        subagent("scout-1", "operator", "finished", ago=300),
        thread("implementor", "needs_human", ago=30, reason="make test?"),
        thread("auditor", ago=3 * 3600, created_at=NOW - timedelta(hours=3)),
        thread("designer", ago=2 * 86400, project="site"),
    )
    desk.lines["t-operator"] = [
        item(1, "operator", "user_message", "Review the diff, then plan the day."),
        item(
            2, "operator", "agent_message", "The **reviewer** looks at the diff; meanwhile I plan:\n\n- read the log\n- sort what is open"
        ),
        item(
            3,
            "operator",
            "command",
            "git log",
            command="git log --oneline -2",
            exit_code=0,
            output="4b1c parser\n90ae tests",
            duration_ms=31,
        ),
        item(4, "operator", "message_out", TASK, message=42, peer="reviewer", peer_id="t-reviewer", event="sent"),
    ]
    desk.lines["t-reviewer"] = [
        item(5, "reviewer", "message_in", TASK, message=42, peer="operator", peer_id="t-operator", event="sent"),
        item(6, "reviewer", "agent_message", "Two findings so far:\n\n1. `load()` swallows the error\n2. the test cannot fail"),
    ]
    desk.messages = {
        42: MessageView(42, "reviewer", "t-reviewer", "agent", "after_turn", "running", TASK, NOW, "operator", "t-operator"),
        43: MessageView(43, "operator", "t-operator", "human", "after_turn", "queued", "Then write the minutes.", NOW),
    }
    desk.turns["t-operator"] = LiveTurn("turn-1", "t-operator", NOW, "human", 41, Rights())
    desk.waiting = [SimpleNamespace(thread_id="t-operator", messages=(42,), mode="all", since=NOW - timedelta(seconds=48), deadline=None)]
    desk.facts = {f"seen:{one.id}": NOW.isoformat() for one in desk.rows.values()}
    return desk


def delegating() -> FakeDesk:
    """An operator with a session attached to it and subagents in every state, each told by one line."""
    desk = FakeDesk().put(
        thread("operator", "waiting", ago=5, context_tokens=9_300),
        attached("reviewer", "operator", "running", ago=20),
        subagent("scout", "operator", "finished", ago=200, last_line="12 files, two of them without tests"),
        subagent("critic", "operator", "running", ago=3, last_line="read parser.py"),
        subagent("ideas-provider", "operator", "error", ago=60, reason="the model server refused: 401", last_line="read BRIEF.md"),
        subagent("writer", "operator", "needs_human", ago=8, reason="sub-operator-9: make test", last_line="make test"),
    )

    def given(seq: int, handle: str, number: int, task: str, **more: object) -> None:
        at = {"message": number, "peer": handle, "peer_id": f"t-{handle}", "event": "sent"}
        desk.lines["t-operator"].append(item(seq, "operator", "message_out", task, **at, subagent_thread_id=f"t-{handle}", **more))

    prompt = "Have the files counted and the plan judged; let the reviewer look at the diff meanwhile."
    desk.lines["t-operator"] = [item(1, "operator", "user_message", prompt)]
    given(2, "scout", 51, "Count the files, and say which have no tests.")
    ended = {"message": 51, "state": "answered", "event": "answered", "peer": "scout"}
    came = "scout: #51 answered in 0:31 — 12 files, two of them without tests"
    desk.lines["t-operator"].append(item(3, "operator", "notice", came, **ended))
    desk.lines["t-operator"].append(
        item(4, "operator", "message_out", TASK, message=42, peer="reviewer", peer_id="t-reviewer", event="sent")
    )
    given(5, "ideas-provider", 52, "Three ideas for the loader.", role="ideas-provider", detached=True)
    given(6, "writer", 53, "Write the tests that are missing.", role="worker")
    given(7, "critic", 54, "Judge the plan; be strict.", role="critic")
    desk.lines["t-critic"] = [item(8, "critic", "message_in", "Judge the plan; be strict.", message=54, peer="operator", event="sent")]
    desk.messages = {
        42: MessageView(42, "reviewer", "t-reviewer", "agent", "after_turn", "running", TASK, NOW, "operator", "t-operator"),
        51: MessageView(51, "scout", "t-scout", "agent", "after_turn", "answered", "Count", NOW, "operator", "t-operator"),
        52: MessageView(52, "ideas-provider", "t-ideas-provider", "agent", "after_turn", "failed", "Three", NOW, "operator", "t-operator"),
        53: MessageView(53, "writer", "t-writer", "agent", "after_turn", "running", "Write", NOW, "operator", "t-operator"),
        54: MessageView(54, "critic", "t-critic", "agent", "after_turn", "running", "Judge", NOW, "operator", "t-operator"),
    }
    desk.turns["t-operator"] = LiveTurn("turn-1", "t-operator", NOW, "human", 41, Rights())
    desk.turns["t-critic"] = LiveTurn("turn-2", "t-critic", NOW - timedelta(seconds=12), "agent", 54, Rights())
    desk.waiting = [SimpleNamespace(thread_id="t-operator", messages=(54,), mode="all", since=NOW - timedelta(seconds=12), deadline=None)]
    desk.facts = {f"seen:{one.id}": NOW.isoformat() for one in desk.rows.values()}
    return desk


def nine_projects() -> FakeDesk:
    """Thirty sessions, as after a week."""
    desk = office()
    hours = {"web": 0.1, "ci": 0.2, "docs": 0.5, "billing": 1, "auth": 2, "search": 3, "release": 5, "mobile": 9, "triage": 20, "perf": 30}
    projects = ("repo", "site", "api", "mobile", "infra", "docs", "billing", "search", "tools")
    names = ("planner", "payments", "fuzzer", "legal", "i18n", "backlog", "packager", "nightly", "support", "infra", "migrations")
    for place, (handle, ago) in enumerate([*hours.items(), *((one, 40.0 + 9 * index) for index, one in enumerate(names))]):
        status = "running" if handle in ("docs", "release") else "idle"
        desk.put(thread(handle, status, ago=ago * 3600, project=projects[place % 9]))
    desk.put(
        attached("tester", "reviewer", "running", ago=20),
        attached("linter", "implementor", ago=500),
        thread("deploy", "error", ago=600, project="infra", reason="the model server refused: 401"),
    )
    desk.facts = {f"seen:{one.id}": NOW.isoformat() for one in desk.rows.values() if one.handle not in ("web", "auth")}
    return desk


def asking() -> FakeDesk:
    desk = office()
    command = f"make test \\\n    PYTHON=3.11 \\\n    OUT={FOLDER}/../report"
    desk.pending = [
        approval(7, "implementor", command, why="it writes outside the folder", chain=("human", "operator", "implementor")),
        approval(8, "reviewer", "git push --force origin parser", why="the network is off", chain=("human", "reviewer")),
    ]
    desk.answered = [approval(6, "auditor", "rm -r build", state="denied"), approval(5, "auditor", "ls /srv", state="approved")]
    desk.granted = [
        GrantView(1, "thread", ("git", "push"), "operator", None, NOW),
        GrantView(2, "folder", ("make",), None, str(FOLDER), NOW),
    ]
    return desk


def picking() -> FakeDesk:
    desk = office()
    desk.ranked = [
        Candidate(desk.rows["t-implementor"], narrows="auditor would run read-only for implementor"),
        Candidate(desk.rows["t-operator"]),
        Candidate(desk.rows["t-designer"]),
        Candidate(desk.rows["t-auditor"], refused="a session cannot be attached to itself"),
        Candidate(desk.rows["t-reviewer"], refused="would make a cycle: reviewer → auditor → reviewer"),
    ]
    return desk


def talkative() -> FakeDesk:
    """A transcript with one of each kind."""
    desk = office()
    desk.lines["t-auditor"] = [
        item(20, "auditor", "user_message", "Look at the parser.\n\nWhat would you change?"),
        item(21, "auditor", "reasoning", "The loader catches everything; I look at its tests first."),
        item(
            22,
            "auditor",
            "tool_call",
            "read_file parser.py",
            name="read_file",
            arguments={"path": "parser.py"},
            output="def load(path):\n" * 40,
        ),
        item(
            23,
            "auditor",
            "command",
            "pytest",
            command="pytest -q tests/test_parser.py",
            exit_code=1,
            output="\n".join(f"tests/test_parser.py::test_{number} PASSED" for number in range(30)) + "\nFAILED test_load",
            duration_ms=4200,
        ),
        item(24, "auditor", "file_change", "parser.py", changes=[{"path": "parser.py", "kind": "update", "diff": DIFF}]),
        item(25, "auditor", "message_out", TASK, message=44, peer="reviewer", peer_id="t-reviewer", event="sent"),
        item(26, "auditor", "notice", "the model server did not answer for 30 s; asked again", level="warning"),
        item(27, "auditor", "agent_message", ANSWER),
    ]
    desk.messages[44] = MessageView(
        44,
        "reviewer",
        "t-reviewer",
        "agent",
        "after_turn",
        "answered",
        TASK,
        NOW,
        "auditor",
        "t-auditor",
        answer="Two findings.",
        answered_at=NOW,
    )
    desk.diff = DIFF
    return desk


def recorded() -> FakeDesk:
    """Ten minutes of passing things on, as the audit has it, and as who comes back reads it."""
    desk = asking()
    passed = [
        ("attached", "human", "operator", "reviewer", "reviewer attached (rights lesser, wake answers, interrupt no)"),
        ("sent", "agent", "operator", "reviewer", f"#42 to reviewer: {TASK}"),
        ("started", "agent", "reviewer", "operator", "#42 from operator started"),
        ("approval_asked", "agent", "implementor", "operator", "make test PYTHON=3.11"),
        ("approval_denied", "human", "auditor", None, "rm -r build"),
        ("answered", "agent", "reviewer", "operator", "#42 answered in 1:12 (asked by operator)"),
        ("returned", "agent", "operator", "reviewer", "#42 returned to operator"),
    ]
    desk.audited = [
        AuditView(seq, kind, origin, one, f"t-{one}", peer, text, NOW - timedelta(minutes=10 - seq), f"{seq:064x}")  # type: ignore[arg-type]
        for seq, (kind, origin, one, peer, text) in enumerate(passed, 1)
    ]
    since = NOW - timedelta(hours=2)
    desk.absence = Away(
        since,
        [
            Work(
                "t-reviewer",
                "reviewer",
                3,
                0,
                0,
                ("operator",),
                41_200,
                "Two findings: load() swallows the error",
                NOW - timedelta(minutes=6),
                6,
            ),
            Work("t-auditor", "auditor", 0, 1, 0, ("human",), 900, "the model server refused: 401", NOW - timedelta(minutes=40), None),
        ],
        [Passed(42, "operator", "reviewer", "t-reviewer", "answered", "Two findings", 72, NOW - timedelta(minutes=6), 5)],
        [Lapsed("auditor-6", "t-auditor", "auditor", "expired", "rm -r build", None, NOW - timedelta(minutes=50))],
        [Asked("t-implementor", "implementor", "make test?", NOW - timedelta(minutes=5), "implementor-7")],
        running=1,
        tokens=42_100,
    )
    desk.stands = Standing(
        [
            Wait(
                "t-operator",
                "operator",
                "all",
                NOW - timedelta(seconds=48),
                NOW + timedelta(minutes=9),
                (
                    Awaited(42, "t-reviewer", "reviewer", "running", NOW - timedelta(seconds=48)),
                    Awaited(45, "t-implementor", "implementor", "running", NOW - timedelta(seconds=30)),
                ),
            )
        ],
        [Asked("t-implementor", "implementor", "make test PYTHON=3.11", NOW - timedelta(seconds=30), "implementor-7")],
    )
    return desk


def codex_sessions() -> FakeDesk:
    """A desk beside a Codex that holds sessions of three projects, and some history."""
    desk = FakeDesk().put(
        thread("operator", "running", ago=40, title="Plan the week and hand the work out"),
        attached("reviewer", "operator", title="Reviews"),
    )
    shop, paper = FOLDER.parent / "shop", FOLDER.parent / "paper"
    desk.codex = [
        in_codex(1, "Fix the parser so that a stray brace is reported with its line", ago=600, handle="fix-the-parser"),
        in_codex(2, "Bring the dependencies up to date, one commit each", ago=7_200, handle="bring-the-dependencies"),
        *(in_codex(10 + day, words, "history only", ago=86_400 * day) for day, words in enumerate(PAST, 3)),
        in_codex(3, "A till that counts in cents", ago=3_600, cwd=shop, handle="a-till-that-counts"),
        in_codex(4, "Why is the receipt printed twice?", ago=90_000, cwd=shop, handle="why-is-the-receipt"),
        in_codex(5, "Abstract and related work", "history only", ago=86_400 * 40, cwd=paper),
    ]
    return desk


PAST = (
    "Rename the modules", "Read errors of the loader", "A bench for the parser", "First sketch of the grammar", "Why do the tests hang?",
    "Explain this stack trace", "Notes for the release",
)  # fmt: skip
