"""A provider that only waits and says yes, lean enough never to be the bottleneck: `python -m benchmarks._sink PORT`.

It reads Mailgun's and Postmark's calls just far enough to answer them after 20 to 50 milliseconds. With `count` behind
the port it also notes which messages came, how often and when last, and tells it to whoever asks (`GET /`).
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import re
import sys
import time
from collections import Counter

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
SEND_ID = re.compile(rb'send_id"(?:\r\n\r\n|: ?")([0-9a-f-]{36})')
ONE = b'{"id":"<bench@sink>","message":"Queued. Thank you."}'


class Counted:
    """What came in, by message."""

    def __init__(self) -> None:
        self.came: Counter[bytes] = Counter()
        self.last = 0.0

    def see(self, call: bytes) -> None:
        if ids := SEND_ID.findall(call):
            self.came.update(ids)
            self.last = time.time()

    def told(self) -> bytes:
        most = max(self.came.values(), default=0)
        return json.dumps({"messages": len(self.came), "most_of_one": most, "last": self.last}).encode()


COUNTED: Counted | None = None


class Sink(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.chunks: list[bytes] = []
        self.got = 0
        self.want = -1

    def data_received(self, data: bytes) -> None:
        self.chunks.append(data)
        self.got += len(data)
        if self.want < 0:
            head, found, _ = b"".join(self.chunks).partition(b"\r\n\r\n")
            if not found:
                return
            length = LENGTH.search(head)
            self.want = len(head) + 4 + (int(length[1]) if length else 0)
        if self.got >= self.want:
            whole = b"".join(self.chunks)
            self.chunks, self.got, self.want = [], 0, -1
            if COUNTED is not None:
                COUNTED.see(whole)
            asyncio.get_running_loop().call_later(random.uniform(0.02, 0.05), self.answer, answer_to(whole))

    def answer(self, body: bytes) -> None:
        self.transport.write(  # type: ignore[attr-defined]
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        )


def answer_to(call: bytes) -> bytes:
    if COUNTED is not None and call.startswith(b"GET / "):
        return COUNTED.told()
    if not call.startswith(b"POST /email/batch"):
        return ONE
    count = call.count(b'"send_id"')
    return b"[" + b",".join([b'{"ErrorCode":0,"Message":"OK","MessageID":"bench"}'] * count) + b"]"


async def main(port: int) -> None:
    gc.freeze()
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    COUNTED = Counted() if sys.argv[2:] == ["count"] else None
    asyncio.run(main(int(sys.argv[1])))
