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

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.action_status import ToldAction, mark_told
from liquor_app.core.bulk import unnest
from liquor_app.core.clock import now
from liquor_app.core.ids import uuid7_time
from liquor_app.core.pubsub import publish
from liquor_app.events.models import EventType
from liquor_app.events.service import NewEvent, Remark, mark_machines, record_events
from liquor_app.ledger.models import SendStatus
from liquor_app.ledger.rollup_backlog import Sent, ask_recount
from liquor_app.ledger.send_status import Fate, change_fates, lock_sends
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.providers.kit.remedies import explained
from liquor_app.sending.events.delivery_status import RANK, Touch, retold
from liquor_app.sending.events.suppress_on_event import Ending, give_up_worn_out, stop_writing
from liquor_app.webhooks.models import Happened
from liquor_app.webhooks.outbox import emit

LOGGED = {
    EventKind.DELIVERED: EventType.DELIVERED,
    EventKind.BOUNCED: EventType.BOUNCED,
    EventKind.COMPLAINED: EventType.COMPLAINED,
    EventKind.OPENED: EventType.EMAIL_OPEN,
    EventKind.CLICKED: EventType.LINK_CLICK,
    EventKind.UNSUBSCRIBED: EventType.UNSUBSCRIBED,
    EventKind.FAILED: EventType.FAILED,
}

TOLD_OF = {SendStatus.DELIVERED: Happened.SEND_DELIVERED, SendStatus.BOUNCED: Happened.SEND_BOUNCED}
"""What the shop's own programs are told of a message."""

KEPT_WORDS = 300
"""Characters of an address or a user agent that are kept in the log, and compared."""

MOST_TOUCHES = 200
"""Of one message that are weighed again when more is told; nobody opens one more often."""

_ASKED = unnest("m", packed=("id",), id="uuid")
_TOUCHES = f"""
SELECT m.id AS send_id, e.id, e.occurred_at, e.event_type, e.properties
FROM {_ASKED}
CROSS JOIN LATERAL (
    SELECT id, occurred_at, event_type, properties FROM analytics_events
    WHERE send_id = m.id AND event_type = ANY(:types) AND occurred_at >= :since
    ORDER BY occurred_at, id LIMIT :most
) e
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
    require(actor, Permission.SENDS_WRITE)
    if not by_send:
        return []
    rows = await lock_sends(session, by_send)
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
        if row.recipient:  # erased since: it stands on the list already
            endings += [Ending.of_send(row, event) for event in known]
        if SendStatus(row.status) in RANK:
            own[send_id] = [_bounded(event, send_id) for event in known]
    earlier = await _touches(session, [rows[send_id] for send_id in own], own)
    changed: dict[UUID, tuple[Fate, Fate]] = {}
    logged: list[NewEvent] = []
    remarked: list[Remark] = []
    for send_id, events in own.items():
        row, kept = rows[send_id], earlier.get(send_id, [])
        before = Fate.of(row)
        after, machines = retold(
            before, _handed_at(row), [one.touch for one in kept], events, by_delivery=row.channel == Channel.EMAIL
        )
        remarked += [
            Remark(one.id, one.touch.at, one.touch.id in machines)
            for one in kept
            if one.was_machine != (one.touch.id in machines)
        ]
        logged += [_logged(row, event, event.event_id in machines) for event in events]
        if after != before:
            changed[send_id] = before, after
    await change_fates(session, changed)
    await _tell_endpoints(session, [(rows[send_id], *fates) for send_id, fates in changed.items()])
    await _tell_actions(session, [(rows[send_id], *fates) for send_id, fates in changed.items()])
    await mark_machines(session, remarked)
    await record_events(session, logged)
    await stop_writing(session, endings)
    await give_up_worn_out(session, endings)
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
                **_ASKED.bind(id=asked),
                "types": [EventType.DELIVERED.value, EventType.EMAIL_OPEN.value, EventType.LINK_CLICK.value],
                "since": uuid7_time(min(asked)) - timedelta(days=1),
                "most": MOST_TOUCHES,
            },
        )
        for row in found:
            kept[row.send_id].append(_kept(row))
    return kept


def _handed_at(row: Any) -> datetime:
    """Tell when a message passed the fence, which is known before any answer and any event. Imported ones passed
    none."""
    return uuid7_time(row.batch_id or row.id)


def _bounded(event: WebhookEvent, send_id: UUID) -> WebhookEvent:
    """Nothing happens to a message before it is made or later than now, whatever a provider's clock says."""
    return replace(
        event,
        detail=explained(event.code, event.detail),
        at=max(min(event.at, now()), uuid7_time(send_id)),
        url=event.url[:KEPT_WORDS] if event.url else event.url,
        user_agent=event.user_agent[:KEPT_WORDS] if event.user_agent else event.user_agent,
    )


def _logged(row: Any, event: WebhookEvent, machine: bool) -> NewEvent:
    said = {"url": event.url, "code": event.code, "detail": event.detail}
    properties: dict[str, Any] = {name: value[:KEPT_WORDS] for name, value in said.items() if value}
    if event.user_agent is not None:
        properties["user_agent"] = event.user_agent
    if event.kind is EventKind.BOUNCED:
        properties["permanent"] = event.is_permanent
        if row.channel == Channel.EMAIL:  # who refused it, and nobody's address
            properties["domain"] = str(row.recipient).rpartition("@")[2].strip().lower()[:253]
    if machine:
        properties["machine"] = True
    if event.is_machine:
        properties["said_machine"] = True
    return NewEvent(LOGGED[event.kind], row.customer_id, row.campaign_id, row.id, event.at, properties)


async def _tell_endpoints(session: AsyncSession, changed: Sequence[tuple[Any, Fate, Fate]]) -> None:
    """Tell whoever asked which messages were delivered, and which came back."""
    for status, happened in TOLD_OF.items():
        facts = [
            {
                "send_id": row.id, "campaign_id": row.campaign_id, "customer_id": row.customer_id,
                "channel": row.channel,
            }
            for row, before, after in changed
            if after.status is status and before.status is not status
        ]  # fmt: skip
        await emit(session, happened, facts)


async def _tell_actions(session: AsyncSession, changed: Sequence[tuple[Any, Fate, Fate]]) -> None:
    """An action is sent, or failed, as soon as anybody says so of its message."""
    await mark_told(
        session,
        [
            ToldAction(row.action_id, row.channel, row.attempt, after.status is not SendStatus.FAILED)
            for row, before, after in changed
            if row.action_id is not None and before.status in _UNSETTLED and after.status is not before.status
        ],
    )
