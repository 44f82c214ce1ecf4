"""What nights count and pages tell, recounted one by one from raw rows: movements, bounces, coupons, playbooks."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.analytics.bounce_places import bounce_places
from liquor_app.analytics.bounce_rates import HEALTH_DAYS
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.insights.read_insights import InsightKind, named_segment, read_insight
from liquor_app.analytics.insights.read_performance import DAYS
from liquor_app.analytics.insights.rfm_moves import NOT_YET, count_moves
from liquor_app.core.ids import uuid7
from liquor_app.coupons.models import MADE_UP
from liquor_app.scoring.estimators.rfm import RULES
from tests.analytics.test_figures import NOON, TODAY, ZONE, midnight, noon, sell, send
from tests.analytics.test_performance import give
from tests.people import add_campaign, add_customer

__all__ = ["noon"]
pytestmark = pytest.mark.integration
MONTH = date(2026, 5, 1)
NEXT = date(2026, 6, 1)
FIRST, LAST = TODAY - timedelta(days=DAYS), TODAY - timedelta(days=1)


def scores(values: dict[Any, float]) -> dict[Any, int]:
    """Fifths by mid-rank, 5 the largest: a share of the people below, and half of those alike."""
    found = {}
    for who, value in values.items():
        below = sum(other < value for other in values.values())
        alike = sum(other == value for other in values.values())
        found[who] = int((below + alike / 2) / len(values) * 5) + 1
    return found


def segments_by_hand(bought: list[tuple[Any, datetime, Decimal]], day: date) -> dict[Any, str]:
    known: dict[Any, list[tuple[date, Decimal]]] = defaultdict(list)
    for who, at, total in bought:
        if at.astimezone(ZONE).date() < day:
            known[who].append((at.astimezone(ZONE).date(), total))
    late = {who: [one for one in rows if one[0] >= day - timedelta(days=365)] for who, rows in known.items()}
    r = scores({who: -(day - max(one[0] for one in rows)).days for who, rows in known.items()})
    f = scores({who: len(rows) for who, rows in late.items()})
    m = scores({who: float(sum(one[1] for one in rows)) for who, rows in late.items()})
    found = {}
    for who, rows in known.items():
        age = (day - timedelta(days=1) - min(one[0] for one in rows)).days
        fits = (
            rule for rule in RULES
            if len(rows) <= rule.max_orders and age <= rule.max_age_days
            and all(low <= score[who] <= high for score, (low, high) in ((r, rule.r), (f, rule.f), (m, rule.m)))
        )  # fmt: skip
        found[who] = next(fits).segment.value
    return found


async def test_movements_are_what_purchases_say(noon: AsyncSession) -> None:
    chance = Random(7)
    for _ in range(60):
        who = await add_customer(noon)
        for day in sorted(chance.sample(range(12, 300), chance.randint(1, 9))):
            await sell(noon, who, midnight(day, seconds=12 * 3600), chance.randint(5, 90))
    await count_moves(noon, MONTH)
    rows = await noon.execute(text("SELECT customer_id, occurred_at, total FROM purchases WHERE total > 0"))
    bought = [tuple(row) for row in rows]
    before, after = segments_by_hand(bought, MONTH), segments_by_hand(bought, NEXT)
    expected = Counter((before.get(who, NOT_YET), now) for who, now in after.items())
    kept = await noon.execute(text("SELECT was, now, customers FROM rfm_moves WHERE month = :m"), {"m": MONTH})
    assert {(row.was, row.now): row.customers for row in kept} == dict(expected)
    assert len(expected) > 8
    assert any(was != now for was, now in expected)
    found = await read_insight(noon, SYSTEM, InsightKind.MOVES)
    at_first = Counter(before.get(who, NOT_YET) for who in after)
    assert {(row["was"], row["now"]): (row["customers"], row["share"]) for row in found.rows} == {
        (named_segment(was), named_segment(now)): (many, pytest.approx(many / at_first[was]))
        for (was, now), many in expected.items()
    }


async def test_bounces_are_what_events_say(noon: AsyncSession) -> None:
    """A message once, on the day it first bounced, hard if it ever was; by the domain that refused it."""
    chance, told = Random(3), list[tuple[Any, datetime, str, bool]]()
    for _ in range(80):
        message, domain = uuid7(NOON), chance.choice(["gmail.com", "aol.com", "example.org"])
        for _ in range(chance.randint(1, 3)):
            at = midnight(chance.randint(0, HEALTH_DAYS + 3), seconds=chance.choice([0, 1, 43_200, 86_399]))
            told.append((message, at, domain, chance.random() < 0.4))
    for message, at, domain, hard in told:
        said = json.dumps({"domain": domain, "permanent": hard})
        await noon.execute(
            text("INSERT INTO analytics_events (event_type, send_id, occurred_at, properties)"
                 " VALUES ('bounced', :send, :at, CAST(:said AS jsonb))"),
            {"send": message, "at": at, "said": said},
        )  # fmt: skip
    rows = await noon.execute(text("SELECT send_id, occurred_at, properties FROM analytics_events"
                                   " WHERE event_type = 'bounced'"))  # fmt: skip
    since, first, hard_ones, where = midnight(HEALTH_DAYS - 1), dict[Any, datetime](), set[Any](), dict[Any, str]()
    for row in rows:
        if row.occurred_at >= since:
            first[row.send_id] = min(row.occurred_at, first.get(row.send_id, row.occurred_at))
            where[row.send_id] = row.properties["domain"]
            hard_ones |= {row.send_id} if row.properties["permanent"] else set()
    found = await bounce_places(noon, SYSTEM)
    by_day, by_domain = (
        Counter((key(one), one in hard_ones) for one in first)
        for key in (lambda one: first[one].astimezone(ZONE).date(), where.__getitem__)
    )
    assert {
        (one.day, hard): many for one in found.days for hard, many in ((False, one.soft), (True, one.hard)) if many
    } == by_day
    assert {
        (one.domain, hard): many
        for one in found.domains
        for hard, many in ((False, one.soft), (True, one.hard))
        if many
    } == by_domain
    assert (found.hard, found.soft) == (len(hard_ones), len(first) - len(hard_ones))


async def test_coupons_are_their_rows_and_their_baskets(noon: AsyncSession) -> None:
    chance, campaign, who = Random(5), await add_campaign(noon, ["all"]), await add_customer(noon)
    for _ in range(60):
        basket = None
        if chance.random() < 0.4:
            await sell(noon, who, midnight(1), chance.randint(5, 90))
            basket = (await noon.execute(text("SELECT id FROM purchases ORDER BY id DESC LIMIT 1"))).scalar_one()
        until = chance.choice([None, NOON + timedelta(days=3), NOON - timedelta(days=1)])
        await give(noon, campaign, midnight(chance.randint(0, DAYS + 3)), pool=chance.choice([MADE_UP, "Till"]),
                   pct=chance.choice([5, 10]), basket=basket, until=until)  # fmt: skip
    rows = (
        await noon.execute(text("SELECT k.*, p.total FROM coupons k LEFT JOIN purchases p ON p.id = k.purchase_id"))
    ).all()
    by: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        if FIRST <= row.issued_at.astimezone(ZONE).date() <= LAST:
            by[f"{'Made up' if row.pool == MADE_UP else row.pool}, {int(row.discount_pct)}% off"].append(row)
    found = await read_insight(noon, SYSTEM, InsightKind.COUPONS)
    assert len(found.rows) == len(by) == 4
    for line in found.rows:
        those = by[line["codes"]]
        redeemed = [row for row in those if row.redeemed_at is not None]
        good = [row for row in those if row.redeemed_at is None and (row.expires_at is None or row.expires_at > NOON)]
        assert (line["coupons_given"], line["coupons_redeemed"], line["still_good"]) == (
            len(those), len(redeemed), len(good),
        )  # fmt: skip
        assert line["revenue"] == sum(row.total for row in {row.purchase_id: row for row in redeemed}.values())
        assert line["redemption_rate"] == pytest.approx(len(redeemed) / len(those))


_SENT = """
SELECT s.campaign_id, s.channel, a.segment_slug, COALESCE(a.offer_terms ->> 'name', a.offer) AS offer, s.sent_at,
       s.delivered_at, s.opened_at, s.clicked_at, s.converted_at, COALESCE(s.conversion_value, 0) AS worth
  FROM sends s JOIN actions a ON a.id = s.action_id
