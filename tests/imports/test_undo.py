"""An import is taken back whole: what it made goes, what it changed is what it was, what others built on it stays."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import request_cancel
from liquor_app.customers.consents import record_consent, suppress_customer
from liquor_app.customers.editing.change_customer import update_customer
from liquor_app.customers.models import ConsentStatus
from liquor_app.doubles.merge_profiles import merge_profiles, undo_merge
from liquor_app.imports.bulk_calls.put_customers import put_customers
from liquor_app.imports.import_rows import ImportRow, get_import
from liquor_app.imports.local_import import import_local
from liquor_app.imports.single_purchases import NewLine, NewOrder, record_purchase
from liquor_app.imports.tasks import TASKS, forget_old_uploads
from liquor_app.imports.undo import undo_job
from liquor_app.imports.undo.kept_rows import kept_names, kept_page
from liquor_app.imports.undo.undo_import import (
    UndoPreview,
    cancel_undo,
    is_something_left,
    preview_undo,
    request_undo,
    undo_counts,
)
from liquor_app.imports.undo.undo_locally import undo_locally
from liquor_app.imports.undo.undo_words import KEPT, REMOVED
from liquor_app.imports.uploads import request_import
from liquor_app.organization.models import Channel
from liquor_app.screens.imports.wizard.view import undo_lines
from tests.factories import add_ready_campaign, open_shop
from tests.imports.test_import import rows, untold
from tests.people import add_user
from tests.reliability.imports import EVERYTHING
from tests.stored import bring

pytestmark = pytest.mark.integration
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)

ALL = {
    **{name: sql for name, sql in EVERYTHING.items() if name != "touched"},
    "suppressions": "SELECT address, channel, reason FROM suppressions WHERE lifted_at IS NULL ORDER BY 1, 2",
    "sealed": "SELECT email_key, date_of_birth_encrypted IS NULL, age_verified_at, raw_data FROM customers ORDER BY 1",
    "ages": "SELECT c.email_key, a.verified, a.method FROM age_ledger a JOIN customers c ON c.id = a.customer_id"
    " ORDER BY 1, 2",
    "tags": "SELECT c.email_key, t.name FROM customer_tags g JOIN customers c ON c.id = g.customer_id"
    " JOIN tags t ON t.id = g.tag_id ORDER BY 1, 2",
    "images": "SELECT (SELECT count(*) FROM customer_images) + (SELECT count(*) FROM purchase_images)",
}
FIRST = """email,external_id,name,city,phone,dob,email_consent,consent_source,consent_at
ann@example.com,A1,Ann,Bath,207 555 0101,1980-02-03,yes,till,2025-01-05
bo@example.com,B1,Bo,,,,no,till,2025-01-05
cy@example.com,C1,Cy,Bath,,,,,
"""
SECOND = """email,external_id,name,city,phone,dob,email_consent,consent_source,consent_at,sms_consent,Suppressed,tags
ann.new@example.com,A1,Anna,Bangor,207 555 0199,,yes,web,2025-06-01,,,
bo@example.com,B1,Bobby,Orono,,1970-05-06,yes,web,2025-07-01,,,
cy@example.com,C1,Cy,Bath,,,,,,,,Club
dee@example.com,D1,Dee,Bath,,1985-01-01,yes,web,2025-07-01,,,Club
eve@example.com,E1,Eve,Bath,,,,,,,hard bounce,
dee@example.com,D1,Dee Dee,Bath,,,,,,,,
"""
SALES = """order_id,customer,occurred_at,product,category,amount
1,A1,2025-03-01 10:00,Ale,Beer,10.00
1,A1,2025-03-01 10:00,Gin,Spirits,30.00
2,B1,2025-03-02 11:00,Ale,Beer,5.00
"""
MORE_SALES = """order_id,customer,occurred_at,product,category,amount
1,A1,2025-02-20 10:00,Ale,Beer,11.00
2,B1,2025-03-02 11:00,Ale,Beer,5.00
3,B1,2025-04-02 11:00,Rum,Spirits,25.00
3,B1,2025-04-02 11:00,Ale,Beer,4.00
"""


ODD = {"Suppressed": "given_up", "dob": "date_of_birth", "receipt": ""}
"""Columns that are not called as their field."""


async def take(
    content: str, kind: str = "customers", policy: str = "overwrite", name: str = "file.csv", **options: Any
) -> ImportRow:
    """Import a file to its end."""
    import_id = uuid7()
    key = f"{import_id}.upload"
    await bring(key, content)
    heads = content.partition("\n")[0].split(",")
    columns = {head: head for head in heads if head not in ODD} | {ODD[head]: head for head in heads if ODD.get(head)}
    async with transaction() as session:
        row = await request_import(
            session, SYSTEM, import_id=import_id, kind=kind, file_name=name, file_key=key, policy=policy,
            mapping=columns, options=options,
        )  # fmt: skip
    assert row.job_id is not None
    assert await queue.run(row.job_id, TASKS) == JobStatus.SUCCEEDED
    return await state(import_id)


async def state(import_id: UUID) -> ImportRow:
    async with transaction() as session:
        return await get_import(session, SYSTEM, import_id)


async def everything() -> dict[str, list[tuple[Any, ...]]]:
    async with transaction() as session:
        return {name: [tuple(one) for one in await session.execute(text(sql))] for name, sql in ALL.items()}


async def look(row: ImportRow) -> UndoPreview:
    async with transaction() as session:
        return await preview_undo(session, SYSTEM, row.id)


async def asked(row: ImportRow) -> UUID:
    async with transaction() as session:
        job_id = (await request_undo(session, SYSTEM, row.id)).job_id
    assert job_id is not None
    return job_id


async def undo(row: ImportRow) -> ImportRow:
    """Take an import back; what was told before is what is done."""
    told = await look(row)
    already = undo_counts(await state(row.id))
    assert await queue.run(await asked(row), TASKS) == JobStatus.SUCCEEDED
    done = await state(row.id)
    assert done.status == "undone"
    assert done.undone_at is not None
    counts = undo_counts(done)
    for part in ("removed", "set_back"):
        before, after = getattr(already, part), getattr(counts, part)
        new = {what: many - before.get(what, 0) for what, many in after.items() if many != before.get(what)}
        assert new == getattr(told, part)
    assert counts.kept == told.kept
    assert counts.kept.keys() <= KEPT.keys()
    assert counts.removed.keys() <= REMOVED.keys()
    return done


async def one(sql: str, **bound: Any) -> Any:
    async with transaction() as session:
        return (await session.execute(text(sql), bound)).scalar()


async def who(email: str) -> UUID:
    return UUID(str(await one("SELECT id FROM customers WHERE email_key = :email", email=email)))


async def test_people_are_what_they_were_and_come_again(database: str) -> None:
    await take(FIRST)
    before = await everything()
    second = await take(SECOND)
    after = await everything()
    assert (second.created, second.updated) == (2, 4)
    told = await look(second)
    assert told.removed == {"customers": 2, "consents": 3, "suppressions": 1, "tags": 1}
    assert told.set_back == {"customers": 2}
    assert told.kept == {}
    assert await everything() == after, "a preview writes nothing"

    await undo(second)
    assert await everything() == before
    assert (await look(second)).is_nothing
    again = await take(SECOND)
    assert (again.created, again.updated) == (second.created, second.updated)
    assert await everything() == after
    await undo(again)
    assert await everything() == before


STRANGERS = """order_id,customer,phone,occurred_at,product,amount
1,A1,,2025-03-01 10:00,Ale,10.00
2,17850,,2025-03-01 10:00,Ale,11.00
2,17850,,2025-03-01 10:00,Gin,20.00
3,17850,,2025-03-02 10:00,Ale,12.00
4,New@Example.com,207 555 0177,2025-03-01 10:00,Ale,13.00
5,,207 555 0188,2025-03-01 10:00,Ale,14.00
6,99,,2025-03-01 10:00,Ale,x
7,98,,2025-03-01 10:00,Ale,16.00
7,98,,2025-03-01 10:00,Gin,x
8,,,2025-03-01 10:00,Gin,17.00
"""


async def test_buyers_nobody_knows_are_made_and_taken_back(database: str) -> None:
    await take(FIRST)
    before = await everything()
    refused = await take(STRANGERS, "purchases")
    assert (refused.created, refused.notes) == (1, {"rows_without_customer": 1})
    assert refused.reasons == {"unknown_customer": 6, "bad_amount": 2}
    await undo(refused)
    made = await take(STRANGERS, "purchases", unknown_customers="create")
    assert (made.created, made.notes) == (6, {"rows_without_customer": 1, "customers_made": 3})
    assert made.reasons == {"bad_amount": 2, "order_with_refused_row": 1}, "98 has no order, and is nobody still"
    async with transaction() as session:
        found = await session.execute(text(
            "SELECT c.external_id, c.email, c.phone, c.email_consent, c.sms_consent, c.age_verified_at,"
            " sum(p.total) FROM customers c JOIN purchases p ON p.customer_id = c.id WHERE c.import_id = :id"
            " GROUP BY c.id ORDER BY 7"
        ), {"id": made.id})  # fmt: skip
        assert [tuple(map(str, row)) for row in found] == [
            ("None", "new@example.com", "+12075550177", "None", "None", "None", "13.00"),
            ("None", "None", "+12075550188", "None", "None", "None", "14.00"),
            ("17850", "None", "None", "None", "None", "None", "43.00"),
        ]
    again = await take(STRANGERS, "purchases", unknown_customers="create")
    assert (again.created, again.unchanged, again.notes) == (0, 6, {"rows_without_customer": 1, "customers_made": 0})
    await undo(again)
    kept = await take("order_id,customer,occurred_at,amount\n9,17850,2025-03-09 10:00,1.00\n", "purchases")
    assert (await look(made)).removed == {"customers": 2, "lines": 6, "purchases": 5}
    done = await undo(made)
    assert undo_counts(done).kept == {"people_bought": 1}
    await undo(kept)
    await undo(made)
    assert await everything() == before


async def test_baskets_are_what_they_were_and_come_again(database: str) -> None:
    await take(FIRST)
    await take(SALES, "purchases")
    before = await everything()
    await one("WITH gone AS (DELETE FROM touched_customers RETURNING 1) SELECT count(*) FROM gone")
    second = await take(MORE_SALES, "purchases")
    after = await everything()
    told = await look(second)
    assert (told.removed, told.set_back, told.kept) == ({"purchases": 1, "lines": 2}, {"purchases": 1}, {})
    await one("WITH gone AS (DELETE FROM touched_customers RETURNING 1) SELECT count(*) FROM gone")
    done = await undo(second)
    assert await everything() == before
    assert done.undo["since"] == "2025-02-20", "every figure since the earliest changed day is added up anew"
    touched = await one(
        "SELECT array_agg(c.external_id ORDER BY c.external_id) FROM touched_customers t"
        " JOIN customers c ON c.id = t.customer_id"
    )
    assert touched == ["A1", "B1"]
    jobs = await one("SELECT array_agg(DISTINCT name) FROM jobs WHERE status = 'queued'")
    assert {"score_customers", "roll_up"} <= set(jobs)
    await take(MORE_SALES, "purchases")
    assert await everything() == after


async def test_case_39_orders_of_a_wrong_mapping_go_also_after_the_right_one(database: str) -> None:
    """Both stood, and added up: what the wrong one made goes, though the right one came in between."""
    await take(FIRST)
    wrong = await take(SALES.replace("order_id", "receipt"), "purchases")
    right = await take(SALES, "purchases", name="right.csv")
    assert (wrong.created, right.created) == (3, 3)
    assert await one("SELECT sum(total) FROM purchases") == 90
    await undo(wrong)
    kept = await rows("SELECT external_id, total FROM purchases ORDER BY 1")
    assert [(row["external_id"], str(row["total"])) for row in kept] == [("1", "40.00"), ("2", "5.00")]
    assert (await one("SELECT count(*) FROM purchase_lines"), await one("SELECT sum(amount) FROM purchase_lines")) == (
        3, 45,
    )  # fmt: skip


async def test_a_wrong_mapping_goes_before_the_right_one(database: str) -> None:
    """Case 39: without an undo both stand, orders by numbers made up and orders by their own."""
    await take(FIRST)
    wrong = await take(SALES.replace("order_id", "receipt"), "purchases")
    assert wrong.created == 3
    await undo(wrong)
    await take(SALES, "purchases")
    assert await one("SELECT array_agg(external_id || ' ' || total ORDER BY external_id) FROM purchases") == [
        "1 40.00", "2 5.00",
    ]  # fmt: skip


async def test_what_others_built_on_stays_and_is_counted(database: str) -> None:
    async with transaction() as session:
        await open_shop(session)
    names = ("sent", "planned", "bought", "later", "agreed", "edited", "visited", "free", "gone")
    made = await take("email,external_id,name\n" + "".join(f"{name}@example.com,{name},{name}\n" for name in names))
    async with transaction() as session:
        await add_ready_campaign(session, [await who("planned@example.com"), await who("sent@example.com")])
        await session.execute(
            text("INSERT INTO sends (id, customer_id, channel, recipient, status, not_before)"
                 " VALUES (:id, :who, 'email', 'sent@example.com', 'sent', now())"),
            {"id": uuid7(), "who": await who("sent@example.com")},
        )  # fmt: skip
        person = await who("edited@example.com")
        await update_customer(session, SYSTEM, person, {"city": "Bath"})
        await record_consent(
            session,
            SYSTEM,
            await who("agreed@example.com"),
            channel=Channel.SMS,
            status=ConsentStatus.GIVEN,
            source="x",
        )
        await session.execute(
            text("INSERT INTO analytics_events (event_type, customer_id) VALUES ('page_view', :who)"),
            {"who": await who("visited@example.com")},
        )
    await take("order_id,customer,occurred_at,amount\n9,bought,2025-03-01,7\n", "purchases")
    later = await take("email,name\nlater@example.com,Later still\n")
    kept = {
        f"people_{why}": 1 for why in ("sent", "planned", "bought", "later_import", "consented", "edited", "active")
    }
    assert (await look(made)).kept == kept
    done = await undo(made)
    assert undo_counts(done).removed == {"customers": 2}
    assert await one("SELECT count(*) FROM customers") == 7
    assert await one("SELECT city FROM customers WHERE external_id = 'edited'") == "Bath"
    assert await one("SELECT name FROM customers WHERE external_id = 'later'") == "Later still"
    # once what was built is gone, undoing goes through what stayed once more
    await undo(later)
    assert await one("SELECT name FROM customers WHERE external_id = 'later'") == "later"
    done = await undo(made)
    assert undo_counts(done).removed == {"customers": 3}
    assert undo_counts(done).kept == {name: many for name, many in kept.items() if name != "people_later_import"}


async def test_changes_of_others_are_not_overwritten(database: str) -> None:
    await take(FIRST)
    before = await everything()
    second = await take("external_id,name,city,state\nA1,Anna,Bangor,ME\nB1,Bobby,Orono,ME\nC1,Cyrus,Orono,ME\n")
    async with transaction() as session:
        await update_customer(session, SYSTEM, await who("ann@example.com"), {"name": "Annabel"})
    third = await take("external_id,city\nB1,Portland\n")
    told = await look(second)
    assert told.set_back == {"customers": 3}
    assert told.kept == {"fields_edited": 1, "fields_later_import": 1}
    await undo(second)
    found = await one("SELECT array_agg(name || ' ' || COALESCE(city, '') ORDER BY external_id) FROM customers")
    assert found == ["Annabel Bath", "Bo Portland", "Cy Bath"]
    await undo(third)
    await undo(second)
    async with transaction() as session:
        await update_customer(session, SYSTEM, await who("ann@example.com"), {"name": "Ann"})
    now = await everything()
    now.pop("images"), before.pop("images")
    assert now == before, "undone from the last to the first, nothing is left"


async def test_whoever_is_undone_from_the_middle_was_edited_by_nobody(database: str) -> None:
    """Setting a field back is no edit of a person's: whom imports made and changed alone goes with the last of them."""
    files = ("city\nA1,Bangor\n", "name\nA1,Annabel\n", "state\nA1,ME\n", "phone\nA1,207 555 0101\n")
    made = await take("external_id,name,city\nA1,Ann,Bath\n")
    later = [await take("external_id," + one) for one in files]
    for number in (1, 0, 3, 2):
        await undo(later[number])
    done = await undo(made)
    assert (undo_counts(done).kept, undo_counts(done).removed) == ({}, {"customers": 1})
    assert not is_something_left(done)


