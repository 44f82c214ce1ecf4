"""One sending process of the dispatch benchmark: `python -m benchmarks._dispatch_worker ours|bare MODE PROVIDER …`.

Prints one JSON line: seconds, messages, peak memory, and where the time went.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import os
import pstats
import resource
import sys
import time
from typing import Any

import httpx

from liquor_app.core import db, redis
from liquor_app.core.ids import uuid7
from liquor_app.core.platform.gc_control import seldom
from liquor_app.core.security.outbound import http_client
from liquor_app.organization.models import Channel
from liquor_app.providers.adapters.mailgun import Mailgun
from liquor_app.providers.kit.base import OutgoingMessage, Provider
from liquor_app.providers.kit.message_bodies import Whole
from liquor_app.providers.kit.provider_http import form_data
from liquor_app.providers.registry import PROVIDERS
from liquor_app.sending.pipeline.dispatch import Dispatcher

DOMAIN = "mg.harborvine.example"


def settings(provider: str, url: str) -> dict[str, Any]:
    """What the provider is configured with."""
    if provider == "mailgun":
        return {"domain": DOMAIN, "api_key": "key", "base_url": url}
    return {"server_token": "key", "base_url": url}


def open_client(provider: str, url: str) -> Provider:
    kind = PROVIDERS[provider]
    return kind(kind.Config.model_validate(settings(provider, url)))


def watch_http(spent: dict[str, float]) -> None:
    """Split a provider's call into making the request and waiting for its answer."""
    build, send = httpx.AsyncClient.build_request, httpx.AsyncClient.send

    def timed_build(self: httpx.AsyncClient, *arguments: Any, **named: Any) -> httpx.Request:
        began = time.perf_counter()
        made = build(self, *arguments, **named)
        spent["encode"] += time.perf_counter() - began
        return made

    async def timed_send(self: httpx.AsyncClient, *arguments: Any, **named: Any) -> httpx.Response:
        began = time.perf_counter()
        answer = await send(self, *arguments, **named)
        spent["calls"] += 1
        spent["call"] += time.perf_counter() - began
        return answer

    httpx.AsyncClient.build_request = timed_build  # type: ignore[method-assign]
    httpx.AsyncClient.send = timed_send  # type: ignore[method-assign]


async def ours() -> dict[str, Any]:
    """Pump until nothing is due."""
    dispatcher = Dispatcher()
    watch_http(dispatcher.spent)
    done = 0

    async def lane() -> None:
        nonlocal done
        idle = 0
        while idle < 3:
            taken = await dispatcher.pump_once()
            done += taken
            idle = 0 if taken else idle + 1
            if not taken:
                await asyncio.sleep(0.02)

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(lane() for _ in range(dispatcher.pace.lanes)))
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    await dispatcher.aclose()
    return {"seconds": seconds, "cpu": cpu, "messages": done, "spent": dict(dispatcher.spent)}


def ready_made(provider: str, batched: bool, url: str, body: dict[str, str]) -> tuple[str, list[dict[str, Any]], int]:
    """Path, encoded bodies and messages per body, as the provider's own client would send them."""
    client = open_client(provider, url)
    version = uuid7()
    size = client.batch_limit if batched else 1

    def message(number: int) -> OutgoingMessage:
        return OutgoingMessage(
            send_id=uuid7(), campaign_id=version, channel=Channel.EMAIL, sender="a@x.example", sender_name="A",
            recipient=f"{uuid7()}@example.com", subject=body["subject"],
            body=Whole(body["text"], body["html"] + str(number)), template_version_id=version,
        )  # fmt: skip

    made: list[dict[str, Any]] = []
    for _ in range(8):
        messages = [message(number) for number in range(size)]
        if provider == "mailgun":
            assert isinstance(client, Mailgun)
            form = client._form(messages[0]) if size == 1 else client._shared_form(messages)
            made.append(form_data(form))
        else:
            content = json.dumps([client._message(one) for one in messages]).encode()  # type: ignore[attr-defined]
            made.append({"content": content, "headers": {"content-type": "application/json"}})
    return (f"/v3/{DOMAIN}/messages" if provider == "mailgun" else "/email/batch"), made, size


async def bare(provider: str, batched: bool, url: str, count: int, body: dict[str, str]) -> dict[str, Any]:
    """The same HTTP client with ready-made bodies: no ledger, no rendering, no encoding."""
    path, bodies, size = ready_made(provider, batched, url, body)
    kind = PROVIDERS[provider]
    client = http_client(url, connections=kind.concurrency, seconds=20, auth=("api", "key"))
    left = -(-count // size)

    async def lane() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            answer = await client.post(path, **bodies[left % len(bodies)])
            assert answer.status_code == 200
            answer.json()

    began = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(kind.concurrency)))
    seconds = time.perf_counter() - began
    await client.aclose()
    return {"seconds": seconds, "messages": -(-count // size) * size}


async def main() -> None:
    what, mode, provider, url, count, body = sys.argv[1:7]
    if mode == "single":
        Mailgun.batch_limit = 1
    seldom()
    profile = cProfile.Profile() if os.environ.get("BENCH_PROFILE") else None
    if profile:
        profile.enable()
    try:
        if what == "ours":
            told = await ours()
        else:
            told = await bare(provider, mode == "batch", url, int(count), json.loads(body))
    finally:
        await db.dispose()
        await redis.dispose()
    if profile:
        profile.disable()
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(45)
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
