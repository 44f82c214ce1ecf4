"""A server on 127.0.0.1 that speaks the OpenAI chat protocol, and answers what a test tells it to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Answer = "Reply | Callable[[dict[str, Any]], Reply]"


@dataclass
class Reply:
    """One answer: the content of the message, or a whole `body` instead; `delay` seconds before it."""

    content: str = ""
    status: int = 200
    body: bytes | None = None
    delay: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    tokens: tuple[int, int] = (900, 300)
    finish: str = "stop"


@dataclass
class ChatServer:
    """`requests` holds every body received, whole; `script` is answered in turn, the last one again and again."""

    url: str = ""
    script: list[Any] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def say(self, *replies: Any) -> None:
        self.script = list(replies)
        self.requests.clear()
        self.raw.clear()

    def document(self, number: int = 0) -> dict[str, Any]:
        """What the planner was told in a request."""
        found: dict[str, Any] = json.loads(self.requests[number]["messages"][1]["content"])
        return found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.raw.append(head + body)
            assert lines[0].startswith("POST /v1/chat/completions "), lines[0]
            asked = json.loads(body)
            self.requests.append(asked)
            turn = self.script[min(len(self.requests), len(self.script)) - 1]
            reply: Reply = turn(asked) if isinstance(turn, Callable) else turn  # type: ignore[arg-type]
            await asyncio.sleep(reply.delay)
            made = reply.body if reply.body is not None else json.dumps(_completion(asked, reply)).encode()
            extra = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
            writer.write(
                f"HTTP/1.1 {reply.status} X\r\ncontent-type: application/json\r\ncontent-length: {len(made)}\r\n"
                f"connection: close\r\n{extra}\r\n".encode()
                + made
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def _completion(asked: dict[str, Any], reply: Reply) -> dict[str, Any]:
    prompt, completion = reply.tokens
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": asked["model"],
        "choices": [
            {
                "index": 0,
                "finish_reason": reply.finish,
                "message": {"role": "assistant", "content": reply.content, "refusal": None},
            }
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
    }


@asynccontextmanager
async def chat_server() -> AsyncIterator[ChatServer]:
    held = ChatServer()
    server = await asyncio.start_server(held._serve, "127.0.0.1", 0)
    held.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield held
    finally:
        server.close()


def proposal(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A sensible answer to a question: the first offer of the first segment, by e-mail, over the first three days."""
    segment = document["segments"][0]
    offer = segment["offers"][0]["key"]
    where = {"segment": segment["key"], "channel": "email", "offer": offer}
    most = max(document["messages_the_plan_can_hold"], 1)
    each = min(0.3, min(day["email_room"] for day in document["days"][:3]) / most)
    return {
        "themes": [{"title": "A quiet return", "why": "They used to come every other week."}],
        "shares": [{**where, "day": day["day"], "share": each} for day in document["days"][:3]],
        "copy_variants": [
            {
                **where,
                "subject": "Your shelf is waiting",
                "text": "It has been a while. {{ offer.text }}, until {{ offer.ends }}.",
            },
            {**where, "subject": None, "text": "We kept something for you: {{ offer.text }}."},
        ],
        "chosen_because": [{"about": "The first days", "why": "People come at the weekend."}],
        "rejected": [{"about": "Texts", "why": "Dearer, and no better answered here."}],
        **changes,
    }


def answering(**changes: Any) -> Callable[[dict[str, Any]], Reply]:
    """A turn of the script that answers the question asked with `proposal`, some of it changed."""

    def turn(asked: dict[str, Any]) -> Reply:
        document = json.loads(asked["messages"][1]["content"])
        own = {name: value(document) if callable(value) else value for name, value in changes.items()}
        return Reply(json.dumps(proposal(document, **own)))

    return turn
