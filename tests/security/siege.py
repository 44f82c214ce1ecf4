"""Everything an attacker does, at once and for a while, against a running shop; bounded in number and time.

Each attack speaks plain HTTP or WebSocket from addresses of its own (the shop trusts this machine as its proxy) and
counts what it is answered. Nothing here leaves 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import ssl
import sys
import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from time import perf_counter
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import httpx
import psycopg

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.sandbox.jail import stand_back
from tests.security.test_bombs import HEAD, PARTS, STALLS, one, sheet

FORGED = "x\r\n2026-11-28 admin@example.com signed in\x1b[2J\x00"
_UNUSED = ssl.create_default_context()
"""Plain HTTP asks for none; one of its own for each client took half of the attackers' time."""
PATIENCE = 30.0
"""Seconds after which somebody would say that nobody answers."""


@dataclass
class Siege:
    """One siege. `answers`: per attack, how often which status (0: nobody answered, or the connection was closed);
    `all_answered`: each attack was, once."""

    url: str
    admin: str
    marketer: str
    viewer: str
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    all_answered: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def client(self, token: str = "", *, keeps: bool = True) -> httpx.AsyncClient:
        """From an address nobody has come from."""
        limits = httpx.Limits(max_keepalive_connections=None if keeps else 0)
        return httpx.AsyncClient(
            base_url=self.url, headers=self.headers(token), timeout=PATIENCE, limits=limits, verify=_UNUSED
        )

    def headers(self, token: str = "") -> dict[str, str]:
        number = next(self._numbers)
        headers = {"X-Forwarded-For": f"11.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        return {**headers, "Authorization": f"Bearer {token}"} if token else headers

    def note(self, attack: str, status: int) -> None:
        self.answers.setdefault(attack, Counter())[status] += 1
        if self.answers.keys() >= ATTACKS.keys():
            self.all_answered.set()

    def worst(self) -> dict[str, Counter[int]]:
        """Answers that are faults of ours, per attack."""
        faults = {
            name: Counter({status: n for status, n in seen.items() if status >= 500})
            for name, seen in self.answers.items()
        }
        return {name: seen for name, seen in faults.items() if seen}


async def slow_bodies(siege: Siege) -> None:
    """Half a request, and then nothing."""
    place = urlsplit(siege.url)

    async def half() -> None:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            source = siege.headers()["X-Forwarded-For"]
            head = (
                f"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {source}\r\nContent-Length: 999\r\n"
            )
            writer.write(f"{head}Content-Type: application/json\r\n\r\n{{".encode())
            line = await reader.readline()
            siege.note("slow bodies", int(line.split()[1]) if line else 0)
            writer.close()

    while True:
        await asyncio.gather(*(half() for _ in range(150)))


async def wrong_passwords(siege: Siege) -> None:
    """Somebody else's address, from everywhere."""
    while True:
        async with siege.client() as client:
            body = {"email": random.choice(["admin@example.com", f"{uuid4().hex}@example.com"]), "password": "x" * 20}
            siege.note("wrong passwords", (await client.post("/api/v1/auth/login", json=body)).status_code)


async def nonsense(siege: Siege) -> None:
    """What fills logs and parsers."""
    ways: list[Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]] = [
        lambda client: client.get(f"/api/v1/{uuid4()}", headers={"User-Agent": FORGED.encode("latin-1").hex()}),
        lambda client: client.get("/api/v1/customers", params={"cursor": "x" * 4000}),
        lambda client: client.post("/api/v1/auth/login", content=b"[" * 200_000),
        lambda client: client.post("/api/v1/auth/login", json={"email": FORGED, "password": "y" * 5000}),
        lambda client: client.get("/u/" + "A" * 1500),
        lambda client: client.post("/api/v1/webhooks/mailgun", content=json.dumps({"a": FORGED}).encode()),
        lambda client: client.post(
            "/session/login",
            data={"email": FORGED, "password": "z", "next": "//evil.example"},
            headers={"Origin": siege.url},
        ),
    ]
    while True:
        async with siege.client() as client:
            for way in ways:
                siege.note("nonsense", (await way(client)).status_code)


