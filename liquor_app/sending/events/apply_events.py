"""What is told of messages, written into the ledger and the log: at once for many, each thing once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.ids import uuid7_time, uuid_array
from liquor_app.core.pubsub import publish
from liquor_app.events.models import EventType
from liquor_app.events.service import NewEvent, record_events
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.sending.events.delivery_status import RANK, Fate, Touch, retold
from liquor_app.sending.events.suppress_on_event import Ending, stop_writing
from liquor_app.sending.models import SendStatus
from liquor_app.sending.rollup_backlog import Sent, ask_recount

LOGGED = {
    EventKind.DELIVERED: EventType.DELIVERED,
    EventKind.BOUNCED: EventType.BOUNCED,
    EventKind.COMPLAINED: EventType.COMPLAINED,
    EventKind.OPENED: EventType.EMAIL_OPEN,
    EventKind.CLICKED: EventType.LINK_CLICK,
    EventKind.UNSUBSCRIBED: EventType.UNSUBSCRIBED,
    EventKind.FAILED: EventType.FAILED,
}

KEPT_WORDS = 300
"""Characters of an address or a user agent that are kept in the log, and compared."""

MOST_TOUCHES = 200
"""Of one message that are weighed again when more is told; nobody opens one more often."""

# Locked in the order of their ids, as everywhere.
_SENDS = """
SELECT s.id, s.provider, s.provider_message_id, s.recipient, s.customer_id, s.campaign_id, s.action_id, s.channel,
       s.attempt, s.batch_id, s.status, s.sent_at, s.delivered_at, s.opened_at, s.clicked_at, s.bounced_at,
       s.complained_at, s.unsubscribed_at, s.error_code, s.error_message
FROM unnest(CAST(CAST(:ids AS text) AS uuid[])) AS m(id)
JOIN sends s ON s.id = m.id AND s.created_at = uuid_v7_time(m.id)
ORDER BY s.id FOR UPDATE OF s
"""

_TOUCHES = """
SELECT m.id AS send_id, e.id, e.occurred_at, e.event_type, e.properties
FROM unnest(CAST(CAST(:ids AS text) AS uuid[])) AS m(id)
CROSS JOIN LATERAL (
    SELECT id, occurred_at, event_type, properties FROM analytics_events
    WHERE send_id = m.id AND event_type = ANY(:types) AND occurred_at >= :since
    ORDER BY occurred_at, id LIMIT :most
) e
"""

_REMARK = """
UPDATE analytics_events e
SET properties = CASE WHEN f.machine THEN e.properties || '{"machine": true}' ELSE e.properties - 'machine' END
FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]), CAST(:machines AS boolean[]))
     AS f(id, moment, machine)
WHERE e.id = f.id AND e.occurred_at = f.moment
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

# A newer attempt speaks for its action itself.
_ACTIONS = """
UPDATE actions a SET status = f.status, updated_at = now()
FROM unnest(CAST(:actions AS uuid[]), CAST(:channels AS text[]), CAST(:attempts AS int[]), CAST(:statuses AS text[]))
     AS f(action_id, channel, attempt, status)
WHERE a.id = f.action_id AND (a.status = 'queued' OR (a.status = 'failed' AND f.status = 'sent'))
  AND NOT EXISTS (SELECT 1 FROM send_keys k
                  WHERE k.action_id = f.action_id AND k.channel = f.channel AND k.attempt > f.attempt)
"""

_UNSETTLED = (SendStatus.SENDING, SendStatus.UNKNOWN, SendStatus.FAILED)

Told = tuple[str, WebhookEvent]
"""Which provider told what."""


