"""kill -9 of the worker, of PostgreSQL and of Valkey while messages go out: counted at the receiving end."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import config, db, embedded, migrate, redis
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.process import Child, free_port
from liquor_app.core.supervisor import Supervisor
from liquor_app.organization.models import Channel
from liquor_app.providers.service import configure_channel
from liquor_app.sending.launch import launch_campaign
from tests.factories import ALL_DAY, add_people, add_ready_campaign, noon_zone, open_shop
from tests.reliability.sink import API_KEY, DOMAIN

pytestmark = pytest.mark.reliability

MESSAGES = 800
PER_SECOND = 100
DEADLINE_SECONDS = 75.0


@contextmanager
def own_engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Child]]:
    """PostgreSQL and Valkey of this test alone: it kills them."""
    folder = Path(tempfile.mkdtemp(prefix="liquor-kill-", dir="/var/lib" if os.geteuid() == 0 else None))
    children: dict[str, Child] = {}
    try:
        postgres, valkey = embedded.EmbeddedPostgres(folder), embedded.EmbeddedValkey(folder)
        children["postgres"], children["valkey"] = postgres.start(), valkey.start()
        for name, value in (
            ("DATABASE_URL", postgres.url),
            ("REDIS_URL", valkey.url),
            ("LIQUOR_DATA_DIR", str(folder)),
        ):
            monkeypatch.setenv(name, value)
        config.get_settings.cache_clear()
        migrate.upgrade(postgres.url)
        yield children
    finally:
        for child in reversed(children.values()):
            child.stop(3)
        monkeypatch.undo()
        config.get_settings.cache_clear()
        shutil.rmtree(folder, ignore_errors=True)


def counts(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/counts", timeout=5) as answer:
        loaded: dict[str, Any] = json.load(answer)
    return loaded


async def until(condition: Any, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if await asyncio.to_thread(condition):
                return
        except OSError:
            pass
        await asyncio.sleep(0.05)
    pytest.fail(f"not within {seconds:.0f} s: {what}")


async def statuses() -> dict[str, int]:
    """Messages by status; empty while the database is down."""
    try:
        async with transaction() as session:
            found = await session.execute(text("SELECT status, count(*) FROM sends GROUP BY 1"))
            return {str(status): int(count) for status, count in found.all()}
    except (AppError, OSError):
        return {}


async def test_nothing_lost_and_nothing_sent_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is killed once in mid-flight, and the network cuts connections besides: every message arrives once."""
    port = free_port()
    with own_engines(monkeypatch) as children:
        log = Path(os.environ["LIQUOR_DATA_DIR"]) / "log"
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}

        def python(name: str, *arguments: str) -> Child:
            return Child(name, [sys.executable, "-m", *arguments], log / f"{name}.log", environment, PROJECT_ROOT)

        sink = python("sink", "tests.reliability.sink", str(port), "--latency", "0.1",
                      "--cut-before", "0.02", "--cut-after", "0.02")  # fmt: skip
        worker = python("worker", "tests.reliability.worker")
        supervisor = Supervisor(lambda line: None)
        watching = threading.Thread(target=supervisor.watch, args=([*children.values(), worker],), daemon=True)
        try:
            sink.start()
            await until(lambda: counts(port) is not None, 15, "the sink answers")
            async with transaction() as session:
                await open_shop(session)
                await configure_channel(
                    session, SYSTEM, Channel.EMAIL, "mailgun", rate_per_second=PER_SECOND,
                    config={"domain": DOMAIN, "api_key": API_KEY, "base_url": f"http://127.0.0.1:{port}",
                            "lookup_grace_seconds": 2, "timeout_seconds": 2},
                )  # fmt: skip
                people = await add_people(session, MESSAGES, timezone=noon_zone())
                campaign = await add_ready_campaign(session, people, window=ALL_DAY)
                await launch_campaign(session, SYSTEM, campaign)
                found = await session.execute(text("SELECT id FROM sends"))
                wanted = {str(send_id) for send_id in found.scalars()}
            await db.dispose()
            worker.start()
            watching.start()
            for share, victim in ((0.2, worker), (0.45, children["postgres"]), (0.7, children["valkey"])):
                await until(
                    lambda share=share: len(counts(port)["taken"]) >= share * MESSAGES, 40, f"{share:.0%} of it is out"
                )
                victim.signal(signal.SIGKILL)
            started, seen = time.monotonic(), {}
            while time.monotonic() - started < DEADLINE_SECONDS:
                seen = await statuses()
                if seen.get("sent") == MESSAGES:
                    break
                await asyncio.sleep(0.3)
            said = counts(port)
            taken = said["taken"]
            print(
                f"\n{len(taken)} of {MESSAGES} messages arrived, {sum(taken.values())} calls taken, cut: {said['cut']}"
            )
            assert seen == {"sent": MESSAGES}, f"{seen}\n{worker.tail(30)}"
            assert set(taken) == wanted, "lost"
            assert {send_id: count for send_id, count in taken.items() if count > 1} == {}, "sent twice"
            assert said["cut"]["before"] > 0
            assert said["cut"]["after"] > 0
        finally:
            supervisor.stopping.set()
            if watching.is_alive():
                watching.join(5)
            for child in (worker, sink):
                child.stop(3)
            await db.dispose()
            await redis.dispose()
