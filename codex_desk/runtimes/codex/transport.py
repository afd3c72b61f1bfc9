"""Lines of JSON to and from an app-server: over its unix socket as WebSocket frames, or over its standard streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from codex_desk.runtimes.codex.errors import ConnectionLost

LARGEST = 256 << 20
"""Bytes of one line; a turn's diff or a command's output may be tens of megabytes."""

CHUNK = 1 << 18


class Transport(Protocol):
    async def send(self, line: str) -> None:
        """Raises `ConnectionLost`."""
        ...

    def lines(self) -> AsyncIterator[str | bytes]:
        """Every line that comes, until the connection ends. Raises `ConnectionLost` for one that is too long."""
        ...

    async def close(self) -> None: ...


class SocketTransport:
    """One WebSocket connection; each message is one line."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, path: Path) -> SocketTransport:
        """Raises `OSError` or `ConnectionLost` where nobody answers as an app-server does."""
        try:
            # Codex answers no pings while it is busy starting; a dead process closes the socket anyway.
            return cls(
                await unix_connect(
                    str(path), uri="ws://localhost/", max_size=LARGEST, compression=None, ping_interval=None, open_timeout=10
                )
            )
        except (WebSocketException, TimeoutError) as error:
            raise ConnectionLost(f"no app-server answers at {path}: {error}") from error

    async def send(self, line: str) -> None:
        try:
            await self._connection.send(line)
        except ConnectionClosed as error:
            raise ConnectionLost("the connection to Codex is closed") from error

    async def lines(self) -> AsyncIterator[str | bytes]:
        try:
            async for message in self._connection:
                yield message
        except ConnectionClosed as error:
            raise ConnectionLost(f"the connection to Codex broke: {error}") from error

    async def close(self) -> None:
        await self._connection.close()


class PipeTransport:
    """A child's standard streams."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, line: str) -> None:
        try:
            self._writer.write(line.encode("utf-8", "replace") + b"\n")
            await self._writer.drain()
        except (ConnectionError, RuntimeError) as error:
            raise ConnectionLost("Codex reads no more") from error

    async def lines(self) -> AsyncIterator[str | bytes]:
        held: list[bytes] = []
        size = 0
        while chunk := await self._reader.read(CHUNK):
            *whole, rest = chunk.split(b"\n")
            for part in whole:
                held.append(part)
                yield b"".join(held)
                held, size = [], 0
            held.append(rest)
            size += len(rest)
            if size > LARGEST:
                raise ConnectionLost(f"Codex sent a line of more than {LARGEST >> 20} MB")

    async def close(self) -> None:
        self._writer.close()
