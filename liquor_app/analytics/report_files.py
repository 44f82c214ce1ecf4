"""Reports as files: CSV for machines, Excel for people; through the file store, by a link of one's own."""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.downloads import download_link
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.insights.read_insights import Insight, InsightKind, read_insight
from liquor_app.analytics.reports import Report, ReportKind, read_report
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.csv_cells import export_text
from liquor_app.core.files.download_links import MINUTES
from liquor_app.core.files.folders import EXPORT_FILES
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.xlsx_file import XlsxFile
from liquor_app.core.platform.private_files import private_directory
from liquor_app.organization.settings import shop_today


class ReportFormat(StrEnum):
    """What a report can be carried away as."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class ReportLink:
    """Where a report's file is fetched, by whoever asked for it and nobody else, until `good_until`."""

    url: str
    name: str
    rows: int
    good_until: datetime


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


async def _carry(
    session: AsyncSession, actor: Actor, report: Report | Insight, form: ReportFormat, name: str, **told: str
) -> ReportLink:
    content = await asyncio.to_thread(csv_of if form is ReportFormat.CSV else xlsx_of, report)
    key = EXPORT_FILES.key(uuid7(), form.value)
    await file_store().put(key, _whole(content))
    url = download_link(actor, key, name=f"{name}.{form.value}", permission=Permission.ANALYTICS_READ)
    await audit(
        session, actor, "report.exported", "report", None, report=report.kind.value, format=form.value,
        rows=len(report.rows), **told,
    )  # fmt: skip
    return ReportLink(url, f"{name}.{form.value}", len(report.rows), now() + timedelta(minutes=MINUTES))


def table_of(report: Report | Insight) -> list[list[Any]]:
    """Return heads, rows and the line of totals."""
    keys = [one.key for one in report.columns]
    total = [report.totals.get(key) for key in keys]
    total[0] = "All"
    return [[one.label for one in report.columns], *([row[key] for key in keys] for row in report.rows), total]


def csv_of(report: Report | Insight) -> bytes:
    """Return a report as CSV (UTF-8 with a mark, for Excel); an empty cell was not measured."""
    file = io.StringIO()
    out = csv.writer(file)
    out.writerows([["" if cell is None else export_text(str(cell)) for cell in line] for line in table_of(report)])
    return file.getvalue().encode("utf-8-sig")


def xlsx_of(report: Report | Insight) -> bytes:
    """Return a report as a workbook: numbers are numbers, days are days, the head stays in sight."""
    heads, *lines = table_of(report)
    home = private_directory(get_settings().data_dir / "tmp")
    with tempfile.TemporaryDirectory(prefix="export-", dir=home) as folder:
        path = Path(folder) / "report.xlsx"
        file = XlsxFile(path, report.kind.value, heads)
        file.add(lines)
        file.close()
        return path.read_bytes()


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
