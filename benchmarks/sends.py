"""Launching a campaign into the ledger, and sending it to the sandbox (`dispatch` is about real providers)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from tests.factories import add_people, add_played_campaign, open_shop

LANES = 2


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


async def run(messages: int = 4_000) -> AsyncIterator[dict[str, object]]:
    """Messages a second into the ledger, and from the ledger to the sandbox."""
    async with transaction() as session:
        await open_shop(session)
        played: UUID = await add_played_campaign(session, await add_people(session, messages))
        began = time.perf_counter()
        await launch_campaign(session, SYSTEM, played)
        launched = messages / (time.perf_counter() - began)
    sandbox = await _drain(messages)
    yield {"bench": "sends.launch", "messages": messages, "ours_per_s": round(launched)}
    yield {"bench": "sends.sandbox", "messages": messages, "lanes": LANES, "ours_per_s": round(sandbox)}
