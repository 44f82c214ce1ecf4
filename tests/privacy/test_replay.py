"""A database restored from before an erasure: whoever was erased is erased again, and nobody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden
from liquor_app.core.files.folders import ERASURE_NOTES
from liquor_app.core.files.store import file_store
from liquor_app.core.queue import Job
from liquor_app.customers.erasing.models import Ground
from liquor_app.privacy.erase import request_erasure
from liquor_app.privacy.replay import Replayed, replay_erasures
from tests.imports.test_undo import take
from tests.people import add_user
from tests.privacy.planted import CHANGED, MARKERS, execute, found_in_files, found_in_tables, plant, run_jobs, scalar

pytestmark = pytest.mark.integration
TELLS = [
    "customers", "former_identifiers", "consents", "purchases", "sends", "suppressions", "import_rejects",
    "notifications",
]  # fmt: skip


@pytest.fixture(autouse=True)
async def _no_notes(database: str) -> None:
    for key in [one.key async for one in file_store().list(ERASURE_NOTES)]:
        await file_store().delete(key)


async def replayed() -> Replayed:
    async with transaction() as session:
        return await replay_erasures(session, SYSTEM)


async def backup() -> dict[str, Any]:
    return {table: await scalar(f"SELECT jsonb_agg(to_jsonb(t)) FROM {table} t") for table in TELLS}


async def restore(kept: dict[str, Any]) -> None:
    """An older state of what tells of people, without any erasure."""
    await execute("DELETE FROM erasures")
    await execute("DELETE FROM suppressions")
    columns = "SELECT string_agg(column_name, ', ') FROM information_schema.columns WHERE table_name = :table"
    for table, rows in kept.items():
        if table == "customers":  # their evidence hangs on them
            names = await scalar(columns, table=table)
            await execute(
                f"UPDATE customers c SET ({names}) ="
                f" (SELECT {names} FROM jsonb_populate_record(CAST(NULL AS customers), r))"
                " FROM jsonb_array_elements(CAST(:rows AS jsonb)) r WHERE c.id = CAST(r ->> 'id' AS uuid)",
                rows=json.dumps(rows),
            )
            continue
        await execute(f"DELETE FROM {table}")
        await execute(
            f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS jsonb))",
            rows=json.dumps(rows),
        )


async def test_whoever_was_erased_is_erased_again(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    kept = await backup()
    async with transaction() as session:
        await request_erasure(session, SYSTEM, planted.customer, ground=Ground.ASKED, confirmed=True)
    await run_jobs(Job.ERASE_PERSON)
    assert found_in_files(planted.files, *MARKERS) == {}, "what is kept to replay it tells of nobody"
    assert await replayed() == Replayed(1, 0, 0)
    await restore(kept)
    assert await scalar("SELECT count(*) FROM customers WHERE name = 'Zora Quillmark' AND deleted_at IS NULL") == 1
    assert await replayed() == Replayed(1, 1, 2)
    await run_jobs(Job.ERASE_PERSON)
    async with transaction() as session:
        assert await found_in_tables(session, *MARKERS) == {}
    assert await scalar("SELECT count(*) FROM customers WHERE name = 'Nell Neighbour' AND deleted_at IS NULL") == 1
    assert (await replayed()).erased_again == 0


async def test_later_files_know_them_after_a_restore_from_before_they_came(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    async with transaction() as session:
        await request_erasure(session, SYSTEM, planted.customer, ground=Ground.ASKED, confirmed=True)
    await run_jobs(Job.ERASE_PERSON)
    await execute("DELETE FROM erasures")
    await execute("DELETE FROM suppressions")
    await execute("DELETE FROM customers")
    assert await replayed() == Replayed(1, 1, 0)
    assert await scalar("SELECT count(*) FROM suppressions WHERE reason = 'erased' AND address IS NULL") >= 2
    report = await take(CHANGED, name="again.csv")
    assert (report.created, report.notes) == (0, {"erased_person": 2})


async def test_who_came_back_stays_and_who_may(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    async with transaction() as session:
        await request_erasure(session, SYSTEM, planted.customer, ground=Ground.ASKED, confirmed=True)
    await run_jobs(Job.ERASE_PERSON)
    await execute(
        "INSERT INTO customers (email, email_key, created_at) VALUES (:email, :email, now() + interval '1 second')",
        email="zora.quillmark@example.com",
    )
    assert (await replayed()).erased_again == 0
    async with transaction() as session:
        with pytest.raises(Forbidden):
            await replay_erasures(session, await add_user(Role.MANAGER))
