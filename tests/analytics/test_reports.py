"""Reports say what the raw rows say, the same in JSON, CSV and Excel."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.analytics.asking.answers import answer
from liquor_app.analytics.asking.questions import picked
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.documents.pdf_file import pdf_of
from liquor_app.analytics.documents.report_document import ON_PAPER, report_document, told
from liquor_app.analytics.metrics import METRICS, Unit
from liquor_app.analytics.report_files import csv_of, table_of, xlsx_of
from liquor_app.analytics.reports import COUNTS, FIGURES, LIFT, ReportKind, _lift, columns_of, read_report
from liquor_app.analytics.service import campaign_report
from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.experiments.contrasts import Effect, Span
from liquor_app.screens.analytics.report.state import AnalyticsState, campaign_line
from liquor_app.ui.words import show_full_day
from tests.analytics.test_figures import NOON, TODAY, midnight, noon, send
from tests.people import add_campaign
from tests.tabs import Tab, run, said

__all__ = ["noon"]

pytestmark = pytest.mark.integration
FIRST = TODAY - timedelta(days=3)
BOTH = list(ReportKind)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
_RAW = """
SELECT count(*) AS sends, count(delivered_at) AS delivered, count(opened_at) AS opens, count(clicked_at) AS clicks,
       count(bounced_at) AS bounces, count(complained_at) AS complaints, count(unsubscribed_at) AS unsubscribes,
       count(redeemed_at) AS redeemed, count(converted_at) AS conversions,
       COALESCE(sum(conversion_value), 0) AS attributed_revenue
  FROM sends WHERE campaign_id = :id AND sent_at >= :first AND sent_at < :next
"""


async def week(session: AsyncSession) -> tuple[Any, Any]:
    """Two campaigns; of the second nobody told of a delivery. One message lies on each side of the period's ends."""
    one, two = await add_campaign(session, ["all"], name="=Rye"), await add_campaign(session, ["all"], name="Ale")
    await session.execute(text("INSERT INTO segments (slug, name, kind, rules) VALUES ('at_risk', 'At risk', 'rule',"
                               " '{}') ON CONFLICT DO NOTHING"))  # fmt: skip
    sent: list[tuple[Any, Any, tuple[str, ...], int, str]] = [
        (one, midnight(3, seconds=-1), ("delivered_at",), 0, "at_risk"),
        (one, midnight(3), ("delivered_at", "opened_at", "clicked_at", "converted_at"), 30, "at_risk"),
        (one, midnight(2), ("delivered_at", "unsubscribed_at"), 0, "gone_since"),
        (one, midnight(1), ("bounced_at",), 0, "at_risk"),
        (two, midnight(1), ("converted_at",), 12, "at_risk"),
        (two, midnight(0, seconds=-1), ("complained_at",), 0, ""),
        (two, midnight(0), ("converted_at",), 99, "at_risk"),
    ]
    for campaign, at, marks, worth, segment in sent:
        await send(session, campaign, at, *marks, worth=worth, segment=segment)
    await roll_up(session, FIRST - timedelta(days=3))
    return one, two


def same(row: Any, raw: Any) -> None:
    """Each figure of a row, from the raw counts by its definition."""
    for key in FIGURES:
        metric = METRICS[key]
        top, bottom = getattr(raw, metric.top), getattr(raw, metric.bottom) if metric.bottom else None
        silent = metric.top in ("delivered", "opens", "clicks") and not top
        expected = None if silent else top / bottom if bottom else top if bottom is None else None
        assert row[key] == (pytest.approx(expected) if isinstance(expected, float) else expected), key


async def test_campaigns_are_what_their_messages_are(noon: AsyncSession) -> None:
    one, two = await week(noon)
    report = await read_report(noon, SYSTEM, ReportKind.CAMPAIGNS, FIRST, TODAY - timedelta(days=1))
    rows = {row["id"]: row for row in report.rows}
    assert [row["id"] for row in report.rows] == [str(one), str(two)], "most attributed revenue first"
    for campaign in (one, two):
        bound = {"id": campaign, "first": midnight(3), "next": midnight(0)}
        same(rows[str(campaign)], (await noon.execute(text(_RAW), bound)).one())
    assert rows[str(two)]["delivery_rate"] is None, "nobody told of a delivery, which is not nought"
    assert all(row[name] is None for row in report.rows for name in LIFT), "nobody was held out"
    assert report.totals["sends"] == 5
    assert report.totals["conversion_rate"] == pytest.approx(2 / 5)
    assert report.totals["attributed_revenue"] == 42


async def test_segments_are_what_was_chosen_for_them(noon: AsyncSession) -> None:
    await week(noon)
    report = await read_report(noon, SYSTEM, ReportKind.SEGMENTS, FIRST, TODAY - timedelta(days=1))
    assert [(row["name"], row["sends"], row["conversions"], row["attributed_revenue"]) for row in report.rows] == [
        ("At risk", 3, 2, Decimal(42)), ("gone_since", 1, 0, Decimal(0)),
    ]  # fmt: skip
    assert [row["customers"] for row in report.rows] == [0, None]


