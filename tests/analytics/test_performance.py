"""Coupons, playbooks, segments and the churn score's nearness: as raw rows say, on page, API and in files alike."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import STRANGER, SYSTEM, Actor, ActorKind
from liquor_app.analytics import reports as reports_module
from liquor_app.analytics.daily_rollups import roll_up, roll_up_messages, uncounted_offers
from liquor_app.analytics.documents.report_document import insight_document, report_words
from liquor_app.analytics.insights import read_performance
from liquor_app.analytics.insights.read_insights import InsightKind, read_insight
from liquor_app.analytics.insights.read_performance import DAYS
from liquor_app.analytics.reports import ReportKind, read_report
from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden
from liquor_app.coupons.models import MADE_UP
from liquor_app.screens.analytics.insights.page import insights_page
from liquor_app.screens.analytics.insights.performance_view import FRAME, drawn_of
from liquor_app.screens.analytics.insights.state import InsightsState
from tests.analytics.test_drill_down import counted_at, filled
from tests.analytics.test_figures import NOON, TODAY, ZONE, midnight, noon
from tests.api.client import Client
from tests.api.conftest import anybody, http, manager, password_hash
from tests.people import add_campaign, add_customer, add_purchase
from tests.tabs import Tab, run

__all__ = ["anybody", "http", "manager", "noon", "password_hash"]
pytestmark = pytest.mark.integration
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
LIVE = [InsightKind.COUPONS, InsightKind.PLAYBOOKS, InsightKind.SEGMENTS, InsightKind.CALIBRATION]
FIRST, LAST = TODAY - timedelta(days=DAYS), TODAY - timedelta(days=1)


async def give(
    session: AsyncSession, campaign: UUID, at: Any, *, pool: str = MADE_UP, pct: int = 10, basket: UUID | None = None,
    until: Any = None,
) -> None:  # fmt: skip
    await session.execute(
        text("INSERT INTO coupons (code, pool, campaign_id, discount_pct, issued_at, expires_at, redeemed_at,"
             " purchase_id) VALUES (CAST(uuid_v7() AS text), :pool, :campaign, :pct, :at, :until, :redeemed, :basket)"),
        {"pool": pool, "campaign": campaign, "pct": pct, "at": at, "until": until, "basket": basket,
         "redeemed": at + timedelta(days=1) if basket else None},
    )  # fmt: skip


async def codes(session: AsyncSession) -> list[tuple[str, int, Decimal, bool]]:
    """Codes on both sides of the days' ends, two in one basket, some run out; returns what should be counted of each
    within the days: source, percent, what its basket came to, whether it is still good."""
    campaign, played = await add_campaign(session, ["all"]), await add_campaign(session, ["all"])
    await session.execute(text("UPDATE campaigns SET virtual_now = now() WHERE id = :id"), {"id": played})
    person = await add_customer(session)
    one, two = await add_purchase(session, person, days_ago=2), await add_purchase(session, person, days_ago=1)
    await session.execute(text("UPDATE purchases SET total = 31 WHERE id = :id"), {"id": two})
    soon, past = NOON + timedelta(days=4), NOON - timedelta(seconds=1)
    told: list[tuple[Any, dict[str, Any], Decimal | None, bool]] = [
        (midnight(DAYS), {"until": soon}, None, True), (midnight(3), {"basket": one}, Decimal(20), False),
        (midnight(3), {"basket": one}, Decimal(0), False),
        (midnight(2), {"basket": two, "pct": 20}, Decimal(31), False), (midnight(1), {"until": past}, None, False),
        (midnight(0, seconds=-1), {"pool": "Spring"}, None, True),
    ]  # fmt: skip
    for at, fields, _, _ in told:
        await give(session, campaign, at, **fields)
    for at in (midnight(DAYS, seconds=-1), midnight(0)):
        await give(session, campaign, at, basket=one)
    await give(session, played, midnight(2), basket=two)
    return [
        (fields.get("pool", MADE_UP), fields.get("pct", 10), worth if worth is not None else Decimal(-1), good)
        for _, fields, worth, good in told
    ]


async def test_coupons_are_what_their_rows_are(noon: AsyncSession) -> None:
    told = await codes(noon)
    found = await read_insight(noon, VIEWER, InsightKind.COUPONS)
    assert (found.start, found.end, found.counted_at) == (FIRST, LAST, None)
    by: dict[tuple[str, int], list[tuple[Decimal, bool]]] = defaultdict(list)
    for pool, pct, worth, good in told:
        by[pool, pct].append((worth, good))
    rows = {row["codes"]: row for row in found.rows}
    assert set(rows) == {"Made up, 10% off", "Made up, 20% off", "Spring, 10% off"}
    for (pool, pct), those in by.items():
        row = rows[f"{'Made up' if pool == MADE_UP else pool}, {pct}% off"]
        redeemed = [worth for worth, _ in those if worth >= 0]
        assert row["coupons_given"] == len(those)
        assert row["coupons_redeemed"] == len(redeemed)
        assert row["redemption_rate"] == pytest.approx(len(redeemed) / len(those))
        assert row["still_good"] == sum(good for _, good in those)
        assert row["revenue"] == sum(redeemed), "a basket with two codes is one basket"
    assert found.rows[0]["codes"] == "Made up, 10% off", "most given first"
    assert (found.totals["coupons_given"], found.totals["coupons_redeemed"]) == (6, 3)
    assert found.totals["redemption_rate"] == pytest.approx(0.5)
    assert found.totals["revenue"] == 51


async def test_playbooks_and_segments_are_the_reports_rows(noon: AsyncSession) -> None:
    """Cut by offer, a segment's messages are still those of its report; and each leads to its rows."""
    await filled(noon)
    await noon.execute(
        text("UPDATE actions SET offer_terms = CASE WHEN segment_slug = 'at_risk' AND random() < .5 THEN"
             " CAST('{\"name\": \"Rye\", \"discount_pct\": \"10\"}' AS jsonb) ELSE '{}' END")
    )  # fmt: skip
    await roll_up(noon, FIRST)
    report = await read_report(noon, SYSTEM, ReportKind.SEGMENTS, FIRST, LAST)
    playbooks = await read_insight(noon, VIEWER, InsightKind.PLAYBOOKS)
    whole: dict[str, Counter[str]] = defaultdict(Counter)
    for row in playbooks.rows:
        for key in ("sends", "attributed_revenue", "unsubscribes"):
            whole[row["slug"]][key] += row[key] or 0
        assert row["offer"] in {"Rye, 10% off", "y"}
    assert {slug: dict(counted) for slug, counted in whole.items()} == {
        row["id"]: {key: row[key] or 0 for key in ("sends", "attributed_revenue", "unsubscribes")}
        for row in report.rows
    }
    assert playbooks.totals["sends"] == report.totals["sends"]
    segments = await read_insight(noon, VIEWER, InsightKind.SEGMENTS)
    assert segments.rows == report.rows
    drawn = drawn_of(segments)
    assert len(drawn.lines) == len(report.rows) > 1
    for line, row in zip(drawn.lines, report.rows, strict=True):
        for address, key, field in zip(
            line[6:], ("sends", "conversions", "attributed_revenue"), ("", "", "conversion_value"), strict=True
        ):
            assert (address == "") == (row[key] is None), "what was not measured leads nowhere"
            assert not address or await counted_at(noon, address, field) == row[key], key


_RAW = """
SELECT s.sent_at, a.segment_slug, a.offer, a.offer_terms ->> 'name' AS name, a.offer_terms ->> 'discount_pct' AS pct,
       s.delivered_at IS NOT NULL AS delivered, s.opened_at IS NOT NULL AS opens, s.clicked_at IS NOT NULL AS clicks,
       s.bounced_at IS NOT NULL AS bounces, s.complained_at IS NOT NULL AS complaints,
       s.unsubscribed_at IS NOT NULL AS unsubscribes, s.converted_at IS NOT NULL AS conversions,
       COALESCE(s.conversion_value, 0) AS revenue
  FROM sends s JOIN actions a ON a.id = s.action_id WHERE s.campaign_id IS NOT NULL AND s.sent_at IS NOT NULL
"""
TOLD = ("delivered", "opens", "clicks", "bounces", "complaints", "unsubscribes", "conversions", "revenue")


async def test_days_by_offer_are_their_messages(noon: AsyncSession) -> None:
    """Counted one by one; twice changes nothing, what is stale goes, and other days are left alone."""
    await filled(noon)
    await noon.execute(
        text("UPDATE actions SET offer_terms = CAST('{\"name\": \"Rye\", \"discount_pct\": \"10\"}' AS jsonb)"
             " WHERE abs(hashtext(CAST(id AS text))) % 2 = 0")
    )  # fmt: skip
    counted: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row in await noon.execute(text(_RAW)):
        key = (row.sent_at.astimezone(ZONE).date(), row.segment_slug, row.name or row.offer, row.pct or "0")
        counted[key] += Counter({"sends": 1, **{name: getattr(row, name) for name in TOLD}})
    summed = ", ".join(f"sum({name}) AS {name}" for name in ("sends", *TOLD))
    asked = text(f"SELECT day, segment_slug, offer, discount_pct, {summed} FROM daily_offers GROUP BY 1, 2, 3, 4")
    for _ in range(2):
        await roll_up(noon, FIRST)
        found = {tuple(row)[:4]: tuple(row)[4:] for row in await noon.execute(asked)}
        assert found == {
            key: tuple(of[name] for name in ("sends", *TOLD)) for key, of in counted.items() if key[0] >= FIRST
        }
    assert len({key[1] for key in found}) > 1
    assert {key[2] for key in found} >= {"Rye"}
    await noon.execute(text("UPDATE daily_offers SET sends = 77"))
    await roll_up_messages(noon, [TODAY - timedelta(days=2)])
    later = {tuple(row)[:4]: row.sends for row in await noon.execute(asked)}
    assert {key[0] for key, sends in later.items() if sends % 77} == {TODAY - timedelta(days=2)}
    assert await uncounted_offers(noon) is None
    await noon.execute(text("DELETE FROM daily_offers"))
    first = (await noon.execute(text("SELECT min(day) FROM daily_messages"))).scalar_one()
    assert await uncounted_offers(noon) == first, "a shop of before has them counted once, from its first day"


