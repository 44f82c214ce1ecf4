"""One campaign's money, seen in every way it is seen in: what it is said to have brought depends on who is asked.

The coupon and the last click tell what *followed* a message; the linear view shares each purchase among all messages
clicked before it; the holdout alone tells what would not have come anyway. They stand side by side because none of them
is another: adding or replacing one by another is how messages come to have sold a shop's whole week.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.kept_views import Counted, keep_views, kept_views
from liquor_app.analytics.measured import FIRST_SALE, IS_SEEN, TOLD
from liquor_app.analytics.returned_revenue import returned_since
from liquor_app.core.errors import NotFound
from liquor_app.core.money import money
from liquor_app.experiments.effects import By, read_effects
from liquor_app.organization.settings import SendingSettings, load_settings
from liquor_app.sending.lists import BY_COUPON
from liquor_app.ui.words import record_words

LOOK_BACK_DAYS = 120
"""Messages older than this share nothing; as in `sending.tracking.conversions`."""


class View(StrEnum):
    """A way to see what a campaign brought."""

    REDEEMED = "redeemed"
    BOUGHT = "bought"
    CLICK = "click"
    COUPON = "coupon"
    LINEAR = "linear"
    HOLDOUT = "holdout"
    RETURNED = "returned"

    @property
    def label(self) -> str:
        return {
            "redeemed": "Redeemed", "bought": "Bought, anyway or not", "click": "By last click", "coupon": "By coupon",
            "linear": "Shared among messages", "holdout": "Would not have come anyway", "returned": "Came back since",
        }[self.value]  # fmt: skip


@dataclass(frozen=True)
class ViewRow:
    """What a campaign brought, seen one way; None for what was not measured.

    Attributes:
        words: what is counted, in words, with the shop's own window.
        orders: purchases; shares of purchases in the linear view; purchases more than without it, by the holdout.
        customers: who made them.
        revenue: what they came to, in the shop's currency.
        low, high: ends of the holdout's 95 % interval of revenue, which may be looked at every day; None of the others,
            which count and do not estimate.
        counted_at: when it was counted, where that was not just now: of a campaign of many messages, in the night.
    """

    view: View
    words: str
    orders: Decimal | None
    customers: int | None
    revenue: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    counted_at: datetime | None = None


_KNOWN = f"""
WITH {TOLD}, sent AS (
    SELECT min(m.day) FILTER (WHERE m.sends > 0) AS first_day,
           max(m.day) FILTER (WHERE m.sends > 0) AS last_day, bool_or(t.of_clicks) AS of_clicks,
           bool_or(t.of_orders) AS of_orders
      FROM daily_messages m JOIN told t USING (campaign_id, channel) WHERE m.campaign_id = :id
)
SELECT COALESCE(sent.of_clicks, EXISTS (
           SELECT FROM sends s WHERE s.campaign_id = c.id AND s.clicked_at IS NOT NULL)) AS of_clicks,
       COALESCE(sent.of_orders, true) AS of_orders,
       c.virtual_now IS NULL AND {IS_SEEN.format(last_day="sent.last_day", campaign="c")} AS is_seen,
       c.virtual_now IS NOT NULL AS is_played,
       CASE WHEN {FIRST_SALE} > sent.first_day THEN {FIRST_SALE} END AS recorded_from
  FROM campaigns c CROSS JOIN sent WHERE c.id = :id
"""
# a coupon ties a purchase to its message however late it is redeemed; what was attributed without a click was by one
_TOUCHES = """
(s.sent_at < p.occurred_at AND (
    (p.occurred_at >= s.clicked_at AND p.occurred_at < s.clicked_at + make_interval(days => :days))
    OR EXISTS (SELECT FROM coupons k WHERE k.action_id = s.action_id AND k.customer_id = s.customer_id
                  AND upper(k.code) = upper(p.coupon_code))))
"""
_VIEWS = f"""
WITH bought AS (
    SELECT DISTINCT p.id, p.customer_id, p.occurred_at, p.total, p.coupon_code
      FROM sends s JOIN purchases p ON p.customer_id = s.customer_id AND p.total > 0 AND p.occurred_at > s.sent_at
     WHERE s.campaign_id = :id AND s.sent_at IS NOT NULL AND (
           p.occurred_at < s.sent_at + make_interval(days => :days) OR p.occurred_at = s.converted_at OR {_TOUCHES})
), attributed AS (
    SELECT s.customer_id, s.conversion_value AS worth, {BY_COUPON} AS by_coupon
      FROM sends s WHERE s.campaign_id = :id AND s.converted_at IS NOT NULL
), shared AS (
    SELECT p.customer_id, p.total, count(*) AS touches, count(*) FILTER (WHERE s.campaign_id = :id) AS own
      FROM bought p JOIN sends s ON s.customer_id = p.customer_id
       AND s.created_at > p.occurred_at - make_interval(days => {LOOK_BACK_DAYS}) AND {_TOUCHES}
     GROUP BY p.id, p.customer_id, p.total HAVING count(*) FILTER (WHERE s.campaign_id = :id) > 0
)
SELECT '{View.BOUGHT}' AS view, CAST(count(*) AS numeric) AS orders, count(DISTINCT customer_id) AS customers,
       COALESCE(sum(total), 0) AS revenue FROM bought
 UNION ALL SELECT '{View.CLICK}', count(*), count(DISTINCT customer_id), COALESCE(sum(worth), 0) FROM attributed
            WHERE NOT by_coupon
 UNION ALL SELECT '{View.COUPON}', count(*), count(DISTINCT customer_id), COALESCE(sum(worth), 0) FROM attributed
            WHERE by_coupon
 UNION ALL SELECT '{View.LINEAR}', COALESCE(sum(own / CAST(touches AS numeric)), 0), count(DISTINCT customer_id),
                  COALESCE(sum(total * own / touches), 0) FROM shared