@pytest.mark.parametrize("kind", BOTH)
async def test_files_say_the_same(noon: AsyncSession, kind: ReportKind, tmp_path: Path) -> None:
    await week(noon)
    report = await read_report(noon, SYSTEM, kind, FIRST, TODAY - timedelta(days=1))
    heads, *lines = table_of(report)
    assert heads == [one.label for one in columns_of(kind)]
    read = list(csv.reader(io.StringIO(csv_of(report).decode("utf-8-sig"))))
    assert read[0] == heads
    for line, cells in zip(lines, read[1:], strict=True):
        for cell, shown in zip(line, cells, strict=True):
            assert shown == ("" if cell is None else f"'{cell}" if str(cell).startswith("=") else str(cell))
    book = tmp_path / "report.xlsx"
    book.write_bytes(xlsx_of(report))
    sheet = load_workbook(book).active
    assert sheet is not None
    assert sheet.freeze_panes == "A2"
    for line, excel in zip(lines, list(sheet.values)[1:], strict=True):
        for column, cell, shown in zip(report.columns, line, excel, strict=True):
            if isinstance(cell, date):
                assert shown.date() == cell
            elif column.unit is not None and cell is not None:
                assert isinstance(shown, int | float)
                assert shown == pytest.approx(float(cell))
            else:
                assert shown == cell
    assert lines[-1][0] == "All"
    shown_as = {Unit.MONEY: "$#,##0.00", Unit.COUNT: "#,##0", Unit.SHARE: "0.0%"}
    for place, column in enumerate(report.columns, 1):
        cells = [sheet.cell(row, place) for row in range(2, len(lines) + 2)]
        if column.unit is not None:
            assert {one.number_format for one in cells if one.value is not None} <= {shown_as[column.unit]}, (
                column.label
            )


async def test_every_surface_says_the_same(database: str) -> None:
    """The report, its PDF, a question's answer, the review, the page's lines and the API's rows, figure by figure."""
    with travel(NOON):
        async with transaction() as session:
            await week(session)
            end = TODAY - timedelta(days=1)
            report = await read_report(session, VIEWER, ReportKind.CAMPAIGNS, FIRST, end)
            asked = await answer(session, VIEWER, picked("campaigns", 7))
            month = await read_report(session, VIEWER, ReportKind.CAMPAIGNS, TODAY - timedelta(days=7), end)
            lines = [campaign_line(row) for row in await campaign_report(session, VIEWER, FIRST, end)]
        made = pdf_of(report_document(report, shop="Shop", color="#112233", at=NOON), NOON)
    paper = " ".join(PdfReader(io.BytesIO(made)).pages[0].extract_text().split())
    column = {one.key: one for one in report.columns}
    for row in report.rows:
        said_of = {key: told(row[key], column[key]) for key in FIGURES}
        line = next(one for one in lines if one.id == row["id"])
        assert (line.sends, line.bought, line.revenue) == (
            said_of["sends"], said_of["conversions"], said_of["attributed_revenue"],
        )  # fmt: skip
        assert (line.delivered, line.clicks, line.rate) == (
            said_of["delivery_rate"], said_of["click_rate"], said_of["conversion_rate"],
        )  # fmt: skip
        on_paper = " ".join(said_of[key] for key in ON_PAPER if key in FIGURES)
        assert f"{show_full_day(row['start_date'])} {on_paper}" in paper
    whole = {key: told(report.totals[key], column[key]) for key in FIGURES}
    assert f"{whole['sends']} messages of 2 campaigns" in paper
    assert (
        f"{whole['attributed_revenue']} are attributed to them: {whole['conversion_rate']} of what was sent where"
        in paper
    )
    assert list(asked.rows) == list(month.rows)
    assert "–" in paper, "what was not measured is none of nought"


async def test_a_period_has_ends(noon: AsyncSession) -> None:
    for start, end in ((TODAY, TODAY - timedelta(days=1)), (TODAY - timedelta(days=900), TODAY)):
        with pytest.raises(Invalid):
            await read_report(noon, SYSTEM, ReportKind.CAMPAIGNS, start, end)
    usual = await read_report(noon, SYSTEM, ReportKind.CAMPAIGNS)
    assert (usual.start, usual.end) == (TODAY - timedelta(days=30), TODAY - timedelta(days=1))
    assert usual.rows == []
    assert usual.totals["delivery_rate"] is None
    assert set(COUNTS) <= set(FIGURES)


async def test_the_page_carries_the_campaigns_away(database: str) -> None:
    state = await Tab("/analytics", VIEWER).state(AnalyticsState)
    for form in ("csv", "xlsx"):
        told = str(await run(AnalyticsState.carry_away, state, form))
        assert "/api/v1/files/" in told
        assert f".{form}" in told
    assert "CSV, Excel or PDF file" in said(await run(AnalyticsState.carry_away, state, "exe"))
    async with transaction() as session:
        kept = (await session.execute(text("SELECT count(*) FROM audit_log WHERE action = 'report.exported'"))).scalar()
    assert kept == 2


@pytest.mark.parametrize("mismatch", [False, True])
def test_what_was_brought_is_the_holdouts_figure_or_not_measured(mismatch: bool) -> None:
    whole = Effect(Span(0.5, 0.1, 0.9), Span(100.0, 20.004, 180.0), None, None)
    found: Any = SimpleNamespace(profit=whole, is_mismatch=mismatch)
    nothing = dict.fromkeys(LIFT)
    shown = dict(zip(LIFT, (Decimal("100.00"), Decimal("20.00"), Decimal("180.00")), strict=True))
    assert _lift({"x": found}, "x") == (nothing if mismatch else shown)
    assert _lift({"x": found}, "y") == nothing


def test_columns_say_what_they_are() -> None:
    for kind in BOTH:
        told = columns_of(kind)
        assert len({one.key for one in told}) == len(told)
        assert all(one.words for one in told if one.unit is not None)
        assert {one.unit for one in told if one.key in LIFT} == {Unit.MONEY}