async def sockets(siege: Siege) -> None:
    """Event sockets of nobody: each would keep a state, each sends what no page of ours sends."""
    place = urlsplit(siege.url)
    async with aiohttp.ClientSession() as session:
        while True:
            address = f"ws://{place.netloc}/_event/?EIO=4&transport=websocket&token={uuid4()}"
            try:
                headers = {**siege.headers(), "Origin": siege.url}
                async with session.ws_connect(address, headers=headers, timeout=aiohttp.ClientWSTimeout(1)) as socket:
                    await socket.send_str("40/_event,")
                    event = {
                        "name": "reflex___state____state.hydrate",
                        "payload": {"x": "y" * 200_000},
                        "router_data": {},
                    }
                    for sent in ("42/_event," + json.dumps(["event", event]), "42/_event,[" * 50, "x" * 2_000_000):
                        await socket.send_str(sent)
                        await asyncio.sleep(0.02)
                siege.note("sockets", 101)
            except aiohttp.WSServerHandshakeError as refused:
                siege.note("sockets", refused.status)
            except (aiohttp.ClientError, OSError, TimeoutError):
                siege.note("sockets", 0)


async def templates(siege: Siege) -> None:
    """Drafts that stall, by somebody who may write them; and by somebody who may not."""
    async with siege.client(siege.admin) as admin, siege.client(siege.viewer) as viewer:
        found = (await admin.get("/api/v1/settings/templates", params={"channel": "email"})).json()["items"][0]["id"]
        path = f"/api/v1/settings/templates/{found}/preview"
        while True:
            for html in STALLS.values():
                draft = {"subject_template": "s", "body_html_template": html}
                siege.note("templates", (await admin.post(path, json=draft)).status_code)
                siege.note("templates of a viewer", (await viewer.post(path, json=draft)).status_code)