async def test_whoever_somebody_edited_between_imports_stays_edited(database: str) -> None:
    made = await take("external_id,name,city,email\nA1,Ann,Bath,ann@example.com\n")
    first = await take("external_id,city\nA1,Bangor\n")
    async with transaction() as session:
        await update_customer(session, SYSTEM, await who("ann@example.com"), {"name": "Annabel"})
    second = await take("external_id,state\nA1,ME\n")
    before = await one("SELECT updated_at FROM customers")
    await undo(first)
    assert await one("SELECT updated_at FROM customers") > before, "whoever read her before notices"
    await undo(second)
    done = await undo(made)
    assert undo_counts(done).kept == {"people_edited": 1}
    assert is_something_left(done)


async def test_what_one_file_overwrote_of_another_is_set_back_step_by_step(database: str) -> None:
    """In the middle half is kept, for a later file wrote it; once that is gone, the rest follows and nobody is left."""
    made = await take("external_id,name,city\nA1,Ann,Bath\n")
    middle = await take("external_id,name,city\nA1,Anna,Bangor\n")
    last = await take("external_id,city\nA1,Orono\n")
    half = await undo(middle)
    assert undo_counts(half).kept == {"fields_later_import": 1}
    assert await one("SELECT name || ' ' || city FROM customers") == "Ann Orono"
    await undo(last)
    assert await one("SELECT name || ' ' || city FROM customers") == "Ann Bangor"
    await undo(middle)
    assert await one("SELECT name || ' ' || city FROM customers") == "Ann Bath"
    await undo(made)
    assert await one("SELECT count(*) FROM customers") == 0


