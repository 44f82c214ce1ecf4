"""Sending: our pump, rendering included, beside the bare HTTP client with ready-made bodies against the same sink."""

from __future__ import annotations

import asyncio
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.process import Child, free_port
from liquor_app.organization.models import Channel
from liquor_app.providers.base import Outcome, OutgoingMessage
from liquor_app.providers.mailgun import Mailgun, MailgunConfig
from liquor_app.providers.service import configure_channel
from liquor_app.sending.dispatch import Dispatcher
from liquor_app.sending.launch import launch_campaign
from tests.factories import ALL_DAY, add_people, add_played_campaign, add_ready_campaign, noon_zone, open_shop
from tests.reliability.sink import API_KEY, DOMAIN

LANES = 2
BODY = "<p>" + "Good beer, cold by Friday. " * 400 + "</p>"


async def _drain(messages: int) -> float:
    """Pump in as many lanes as a worker has until nothing is due; messages a second."""
    dispatcher, done = Dispatcher(), 0

    async def lane() -> None:
        nonlocal done
        while taken := await dispatcher.pump_once():
            done += taken

    began = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(LANES)))
    rate = messages / (time.perf_counter() - began)
    await dispatcher.routes.aclose()
    async with transaction() as session:
        sent = (await session.execute(text("SELECT count(*) FROM sends WHERE status = 'sent'"))).scalar_one()
        await session.execute(text("DELETE FROM sends"))
    assert done == sent == messages, (done, sent, messages)
    return rate


async def _bare(url: str, count: int) -> float:
    """The provider's client alone: no ledger, no rendering; messages a second."""
    client = Mailgun(MailgunConfig.model_validate({"domain": DOMAIN, "api_key": API_KEY, "base_url": url}))
    messages = [
        OutgoingMessage(uuid7(), None, Channel.EMAIL, "a@x.example", "A", "b@x.example", "Hi", "Hi", BODY)
        for _ in range(count)
    ]
    began = time.perf_counter()
    for start in range(0, count, 500):
        gate = asyncio.Semaphore(client.concurrency)

        async def call(message: OutgoingMessage, gate: asyncio.Semaphore = gate) -> None:
            async with gate:
                (result,) = await client.send_batch([message])
                assert result.outcome is Outcome.ACCEPTED

        await asyncio.gather(*(call(message) for message in messages[start : start + 500]))
    rate = count / (time.perf_counter() - began)
    await client.aclose()
    return rate


async def run(messages: int = 4_000) -> AsyncIterator[dict[str, object]]:
    """Messages a second from the ledger to the sandbox, and to an HTTP sink of its own process."""
    async with transaction() as session:
        await open_shop(session)
        played: UUID = await add_played_campaign(session, await add_people(session, messages))
        began = time.perf_counter()
        await launch_campaign(session, SYSTEM, played)
        launched = messages / (time.perf_counter() - began)
    sandbox = await _drain(messages)
    yield {"bench": "sends.launch", "messages": messages, "ours_per_s": round(launched)}
    yield {"bench": "sends.sandbox", "messages": messages, "lanes": LANES, "ours_per_s": round(sandbox)}
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    sink = Child(
        "sink", [sys.executable, "-m", "tests.reliability.sink", str(port)], Path("/dev/null"), cwd=PROJECT_ROOT
    )
    sink.start()
    try:
        await _until_up(url)
        async with transaction() as session:
            await configure_channel(
                session, SYSTEM, Channel.EMAIL, "mailgun", rate_per_second=100_000,
                config={"domain": DOMAIN, "api_key": API_KEY, "base_url": url},
            )  # fmt: skip
            people = await add_people(session, messages, timezone=noon_zone())
            campaign = await add_ready_campaign(session, people, window=ALL_DAY)
            await launch_campaign(session, SYSTEM, campaign)
        limit = await _bare(url, messages)
        mine = await _drain(messages)
    finally:
        sink.stop(2)
    yield {
        "bench": "sends.http",
        "messages": messages,
        "lanes": LANES,
        "ours_per_s": round(mine),
        "limit_bare_client_per_s": round(limit),
        "share_of_limit": round(mine / limit, 3),
    }


async def _until_up(url: str) -> None:
    def probe() -> None:
        urllib.request.urlopen(f"{url}/counts", timeout=1).close()

    for _ in range(100):
        try:
            await asyncio.to_thread(probe)
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise TimeoutError("the sink did not start")
