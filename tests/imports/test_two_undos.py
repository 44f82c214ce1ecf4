"""Two imports are taken back at once, of which one lists what the other made: nothing stays that both of them are done
with, and nothing goes that one still stands for."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import request_cancel
from liquor_app.imports.import_rows import ImportRow
from liquor_app.imports.tasks import TASKS
from liquor_app.imports.undo import undo_job
from liquor_app.imports.undo.undo_import import cancel_undo, undo_counts
from tests.imports.test_undo import FIRST, SALES, asked, one, state, take

pytestmark = pytest.mark.integration
PEOPLE = "email,external_id,name\nann@example.com,A1,Ann\nbo@example.com,B1,Bo\n"
MANY = "order_id,customer,occurred_at,product,category,amount\n" + "".join(
    f"{nth},A1,2025-03-01 10:00,Ale,Beer,10.00\n" for nth in range(40)
)


class Killed(BaseException):
    """As kill -9: nothing handles it."""


async def until(row: ImportRow, phase: str, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """Undo an import up to a phase, which it has come to when its worker is killed; returns the job."""
    told = undo_job.progress

    def dies(undo: dict[str, Any]) -> tuple[int, int]:
        if undo["phase"] == phase:
            raise Killed
        return told(undo)

    job = await asked(row)
    with monkeypatch.context() as patched:
        patched.setattr(undo_job, "progress", dies)
        with pytest.raises(Killed):
            await queue.run(job, TASKS)
    return job


async def on(job: UUID) -> JobStatus | None:
    """Another worker takes a job up whose worker was killed."""
    await one("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE id = :id RETURNING 1", id=job)
    return await queue.run(job, TASKS)


async def whole(row: ImportRow) -> None:
    assert await queue.run(await asked(row), TASKS) == JobStatus.SUCCEEDED


async def orders() -> int:
    return int(await one("SELECT count(*) FROM purchases"))


async def test_an_order_whose_word_is_being_taken_back_stays_for_nobody(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The later file's undoing has gone through the orders it listed, and has not forgotten them yet: the other's kept
    them for it, and they stayed for ever."""
    await take(FIRST)
    made, again = await take(SALES, "purchases"), await take(SALES, "purchases")
    job = await until(again, "made_people", monkeypatch)
    await whole(made)
    assert await orders() == 0
    assert await on(job) == JobStatus.SUCCEEDED
    assert undo_counts(await state(made.id)).kept == {}


@pytest.mark.parametrize("phase", ["changed_baskets", "left_baskets", "made_people", "done"])
@pytest.mark.parametrize("first", ["made", "again"])
async def test_whichever_was_asked_first_and_wherever_it_stands(
    database: str, monkeypatch: pytest.MonkeyPatch, phase: str, first: str
) -> None:
    await take(FIRST)
    made, again = await take(SALES, "purchases"), await take(SALES, "purchases")
    one_of, other = (made, again) if first == "made" else (again, made)
    job = await until(one_of, phase, monkeypatch)
    await whole(other)
    assert await on(job) == JobStatus.SUCCEEDED
    assert await orders() == 0


async def test_two_words_that_are_taken_back_together_keep_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take(FIRST)
    made, second, third = [await take(SALES, "purchases") for _ in range(3)]
    await whole(made)
    assert await orders() == 2
    job = await until(second, "made_people", monkeypatch)
    assert await orders() == 2, "the third stands for them"
    await whole(third)
    assert await on(job) == JobStatus.SUCCEEDED
    assert await orders() == 0


async def test_an_undoing_that_is_stopped_stands_for_what_it_listed_until_it_goes_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went on behind the orders it had gone through: what was kept for it meanwhile stayed for ever."""
    await take(FIRST)
    made, again = await take(SALES, "purchases"), await take(SALES, "purchases")
    job = await until(again, "made_people", monkeypatch)
    async with transaction() as session:
        await request_cancel(session, job)
    assert await on(job) == JobStatus.CANCELLED
    await whole(made)
    assert (await orders(), undo_counts(await state(made.id)).kept) == (2, {"baskets_confirmed": 2})
    await whole(again)
    assert await orders() == 0


async def test_an_undoing_that_is_called_off_loses_nothing(database: str) -> None:
    """It was asked for, and had not come to the orders it listed, when the other one was undone."""
    await take(FIRST)
    made, again = await take(SALES, "purchases"), await take(SALES, "purchases")
    await asked(again)
    await whole(made)
    async with transaction() as session:
        await cancel_undo(session, SYSTEM, again.id)
    assert await orders() == 2
    await whole(again)
    assert await orders() == 0


@pytest.mark.parametrize("phase", ["left_behind", "tags", "numbers", "noes", "done"])
@pytest.mark.parametrize("first", ["made", "again"])
async def test_people_whom_both_are_done_with_go(
    database: str, monkeypatch: pytest.MonkeyPatch, phase: str, first: str
) -> None:
    """Whom the first one's undoing kept for the other's word stayed, if the other was undone before the first ended."""
    made, again = await take(PEOPLE), await take(PEOPLE)
    one_of, other = (made, again) if first == "made" else (again, made)
    job = await until(one_of, phase, monkeypatch)
    await whole(other)
    assert await on(job) == JobStatus.SUCCEEDED
    assert await one("SELECT count(*) FROM customers") == 0


async def test_people_of_an_undoing_that_is_called_off_stay(database: str) -> None:
    """It had not come to them: they went with the file that made them, though this one stands."""
    made, again = await take(PEOPLE), await take(PEOPLE)
    await asked(again)
    await whole(made)
    async with transaction() as session:
        await cancel_undo(session, SYSTEM, again.id)
    assert await one("SELECT count(*) FROM customers") == 2
    await whole(again)
    assert await one("SELECT count(*) FROM customers") == 0


async def test_people_of_an_undoing_that_is_stopped_go_when_it_goes_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, again = await take(PEOPLE), await take(PEOPLE)
    job = await until(again, "tags", monkeypatch)
    async with transaction() as session:
        await request_cancel(session, job)
    assert await on(job) == JobStatus.CANCELLED
    await whole(made)
    assert await one("SELECT count(*) FROM customers") == 2
    await whole(again)
    assert await one("SELECT count(*) FROM customers") == 0


async def test_both_run_at_the_same_time(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo_job, "BATCH_ROWS", 3)
    await take(FIRST)
    made, again = await take(MANY, "purchases"), await take(MANY, "purchases")
    jobs = [await asked(made), await asked(again)]
    assert await asyncio.gather(*(queue.run(job, TASKS) for job in jobs)) == [JobStatus.SUCCEEDED] * 2
    assert await orders() == 0
    assert await one("SELECT count(*) FROM purchase_lines") == 0
    assert await one("SELECT count(*) FROM purchase_confirmations") == 0


async def test_a_file_that_stands_keeps_what_two_others_are_done_with(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take(FIRST)
    made, second, _ = [await take(SALES, "purchases") for _ in range(3)]
    job = await until(made, "left_baskets", monkeypatch)
    await whole(second)
    assert await on(job) == JobStatus.SUCCEEDED
    assert await orders() == 2
