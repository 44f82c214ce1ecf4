"""A review carried away: the letter's figures, in a spreadsheet and for machines."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.report_files import ReportFormat, csv_of_review, export_review, xlsx_of_review
from liquor_app.analytics.reports import typed_value
from liquor_app.analytics.reviews.read_review import read_review
from liquor_app.analytics.reviews.review import ReviewKind
from liquor_app.analytics.reviews.review_tables import HEADS
from liquor_app.analytics.reviews.review_words import review_words
from liquor_app.core.clock import travel
from tests.analytics.test_figures import send
from tests.analytics.test_reviews import VIEWER, WEDNESDAY
from tests.people import add_campaign, add_customer, add_purchase


@pytest.mark.integration
async def test_spreadsheets_say_what_the_letter_says(session: AsyncSession, tmp_path: Path) -> None:
    """Each figure, day, campaign and segment, in both; what was not measured is an empty cell."""
    with travel(WEDNESDAY):
        ann, campaign = await add_customer(session), await add_campaign(session, ["all"], name="=Rye")
        for days_ago in (4, 5, 12):
            await add_purchase(session, ann, days_ago=days_ago)
        await send(session, campaign, WEDNESDAY - timedelta(days=5), "delivered_at", segment="at_risk")
        await roll_up(session, WEDNESDAY.date() - timedelta(days=30))
        review = await read_review(session, VIEWER, ReviewKind.WEEK)
        made = [await export_review(session, VIEWER, ReviewKind.WEEK, form=form) for form in ReportFormat]
    assert [one.name.rpartition(".")[2] for one in made] == ["csv", "xlsx", "pdf"]
    head, *lines = csv.reader(io.StringIO(csv_of_review(review).decode("utf-8-sig")))
    assert head == list(HEADS)
    shown = {(part, name, label): value for part, name, label, value, _, _ in lines}
    for one in review.figures:
        value = typed_value(one.metric.unit, one.value)
        assert shown["Whole", "", one.metric.label] == ("" if value is None else str(value))
        assert len(shown["Whole", "", "Average order"].partition(".")[2]) == 2, "money to the cent"
    for day in review.course:
        assert Decimal(shown["Day", day.day.isoformat(), "Orders"]) == day.orders
    for part, report in (("Campaign", review.campaigns), ("Segment", review.segments)):
        for name, row in [*((str(row["name"]), row) for row in report.rows), ("All", report.totals)]:
            for column in report.columns:
                if column.unit is not None:
                    value = row.get(column.key)
                    named = f"'{name}" if name.startswith("=") else name
                    assert shown[part, named, column.label] == ("" if value is None else str(value))
    assert ("Campaign", "'=Rye", "Messages sent") in shown
    book = tmp_path / "review.xlsx"
    book.write_bytes(xlsx_of_review(review))
    sheets = load_workbook(book)
    assert sheets.sheetnames == ["In words", "Figures", "Days", "Campaigns", "Segments"]
    assert [row[0] for row in list(sheets["In words"].values)[1:]] == review_words(review)
    assert [row[1] for row in list(sheets["Days"].values)[1:]] == [float(day.revenue) for day in review.course]
    for name in ("Campaigns", "Segments"):
        *_, total = sheets[name].rows
        assert total[0].value == "All"
        assert all(cell.font.bold for cell in total if cell.value is not None), "totals stand out, numbers too"