async def apply_events(session: AsyncSession, actor: Actor, by_send: Mapping[UUID, Sequence[Told]]) -> list[Told]:
    """Bring the messages' fates up to date, log what is new, stop writing to dead and unwilling addresses.

    Args:
        by_send: by message, what was told of it and by which provider.

    Returns:
        What concerns no message its provider was ever given.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Role.MANAGER)
    if not by_send:
        return []
    found = (await session.execute(text(_SENDS), {"ids": uuid_array(by_send)})).all()
    rows = {row.id: row for row in found}
    strangers: list[Told] = []
    own: dict[UUID, list[WebhookEvent]] = {}
    endings: list[Ending] = []
    for send_id, told in by_send.items():
        row = rows.get(send_id)
        # a provider speaks of its own messages only, whatever id it names
        known = [event for provider, event in told if row is not None and row.provider == provider]
        strangers += [(provider, event) for provider, event in told if row is None or row.provider != provider]
        if row is None or not known:
            continue
        # nothing becomes of one that never left as far as we know, but whoever complains of it is heard
        endings += [Ending.of_send(row, event) for event in known]
        if SendStatus(row.status) in RANK:
            own[send_id] = [_bounded(event, send_id) for event in known]
    earlier = await _touches(session, [rows[send_id] for send_id in own], own)
    changed: dict[UUID, tuple[Fate, Fate]] = {}
    logged: list[NewEvent] = []
    remarked: list[tuple[_Kept, bool]] = []
    for send_id, events in own.items():
        row, kept = rows[send_id], earlier.get(send_id, [])
        before = Fate(SendStatus(row.status), **{name: getattr(row, name) for name in (*_TIMES, *_WORDS)})
        after, machines = retold(
            before, _handed_at(row), [one.touch for one in kept], events, by_delivery=row.channel == Channel.EMAIL
        )
        remarked += [(one, one.touch.id in machines) for one in kept if one.was_machine != (one.touch.id in machines)]
        logged += [_logged(row, event, event.event_id in machines) for event in events]
        if after != before:
            changed[send_id] = before, after
    await _write(session, {send_id: after for send_id, (_, after) in changed.items()})
    await _tell_actions(session, [(rows[send_id], *fates) for send_id, fates in changed.items()])
    await _remark(session, remarked)
    await record_events(session, logged)
    await stop_writing(session, endings)
    await ask_recount(
        session,
        [Sent(after.sent_at, rows[send_id].campaign_id) for send_id, (_, after) in changed.items() if after.sent_at],
    )
    for campaign_id in {rows[send_id].campaign_id for send_id in changed if rows[send_id].campaign_id}:
        publish(session, f"campaign:{campaign_id}", {"told": len(changed)})
    if changed:
        publish(session, "sends", {"told": len(changed)})
    return strangers


@dataclass(frozen=True, slots=True)
class _Kept:
    """A touch that stands in the log already, and whose it was thought to be."""

    id: UUID
    touch: Touch
    was_machine: bool


def _kept(row: Any) -> _Kept:
    said = row.properties
    kind = next(kind for kind, name in LOGGED.items() if name == row.event_type)
    touch = Touch(
        str(row.id), kind, row.occurred_at, said.get("url"), said.get("user_agent"), bool(said.get("said_machine"))
    )
    return _Kept(row.id, touch, bool(said.get("machine")))


async def _touches(
    session: AsyncSession, rows: Sequence[Any], news: Mapping[UUID, Sequence[WebhookEvent]]
) -> dict[UUID, list[_Kept]]:
    """Earlier deliveries, opens and clicks, of the messages whose news may show them in another light."""
    asked = [
        row.id
        for row in rows
        # whatever was delivered, opened or clicked has a time of delivery
        if row.delivered_at is not None
        and any(event.kind in (EventKind.DELIVERED, EventKind.OPENED, EventKind.CLICKED) for event in news[row.id])
    ]
    kept: dict[UUID, list[_Kept]] = defaultdict(list)
    if asked:
        found = await session.execute(
            text(_TOUCHES),
            {
                "ids": uuid_array(asked),
                "types": [EventType.DELIVERED.value, EventType.EMAIL_OPEN.value, EventType.LINK_CLICK.value],
                "since": uuid7_time(min(asked)) - timedelta(days=1),
                "most": MOST_TOUCHES,
            },
        )
        for row in found:
            kept[row.send_id].append(_kept(row))
    return kept


def _handed_at(row: Any) -> datetime:
    """When a message passed the fence, which is known before any answer and any event. Imported ones passed none."""
    return uuid7_time(row.batch_id or row.id)


def _bounded(event: WebhookEvent, send_id: UUID) -> WebhookEvent:
    """Nothing happens to a message before it is made or later than now, whatever a provider's clock says."""
    return replace(
        event,
        at=max(min(event.at, now()), uuid7_time(send_id)),
        url=event.url[:KEPT_WORDS] if event.url else event.url,
        user_agent=event.user_agent[:KEPT_WORDS] if event.user_agent else event.user_agent,
    )


def _logged(row: Any, event: WebhookEvent, machine: bool) -> NewEvent:
    said = {"url": event.url, "code": event.code, "detail": event.detail}
    properties: dict[str, Any] = {name: value[:KEPT_WORDS] for name, value in said.items() if value}
    if event.user_agent is not None:
        properties["user_agent"] = event.user_agent
    if machine:
        properties["machine"] = True
    if event.is_machine:
        properties["said_machine"] = True
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


async def _tell_actions(session: AsyncSession, changed: Sequence[tuple[Any, Fate, Fate]]) -> None:
    """An action is sent, or failed, as soon as anybody says so of its message."""
    settled = [
        (row, "failed" if after.status is SendStatus.FAILED else "sent")
        for row, before, after in changed
        if row.action_id is not None and before.status in _UNSETTLED and after.status is not before.status
    ]
    if settled:
        await session.execute(
            text(_ACTIONS),
            {
                "actions": [row.action_id for row, _ in settled],
                "channels": [row.channel for row, _ in settled],
                "attempts": [row.attempt for row, _ in settled],
                "statuses": [status for _, status in settled],
            },
        )


async def _remark(session: AsyncSession, remarked: Sequence[tuple[_Kept, bool]]) -> None:
    """Set right in the log whose an earlier open or click was."""
    if remarked:
        await session.execute(
            text(_REMARK),
            {
                "ids": [kept.id for kept, _ in remarked],
                "moments": [kept.touch.at for kept, _ in remarked],
                "machines": [machine for _, machine in remarked],
            },
        )
