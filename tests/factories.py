"""A shop ready to send: brand, channels, templates, rules, and campaigns whose plan is approved.

People come from `tests.people`; everything here is set-based, so that a test may have a thousand of them.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.compliance.service import ensure_rule_pack
from liquor_app.core.clock import now
from liquor_app.core.ids import uuid7
from liquor_app.organization.service import ensure_defaults
from liquor_app.organization.settings import ComplianceSettings
from liquor_app.templates.service import ensure_default_templates

EVENING = {"start": "17:30", "end": "20:00"}
ANY_HOUR = {"start": "00:00", "end": "24:00"}


async def open_shop(session: AsyncSession, *, any_hour: bool = False) -> None:
    """Defaults of a fresh shop. With `any_hour` the store's windows never close, so that e-mail of a campaign in
    real time may go out whenever the test runs."""
    await ensure_defaults(session)
    await ensure_default_templates(session)
    await ensure_rule_pack(session)
    if any_hour:
        settings = ComplianceSettings(email_window_start="00:00", email_window_end="23:59")
        await session.execute(
            text("INSERT INTO settings (key, value) VALUES ('compliance', CAST(:value AS jsonb))"),
            {"value": settings.model_dump_json()},
        )


async def add_people(session: AsyncSession, count: int, **columns: Any) -> list[UUID]:
    """`count` customers of age in Maine who may be e-mailed and texted, unless `columns` say otherwise; their ids."""
    ids = [uuid7() for _ in range(count)]
    values = {
        "email_consent": "given",
        "sms_consent": "given",
        "age_verified_at": now() - timedelta(days=400),
        "state": "ME",
        "timezone": "America/New_York",
        "purchase_frequency": 5,
        "primary_category": "Craft beer",
        **columns,
    }
    names = ", ".join(values)
    await session.execute(
        text(
            f"INSERT INTO customers (id, name, email, email_key, phone, {names})"
            " SELECT id, 'Marguerite Okafor', id || '@example.com', id || '@example.com',"
            " '+1207555' || lpad(CAST(n AS text), 4, '0'), "
            + ", ".join(f":{name}" for name in values)
            + " FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS p(id, n)"
        ),
        {"ids": ids, **values},
    )
    return ids


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

    It begins today unless `start` says otherwise; actions are due on `scheduled`, its first day by default.
    """
    first = start or datetime.now(UTC).date()
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
