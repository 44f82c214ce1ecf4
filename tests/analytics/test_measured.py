"""A rate is of what was sent where the thing was measured, on every surface, as a recount from raw rows says."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.analytics.asking.answers import answer
from liquor_app.analytics.asking.questions import picked
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.insights import read_insights
from liquor_app.analytics.insights.month_counts import count_insights
from liquor_app.analytics.insights.read_insights import InsightKind, read_insight
from liquor_app.analytics.measured import measured_of_campaigns
from liquor_app.analytics.metrics import METRICS, rate
from liquor_app.analytics.report_files import csv_of
from liquor_app.analytics.reports import ReportKind, read_report
from liquor_app.analytics.segment_performance import segment_performance
from liquor_app.analytics.service import campaign_days, campaign_report, dashboard
from liquor_app.campaigns.service import get_campaign
from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from liquor_app.screens.analytics.report.state import campaign_line
from liquor_app.screens.campaigns.detail.view import funnel_steps
from liquor_app.sending.campaign_rollup import roll_up_once
from liquor_app.ui.words import percent
from tests.analytics.test_figures import NOON, TODAY, midnight, noon, send
from tests.api.client import Client
from tests.api.conftest import anybody, http, manager, password_hash
from tests.people import add_campaign

__all__ = ["anybody", "http", "manager", "noon", "password_hash"]
pytestmark = pytest.mark.integration
LAST = TODAY - timedelta(days=1)
FIRST = TODAY - timedelta(days=30)
RATES = ("delivery_rate", "open_rate", "click_rate", "conversion_rate")


@dataclass(frozen=True)
class Told:
    """A campaign's messages of a channel on a day: marks of each, and what carried them (None: a history's)."""

    name: str
    channel: str
    days_ago: int
    marks: tuple[tuple[str, ...], ...]
    provider: str | None = "smtp"


D, OP, C, V = "delivered_at", "opened_at", "clicked_at", "converted_at"
WORLD = (
    Told("Rye", "email", 3, ((D,), (D, OP), (D, OP, C, V), ())),
    Told("Rye", "email", 2, ((D,), ())),  # no opening on this day; they are told of all the same
    Told("Rye", "sms", 2, ((), (), ())),  # of texts nobody tells
    Told("Ale", "email", 3, ((),) * 5, "sandbox"),
    Told("Gin", "email", 2, ((V,), (), ()), None),  # an imported mailing: an order, never delivered
    Told("Dud", "email", 3, ((), ("bounced_at",), ())),  # nobody got it, opened it, followed it or bought: so it counts
    Told("Tea", "email", 2, ((), ()), None),  # an imported mailing without an order
)


async def world(session: AsyncSession) -> dict[str, UUID]:
    ids = {name: await add_campaign(session, ["all"], name=name) for name in sorted({one.name for one in WORLD})}
    for told in WORLD:
        for marks in told.marks:
            worth = 30 if V in marks else 0
            at = midnight(told.days_ago, seconds=3600 * 10)
            await send(session, ids[told.name], at, *marks, channel=told.channel, worth=worth, segment="at_risk",
                       provider=told.provider)  # fmt: skip
    await roll_up(session, FIRST)
    await count_insights(session, FIRST)
    return ids


def expected(groups: Iterable[Told]) -> dict[str, float | None]:
    """Each rate of some of the world, message by message: of those of which it is told, whatever came of them."""
    heard = {(one.channel, mark) for one in WORLD if one.provider == "smtp" for marks in one.marks for mark in marks}
    found, groups = dict[str, float | None](), list(groups)
    for key, mark in zip(RATES, (D, OP, C, V), strict=True):

        def is_measured(one: Told, mark: str = mark) -> bool:
            if mark == V:
                return one.provider != "sandbox"
            return one.provider == "smtp" and (one.channel, mark) in heard

        of = [marks for one in groups if is_measured(one) for marks in one.marks]
        found[key] = sum(mark in marks for marks in of) / len(of) if of else None
    return found


def near(found: Any, wanted: dict[str, float | None], keys: Iterable[str] = RATES) -> None:
    for key in keys:
        assert found[key] == (None if wanted[key] is None else pytest.approx(wanted[key])), key


async def test_all_of_a_report_is_of_what_was_measured(noon: AsyncSession) -> None:
    """40 % of Rye's were delivered, was said, with what no provider ever tells of below the line."""
    await world(noon)
    wanted = expected(WORLD)
    assert wanted["delivery_rate"] == 4 / 9
    assert wanted["conversion_rate"] == 2 / 17, "campaigns without an order count"
    for kind in ReportKind:
        report = await read_report(noon, SYSTEM, kind, FIRST, LAST)
        near(report.totals, wanted)
        lines = list(csv.DictReader(io.StringIO(csv_of(report).decode("utf-8-sig"))))
        total = lines[-1]
        near({key: float(total[METRICS[key].label]) for key in RATES}, wanted)
        if kind is ReportKind.CAMPAIGNS:
            for row in report.rows:
                near(row, expected(one for one in WORLD if one.name == row["name"]))
    for asked in ("campaigns", "segments"):
        near((await read_report(noon, SYSTEM, ReportKind(asked), TODAY - timedelta(days=7), LAST)).totals, wanted)


