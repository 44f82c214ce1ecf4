"""A provider's address cannot be used to look around inside, and what answers there is not shown."""

from __future__ import annotations

import ast
import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import httpx
import pytest

from liquor_app.core import config
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.errors import Invalid, Unavailable
from liquor_app.core.ids import uuid7
from liquor_app.core.security import outbound
from liquor_app.core.security.outbound import (
    BlockedAddress,
    check_host,
    check_url,
    http_client,
    is_allowed,
    open_socket,
)
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import Outcome, OutgoingMessage
from liquor_app.providers.kit.message_bodies import Whole
from liquor_app.providers.kit.provider_http import NoAnswer, ask, post, said_of
from liquor_app.providers.registry import PROVIDERS
from liquor_app.providers.service import check_config
from tests.api.client import Client, is_problem
from tests.sources import parsed, reads_sources

SECRET = "the metadata of this machine"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def allowing(networks: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIQUOR_OUTBOUND_ALLOW", networks)
        config.get_settings.cache_clear()
        yield
    config.get_settings.cache_clear()


@pytest.fixture
def closed() -> Iterator[None]:
    """As a shop is set up: nothing inside is allowed."""
    with allowing(""):
        yield


@asynccontextmanager
async def inside(
    body: bytes = SECRET.encode(), *heads: str, start: str = "HTTP/1.1 200 OK"
) -> AsyncIterator[tuple[int, list[str]]]:
    """A server nobody outside may reach; its port and who came."""
    came: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append((await reader.readline()).decode())
        head = "\r\n".join([start, f"content-length: {len(body)}", *heads])
        writer.write(f"{head}\r\n\r\n".encode() + body)
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], came


NUMBERS = {
    "8.8.8.8": True, "2606:4700:4700::1111": True, "127.0.0.1": False, "10.0.0.1": False, "172.16.5.5": False,
    "192.168.1.1": False, "169.254.169.254": False, "100.64.0.1": False, "0.0.0.0": False, "224.0.0.1": False,
    "255.255.255.255": False, "::1": False, "::": False, "fe80::1": False, "fe80::1%eth0": False, "fc00::1": False,
    "fd00:ec2::254": False, "::ffff:127.0.0.1": False, "::ffff:169.254.169.254": False, "64:ff9b::7f00:1": False,
    "64:ff9b::a9fe:a9fe": False, "2002:7f00:1::": False, "192.0.2.1": False, "198.18.0.1": False, "ff02::1": False,
    "localhost": False, "": False, "192.0.0.192": False, "192.0.0.8": False, "64:ff9b:1::a9fe:a9fe": False,
    "::7f00:1": False, "::ffff:0:7f00:1": False, "fec0::1": False, "3fff::1": False, "5f00::1": False,
    "168.63.129.16": False, "192.0.1.1": True,
}  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers(closed: None, number: str) -> None:
    assert is_allowed(number) is NUMBERS[number]


def test_a_network_can_be_allowed() -> None:
    with allowing("10.1.2.0/24, fd00::/8"):
        assert is_allowed("10.1.2.9")
        assert is_allowed("::ffff:10.1.2.9")
        assert is_allowed("fd00::5")
        assert not is_allowed("10.1.3.9")
    with allowing("10.1.2.0/24, the office"), pytest.raises(Invalid, match="outbound_allow"):
        config.get_settings()


def aim(host: str) -> Callable[[int], str]:
    return lambda port: f"http://{host}:{port}"


WAYS_IN = {
    "by number": aim("127.0.0.1"),
    "by another number": aim("127.8.8.8"),
    "by one long number": aim("2130706433"),
    "in octal": aim("0177.0.0.1"),
    "by name": aim("localhost"),
    "mapped": aim("[::ffff:127.0.0.1]"),
    "behind a user": aim("api.mailgun.net@127.0.0.1"),
    "everywhere": aim("0.0.0.0"),
}


@pytest.mark.parametrize("way", WAYS_IN)
async def test_nothing_inside_is_reached(closed: None, way: str) -> None:
    """Whatever the address is called: no byte arrives, and nothing may have been taken."""
    async with inside() as (port, came):
        url = WAYS_IN[way](port)
        if not way.startswith("by name"):
            with pytest.raises(Invalid):
                check_url(url, "base_url")
        # and if it had been stored before anybody looked
        with suppress(httpx.InvalidURL, ValueError):
            async with http_client(url, connections=1, seconds=3) as client:
                said = await post(client, "/x", 3, content=b"secret")
                assert isinstance(said, NoAnswer)
                assert said.outcome in {Outcome.MISCONFIGURED, Outcome.TRANSIENT}
                with pytest.raises(Unavailable) as caught:
                    await ask(client, "/x", 3, "The log")
                assert SECRET not in caught.value.message
        assert came == []


