"""What a customer bought: a basket, and spend by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.customers.labels.product_labels import LABELLED_LINES


@dataclass(frozen=True)
class PurchaseFields:
    """A purchase, whoever made it."""

    id: UUID
    external_id: str | None
    occurred_at: datetime
    total: Decimal
    discount: Decimal
    store: str | None
    register: str | None


@dataclass(frozen=True)
class PurchaseRow(PurchaseFields):
    """A purchase of one customer's."""

    categories: list[str]


@dataclass(frozen=True, slots=True)
class MonthSpend:
    month: date
    category: str
    amount: Decimal


async def spend_by_month(session: AsyncSession, actor: Actor, customer_id: UUID) -> list[MonthSpend]:
    """Return spend per month and category over the last twelve months."""
    require(actor, Permission.CUSTOMERS_READ)
    found = await session.execute(
        text(
            "SELECT CAST(date_trunc('month', p.occurred_at) AS date) AS month, l.category, sum(l.amount) AS amount"
            f" FROM purchases p JOIN {LABELLED_LINES} l ON l.purchase_id = p.id"
            " WHERE p.customer_id = :id AND p.occurred_at > now() - interval '12 months' GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        {"id": customer_id},
    )
    return [MonthSpend(**row) for row in found.mappings()]
