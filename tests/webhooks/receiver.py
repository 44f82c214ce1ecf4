"""A program that is told: a small HTTP server that keeps what came and answers as it is bid."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Receiver:
    """`answers` are statuses in turn, the last one again and again; None hangs."""

    port: int = 0
    answers: list[int | None] = field(default_factory=lambda: [204])
    heads: str = ""
    garbage: bytes = b""
    """Answered instead, if anything."""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            start, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.came.append((headers, body))
            self.paths.append(start)
            status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if status is None:
                await reader.read()  # until they give up
            else:
                said = b"" if status == 204 else b"the secret page of whoever answers"
                length = "" if status == 204 else f"content-length: {len(said)}\r\n"
                head = f"HTTP/1.1 {status} X\r\n{length}connection: close\r\n{self.heads}\r\n"
                writer.write(self.garbage or head.encode() + said)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving(*answers: int | None, heads: str = "") -> AsyncIterator[Receiver]:
    """Serve until the block ends."""
    receiver = Receiver(answers=list(answers) or [204], heads=heads)
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver
