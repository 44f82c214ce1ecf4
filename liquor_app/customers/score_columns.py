"""Write what scoring works out about customers: these columns, a batch a statement. Corridor, for `scoring`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import copy_frame

if TYPE_CHECKING:
    import pandas as pd

SCORED = (
    "first_purchase_at", "last_purchase_at", "purchase_frequency", "total_spent", "avg_order_value",
    "avg_purchase_hour", "is_night_buyer", "primary_category", "secondary_category", "favorite_brands",
    "success_rate_pct", "rfm_segment", "r_score", "f_score", "m_score", "churn_risk", "churn_probability", "clv_score",
    "value_at_risk", "response_likelihood", "next_purchase_at",
)  # fmt: skip
"""Columns of `customers` that scoring alone has written."""

_SCRATCH = (
    f"CREATE TEMP TABLE IF NOT EXISTS scored_people ON COMMIT DROP AS SELECT id, {', '.join(SCORED)} FROM customers"
    " WITH NO DATA"
)

# Rows are locked in id order, as the dispatcher does, so that the two cannot wait for each other in a circle.
_LOCK = "SELECT id FROM customers WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE"

# A scoring of everybody takes minutes; who was scored anew in the meantime keeps the newer scores.
_WRITE = f"""
UPDATE customers c SET {", ".join(f"{name} = s.{name}" for name in SCORED)}, scored_at = :now
FROM scored_people s WHERE c.id = s.id AND c.deleted_at IS NULL AND (c.scored_at IS NULL OR c.scored_at <= :now)
"""


async def write_scores(session: AsyncSession, frame: pd.DataFrame, moment: datetime) -> None:
    """Write the scores of a batch of customers, as of `moment`; they stay locked until the transaction ends.

    Args:
        frame: `id` and `SCORED`.
    """
    await session.execute(text(_SCRATCH))
    await session.execute(text("TRUNCATE scored_people"))
    await copy_frame(session, "scored_people", frame[["id", *SCORED]])
    await session.execute(text(_LOCK), {"ids": frame["id"].tolist()})
    await session.execute(text(_WRITE), {"now": moment})