async def test_totals_are_of_everything_and_not_of_what_is_told(
    noon: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table has its end; what is beyond it was sent and sold all the same."""
    await codes(noon)
    await filled(noon)
    whole = {kind: await read_insight(noon, VIEWER, kind) for kind in (InsightKind.COUPONS, InsightKind.PLAYBOOKS)}
    reports = {kind: await read_report(noon, SYSTEM, kind, FIRST, LAST) for kind in ReportKind}
    monkeypatch.setattr(read_performance, "MOST_ROWS", 1)
    for kind, all_told in whole.items():
        cut = await read_insight(noon, VIEWER, kind)
        assert len(cut.rows) == 1 < len(all_told.rows)
        assert (cut.rows[0], cut.totals) == (all_told.rows[0], all_told.totals)
        assert cut.words == f"{kind.words} The first 1 of {len(all_told.rows)} are told; the totals are of all."
        assert all_told.words == kind.words
    monkeypatch.setattr(reports_module, "MOST_ROWS", 1)
    for report_kind, report in reports.items():
        told = await read_report(noon, SYSTEM, report_kind, FIRST, LAST)
        assert (len(told.rows), told.groups) == (1, len(report.rows))
        assert told.totals == report.totals
        assert (report.totals["sends"], report.totals["attributed_revenue"]) == (
            sum(row["sends"] for row in report.rows), sum(row["attributed_revenue"] for row in report.rows),
        )  # fmt: skip
        if told.groups > 1:
            assert "The 1 with the most attributed revenue are told, the totals are of all." in report_words(told)


TENTHS = [[0.05 * place, 0.05 * place + 0.01, 40 + place] for place in range(1, 11)]


async def fitted(session: AsyncSession, metrics: dict[str, Any], *, kind: str = "churn", n: int = 400) -> None:
    await session.execute(
        text("INSERT INTO model_versions (kind, version, method, status, metrics, n) VALUES (:kind, 7, 'bgnbd',"
             " 'active', CAST(:metrics AS jsonb), :n)"),
        {"kind": kind, "metrics": json.dumps(metrics), "n": n},
    )  # fmt: skip


async def test_calibration_is_the_backtests_own(noon: AsyncSession) -> None:
    """Said and seen by tenths, and the whole by how many are in each; nothing is made up where none was tested."""
    found = await read_insight(noon, VIEWER, InsightKind.CALIBRATION)
    assert (list(found.rows), found.totals, found.why_none) == ([], {}, "No churn model was fitted yet.")
    await fitted(noon, {"deciles": TENTHS}, kind="clv")
    assert (await read_insight(noon, VIEWER, InsightKind.CALIBRATION)).rows == [], "another model's"
    await fitted(noon, {"deciles": TENTHS, "windows": 3, "days": 60})
    found = await read_insight(noon, VIEWER, InsightKind.CALIBRATION)
    assert [(row["said"], row["seen"], row["customers"]) for row in found.rows] == [tuple(one) for one in TENTHS]
    people = sum(one[2] for one in TENTHS)
    assert found.totals["customers"] == people
    assert found.totals["said"] == pytest.approx(sum(said * many for said, _, many in TENTHS) / people)
    assert found.totals["apart"] == pytest.approx(-0.01)
    assert found.why_none == ""
    drawn = drawn_of(found)
    assert (drawn.names[0], drawn.first[0], drawn.second[0]) == ("1", 6.0, 5.0)
    assert drawn.lines[0] == ["1", "5.0%", "6.0%", "41"]


@pytest.mark.parametrize(
    ("metrics", "why"),
    [
        ({"missing": ["fewer than 50 customers who bought twice"]}, "fewer than 50 customers who bought twice"),
        ({}, "The churn model in use was not tested yet: the history is too short."),
    ],
)
async def test_what_was_not_tested_is_said_so(database: str, metrics: dict[str, Any], why: str) -> None:
    async with transaction() as session:
        await fitted(session, metrics)
    state = await Tab("/insights?view=calibration", VIEWER).state(InsightsState)
    await run(InsightsState.load, state)
    assert (state.lines, state.first, state.why_none, state.sentence) == ([], [], why, "")


async def test_the_page_draws_each_and_its_table(database: str) -> None:
    with travel(NOON):
        async with transaction() as session:
            await filled(session)
            await codes(session)
            await fitted(session, {"deciles": TENTHS})
        state = await Tab("/insights?view=coupons", VIEWER).state(InsightsState)
        await run(InsightsState.load, state)
        assert state.kind == "coupons"
        assert (state.first, state.second) == ([4.0, 1.0, 1.0], [2.0, 0.0, 1.0])
        assert state.lines[0] == ["Made up, 10% off", "4", "2", "50.0%", "1", "$20.00"]
        assert state.words == "12 Mar to 9 Jun 2026, as it is now"
        await run(InsightsState.choose, state, "playbooks")
        assert len(state.lines) == len(state.names) == len(state.first) > 0
        assert state.height > FRAME
        await run(InsightsState.choose, state, "segment-performance")
        assert len(state.lines[0]) == 9
        await run(InsightsState.choose, state, "calibration")
        assert state.words == "From the backtest of the model in use"
        assert state.sentence.startswith("On the whole it said that ")
        await run(InsightsState.choose, state, "customers")
        assert (state.names, state.lines, state.sentence) == ([], [], ""), "nothing of the last one stays"
    assert insights_page() is not None


@pytest.mark.parametrize("kind", LIVE)
async def test_on_paper_and_for_nobody_else(noon: AsyncSession, kind: InsightKind) -> None:
    await filled(noon)
    await codes(noon)
    await fitted(noon, {"deciles": TENTHS})
    found = await read_insight(noon, VIEWER, kind)
    paper = insight_document(found, shop="Shop", color="#112233", at=NOON)
    assert len(paper.tables[0].rows) == len(found.rows) > 0
    assert paper.charts
    assert "Not counted yet" not in paper.under
    with pytest.raises(Forbidden):
        await read_insight(noon, STRANGER, kind)


async def test_nothing_is_no_nought(noon: AsyncSession) -> None:
    for kind in LIVE:
        found = await read_insight(noon, VIEWER, kind)
        assert (list(found.rows), found.totals) == ([], {}), kind
        assert drawn_of(found).lines == []


async def test_the_api_says_the_same(database: str, manager: Client) -> None:
    with travel(NOON):
        async with transaction() as session:
            await filled(session)
            await codes(session)
            await fitted(session, {"deciles": TENTHS})
            page = {kind: await read_insight(session, VIEWER, kind) for kind in LIVE}
        for kind in (InsightKind.COUPONS, InsightKind.PLAYBOOKS, InsightKind.CALIBRATION):
            told = (await manager.get(f"/analytics/{kind}")).json()
            assert (told["kind"], told["start"], told["end"]) == (kind, str(FIRST), str(LAST))
            assert len(told["rows"]) == len(page[kind].rows)
            for row, shown in zip(told["rows"], page[kind].rows, strict=True):
                for key, value in row.items():
                    expected = shown[key]
                    assert value == (f"{expected:.2f}" if isinstance(expected, Decimal) else expected), key
