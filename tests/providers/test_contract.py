"""What holds for every provider, shown against a local server that speaks its protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aiohttp import web

from liquor_app.core.errors import AppError, Invalid, Unavailable
from liquor_app.core.ids import uuid7
from liquor_app.core.platform.child_process import free_port
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import Attachment, Handed, Outcome, OutgoingMessage, Provider
from liquor_app.providers.kit.message_bodies import Whole
from liquor_app.providers.registry import PROVIDERS
from liquor_app.sending.pipeline.deliver import hand_over
from tests.providers.servers import API_KEY, BAD, BAD_PHONE, DOMAIN, TWILIO_SID, House

Maker = Callable[..., Provider]


@dataclass(frozen=True, slots=True)
class Kind:
    """A provider under test: its settings for a server at `url`, and what its own codes mean."""

    name: str
    settings: Callable[[int], dict[str, Any]]
    wrong_key: str
    broken: Outcome = Outcome.UNKNOWN
    down: Outcome = Outcome.TRANSIENT
    channel: Channel = Channel.EMAIL
    throttle: int = 429
    unavailable: int = 503


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


KINDS = [
    Kind("mailgun", lambda port: {"domain": DOMAIN, "api_key": API_KEY, "base_url": _url(port)}, "api_key",
         down=Outcome.UNKNOWN),
    Kind("sendgrid", lambda port: {"api_key": API_KEY, "base_url": _url(port), "has_email_activity": True}, "api_key"),
    Kind("postmark", lambda port: {"server_token": API_KEY, "base_url": _url(port)}, "server_token"),
    Kind("twilio", lambda port: {"account_sid": TWILIO_SID, "auth_token": API_KEY, "base_url": _url(port),
                                 "callback_url": "https://shop.example.com/hook"}, "auth_token", channel=Channel.SMS),
    Kind("smtp", lambda port: {"host": "127.0.0.1", "port": port, "security": "none", "username": "shop",
                               "password": API_KEY}, "password", broken=Outcome.REJECTED, throttle=451,
         unavailable=421),
]  # fmt: skip


def test_every_provider_is_here() -> None:
    """A new one brings its server; the sandbox's network is the database (`test_channels`)."""
    assert {kind.name for kind in KINDS} == set(PROVIDERS) - {"sandbox"}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    made: Kind = request.param
    return made