async def test_a_later_basket_has_the_last_word(database: str) -> None:
    await take(FIRST)
    first = await take(SALES, "purchases")
    second = await take(MORE_SALES, "purchases")
    with_second = await everything()
    told = await look(first)
    assert (told.removed, told.kept) == ({}, {"baskets_later_import": 1, "baskets_confirmed": 1})
    await undo(first)
    left = [(number, total) for number, _, _, _, total, *_ in (await everything())["purchases"]]
    assert [(number, str(total)) for number, total in left] == [("1", "11.00"), ("2", "5.00"), ("3", "29.00")]
    await take(SALES.replace("1,A1,2025-03-01 10:00,Ale,Beer,10.00\n1,A1,2025-03-01 10:00,Gin,Spirits,30.00\n", ""),
               "purchases")  # fmt: skip
    assert (await everything())["purchases"] == with_second["purchases"]
    await undo(second)
    assert await one("SELECT total FROM purchases WHERE external_id = '1'") == 40
    await undo(first)
    assert await one("SELECT array_agg(external_id) FROM purchases") == ["2"]


async def parted(stays: str, goes: str, edit: dict[str, str] | None = None) -> None:
    """Make one profile of two, by their numbers; take it apart again."""
    ids = {row["external_id"]: row["id"] for row in await rows("SELECT external_id, id FROM customers")}
    async with transaction() as session:
        merge = await merge_profiles(session, SYSTEM, ids[stays], ids[goes], reason="taken for one")
    if edit:
        async with transaction() as session:
            await update_customer(session, SYSTEM, ids[stays], edit)
    async with transaction() as session:
        await undo_merge(session, SYSTEM, merge.id)


