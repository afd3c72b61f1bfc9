"""Servers of models on this machine: whether one answers at an address, and what it offers. Loopback only, and never with a key."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import OK, HTTPConnection, HTTPException
from typing import Literal
from urllib.parse import urlsplit

from codex_desk.frozen import frozen

PATIENCE_S = 0.4
"""How long a server may take for each of two questions."""
LARGEST = 256 * 1024
"""Bytes read of a list of models."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_NO_CHAT = re.compile(r"embed|rerank|whisper|tts|bge-|clip", re.IGNORECASE)
Wire = Literal["responses", "chat"]


@frozen
class Served:
    """What a server offers."""

    models: Sequence[str]
    """Those that can be talked to."""
    wire_api: Wire


def is_local(base_url: str) -> bool:
    parts = urlsplit(base_url)
    return parts.scheme == "http" and (parts.hostname or "") in LOOPBACK


def ask_all(base_urls: Sequence[str]) -> list[Served | None]:
    """What each of the addresses offers, asked at once; None where nothing answers that serves models."""
    if not base_urls:
        return []
    with ThreadPoolExecutor(len(base_urls)) as pool:
        return list(pool.map(ask, base_urls))


def ask(base_url: str) -> Served | None:
    """What one address offers."""
    if not is_local(base_url):
        return None
    try:
        status, body = _request("GET", f"{base_url}/models")
        names = [each["id"] for each in json.loads(body)["data"]] if status == OK else []
    except (OSError, HTTPException, ValueError, KeyError, TypeError, RecursionError):
        return None
    models = [name for name in names if isinstance(name, str) and 0 < len(name) <= 200 and not _NO_CHAT.search(name)]
    return Served(models, "responses" if _knows(f"{base_url}/responses") else "chat") if models else None


def _knows(url: str) -> bool:
    """Whether a server knows an address: an empty request is refused there, and not found elsewhere."""
    try:
        status, _ = _request("POST", url, "{}")
    except (OSError, HTTPException, ValueError):
        return False
    return status not in (404, 405, 501)


def _request(method: str, url: str, body: str | None = None) -> tuple[int, bytes]:
    """Status and the beginning of the body. No redirect is followed and no proxy asked: either could lead off this machine."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_S)
    try:
        connection.request(method, parts.path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read(LARGEST)
    finally:
        connection.close()
