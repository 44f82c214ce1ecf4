"""Uploaded files through the worker: each row once, whatever happens to the worker."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict
from liquor_app.core.ids import uuid7
from liquor_app.core.models import JobStatus
from liquor_app.customers.ages.age_verification import age_of
from liquor_app.imports import chunks, customer_rows, uploads
from liquor_app.imports.import_rows import ImportRow, Plan, get_import
from liquor_app.imports.merge_rows import Policy
from liquor_app.imports.open_import import open_work
from liquor_app.imports.profiles.known_tools import ALL
from liquor_app.imports.profiles.tool_profile import made_of
from liquor_app.imports.tasks import TASKS, forget_old_uploads
from liquor_app.imports.uploads import add_upload, rejects_page, request_import, resume_import
from liquor_app.organization.settings import GeneralSettings
from tests.imports.test_import import rows, run
from tests.imports.test_undo import take
from tests.people import add_user
from tests.stored import bring, file_of

pytestmark = pytest.mark.integration

PEOPLE = "email,name\n" + "".join(f"p{number}@example.com,Person {number}\n" for number in range(90)) + "bad,Bad\n"


class Killed(BaseException):
    """Nothing that handles errors sees it, as nothing sees kill -9."""


async def upload(content: str = PEOPLE) -> ImportRow:
    import_id = uuid7()
    await bring(f"{import_id}.csv", content)
    async with transaction() as session:
        return await request_import(
            session,
            SYSTEM,
            import_id=import_id,
            kind="customers",
            file_name="people.csv",
            file_key=f"{import_id}.csv",
        )


async def state(import_id: UUID) -> ImportRow:
    async with transaction() as session:
        return await get_import(session, SYSTEM, import_id)


async def count() -> int:
    async with transaction() as session:
        return int((await session.execute(text("SELECT count(*) FROM customers"))).scalar_one())


async def test_a_job_imports_the_file_and_throws_it_away(database: str) -> None:
    row = await upload()
    assert row.job_id is not None
    assert await queue.run(row.job_id, TASKS) is JobStatus.SUCCEEDED
    done = await state(row.id)
    assert (done.status, done.rows, done.created, done.rejected) == ("completed", 91, 90, 1)
    assert not file_of(f"{row.id}.csv").exists()
    async with transaction() as session:
        job = await queue.get_job(session, row.job_id)
        bell = (await session.execute(text("SELECT title, body FROM notifications"))).one()
    assert job.result is not None
    assert (job.result["created"], job.result["reasons"]) == (90, {"bad_email": 1})
    assert bell == ("people.csv was imported", "90 new, 0 changed, 1 refused.")


async def test_a_file_that_makes_no_sense_fails_with_the_reason(database: str) -> None:
    row = await upload("colour\nred\n")
    assert row.job_id is not None
    assert await queue.run(row.job_id, TASKS) is JobStatus.FAILED
    async with transaction() as session:
        job = await queue.get_job(session, row.job_id)
    assert job.error is not None
    assert "colour" in job.error
    assert (await state(row.id)).status == "failed"


async def test_a_lost_worker_neither_loses_nor_doubles(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 10)
    row = await upload()
    assert row.job_id is not None
    real = customer_rows.write
    calls = 0

    async def dies(*args: Any) -> None:
        nonlocal calls
        calls += 1
        await real(*args)
        if calls == 5:
            raise Killed

    monkeypatch.setattr(customer_rows, "write", dies)
    with pytest.raises(Killed):
        await queue.run(row.job_id, TASKS)
    assert await count() == 40
    assert (await state(row.id)).created == 40
    async with transaction() as session:  # the lease of the dead worker runs out
        await session.execute(text("UPDATE jobs SET lease_until = now() - interval '1 second'"))
    assert await queue.run(row.job_id, TASKS) is JobStatus.SUCCEEDED
    done = await state(row.id)
    assert (await count(), done.created, done.rejected, done.rows) == (90, 90, 1, 91)
    assert calls == 11  # the chunk in hand again and the five after it; not one before


async def test_a_worker_lost_after_the_last_write_keeps_the_counts(database: str) -> None:
    row = await upload()
    assert row.job_id is not None
    await queue.run(row.job_id, TASKS)
    async with transaction() as session:
        await session.execute(text("UPDATE jobs SET status = 'running', lease_until = now() - interval '1 second'"))
    assert await queue.run(row.job_id, TASKS) is JobStatus.SUCCEEDED
    assert (await state(row.id)).created == 90


async def test_cancelling_keeps_what_was_taken_and_resuming_takes_the_rest(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 10)
    row = await upload()
    assert row.job_id is not None
    real = customer_rows.write
    asked = 0

    async def cancelled_meanwhile(*args: Any) -> None:
        nonlocal asked
        await real(*args)
        asked += 1
        if asked == 3:
            async with transaction() as session:
                await queue.request_cancel(session, row.job_id)

    monkeypatch.setattr(customer_rows, "write", cancelled_meanwhile)
    assert await queue.run(row.job_id, TASKS) is JobStatus.CANCELLED
    stopped = await state(row.id)
    assert (stopped.status, stopped.created, await count(), stopped.can_resume) == ("cancelled", 30, 30, True)
    async with transaction() as session:
        told = (await session.execute(text("SELECT title, body FROM notifications"))).one()
        assert told == ("The import of people.csv was stopped",
                        "30 new, 0 changed, 0 refused. What was taken so far stays.")  # fmt: skip
        assert (await session.execute(text("SELECT count(*) FROM touched_customers"))).scalar_one() == 30
        again = await resume_import(session, SYSTEM, row.id)
    assert again.job_id is not None
    assert await queue.run(again.job_id, TASKS) is JobStatus.SUCCEEDED
    done = await state(row.id)
    assert (done.status, done.created, done.rejected, await count()) == ("completed", 90, 1, 90)
    async with transaction() as session:
        with pytest.raises(Conflict):
            await resume_import(session, SYSTEM, row.id)


async def test_two_workers_at_one_import_do_nothing_twice(database: str) -> None:
    """One was thought dead and was not: whichever comes second finds the checkpoint moved."""
    row = await upload()
    async with transaction() as session:
        await session.execute(text("UPDATE imports SET status = 'running'"))
    plan = Plan(row.id, "customers", Policy.FILL, file_of(row.file_key), row.file_name, {}, {})
    async with (
        await open_work(plan, SYSTEM, GeneralSettings(timezone="UTC"), {}) as first,
        await open_work(plan, SYSTEM, GeneralSettings(timezone="UTC"), {}) as second,
    ):
        async with transaction() as session:
            assert await first.step(session)
        with pytest.raises(Conflict, match="another worker"):
            async with transaction() as session:
                await second.step(session)
    assert await count() == 90


async def test_what_is_old_is_forgotten(database: str) -> None:
    row = await upload("colour\nred\n")
    assert row.job_id is not None
    await queue.run(row.job_id, TASKS)
    assert file_of(row.file_key).exists()
    assert await forget_old_uploads() == 0
    async with transaction() as session:
        await session.execute(text("UPDATE imports SET finished_at = now() - interval '31 days'"))
    assert await forget_old_uploads() == 1
    assert not file_of(row.file_key).exists()
    assert not (await state(row.id)).can_resume


async def key_of(role: Role = Role.MANAGER) -> Actor:
    async with transaction() as session:
        made = await session.execute(
            text("INSERT INTO api_keys (name, prefix, key_hash, role) VALUES ('t', 'lk_x', 'h', :role) RETURNING id"),
            {"role": role.value},
        )
        return Actor(ActorKind.API_KEY, made.scalar_one(), "till", role)


async def test_a_revoked_keys_import_stops_before_its_next_chunk(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, import_id = await key_of(), uuid7()
    await bring(f"{import_id}.csv", PEOPLE)
    async with transaction() as session:
        row = await request_import(
            session, program, import_id=import_id, kind="customers", file_name="p.csv", file_key=f"{import_id}.csv"
        )
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 10)
    plain = queue.JobContext.progress

    async def revoke(job: queue.JobContext, *told: Any) -> None:
        await plain(job, *told)
        async with transaction() as session:
            await session.execute(text("UPDATE api_keys SET revoked_at = now()"))

    monkeypatch.setattr(queue.JobContext, "progress", revoke)
    assert row.job_id is not None
    assert await queue.run(row.job_id, TASKS) is JobStatus.FAILED
    assert await count() == 10
    assert (await state(import_id)).error == "Whoever asked for this may not act here any more."
    async with transaction() as session:
        row = await resume_import(session, SYSTEM, import_id)
    monkeypatch.setattr(queue.JobContext, "progress", plain)
    assert row.job_id is not None
    assert await queue.run(row.job_id, TASKS) is JobStatus.SUCCEEDED, "somebody who may goes on with it"
    assert await count() == 90


async def test_only_so_many_files_of_one_person_wait(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_WAITING", 2)
    boss, other, program = await add_user(Role.MANAGER), await add_user(Role.MANAGER), await key_of()

    async def bring_one(actor: Actor) -> ImportRow:
        key = f"{uuid7()}.csv"
        async with transaction() as session:
            return await add_upload(
                session, actor, import_id=uuid7(), kind="customers", file_name="p.csv", file_key=key
            )

    for actor in (boss, boss, other, program, program, SYSTEM, SYSTEM, SYSTEM):
        await bring_one(actor)
    for actor in (boss, program):
        with pytest.raises(Conflict, match="2 files wait to be looked at or started"):
            await bring_one(actor)
    async with transaction() as session:
        await session.execute(text("UPDATE imports SET created_at = now() - interval '8 days'"))
    assert await forget_old_uploads() == 8
    await bring_one(boss)


async def test_births_in_refused_rows_are_sealed_and_come_back_in_the_file(database: str, tmp_path: Path) -> None:
    taken = await take(
        "email,external_id,name,dob\na@x.example,1,Ann,1983-04-17\na@x.example,2,Bo,1984-05-18\na@x.example,3,Cy,\n"
        'd@x.example,"4" Dee,1985-06-19\n'
    )
    kept = await rows("SELECT raw, reason, birth_cells_encrypted AS sealed FROM import_rejects ORDER BY row_number")
    assert [bool(one["sealed"]) for one in kept] == [True, False, True], kept
    assert not [one for one in kept if "19" in str(one["raw"])]
    async with transaction() as session:
        lines, _ = await rejects_page(session, SYSTEM, taken.id)
    told = list(csv.DictReader("".join(lines).lstrip("\ufeff").splitlines(keepends=True)))
    assert [one["dob"] for one in told] == ["1984-05-18", "", ""]
    assert [one["import_line"][:2] for one in told] == ["", "", "d@"]
    mended = tmp_path / "mended.csv"
    mended.write_text("".join(lines).replace("a@x.example,2", "b@x.example,2"))
    assert (await run(mended)).created == 1
    async with transaction() as session:
        bo = (await session.execute(text("SELECT id FROM customers WHERE external_id = '2'"))).scalar_one()
        assert str((await age_of(session, SYSTEM, bo)).date_of_birth) == "1984-05-18"


async def test_births_in_columns_that_nothing_is_read_from_are_sealed(database: str, tmp_path: Path) -> None:
    names = ["dob", "Bday 2", "spouse_birthday", "Ehegatte Geburtstag", "KidDOB", "Year born"]
    people = tmp_path / "people.csv"
    people.write_text(f"email,{','.join(names)},Dobson\nbad{',1983-04-17' * len(names)},kept\n")
    await run(people)
    (kept,) = await rows("SELECT raw FROM import_rejects")
    assert "1983" not in str(kept["raw"])
    assert "kept" in str(kept["raw"])


@pytest.mark.parametrize("column", ["Client Birthdate", "Member DOB", "contact_birthday", "profile.dob"])
async def test_whose_birthday_it_is_may_stand_before_it(database: str, tmp_path: Path, column: str) -> None:
    people = tmp_path / "people.csv"
    people.write_text(f"email,{column}\na@x.example,1983-04-17\n")
    await run(people)
    assert [str(one["of_age_on"]) for one in await rows("SELECT of_age_on FROM customers")] == ["2004-04-17"]


async def test_births_in_refused_rows_are_for_whoever_may_see_them(database: str) -> None:
    taken = await take("email,name,dob\nbad,Ann,1983-04-17\n")
    key = Actor(ActorKind.API_KEY, uuid7(), "Till", Role.MANAGER, areas=("imports:read",))
    async with transaction() as session:
        lines, _ = await rejects_page(session, key, taken.id)
    assert "1983" not in "".join(lines)
    assert "Ann" in "".join(lines)


def test_a_birth_that_is_put_together_is_known_by_its_parts() -> None:
    columns = ["Customer ID", "Birthday Day", "Birthday Month", "Birthday Year"]
    clover = next(one for one in ALL if "date_of_birth" in one.made)
    assert made_of(clover, columns, "date_of_birth") == (1, 2, 3)
    assert made_of(None, columns, "date_of_birth") == ()


NAMES = {
    "till\x1b[2J\x07.csv": "till[2J.csv",
    " a\n  b\t.csv": "a b .csv",
    "x\x9b31m\u202ecsv.exe": "x31mcsv.exe",
    "\x01\x02": "file",
    "Kunden März.csv": "Kunden März.csv",
}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
async def test_a_file_is_called_by_what_can_be_printed(database: str, name: str) -> None:
    """What controls a terminal stayed in its name, and stood in lists, notices, the audit log and on the console."""
    import_id = uuid7()
    async with transaction() as session:
        await add_upload(
            session, SYSTEM, import_id=import_id, kind="customers", file_name=name, file_key=f"{import_id}.csv"
        )
        row = await get_import(session, SYSTEM, import_id)
        told = await session.execute(text("SELECT changes ->> 'file' FROM audit_log WHERE action = 'import.uploaded'"))
    assert (row.file_name, told.scalar_one()) == (NAMES[name], NAMES[name])
