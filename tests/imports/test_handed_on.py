"""Addresses and numbers that one file handed on from one person to another, and what two undoings keep of a person."""

from __future__ import annotations

from itertools import pairwise
from uuid import uuid4

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import request_cancel
from liquor_app.customers.editing.change_customer import update_customer
from liquor_app.customers.imported.handed_on import set_free
from liquor_app.imports.tasks import TASKS
from liquor_app.imports.undo import undo_job
from liquor_app.imports.undo.undo_import import cancel_undo, undo_counts
from tests.imports.test_import import rows
from tests.imports.test_two_undos import on, until, whole
from tests.imports.test_undo import asked, everything, look, one, state, take, undo, who

KNOWN = "email,external_id,name\na@x.example,A,Ann\nb@x.example,B,Bo\nc@x.example,C,Cy\nd@x.example,D,Dee\n"


def _people(told: str) -> str:
    """A file that says these people's addresses in turn: "A=new B=a"."""
    pairs = (one.split("=") for one in told.split())
    return "email,external_id,name\n" + "".join(f"{to}@x.example,{who},\n" for who, to in pairs)


HANDED = {
    "a chain": "A=new B=a C=b",
    "a chain further up first": "C=new B=c A=b",
    "a swap": "A=tmp B=a A=b",
    "a circle": "A=tmp D=a C=d B=c A=b",
    "to somebody new": "A=new N=a",
    "a chain that ends at somebody new": "A=new B=a N=b",
    "two of them": "A=tmp B=a A=b C=new D=c",
}


@pytest.mark.integration
@pytest.mark.parametrize("how", HANDED)
@pytest.mark.parametrize("size", [1, 2, 2_000])
@pytest.mark.parametrize("backwards", [False, True], ids=["", "ids the other way round"])
async def test_what_was_handed_on_comes_back(
    database: str, monkeypatch: pytest.MonkeyPatch, how: str, size: int, backwards: bool
) -> None:
    """Before, whoever's address was still another's when their turn came kept the file's."""
    monkeypatch.setattr(undo_job, "BATCH_ROWS", size)
    head, *rows = KNOWN.splitlines()
    await take("\n".join([head, *(reversed(rows) if backwards else rows), ""]))
    before = await everything()
    row = await take(_people(HANDED[how]))
    assert row.rejected == 0
    assert (await look(row)).kept == {}
    done = await undo(row)
    assert undo_counts(done).kept == {}
    assert await everything() == before


@pytest.mark.integration
async def test_numbers_are_handed_on_too(database: str) -> None:
    await take(KNOWN)
    before = await everything()
    row = await take("email,external_id\na@x.example,\nb@x.example,\n")
    await undo(row)
    assert await everything() == before


@pytest.mark.integration
async def test_what_somebody_else_holds_by_now_stays_so(database: str) -> None:
    """A colleague gave the end of the chain an address of its own; the rest of the chain cannot be set back for it."""
    await take(KNOWN)
    row = await take(_people(HANDED["a chain"]))
    async with transaction() as session:
        await update_customer(session, SYSTEM, await who("b@x.example"), {"email": "edited@x.example"})
        await update_customer(session, SYSTEM, await who("new@x.example"), {"city": "Bath"})
    told = await look(row)
    done = await undo(row)
    assert undo_counts(done).kept == told.kept == {"fields_edited": 1}
    found = {one["external_id"]: one["email"] for one in await _rows()}
    assert found == {"A": "a@x.example", "B": "b@x.example", "C": "edited@x.example", "D": "d@x.example"}


@pytest.mark.integration
async def test_a_chain_that_ends_at_somebody_who_stays_stays(database: str) -> None:
    await take(KNOWN)
    row = await take(_people(HANDED["a chain that ends at somebody new"]))
    async with transaction() as session:
        await update_customer(session, SYSTEM, await who("b@x.example"), {"city": "Bath"})
    told = await look(row)
    done = await undo(row)
    assert undo_counts(done).kept == told.kept
    assert told.kept == {"people_edited": 1, "fields_taken": 2}
    found = {one["external_id"]: one["email"] for one in await _rows()}
    assert found["B"] == "a@x.example"
    assert not any("handed" in address for address in found.values())


async def _rows() -> list[dict[str, str]]:
    return [dict(one) for one in await rows("SELECT external_id, email, email_key FROM customers ORDER BY 1")]


