"""Hand out customers whose purchases changed and who wait to be scored. Corridors, for `scoring`."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def claim_touched(session: AsyncSession, mark: UUID) -> None:
    """Mark everybody whose purchases changed, before everybody is read; `release_touched` takes the marked away once
    their scores are written. Whoever is touched again meanwhile loses the mark and stays."""
    await session.execute(text("UPDATE touched_customers SET claimed = :mark"), {"mark": mark})


async def release_touched(session: AsyncSession, mark: UUID) -> None:
    """Everybody marked has been scored."""
    await session.execute(text("DELETE FROM touched_customers WHERE claimed = :mark"), {"mark": mark})


async def take_touched(session: AsyncSession, most: int) -> list[UUID]:
    """Take away up to `most` customers whose purchases changed, to be scored in this transaction; those being
    written right now are left for later."""
    found = await session.execute(
        text(
            "DELETE FROM touched_customers WHERE customer_id = ANY(ARRAY(SELECT customer_id FROM touched_customers"
            " ORDER BY customer_id LIMIT :most FOR UPDATE SKIP LOCKED)) RETURNING customer_id"
        ),
        {"most": most},
    )
    return [UUID(str(row)) for row in found.scalars()]


async def touched_share(session: AsyncSession) -> float:
    """Tell which share of the base waits to be scored, 0 to 1."""
    found = await session.execute(
        text(
            "SELECT (SELECT count(*) FROM touched_customers), (SELECT count(*) FROM customers WHERE deleted_at IS NULL)"
        )
    )
    touched, everybody = found.one()
    return float(touched) / max(float(everybody), 1.0)


async def does_anybody_wait(session: AsyncSession) -> bool:
    """Tell whether anybody waits to be scored."""
    return bool((await session.execute(text("SELECT EXISTS (SELECT FROM touched_customers)"))).scalar_one())
