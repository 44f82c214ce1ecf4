"""What a marketer would not think of alone: groups the base falls into, and how segments overlap."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.organization.settings import shop_now
from liquor_app.segments import clusters
from liquor_app.segments.clusters import Base, Group
from liquor_app.segments.rule_wording import sentence
from liquor_app.ui.words import figure, percent, show_money

SAMPLE = 20_000
"""Buyers looked at; more would move no border between groups."""

OVERLAP_PEOPLE = 200_000
"""Customers whose memberships are compared one by one; of more, a share is taken and the counts are estimated."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A group, in words and as a rule ready to be adopted. `found`, `pure` as in `clusters.Group`; `share` is of the
    buyers, `money` of what they spent."""

    name: str
    description: str
    rules: dict[str, Any]
    sentence: str
    found: float
    pure: float
    share: float
    money: float


@dataclass(frozen=True, slots=True)
class SuggestionsRow:
    """`stability` says how alike the groups of random halves are (1 the same, 0 chance)."""

    suggestions: list[Suggestion]
    stability: float
    looked_at: int
    buyers: int


async def suggest_segments(session: AsyncSession, actor: Actor) -> SuggestionsRow:
    """Return groups of buyers by rhythm, spend and response, as rules that find at least 90 % of each. Writes nothing.

    People who objected to profiling are not looked at. Deterministic for a given base.
    """
    require(actor, Permission.SEGMENTS_READ)
    who = "deleted_at IS NULL AND profiling_objected_at IS NULL AND purchase_frequency > 0"
    counted = await session.execute(text(f"SELECT count(*) FROM customers WHERE {who}"))
    buyers = int(counted.scalar_one())
    some = "" if buyers <= SAMPLE else "TABLESAMPLE BERNOULLI (:percent) REPEATABLE (7)"
    moment = await shop_now(session)
    found = await session.execute(
        text(
            # the shop's days, as rules count them; a rule's "within 30" holds the 30th, which lies below its threshold
            "SELECT CAST(greatest(CAST(:today AS date) - CAST(last_purchase_at AT TIME ZONE :zone AS date) - 0.5, 0)"
            " AS float8) AS days,"
            " CAST(purchase_frequency AS float8) AS orders, CAST(avg_order_value AS float8) AS average,"
            " response_likelihood AS response, CAST(total_spent AS float8) AS spent, primary_category AS category"
            f" FROM customers {some} WHERE {who} AND last_purchase_at <= :now ORDER BY id LIMIT :most"
        ),
        {
            "now": moment,
            "today": moment.date(),
            "zone": str(moment.tzinfo),
            "most": SAMPLE,
            **({"percent": 100.0 * SAMPLE / buyers} if some else {}),
        },
    )
    rows = found.all()
    grouping = await asyncio.to_thread(clusters.group, _base(rows))
    return SuggestionsRow([_suggestion(one) for one in grouping.groups], grouping.stability, len(rows), buyers)


def _base(rows: Any) -> Base:
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    numbers = [
        np.array([np.nan if value is None else value for value in column], dtype=float) for column in columns[:5]
    ]
    days, orders, average, response, spent = numbers
    return Base(days, orders, average, response, spent, np.array(columns[5], dtype=object))


def _suggestion(one: Group) -> Suggestion:
    typical = one.typical
    parts = []
    if "orders" in typical:
        orders = round(typical["orders"])
        parts.append("one order" if orders == 1 else f"{figure(orders)} orders")
    if "days" in typical:
        parts.append(f"the last {round(typical['days'])} days ago")
    if "average" in typical:
        parts.append(f"{show_money(round(typical['average'], 2))} a basket")
    if "response" in typical:
        parts.append(f"{percent(typical['response'])} likely to act on an offer")
    words = f"Typically {', '.join(parts)}."
    if one.category and one.category_share >= 0.4:
        words += f" {percent(one.category_share)} buy mostly {one.category}."
    words += f" {percent(one.share)} of buyers, {percent(one.money)} of what was spent."
    return Suggestion(one.name, words, one.rules, sentence(one.rules), one.found, one.pure, one.share, one.money)


@dataclass(frozen=True, slots=True)
class OverlapRow:
    """How many customers are in both of two segments (the same one twice: in it)."""

    first: str
    second: str
    customers: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """`is_exact` is False where a share of the customers was counted and scaled up."""

    rows: list[OverlapRow]
    is_exact: bool


async def segment_overlap(session: AsyncSession, actor: Actor) -> Overlap:
    """Tell how the active segments overlap, by their kept membership; one statement."""
    require(actor, Permission.SEGMENTS_READ)
    size = await session.execute(
        text("SELECT COALESCE(sum(customer_count), 0) AS all_of_them FROM segments WHERE is_active")
    )
    memberships = int(size.scalar_one())
    # every so many-th customer, by the last two bytes of the id, which are random
    share = min(1.0, OVERLAP_PEOPLE / max(memberships, 1))
    below = round(share * 65_536)
    found = await session.execute(
        text(
            "WITH m AS (SELECT m.customer_id, s.slug FROM segment_members m JOIN segments s ON s.id = m.segment_id"
            " WHERE s.is_active AND (:below >= 65536 OR m.customer_id IN (SELECT id FROM customers"
            "  WHERE get_byte(uuid_send(id), 14) * 256 + get_byte(uuid_send(id), 15) < :below)))"
            " SELECT a.slug AS first, b.slug AS second, count(*) AS customers FROM m a"
            " JOIN m b ON b.customer_id = a.customer_id AND a.slug <= b.slug GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        {"below": below},
    )
    scale = 65_536 / below if below else 1.0
    rows = [OverlapRow(row.first, row.second, round(row.customers * scale)) for row in found]
    return Overlap(rows, below >= 65_536)


def adoption(suggestion: Suggestion) -> dict[str, Any]:
    """Return a suggestion as the fields of a new segment; its playbook starts as every new one's."""
    return {"name": suggestion.name[:80], "description": suggestion.description[:500], "rules": suggestion.rules}


def find(suggestions: SuggestionsRow, name: str) -> Suggestion | None:
    """Return the suggestion of a name, as a client may ask for it; None if it is no longer made."""
    return next((one for one in suggestions.suggestions if one.name == name), None)
