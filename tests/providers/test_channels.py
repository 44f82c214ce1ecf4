"""The sandbox, and channels in the database."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, Invalid
from liquor_app.core.ids import uuid7
from liquor_app.organization.models import Channel
from liquor_app.providers.adapters.mailgun import Mailgun
from liquor_app.providers.adapters.sandbox import Sandbox, SandboxConfig
from liquor_app.providers.kit.base import Handed, Outcome, OutgoingMessage
from liquor_app.providers.kit.message_bodies import Whole
from liquor_app.providers.sender_health import rest
from liquor_app.providers.service import (
    configure_channel,
    list_channels,
    load_routes,
    open_provider,
)
from tests.people import ensure_shop


def message(recipient: str = "m@example.com") -> OutgoingMessage:
    return OutgoingMessage(
        send_id=uuid7(), campaign_id=uuid7(), channel=Channel.EMAIL, sender="offers@harborvine.example",
        sender_name="Harbor & Vine, Ltd", recipient=recipient, body=Whole("Hi", "<p>Hi</p>"), subject="Grüße",
        reply_to="us@harborvine.example", headers={"List-Unsubscribe": "<https://x.example/u/1>"},
    )  # fmt: skip


async def test_the_sandbox_keeps_everything(database: str) -> None:
    """Bodies with every kind of letter, found again by our id; a repeat is visible."""
    sandbox, sent = Sandbox(SandboxConfig()), [message(), message("ö'\"\\@example.com")]
    results = await sandbox.send_batch(sent)
    assert [(result.send_id, result.outcome) for result in results] == [
        (item.send_id, Outcome.ACCEPTED) for item in sent
    ]
    await sandbox.send_batch(sent[:1])
    async with transaction() as session:
        found = await session.execute(text("SELECT send_id, recipient, subject, headers FROM outbox_messages"))
        rows = found.all()
    assert sorted(row.recipient for row in rows) == ["m@example.com", "m@example.com", "ö'\"\\@example.com"]
    assert {row.subject for row in rows} == {"Grüße"}
    assert rows[0].headers == {"List-Unsubscribe": "<https://x.example/u/1>"}
    assert set(await sandbox.lookup([Handed(sent[1].send_id, ""), Handed(uuid7(), "")])) == {sent[1].send_id}


async def test_a_database_that_fails_leaves_the_sandbox_unsure(database: str) -> None:
    """Its transaction is its network: a cut may come after the commit."""
    async with transaction() as session:
        await session.execute(text("ALTER TABLE outbox_messages RENAME TO gone"))
    try:
        (result,) = await Sandbox(SandboxConfig()).send_batch([message()])
    finally:
        async with transaction() as session:
            await session.execute(text("ALTER TABLE gone RENAME TO outbox_messages"))
    assert result.outcome is Outcome.UNKNOWN


async def test_configuring_a_channel(database: str) -> None:
    """Credentials are kept encrypted, never shown, and stay when other things change."""
    secret = {"domain": "mg.example.com", "api_key": "key-very-secret"}
    async with transaction() as session:
        await ensure_shop(session)
        await configure_channel(session, SYSTEM, Channel.EMAIL, "mailgun", config=secret, rate_per_second=7)
        await configure_channel(session, SYSTEM, Channel.EMAIL, "mailgun", rate_per_second=9)
        routes = [route for route in await load_routes(session) if route.channel is Channel.EMAIL]
        rows = await list_channels(session, SYSTEM)
        stored = (await session.execute(text("SELECT config_encrypted FROM channels WHERE provider = 'mailgun'"))).one()
        audited = (await session.execute(text("SELECT string_agg(changes::text, ' ') FROM audit_log"))).scalar_one()
    assert [(route.provider, route.rate_per_second) for route in routes] == [("mailgun", 9), ("sandbox", 100_000)]
    assert b"very-secret" not in stored.config_encrypted
    assert "very-secret" not in str(rows) + audited
    provider = open_provider("mailgun", routes[0].config)
    assert isinstance(provider, Mailgun)
    assert provider.config.api_key.get_secret_value() == "key-very-secret"
    await provider.aclose()


async def test_a_paused_provider_is_passed_over(database: str) -> None:
    """The next one carries on; the paused one comes back by itself."""
    async with transaction() as session:
        await ensure_shop(session)
        await configure_channel(
            session, SYSTEM, Channel.EMAIL, "mailgun", config={"domain": "mg.example.com", "api_key": "k"}
        )
        await rest(session, "mailgun", 30, "refused")
        assert [route.provider for route in await load_routes(session)] == ["sandbox", "sandbox"]
        assert len(await load_routes(session, even_closed=True)) == 3
        await session.execute(text("UPDATE channels SET paused_until = now() - interval '1 second'"))
        assert [route.provider for route in await load_routes(session)] == ["mailgun", "sandbox", "sandbox"]


async def test_what_is_refused(database: str) -> None:
    """Unknown providers, wrong channels, incomplete credentials, marketers."""
    marketer = Actor(ActorKind.USER, uuid7(), "Mara", Role.MANAGER)
    async with transaction() as session:
        with pytest.raises(Forbidden):
            await configure_channel(session, marketer, Channel.EMAIL, "sandbox")
        with pytest.raises(Invalid, match="pigeon"):
            await configure_channel(session, SYSTEM, Channel.EMAIL, "pigeon")
        with pytest.raises(Invalid, match="cannot carry SMS"):
            await configure_channel(session, SYSTEM, Channel.SMS, "mailgun", config={})
        with pytest.raises(Invalid, match=r"config\.api_key"):
            await configure_channel(session, SYSTEM, Channel.EMAIL, "mailgun", config={"domain": "mg.example.com"})
        with pytest.raises(Invalid, match="needs its credentials"):
            await configure_channel(session, SYSTEM, Channel.EMAIL, "mailgun")
        with pytest.raises(Invalid, match=r"config\.base_url"):
            await configure_channel(
                session, SYSTEM, Channel.EMAIL, "mailgun",
                config={"domain": "mg.example.com", "api_key": "k", "base_url": "ftp://x"},
            )  # fmt: skip
