"""What providers tell us later: proved, kept once, then worked through in batches."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import AppError, NotFound, Unauthenticated
from liquor_app.core.ids import uuid_array
from liquor_app.core.pubsub import publish
from liquor_app.core.queue import Job, enqueue
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.models import SuppressionReason
from liquor_app.events.models import EventType
from liquor_app.events.service import NewEvent, record_events
from liquor_app.organization.models import Channel
from liquor_app.providers.base import EventKind, Provider, WebhookEvent
from liquor_app.providers.registry import PROVIDERS
from liquor_app.providers.service import load_routes, open_provider
from liquor_app.sending.fate import RANK, Fate, followed_all, is_machine, told
from liquor_app.sending.inbound import answer_texts
from liquor_app.sending.models import SendStatus

BATCH = 500
MAX_EVENTS = 10_000
"""Of one callback; SendGrid's are a thousand at most."""

LOGGED = {
    EventKind.DELIVERED: EventType.DELIVERED,
    EventKind.BOUNCED: EventType.BOUNCED,
    EventKind.COMPLAINED: EventType.COMPLAINED,
    EventKind.OPENED: EventType.EMAIL_OPEN,
    EventKind.CLICKED: EventType.LINK_CLICK,
    EventKind.UNSUBSCRIBED: EventType.UNSUBSCRIBED,
    EventKind.FAILED: EventType.FAILED,
}


@dataclass(frozen=True, slots=True)
class Processed:
    """How many receipts were worked through, and how many concern no message of ours."""

    receipts: int
    strangers: int


@lru_cache(maxsize=16)
def _open(name: str, config: bytes | None) -> Provider:
    """Kept: callbacks come by the thousand. Nothing is connected until something is sent."""
    return open_provider(name, config)


async def receive(
    session: AsyncSession, provider: str, body: bytes, headers: Mapping[str, str], url: str
) -> list[WebhookEvent]:
    """Prove a callback, keep its events (each once, however often it is told), and have them worked through.

    Returns:
        Its events, for an answer that cannot wait.

    Raises:
        NotFound: no such provider, or it is not set up.
        Unauthenticated: forged, too old, or there is no key to prove it by.
        Invalid: not what this provider sends.
    """
    configs = {route.config for route in await load_routes(session, even_closed=True) if route.provider == provider}
    if provider not in PROVIDERS or not configs:
        raise NotFound("No such provider is set up here.")
    events = _proved(provider, configs, body, headers, url)[:MAX_EVENTS]
    kept = await session.execute(
        text(
            "INSERT INTO webhook_receipts (provider, event_id, kind, send_id, payload)"
            " SELECT :provider, f.event_id, f.kind, f.send_id, f.payload FROM unnest(CAST(:events AS text[]),"
            " CAST(:kinds AS text[]), CAST(:sends AS uuid[]), CAST(:payloads AS jsonb[]))"
            " AS f(event_id, kind, send_id, payload) ON CONFLICT DO NOTHING RETURNING event_id"
        ),
        {
            "provider": provider,
            "events": [event.event_id[:200] for event in events],
            "kinds": [event.kind.value for event in events],
            "sends": [event.send_id for event in events],
            "payloads": [_document(event) for event in events],
        },
    )
    if kept.first() is not None:
        await enqueue(session, Job.PROCESS_WEBHOOKS, dedupe_key="all")
    return events


def _proved(
    provider: str, configs: set[bytes | None], body: bytes, headers: Mapping[str, str], url: str
) -> list[WebhookEvent]:
    """Read with whichever configuration of the provider proves it: one may stand for several channels."""
    refusal: AppError = Unauthenticated("This callback cannot be proved.")
    for config in sorted(configs, key=lambda one: one or b""):
        try:
            return _open(provider, config).parse_webhook(body, headers, url)
        except Unauthenticated as error:
            refusal = error
    raise refusal


def _document(event: WebhookEvent) -> str:
    """As kept: our words and the provider's own. NUL has no place in PostgreSQL's JSON."""
    words = {name: value for name, value in asdict(event).items() if name != "raw" and value is not None}
    return json.dumps({"event": words, "raw": dict(event.raw)}, default=str).replace("\\u0000", "")


def _event(kind: str, event_id: str, kept: Mapping[str, Any]) -> WebhookEvent:
    names = {field.name for field in fields(WebhookEvent)} - {"kind", "event_id", "at", "send_id", "raw"}
    words = {name: value for name, value in kept.items() if name in names}
    send_id = UUID(kept["send_id"]) if kept.get("send_id") else None
    return WebhookEvent(EventKind(kind), event_id, datetime.fromisoformat(kept["at"]), send_id, **words)


_OPEN_RECEIPTS = """
SELECT provider, event_id, kind, payload -> 'event' AS event FROM webhook_receipts
WHERE processed_at IS NULL ORDER BY received_at LIMIT :n FOR UPDATE SKIP LOCKED
"""

