"""How long messages still leave after somebody has pressed Pause, in the middle of a launch; and that resuming sends
the rest, each once.

`after_pause_s` is from the commit of the pause to the last message recorded as sent. What had passed the fence before
may finish: a call on the wire cannot be taken back.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import text

from benchmarks.dispatch import configure, fill, processes
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.lifecycle import pause_campaign, resume_campaign
from liquor_app.core.config import PROJECT_ROOT, get_settings
from liquor_app.core.db import transaction
from liquor_app.core.platform.child_process import Child, free_port
from tests.factories import open_shop

CASES = (("single", "mailgun"), ("batch", "mailgun"), ("batch", "postmark"))


async def run(sends: int = 10_000, share: int = 30) -> AsyncIterator[dict[str, object]]:
    """A line for each way of sending; the pause comes when `share` percent are sent."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = get_settings().data_dir / "sink.log"
    sink = Child("sink", [sys.executable, "-m", "benchmarks._sink", str(port)], log, cwd=PROJECT_ROOT)
    async with transaction() as session:
        await open_shop(session)
    sink.start()
    try:
        for mode, provider in CASES:
            await configure(provider, url)
            await fill(sends)
            yield {
                "bench": "pause",
                "mode": mode,
                "provider": provider,
                **await _case(mode, provider, url, sends, share),
            }
    finally:
        sink.stop(2)


async def _case(mode: str, provider: str, url: str, sends: int, share: int) -> dict[str, Any]:
    pump = asyncio.create_task(processes(1, "ours", mode, provider, url, str(sends), "{}"))
    async with transaction() as session:
        campaign = (await session.execute(text("SELECT id FROM campaigns WHERE status = 'active'"))).scalar_one()
    sent = 0
    for _ in range(3_000):
        sent, _ = await _sent()
        if sent >= sends * share // 100:
            break
        await asyncio.sleep(0.02)
    assert sent >= sends * share // 100, f"only {sent} were sent within a minute"
    async with transaction() as session:
        await pause_campaign(session, SYSTEM, campaign, reason="Somebody pressed Pause.")
    paused_at = time.time()
    await pump
    sent, last = await _sent()
    async with transaction() as session:
        await resume_campaign(session, SYSTEM, campaign)
    await processes(1, "ours", mode, provider, url, str(sends), "{}")
    done, _ = await _sent()
    assert done == sends, f"{done} of {sends} were sent after resuming"
    return {
        "sends": sends,
        "sent_before_it_held": sent,
        "left_for_later": sends - sent,
        "after_pause_s": round(max(0.0, last - paused_at), 3),
    }


async def _sent() -> tuple[int, float]:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT count(*), COALESCE(extract(epoch FROM max(sent_at)), 0) FROM sends WHERE status = 'sent'")
        )
        count, last = found.one()
    return count, float(last)