@pytest.mark.parametrize(("stays", "goes"), [("A1", "C1"), ("C1", "A1"), ("B1", "A1")])
async def test_whoever_was_merged_and_parted_again_was_edited_by_nobody(database: str, stays: str, goes: str) -> None:
    made = await take(FIRST)
    await parted(stays, goes)
    told = await look(made)
    assert (told.removed["customers"], told.kept) == (3, {})
    await undo(made)
    assert await one("SELECT count(*) FROM customers") == 0


async def test_fields_of_whoever_was_merged_and_parted_again_are_set_back(database: str) -> None:
    await take(FIRST)
    was = await rows("SELECT email_key, external_id, name, city, phone, email_consent FROM customers ORDER BY 2")
    changed = await take(SECOND)
    untouched = await look(changed)
    await parted("A1", "D1")
    assert await look(changed) == untouched
    await undo(changed)
    assert (
        await rows("SELECT email_key, external_id, name, city, phone, email_consent FROM customers ORDER BY 2") == was
    )


async def test_whoever_was_edited_while_they_were_one_stays_edited(database: str) -> None:
    made = await take(FIRST)
    await parted("A1", "C1", {"city": "Orono"})
    told = await look(made)
    assert (told.removed["customers"], told.kept) == (2, {"people_edited": 1})


