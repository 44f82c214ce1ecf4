"""What the sandbox kept, for reading in the app."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.paging import Page, check_limit, decode_cursor, encode_cursor
from liquor_app.organization.models import Channel
from liquor_app.sending.staff_copy import inert_headers, inert_html, inert_text
from liquor_app.templates.rendering.sms_length import SmsSize, sms_size

EXACT_UP_TO = 10_000
EXCERPT = 160
"""Characters of a text shown in the list."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message the sandbox kept, without its body."""

    id: UUID
    send_id: UUID | None
    campaign_id: UUID | None
    campaign_name: str | None
    channel: str
    sender: str
    recipient: str
    subject: str | None
    excerpt: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message the sandbox kept, as staff may read it (`staff_copy`): what the recipient would have got, inert."""

    row: OutboxRow
    body_html: str | None
    body_text: str | None
    headers: dict[str, str]
    sms_size: SmsSize | None = None
    """Of a text: what was sent, counted before its links and code were masked."""


_OUTBOX = """
SELECT o.id, o.send_id, o.campaign_id, k.name AS campaign_name, o.channel, o.sender, o.recipient, o.subject,
       left(COALESCE(o.body_text, ''), 2000) AS excerpt, o.accepted_at, c.code AS coupon {more}
FROM outbox_messages o
LEFT JOIN campaigns k ON k.id = o.campaign_id
LEFT JOIN sends s ON s.id = o.send_id AND s.created_at = uuid_v7_time(o.send_id)
LEFT JOIN coupons c ON c.action_id = s.action_id
"""


# Without the coupon's code: who looks for one letter after the other would find it otherwise.
_FOUND = """
position(lower(:search) in lower(o.recipient || ' ' || replace(COALESCE(o.subject, ''), COALESCE((
    SELECT c.code FROM sends s JOIN coupons c ON c.action_id = s.action_id
    WHERE s.id = o.send_id AND s.created_at = uuid_v7_time(o.send_id)
), chr(1)), ''))) > 0
"""


async def list_outbox(
    session: AsyncSession,
    actor: Actor,
    *,
    campaign_id: UUID | None = None,
    send_id: UUID | None = None,
    channel: str = "",
    search: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> Page[OutboxRow]:
    """What the sandbox kept, latest first; `search` looks into recipient and subject.

    Raises:
        Invalid: unknown channel, malformed cursor, limit out of range.
    """
    require(actor, Role.USER)
    check_limit(limit)
    where, params = ["true"], dict[str, Any](n=limit + 1)
    if channel:
        where.append("o.channel = :channel")
        params["channel"] = check_channel(channel)
    if search.strip():
        where.append(_FOUND)
        params["search"] = search.strip()[:100]
    for name, value in (("campaign_id", campaign_id), ("send_id", send_id)):
        if value is not None:
            where.append(f"o.{name} = :{name}")
            params[name] = value
    total, exact = await count_rows(session, f"outbox_messages o WHERE {' AND '.join(where)}", params)
    if cursor:
        params["at"], params["last"] = decode_cursor(cursor, datetime, UUID)
        where.append("(o.accepted_at, o.id) < (:at, :last)")
    found = await session.execute(
        text(f"{_OUTBOX.format(more='')} WHERE {' AND '.join(where)} ORDER BY o.accepted_at DESC, o.id DESC LIMIT :n"),
        params,
    )
    rows = [_row(row) for row in found.mappings()]
    more, rows = len(rows) > limit, rows[:limit]
    return Page(rows, encode_cursor(rows[-1].accepted_at, rows[-1].id) if more else None, total, exact)


async def get_outbox_message(session: AsyncSession, actor: Actor, message_id: UUID) -> OutboxMessage:
    """One message of the outbox with its body.

    Raises:
        NotFound: there is none.
    """
    require(actor, Role.USER)
    found = await session.execute(
        text(f"{_OUTBOX.format(more=', o.body_html, o.body_text, o.headers')} WHERE o.id = :id"), {"id": message_id}
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such message in the outbox.")
    return OutboxMessage(
        _row(row),
        inert_html(row["body_html"], row["coupon"]),
        inert_text(row["body_text"], row["coupon"]),
        inert_headers(row["headers"]),
        sms_size(row["body_text"] or "") if row["channel"] == Channel.SMS else None,
    )


def _row(found: RowMapping) -> OutboxRow:
    code = found["coupon"]
    values = {name: found[name] for name in OutboxRow.__slots__}
    # cut after masking, so that no half of a link or code is left over at the end
    excerpt = (inert_text(found["excerpt"], code) or "")[:EXCERPT]
    return OutboxRow(**{**values, "subject": inert_text(found["subject"], code), "excerpt": excerpt})


async def count_rows(session: AsyncSession, source: str, params: dict[str, Any]) -> tuple[int, bool]:
    """Exact up to ten thousand, the planner's estimate beyond."""
    counted = await session.execute(
        text(f"SELECT count(*) FROM (SELECT 1 FROM {source} LIMIT {EXACT_UP_TO + 1}) x"), params
    )
    total = int(counted.scalar_one())
    if total <= EXACT_UP_TO:
        return total, True
    plan = await session.execute(text(f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {source}"), params)
    return max(int(plan.scalar_one()[0]["Plan"]["Plan Rows"]), total), False


def check_channel(value: str) -> str:
    """Raises: Invalid: unknown channel."""
    if value not in set(Channel):
        raise Invalid(f"channel must be one of {', '.join(Channel)}", field="channel")
    return value