# Locked in the order of their ids, as everywhere.
_SENDS = """
SELECT s.id, s.provider, s.provider_message_id, s.recipient, s.customer_id, s.campaign_id, s.channel, s.status,
       s.sent_at, s.delivered_at, s.opened_at, s.clicked_at, s.bounced_at, s.complained_at, s.unsubscribed_at,
       s.error_code, s.error_message
FROM unnest(CAST(CAST(:ids AS text) AS uuid[])) AS m(id)
JOIN sends s ON s.id = m.id AND s.created_at = uuid_v7_time(m.id)
ORDER BY s.id FOR UPDATE OF s
"""

_BY_MESSAGE = """
SELECT id, provider, provider_message_id, lower(recipient) AS recipient FROM sends
WHERE provider_message_id = ANY(:messages)
"""

_TIMES = ("sent_at", "delivered_at", "opened_at", "clicked_at", "bounced_at", "complained_at", "unsubscribed_at")
_WORDS = ("error_code", "error_message")

_UPDATE = f"""
UPDATE sends s SET status = f.status, {", ".join(f"{name} = f.{name}" for name in (*_TIMES, *_WORDS))},
    claim_token = CASE WHEN s.status = 'sending' THEN NULL ELSE s.claim_token END,
    lease_until = CASE WHEN s.status IN ('sending', 'unknown') THEN NULL ELSE s.lease_until END
FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]),
            {", ".join(f"CAST(:{name} AS timestamptz[])" for name in _TIMES)},
            {", ".join(f"CAST(:{name} AS text[])" for name in _WORDS)})
     AS f(id, status, {", ".join((*_TIMES, *_WORDS))})
WHERE s.id = f.id AND s.created_at = uuid_v7_time(f.id)
"""


async def process_receipts(session: AsyncSession, actor: Actor, *, limit: int = BATCH) -> Processed:
    """Work through up to `limit` kept events, oldest first; in this transaction.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Role.MANAGER)
    found = await session.execute(text(_OPEN_RECEIPTS), {"n": limit})
    receipts = [(row.provider, _event(row.kind, row.event_id, row.event)) for row in found]
    if not receipts:
        return Processed(0, 0)
    receipts = await _identified(session, receipts)
    texts = [event for _, event in receipts if event.kind is EventKind.INBOUND]
    await answer_texts(session, texts)
    by_send: dict[UUID, list[tuple[str, WebhookEvent]]] = defaultdict(list)
    for provider, event in receipts:
        if event.send_id is not None and event.kind in LOGGED:
            by_send[event.send_id].append((provider, event))
    strangers = await apply_events(session, actor, by_send)
    known = len(texts) + sum(map(len, by_send.values())) - strangers
    await session.execute(
        text(
            "UPDATE webhook_receipts r SET processed_at = now() FROM unnest(CAST(:providers AS text[]),"
            " CAST(:events AS text[])) AS f(provider, event_id)"
            " WHERE r.provider = f.provider AND r.event_id = f.event_id"
        ),
        {
            "providers": [provider for provider, _ in receipts],
            "events": [event.event_id for _, event in receipts],
        },
    )
    return Processed(len(receipts), len(receipts) - known)


async def _identified(
    session: AsyncSession, receipts: Sequence[tuple[str, WebhookEvent]]
) -> list[tuple[str, WebhookEvent]]:
    """With our send ids, by the provider's own name of the message (and the recipient, where a batch shares it)."""
    unnamed = {event.message_id for _, event in receipts if event.send_id is None and event.message_id}
    if not unnamed:
        return list(receipts)
    found = await session.execute(text(_BY_MESSAGE), {"messages": list(unnamed)})
    known: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in found:
        known[row.provider, row.provider_message_id].append(row)

    def name(provider: str, event: WebhookEvent) -> WebhookEvent:
        rows = known.get((provider, event.message_id or ""), [])
        if event.send_id is not None or not rows:
            return event
        own = [row for row in rows if row.recipient == (event.recipient or "").lower()] or (
            rows if len(rows) == 1 else []
        )
        return replace(event, send_id=own[0].id) if own else event

    return [(provider, name(provider, event)) for provider, event in receipts]