@cache
def bomb() -> bytes:
    """A workbook of a megabyte that unpacks to a quarter of a gigabyte."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in PARTS.items():
            archive.writestr(name, part)
        archive.writestr("xl/worksheets/sheet1.xml", sheet(HEAD + one("a" * 250_000_000)))
        archive.writestr("xl/media/noise.bin", os.urandom(1_000_000))
    return packed.getvalue()


async def workbooks(siege: Siege) -> None:
    """Files made to burst, uploaded and looked at."""
    async with siege.client(siege.marketer) as client:
        while True:
            sent = await client.post(
                "/api/v1/imports", data={"kind": "customers"}, files={"file": ("bomb.xlsx", bomb())}
            )
            siege.note("workbooks", sent.status_code)
            if sent.status_code < 300:
                path = f"/api/v1/imports/{sent.json()['id']}/preview"
                siege.note("workbooks", (await client.post(path, json={"kind": "customers"})).status_code)
            await asyncio.sleep(0.1)


async def readers(siege: Siege) -> None:
    """Heavy questions, asked and given up."""
    while True:
        async with siege.client(siege.viewer) as client:
            for path in ("analytics/revenue", "customers?sort=-clv_score&limit=200", "sends?limit=200"):
                try:
                    siege.note("readers", (await client.get(f"/api/v1/{path}", timeout=0.3)).status_code)
                except httpx.TimeoutException:
                    siege.note("readers", 0)


ATTACKS: dict[str, tuple[Callable[[Siege], Awaitable[None]], int]] = {
    "slow bodies": (slow_bodies, 1),
    "wrong passwords": (wrong_passwords, 12),
    "nonsense": (nonsense, 3),
    "sockets": (sockets, 8),
    "templates": (templates, 3),
    "workbooks": (workbooks, 3),
    "readers": (readers, 3),
}
"""What is done, and by how many at once."""


@asynccontextmanager
async def under(siege: Siege) -> AsyncIterator[None]:
    """All attacks, for the length of the block and until each was answered, from a process of their own; their answers
    are in `siege` afterwards.

    In life attackers bring their own computers: here their process comes after the shop's for the processor.
    """
    argv = [sys.executable, "-m", "tests.security.siege", siege.url, siege.admin, siege.marketer, siege.viewer]
    attackers = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=PROJECT_ROOT,
        start_new_session=True,
    )
    assert attackers.stdout is not None
    try:
        assert await asyncio.wait_for(attackers.stdout.readline(), PATIENCE) == b"ready\n"
        yield
        # however quick the block was: it is no siege until each attack has been answered once
        assert await asyncio.wait_for(attackers.stdout.readline(), 2 * PATIENCE) == b"all answered\n"
        told, _ = await asyncio.wait_for(attackers.communicate(b""), PATIENCE)  # the end of its input ends it
        for name, seen in json.loads(told).items():
            siege.answers[name] = Counter({int(status): many for status, many in seen.items()})
    finally:
        if attackers.returncode is None:
            attackers.kill()
            await attackers.wait()


async def _attack(siege: Siege) -> None:
    """Attacks may be refused and cut off; they do not fail."""

    async def again(attack: Callable[[Siege], Awaitable[None]], name: str) -> None:
        while True:
            try:
                await attack(siege)
            except (httpx.HTTPError, OSError, KeyError, IndexError, ValueError):
                siege.note(name, 0)
                await asyncio.sleep(0.2)

    bomb()  # made before the clock runs
    running = [
        asyncio.create_task(again(attack, name)) for name, (attack, many) in ATTACKS.items() for _ in range(many)
    ]
    await asyncio.sleep(1)
    print("ready", flush=True)
    await siege.all_answered.wait()
    print("all answered", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    print(json.dumps({name: dict(seen) for name, seen in siege.answers.items()}), flush=True)


class Regular:
    """Somebody who signed in on this browser before, and now does so again and again."""

    def __init__(self, siege: Siege, email: str, password: str) -> None:
        # a browser asks again when a connection it kept has been closed; this one keeps none
        self._client = siege.client(keeps=False)
        self._form = {"email": email, "password": password}
        self._ours = {"Origin": siege.url}

    async def sign_in(self) -> float:
        """Seconds until the first page stood open.

        Raises:
            AssertionError: not signed in.
        """
        began = perf_counter()
        answer = await self._client.post("/session/login", data=self._form, headers=self._ours)
        assert answer.status_code == 303, answer.text[:300]
        assert answer.headers["location"] == "/", answer.headers["location"]
        seconds = perf_counter() - began
        await self._client.post("/session/logout", headers=self._ours)
        return seconds

    async def aclose(self) -> None:
        await self._client.aclose()


@dataclass(frozen=True, slots=True)
class Ledger:
    """A campaign's messages after its week: `planned` as the plan had them, `ended` by final status, `twice` those
    somebody would have received twice, `open` those nobody will ever finish."""

    planned: int
    ended: dict[str, int]
    twice: int
    open: int

    @property
    def is_whole(self) -> bool:
        return not self.twice and not self.open and self.planned == sum(self.ended.values()) > 0


def read_ledger(database_url: str, campaign: str) -> Ledger:
    """Of the tables themselves."""
    dsn = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(dsn) as connection:
        planned = connection.execute(
            "SELECT count(*) FROM send_keys k JOIN actions a ON a.id = k.action_id WHERE a.campaign_id = %s", [campaign]
        ).fetchone()
        rows = connection.execute(
            "SELECT status, count(*) FROM sends WHERE campaign_id = %s GROUP BY status", [campaign]
        ).fetchall()
        twice = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM outbox_messages o JOIN sends s ON s.id = o.send_id"
            " WHERE s.campaign_id = %s GROUP BY s.action_id, s.channel HAVING count(*) > 1) again",
            [campaign],
        ).fetchone()
    ended = {str(status): int(number) for status, number in rows}
    open_ones = sum(ended.get(status, 0) for status in ("pending", "claimed", "sending"))
    return Ledger(int(planned[0]) if planned else 0, ended, int(twice[0]) if twice else 0, open_ones)


async def prepare(url: str, email: str, password: str) -> tuple[Siege, str]:
    """People of every role in a shop with the sample, and its week, approved and being played; the campaign's id."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=PATIENCE) as client:

        async def token(address: str) -> str:
            answer = await client.post("/auth/login", json={"email": address, "password": password})
            return str(answer.raise_for_status().json()["access_token"])

        admin = await token(email)
        client.headers["Authorization"] = f"Bearer {admin}"
        for role in ("manager", "user"):
            body = {"email": f"{role}@example.com", "password": password, "role": role}
            (await client.post("/auth/register", json=body)).raise_for_status()
        campaign = (await client.get("/campaigns")).raise_for_status().json()["items"][0]["id"]
        seen = (await client.get(f"/campaigns/{campaign}/outlook")).raise_for_status().json()
        looked = {"plan_id": seen["plan_id"], "fingerprint": seen["fingerprint"]}
        (await client.post(f"/campaigns/{campaign}/approve", json=looked)).raise_for_status()
        (await client.post(f"/campaigns/{campaign}/play", json={"seconds": 30})).raise_for_status()
        del client.headers["Authorization"]
        siege = Siege(url, admin, await token("manager@example.com"), await token("user@example.com"))
    return siege, str(campaign)


async def week_is_over(url: str, admin: str, campaign: str, seconds: float = 180) -> None:
    """Wait until the campaign has ended by itself."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=PATIENCE) as client:
        client.headers["Authorization"] = f"Bearer {admin}"
        async with asyncio.timeout(seconds):
            while True:
                answer = await client.get(f"/campaigns/{campaign}")
                if answer.raise_for_status().json()["status"] == "completed":
                    return
                await asyncio.sleep(0.5)


if __name__ == "__main__":
    stand_back(15)
    asyncio.run(_attack(Siege(*sys.argv[1:5])))