"""


_REDEEMED = "SELECT count(DISTINCT customer_id) FROM sends WHERE campaign_id = :id AND redeemed_at IS NOT NULL"
_COUNTED = (View.BOUGHT, View.COUPON, View.CLICK, View.LINEAR)


async def read_views(session: AsyncSession, actor: Actor, campaign_id: UUID) -> Sequence[ViewRow]:
    """Return what a campaign brought, in each way to see it.

    What is attributed, by click and coupon together, is never more than what the same people bought; the shared view
    is never more than that either.

    Raises:
        Forbidden: not for this actor.
        NotFound: there is no such campaign.
    """
    require(actor, Permission.ANALYTICS_READ)
    days = (await load_settings(session, SendingSettings)).attribution_days
    known = (await session.execute(text(_KNOWN), {"id": campaign_id})).first()
    if known is None:
        raise NotFound("There is no such campaign.")
    kept = await kept_views(session, campaign_id, days)
    counted = await _count(session, campaign_id, days) if kept is None else kept.counted
    at = None if kept is None else kept.at
    said = _words(days, known.recorded_from)
    silent = _silent(known)
    took = (await session.execute(text(_REDEEMED), {"id": campaign_id})).scalar_one()
    told = None if View.REDEEMED in silent and not took else took
    rows = [ViewRow(View.REDEEMED, said[View.REDEEMED], None, told, None)]
    for one in _COUNTED:
        orders, customers, revenue = counted[one]
        row = ViewRow(one, said[one], orders, customers, money(revenue), counted_at=at)
        rows.append(replace(row, orders=None, customers=None, revenue=None) if one in silent else row)
    back = await returned_since(session, actor, campaign_id)
    returned = ViewRow(View.RETURNED, said[View.RETURNED], None, None, money(back))
    return [*rows, await _by_holdout(session, actor, campaign_id, said[View.HOLDOUT]), returned]


def _silent(known: Any) -> set[View]:
    """Return the views in which nothing was measured, as every rate of the campaign has it."""
    if known.is_played or not known.is_seen:
        return {View.REDEEMED, *_COUNTED}
    if not known.of_orders:
        return {View.REDEEMED, *_COUNTED} - {View.BOUGHT}
    return set() if known.of_clicks else {View.CLICK, View.LINEAR}


async def count_views(session: AsyncSession, campaign_id: UUID) -> None:
    """Count what a campaign brought and keep it (`kept_views`). A corridor, for the night."""
    days = (await load_settings(session, SendingSettings)).attribution_days
    await keep_views(session, campaign_id, days, await _count(session, campaign_id, days))


async def _count(session: AsyncSession, campaign_id: UUID, days: int) -> Counted:
    found = await session.execute(text(_VIEWS), {"id": campaign_id, "days": days})
    return {row.view: (row.orders, row.customers, row.revenue) for row in found}


async def _by_holdout(session: AsyncSession, actor: Actor, campaign_id: UUID, said: str) -> ViewRow:
    effects, _ = await read_effects(session, actor, By.CAMPAIGN)
    found = next((one for one in effects if one.key == str(campaign_id) and not one.is_mismatch), None)
    if found is None or found.revenue.total is None:
        return ViewRow(View.HOLDOUT, said, None, None, None)
    revenue, bought = found.revenue.total, found.bought.total
    orders = None if bought is None else Decimal(str(round(bought.mean, 1)))
    return ViewRow(
        View.HOLDOUT, said, orders, None, money(revenue.mean), money(revenue.low), money(revenue.high)
    )  # fmt: skip


def _words(days: int, recorded: date | None) -> Mapping[View, str]:
    within = f"{days} days" if days > 1 else "a day"
    return {
        View.BOUGHT: f"All that those written to bought within {within} of their message or of a click in it, with its"
        " coupon, or in a basket that is attributed to it" + (f". {record_words(recorded)}" if recorded else ""),
        View.REDEEMED: "Took up what their message offered, by its code or as a history tells; that is no order yet",
        View.COUPON: "Attributed orders with the code their message carried, however late",
        View.CLICK: f"Bought within {within} of a click, this message's being the last; each message counts once",
        View.LINEAR: f"Each purchase in equal parts to all messages clicked within {within} before it, or whose coupon"
        " it had",
        View.HOLDOUT: "More than the people held out bought, in the week from each decision on; 95% interval",
        View.RETURNED: "Given back by those whose purchases were attributed; in none of the others taken off",
    }
