"""A shop ready to send: brand, channels, templates, rules, and campaigns whose plan is approved.

People come from `tests.people`; everything here is set-based, so that a test may have a thousand of them.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import Actor
from liquor_app.campaigns.service import CampaignRow, find_campaign
from liquor_app.catalog.product_write import NewProduct
from liquor_app.compliance.service import ensure_rule_pack
from liquor_app.core.clock import now
from liquor_app.core.ids import uuid7
from liquor_app.organization.models import Channel
from liquor_app.planning.approval.approve_campaign import approve_campaign
from liquor_app.planning.plan_store import fingerprint_of
from liquor_app.templates.rendering.render import TemplateSource
from tests.kept_rows import shipped_templates
from tests.people import born, ensure_shop

EVENING = {"start": "17:30", "end": "20:00"}
ALL_DAY = {"start": "09:00", "end": "22:00"}
MONDAY = date(2026, 11, 2)
"""First day of the week tests play; campaigns on it run by their own clock."""


def noon_zone() -> str:
    """A zone where it is between half past eleven and half past twelve at this moment: e-mail of a campaign in real
    time goes out to people there, whenever the test runs."""
    at = datetime.now(UTC)
    offset = 12 - round(at.hour + at.minute / 60)
    return f"Etc/GMT{-offset:+d}"  # POSIX counts westwards


def at(day: int, hour: int, minute: int = 0, zone: str = "America/New_York") -> datetime:
    """A moment in the week of `MONDAY`: `at(1, 17, 30)` is half past five on Monday afternoon."""
    return datetime.combine(MONDAY + timedelta(days=day - 1), time(hour, minute), ZoneInfo(zone))


async def open_shop(session: AsyncSession) -> None:
    """Defaults of a fresh shop."""
    await ensure_shop(session)
    await shipped_templates(session)
    await ensure_rule_pack(session)


def sms_source(words: str) -> TemplateSource:
    """A text message as an author would write it."""
    return TemplateSource(Channel.SMS, None, None, words)


async def add_played_campaign(
    session: AsyncSession, customers: list[UUID], *, clock: datetime | None = None, **columns: Any
) -> UUID:
    """A running campaign of the week of `MONDAY` whose clock stands at `clock`, by default on its first evening."""
    return await add_ready_campaign(
        session, customers, start=MONDAY, virtual_now=clock or at(1, 18), is_playing=True, **columns
    )


async def set_clock(session: AsyncSession, campaign_id: UUID, clock: datetime) -> None:
    """Move a played campaign's clock."""
    await session.execute(
        text("UPDATE campaigns SET virtual_now = :clock WHERE id = :id"), {"clock": clock, "id": campaign_id}
    )


async def add_people(session: AsyncSession, count: int, *, ids: list[UUID] | None = None, **columns: Any) -> list[UUID]:
    """`count` customers of age in Maine who may be e-mailed and texted, unless `columns` say otherwise; their ids."""
    ids = ids or [uuid7() for _ in range(count)]
    values = {
        "name": "Marguerite Okafor",
        "email_consent": "given",
        "sms_consent": "given",
        "age_verified_at": now() - timedelta(days=400),
        "state": "ME",
        "timezone": "America/New_York",
        "purchase_frequency": 5,
        "primary_category": "Craft beer",
        **born(columns),
    }
    names = ", ".join(values)
    await session.execute(
        text(
            f"INSERT INTO customers (id, email, email_key, phone, {names})"
            " SELECT id, id || '@example.com', id || '@example.com',"
            " '+1207555' || lpad(CAST(n AS text), 4, '0'), "
            + ", ".join(f":{name}" for name in values)
            + " FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS p(id, n)"
        ),
        {"ids": ids, **values},
    )
    return ids


def product(number: int, sku: str | None, upc: str | None, name: str | None = None, **said: Any) -> NewProduct:
    """A row of products."""
    return NewProduct(sku, upc, name, **said, number=number)


async def add_ready_campaign(
    session: AsyncSession,
    customers: list[UUID],
    *,
    channel: str = "email",
    start: date | None = None,
    days: int = 7,
    scheduled: date | None = None,
    window: dict[str, str] | None = None,
    status: str = "active",
    virtual_now: datetime | None = None,
    action_status: str = "pending",
    **columns: Any,
) -> UUID:
    """An approved campaign with one chosen action per customer; returns its id.

    It begins today where it is noon now, unless `start` says otherwise; actions are due on `scheduled`, its first
    day by default.
    """
    first = start or datetime.now(ZoneInfo(noon_zone())).date()
    campaign_id = uuid7()
    values: dict[str, Any] = {
        "id": campaign_id,
        "name": "Back to the counter",
        "status": status,
        "start_date": first,
        "end_date": first + timedelta(days=days - 1),
        "target_segments": ["at_risk"],
        "started_at": now(),
        "virtual_now": virtual_now,
        "holdout_pct": Decimal(0),
        **columns,
    }
    names = ", ".join(values)
    await session.execute(
        text(f"INSERT INTO campaigns ({names}) VALUES ({', '.join(f':{name}' for name in values)})"), values
    )
    terms = {
        "name": "Favourite category", "discount_pct": "10", "category": "Craft beer",
        "expires_on": (first + timedelta(days=days + 2)).isoformat(),
    }  # fmt: skip
    await session.execute(
        text(
            "INSERT INTO actions (campaign_id, customer_id, segment_slug, channel, priority_score, reason, offer,"
            " offer_terms, message, template_category, scheduled_date, send_window, channels, status)"
            " SELECT :campaign, id, 'at_risk', :channel, 60, 'Bought 5 times, then went quiet.', '10% off craft beer',"
            " CAST(:terms AS jsonb), 'It has been a while. 10% off craft beer, until 30 November.', 'win_back',"
            " :day, CAST(:window AS jsonb), ARRAY[:channel], :status FROM unnest(CAST(:ids AS uuid[])) AS p(id)"
        ),
        {
            "campaign": campaign_id,
            "channel": channel,
            "terms": json.dumps(terms),
            "day": scheduled or first,
            "window": json.dumps(window or EVENING),
            "status": action_status,
            "ids": customers,
        },
    )
    return campaign_id


async def approve_seen(
    session: AsyncSession, actor: Actor, campaign_id: UUID, *, despite_sender: bool = False
) -> CampaignRow:
    """Approve the plan as it stands, as whoever looked at it this moment does."""
    plan = (await find_campaign(session, campaign_id)).plan_id
    seen = await fingerprint_of(session, campaign_id)
    return await approve_campaign(
        session, actor, campaign_id, plan_id=plan or uuid7(), fingerprint=seen, despite_sender=despite_sender
    )
