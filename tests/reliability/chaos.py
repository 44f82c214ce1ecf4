"""Everything goes wrong at once, and every message is accounted for at the receiving end.

    python -m tests.reliability.chaos --sends 20000 --seed 7 --json [--provider mailgun|postmark|sendgrid|smtp|twilio]

The worker is killed (-9) ten times at random, PostgreSQL and Valkey once each; 5 % of the provider's answers are cut
after it has taken the message, 10 % are 429 or 5xx. What a seed decides (whom to kill when, which answer goes wrong)
it decides the same way each time. The last line is counted at the sink, a process of its own:

    lost = due - seen at the sink - recorded as never sent - open unknown

SendGrid (without its paid log), SMTP and Twilio cannot be asked afterwards: there `unknown_open` is what was truly
ambiguous.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import config, db, redis
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.platform import migrate
from liquor_app.core.platform.child_process import Child, free_port
from liquor_app.core.platform.embedded_postgres import EmbeddedPostgres
from liquor_app.core.platform.embedded_valkey import EmbeddedValkey
from liquor_app.core.platform.supervisor import Supervisor
from liquor_app.organization.models import Channel
from liquor_app.providers.service import configure_channel
from liquor_app.sending.pipeline.launch import launch_campaign
from tests.factories import ALL_DAY, add_people, add_ready_campaign, noon_zone, open_shop
from tests.providers.servers import API_KEY, DOMAIN, TWILIO_SID

PROVIDERS = ("mailgun", "postmark", "sendgrid", "smtp", "twilio")
OPEN = ("pending", "claimed", "sending")
NEVER_SENT = ("skipped", "failed", "cancelled")
CALLBACK = "https://shop.example.com/api/v1/webhooks/twilio"
QUIET_SECONDS = 90.0
"""Nothing moves for so long: something is stuck."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The last line."""

    sends: int
    delivered: int
    lost: int
    duplicates: int
    unknown_open: int
    kills: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to go wrong."""

    sends: int
    seed: int = 7
    provider: str = "mailgun"
    worker_kills: int = 10
    engine_kills: int = 1
    cut_after: float = 0.05
    errors: float = 0.10
    per_second: int = 400


@contextmanager
def own_engines() -> Iterator[dict[str, Child]]:
    """PostgreSQL and Valkey of this run alone: it kills them."""
    folder = Path(tempfile.mkdtemp(prefix="liquor-chaos-", dir="/var/lib" if os.geteuid() == 0 else None))
    before = {name: os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL", "LIQUOR_DATA_DIR")}
    children: dict[str, Child] = {}
    try:
        postgres, valkey = EmbeddedPostgres(folder), EmbeddedValkey(folder)
        children["postgres"], children["valkey"] = postgres.start(), valkey.start()
        os.environ.update(DATABASE_URL=postgres.url, REDIS_URL=valkey.url, LIQUOR_DATA_DIR=str(folder))
        config.get_settings.cache_clear()
        migrate.upgrade(postgres.url)
        yield children
    finally:
        for child in reversed(children.values()):
            child.stop(3)
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        config.get_settings.cache_clear()
        shutil.rmtree(folder, ignore_errors=True)


def settings(provider: str, port: int, smtp_port: int) -> dict[str, Any]:
    """Short time-outs and graces; the sink's log never lags."""
    url = {"base_url": f"http://127.0.0.1:{port}", "timeout_seconds": 2}
    return {
        "mailgun": {"domain": DOMAIN, "api_key": API_KEY, "lookup_grace_seconds": 2, **url},
        "postmark": {"server_token": API_KEY, "lookup_grace_seconds": 2, **url},
        "sendgrid": {"api_key": API_KEY, **url},
        "smtp": {"host": "127.0.0.1", "port": smtp_port, "security": "none", "username": "shop", "password": API_KEY,
                 "timeout_seconds": 2},
        "twilio": {"account_sid": TWILIO_SID, "auth_token": API_KEY, "callback_url": CALLBACK, **url},
    }[provider]  # fmt: skip


