"""A base of customers for tests of segments, actions and plans: a few columns said, the rest plausible."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role, User
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.customers.ages.sealed_dates import born_columns
from liquor_app.demo.sample_brand import wear_sample_brand
from liquor_app.experiments.what_teaches import DECIDED_AT
from liquor_app.organization.service import ensure_defaults
from liquor_app.providers.service import ensure_sandbox
from liquor_app.scoring.estimators.uplift import Cell, Posterior
from liquor_app.scoring.uplift_store import keep_uplift


async def ensure_shop(session: AsyncSession) -> None:
    """Defaults of a fresh shop that has been named: Harbor & Vine."""
    await ensure_defaults(session)
    await ensure_sandbox(session)
    await wear_sample_brand(session)


def steady_ids(count: int, of: str = "person") -> list[UUID]:
    """Return ids that are the same each time, for who takes part in a draw by id: of enough runs of a test one would
    draw nobody, or a split that no honest draw makes but once in a thousand."""
    return [UUID(bytes=hashlib.sha256(f"{of} {number}".encode()).digest()[:16], version=4) for number in range(count)]


async def add_user(role: Role) -> Actor:
    """Somebody of the shop, who can ask for jobs."""
    async with transaction() as session:
        user = User(email=f"{uuid7().hex}@shop.test", password_hash="none", role=role)
        session.add(user)
        await session.flush()
        return Actor(ActorKind.USER, user.id, user.email, role)


def born(columns: dict[str, Any]) -> dict[str, Any]:
    """The columns of a customer, with those that stand for a `date_of_birth`."""
    rest = {name: value for name, value in columns.items() if name != "date_of_birth"}
    return {**rest, **born_columns(columns["date_of_birth"])} if "date_of_birth" in columns else rest


async def add_customer(session: AsyncSession, **columns: Any) -> UUID:
    """One customer who may be e-mailed and texted unless `columns` say otherwise; returns the id."""
    customer_id = columns.pop("id", None) or uuid7()
    mark = customer_id.hex[-10:]
    values: dict[str, Any] = {
        "id": customer_id,
        "name": "Ada Example",
        "email": f"{mark}@example.com",
        "email_key": f"{mark}@example.com",
        "phone": f"+1207{2_000_000 + int(mark, 16) % 7_999_999:07d}",
        "email_consent": "given",
        "sms_consent": "given",
        "age_verified_at": now() - timedelta(days=400),
        "state": "ME",
        "timezone": "America/New_York",
        "first_purchase_at": now() - timedelta(days=300),
        "last_purchase_at": now() - timedelta(days=41),
        "purchase_frequency": 8,
        "total_spent": Decimal("160.00"),
        "avg_order_value": Decimal("20.00"),
        "avg_purchase_hour": 19,
        "primary_category": "Domestic wine",
        "rfm_segment": "At_Risk",
        "r_score": 2,
        "f_score": 4,
        "m_score": 4,
        "churn_risk": "high",
        "churn_probability": 0.7,
        "clv_score": Decimal("120.00"),
        "value_at_risk": Decimal("84.00"),
        "response_likelihood": 0.12,
        "scored_at": now(),
        **born(columns),
    }
    names = ", ".join(values)
    await session.execute(
        text(f"INSERT INTO customers ({names}) VALUES ({', '.join(f':{name}' for name in values)})"), values
    )
    return UUID(str(customer_id))


async def add_purchase(session: AsyncSession, customer_id: UUID, *, days_ago: float, category: str = "Whisky") -> UUID:
    """One basket with one line of 20.00."""
    purchase_id = uuid7()
    await session.execute(
        text(
            "INSERT INTO purchases (id, customer_id, occurred_at, total, alcohol_total)"
            " VALUES (:id, :customer, :at, 20, 20)"
        ),
        {"id": purchase_id, "customer": customer_id, "at": now() - timedelta(days=days_ago)},
    )
    await session.execute(
        text("INSERT INTO purchase_lines (purchase_id, category, quantity, amount) VALUES (:p, :category, 1, 20)"),
        {"p": purchase_id, "category": category},
    )
    return purchase_id


async def add_campaign(session: AsyncSession, targets: list[str], **columns: Any) -> UUID:
    """A draft campaign for the seven days from tomorrow; returns the id."""
    tomorrow = now().astimezone(ZoneInfo("America/New_York")).date() + timedelta(days=1)
    values: dict[str, Any] = {
        "id": uuid7(),
        "name": "Quiet week",
        "start_date": tomorrow,
        "end_date": tomorrow + timedelta(days=6),
        "target_segments": targets,
        "holdout_pct": Decimal(0),
        "seed": "7",
        **columns,
    }
    values["constraints"] = json.dumps(values.get("constraints", {}))
    names = ", ".join(values)
    await session.execute(
        text(f"INSERT INTO campaigns ({names}) VALUES ({', '.join(f':{name}' for name in values)})"), values
    )
    return UUID(str(values["id"]))


async def add_send(session: AsyncSession, customer_id: UUID, *, days_ago: float, status: str = "delivered") -> None:
    """One message of the past (or, with a negative number, one that is still due)."""
    at = now() - timedelta(days=days_ago)
    send_id = uuid7(min(at, now()))
    await session.execute(
        text(
            "INSERT INTO sends (id, created_at, customer_id, channel, recipient, status, not_before, contact_at)"
            " VALUES (:id, :created, :customer, 'email', 'x@example.com', :status, :at, :at)"
        ),
        {"id": send_id, "created": uuid7_time(send_id), "customer": customer_id, "status": status, "at": at},
    )


_DELIVERED = f"""
INSERT INTO sends (id, created_at, action_id, customer_id, campaign_id, channel, recipient, status, not_before,
                   provider, contact_at)