NO_HOSTS = (
    "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "①27.0.0.1", "١٢٧.0.0.1",
    "127\u00ad.0.0.1", "127.0.0.1\u200b", "0x7f.1", "0x7f000001", "017700000001", "0177.0.0.0x1", "127.1", "127.0.0.1.",
    "0X7F.1", "xn--1-0ga.0.0.1", "127.0.0.1%2e", "127%2e0%2e0%2e1", "%31%32%37.0.0.1", "[::ffff:7f00:1]",
    "[::127.0.0.1]", "[fe80::1%25eth0]", "ⓛocalhost", "ｅxample.com", "ﬁle.example", "xn--a.example", "-x.example",
    "exa mple.com", "a..example", f"{'a' * 64}.example", f"{'a.' * 130}example",
)  # fmt: skip


@pytest.mark.parametrize("host", NO_HOSTS)
def test_an_address_in_disguise_is_no_host(closed: None, host: str) -> None:
    """Digits and dots of other alphabets, octal, hexadecimal, escapes, and names that no DNS knows."""
    with pytest.raises(Invalid):
        check_url(f"http://{host}/hook", "url")
    with pytest.raises(Invalid):
        check_host(host, "host")


NAMES_INSIDE = (
    "localhost", "LOCALHOST", "localhost.", "shop.localhost", "localhost.localdomain", "redis", "metadata",
    "till.local", "Printer.LOCAL.", "metadata.google.internal", "erp.corp", "nas.lan", "router.home.arpa",
    "hub.home", "wiki.intranet",
)  # fmt: skip
"""Names that lead inside wherever they are asked: public DNS has none of them."""


@pytest.mark.parametrize("name", NAMES_INSIDE)
def test_a_name_inside_leads_inside(closed: None, name: str) -> None:
    for asked in (lambda: check_url(f"https://{name}/hook", "url"), lambda: check_host(name, "url")):
        with pytest.raises(Invalid, match="leads to a private network") as refused:
            asked()
        assert refused.value.field == "url"


@pytest.mark.integration
async def test_a_webhook_to_a_name_inside_is_refused_when_it_is_saved(closed: None, admin: Client) -> None:
    """It was taken, and each delivery failed."""
    body = {"url": "https://hooks.example.com/", "events": ["customer.created"]}
    made = (await admin.post("/webhook-endpoints", json=body)).json()["endpoint"]["id"]
    for name in ("localhost", "till.local", "erp.internal", "redis"):
        inside = {**body, "url": f"https://{name}/hook"}
        told = is_problem(await admin.post("/webhook-endpoints", json=inside), 422, "rule.value", "url")
        assert "private network" in told["detail"]
        changed = await admin.patch(f"/webhook-endpoints/{made}", json={"url": inside["url"]})
        is_problem(changed, 422, "rule.value", "url")


def test_a_name_inside_is_taken_where_its_network_is_allowed() -> None:
    with allowing("10.1.0.0/16"):
        assert check_host("erp.internal", "host") == "erp.internal"
        assert check_host("mailpit", "host") == "mailpit"
        with pytest.raises(Invalid):
            check_host("localhost", "host")
    with allowing("127.0.0.0/8"):
        assert check_host("localhost", "host") == "localhost"
    with allowing(""):
        for public in ("local.example", "internal.com", "localhost.example.com", "lan.de"):
            assert check_host(public, "host") == public


HOSTS = {
    "münchen.example": "xn--mnchen-3ya.example", "MÜNCHEN.Example": "xn--mnchen-3ya.example",
    "exämple。com": "xn--exmple-cua.com", "faß.example": "xn--fa-hia.example", "аpple.example": "xn--pple-43d.example",
    "xn--mnchen-3ya.example": "xn--mnchen-3ya.example", "my_host.example": "my_host.example",
    "8.8.8.8": "8.8.8.8", "[2606:4700:4700::1111]": "[2606:4700:4700::1111]",
}  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_a_name_is_kept_as_it_is_connected_to(closed: None, host: str) -> None:
    """What is shown is what is asked for: a Cyrillic letter does not pass for a Latin one."""
    assert check_url(f"https://{host}:8443/Hook?a=ü", "url") == f"https://{HOSTS[host]}:8443/Hook?a=ü"
    assert check_host(host, "host") == HOSTS[host].strip("[]")