def counts(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/counts", timeout=5) as answer:
        loaded: dict[str, Any] = json.load(answer)
    return loaded


async def statuses() -> dict[str, str]:
    """Every message's status; empty while the database is down."""
    try:
        async with transaction() as session:
            found = await session.execute(text("SELECT id, status FROM sends"))
            return {str(row.id): row.status for row in found}
    except (AppError, OSError):
        return {}


async def prepare(plan: Plan, port: int, smtp_port: int) -> None:
    """A campaign due now, to be carried by the sink."""
    channel = Channel.SMS if plan.provider == "twilio" else Channel.EMAIL
    async with transaction() as session:
        await open_shop(session)
        await session.execute(text("UPDATE brands SET sms_sender = '+15550001111'"))
        await configure_channel(
            session, SYSTEM, channel, plan.provider, rate_per_second=plan.per_second,
            config=settings(plan.provider, port, smtp_port),
        )  # fmt: skip
        for start in range(0, plan.sends, 5_000):
            people = await add_people(session, min(5_000, plan.sends - start), timezone=noon_zone())
            # of a network above all countries: no zone of its own, so that a text may go out whenever this runs
            await session.execute(text("UPDATE customers SET phone = '+88213' || right(phone, 7)"))
            campaign = await add_ready_campaign(session, people, channel=channel.value, window=ALL_DAY)
            await launch_campaign(session, SYSTEM, campaign)


def schedule(plan: Plan) -> list[tuple[float, str]]:
    """Whom to kill, and at which share of the messages taken."""
    chance = random.Random(plan.seed)
    victims = ["worker"] * plan.worker_kills + ["postgres", "valkey"] * plan.engine_kills
    return sorted((chance.uniform(0.03, 0.95), victim) for victim in victims)


async def settled(plan: Plan) -> dict[str, str]:
    """Wait until nothing is on its way any more; what became of each message."""
    last, moved = "", time.monotonic()
    while True:
        seen = await statuses()
        if seen and not any(status in OPEN for status in seen.values()):
            return seen
        told = json.dumps(sorted(seen.values()))
        if told != last:
            last, moved = told, time.monotonic()
        if time.monotonic() - moved > QUIET_SECONDS:
            raise TimeoutError(f"nothing has moved for {QUIET_SECONDS:.0f} s")
        await asyncio.sleep(0.5)


async def run(plan: Plan) -> Counted:
    """One run on engines of its own.

    Raises:
        TimeoutError: something got stuck; the worker's last words are in the message.
    """
    port, smtp_port = free_port(), free_port()
    with own_engines() as children:
        log = Path(os.environ["LIQUOR_DATA_DIR"]) / "log"
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}

        def python(name: str, *arguments: str) -> Child:
            return Child(name, [sys.executable, "-m", *arguments], log / f"{name}.log", environment, PROJECT_ROOT)

        sink = python(
            "sink", "tests.reliability.sink", str(port), str(smtp_port), "--latency", "0.03", "--seed", str(plan.seed),
            "--cut-after", str(plan.cut_after), "--errors", str(plan.errors),
        )  # fmt: skip
        victims = {**children, "worker": python("worker", "tests.reliability.worker")}
        supervisor = Supervisor(lambda line: None)
        watching = threading.Thread(target=supervisor.watch, args=([*victims.values()],), daemon=True)
        try:
            sink.start()
            await prepare(plan, port, smtp_port)
            due = set(await statuses())
            await db.dispose()
            victims["worker"].start()
            watching.start()
            kills = await rampage(plan, port, victims)
            end = await settled(plan)
            return count(due, end, counts(port), kills)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{victims['worker'].tail(40)}") from error
        finally:
            supervisor.stopping.set()
            if watching.is_alive():
                watching.join(5)
            for child in (victims["worker"], sink):
                child.stop(3)
            await db.dispose()
            await redis.dispose()


async def rampage(plan: Plan, port: int, victims: dict[str, Child]) -> int:
    """Kill by the schedule, each once it is up and the messages have come so far; how many were killed."""
    kills = 0
    for share, victim in schedule(plan):
        deadline = time.monotonic() + QUIET_SECONDS
        while len(await asyncio.to_thread(_taken, port)) < share * plan.sends or not victims[victim].running:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{share:.0%} of the messages were not taken in time")
            await asyncio.sleep(0.05)
        victims[victim].signal(signal.SIGKILL)
        kills += 1
        print(f"killed {victim} at {share:.0%}", file=sys.stderr, flush=True)
    return kills


def _taken(port: int) -> dict[str, int]:
    try:
        taken: dict[str, int] = counts(port)["taken"]
    except OSError:
        return {}
    return taken


def count(due: set[str], end: dict[str, str], said: dict[str, Any], kills: int) -> Counted:
    """The balance, from the sink's own book."""
    taken: dict[str, int] = said["taken"]
    unknown = {send_id for send_id, status in end.items() if status == "unknown"}
    cut = unknown & set(said["cut_ids"])
    print(
        f"unknown: {len(cut)} whose answer was cut, {len(unknown - cut)} on their way when a worker was killed",
        file=sys.stderr,
    )
    never = {send_id for send_id, status in end.items() if status in NEVER_SENT}
    return Counted(
        sends=len(due),
        delivered=len(due & set(taken)),
        lost=len(due - set(taken) - never - unknown),
        duplicates=sum(times - 1 for times in taken.values()),
        unknown_open=len(unknown),
        kills=kills,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sends", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--provider", choices=PROVIDERS, default="mailgun")
    parser.add_argument("--kills", type=int, default=10, help="of the worker; the engines are killed once each")
    parser.add_argument("--per-second", type=int, default=400)
    parser.add_argument("--json", action="store_true", help="the default; there is no other form")
    given = parser.parse_args()
    plan = Plan(given.sends, given.seed, given.provider, given.kills, per_second=given.per_second)
    print(json.dumps(asdict(asyncio.run(run(plan)))), flush=True)


if __name__ == "__main__":
    main()
