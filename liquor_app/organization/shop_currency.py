"""The currency the shop tells money in."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.money import DEFAULT_CURRENCY, use_currency
from liquor_app.organization.kept_general import general_saved


async def speak_in_shop_currency(session: AsyncSession) -> None:
    """Have this task tell money in the shop's currency; called where an event, a request or a job comes in."""
    use_currency(str((await general_saved(session)).get("currency") or DEFAULT_CURRENCY))
