"""What somebody went by before is known to an erasure, whoever changed it, and to nothing else."""

from __future__ import annotations

import unicodedata
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.platform.personal_data import words_pattern
from liquor_app.core.queue import Job
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.editing.change_customer import create_customer, update_customer
from liquor_app.customers.erasing.models import Ground
from liquor_app.privacy.erase import request_erasure
from liquor_app.privacy.find_traces import find_traces, in_python
from tests.imports.test_undo import take
from tests.privacy.planted import run_jobs, scalar

pytestmark = pytest.mark.integration
FIRST = {"name": "Zora Quillmark", "email": "First@Example.com", "phone": "+12072400147", "external_id": "F1"}
THEN = {"name": "Zora Brindlewick", "email": "then@example.com", "phone": "+12072400148", "external_id": "T1"}


async def add(**changes: Any) -> UUID:
    async with transaction() as session:
        return (await create_customer(session, SYSTEM, changes)).id


async def change(customer: UUID, **changes: Any) -> None:
    async with transaction() as session:
        await update_customer(session, SYSTEM, customer, changes)


async def erase(customer: UUID) -> None:
    async with transaction() as session:
        await request_erasure(session, SYSTEM, customer, ground=Ground.ASKED, confirmed=True)
    await run_jobs(Job.ERASE_PERSON)


async def former(customer: UUID) -> set[tuple[str, str]]:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT kind, value FROM former_identifiers WHERE customer_id = :id"), {"id": customer}
        )
        return {(kind, value) for kind, value in found}


async def test_each_is_kept_once_and_what_did_not_change_is_not(database: str) -> None:
    customer = await add(**FIRST)
    await change(customer, city="Bath", name=FIRST["name"])
    assert await former(customer) == set()
    for _ in range(2):
        await change(customer, **THEN)
        await change(customer, **FIRST)
    assert await former(customer) == {
        ("name", "Zora Brindlewick"), ("email", "then@example.com"), ("email_key", "then@example.com"),
        ("phone", "+12072400148"), ("external_id", "T1"), ("name", "Zora Quillmark"), ("email", "First@Example.com"),
        ("email_key", "first@example.com"), ("phone", "+12072400147"), ("external_id", "F1"),
    }  # fmt: skip


async def test_the_address_before_is_suppressed_and_brings_nobody_back(database: str) -> None:
    customer = await add(**FIRST)
    await change(customer, **THEN)
    await erase(customer)
    hashes = [address_hash(one) for one in ("first@example.com", "then@example.com", "+12072400147", "+12072400148")]
    listed = (
        "SELECT count(*) FROM suppressions WHERE reason = 'erased' AND address IS NULL AND address_hash = ANY(:all)"
    )
    assert await scalar(listed, all=hashes) == 4
    assert await former(customer) == set(), "emptying the profile is no change to be kept"
    report = await take("email,external_id,name\nfirst@example.com,F1,Zora\n", name="again.csv")
    assert (report.created, report.notes) == (0, {"erased_person": 1})


async def test_what_a_file_changed_is_known_when_it_can_be_undone_no_more(database: str) -> None:
    customer = await add(**FIRST)
    await take("email,external_id,name\nfile@example.com,F1,Zora Filed\n", name="later.csv")
    async with transaction() as session:
        await session.execute(text("DELETE FROM customer_images"))
        traces = await find_traces(session, customer)
    assert {"first@example.com", "file@example.com"} <= set(traces.addresses)


async def test_what_another_goes_by_now_is_theirs(database: str) -> None:
    customer = await add(**FIRST)
    await change(customer, **THEN)
    await add(name="Nell Neighbour", email="first@example.com", phone="+12072400147")
    async with transaction() as session:
        traces = await find_traces(session, customer)
    assert traces.addresses == ("+12072400148", "then@example.com")


async def test_an_address_is_found_as_it_was_written(database: str) -> None:
    customer = await add(email="zora@bücher.example", name="Zora Quillmark")
    await change(customer, email="zora@example.com")
    async with transaction() as session:
        traces = await find_traces(session, customer)
    for said in ("zora@bücher.example", "ZORA@Bücher.example", "zora@xn--bcher-kva.example"):
        assert in_python(traces.words).search(f"Write to {said}."), said


@pytest.mark.parametrize("name", ["Zoë Čapková", "Nguyễn Văn Tế", "Jean-Noël Ångström"])
async def test_a_name_is_found_however_its_accents_are_written(database: str, name: str) -> None:
    forms = {form: unicodedata.normalize(form, name) for form in ("NFC", "NFD")}
    for known in forms.values():
        words = words_pattern([], [known])
        for form, said in forms.items():
            assert in_python(words).search(f"Ask {said} first"), form
            assert await scalar("SELECT :said ~* :words", said=f"Ask {said.upper()} first", words=words), form