async def test_a_name_that_points_elsewhere_a_second_later(closed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: what is checked is what is connected to."""
    async with inside() as (port, came):
        loop = asyncio.get_running_loop()
        asked: list[str] = []

        async def getaddrinfo(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
            asked.append(host)
            number = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

        monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
        check_url(f"http://rebind.example:{port}", "base_url")  # the name alone says nothing
        await loop.getaddrinfo("rebind.example")
        async with http_client(f"http://rebind.example:{port}", connections=1, seconds=3) as client:
            said = await post(client, "/x", 3, content=b"secret")
        assert isinstance(said, NoAnswer)
        assert said.outcome is Outcome.MISCONFIGURED
        assert "private network" in said.detail
        with pytest.raises(BlockedAddress):
            await open_socket("rebind.example", port)
        assert came == []
        assert len(asked) >= 3


async def test_redirects_lead_nowhere() -> None:
    async with inside() as (secret, came):
        head = f"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{secret}/"
        async with (
            inside(b"", start=head) as (port, _),
            http_client(f"http://127.0.0.1:{port}", connections=1, seconds=3) as client,
        ):
            assert (await client.get("/")).status_code == 302
        assert came == []


SWOLLEN = {
    "long": (b"x" * (outbound.MOST_BYTES + 1), ""),
    "packed": (gzip.compress(b"x" * 50_000_000), "content-encoding: gzip"),
}


@pytest.mark.parametrize("kind", SWOLLEN)
async def test_answers_are_bounded_and_stay_packed(kind: str) -> None:
    body, head = SWOLLEN[kind]
    async with (
        inside(body, *filter(None, [head])) as (port, _),
        http_client(f"http://127.0.0.1:{port}", connections=1, seconds=5) as client,
    ):
        said = await post(client, "/", 5)
    assert isinstance(said, NoAnswer)
    assert said.outcome is Outcome.UNKNOWN, "it may have been taken all the same"


MESSAGE = {"sender": "shop@example.com", "sender_name": "Shop", "recipient": "ann@example.com", "subject": "s"}
CONFIGS = {
    "mailgun": {"domain": "mg.example.com", "api_key": "k"},
    "sendgrid": {"api_key": "k"},
    "postmark": {"server_token": "k"},
    "twilio": {"account_sid": "AC" + "0" * 32, "auth_token": "k"},
}


@pytest.mark.parametrize("provider", CONFIGS)
async def test_a_page_that_is_no_providers_is_not_shown(provider: str) -> None:
    """The address of a test points at something inside that is allowed by mistake: its page does not come back."""
    async with inside() as (port, came):
        kind = PROVIDERS[provider]
        carrier = kind(check_config(kind.Config, {**CONFIGS[provider], "base_url": f"http://127.0.0.1:{port}"}))
        channel = next(iter(kind.channels))
        recipient = "ann@example.com" if channel is Channel.EMAIL else "+16175550101"
        message = OutgoingMessage(
            **{**MESSAGE, "recipient": recipient}, send_id=uuid7(), campaign_id=None, channel=channel,
            body=Whole("text", "<p>html</p>" if channel is Channel.EMAIL else None),
        )  # fmt: skip
        (result,) = await carrier.send_batch([message])
        await carrier.aclose()
        assert came
        assert "metadata" not in repr(result)


def test_what_a_provider_says_is_a_sentence() -> None:
    answer = httpx.Response(400, text=SECRET)
    assert said_of(answer, None) == "It answers 400 Bad Request"
    assert said_of(answer, "No\n\nsuch   domain") == "No such domain"
    assert len(said_of(answer, "x" * 9000)) <= 300


ADDRESSES = {
    "http://127.0.0.1:6379": "private network",
    "http://[::1]:8000": "private network",
    "https://169.254.169.254": "private network",
    "https://user:pass@api.mailgun.net": "user or a password",
    "ftp://api.mailgun.net": "must look like|pattern",
    "https://": "must look like|pattern",
    "https://[": "must look like|pattern",
}


@pytest.mark.parametrize("url", ADDRESSES)
@pytest.mark.parametrize("provider", CONFIGS)
def test_addresses_are_refused_where_they_are_typed(closed: None, provider: str, url: str) -> None:
    with pytest.raises(Invalid, match=ADDRESSES[url]) as caught:
        check_config(PROVIDERS[provider].Config, {**CONFIGS[provider], "base_url": url})
    assert caught.value.field == "config.base_url"


def test_mail_servers_inside_are_refused_too(closed: None) -> None:
    with pytest.raises(Invalid, match="private network"):
        check_config(PROVIDERS["smtp"].Config, {"host": "10.0.0.25"})


def test_production_speaks_in_secret(closed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    check_url("http://api.example.com", "base_url")
    settings = config.get_settings().model_copy(update={"env": config.Environment.PRODUCTION})
    monkeypatch.setattr(outbound, "get_settings", lambda: settings)
    with pytest.raises(Invalid, match="https://"):
        check_url("http://api.example.com", "base_url")
    check_url("https://api.example.com", "base_url")


@reads_sources
def test_there_is_one_way_out() -> None:
    """No module but `core.security.outbound` makes a client, a connector or a connection of its own.

    `planning.ai.chat` speaks to the address the operator's environment names; the supervisor and the engines to our
    own.
    """
    makers = {
        "AsyncClient",
        "Client",
        "ClientSession",
        "TCPConnector",
        "create_connection",
        "open_connection",
        "urlopen",
    }
    found = set()
    for path in (PROJECT_ROOT / "liquor_app").rglob("*.py"):
        for node in ast.walk(parsed(path.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in makers:
                    found.add(str(path.relative_to(PROJECT_ROOT / "liquor_app")))
    assert found == {"core/security/outbound.py"}
