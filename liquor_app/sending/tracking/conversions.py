"""Which purchase a message brought: by a click before it, or by the coupon it carried; and whose offer was taken up.

The two are not one: a code may come back with a purchase that another message brought, or with one that nothing was
paid for, and most purchases brought have no code.

Attribution made is never made again: a send converts once, a purchase counts for one send, and a file imported anew or
an order corrected later changes neither. A purchase whose last touch has converted already counts for nobody: an older
message did not bring it either. What a campaign truly changed is for its holdout to say; this is the tracked
view beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.pubsub import publish
from liquor_app.coupons.coupon_codes import redeem_codes
from liquor_app.events.models import EventType
from liquor_app.events.service import NewEvent, record_events
from liquor_app.ledger.rollup_backlog import Sent, ask_recount
from liquor_app.ledger.send_status import Conversion, mark_converted, mark_redeemed
from liquor_app.organization.settings import SendingSettings, load_settings

LOOK_BACK = timedelta(days=120)
"""Messages older than this win nothing any more."""

# A coupon says more than a click; of several clicks the last one before the purchase wins, of all messages, converted
# or not. Then each message keeps its first purchase, and only what neither has been given yet is written.
_FIRST_TOUCH = """
WITH touches AS (
    SELECT p.id AS purchase_id, p.occurred_at, p.total, s.id, s.created_at, s.customer_id, s.campaign_id,
           s.sent_at, s.converted_at, k.id IS NOT NULL AS by_coupon, k.id AS coupon_id,
           COALESCE(s.clicked_at, s.sent_at) AS touched_at
    FROM sends s
    JOIN purchases p ON p.customer_id = s.customer_id AND p.occurred_at > s.sent_at AND p.total > 0
    LEFT JOIN coupons k ON k.action_id = s.action_id AND k.customer_id = s.customer_id
        AND upper(k.code) = upper(p.coupon_code)
    WHERE s.sent_at > :since AND s.created_at > :since
      AND (CAST(:ids AS uuid[]) IS NULL OR s.customer_id = ANY(CAST(:ids AS uuid[])))
      AND (k.id IS NOT NULL
           OR (p.occurred_at >= s.clicked_at AND p.occurred_at < s.clicked_at + make_interval(days => :days)))
), won AS (
    SELECT DISTINCT ON (purchase_id) * FROM touches t
    WHERE NOT EXISTS (
        SELECT 1 FROM analytics_events e
        WHERE e.customer_id = t.customer_id AND e.event_type = :conversion
          AND e.properties ->> 'purchase_id' = CAST(t.purchase_id AS text))
    ORDER BY purchase_id, by_coupon DESC, touched_at DESC, id
)
SELECT DISTINCT ON (id) id, customer_id, campaign_id, sent_at, purchase_id, occurred_at, total, coupon_id
FROM won WHERE converted_at IS NULL ORDER BY id, occurred_at, purchase_id
"""

_CODES_BACK = """
SELECT DISTINCT ON (k.id) k.id AS coupon_id, s.id, s.customer_id, s.campaign_id, s.sent_at, p.id AS purchase_id,
       p.occurred_at, p.total
FROM coupons k JOIN sends s ON s.action_id = k.action_id AND s.customer_id = k.customer_id
JOIN purchases p ON p.customer_id = k.customer_id AND p.occurred_at > s.sent_at AND p.total >= 0
    AND upper(p.coupon_code) = upper(k.code)
WHERE k.redeemed_at IS NULL AND s.sent_at > :since AND s.created_at > :since
  AND (CAST(:ids AS uuid[]) IS NULL OR k.customer_id = ANY(CAST(:ids AS uuid[])))
ORDER BY k.id, p.occurred_at, p.id, s.sent_at DESC
"""
"""Codes that came back with a purchase for the first time, whatever that purchase is attributed to."""


async def attribute_purchases(session: AsyncSession, actor: Actor, customer_ids: Sequence[UUID] | None = None) -> int:
    """Tie purchases not attributed yet to the messages that brought them, and codes that came back to theirs, of some
    customers or of everybody.

    Run after purchases come in and after clicks do, in either order; running it again changes nothing.

    Returns:
        How many messages converted now.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.SENDS_WRITE)
    settings = await load_settings(session, SendingSettings)
    # one at a time: two would give the same purchase to two messages
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('attribution'))"))
    whom = {"ids": None if customer_ids is None else list(customer_ids), "since": now() - LOOK_BACK}
    back = (await session.execute(text(_CODES_BACK), whom)).all()
    terms = {**whom, "days": settings.attribution_days, "conversion": EventType.CONVERSION.value}
    touches = (await session.execute(text(_FIRST_TOUCH), terms)).all()
    done = await mark_converted(
        session, [Conversion(row.id, row.occurred_at, row.total, row.coupon_id is None) for row in touches]
    )
    won = [row for row in touches if row.id in done]
    await redeem_codes(
        session, [row.coupon_id for row in back], [row.occurred_at for row in back], [row.purchase_id for row in back]
    )
    await mark_redeemed(session, {row.id: row.occurred_at for row in back})
    bought = {(row.id, row.purchase_id) for row in won}
    alone = [row for row in back if (row.id, row.purchase_id) not in bought]
    await record_events(session, [*(_logged(row) for row in won), *(_redeemed(row) for row in alone)])
    await ask_recount(session, [Sent(row.sent_at, row.campaign_id) for row in (*won, *alone)])
    if won or alone:
        publish(session, "dashboard", {"conversions": len(won)})
    return len(won)


def _logged(row: Any) -> NewEvent:
    by = "click" if row.coupon_id is None else "coupon"
    said = {"purchase_id": str(row.purchase_id), "value": str(row.total), "by": by}
    return NewEvent(EventType.CONVERSION, row.customer_id, row.campaign_id, row.id, row.occurred_at, said)


def _redeemed(row: Any) -> NewEvent:
    said = {"purchase_id": str(row.purchase_id)}
    return NewEvent(EventType.REDEMPTION, row.customer_id, row.campaign_id, row.id, row.occurred_at, said)