async def test_a_no_is_never_undone_into_a_yes(database: str) -> None:
    await take(FIRST)
    header = "email,name,email_consent,consent_source,consent_at,dob,Suppressed\n"
    second = await take(
        header + "ann@example.com,Ann,no,web,2026-01-01,2010-01-01,\nbo@example.com,Bo,,,,,hard bounce\n"
        "new@example.com,New,,,,,spam complaint\nagain@example.com,Again,,,,,bounced\nout@example.com,Out,no,,,,\n"
        "cy@example.com,Cy,yes,web,2026-01-01,,\n"
    )  # fmt: skip
    async with transaction() as session:
        await suppress_customer(session, SYSTEM, await who("again@example.com"))
        await record_consent(
            session,
            SYSTEM,
            await who("cy@example.com"),
            channel=Channel.EMAIL,
            status=ConsentStatus.WITHDRAWN,
            source="x",
        )
    third = await take("email,Suppressed\nagain@example.com,unsubscribed; bounced\n")
    assert third.rejected == 0
    told = await look(second)
    assert told.kept == {
        "fields_a_no": 1, "fields_edited": 1, "suppressions_holder": 1, "suppressions_complaint": 1,
        "people_later_import": 1, "suppressions_repeated": 1,
    }  # fmt: skip
    await undo(second)
    async with transaction() as session:
        found = await session.execute(text("SELECT email_key, email_consent FROM customers"))
        consents = {row.email_key: row.email_consent for row in found}
    assert consents["ann@example.com"] == "withdrawn"
    assert consents["cy@example.com"] == "withdrawn"
    assert consents.keys() == {"ann@example.com", "bo@example.com", "cy@example.com", "again@example.com"}
    assert str(await one("SELECT of_age_on FROM customers WHERE email_key = 'ann@example.com'")) == "2031-01-01"
    listed = {(address, channel) for address, channel, _ in (await everything())["suppressions"]}
    assert listed >= {("bo@example.com", "email"), ("new@example.com", "email"), ("again@example.com", "email")}


