"""Whether a product can be had: what a stock figure says, and how long it says it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import now
from liquor_app.organization.settings import PlanningSettings, load_settings


class StockState(StrEnum):
    IN = "in_stock"
    OUT = "out_of_stock"
    UNKNOWN = "unknown"
    """Never told, or told too long ago."""


STATE = (
    f"CASE WHEN {{t}}.stock IS NULL OR {{t}}.stock_at IS NULL OR {{t}}.stock_at < :fresh THEN '{StockState.UNKNOWN}'"
    f" WHEN {{t}}.stock > 0 THEN '{StockState.IN}' ELSE '{StockState.OUT}' END"
)
"""What a product's stock is, in SQL: `STATE.format(t="t")`; `:fresh` is `fresh_since`'s."""


def fresh_since(hours: int) -> datetime:
    """Return since when a stock figure still counts."""
    return now() - timedelta(hours=hours)


async def fresh_now(session: AsyncSession) -> datetime:
    """Return the same by the shop's setting."""
    return fresh_since((await load_settings(session, PlanningSettings)).stock_hours)
