"""An endpoint that sends exactly the bytes it is told, for what no well-behaved server does: cut streams, silence, dead sockets."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Script:
    """What one connection is answered with; then it is closed, or held open in silence."""

    answer: bytes
    holds: bool = False


@dataclass
class RawServer:
    """`requests` holds the head and body of each request."""

    base_url: str = ""
    requests: list[bytes] = field(default_factory=list)
    silent: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once everything of a script that holds was sent."""


@asynccontextmanager
async def raw_server(*scripts: Script) -> AsyncIterator[RawServer]:
    """Connection n is answered with script n, all later ones with the last."""
    state = RawServer()
    held: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        held.append(task)
        state.requests.append(await _read_request(reader))
        script = scripts[min(len(state.requests), len(scripts)) - 1]
        writer.write(script.answer)
        await writer.drain()
        if script.holds:
            state.silent.set()
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    state.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield state
    finally:
        server.close()
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    return head + await reader.readexactly(length)


def status(code: int, body: object, headers: bytes = b"") -> Script:
    """A JSON answer; `headers` are further header lines, each with its line end."""
    payload = json.dumps(body).encode()
    head = b"HTTP/1.1 %d Said\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n" % (code, len(payload), headers)
    return Script(head + payload)


def chat_stream(*pieces: str, ends: bool = False, chunked: bool = True, holds: bool = False) -> Script:
    """A Chat stream of text pieces. `ends` adds the finish reason and the end mark; `chunked` tells a client that more was to come."""
    events = [_chat_event({"content": piece}) for piece in pieces]
    if ends:
        events += [_chat_event({}, "stop"), b"data: [DONE]\n\n"]
    return _event_stream(events, ends, chunked, holds)


def chat_calls(*named: tuple[str, Mapping[str, object] | str]) -> Script:
    """A whole Chat stream of parallel tool calls, each given as (name, arguments); arguments that are text go as they are."""
    calls = [
        {
            "index": place,
            "id": f"call_{secrets.token_hex(4)}",
            "type": "function",
            "function": {"name": name, "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments)},
        }
        for place, (name, arguments) in enumerate(named)
    ]
    return _event_stream([_chat_event({"tool_calls": calls}), _chat_event({}, "tool_calls"), b"data: [DONE]\n\n"], True, True, False)


def responses_stream(*pieces: str, chunked: bool = True) -> Script:
    """A Responses stream of text pieces that never comes to `response.completed`."""
    response = {
        "id": "r",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    item = {"type": "message", "id": "i", "role": "assistant", "content": [], "status": "in_progress"}
    place = {"item_id": "i", "output_index": 0, "content_index": 0}
    told = [
        {"type": "response.created", "response": response | {"status": "in_progress"}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **place, "part": {"type": "output_text", "text": "", "annotations": []}},
        *({"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []} for piece in pieces),
    ]
    events = [b"data: %s\n\n" % json.dumps(event | {"sequence_number": number}).encode() for number, event in enumerate(told)]
    return _event_stream(events, ends=False, chunked=chunked, holds=False)


def _chat_event(delta: Mapping[str, object], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: %s\n\n" % json.dumps(event).encode()


def _event_stream(events: Sequence[bytes], ends: bool, chunked: bool, holds: bool) -> Script:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    if not chunked:
        return Script(head + b"Connection: close\r\n\r\n" + b"".join(events), holds)
    body = b"".join(b"%x\r\n%s\r\n" % (len(event), event) for event in events)
    return Script(head + b"Transfer-Encoding: chunked\r\n\r\n" + body + (b"0\r\n\r\n" if ends else b""), holds)
