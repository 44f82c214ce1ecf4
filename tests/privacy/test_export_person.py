"""Everything about one person is in the file, for whoever may have it, and runs nothing in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from liquor_app.accounts.downloads import DOWNLOADS, open_download
from liquor_app.accounts.list_exports import export_link
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, NotFound
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, enqueue
from liquor_app.privacy.export_person import pack_tables, request_person_export
from liquor_app.privacy.held_data import MENTIONS, PERSONAL
from tests.people import add_user
from tests.privacy.planted import MARKERS, execute, found_in_tables, plant, run_jobs, scalar

pytestmark = pytest.mark.integration


async def carried(actor: Actor, customer: UUID) -> zipfile.ZipFile:
    async with transaction() as session:
        job = await request_person_export(session, actor, customer)
    await run_jobs(Job.EXPORT_PERSON)
    async with transaction() as session:
        link = await export_link(session, actor, job)
    key = open_download(actor, link.url.removeprefix(DOWNLOADS)).key
    return zipfile.ZipFile(io.BytesIO(b"".join([piece async for piece in file_store().read(key)])))


async def test_all_that_was_planted_is_in_it(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    async with transaction() as session:
        kept = await found_in_tables(session, *MARKERS)
    archive = await carried(await add_user(Role.MANAGER), planted.customer)
    told = json.loads(archive.read("person.json"))
    nothing = {"likely_doubles", "stencils"}  # one message is kept whole, and the double was merged
    assert set(told) == {one.table for one in PERSONAL} - nothing, "a table nothing of theirs is told of"
    for table in set(kept) - {one.table for one in MENTIONS}:  # others' words that name them are no data of theirs
        assert any(one in json.dumps(told[table], ensure_ascii=False).lower() for one in MARKERS), table
    # sealed ones are opened
    assert {row["date_of_birth"] for row in told["customers"]} >= {"1971-03-04"}
    assert "notemarker" in told["sign_ups"][0]["entry"]
    assert set(archive.namelist()) == {"person.json", *(f"{table}.csv" for table in told)}
    for table, rows in told.items():
        lines = list(csv.reader(io.StringIO(archive.read(f"{table}.csv").decode("utf-8-sig"))))
        assert lines[0] == list(rows[0])
        assert len(lines) == len(rows) + 1
    assert "nell" not in json.dumps(told).lower(), "somebody else's"
    assert await scalar("SELECT count(*) FROM audit_log WHERE action = 'customer.exported'") == 1


async def test_the_other_profile_is_the_same_person(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    manager = await add_user(Role.MANAGER)
    both: list[dict[str, Any]] = [
        json.loads((await carried(manager, one)).read("person.json")) for one in (planted.customer, planted.double)
    ]
    assert both[0]["purchases"] == both[1]["purchases"]
    assert {row["id"] for row in both[0]["customers"]} == {str(planted.customer), str(planted.double)}


def test_no_cell_is_run() -> None:
    tables = {"notes": [{"said": "=cmd()", "more": {"x": "@y"}, "sum": "-5", "bytes": b"\x01", "none": None}]}
    archive = zipfile.ZipFile(io.BytesIO(pack_tables(tables)))
    (_, line) = csv.reader(io.StringIO(archive.read("notes.csv").decode("utf-8-sig")))
    assert line == ["'=cmd()", '{"x": "@y"}', "-5", "01", ""]
    assert json.loads(archive.read("person.json"))["notes"][0]["said"] == "=cmd()"


async def test_who_may_have_it(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    manager, other, viewer = await add_user(Role.MANAGER), await add_user(Role.ADMIN), await add_user(Role.USER)
    async with transaction() as session:
        with pytest.raises(Forbidden):
            await request_person_export(session, viewer, planted.customer)
        with pytest.raises(NotFound):
            await request_person_export(session, manager, uuid7())
        job = await request_person_export(session, manager, planted.customer)
        roll_up = await enqueue(session, Job.ROLL_UP)
    async with transaction() as session:
        with pytest.raises(Conflict, match="not ready"):
            await export_link(session, manager, job)
        with pytest.raises(NotFound):
            await export_link(session, manager, roll_up)
    await run_jobs(Job.EXPORT_PERSON)
    async with transaction() as session:
        with pytest.raises(NotFound):
            await export_link(session, other, job)
        with pytest.raises(NotFound):
            await export_link(session, viewer, job)
        link = await export_link(session, manager, job)
    with pytest.raises(NotFound):
        open_download(SYSTEM, link.url.removeprefix(DOWNLOADS))


async def test_whoever_may_no_longer_gets_nothing(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    manager = await add_user(Role.MANAGER)
    async with transaction() as session:
        await request_person_export(session, manager, planted.customer)
    await execute("UPDATE users SET role = 'user' WHERE id = :id", id=manager.id)
    with pytest.raises(AssertionError, match="role"):
        await run_jobs(Job.EXPORT_PERSON)