SELECT m.id, uuid_v7_time(m.id), a.id, a.customer_id, a.campaign_id, a.channel, 'x@example.com', 'delivered', a.at,
       :provider, a.at
  FROM (SELECT a.*, {DECIDED_AT} AS at FROM actions a WHERE a.campaign_id = :id
           AND a.status IN ('pending', 'queued', 'sent')
           AND NOT EXISTS (SELECT FROM sends s WHERE s.action_id = a.id)) a
 CROSS JOIN LATERAL (SELECT uuid_v7() AS id WHERE a.id IS NOT NULL) m
 WHERE a.at <= now()
"""


async def deliver(session: AsyncSession, campaign_id: UUID, *, provider: str = "smtp") -> None:
    """Everything a campaign planned up to now has left, each message at its own moment: without, it wrote to nobody,
    and nothing of it says anything."""
    await session.execute(text(_DELIVERED), {"id": campaign_id, "provider": provider, "zone": "America/New_York"})
    await session.execute(
        text("UPDATE actions SET status = 'sent' WHERE campaign_id = :id AND status IN ('pending', 'queued')"
             " AND EXISTS (SELECT FROM sends s WHERE s.action_id = actions.id)"),
        {"id": campaign_id},
    )  # fmt: skip


MONEY_OFF = (
    "Favourite category, 10% off", "Favourite category, 7% off", "Ten, 10% off", "Ten off, 10% off", "Ten, 8% off",
    "Wine, 10% off",
)  # fmt: skip
"""Offers that tests make, as the uplift model knows them."""


async def believe(session: AsyncSession, uplift: float = 0.2, offers: dict[str, float] | None = None) -> None:
    """A shop that has learned what messages change: `uplift` whatever they say, and more or less by offers' labels;
    without any given, money off works twice as well.
    E-mail works a little better than SMS."""
    by_offer = dict.fromkeys(MONEY_OFF, 0.2) if offers is None else offers
    effects = {("channel", "email"): 0.01} | {("offer", label): effect for label, effect in by_offer.items()}
    usual, size = Posterior.prior(), len(effects) + 1
    learned = Posterior(
        tuple(effects),
        np.array([uplift, *effects.values()]),
        np.eye(size) * 1e-8,
        dict.fromkeys(usual.variances, 1e-8),
        {Cell("everybody", label, "email", "due"): 1000 for label in by_offer},
        500,
        1.0,
        0.2,
    )
    await keep_uplift(session, learned, now().date())
