"""Sending to a provider that takes 20 to 50 ms: the whole pump, rendering included, beside the bare HTTP client.

`single`: one message a call (Mailgun, batches off). `batch`: Mailgun's shared skeleton, 1,000 a call, and Postmark's
500 different bodies. Bare is the same HTTP library with bodies encoded beforehand, in as many processes, against the
same sink, in the same run. The shipped win-back template is rendered for each recipient.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks._dispatch_worker import settings
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.compliance.service import load_rules
from liquor_app.core.config import PROJECT_ROOT, get_settings
from liquor_app.core.db import engine, transaction
from liquor_app.core.platform.child_process import Child, free_port
from liquor_app.core.platform.runtime_info import database_url, redis_url
from liquor_app.organization.models import Channel
from liquor_app.providers.service import configure_channel
from liquor_app.sending.pipeline.claim import claim_batch
from liquor_app.sending.pipeline.compose import Composed, compose, load_material
from liquor_app.sending.pipeline.launch import launch_campaign
from tests.factories import ALL_DAY, add_people, add_ready_campaign, noon_zone, open_shop

CASES = (("single", "mailgun"), ("batch", "mailgun"), ("batch", "postmark"))
WORKERS = (1, 2)


async def run(
    sends: int = 50_000, modes: str = "single,batch", workers: str = "1,2", providers: str = "mailgun,postmark"
) -> AsyncIterator[dict[str, object]]:
    """A line for each mode, provider and number of workers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = get_settings().data_dir / "sink.log"
    sink = Child("sink", [sys.executable, "-m", "benchmarks._sink", str(port)], log, cwd=PROJECT_ROOT)
    async with transaction() as session:
        await open_shop(session)
    sink.start()
    try:
        for mode, provider in CASES:
            if mode not in modes.split(",") or provider not in providers.split(","):
                continue
            body = await configure(provider, url)
            for count in (int(number) for number in workers.split(",")):
                bare = await _bare(mode, provider, url, count, sends, body)
                yield await _ours(mode, provider, url, count, sends, bare)
    finally:
        sink.stop(2)


async def configure(provider: str, url: str) -> dict[str, str]:
    """This provider alone carries e-mail; returns a body of the size and kind it will get."""
    async with transaction() as session:
        await session.execute(text("UPDATE channels SET is_enabled = false WHERE channel = 'email'"))
        await configure_channel(
            session, SYSTEM, Channel.EMAIL, provider, rate_per_second=100_000, config=settings(provider, url)
        )
        people = await add_people(session, 1, timezone=noon_zone())
        await launch_campaign(session, SYSTEM, await add_ready_campaign(session, people, window=ALL_DAY))
        rules = await load_rules(session)
        claim = await claim_batch(session, rules, [Channel.EMAIL], limit=1, lease_seconds=60)
        made = compose(claim.messages[0], await load_material(session))
        assert isinstance(made, Composed)
        await session.execute(text("DELETE FROM sends"))
    out = made.outgoing
    return {"subject": out.subject or "", "html": out.html or "", "text": out.text}


async def fill(sends: int) -> None:
    """A launched campaign of that many people, due now, and the tables as fresh as after a night's vacuum."""
    async with transaction() as session:
        await session.execute(
            text("TRUNCATE sends, send_keys, analytics_events, campaigns, actions, customers CASCADE")
        )
        for start in range(0, sends, 10_000):
            people = await add_people(session, min(10_000, sends - start), timezone=noon_zone())
            campaign = await add_ready_campaign(session, people, window=ALL_DAY)
            await launch_campaign(session, SYSTEM, campaign)
    async with engine().connect() as connection:
        free = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await free.execute(text("VACUUM ANALYZE"))


async def _ours(
    mode: str, provider: str, url: str, workers: int, sends: int, bare: dict[str, Any]
) -> dict[str, object]:
    await fill(sends)
    told = await processes(workers, "ours", mode, provider, url, str(sends), "{}")
    async with transaction() as session:
        sent = (await session.execute(text("SELECT count(*) FROM sends WHERE status = 'sent'"))).scalar_one()
    assert sent == sends, f"{sent} of {sends} were sent: {told}"
    rate = sends / max(one["seconds"] for one in told)
    spent: dict[str, float] = {}
    for one in told:
        for stage, seconds in one["spent"].items():
            spent[stage] = spent.get(stage, 0.0) + seconds
    return {
        "bench": "dispatch",
        "mode": mode,
        "provider": provider,
        "workers": workers,
        "sends": sends,
        "ours_per_s": round(rate),
        "bare_per_s": round(bare["rate"]),
        "ratio": round(rate / bare["rate"], 3),
        "peak_mb": max(one["peak_mb"] for one in told),
        "ms_per_message": {stage: round(1000 * seconds / sends, 3) for stage, seconds in sorted(spent.items())},
    }


async def _bare(mode: str, provider: str, url: str, workers: int, sends: int, body: dict[str, str]) -> dict[str, Any]:
    # enough to be measured, no more: each is a request without a ledger
    count = min(sends, 20_000 if mode == "single" else 100_000) // workers
    told = await processes(workers, "bare", mode, provider, url, str(count), json.dumps(body))
    return {"rate": sum(one["messages"] for one in told) / max(one["seconds"] for one in told)}


async def processes(number: int, *arguments: str) -> list[dict[str, Any]]:
    """Run that many workers at once; what each of them told."""
    environment = {**os.environ, "DATABASE_URL": database_url(), "REDIS_URL": redis_url()}
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks._dispatch_worker", *arguments,
            stdout=asyncio.subprocess.PIPE, cwd=Path(PROJECT_ROOT), env=environment,
        )
        for _ in range(number)
    ]  # fmt: skip
    said = await asyncio.gather(*(process.communicate() for process in started))
    if any(process.returncode for process in started):
        raise RuntimeError("a worker of the benchmark failed")
    return [json.loads(out.decode().strip().splitlines()[-1]) for out, _ in said]