async def test_an_undoing_can_be_stopped_killed_and_gone_on_with(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take(FIRST)
    before = await everything()
    row = await take(FIRST.partition("\n")[0] + "\n" + "".join(f"p{n}@example.com,P{n},P,,,,,,\n" for n in range(7))
                     + "ann@example.com,A1,Anna,,,,,,\ncy@example.com,C1,Cyrus,,,,,,\n")  # fmt: skip
    after = await everything()
    monkeypatch.setattr(undo_job, "BATCH_ROWS", 2)
    job = await asked(row)
    with pytest.raises(Conflict):
        await asked(row)
    async with transaction() as session:
        assert (await cancel_undo(session, SYSTEM, row.id)).status == "undo_stopped"
    assert await queue.run(job, TASKS) is None
    assert await everything() == after

    class Killed(BaseException):
        """Nothing that handles errors sees it, as nothing sees kill -9."""

    steps, step = 0, undo_job._step

    async def dies(*given: Any) -> Any:
        nonlocal steps
        steps += 1
        found = await step(*given)
        if steps in (2, 4):
            raise Killed
        return found

    monkeypatch.setattr(undo_job, "_step", dies)
    job = await asked(row)
    for _ in range(2):
        with pytest.raises(Killed):
            await queue.run(job, TASKS)
        await one("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE id = :id RETURNING 1", id=job)
    # told to stop in the middle, and gone on with
    async with transaction() as session:
        await request_cancel(session, job)
    assert await queue.run(job, TASKS) == JobStatus.CANCELLED
    stopped = await state(row.id)
    assert stopped.status == "undo_stopped"
    assert 0 < sum(undo_counts(stopped).removed.values()) < 7
    assert await queue.run(await asked(row), TASKS) == JobStatus.SUCCEEDED
    assert undo_counts(await state(row.id)).removed == {"customers": 7}
    assert undo_counts(await state(row.id)).set_back == {"customers": 2}
    assert await everything() == before


async def test_the_command_line_undoes_and_a_file_undone_is_imported_anew(database: str, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\nann@example.com\nbo@example.com\n")
    first = await import_local(SYSTEM, "customers", path, tell=untold)
    import_id = UUID(str(await one("SELECT id FROM imports")))
    counts = await undo_locally(SYSTEM, import_id)
    assert (counts.removed, counts.kept) == ({"customers": 2}, {})
    assert await one("SELECT count(*) FROM customers") == 0
    assert await import_local(SYSTEM, "customers", path, tell=untold) == first
    assert await one("SELECT count(*) FROM imports") == 2


async def test_the_command_line_takes_up_an_undoing_whose_process_was_killed(database: str) -> None:
    """Before, it said that only an import that had ended could be undone, and without a worker nothing went on."""
    row = await take(FIRST)
    job = await asked(row)
    dead = "UPDATE jobs SET status = 'running', lease_until = now() - interval '1 second' WHERE id = :id RETURNING 1"
    await one(dead, id=job)
    counts = await undo_locally(SYSTEM, row.id)
    assert counts.removed["customers"] > 0
    assert (await state(row.id)).status == "undone"


async def test_who_may_and_what_can_be_undone(database: str) -> None:
    row = await take(FIRST)
    for verb in (preview_undo, request_undo, cancel_undo):
        with pytest.raises(Forbidden):
            async with transaction() as session:
                await verb(session, VIEWER, row.id)
        with pytest.raises(NotFound):
            async with transaction() as session:
                await verb(session, SYSTEM, uuid7())
    with pytest.raises(Conflict, match="cannot become"):
        async with transaction() as session:
            await cancel_undo(session, SYSTEM, row.id)
    for change, said in (
        ("finished_at = now() - interval '31 days'", "for 30 days"),
        ("finished_at = now(), position = position - 'traced'", "from before"),
        ("status = 'running'", "has ended"),
    ):
        await one(f"UPDATE imports SET {change} WHERE id = :id RETURNING 1", id=row.id)
        for verb in (preview_undo, request_undo):
            with pytest.raises(Conflict, match=said):
                async with transaction() as session:
                    await verb(session, SYSTEM, row.id)
    assert await one("SELECT count(*) FROM customers") == 3


async def test_what_was_changed_is_forgotten_after_thirty_days(database: str) -> None:
    await take(FIRST)
    second = await take(SECOND)
    sales, more = await take(SALES, "purchases"), await take(MORE_SALES, "purchases")
    assert (await everything())["images"] == [(3,)]
    await forget_old_uploads()
    assert (await everything())["images"] == [(3,)]
    for old in (second, sales, more):
        await one("UPDATE imports SET finished_at = now() - interval '31 days' WHERE id = :id RETURNING 1", id=old.id)
    await forget_old_uploads()
    assert (await everything())["images"] == [(0,)]


async def test_an_undoing_is_on_record(database: str) -> None:
    row = await undo(await take(FIRST))
    async with transaction() as session:
        found = await session.execute(
            text("SELECT action, changes FROM audit_log WHERE action LIKE 'import.und%' ORDER BY id")
        )
        told = list(found)
    assert [action for action, _ in told] == ["import.undo_requested", "import.undone"]
    assert told[1].changes["removed"] == undo_counts(row).removed == {"customers": 3, "consents": 2}
    assert await one("SELECT title FROM notifications ORDER BY id DESC LIMIT 1") == "The import of file.csv was undone"


@pytest.mark.parametrize("change", ["is_active = false", "role = 'user'"])
async def test_whoever_may_no_longer_undoes_no_further(
    database: str, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    boss = await add_user(Role.MANAGER)
    row = await take("email,name\n" + "".join(f"p{n}@x.example,P{n}\n" for n in range(6)))
    monkeypatch.setattr(undo_job, "BATCH_ROWS", 2)
    async with transaction() as session:
        job = (await request_undo(session, boss, row.id)).job_id
    plain = undo_job._made_people

    async def demote(session: AsyncSession, *given: Any) -> Any:
        await session.execute(text(f"UPDATE users SET {change}"))
        return await plain(session, *given)

    monkeypatch.setattr(undo_job, "_made_people", demote)
    assert job is not None
    assert await queue.run(job, TASKS) is JobStatus.FAILED
    assert (await rows("SELECT count(*) AS n FROM customers"))[0]["n"] == 4
    assert (await state(row.id)).status == "undo_stopped"


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 2, 1), (2, 1, 0)])
async def test_a_file_that_came_again_leaves_nobody_once_all_is_undone(database: str, order: tuple[int, ...]) -> None:
    """Its noes are said again by the later import: also of that one nothing is left then."""
    before = await everything()
    made = [await take(FIRST, name=f"{number}.csv") for number in range(len(order))]
    for number in order:
        await undo(made[number])
    assert await rows("SELECT external_id FROM customers") == []
    assert await everything() == before


async def test_a_no_said_again_by_a_file_that_stands_keeps_whom_it_is_of(database: str) -> None:
    maker = await take(FIRST)
    await take(FIRST, name="again.csv")
    assert undo_counts(await undo(maker)).kept == {"people_consented": 1, "people_confirmed": 2}
    assert await rows("SELECT external_id, email_consent FROM customers ORDER BY 1") == [
        {"external_id": "A1", "email_consent": "given"},
        {"external_id": "B1", "email_consent": "withdrawn"},
        {"external_id": "C1", "email_consent": None},
    ]


async def test_a_no_of_ones_own_keeps_whom_two_undone_files_named(database: str) -> None:
    maker, again = await take(FIRST), await take(FIRST, name="again.csv")
    async with transaction() as session:
        bo = (await session.execute(text("SELECT id FROM customers WHERE external_id = 'B1'"))).scalar_one()
        await record_consent(
            session, SYSTEM, customer_id=bo, channel=Channel.EMAIL, status=ConsentStatus.WITHDRAWN, source="counter"
        )
    await undo(maker)
    await undo(again)
    assert await rows("SELECT external_id FROM customers") == [{"external_id": "B1"}]


async def test_what_is_undone_whole_is_not_undone_again(database: str) -> None:
    row = await take(FIRST)
    await undo(row)
    with pytest.raises(Conflict, match="undone already"):
        await asked(row)
    assert (await look(row)).is_nothing


