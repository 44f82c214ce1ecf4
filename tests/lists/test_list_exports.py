"""A list as an Excel file: exactly what is asked for, no cell that runs, for whoever asked and while it lasts."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from liquor_app.accounts import bulk_actions, list_exports
from liquor_app.accounts.bulk_actions import count_matching
from liquor_app.accounts.list_exports import export_link, request_export
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.lists import CAMPAIGNS
from liquor_app.core import clock
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.files.folders import EXPORT_FILES
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job, enqueue, get_job, run
from liquor_app.customers.lists import SUPPRESSIONS
from liquor_app.segments.lists import CUSTOMERS, list_customers
from tests.api.client import Client, is_problem
from tests.lists import registry
from tests.lists.test_bulk_actions import VIEWER
from tests.people import add_customer
from worker.settings import TASKS

pytestmark = pytest.mark.integration
FORMULAS = ('=HYPERLINK("http://x")', "+1+cmd", "-2+3", "@SUM(A1)", "\t=1", " =1", "https://x.test", "007")


async def written(spec: ListSpec[Any], query: ListQuery, columns: tuple[str, ...] = ()) -> Any:
    """The sheet a job writes for the system."""
    async with transaction() as session:
        job = await request_export(session, SYSTEM, spec, query, columns=columns)
    assert await run(job, TASKS) is JobStatus.SUCCEEDED
    return load_workbook(io.BytesIO(await content(job))).active


async def content(job: UUID) -> bytes:
    return b"".join([piece async for piece in file_store().read(EXPORT_FILES.key(job, "xlsx"))])


def as_cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None, microsecond=0, second=0)
    if isinstance(value, Enum):
        return value.value.capitalize()
    if isinstance(value, Decimal):
        return float(value)
    return str(value) if isinstance(value, UUID) else value or None


async def test_the_file_is_the_list_and_nothing_in_it_runs(database: str) -> None:
    async with transaction() as session:
        for number, name in enumerate(FORMULAS):
            await add_customer(session, name=name, clv_score=Decimal(number), rfm_segment=None)
        await add_customer(session, name="Somebody else", churn_risk="low")
        query = ListQuery({"churn_risk": "high"}, sort="-name")
        page = await list_customers(session, SYSTEM, query)
    columns = ("name", "id", "email_consent", "clv_score", "rfm_segment", "last_purchase_at")
    sheet = await written(CUSTOMERS, query, columns)
    head, *rows = sheet.iter_rows()
    assert [cell.value for cell in head] == [
        "name",
        "id",
        "e-mail consent",
        "expected spend",
        "RFM segment",
        "last purchase (America/New_York)",
    ]
    plain = [[cell.value for cell in row] for row in rows]
    for row in plain:
        row[5] = row[5].replace(second=0, microsecond=0)
    assert plain == [[as_cell(getattr(one, name)) for name in columns] for one in page.items]
    assert {cell.data_type for row in rows for cell in row[:3]} == {"s"}, "no formula, no number, no link"
    assert sheet._hyperlinks == []
    marked = {row[0].value for row in rows if row[0].quotePrefix}
    assert marked == {name for name in FORMULAS if name.strip()[:1] in "=+-@"}


async def test_what_is_worked_out_when_it_is_read_stands_in_the_file(database: str) -> None:
    async with transaction() as session:
        for number, born in enumerate((date(1980, 2, 1), date(1950, 2, 1), None)):
            await add_customer(session, name=f"Ada {number}", date_of_birth=born)
        page = await list_customers(session, SYSTEM, ListQuery(sort="name"))
    sheet = await written(CUSTOMERS, ListQuery(sort="name"), ("name", "has_turned_21", "age_band"))
    _, *rows = sheet.iter_rows(values_only=True)
    assert rows == [(row.name, row.has_turned_21, row.age_band and row.age_band.label) for row in page.items]
    assert rows[2][1:] == (None, None) != rows[1][1:]


async def test_every_column_of_the_list_can_be_written(database: str) -> None:
    async with transaction() as session:
        await registry.campaigns(session)
    head, *rows = (await written(CAMPAIGNS, ListQuery())).iter_rows(values_only=True)
    assert len(rows) == 5
    assert [words.removesuffix(" (America/New_York)") for words in head] == list(CAMPAIGNS.exported.values())


async def test_what_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with transaction() as session:
        for _ in range(3):
            await add_customer(session)
        with pytest.raises(Forbidden):
            await request_export(session, VIEWER, CUSTOMERS, ListQuery())
        for columns in (("password",), ("name", "name"), ("t.id; --",)):
            with pytest.raises(Invalid) as caught:
                await request_export(session, SYSTEM, CUSTOMERS, ListQuery(), columns=columns)
            assert caught.value.field == "columns"
        job = await request_export(session, SYSTEM, CUSTOMERS, ListQuery())
        monkeypatch.setattr(list_exports, "MOST_ROWS", 2)
        with pytest.raises(Invalid, match="take the CSV"):
            await request_export(session, SYSTEM, CUSTOMERS, ListQuery())
    assert await run(job, TASKS) is JobStatus.FAILED, "it has grown meanwhile"
    async with transaction() as session:
        assert "Narrow the list" in ((await get_job(session, job)).error or "")
    assert await file_store().find(EXPORT_FILES.key(job, "xlsx")) is None


async def test_a_link_is_of_an_export_that_is_ones_own_and_done(database: str) -> None:
    async with transaction() as session:
        waiting = await request_export(session, SYSTEM, CAMPAIGNS, ListQuery())
        other = await enqueue(session, Job.ROLL_UP)
        await session.execute(text("UPDATE jobs SET status = 'succeeded', result = '{}' WHERE id = :id"), {"id": other})
    for job, why in ((other, NotFound), (waiting, Conflict), (uuid7(), NotFound)):
        async with transaction() as session:
            with pytest.raises(why):
                await export_link(session, SYSTEM, job)


async def test_no_more_can_be_chosen_than_a_selection_holds(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_actions, "MOST_SELECTED", 2)
    async with transaction() as session:
        for _ in range(2):
            await add_customer(session)
        assert await count_matching(session, SYSTEM, CUSTOMERS, ListQuery()) == 2
        await add_customer(session)
        with pytest.raises(Invalid, match="More than 2 match"):
            await count_matching(session, SYSTEM, CUSTOMERS, ListQuery())
        # how many addresses stand on a list for managers is told to managers
        with pytest.raises(Forbidden):
            await count_matching(session, VIEWER, SUPPRESSIONS, ListQuery())


async def test_a_file_holds_exactly_as_many_rows_as_it_may(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_exports, "MOST_ROWS", 2)
    async with transaction() as session:
        for _ in range(2):
            await add_customer(session)
        await request_export(session, SYSTEM, CUSTOMERS, ListQuery())
        await add_customer(session)
        with pytest.raises(Invalid, match="More than 2 rows match"):
            await request_export(session, SYSTEM, CUSTOMERS, ListQuery())


async def test_a_file_is_fetched_by_whoever_asked_while_it_lasts(
    manager: Client, viewer: Client, admin: Client
) -> None:
    async with transaction() as session:
        await add_customer(session, name="=1+1")
    is_problem(await viewer.post("/customers/export", json={}), 403, "forbidden")
    started = await manager.post("/customers/export", json={"filters": {"churn_risk": "high"}, "columns": ["name"]})
    assert started.status_code == 202, started.text
    job = started.json()["job_id"]
    assert started.headers["location"] == f"/api/v1/jobs/{job}"
    is_problem(await manager.get(f"/jobs/{job}/file"), 409, "rule.state")
    assert await run(UUID(job), TASKS) is JobStatus.SUCCEEDED
    async with transaction() as session:
        found = await session.execute(
            text("SELECT changes FROM audit_log WHERE action = 'customers.exported' AND actor_name <> 'system'")
        )
        (entry,) = found.scalars()
    assert (entry["format"], entry["columns"], entry["filters"]) == ("xlsx", ["name"], {"churn_risk": "high"})
    link = (await manager.get(f"/jobs/{job}/file")).json()
    assert (link["name"], link["rows"]) == ("customers.xlsx", 1)
    file = await manager.get(link["url"])
    assert (file.status_code, file.content) == (200, await content(UUID(job)))
    for other in (viewer, admin):
        is_problem(await other.get(link["url"]), 404, "not_found")
        is_problem(await other.get(f"/jobs/{job}/file"), 404, "not_found")
    with clock.travel(clock.now() + timedelta(days=3)):
        assert await file_store().expire() >= 1
    assert await file_store().find(EXPORT_FILES.key(UUID(job), "xlsx")) is None
    is_problem(await manager.get(link["url"]), 404, "not_found")


async def test_many_rows_are_changed_over_the_api(manager: Client, viewer: Client) -> None:
    async with transaction() as session:
        await registry.campaigns(session)
    everything = {"action": "delete", "filters": {"status": "draft"}, "at_most": 9}
    is_problem(await viewer.post("/campaigns/bulk", json=everything), 403, "forbidden")
    is_problem(await manager.post("/campaigns/bulk", json={"action": "delete"}), 422, "rule.value", "at_most")
    is_problem(await manager.post("/campaigns/bulk", json={**everything, "sort": "x"}), 422, "invalid")
    key = {"Idempotency-Key": "once"}
    first, second = [await manager.post("/campaigns/bulk", json=everything, headers=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (202, second.json())
    assert await run(UUID(first.json()["job_id"]), TASKS) is JobStatus.SUCCEEDED
    made = (await manager.get(f"/jobs/{first.json()['job_id']}")).json()["result"]
    assert (made["done"], made["refused"]) == (3, 0)
    assert (await manager.get("/campaigns")).json()["total"] == 2