async def test_segments_playbooks_and_their_cards(noon: AsyncSession) -> None:
    await world(noon)
    wanted = expected(WORLD)
    for kind in (InsightKind.SEGMENTS, InsightKind.PLAYBOOKS):
        found = await read_insight(noon, SYSTEM, kind)
        keys = [key for key in RATES if key in found.totals]
        assert "delivery_rate" in keys
        near(found.totals, wanted, keys)
        near(found.rows[0], wanted, keys)
    card = (await segment_performance(noon, SYSTEM))["at_risk"]
    assert (card.sent, card.bought, card.of_orders) == (22, 2, 17)
    assert rate("conversion_rate", conversions=2, sends=22, of_orders=17) == pytest.approx(wanted["conversion_rate"])


async def test_hours_and_their_question(noon: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_insights, "ENOUGH_SENDS", 2)
    await world(noon)
    found = await read_insight(noon, SYSTEM, InsightKind.SEND_TIMES)
    by_day = {row["day"]: row for row in found.rows}
    for days_ago in (3, 2):
        day = (TODAY - timedelta(days=days_ago)).strftime("%A")
        near(by_day[day], expected(one for one in WORLD if one.days_ago == days_ago), RATES[1:])
    asked = await answer(noon, SYSTEM, picked("hours"))
    best = max((row for row in found.rows if row["click_rate"]), key=lambda row: row["click_rate"])
    assert percent(best["click_rate"], 1) in " ".join(asked.sentences)
    assert {row["day"]: row["click_rate"] for row in asked.rows} == {
        row["day"]: row["click_rate"] for row in found.rows if row["click_rate"] is not None
    }


async def test_days_tiles_and_lines(noon: AsyncSession) -> None:
    ids = await world(noon)
    board = await dashboard(noon, SYSTEM, days=7)
    kpi = next(one for one in board.kpis if one.name == "conversion_rate")
    assert float(kpi.value or 0) == pytest.approx(expected(WORLD)["conversion_rate"])
    for row in await campaign_report(noon, SYSTEM, FIRST, LAST):
        wanted, line = expected(one for one in WORLD if one.name == row.name), campaign_line(row)
        assert (line.delivered, line.clicks, line.rate) == tuple(
            percent(wanted[key], 1) if wanted[key] is not None else "–"
            for key in ("delivery_rate", "click_rate", "conversion_rate")
        )
    days = {day.day: day for day in await campaign_days(noon, SYSTEM, ids["Rye"])}
    assert [(days[TODAY - timedelta(days=ago)].sends, days[TODAY - timedelta(days=ago)].of_deliveries)
            for ago in (3, 2)] == [(4, 4), (5, 2)]  # fmt: skip


async def test_the_campaigns_page_and_api(database: str, manager: Client) -> None:
    with travel(NOON):
        async with transaction() as session:
            ids = await world(session)
        await roll_up_once(ids.values())
        async with transaction() as session:
            rows = {name: await get_campaign(session, SYSTEM, one) for name, one in ids.items()}
            sent = {row.id: row.completed_sends for row in rows.values()}
            measured = await measured_of_campaigns(session, SYSTEM, sent)
        for name, campaign_id in ids.items():
            wanted = expected(one for one in WORLD if one.name == name)
            told = (await manager.get(f"/campaigns/{campaign_id}/analytics")).json()
            near(told, wanted)
            counters = ("delivered_sends", "opens", "clicks", "conversions")
            assert [told[one] is None for one in counters] == [wanted[key] is None for key in RATES], name
            assert (told["revenue_generated"] is None) == (told["redeemed"] is None) == (told["conversions"] is None)
            steps = funnel_steps(rows[name], measured.get(campaign_id, {}))
            for step, key in zip([one for one in steps[2:] if one.name != "Redeemed"], RATES, strict=True):
                of = wanted[key]
                assert step.detail.startswith(f"{percent(of, 1)} of" if of is not None else "not measured"), step.name
            if name == "Rye":
                assert [one.detail for one in steps[2:4]] == ["66.7% of 6 it is told of", "33.3% of 6 it is told of"]
