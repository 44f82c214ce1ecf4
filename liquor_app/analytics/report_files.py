"""Reports as files, by a link of one's own: CSV for machines, Excel for people, PDF for paper."""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.downloads import download_link
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.documents.pdf_file import pdf_of
from liquor_app.analytics.documents.report_document import insight_document, report_document
from liquor_app.analytics.documents.review_document import review_document
from liquor_app.analytics.insights.read_insights import Insight, InsightKind, read_insight
from liquor_app.analytics.metrics import Unit
from liquor_app.analytics.reports import Report, ReportColumn, ReportKind, read_report
from liquor_app.analytics.reviews.read_review import read_review, shop_on_paper
from liquor_app.analytics.reviews.review import Review, ReviewKind
from liquor_app.analytics.reviews.review_tables import review_lines, review_tables
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.csv_cells import export_text
from liquor_app.core.files.download_links import MINUTES
from liquor_app.core.files.folders import EXPORT_FILES
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.xlsx_file import XlsxFile
from liquor_app.core.platform.private_files import private_directory
from liquor_app.organization.settings import shop_now, shop_today


class ReportFormat(StrEnum):
    """What a report can be carried away as."""

    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class ReportLink:
    """Where a report's file is fetched, by whoever asked for it and nobody else, until `good_until`."""

    url: str
    name: str
    rows: int
    good_until: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be carried away: days of a report, or a day of a review; insights have none."""

    what: ReportKind | InsightKind | ReviewKind
    form: ReportFormat
    start: date | None = None
    end: date | None = None
    day: date | None = None


async def export_any(session: AsyncSession, actor: Actor, asked: Asked) -> ReportLink:
    """Carry away what is asked for.

    Raises:
        Invalid: see `export_report`, `export_review`.
    """
    require(actor, Permission.ANALYTICS_READ)
    if isinstance(asked.what, InsightKind):
        return await export_insight(session, actor, asked.what, form=asked.form)
    if isinstance(asked.what, ReviewKind):
        return await export_review(session, actor, asked.what, form=asked.form, day=asked.day)
    return await export_report(session, actor, asked.what, form=asked.form, start=asked.start, end=asked.end)


class _File(NamedTuple):
    content: bytes
    form: ReportFormat
    name: str
    what: str
    rows: int


async def export_report(
    session: AsyncSession, actor: Actor, kind: ReportKind, *, form: ReportFormat, start: date | None = None,
    end: date | None = None,
) -> ReportLink:  # fmt: skip
    """Write a report into the file store and return where it is fetched. It has `reports.MOST_ROWS` rows at most, so
    nobody waits for a job.

    Raises:
        Invalid: see `read_report`.
    """
    require(actor, Permission.ANALYTICS_READ)
    report = await read_report(session, actor, kind, start, end)
    days = {"start": report.start.isoformat(), "end": report.end.isoformat()}
    return await _carry(session, actor, report, form, f"{kind.value} {days['start']} to {days['end']}", **days)


async def export_insight(session: AsyncSession, actor: Actor, kind: InsightKind, *, form: ReportFormat) -> ReportLink:
    """Write an insight into the file store, as `export_report`."""
    require(actor, Permission.ANALYTICS_READ)
    day = (await shop_today(session)).isoformat()
    return await _carry(session, actor, await read_insight(session, actor, kind), form, f"{kind.value} {day}")


async def export_review(
    session: AsyncSession, actor: Actor, kind: ReviewKind, *, form: ReportFormat = ReportFormat.PDF,
    day: date | None = None,
) -> ReportLink:  # fmt: skip
    """Write the review of the week or month `day` lies in into the file store, as `export_report`.

    Raises:
        Invalid: the days are not over yet.
    """
    require(actor, Permission.ANALYTICS_READ)
    review = await read_review(session, actor, kind, day)
    if form is ReportFormat.PDF:
        content = await asyncio.to_thread(pdf_of, review_document(review, await shop_now(session)), now())
    else:
        content = await asyncio.to_thread(csv_of_review if form is ReportFormat.CSV else xlsx_of_review, review)
    start = review.days.start.isoformat()
    name = f"{kind.heading.lower()} {start}"
    return await _keep(session, actor, _File(content, form, name, kind.value, len(review.campaigns.rows)), start=start)


async def _carry(
    session: AsyncSession, actor: Actor, report: Report | Insight, form: ReportFormat, name: str, **told: str
) -> ReportLink:
    if form is ReportFormat.PDF:
        shop, color = await shop_on_paper(session)
        at = await shop_now(session)
        document = (
            report_document(report, shop=shop, color=color, at=at)
            if isinstance(report, Report)
            else insight_document(report, shop=shop, color=color, at=at)
        )
        content = await asyncio.to_thread(pdf_of, document, now())
    else:
        content = await asyncio.to_thread(csv_of if form is ReportFormat.CSV else xlsx_of, report)
    return await _keep(session, actor, _File(content, form, name, report.kind.value, len(report.rows)), **told)


async def _keep(session: AsyncSession, actor: Actor, file: _File, **told: str) -> ReportLink:
    key = EXPORT_FILES.key(uuid7(), file.form.value)
    await file_store().put(key, _whole(file.content))
    name = f"{file.name}.{file.form.value}"
    url = download_link(actor, key, name=name, permission=Permission.ANALYTICS_READ)
    await audit(
        session, actor, "report.exported", "report", None, report=file.what, format=file.form.value, rows=file.rows,
        **told,
    )  # fmt: skip
    return ReportLink(url, name, file.rows, now() + timedelta(minutes=MINUTES))


def table_of(report: Report | Insight) -> list[list[Any]]:
    """Return heads, rows and the line of totals."""
    keys = [one.key for one in report.columns]
    total = [report.totals.get(key) for key in keys]
    total[0] = "All"
    return [[one.label for one in report.columns], *([row[key] for key in keys] for row in report.rows), total]


def csv_of(report: Report | Insight) -> bytes:
    """Return a report as CSV (UTF-8 with a mark, for Excel); an empty cell was not measured."""
    return _csv(table_of(report))


def _csv(lines: Iterable[Sequence[Any]]) -> bytes:
    file = io.StringIO()
    out = csv.writer(file)
    out.writerows([["" if cell is None else export_text(str(cell)) for cell in line] for line in lines])
    return file.getvalue().encode("utf-8-sig")


_SHOWN = {Unit.MONEY: "$#,##0.00", Unit.COUNT: "#,##0", Unit.SHARE: "0.0%", Unit.POINTS: "0.0%"}


def xlsx_of(report: Report | Insight) -> bytes:
    """Return a report as a workbook: numbers are numbers, days are days, the head stays in sight, totals are bold."""

    def write(path: Path) -> None:
        file = XlsxFile(path, report.kind.value, [one.label for one in report.columns], _formats(report.columns))
        _fill(file, report)
        file.close()

    return _book(write)


def xlsx_of_review(review: Review) -> bytes:
    """Return a review as a workbook: its words, figures, days, campaigns and segments, a sheet each."""

    def write(path: Path) -> None:
        words, *tables = review_tables(review)
        file = XlsxFile(path, words.name, words.heads)
        file.add(words.rows)
        for one in tables:
            file.begin(one.name, one.heads, {at: _SHOWN[unit] for at, unit in one.units.items()})
            file.add(one.rows)
        for name, report in (("Campaigns", review.campaigns), ("Segments", review.segments)):
            file.begin(name, [one.label for one in report.columns], _formats(report.columns))
            _fill(file, report)
        file.close()

    return _book(write)


def csv_of_review(review: Review) -> bytes:
    """Return a review as CSV, a figure a line: of the whole, of a day, of a campaign or of a segment."""
    return _csv(review_lines(review))


def _formats(columns: Sequence[ReportColumn]) -> dict[int, str]:
    return {at: _SHOWN[one.unit] for at, one in enumerate(columns) if one.unit is not None}


def _fill(file: XlsxFile, report: Report | Insight) -> None:
    _, *lines, total = table_of(report)
    file.add(lines)
    file.add([total], is_total=True)


def _book(write: Callable[[Path], None]) -> bytes:
    """Return a workbook that is written where nobody else reads."""
    home = private_directory(get_settings().data_dir / "tmp")
    with tempfile.TemporaryDirectory(prefix="export-", dir=home) as folder:
        path = Path(folder) / "report.xlsx"
        write(path)
        return path.read_bytes()


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