def test_who_is_set_free() -> None:
    a, b, c, d = (uuid4() for _ in range(4))
    assert set_free({}, set()) == set()
    assert set_free({a: b}, {a}) == set(), "b keeps it"
    assert set_free({a: b}, {a, b}) == {a}
    assert set_free({a: b}, {a}, {b}) == {a}, "b goes"
    assert set_free({a: b, b: c, c: a}, {a, b, c}) == {a, b, c}
    assert set_free({a: b, b: c, c: a}, {a, b}) == set()
    assert set_free({a: b, b: c, c: d}, {a, b, c}) == set()
    assert set_free({a: b, b: c, c: d, d: c}, {a, b, c, d}) == {a, b, c, d}
    many = [uuid4() for _ in range(50_000)]
    chain = dict(pairwise(many))
    assert len(set_free(chain, set(many))) == 49_999


FIRST = "email,external_id,city\nann@example.com,A1,Bath\nbo@example.com,B1,Bath\n"
MOVED = "email,external_id,city\nann@example.com,A1,Orono\nbo@example.com,B1,Orono\n"


async def _cities() -> set[str]:
    return {str(one["city"]) for one in await _city_rows()}


async def _city_rows() -> list[dict[str, str]]:
    return [dict(one) for one in await rows("SELECT city FROM customers")]


@pytest.mark.integration
async def test_a_field_kept_for_a_later_files_word_goes_with_that(database: str) -> None:
    """Before, it stayed once both were undone, unless the first was undone once more."""
    await take(FIRST)
    before = await everything()
    moved, again = await take(MOVED), await take(MOVED)
    await undo(moved)
    assert await _cities() == {"Orono"}, "the later file says so"
    await undo(again)
    assert await _cities() == {"Bath"}
    assert await everything() == before


@pytest.mark.integration
@pytest.mark.parametrize(
    "phase", ["handed_on", "changed_people", "left_behind", "left_fields", "tags", "numbers", "noes", "done"]
)
@pytest.mark.parametrize("first", ["moved", "again"])
@pytest.mark.parametrize("size", [1, 2_000])
async def test_a_field_both_are_done_with_is_set_back(
    database: str, monkeypatch: pytest.MonkeyPatch, phase: str, first: str, size: int
) -> None:
    """Whichever was asked first, and wherever it stood when the other was undone."""
    monkeypatch.setattr(undo_job, "BATCH_ROWS", size)
    await take(FIRST)
    moved, again = await take(MOVED), await take(MOVED)
    one_of, other = (moved, again) if first == "moved" else (again, moved)
    job = await until(one_of, phase, monkeypatch)
    await whole(other)
    assert await on(job) == JobStatus.SUCCEEDED
    assert await _cities() == {"Bath"}
    assert await one("SELECT count(*) FROM customer_images") == 0


@pytest.mark.integration
async def test_a_file_that_stands_keeps_the_field_two_others_are_done_with(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take(FIRST)
    moved, again, _ = [await take(MOVED) for _ in range(3)]
    job = await until(moved, "left_behind", monkeypatch)
    await whole(again)
    assert await on(job) == JobStatus.SUCCEEDED
    assert await _cities() == {"Orono"}


@pytest.mark.integration
async def test_an_undoing_that_is_called_off_keeps_its_word(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await take(FIRST)
    moved, again = await take(MOVED), await take(MOVED)
    await asked(again)
    await whole(moved)
    async with transaction() as session:
        await cancel_undo(session, SYSTEM, again.id)
    assert await _cities() == {"Orono"}
    job = await until(again, "left_behind", monkeypatch)
    async with transaction() as session:
        await request_cancel(session, job)
    assert await on(job) == JobStatus.CANCELLED
    assert await _cities() == {"Orono"}
    await whole(again)
    assert await _cities() == {"Bath"}


@pytest.mark.integration
async def test_an_undoing_from_before_people_who_were_made_went_first_is_gone_on_with(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its checkpoint says `changed_people`, and whom the file made was still to come then."""
    await take(FIRST)
    before = await everything()
    row = await take("email,external_id,city\nann@example.com,A1,Orono\nnew@example.com,N1,Bath\n")
    job = await asked(row)
    await one(
        """UPDATE imports SET undo = undo - 'made_first' || '{"phase": "changed_people"}' WHERE id = :id RETURNING 1""",
        id=row.id,
    )
    assert await queue.run(job, TASKS) == JobStatus.SUCCEEDED
    assert await everything() == before
    assert undo_counts(await state(row.id)).removed["customers"] == 1