async def test_whom_a_later_file_lists_unchanged_stays(database: str) -> None:
    """The file of last night lists everybody: undoing the one before must not take the shop's customers away."""
    made = await take("email,external_id,name\nann@example.com,A1,Ann\nbo@example.com,B1,Bo\ncy@example.com,C1,Cy\n")
    again = await take("email,external_id,name\nann@example.com,A1,Ann\nBO@example.com,B1,Bo\n", policy="keep")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert (await look(made)).kept == {"people_confirmed": 2}
    done = await undo(made)
    assert (undo_counts(done).removed, undo_counts(done).kept) == ({"customers": 1}, {"people_confirmed": 2})
    assert is_something_left(done)
    await undo(again)
    done = await undo(made)
    assert await one("SELECT count(*) FROM customers") == 0, "from the last to the first nothing is left"


async def test_whom_a_program_tells_again_stays(database: str) -> None:
    made = await take("email,name\nann@example.com,Ann\nbo@example.com,Bo\n")
    async with transaction() as session:
        told = await put_customers(session, SYSTEM, [{"email": "ann@example.com", "name": "Ann"}])
    assert [one.outcome for one in told] == ["unchanged"]
    assert (await look(made)).kept == {"people_confirmed": 1}
    await undo(made)
    assert await one("SELECT array_agg(name) FROM customers") == ["Ann"]


async def test_a_value_that_a_later_file_says_again_is_not_set_back(database: str) -> None:
    await take("external_id,name,city,dob\nA1,Ann,Bath,\nB1,Bo,Bath,\n")
    second = await take("external_id,name,city,dob\nA1,Anna,Bangor,1980-02-03\nB1,Bobby,Orono,1970-05-06\n")
    third = await take("external_id,city,dob\nA1,Bangor,1980-02-03\nB1,Portland,\n")
    assert (await look(second)).kept == {"fields_confirmed": 1, "fields_later_import": 1}
    await undo(second)
    found = "SELECT array_agg(concat_ws(' ', name, city, birthday_md) ORDER BY external_id) FROM customers"
    assert await one(found) == ["Ann Bangor 203", "Bo Portland"]
    await undo(third)
    await undo(second)
    assert await one(found) == ["Ann Bath", "Bo Bath"]


@pytest.mark.parametrize("policy", ["overwrite", "keep"])
async def test_orders_that_a_later_file_lists_again_stay(database: str, policy: str) -> None:
    """The file of the month lists the orders of the week's: undoing that one took them away."""
    await take(FIRST)
    week, month = await take(SALES, "purchases"), await take(SALES.replace("2,B1", "4,B1"), "purchases", policy)
    assert month.orders == {"created": 1, "unchanged": 1}
    assert (await look(week)).kept == {"baskets_confirmed": 1}
    async with transaction() as session:
        names = await kept_names(session, SYSTEM, week.id)
    assert [(one.name, one.why) for one in names] == [("order 1", "baskets_confirmed")]
    done = await undo(week)
    assert (undo_counts(done).removed, undo_counts(done).kept) == (
        {"purchases": 1, "lines": 1}, {"baskets_confirmed": 1},
    )  # fmt: skip
    assert await one("SELECT array_agg(external_id ORDER BY external_id) FROM purchases") == ["1", "4"]
    assert is_something_left(done)
    done = await undo(month)
    assert undo_counts(done).removed == {"purchases": 2, "lines": 3}, "what stayed for this file's word alone goes, too"
    assert await one("SELECT count(*) FROM purchases") == 0


async def test_an_order_that_a_later_file_lists_as_another_changed_it_is_not_set_back(database: str) -> None:
    await take(FIRST)
    first, second = await take(SALES, "purchases"), await take(MORE_SALES, "purchases")
    third = await take("".join(MORE_SALES.splitlines(keepends=True)[:3]), "purchases")
    assert third.orders == {"unchanged": 2}
    assert (await look(second)).kept == {"baskets_confirmed": 1}
    await undo(second)
    found = "SELECT array_agg(external_id || ' ' || total ORDER BY external_id) FROM purchases"
    assert await one(found) == ["1 11.00", "2 5.00"]
    assert (await look(first)).kept == {"baskets_later_import": 1, "baskets_confirmed": 1}
    await undo(third)
    assert await one(found) == ["1 40.00", "2 5.00"], "as the first file had it"
    await undo(first)
    assert await one("SELECT count(*) FROM purchases") == 0


async def test_an_order_that_a_till_tells_again_stays(database: str) -> None:
    await take(FIRST)
    made = await take(SALES, "purchases")
    at = datetime.fromisoformat("2025-03-02T11:00:00-05:00")
    told = NewOrder("2", at, [NewLine(Decimal("5.00"), "Ale", category="Beer")], external_id="B1")
    async with transaction() as session:
        order = await record_purchase(session, SYSTEM, told)
    assert order.outcome == "unchanged"
    assert (await look(made)).kept == {"baskets_confirmed": 1}
    await undo(made)
    assert await one("SELECT array_agg(external_id) FROM purchases") == ["2"]


async def test_a_refund_listed_again_vouches_for_no_sale(database: str) -> None:
    await take(FIRST)
    made = await take(SALES, "purchases")
    back = "order_id,customer,occurred_at,product,category,quantity,amount\n2,B1,2025-03-05 11:00,Ale,Beer,-1,-2.00\n"
    later, again = await take(back, "purchases"), await take(back, "purchases")
    assert (later.orders, again.orders) == ({"updated": 1}, {"unchanged": 1})
    assert await one("SELECT count(*) FROM purchase_confirmations") == 0
    await undo(later)
    await undo(made)
    assert await one("SELECT count(*) FROM purchases") == 0


