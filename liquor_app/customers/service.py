"""The knowledge base: who a customer is, as each role may see them. Changing them is `editing.change_customer`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, may, require
from liquor_app.core.errors import NotFound
from liquor_app.customers.ages.birth_dates import AgeBand, age_band
from liquor_app.customers.consents import REACHABLE
from liquor_app.customers.merging.gone_profiles import kept_profile, why_gone
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_today


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer as lists and profiles show it."""

    id: UUID
    external_id: str | None
    email: str | None
    phone: str | None
    name: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str
    timezone: str | None
    email_consent: str | None
    sms_consent: str | None
    of_age_on: date | None
    """The day they turn 21, where a date of birth is known, which tells that date: managers and admins read it, nobody
    else does (`seen_by`)."""
    has_turned_21: bool | None
    """By the date of birth on file; null where none is known."""
    age_band: AgeBand | None
    """Decades of age today, by the date of birth on file; null where none is known."""
    age_verified_at: datetime | None
    age_disputed_at: datetime | None
    """Two statements about their age do not agree: nothing is sent to them until it is settled."""
    profiling_objected_at: datetime | None
    no_tracking: bool
    """Their opens and clicks are not counted, whatever the brand counts."""
    rfm_segment: str | None
    r_score: int | None
    f_score: int | None
    m_score: int | None
    churn_risk: str | None
    churn_probability: float | None
    clv_score: Decimal | None
    value_at_risk: Decimal | None
    response_likelihood: float | None
    next_purchase_at: datetime | None
    is_night_buyer: bool
    avg_purchase_hour: int | None
    purchase_frequency: int
    total_spent: Decimal
    avg_order_value: Decimal
    success_rate_pct: Decimal | None
    primary_category: str | None
    secondary_category: str | None
    favorite_brands: list[str]
    first_purchase_at: datetime | None
    last_purchase_at: datetime | None
    scored_at: datetime | None
    is_sample: bool
    created_at: datetime
    updated_at: datetime


NOT_YET_TOLD = {"has_turned_21": "CAST(NULL AS boolean)", "age_band": "CAST(NULL AS text)"}
"""What is read as these fields: they are of the shop's day, which `seen_by` knows. A list that selects them has
`shown_to`."""
COLUMNS = ", ".join(
    f"{NOT_YET_TOLD.get(field.name, f'c.{field.name}')} AS {field.name}" for field in fields(CustomerRow)
)


def seen_by(actor: Actor, row: CustomerRow, today: date) -> CustomerRow:
    """Return a customer as the actor may read them: who may not read dates of birth learns whether of age, and the
    decade."""
    day = row.of_age_on
    return replace(
        row,
        has_turned_21=None if day is None else day <= today,
        age_band=None if day is None else age_band(day, today),
        of_age_on=day if may(actor, Permission.CUSTOMERS_PRIVATE) else None,
    )


async def shown_to(session: AsyncSession, actor: Actor) -> Callable[[CustomerRow], CustomerRow]:
    """Return what makes of a customer what the actor may read of them today.

    Raises:
        Forbidden: nobody is signed in.
    """
    require(actor, Permission.CUSTOMERS_READ)
    today = await shop_today(session)
    return lambda row: seen_by(actor, row, today)


@dataclass(frozen=True, slots=True)
class BaseCounts:
    """How many people there are, and how many may be reached."""

    customers: int
    emailable: int
    textable: int
    by_segment: list[tuple[str, int]]
    by_churn: list[tuple[str, int]]


async def get_customer(session: AsyncSession, actor: Actor, customer_id: UUID) -> CustomerRow:
    """Return one customer.

    Raises:
        NotFound: unknown or deleted.
    """
    require(actor, Permission.CUSTOMERS_READ)
    found = await session.execute(
        text(f"SELECT {COLUMNS} FROM customers c WHERE c.id = :id AND c.deleted_at IS NULL"), {"id": customer_id}
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound(await why_gone(session, customer_id))
    return seen_by(actor, CustomerRow(**row), await shop_today(session))


async def part_of(session: AsyncSession, actor: Actor, customer_id: UUID) -> UUID | None:
    """Return the profile this one became part of; None for one that stands, or that there never was."""
    require(actor, Permission.CUSTOMERS_READ)
    return await kept_profile(session, customer_id)


async def base_counts(session: AsyncSession, actor: Actor) -> BaseCounts:
    """Return the base at a glance."""
    require(actor, Permission.CUSTOMERS_READ)
    found = await session.execute(
        text(
            "SELECT COALESCE(rfm_segment, '') AS segment, COALESCE(churn_risk, '') AS churn, count(*) AS n,"
            f" count(*) FILTER (WHERE {REACHABLE[Channel.EMAIL].format(c='c', today=':today')}) AS emailable,"
            f" count(*) FILTER (WHERE {REACHABLE[Channel.SMS].format(c='c', today=':today')}) AS textable"
            " FROM customers c WHERE deleted_at IS NULL GROUP BY 1, 2"
        ),
        {"today": await shop_today(session)},
    )
    segments: dict[str, int] = {}
    churn: dict[str, int] = {}
    total = emailable = textable = 0
    for row in found.mappings():
        segments[row["segment"]] = segments.get(row["segment"], 0) + row["n"]
        churn[row["churn"]] = churn.get(row["churn"], 0) + row["n"]
        total += row["n"]
        emailable += row["emailable"]
        textable += row["textable"]
    return BaseCounts(
        total,
        emailable,
        textable,
        sorted(((name, n) for name, n in segments.items() if name), key=lambda item: (-item[1], item[0])),
        sorted((name, n) for name, n in churn.items() if name),
    )
