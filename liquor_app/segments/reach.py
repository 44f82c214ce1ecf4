"""Count whom some segments reach, each person once."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.customers.consents import REACHABLE
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_today

_E, _T = (REACHABLE[channel].format(c="c", today=":today") for channel in (Channel.EMAIL, Channel.SMS))


@dataclass(frozen=True, slots=True)
class Reach:
    """How many people an audience holds, and how many of them may be written to."""

    audience: int
    emailable: int
    textable: int
    reachable: int


async def estimate_reach(session: AsyncSession, actor: Actor, segments: list[str]) -> Reach:
    """Audience and reach of some segments, each person counted once."""
    require(actor, Permission.SEGMENTS_READ)
    found = await session.execute(
        text(
            "WITH people AS (SELECT DISTINCT m.customer_id FROM segment_members m JOIN segments s"
            " ON s.id = m.segment_id WHERE s.slug = ANY(:slugs))"
            " SELECT count(*) AS audience,"
            " count(*) FILTER (WHERE e) AS emailable, count(*) FILTER (WHERE t) AS textable,"
            " count(*) FILTER (WHERE e OR t) AS reachable FROM (SELECT"
            f" {_E} AS e, {_T} AS t"
            " FROM people p JOIN customers c ON c.id = p.customer_id WHERE c.deleted_at IS NULL) x"
        ),
        {"slugs": segments[:100], "today": await shop_today(session)},
    )
    return Reach(**found.mappings().one())
