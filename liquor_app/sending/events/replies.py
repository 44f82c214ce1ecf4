"""What people write back and no rule understands: kept for a person to read, and nothing more goes to them until then.

Any reasonable way of saying no binds (47 CFR 64.1200(a)(10)). What a rule does not understand may be one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import unnest
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.consents import Suppression, suppress_addresses
from liquor_app.customers.models import SuppressionReason
from liquor_app.customers.recipient_consent import SaidByText, withdraw_by_text, withdraw_consents
from liquor_app.organization.bell import has_rung
from liquor_app.organization.models import Channel
from liquor_app.organization.service import notify
from liquor_app.providers.kit.base import WebhookEvent
from liquor_app.sending.events.sms_keywords import BY_TEXT, number_of
from liquor_app.sending.models import REPLY, Proof, ReplyStatus
from liquor_app.sending.sign_up.confirm_sign_up import cancel_sign_ups

BY_MAIL = "e-mail answer"
"""The source of what was said by e-mail, in consents and on the list."""
MOST_UNREAD = 20
"""Of one address; whoever writes more is held already, and fills nobody's page."""
MAX_BODY = 1_600
"""Characters: the longest text a carrier joins."""

_KEPT = unnest(
    "n", provider="text", event_id="text", channel="text", address="text", hash="bytea", body="text", status="text",
    reader="text", at="timestamptz", read_at="timestamptz", place="int", proof="text", holds="bool",
)  # fmt: skip
_KEEP = f"""
INSERT INTO replies
       (provider, event_id, medium, address, address_hash, customer_id, body, status, read_by, read_at, received_at,
        proof, holds)
SELECT n.provider, n.event_id, n.channel, n.address, n.hash,
       CASE n.channel
           WHEN '{Channel.SMS}' THEN
               (SELECT c.id FROM customers c WHERE c.phone = n.address AND c.deleted_at IS NULL ORDER BY c.id LIMIT 1)
           ELSE (SELECT c.id FROM customers c
                  WHERE c.email_key = n.address AND c.deleted_at IS NULL ORDER BY c.id LIMIT 1) END,
       n.body, n.status, n.reader, n.read_at, n.at, n.proof, n.holds
  FROM {_KEPT}
 WHERE n.status <> '{ReplyStatus.OPEN}' OR n.place <= {MOST_UNREAD} - (
       SELECT count(*) FROM replies r WHERE r.address_hash = n.hash AND r.status = '{ReplyStatus.OPEN}')
    ON CONFLICT DO NOTHING
"""
IS_UNREAD = (
    f"EXISTS (SELECT FROM replies r WHERE r.address_hash = f.hash AND r.status = '{ReplyStatus.OPEN}' AND r.holds)"
)
"""Of an address `f.hash` at the fence: something it wrote that nobody has read holds what would go there."""
TO_READ = "Replies to read"


@dataclass(frozen=True, slots=True)
class NewReply:
    """Something somebody wrote, from a normalised address; read already where its words said enough."""

    provider: str
    event_id: str
    channel: Channel
    address: str
    said: str
    at: datetime
    status: ReplyStatus = ReplyStatus.OPEN
    reader: str = ""
    proof: Proof = Proof.NOT_TOLD
    is_holding: bool = True
    """Nothing more goes there until it is read."""


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """A text or e-mail somebody wrote, and what became of it."""

    id: UUID
    channel: Channel
    sender: str
    """Their number, E.164, or their address."""
    customer_id: UUID | None
    customer_name: str | None
    words: str
    sender_proof: Proof
    status: ReplyStatus
    reader: str
    read_at: datetime | None
    received_at: datetime


async def keep_texts(session: AsyncSession, texts: Sequence[tuple[str, WebhookEvent]]) -> int:
    """Keep the texts nobody understood; see `keep_replies`."""
    kept: list[NewReply] = []
    for provider, event in texts:
        if not (address := number_of(event)):
            continue  # nobody we could write to
        if words := (event.text or "").strip():
            kept.append(NewReply(provider, event.event_id[:200], Channel.SMS, address, words, event.at))
    return await keep_replies(session, kept)


