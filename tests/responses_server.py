"""A model endpoint that speaks the Responses API and is played by a function of the test: what aimock's matching cannot say.

It is a real server on loopback, in a thread of its own; the function is called there for each request and says what the model answers.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE_S = 20.0
"""Seconds after which a model that a test holds back answers with an error."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as a script sees it."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def thread_id(self) -> str:
        return self.headers.get("thread-id", "")

    @property
    def input(self) -> Sequence[Mapping[str, Any]]:
        return self.body.get("input", ())

    @property
    def last(self) -> Mapping[str, Any]:
        """The newest item of the input."""
        return self.input[-1] if self.input else {}

    @property
    def text(self) -> str:
        """What the newest item says, whatever its kind."""
        return text_of(self.last)

    @property
    def texts(self) -> list[str]:
        return [text_of(item) for item in self.input]

    @property
    def outputs(self) -> list[str]:
        """The outputs of the calls that this turn has made so far, oldest first."""
        since = max((number for number, item in enumerate(self.input) if opens_a_turn(item)), default=-1)
        return [text_of(item) for item in self.input[since + 1 :] if item.get("type") == "function_call_output"]

    @property
    def asked(self) -> str:
        """What opened the turn: the newest item that is neither a call nor the output of one."""
        return next((text_of(item) for item in reversed(self.input) if opens_a_turn(item)), "")

    @property
    def tools(self) -> dict[str, Mapping[str, Any]]:
        """The tools on offer by name, `namespace.name` for those in one."""
        found: dict[str, Mapping[str, Any]] = {}
        for tool in self.body.get("tools", ()):
            if tool.get("type") == "namespace":
                found |= {f"{tool['name']}.{inner['name']}": inner for inner in tool.get("tools", ())}
            else:
                found[tool.get("name") or tool.get("type", "")] = tool
        return found


def opens_a_turn(item: Mapping[str, Any]) -> bool:
    """Whether this is input from outside: a user's line, or the output of a call that the model never made."""
    kind = item.get("type", "message")
    return (kind == "message" and item.get("role") == "user") or (kind == "function_call_output" and not item.get("call_id"))


def text_of(item: Mapping[str, Any]) -> str:
    content = item.get("content", item.get("output", ""))
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content or () if isinstance(part, Mapping))


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    pieces: int = 1
    """In how many increments it is sent."""


@dataclass(frozen=True, slots=True)
class Think:
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function call; `name` is `namespace.name` for a tool in one."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """An output item exactly as it is given."""

    item: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refuse:
    """An HTTP error instead of an answer."""

    status: int
    message: str


Output = Say | Think | Call | Raw
Answer = Output | Refuse | Sequence[Output]
Script = Callable[[Asked], Answer]


class Gate:
    """Something a script waits for and a test opens, or the other way round."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def open(self) -> None:
        self._event.set()

    @property
    def is_open(self) -> bool:
        return self._event.is_set()

    def timeout(self, seconds: float) -> None:
        """Wait for so long, or until it is opened."""
        self._event.wait(seconds)

    def wait(self) -> None:
        if not self._event.wait(PATIENCE_S):
            raise TimeoutError("nobody opened the gate")


class ResponsesServer:
    """`script` may be replaced at any time; `requests` are all that came, oldest first."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Asked] = []
        self._lock = threading.Lock()
        self._calls = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                owner._answer(self)

            def do_GET(self) -> None:
                self.send_error(404)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def asked_by(self, thread_id: str) -> list[Asked]:
        return [each for each in self.requests if each.thread_id == thread_id]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        asked = Asked(json.loads(body), {name.lower(): value for name, value in handler.headers.items()})
        with self._lock:
            self.requests.append(asked)
        answer = self.script(asked)
        if isinstance(answer, Refuse):
            self._send(handler, answer.status, "application/json", json.dumps({"error": {"message": answer.message}}).encode())
            return
        outputs = [answer] if isinstance(answer, Say | Think | Call | Raw) else list(answer)
        self._send(handler, 200, "text/event-stream", self._stream(outputs))

    def _send(self, handler: BaseHTTPRequestHandler, status: int, kind: str, content: bytes) -> None:
        try:
            handler.send_response(status)
            handler.send_header("content-type", kind)
            handler.send_header("content-length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True  # the client gave this turn up

    def _stream(self, outputs: Sequence[Output]) -> bytes:
        with self._lock:
            self._calls += 1
            number = self._calls
        events: list[Mapping[str, Any]] = [{"type": "response.created", "response": {"id": f"resp_{number}"}}]
        for index, output in enumerate(outputs):
            events += self._events(output, f"{number}_{index}")
        usage = {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 10,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 110,
        }
        events.append({"type": "response.completed", "response": {"id": f"resp_{number}", "usage": usage}})
        return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)

    def _events(self, output: Output, mark: str) -> Iterator[Mapping[str, Any]]:
        match output:
            case Say(text=text, pieces=pieces):
                item = {"type": "message", "role": "assistant", "id": f"msg_{mark}", "content": []}
                yield {"type": "response.output_item.added", "item": item}
                size = max(1, -(-len(text) // pieces))
                for start in range(0, len(text), size):
                    yield {"type": "response.output_text.delta", "item_id": item["id"], "delta": text[start : start + size]}
                yield {"type": "response.output_item.done", "item": item | {"content": [{"type": "output_text", "text": text}]}}
            case Think(text=text):
                item = {"type": "reasoning", "id": f"rs_{mark}", "summary": [], "encrypted_content": None}
                yield {"type": "response.output_item.added", "item": item}
                yield {"type": "response.reasoning_summary_part.added", "item_id": item["id"], "summary_index": 0}
                yield {"type": "response.reasoning_summary_text.delta", "item_id": item["id"], "summary_index": 0, "delta": text}
                yield {"type": "response.output_item.done", "item": item | {"summary": [{"type": "summary_text", "text": text}]}}
            case Call(name=name, arguments=arguments, call_id=call_id):
                namespace, _, plain = name.rpartition(".")
                item = {"type": "function_call", "id": f"fc_{mark}", "call_id": call_id or f"call_{mark}", "name": plain}
                item |= {"arguments": json.dumps(arguments)} | ({"namespace": namespace} if namespace else {})
                yield {"type": "response.output_item.added", "item": item}
                yield {"type": "response.output_item.done", "item": item}
            case Raw(item=item):
                yield {"type": "response.output_item.added", "item": item}
                yield {"type": "response.output_item.done", "item": item}


@contextmanager
def responses_server(script: Script) -> Iterator[ResponsesServer]:
    """A running endpoint; it is gone at the end of the block."""
    server = ResponsesServer(script)
    thread = threading.Thread(target=server.serve, name="model", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()
