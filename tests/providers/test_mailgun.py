"""Mailgun over real HTTP, against a stand-in that speaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from pydantic import SecretStr

from liquor_app.core.errors import Unavailable
from liquor_app.core.ids import uuid7
from liquor_app.core.process import free_port
from liquor_app.organization.models import Channel
from liquor_app.providers.base import Outcome, OutgoingMessage
from liquor_app.providers.mailgun import Mailgun, MailgunConfig
from tests.reliability.sink import API_KEY, DOMAIN, Sink


def message(recipient: str = "m@example.com") -> OutgoingMessage:
    return OutgoingMessage(
        send_id=uuid7(), campaign_id=uuid7(), channel=Channel.EMAIL, sender="offers@harborvine.example",
        sender_name="Harbor & Vine, Ltd", recipient=recipient, text="Hi", subject="Grüße", html="<p>Hi</p>",
        reply_to="us@harborvine.example", headers={"List-Unsubscribe": "<https://x.example/u/1>"},
    )  # fmt: skip


@pytest.fixture
async def sink() -> AsyncIterator[tuple[Sink, str]]:
    """The stand-in and its address."""
    made, port = Sink(), free_port()
    runner = web.AppRunner(made.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield made, f"http://127.0.0.1:{port}"
    await runner.cleanup()


def mailgun(url: str, **changes: object) -> Mailgun:
    values = {"domain": DOMAIN, "api_key": SecretStr(API_KEY), "base_url": url, "timeout_seconds": 1, **changes}
    return Mailgun(MailgunConfig.model_validate(values))


async def test_accepted(sink: tuple[Sink, str]) -> None:
    """Everything arrives as Mailgun wants it, our id in header and variable; a look-up finds it."""
    provider, sent = mailgun(sink[1]), message()
    (result,) = await provider.send_batch([sent])
    assert (result.outcome, result.message_id) == (Outcome.ACCEPTED, f"<{sent.send_id}@{DOMAIN}>")
    form = sink[0].messages[f"{sent.send_id}@{DOMAIN}"]
    assert form["from"] == '"Harbor & Vine, Ltd" <offers@harborvine.example>'
    assert (form["to"], form["subject"], form["html"]) == ("m@example.com", "Grüße", "<p>Hi</p>")
    assert form["h:List-Unsubscribe"] == "<https://x.example/u/1>"
    assert form["h:Reply-To"] == "us@harborvine.example"
    assert form["v:send_id"] == str(sent.send_id)
    stranger = uuid7()
    assert await provider.lookup([sent.send_id, stranger]) == {sent.send_id: result.message_id}
    await provider.aclose()


@pytest.mark.parametrize(
    ("status", "outcome", "throttled"),
    [
        (400, Outcome.REJECTED, False),
        (413, Outcome.REJECTED, False),
        (401, Outcome.MISCONFIGURED, False),
        (403, Outcome.MISCONFIGURED, False),
        (429, Outcome.TRANSIENT, True),
        (500, Outcome.UNKNOWN, False),
        (502, Outcome.UNKNOWN, False),
    ],
)
async def test_answers(sink: tuple[Sink, str], status: int, outcome: Outcome, throttled: bool) -> None:
    """What each status means for the message."""
    provider = mailgun(sink[1])
    sink[0].answers["m@example.com"] = [status]
    (result,) = await provider.send_batch([message()])
    assert (result.outcome, result.code, result.is_throttled) == (outcome, str(status), throttled)
    assert result.detail == f"planned {status}"
    await provider.aclose()


async def test_one_bad_address_among_many(sink: tuple[Sink, str]) -> None:
    """Each message has its own fate, in order."""
    provider = mailgun(sink[1])
    sink[0].answers["bad@example.com"] = [400]
    results = await provider.send_batch([message(), message("bad@example.com"), message()])
    assert [result.outcome for result in results] == [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED]
    await provider.aclose()


async def test_a_cut_connection_is_unknown(sink: tuple[Sink, str]) -> None:
    """The request was written; whether it was taken, only the event log knows."""
    provider = mailgun(sink[1])
    sink[0].answers["m@example.com"] = ["cut"]
    sent = message()
    (result,) = await provider.send_batch([sent])
    assert result.outcome is Outcome.UNKNOWN
    assert sent.send_id in await provider.lookup([sent.send_id])
    await provider.aclose()


async def test_no_answer_is_unknown(sink: tuple[Sink, str]) -> None:
    """A timeout after the request was written is not a failure."""
    sink[0].latency = 10
    provider = mailgun(sink[1])
    (result,) = await provider.send_batch([message()])
    assert result.outcome is Outcome.UNKNOWN
    await provider.aclose()


async def test_nobody_there_is_transient() -> None:
    """Nothing left the house."""
    provider = mailgun(f"http://127.0.0.1:{free_port()}")
    (result,) = await provider.send_batch([message()])
    assert result.outcome is Outcome.TRANSIENT
    with pytest.raises(Unavailable, match="event log"):
        await provider.lookup([uuid7()])
    await provider.aclose()


async def test_a_wrong_key(sink: tuple[Sink, str]) -> None:
    """Told as what it is, and never shown."""
    provider = mailgun(sink[1], api_key="other")
    (result,) = await provider.send_batch([message()])
    assert result.outcome is Outcome.MISCONFIGURED
    with pytest.raises(Unavailable, match="401"):
        await provider.lookup([uuid7()])
    assert "other" not in repr(provider.config)
    await provider.aclose()