async def test_few_words_of_one_order_are_kept_and_go_with_time(database: str) -> None:
    await take(FIRST)
    made = await take(SALES, "purchases")
    for _ in range(5):
        await take(SALES, "purchases")
    assert await one("SELECT count(*) FROM purchase_confirmations") == 6
    assert (await look(made)).kept == {"baskets_confirmed": 2}
    await one("WITH old AS (UPDATE purchase_confirmations SET at = now() - interval '61 days' RETURNING 1)"
              " SELECT count(*) FROM old")  # fmt: skip
    await forget_old_uploads()
    assert await one("SELECT count(*) FROM purchase_confirmations") == 0


async def test_buyers_of_orders_that_stay_stay(database: str) -> None:
    made = await take(SALES, "purchases", unknown_customers="create")
    again = await take("".join(SALES.splitlines(keepends=True)[:3]), "purchases")
    assert (await look(made)).kept == {"baskets_confirmed": 1, "people_bought": 1}
    await undo(made)
    assert await one("SELECT array_agg(external_id) FROM customers") == ["A1"]
    await undo(again)
    assert await one("SELECT count(*) FROM purchases") == 0
    await undo(made)
    assert await one("SELECT count(*) FROM customers") == 0


async def test_few_words_of_one_person_are_kept_and_go_with_time(database: str) -> None:
    made = await take("email,name\nann@example.com,Ann\n")
    for _ in range(5):
        await take("email,name\nann@example.com,Ann\n")
    assert await one("SELECT count(*) FROM customer_confirmations") == 3
    assert (await look(made)).kept == {"people_confirmed": 1}
    await one("WITH old AS (UPDATE customer_confirmations SET at = now() - interval '61 days' RETURNING 1)"
              " SELECT count(*) FROM old")  # fmt: skip
    await forget_old_uploads()
    assert await one("SELECT count(*) FROM customer_confirmations") == 0


async def test_who_stays_is_told_by_name_and_why(database: str) -> None:
    people = "".join(f"p{n}@example.com,P{n:02},Person {n:02}\n" for n in range(25))
    made = await take("email,external_id,name\n" + people + "gone@example.com,X1,Gone\n")
    again = await take("email,external_id,name\n" + people)
    async with transaction() as session:
        await update_customer(session, SYSTEM, await who("p0@example.com"), {"city": "Bath"})
        names = await kept_names(session, SYSTEM, made.id)
        lines, following = await kept_page(session, SYSTEM, made.id)
        while following is not None:
            more, following = await kept_page(session, SYSTEM, made.id, following)
            lines += more
        with pytest.raises(Forbidden):
            await kept_names(session, VIEWER, made.id)
    assert [(one.name, one.why) for one in names[:2]] == [
        ("Person 00", "people_edited"), ("Person 01", "people_confirmed"),
    ]  # fmt: skip
    assert len(names) == 21, "twenty of each reason"
    told = undo_lines(await look(made), names, done=False)
    assert told[0].words == "Will be removed: customer"
    assert told[2].names.startswith("Person 01, Person 02, ")
    assert told[2].names.endswith("Person 20 and 4 more")
    assert len(lines) == 26
    assert lines[0] == "name,number,why_kept\r\n"
    assert f"Person 00,P00,{KEPT['people_edited']}\r\n" in lines
    await undo(made)
    async with transaction() as session:
        assert await kept_names(session, SYSTEM, made.id) == names, "the report tells the same"
        with pytest.raises(NotFound):
            await kept_page(session, SYSTEM, again.id)


async def test_orders_fields_and_addresses_that_stay_are_named_too(database: str) -> None:
    await take(FIRST)
    second = await take(SECOND)
    async with transaction() as session:
        await update_customer(session, SYSTEM, await who("ann.new@example.com"), {"city": "Orono"})
        await update_customer(session, SYSTEM, await who("eve@example.com"), {"city": "Orono"})
        names = await kept_names(session, SYSTEM, second.id)
    assert {(one.name, one.why) for one in names} == {
        ("Eve", "people_edited"), ("Anna", "fields_edited"), ("eve@example.com", "suppressions_holder"),
    }  # fmt: skip
    first = await take(SALES, "purchases")
    await take(MORE_SALES, "purchases")
    async with transaction() as session:
        names = await kept_names(session, SYSTEM, first.id)
    assert [(one.name, one.why) for one in names] == [
        ("order 1", "baskets_later_import"), ("order 2", "baskets_confirmed"),
    ]  # fmt: skip


async def test_an_address_that_changed_hands_goes_back_to_nobody_whom_another_has_in_its_place(database: str) -> None:
    """Somebody else's word gave it to who has it now: it stays with them, and that is told before."""
    await take("external_id,email\nA1,ann@example.com\nB1,bo@example.com\n")
    row = await take("external_id,email\nB1,new@example.com\n")
    await take("external_id,email\nA1,bo@example.com\n")
    assert (await look(row)).kept == {"fields_taken": 1}
    await undo(row)
    assert await one("SELECT email_key FROM customers WHERE external_id = 'A1'") == "bo@example.com"
    assert await one("SELECT email_key FROM customers WHERE external_id = 'B1'") == "new@example.com"