async def keep_replies(session: AsyncSession, replies: Sequence[NewReply]) -> int:
    """Keep what people wrote, each once; the bell says that there is something to read. Returns how many."""
    if not replies:
        return 0
    read_at = now()
    counted: Counter[str] = Counter()
    places = []
    for one in replies:
        counted[one.address] += one.status is ReplyStatus.OPEN
        places.append(counted[one.address])
    made = await session.execute(
        text(_KEEP),
        _KEPT.bind(
            provider=[one.provider for one in replies],
            event_id=[one.event_id for one in replies],
            channel=[one.channel.value for one in replies],
            address=[one.address for one in replies],
            hash=[address_hash(one.address) for one in replies],
            body=[one.said[:MAX_BODY] for one in replies],
            status=[one.status.value for one in replies],
            reader=[one.reader for one in replies],
            at=[one.at for one in replies],
            place=places,
            proof=[one.proof.value for one in replies],
            holds=[one.is_holding for one in replies],
            read_at=[None if one.status is ReplyStatus.OPEN else read_at for one in replies],
        ),
    )
    count = int(made.rowcount)  # type: ignore[attr-defined]
    if count and any(one.status is ReplyStatus.OPEN for one in replies):
        since = now() - timedelta(hours=1)
        if await has_rung(session, TO_READ, since=since):
            return count
        await notify(
            session,
            title=TO_READ,
            body="No rule understands what was written. Until somebody has read it, nothing goes to who wrote it.",
            link="/replies",
            level="warning",
        )
    return count


async def unread_from(session: AsyncSession, hashes: Collection[bytes]) -> frozenset[bytes]:
    """Return those of these addresses that wrote something nobody has read yet. A corridor."""
    if not hashes:
        return frozenset()
    found = await session.execute(
        text(
            f"SELECT address_hash FROM replies WHERE status = '{ReplyStatus.OPEN}' AND holds"
            " AND address_hash = ANY(:hashes)"
        ),
        {"hashes": list(hashes)},
    )
    return frozenset(bytes(one) for one in found.scalars())


async def settle_reply(session: AsyncSession, actor: Actor, reply_id: UUID, *, is_no: bool) -> ReplyStatus:
    """Say what somebody meant: a no, which takes the number or address off as STOP does, or nothing that binds us.
    Messages to it go out again only then, and never after a no.

    Raises:
        Forbidden: the actor is not a marketer.
        NotFound: there is no such reply.
        Conflict: somebody has read it already.
    """
    require(actor, Permission.SENDS_WRITE)
    found = await session.execute(
        text("SELECT status, medium, address, body, received_at, read_by FROM replies WHERE id = :id FOR UPDATE"),
        {"id": reply_id},
    )
    row = found.first()
    if row is None:
        raise NotFound("There is no such reply.")
    status = ReplyStatus.NO if is_no else ReplyStatus.READ
    if row.status not in REPLY.sources(status):
        raise Conflict(f"{row.read_by or 'Somebody'} has read it already.")
    await session.execute(
        text("UPDATE replies SET status = :status, read_by = :by, read_at = :at WHERE id = :id"),
        {"status": status.value, "by": actor.name[:120], "at": now(), "id": reply_id},
    )
    if is_no:
        evidence = {"text": row.body[:160], "at": str(row.received_at), "read_by": actor.name[:120]}
        if row.medium == Channel.EMAIL:
            await take_no_by_mail(session, row.address, evidence)
        else:
            await suppress_addresses(
                session, [Suppression(row.address, SuppressionReason.UNSUBSCRIBED, Channel.SMS)], source=BY_TEXT
            )
            await withdraw_by_text(session, [SaidByText(row.address, json.dumps(evidence))], BY_TEXT)
            await cancel_sign_ups(session, Channel.SMS, [address_hash(row.address)])
    await audit(session, actor, "reply.read", "reply", reply_id, meant="no" if is_no else "nothing")
    return status


async def take_no_by_mail(session: AsyncSession, address: str, evidence: dict[str, str]) -> None:
    """Take an address off, as its owner's own word, and withdraw the consent of whoever has it. A corridor."""
    entries = [Suppression(address, SuppressionReason.UNSUBSCRIBED, Channel.EMAIL)]
    await suppress_addresses(session, entries, source=BY_MAIL)
    await cancel_sign_ups(session, Channel.EMAIL, [address_hash(address)])
    found = await session.execute(
        text("SELECT id FROM customers WHERE email_key = :address AND deleted_at IS NULL ORDER BY id LIMIT 100"),
        {"address": address},
    )
    people = list(found.scalars())
    if people:
        await withdraw_consents(session, Channel.EMAIL, people, [json.dumps(evidence)] * len(people), BY_MAIL)


_MOVE = "UPDATE replies SET customer_id = :to WHERE customer_id = :gone RETURNING id"
_RETURN = """
UPDATE replies SET customer_id = :gone WHERE customer_id = :to AND id = ANY(CAST(:ids AS uuid[]))
"""


async def move_replies(session: AsyncSession, gone: UUID, to: UUID) -> list[str]:
    """Give what one customer wrote to another; returns the texts' ids. A corridor, for `doubles`."""
    moved = await session.execute(text(_MOVE), {"gone": gone, "to": to})
    return [str(one) for one in moved.scalars()]


async def return_replies(session: AsyncSession, gone: UUID, to: UUID, ids: Sequence[str]) -> None:
    """Undo `move_replies`. A corridor, for `doubles`."""
    await session.execute(text(_RETURN), {"gone": gone, "to": to, "ids": list(ids)})
