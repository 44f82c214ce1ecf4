"""A stand-in for Mailgun, speaking its HTTP: takes messages, counts each by our send id, answers event look-ups.

    python -m tests.reliability.sink PORT [--latency 0.05] [--cut-before 0.02] [--cut-after 0.02]

A share of connections is cut without an answer, before or after the message was taken; the sender cannot tell which.
`GET /counts` says how often each send id was taken, and how many connections were cut.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import random
from collections import Counter
from dataclasses import dataclass, field

from aiohttp import web

DOMAIN = "mg.harborvine.example"
API_KEY = "key-for-tests"


@dataclass(slots=True)
class Sink:
    """What it has taken. `answers` overrides the next answers by recipient: a status, or `cut`."""

    latency: float = 0.0
    cut_before: float = 0.0
    cut_after: float = 0.0
    taken: Counter[str] = field(default_factory=Counter)
    messages: dict[str, dict[str, str]] = field(default_factory=dict)
    cut: Counter[str] = field(default_factory=Counter)
    answers: dict[str, list[int | str]] = field(default_factory=dict)
    random: random.Random = field(default_factory=lambda: random.Random(7))
    log_lags: bool = False

    def app(self) -> web.Application:
        app = web.Application(client_max_size=2**21)
        app.router.add_post("/v3/{domain}/messages", self.post)
        app.router.add_get("/v3/{domain}/events", self.events)
        app.router.add_get("/counts", self.counts)
        return app

    def _refuses(self, request: web.Request) -> web.Response | None:
        wanted = "Basic " + base64.b64encode(f"api:{API_KEY}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            return web.Response(status=401, text="Forbidden")
        if request.match_info["domain"] != DOMAIN:
            return web.json_response({"message": "Domain not found"}, status=404)
        return None

    async def post(self, request: web.Request) -> web.Response:
        """`POST /v3/{domain}/messages`."""
        if (refusal := self._refuses(request)) is not None:
            return refusal
        form = {name: str(value) for name, value in (await request.post()).items()}
        await asyncio.sleep(self.latency * self.random.uniform(0.5, 1.5))
        planned = self.answers.get(form["to"])
        answer = planned.pop(0) if planned else None
        if isinstance(answer, int) and answer != 200:
            return web.json_response({"message": f"planned {answer}"}, status=answer)
        if answer is None and self.random.random() < self.cut_before:
            return self._cut(request, "before")
        message_id = form["h:Message-Id"]
        self.taken[form["v:send_id"]] += 1
        self.messages[message_id.strip("<>")] = form
        if answer == "cut" or (answer is None and self.random.random() < self.cut_after):
            return self._cut(request, "after")
        return web.json_response({"id": message_id, "message": "Queued. Thank you."})

    def _cut(self, request: web.Request, when: str) -> web.Response:
        self.cut[when] += 1
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def events(self, request: web.Request) -> web.Response:
        """`GET /v3/{domain}/events`, filtered by message-id."""
        if (refusal := self._refuses(request)) is not None:
            return refusal
        found = self.messages.get(request.query["message-id"]) if not self.log_lags else None
        items = [{"event": "accepted", "message": {"headers": {"message-id": request.query["message-id"]}}}]
        return web.json_response({"items": items if found else [], "paging": {}})

    async def counts(self, request: web.Request) -> web.Response:
        """What the test counts."""
        return web.json_response({"taken": dict(self.taken), "cut": dict(self.cut)})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    for name in ("latency", "cut-before", "cut-after"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    given = parser.parse_args()
    sink = Sink(given.latency, given.cut_before, given.cut_after)
    web.run_app(sink.app(), host="127.0.0.1", port=given.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