async def apply_events(
    session: AsyncSession, actor: Actor, by_send: Mapping[UUID, list[tuple[str, WebhookEvent]]]
) -> int:
    """Bring the messages' fates up to date, log what is new, stop writing to dead and unwilling addresses.

    Args:
        by_send: by message, what was told of it and by which provider.

    Returns:
        How many events concern no message their provider was ever given.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Role.MANAGER)
    if not by_send:
        return 0
    found = (await session.execute(text(_SENDS), {"ids": uuid_array(by_send)})).all()
    rows = {row.id: row for row in found}
    strangers = 0
    changed: dict[UUID, Fate] = {}
    events: list[NewEvent] = []
    ended: list[tuple[Any, WebhookEvent]] = []
    for send_id, told_of in by_send.items():
        row = rows.get(send_id)
        # a provider speaks of its own messages only, whatever id it names
        own = [event for provider, event in told_of if row is not None and row.provider == provider]
        strangers += len(told_of) - len(own)
        if row is None or SendStatus(row.status) not in RANK or not own:
            continue
        fate = before = Fate(SendStatus(row.status), **{name: getattr(row, name) for name in (*_TIMES, *_WORDS)})
        swept = followed_all(event for event in own if event.kind is EventKind.CLICKED)
        for event in own:
            machine = event.event_id in swept or is_machine(event, before.sent_at)
            fate = told(fate, event, machine=machine)
            events.append(_logged(row, event, machine))
            if event.kind in (EventKind.BOUNCED, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED):
                ended.append((row, event))
        if fate != before:
            changed[send_id] = fate
    await _write(session, changed)
    await record_events(session, events)
    await _stop_writing(session, ended)
    for campaign_id in {rows[send_id].campaign_id for send_id in changed if rows[send_id].campaign_id}:
        publish(session, f"campaign:{campaign_id}", {"told": len(changed)})
    if changed:
        publish(session, "sends", {"told": len(changed)})
    return strangers


def _logged(row: Any, event: WebhookEvent, machine: bool) -> NewEvent:
    said = {"url": event.url, "code": event.code, "detail": event.detail, "user_agent": event.user_agent}
    properties: dict[str, Any] = {name: value[:300] for name, value in said.items() if value}
    if machine:
        properties["machine"] = True
    return NewEvent(LOGGED[event.kind], row.customer_id, row.campaign_id, row.id, event.at, properties)


async def _write(session: AsyncSession, changed: Mapping[UUID, Fate]) -> None:
    if not changed:
        return
    fates = list(changed.values())
    await session.execute(
        text(_UPDATE),
        {
            "ids": list(changed),
            "statuses": [fate.status.value for fate in fates],
            **{name: [getattr(fate, name) for fate in fates] for name in (*_TIMES, *_WORDS)},
        },
    )


async def _stop_writing(session: AsyncSession, ended: Sequence[tuple[Any, WebhookEvent]]) -> None:
    """Suppress at once: hard bounces, complaints, and whoever unsubscribed at the provider; their consent goes too."""
    reasons = {
        EventKind.BOUNCED: SuppressionReason.BOUNCED,
        EventKind.COMPLAINED: SuppressionReason.COMPLAINED,
        EventKind.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
    }
    final = [(row, event) for row, event in ended if event.kind is not EventKind.BOUNCED or event.is_permanent]
    if not final:
        return
    await session.execute(
        text(
            "INSERT INTO suppressions (address_hash, address, channel, reason, customer_id, source)"
            " SELECT f.hash, f.address, f.channel, f.reason, f.customer, 'provider' FROM unnest("
            " CAST(:hashes AS bytea[]), CAST(:addresses AS text[]), CAST(:channels AS text[]),"
            " CAST(:reasons AS text[]),"
            " CAST(:customers AS uuid[])) AS f(hash, address, channel, reason, customer) ON CONFLICT DO NOTHING"
        ),
        {
            "hashes": [address_hash(_key(row)) for row, _ in final],
            "addresses": [_key(row) for row, _ in final],
            "channels": [row.channel for row, _ in final],
            "reasons": [reasons[event.kind].value for _, event in final],
            "customers": [row.customer_id for row, _ in final],
        },
    )
    unwilling = [(row, event) for row, event in final if event.kind is not EventKind.BOUNCED and row.customer_id]
    for channel in Channel:
        people = [(row, event) for row, event in unwilling if row.channel == channel.value]
        if people:
            await _withdraw(session, channel, people)


async def _withdraw(session: AsyncSession, channel: Channel, people: Sequence[tuple[Any, WebhookEvent]]) -> None:
    """Consent withdrawn by complaining or unsubscribing at the provider, with the evidence."""
    await session.execute(
        text(
            f"WITH f AS (SELECT DISTINCT ON (customer) * FROM unnest(CAST(:customers AS uuid[]),"
            f" CAST(:evidence AS jsonb[])) AS f(customer, evidence)), gone AS (UPDATE customers c"
            f" SET {channel.value}_consent = 'withdrawn', updated_at = now() FROM f"
            f" WHERE c.id = f.customer AND c.{channel.value}_consent IS DISTINCT FROM 'withdrawn'"
            f" RETURNING c.id, f.evidence)"
            " INSERT INTO consents (customer_id, channel, status, source, evidence)"
            " SELECT id, :channel, 'withdrawn', 'provider callback', evidence FROM gone"
        ),
        {
            "customers": [row.customer_id for row, _ in people],
            "evidence": [
                json.dumps(
                    {"send_id": str(row.id), "event": event.kind.value, "event_id": event.event_id, "at": str(event.at)}
                )
                for row, event in people
            ],
            "channel": channel.value,
        },
    )


def _key(row: Any) -> str:
    address = str(row.recipient).strip()
    return address.lower() if row.channel == Channel.EMAIL else address