"""


async def test_playbooks_are_their_messages(noon: AsyncSession) -> None:
    """Message by message, a rate of those alone of which it is told."""
    chance = Random(11)
    campaigns = [await add_campaign(noon, ["all"]) for _ in range(3)]
    for _ in range(150):
        campaign, how = chance.choice(campaigns), chance.choice(["email", "email", "sms"])
        is_told = campaign != campaigns[2] and how == "email"
        marks = ["delivered_at"] * (is_told and chance.random() < 0.9) + ["clicked_at"] * (
            is_told and chance.random() < 0.3
        )
        bought = chance.random() < 0.1
        marks += ["converted_at"] * bought
        await send(noon, campaign, midnight(chance.randint(0, DAYS + 2), seconds=3600), *marks, channel=how,
                   worth=chance.randint(5, 50) if bought else 0,
                   segment=chance.choice(["at_risk", "loyal"]))  # fmt: skip
    await noon.execute(text("UPDATE actions SET offer = CASE WHEN random() < .5 THEN 'y' ELSE 'z' END"))
    await roll_up(noon, FIRST - timedelta(days=9))
    rows = (await noon.execute(text(_SENT))).all()
    told = {
        key: {(row.campaign_id, row.channel) for row in rows if any(getattr(row, one) for one in seen)}
        for key, seen in (("delivery_rate", ["delivered_at"]), ("click_rate", ["clicked_at"]))
    }
    told["conversion_rate"] = {(row.campaign_id, row.channel) for row in rows}
    above = {"delivery_rate": "delivered_at", "click_rate": "clicked_at", "conversion_rate": "converted_at"}

    def same(line: Any, those: list[Any]) -> None:
        assert line["sends"] == len(those)
        assert line["attributed_revenue"] == sum(row.worth for row in those)
        for key, mark in above.items():
            of = [row for row in those if (row.campaign_id, row.channel) in told[key]]
            share = sum(getattr(row, mark) is not None for row in of) / len(of) if of else None
            assert line[key] == (None if share is None else pytest.approx(share)), key

    within = [row for row in rows if FIRST <= row.sent_at.astimezone(ZONE).date() <= LAST]
    found = await read_insight(noon, SYSTEM, InsightKind.PLAYBOOKS)
    assert len(found.rows) == 4
    for line in found.rows:
        same(line, [row for row in within if (row.segment_slug, row.offer) == (line["slug"], line["offer"])])
    same(found.totals, within)
