"""An app-server for what the real one cannot be made to do. `FAKE` names what is wrong with it; `FAKE_NOTES` is a file it remembers things in.

Otherwise it is well-behaved: it starts threads, and answers each turn with `fake answer`.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

MODE = os.environ.get("FAKE", "")
NOTES = Path(os.environ.get("FAKE_NOTES", os.devnull))
THREAD = "01a1f000-0000-7000-8000-000000000001"
TURN = "01a1f000-0000-7000-8000-00000000000a"

if "--version" in sys.argv:
    print("codex-cli 0.98.0" if MODE == "ancient" else "codex-cli 0.169.0")
    sys.exit(0)


def say(**message: Any) -> None:
    print(json.dumps(message), flush=True)


def tell(method: str, **params: Any) -> None:
    say(method=method, params={"threadId": THREAD, "turnId": TURN, **params})


def item(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "id": f"{kind}-{uuid.uuid4()}", **more}


def loaded(cwd: str) -> dict[str, Any]:
    thread = {"id": THREAD, "cwd": cwd}
    return {
        "thread": thread,
        "cwd": "/somewhere/else" if MODE == "misplaced" else cwd,
        "model": "m",
        "modelProvider": "p",
        "approvalPolicy": "on-request",
        "sandbox": {"type": "workspaceWrite", "writableRoots": [], "networkAccess": False},
    }


def sessions() -> list[dict[str, Any]]:
    """Two sessions, at home in the folders that `FAKE_FOLDERS` names."""
    folders = os.environ.get("FAKE_FOLDERS", "/").split(os.pathsep)
    return [
        {
            "id": f"01a1f000-0000-7000-8000-0000000000f{number}",
            "cwd": folder,
            "name": f"Session {number}",
            "updatedAt": 1_800_000_000 + number,
        }
        for number, folder in enumerate(folders)
    ]


def answer(text: str = "fake answer") -> None:
    said = item("agentMessage", text=text)
    tell("item/started", item={**said, "text": ""})
    tell("item/completed", item=said)
    tell("turn/completed", turn={"id": TURN, "status": "completed", "items": [said]})


def turn(params: dict[str, Any]) -> None:
    starts = NOTES.read_text().count("start") if NOTES.is_file() else 0
    with NOTES.open("a") as notes:
        notes.write(f"start {json.dumps(params)}\n")
    match MODE:
        case "dies before it answers" if starts == 0:
            os._exit(7)
        case "dies after it has it" if starts == 0:
            done = [
                {"type": "userMessage", "id": "u", "clientId": params["clientUserMessageId"], "content": []},
                item("agentMessage", text="late"),
            ]
            NOTES.with_suffix(".turns").write_text(json.dumps([{"id": TURN, "status": "completed", "items": done}]))
            os._exit(7)
    tell("turn/started", turn={"id": TURN, "status": "inProgress", "items": []})
    match MODE:
        case "thirty megabytes":
            tell(
                "item/completed",
                item=item("commandExecution", command="cat big", cwd="/", status="completed", aggregatedOutput="x" * 30_000_000),
            )
            answer()
        case "new kinds":
            tell("item/completed", item=item("holographicMessage", authorization="Bearer abcdefghijklmnop", text="?"))
            tell("turn/danced", steps=3)
            tell("item/completed", item={"type": "commandExecution", "id": "c", "command": ["not", "a", "string"]})
            tell("item/completed", item="nothing of the kind")
            answer()
        case "answered elsewhere" | "asks":
            change = {"path": "/tmp/a.txt", "kind": {"type": "add"}, "diff": "hello\n"}
            shown = item("fileChange", changes=[change], status="inProgress")
            tell("item/started", item=shown)
            say(id="r1", method="item/fileChange/requestApproval", params={"threadId": THREAD, "turnId": TURN, "itemId": shown["id"]})
        case "asks a question":
            option = {"label": "Blue", "description": "as the sky"}
            question = {"id": "colour", "header": "Colour", "question": "Which colour?", "options": [option, {**option, "label": "Red"}]}
            say(
                id="r1",
                method="item/tool/requestUserInput",
                params={"threadId": THREAD, "turnId": TURN, "itemId": "x", "questions": [question]},
            )
        case "asks for what it should not":
            say(id="r1", method="account/chatgptAuthTokens/refresh", params={"threadId": THREAD})
        case _:
            answer()


def result(method: str, params: dict[str, Any]) -> Any:
    match method:
        case "initialize":
            return {"userAgent": "fake/0.169.0"}
        case "thread/start" if MODE == "lacks dynamic tools":
            raise LookupError("unknown variant `thread/start`")
        case "thread/start" | "thread/resume" if MODE == "archived elsewhere":
            raise LookupError(f"session {THREAD} is archived. Run `codex unarchive {THREAD}` to unarchive it first.")
        case "thread/start" | "thread/resume":
            if MODE == "an MCP server fails":
                tell("mcpServer/startupStatus/updated", name="tracker", status="failed", error="no such file")
            return loaded(params["cwd"])
        case "turn/start" if MODE == "refuses":
            raise LookupError("the moon is in the wrong house")
        case "turn/start":
            return {"turn": {"id": TURN}}
        case "thread/list":
            return {"data": [] if params.get("ancestorThreadId") else sessions()}
        case "thread/read":
            return {"thread": next(each for each in sessions() if each["id"] == params["threadId"])}
        case "account/read":
            return {"account": None, "requiresOpenaiAuth": MODE == "not signed in"}
        case "thread/turns/list":
            turns = NOTES.with_suffix(".turns")
            return {"data": json.loads(turns.read_text()) if turns.is_file() else []}
        case _:
            return {}


def main() -> None:
    if MODE == "garbage":
        for number in range(500):
            print(f"\x1b[31mthis is no protocol {number}", flush=True)
    if MODE == "dies at once":
        print("error: the config is broken", file=sys.stderr)
        sys.exit(3)
    if MODE == "a line of garbage":
        print("\x00\x01 not json", flush=True)
    asked = False
    for line in sys.stdin:
        message = json.loads(line)
        if "method" not in message:
            with NOTES.open("a") as notes:
                notes.write(f"answered {line}")
            answer()
            continue
        if "id" not in message or MODE == "silent":
            continue
        try:
            reply = result(message["method"], message["params"])
        except LookupError as error:
            say(id=message["id"], error={"code": -32600, "message": str(error.args[0])})
            continue
        if message["method"] == "turn/start" and MODE.startswith("dies"):
            turn(message["params"])
            say(id=message["id"], result=reply)
            continue
        say(id=message["id"], result=reply)
        if message["method"] == "initialize" and MODE == "a broken config":
            say(method="configWarning", params={"summary": "Invalid configuration; using defaults.", "details": "config.toml:1:16"})
        if message["method"] == "turn/start":
            turn(message["params"])
            asked = True
        elif message["method"] == "thread/name/set" and MODE == "answered elsewhere" and asked:  # another program's user did both
            tell("serverRequest/resolved", requestId="r1")
            answer()


main()
