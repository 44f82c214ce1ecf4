"""Whom to leave alone from what providers tell: dead addresses, complaints, and who unsubscribed there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest
from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid
from liquor_app.customers.addresses import normalise_email, normalise_phone
from liquor_app.customers.consents import Suppression, suppress_addresses
from liquor_app.customers.models import SuppressionReason
from liquor_app.customers.recipient_consent import withdraw_consents
from liquor_app.ledger.models import SendStatus
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import SendingSettings, load_settings
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.providers.registry import PROVIDERS

SOFT = "soft bounces in a row"
"""The source of an entry on the list."""
LOOKED_BACK = 365
"""Days of partitions that are looked through for a customer's last messages."""

REASONS = {
    EventKind.BOUNCED: SuppressionReason.BOUNCED,
    EventKind.COMPLAINED: SuppressionReason.COMPLAINED,
    EventKind.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
}


@dataclass(frozen=True, slots=True)
class Ending:
    """Something told of an address; the message and its customer are None where nobody here knows the message."""

    address: str
    channel: Channel
    event: WebhookEvent
    customer_id: UUID | None = None
    send_id: UUID | None = None

    @classmethod
    def of_send(cls, row: Any, event: WebhookEvent) -> Ending:
        """Of a message in the ledger: its own recipient counts, whatever address the event names."""
        address = str(row.recipient).strip()
        channel = Channel(row.channel)
        return cls(address.lower() if channel is Channel.EMAIL else address, channel, event, row.customer_id, row.id)

    @property
    def is_final(self) -> bool:
        """Whether nothing may be sent there any more: a soft bounce says nothing of tomorrow."""
        return self.event.kind in REASONS and (self.event.kind is not EventKind.BOUNCED or self.event.is_permanent)


async def stop_writing(session: AsyncSession, endings: Sequence[Ending]) -> None:
    """Suppress at once: hard bounces, complaints, and whoever unsubscribed at the provider; their consent goes too."""
    final = [one for one in endings if one.is_final]
    if not final:
        return
    await suppress_addresses(
        session,
        [Suppression(one.address, REASONS[one.event.kind], one.channel, one.customer_id) for one in final],
        source="provider",
    )
    unwilling = [one for one in final if one.event.kind is not EventKind.BOUNCED and one.customer_id]
    for channel in Channel:
        people = [one for one in unwilling if one.channel is channel]
        if people:
            await _withdraw(session, channel, people)


_LAST = unnest("p", customer_id="uuid", address="text")
_WORN_OUT = f"""
SELECT p.address, p.customer_id
  FROM {_LAST}
 CROSS JOIN LATERAL (
       SELECT count(*) AS bounced, min(l.bounced_at) AS first, max(l.bounced_at) AS last
         FROM (SELECT s.bounced_at,
                      count(*) FILTER (WHERE s.status <> '{SendStatus.BOUNCED}')
                          OVER (ORDER BY s.created_at DESC) AS ended
                 FROM sends s
                WHERE s.customer_id = p.customer_id AND s.channel = '{Channel.EMAIL}' AND s.sent_at IS NOT NULL
                  AND lower(s.recipient) = p.address AND s.created_at > :since) l
        WHERE l.ended = 0) n
 WHERE n.bounced >= :many AND n.last - n.first >= make_interval(days => :days)
"""
"""The row of bounces nothing came between, however long: the last five of a shop that writes every day never span a
week."""


async def give_up_worn_out(session: AsyncSession, endings: Sequence[Ending]) -> int:
    """Suppress addresses that only ever bounced of late, softly: so many messages in a row at least, over so many days
    (`SendingSettings.soft_bounces`). Call when the messages' fates are written; returns how many were given up."""
    soft = {
        (one.customer_id, one.address)
        for one in endings
        if one.event.kind is EventKind.BOUNCED and not one.is_final and one.channel is Channel.EMAIL and one.customer_id
    }
    if not soft:
        return 0
    settings = await load_settings(session, SendingSettings)
    people, addresses = zip(*sorted(soft, key=str), strict=True)
    found = await session.execute(
        text(_WORN_OUT),
        {
            **_LAST.bind(customer_id=list(people), address=list(addresses)),
            "many": settings.soft_bounces,
            "days": settings.soft_bounce_days,
            "since": now() - timedelta(days=LOOKED_BACK),
        },
    )
    worn = [Suppression(row.address, SuppressionReason.BOUNCED, Channel.EMAIL, row.customer_id) for row in found]
    if worn:
        await suppress_addresses(session, worn, source=SOFT)
    return len(worn)


async def heed_strangers(session: AsyncSession, told: Sequence[tuple[str, WebhookEvent]]) -> None:
    """The same for what a provider tells of messages nobody here knows (any more), as far as it names an address: a
    complaint binds whatever became of our books."""
    named: list[Ending] = []
    for provider, event in told:
        channels = PROVIDERS[provider].channels
        if event.kind not in REASONS or not event.recipient or len(channels) != 1:
            continue
        (channel,) = channels
        normalise = normalise_email if channel is Channel.EMAIL else normalise_phone
        try:
            named.append(Ending(normalise(event.recipient), channel, event))
        except Invalid:
            continue
    await stop_writing(session, await _with_customers(session, [one for one in named if one.is_final]))


async def _with_customers(session: AsyncSession, endings: Sequence[Ending]) -> list[Ending]:
    """Each once for every customer who has that address: families share phones."""
    if not endings:
        return []
    found = await session.execute(
        text(
            "SELECT id, email_key, phone FROM customers WHERE deleted_at IS NULL"
            " AND (email_key = ANY(:addresses) OR phone = ANY(:addresses))"
        ),
        {"addresses": [one.address for one in endings]},
    )
    people: dict[str, list[UUID | None]] = {}
    for row in found:
        for address in (row.email_key, row.phone):
            if address:
                people.setdefault(address, []).append(row.id)
    return [
        Ending(one.address, one.channel, one.event, customer_id)
        for one in endings
        for customer_id in people.get(one.address, [None])
    ]


async def _withdraw(session: AsyncSession, channel: Channel, people: Sequence[Ending]) -> None:
    """Consent withdrawn by complaining or unsubscribing at the provider, with the evidence."""
    told = [
        {
            "send_id": str(one.send_id) if one.send_id else None,
            "event": one.event.kind.value,
            "event_id": one.event.event_id,
            "at": str(one.event.at),
        }
        for one in people
    ]
    ids = [one.customer_id for one in people if one.customer_id]
    await withdraw_consents(session, channel, ids, [json.dumps(one) for one in told], "provider callback")