@pytest.fixture
async def house(kind: Kind) -> AsyncIterator[tuple[House, int]]:
    """The server, and its port."""
    house, port = House(), free_port()
    if kind.name == "smtp":
        server = await asyncio.start_server(house.smtp, "127.0.0.1", port)
        yield house, port
        server.close()
        return
    runner = web.AppRunner(house.app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield house, port
    await runner.cleanup()


@pytest.fixture
async def provider(kind: Kind, house: tuple[House, int]) -> AsyncIterator[Provider]:
    made = make(kind, house[1])
    yield made
    await made.aclose()


def make(kind: Kind, port: int, **changes: Any) -> Provider:
    found = PROVIDERS[kind.name]
    return found(found.Config.model_validate({"timeout_seconds": 1, **kind.settings(port), **changes}))


VERSION = uuid7()
CAMPAIGN = uuid7()


def message(kind: Kind, number: int = 0, *, recipient: str | None = None) -> OutgoingMessage:
    """A personal one: name, link and header differ."""
    is_email = kind.channel is Channel.EMAIL
    link = f"https://x.example/u/{number}"
    return OutgoingMessage(
        send_id=uuid7(), campaign_id=CAMPAIGN, channel=kind.channel,
        sender="offers@harborvine.example" if is_email else "+15550001111", sender_name="Harbor & Vine, Ltd",
        recipient=recipient or (f"m{number}@example.com" if is_email else f"+1207555{number:04d}"),
        body=Whole(
            f"Hi Jörg {number},\n.\nwe kept 100% of it cold.\n{link}\n",
            f"<p>Hi J&ouml;rg {number}</p>\n<p>All the same</p>\n<a href='{link}'>Stop</a>\n" if is_email else None,
        ),
        subject=f"Jörg {number}, Grüße" if is_email else None,
        reply_to="us@harborvine.example" if is_email else None,
        headers={"List-Unsubscribe": f"<{link}>", "X-Same": "yes"} if is_email else {},
        template_version_id=VERSION,
    )  # fmt: skip


def bad(kind: Kind) -> OutgoingMessage:
    return message(kind, recipient=BAD if kind.channel is Channel.EMAIL else BAD_PHONE)


async def give(provider: Provider, messages: list[OutgoingMessage]) -> dict[Any, Any]:
    """By send id, through calls of the provider's making, refused ones halved."""
    lease_ends = asyncio.get_running_loop().time() + 60
    return {result.send_id: result for result in await hand_over(provider, messages, lease_ends)}


async def test_every_message_arrives_as_it_was_rendered(
    kind: Kind, provider: Provider, house: tuple[House, int]
) -> None:
    """Alone or in a batch, byte for byte; with an id of the provider's own."""
    messages = [message(kind, number) for number in range(7)]
    results = await give(provider, messages)
    assert {result.outcome for result in results.values()} == {Outcome.ACCEPTED}
    assert all(result.message_id for result in results.values())
    if provider.batch_limit > 1:
        assert house[0].calls == [7]
    for sent in messages:
        got = house[0].mails[str(sent.send_id)]
        assert (got.recipient, got.subject, got.html, got.text) == (
            sent.recipient, sent.subject or "", sent.html or "", sent.text
        )  # fmt: skip
        assert {name: got.headers[name] for name in sent.headers} == dict(sent.headers)
        if "From" in got.headers:
            assert got.headers["From"] == '"Harbor & Vine, Ltd" <offers@harborvine.example>'
            assert got.headers["Reply-To"] == "us@harborvine.example"
    assert set(house[0].taken.values()) == {1}


async def test_one_bad_address_fails_nobody_else(kind: Kind, provider: Provider, house: tuple[House, int]) -> None:
    """Whether the provider names it or refuses the whole call."""
    messages = [message(kind, number) for number in range(20)]
    messages.insert(13, bad(kind))
    results = await give(provider, messages)
    rejected = [send_id for send_id, result in results.items() if result.outcome is Outcome.REJECTED]
    assert rejected == [messages[13].send_id]
    assert results[messages[13].send_id].code
    assert set(house[0].taken) == {str(sent.send_id) for sent in messages} - {str(messages[13].send_id)}
    assert set(house[0].taken.values()) == {1}


async def test_answers_by_kind(kind: Kind, provider: Provider, house: tuple[House, int]) -> None:
    """Throttled, down, broken, refused: each what it is, and nothing of it taken."""
    expected = [
        (kind.throttle, Outcome.TRANSIENT, kind.throttle == 429, 7 if kind.throttle == 429 else None),
        (kind.unavailable, kind.down, False, None),
        (500 if kind.name != "smtp" else 554, kind.broken, False, None),
    ]
    for status, outcome, throttled, wait in expected:
        house[0].plan = [status]
        (result,) = (await give(provider, [message(kind)])).values()
        assert (result.outcome, result.code, result.is_throttled, result.retry_after) == (
            outcome, str(status), throttled, wait
        )  # fmt: skip
        assert "planned" in result.detail
    assert not house[0].taken
    results = await give(provider, [message(kind)])
    assert [result.outcome for result in results.values()] == [Outcome.ACCEPTED], "it goes on"


async def test_a_wrong_key_is_our_fault(kind: Kind, house: tuple[House, int]) -> None:
    """Misconfigured, for the whole batch, and never halved; the key is never shown."""
    provider = make(kind, house[1], **{kind.wrong_key: "other-secret"})
    results = await give(provider, [message(kind, 1), message(kind, 2)])
    assert {result.outcome for result in results.values()} == {Outcome.MISCONFIGURED}
    assert "other-secret" not in repr(provider.config) + repr(results)  # type: ignore[attr-defined]
    await provider.aclose()


async def test_what_nobody_answered_is_unknown(kind: Kind, provider: Provider, house: tuple[House, int]) -> None:
    """Too slow, cut, or garbage after the message was written: it may have been taken."""
    for step in ("slow", "cut_after", "garbage"):
        house[0].plan = [step]
        sent = [message(kind, 1)]
        (result,) = (await give(provider, sent)).values()
        assert result.outcome is Outcome.UNKNOWN, (step, result)
        assert result.code


async def test_a_batch_that_was_cut_is_unknown_in_every_part(
    kind: Kind, provider: Provider, house: tuple[House, int]
) -> None:
    """And a look-up, where there is one, tells which were taken."""
    messages = [message(kind, number) for number in range(4)]
    house[0].plan = ["cut_after"] * 4
    results = await give(provider, messages)
    assert {result.outcome for result in results.values()} == {Outcome.UNKNOWN}
    stranger = Handed(uuid7(), messages[0].recipient)
    found = await provider.lookup([*(Handed(sent.send_id, sent.recipient) for sent in messages), stranger])
    assert set(found) == ({sent.send_id for sent in messages} if provider.lookup_grace else set())


async def test_cut_before_it_was_taken(kind: Kind, provider: Provider, house: tuple[House, int]) -> None:
    """Over HTTP nobody can tell this from the other; SMTP knows that the letter had not begun."""
    house[0].plan = ["cut_before"]
    sent = message(kind)
    (result,) = (await give(provider, [sent])).values()
    assert result.outcome is (Outcome.TRANSIENT if kind.name == "smtp" else Outcome.UNKNOWN)
    assert await provider.lookup([Handed(sent.send_id, sent.recipient)]) == {}


async def test_nobody_there_is_transient(kind: Kind) -> None:
    """Nothing left the house."""
    provider = make(kind, free_port())
    (result,) = (await give(provider, [message(kind)])).values()
    assert result.outcome is Outcome.TRANSIENT
    if provider.lookup_grace:
        with pytest.raises(Unavailable):
            await provider.lookup([Handed(uuid7(), "m@example.com")])
    await provider.aclose()


async def test_two_messages_to_one_address_go_in_two_calls(
    kind: Kind, provider: Provider, house: tuple[House, int]
) -> None:
    """A batch knows its recipients by their address."""
    first, second = message(kind, 5), message(kind, 5)
    results = await give(provider, [first, second])
    assert {result.outcome for result in results.values()} == {Outcome.ACCEPTED}
    assert set(house[0].taken) == {str(first.send_id), str(second.send_id)}


def test_callbacks_are_not_believed_without_proof(kind: Kind) -> None:
    """Whoever has no key configured, or no callbacks at all, refuses them."""
    provider = make(kind, 1)
    with pytest.raises(AppError) as refused:
        provider.parse_webhook(b"{}", {}, "https://shop.example.com/hook")
    assert refused.value.status in (401, 422, 503)
    if not provider.has_webhooks:
        assert isinstance(refused.value, Invalid)


async def test_what_is_attached_arrives_as_it_is(provider: Provider, house: tuple[House, int], kind: Kind) -> None:
    """To the byte, whatever is in it; a text has none."""
    if kind.channel is not Channel.EMAIL:
        return
    content = b"%PDF-1.7\r\n--x\r\n\x00\xff\n.\n" + bytes(range(256)) * 40
    letter = Attachment("owner's letter 2026-05-01.pdf", "application/pdf", content)
    sent = replace(message(kind), attachments=(letter,))
    (result,) = await provider.send_batch([sent])
    assert result.outcome is Outcome.ACCEPTED
    mail = house[0].mails[str(sent.send_id)]
    assert mail.files == ((letter.name, letter.kind, content),)
    assert "Jörg" in mail.text
    plain = message(kind, 2)
    await provider.send_batch([plain])
    assert house[0].mails[str(plain.send_id)].files == ()
