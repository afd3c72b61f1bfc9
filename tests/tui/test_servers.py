from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from codex_desk.tui.servers import Served, ask, ask_all


@contextmanager
def serving(models: object, *, responses: bool = True, moved_to: str = "") -> Iterator[str]:
    """A server of models on this machine; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(302 if moved_to else 200, models)

        def do_POST(self) -> None:
            self._answer(400 if responses else 404, {"error": "no input"})

        def _answer(self, status: int, said: object) -> None:
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if moved_to:
                self.send_header("Location", moved_to)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


LISTED = {"data": [{"id": "qwen3-coder"}, {"id": "nomic-embed-text"}, {"id": ""}, {"id": 7}, {"id": "llama3"}]}


def test_what_a_server_offers_to_talk_to_is_listed_with_the_protocol_that_it_speaks() -> None:
    with serving(LISTED) as modern, serving(LISTED, responses=False) as older:
        assert ask_all([modern, older]) == [Served(["qwen3-coder", "llama3"], "responses"), Served(["qwen3-coder", "llama3"], "chat")]


@pytest.mark.parametrize("said", [{"data": []}, {"data": [{"name": "x"}]}, [], b"<html>", b"\xff\xfe", {"data": {"id": 1}}])
def test_what_is_no_such_server_counts_as_nobody(said: object) -> None:
    with serving(said) as address:
        assert ask(address) is None


def test_nobody_is_followed_elsewhere_and_nobody_elsewhere_is_asked() -> None:
    with serving(LISTED) as elsewhere, serving(LISTED, moved_to=f"{elsewhere}/models") as moved:
        assert ask(moved) is None
    assert ask("http://192.0.2.1/v1") is None
    assert ask("https://127.0.0.1/v1") is None


def test_where_nobody_listens_nobody_answers() -> None:
    with serving(LISTED) as address:
        pass
    assert ask(address) is None
