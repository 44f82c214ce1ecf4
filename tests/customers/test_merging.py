"""Two profiles of one person: found, made one, taken apart again; a no of either holds, imports bring nobody back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.ages.age_verification import age_of
from liquor_app.customers.consents import record_consent, suppress_customer
from liquor_app.customers.editing.change_customer import create_customer, delete_customer, update_customer
from liquor_app.customers.labels.custom_fields import custom_values
from liquor_app.customers.labels.tags import set_tags
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.customers.objections import record_objection
from liquor_app.customers.service import get_customer
from liquor_app.doubles.likely_doubles import dismiss_double, find_doubles, last_look
from liquor_app.doubles.lists import list_doubles
from liquor_app.doubles.merge_profiles import FieldPreview, merge_profiles, merges_of, preview_merge, undo_merge
from liquor_app.doubles.moved_history import MOVERS
from liquor_app.organization.models import Channel
from liquor_app.schema import metadata
from liquor_app.scoring.service import explain_customer
from liquor_app.screens.customers.doubles.state import _compared
from liquor_app.sending.recipients.preferences import recipient_by_id
from liquor_app.sending.recipients.transactional import Kind, request_errand, sign_up_and_ask
from liquor_app.sending.recipients.unsubscribe import GONE
from tests.imports.test_import import rows, run
from tests.people import add_campaign, add_customer, add_purchase, add_send, add_user

pytestmark = pytest.mark.integration
VIEWER = Actor(ActorKind.USER, uuid7(), "Viewer", Role.USER)

OWN = frozenset({"purchases", "consents", "age_ledger", "suppressions", "customer_tags", "customer_aliases"})
"""Tables of the customers' own, moved by `merged_rows`."""
LEFT = {
    "segment_members": "refreshed by the segments",
    "segment_changes": "what was",
    "customer_scores": "worked out anew",
    "exclusions": "why a campaign left that profile out",
    "played_outcomes": "simulated, of the sample alone; drawn by id",
    "experiment_assignments": "drawn by id; attribution is frozen",
    "likely_doubles": "not listed while one of the pair is gone",
    "customer_merges": "the record itself",
    "customer_images": "an import's own undoing",
    "customer_confirmations": "the same: of which profile a later file said again what stands there",
    "former_identifiers": "what each profile went by; an erasure reads those of all that are one person",
}


async def one(session: AsyncSession, sql: str, **values: Any) -> Any:
    return (await session.execute(text(sql), values)).one()


async def pair(session: AsyncSession) -> tuple[UUID, UUID]:
    """Ada as the till knows her, and as the newsletter does."""
    till = await add_customer(
        session, name="Ada Lovelace", external_id="T1", email=None, email_key=None, email_consent=None, city="Portland",
        sms_consent="given",
    )  # fmt: skip
    mail = await add_customer(
        session, name="ada lovelace", external_id="M1", email="Ada@Example.com", email_key="ada@example.com",
        phone=None,
        sms_consent=None, city=None, state=None,
    )  # fmt: skip
    return till, mail


async def everything(session: AsyncSession) -> dict[str, list[str]]:
    """Every row of every table about customers, but for when it was written."""
    kept = {}
    for table in metadata.sorted_tables:
        if not any(key.column.table.name == "customers" for key in table.foreign_keys) and table.name != "customers":
            continue
        if table.name in ("customer_merges", "suppressions", "former_identifiers"):
            continue
        found = await session.execute(text(f"SELECT CAST(to_jsonb(t) - 'updated_at' AS text) FROM {table.name} t"))
        kept[table.name] = sorted(map(str, found.scalars()))
    return kept


def test_every_table_about_customers_is_moved_or_says_why_not() -> None:
    about = {
        table.name
        for table in metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "customers"
    }
    said = OWN | MOVERS.keys() | LEFT.keys()
    assert about - said == set(), "move its rows with a merge (doubles/moved_history.py), or say here why they stay"
    assert len(LEFT) <= 11


def test_two_profiles_are_compared_in_the_shops_words() -> None:
    at = datetime(2026, 11, 28, 12, tzinfo=ZoneInfo("America/New_York"))
    moment = FieldPreview("age_verified_at", "2026-11-02T01:30:00+00:00", "", "2026-11-02T01:30:00+00:00")
    born, phone = FieldPreview("date_of_birth", "1980-02-03", "", ""), FieldPreview("phone", "", "+16175550124", "")
    line = _compared(moment, at)
    assert (line.stays, line.becomes) == ("Sun 1 Nov, 20:30 EST", "Sun 1 Nov, 20:30 EST"), "by the shop's clock"
    assert (_compared(born, at).stays, _compared(phone, at).goes) == ("3 Feb 1980", "+1 617-555-0124")


async def test_one_profile_has_what_both_had_and_undone_each_has_its_own(session: AsyncSession) -> None:
    till, mail = await pair(session)
    manager = await add_user(Role.MANAGER)
    await add_purchase(session, till, days_ago=3)
    bought = await add_purchase(session, mail, days_ago=2)
    await add_send(session, mail, days_ago=1)
    await add_send(session, mail, days_ago=-1, status="pending")
    campaign = await add_campaign(session, ["all"])
    for customer, status in ((mail, "sent"), (mail, "pending")):
        await session.execute(
            text(
                "INSERT INTO actions (campaign_id, customer_id, segment_slug, offer, scheduled_date, status)"
                " VALUES (:campaign, :customer, :status, 'x', CURRENT_DATE, :status)"
            ),
            {"campaign": campaign, "customer": customer, "status": status},
        )
    await set_tags(session, SYSTEM, till, ["wholesale"])
    await set_tags(session, SYSTEM, mail, ["wine club", "wholesale"])
    before = await everything(session)

    preview = await preview_merge(session, manager, till, mail)
    assert preview.purchases == 2
    shown = {line.name: (line.stays, line.goes, line.becomes) for line in preview.fields}
    assert shown["email"] == ("", "Ada@Example.com", "Ada@Example.com")
    assert shown["external_id"] == ("T1", "M1", "T1")
    assert shown["tags"][2] == "wholesale, wine club"
    assert shown["orders"] == ("1", "1", "2")
    assert shown["last_purchase"][2] == max(shown["last_purchase"][:2])
    for buyer, other_stays in ((mail, True), (till, False)):  # who bought is the one that should stay
        point = await session.begin_nested()
        await session.execute(text("UPDATE purchases SET customer_id = :buyer"), {"buyer": buyer})
        assert (await preview_merge(session, manager, till, mail)).goes_bought_more is other_stays
        await point.rollback()
    assert await everything(session) == before, "looking changes nothing"

    row = await merge_profiles(session, manager, till, mail, reason="Showed both cards")
    kept = await get_customer(session, manager, till)
    assert (kept.name, kept.email, kept.external_id, kept.city) == ("Ada Lovelace", "Ada@Example.com", "T1", "Portland")
    assert (kept.email_consent, kept.sms_consent) == ("given", "given")
    with pytest.raises(NotFound, match=str(till)):
        await get_customer(session, manager, mail)
    owner = await one(session, "SELECT customer_id FROM purchases WHERE id = :id", id=bought)
    assert owner.customer_id == till
    sends = await session.execute(text("SELECT status, customer_id FROM sends"))
    assert {tuple(row) for row in sends} == {("delivered", till), ("pending", mail)}
    actions = await session.execute(text("SELECT status, customer_id FROM actions"))
    assert {tuple(row) for row in actions} == {("sent", till), ("pending", mail)}
    trail = await one(session, "SELECT entity_id, changes FROM audit_log WHERE action = 'customer.merged'")
    assert trail.entity_id == till
    assert "both cards" not in str(trail.changes), "words about people stand with the merge, which goes with them"
    assert "ada@" not in str(trail.changes).lower()
    assert [merge.can_undo for merge in await merges_of(session, VIEWER, till)] == [True]

    with pytest.raises(Forbidden):
        await undo_merge(session, VIEWER, row.id)
    undone = await undo_merge(session, manager, row.id)
    assert not undone.can_undo
    assert await everything(session) == before
    with pytest.raises(Conflict, match="already"):
        await undo_merge(session, manager, row.id)


async def test_what_came_back_is_no_purchase_of_the_preview(session: AsyncSession) -> None:
    """Nor is an order of 0.00; the day is the shop's: half past one by UTC is the evening before in New York."""
    till, mail = await pair(session)
    at = datetime(2026, 3, 5, 1, 30, tzinfo=UTC)
    for customer, total, days in ((till, 20, 0), (till, -8, 1), (mail, 0, 2), (mail, -3, 3)):
        await session.execute(
            text("INSERT INTO purchases (id, customer_id, occurred_at, total) VALUES (:id, :customer, :at, :total)"),
            {"id": uuid7(), "customer": customer, "at": at + timedelta(days=days), "total": total},
        )
    preview = await preview_merge(session, await add_user(Role.MANAGER), till, mail)
    shown = {line.name: (line.stays, line.goes, line.becomes) for line in preview.fields}
    assert shown["orders"] == ("1", "0", "1")
    assert shown["last_purchase"] == ("2026-03-04", "", "2026-03-04")
    assert (preview.purchases, preview.spent, preview.goes_bought_more) == (1, Decimal(9), False)


@pytest.mark.parametrize("no_of", ["stays", "goes"])
async def test_a_no_of_either_is_a_no_of_both(session: AsyncSession, no_of: str) -> None:
    first, second = await add_customer(session), await add_customer(session)
    ids = {"stays": first, "goes": second}
    await record_consent(
        session, SYSTEM, ids[no_of], channel=Channel.EMAIL, status=ConsentStatus.WITHDRAWN, source="letter"
    )
    merge = await merge_profiles(session, SYSTEM, first, second, reason="same")
    kept = await get_customer(session, SYSTEM, first)
    assert (kept.email_consent, kept.sms_consent) == ("withdrawn", "given")
    latest = await one(
        session, "SELECT status FROM consents WHERE customer_id = :id ORDER BY at DESC LIMIT 1", id=first
    )
    assert latest.status == "withdrawn"
    await undo_merge(session, SYSTEM, merge.id)
    found = {one: (await get_customer(session, SYSTEM, one)).email_consent for one in (first, second)}
    assert found == {ids[no_of]: "withdrawn", ({first, second} - {ids[no_of]}).pop(): "given"}


async def test_a_no_said_while_they_were_one_holds_for_both(session: AsyncSession) -> None:
    first, second = await add_customer(session), await add_customer(session)
    merge = await merge_profiles(session, SYSTEM, first, second, reason="same")
    await record_consent(session, SYSTEM, first, channel=Channel.SMS, status=ConsentStatus.WITHDRAWN, source="STOP")
    await update_customer(session, SYSTEM, first, {"city": "Bath"})
    await undo_merge(session, SYSTEM, merge.id)
    rows_ = [await get_customer(session, SYSTEM, one) for one in (first, second)]
    assert [row.sms_consent for row in rows_] == ["withdrawn", "withdrawn"]
    assert [row.email_consent for row in rows_] == ["given", "given"]
    assert rows_[0].city == "Bath", "what was written since stays"


async def test_a_yes_counts_for_its_own_address_alone(session: AsyncSession) -> None:
    first = await add_customer(session, email_consent=None)
    second = await add_customer(session)
    await merge_profiles(session, SYSTEM, first, second, reason="same")
    assert (await get_customer(session, SYSTEM, first)).email_consent is None, (
        "nobody agreed for the address that is kept"
    )


async def test_whoever_must_not_be_written_to_stays_so_at_the_other_address(session: AsyncSession) -> None:
    first, second = await add_customer(session), await add_customer(session)
    await suppress_customer(session, SYSTEM, second, reason=SuppressionReason.COMPLAINED)
    key = (await one(session, "SELECT email_key FROM customers WHERE id = :id", id=first)).email_key
    merge = await merge_profiles(session, SYSTEM, first, second, reason="same")
    listed = "SELECT reason FROM suppressions WHERE address_hash = :hash AND lifted_at IS NULL"
    assert (await one(session, listed, hash=address_hash(key))).reason == "complained"
    await undo_merge(session, SYSTEM, merge.id)
    assert (await session.execute(text(listed), {"hash": address_hash(key)})).all() == []
    left = await session.execute(text("SELECT customer_id FROM suppressions WHERE lifted_at IS NULL"))
    assert set(left.scalars()) == {second}


@pytest.mark.parametrize("no_of", ["stays", "goes"])
async def test_a_no_to_texts_holds_at_the_number_that_is_not_kept(session: AsyncSession, no_of: str) -> None:
    ids = {"stays": await add_customer(session), "goes": await add_customer(session, email=None, email_key=None)}
    await record_consent(
        session, SYSTEM, ids[no_of], channel=Channel.SMS, status=ConsentStatus.WITHDRAWN, source="letter"
    )
    phone = (await get_customer(session, SYSTEM, ids["goes"])).phone
    listed = "SELECT channel, reason FROM suppressions WHERE address_hash = :hash AND lifted_at IS NULL"
    merge = await merge_profiles(session, SYSTEM, ids["stays"], ids["goes"], reason="same")
    assert phone is not None
    found = (await session.execute(text(listed), {"hash": address_hash(phone)})).all()
    assert [tuple(row) for row in found] == [("sms", "unsubscribed")]
    await undo_merge(session, SYSTEM, merge.id)
    assert (await session.execute(text(listed), {"hash": address_hash(phone)})).all() == []
    said = {one: (await get_customer(session, SYSTEM, ids[one])).sms_consent for one in ids}
    assert said == {**dict.fromkeys(ids, "given"), no_of: "withdrawn"}


async def test_a_number_that_another_holds_too_is_theirs(session: AsyncSession) -> None:
    first, second = await add_customer(session), await add_customer(session, phone="+12075550101")
    await add_customer(session, phone="+12075550101")
    await record_consent(session, SYSTEM, second, channel=Channel.SMS, status=ConsentStatus.WITHDRAWN, source="letter")
    await merge_profiles(session, SYSTEM, first, second, reason="same")
    assert (await session.execute(text("SELECT FROM suppressions"))).all() == []


async def test_the_younger_date_counts_and_two_that_disagree_are_in_doubt(session: AsyncSession) -> None:
    adult = await add_customer(session, date_of_birth=date(1980, 5, 5))
    minor = await add_customer(session, date_of_birth=now().date() - timedelta(days=15 * 365), age_verified_at=None)
    merge = await merge_profiles(session, SYSTEM, adult, minor, reason="same")
    age = await age_of(session, SYSTEM, adult)
    assert (age.is_of_age, age.is_disputed) == (False, True)
    assert age.date_of_birth == now().date() - timedelta(days=15 * 365)
    await undo_merge(session, SYSTEM, merge.id)
    back = await age_of(session, SYSTEM, adult)
    assert (back.date_of_birth, back.is_of_age, back.is_disputed) == (date(1980, 5, 5), True, False)


async def test_an_import_of_the_profile_that_went_means_the_one_that_stayed(database: str, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("external_id,email,name,city\n1,a@m.example,Ada,Portland\n2,b@m.example,Ada L,\n")
    await run(people)
    ids = {row["external_id"]: row["id"] for row in await rows("SELECT id, external_id FROM customers")}
    async with transaction() as session:
        await merge_profiles(session, SYSTEM, ids["1"], ids["2"], reason="same")
        for taken in ({"external_id": "2"}, {"email": "B@m.example"}):
            with pytest.raises(Conflict, match="merged"):
                await create_customer(session, SYSTEM, taken)
    for policy in ("fill", "overwrite"):
        again = await run(people, policy=policy)
        assert (again.created, again.rejected) == (0, 0)
    (kept,) = await rows("SELECT external_id, email_key, name FROM customers WHERE deleted_at IS NULL")
    assert (kept["external_id"], kept["email_key"]) == ("1", "a@m.example")
    sales = tmp_path / "sales.csv"
    sales.write_text("order id,customer id,date,category,amount\nO1,2,2026-01-05,Wine,10\n")
    report = await run(sales, kind="purchases")
    assert report.created == 1
    (bought,) = await rows("SELECT customer_id FROM purchases")
    assert bought["customer_id"] == ids["1"]


async def test_what_is_refused(session: AsyncSession) -> None:
    first, second = await add_customer(session), await add_customer(session)
    sample = await add_customer(session, is_sample=True)
    gone = await add_customer(session, deleted_at=datetime.now(UTC))
    with pytest.raises(Forbidden):
        await preview_merge(session, VIEWER, first, second)
    with pytest.raises(Forbidden):
        await merge_profiles(session, VIEWER, first, second, reason="x")
    with pytest.raises(Invalid):
        await merge_profiles(session, SYSTEM, first, second, reason="  ")
    with pytest.raises(Invalid):
        await merge_profiles(session, SYSTEM, first, first, reason="x")
    with pytest.raises(Conflict, match="sample"):
        await merge_profiles(session, SYSTEM, first, sample, reason="x")
    for nobody in (gone, uuid7()):
        with pytest.raises(NotFound):
            await merge_profiles(session, SYSTEM, first, nobody, reason="x")
    third = await add_customer(session)
    merge = await merge_profiles(session, SYSTEM, first, second, reason="x")
    then = await merge_profiles(session, SYSTEM, third, first, reason="x")
    with pytest.raises(Conflict, match="Undo that first"):
        await undo_merge(session, SYSTEM, merge.id)
    await undo_merge(session, SYSTEM, then.id)
    with travel(datetime.now(UTC) + timedelta(days=31)), pytest.raises(Conflict, match="30 days"):
        await undo_merge(session, SYSTEM, merge.id)


async def test_whoever_asks_for_a_merged_profile_is_told_what_it_is_part_of(session: AsyncSession) -> None:
    """One verb said "no such customer" where another named the profile that stayed."""
    stays, goes = await add_customer(session), await add_customer(session)
    third = await add_customer(session)
    await merge_profiles(session, SYSTEM, stays, goes, reason="x")
    said: dict[str, Any] = {"channel": Channel.EMAIL, "status": ConsentStatus.GIVEN, "source": "counter"}
    for asked in (
        get_customer(session, SYSTEM, goes),
        record_consent(session, SYSTEM, goes, **said),
        suppress_customer(session, SYSTEM, goes),
        update_customer(session, SYSTEM, goes, {"city": "Bath"}),
        delete_customer(session, SYSTEM, goes),
        custom_values(session, SYSTEM, goes),
        set_tags(session, SYSTEM, goes, ["vip"]),
        record_objection(session, SYSTEM, goes, objects=True),
        age_of(session, SYSTEM, goes),
        explain_customer(session, SYSTEM, goes),
        sign_up_and_ask(session, SYSTEM, goes, Channel.EMAIL, source="counter"),
        request_errand(session, SYSTEM, goes, Channel.EMAIL, Kind.AGE),
        preview_merge(session, SYSTEM, third, goes),
        merge_profiles(session, SYSTEM, goes, third, reason="x"),
    ):
        with pytest.raises(NotFound, match=f"part of another one now: {stays}"):
            await asked
    deleted = await add_customer(session, deleted_at=datetime.now(UTC))
    with pytest.raises(NotFound, match="There is no such customer"):
        await request_errand(session, SYSTEM, deleted, Channel.EMAIL, Kind.AGE)
    with pytest.raises(NotFound, match=GONE):
        await recipient_by_id(session, deleted)  # as recipients are told, who ask by a link


async def test_likely_doubles_are_found_and_dismissed(session: AsyncSession) -> None:
    manager = await add_user(Role.MANAGER)

    async def person(**columns: Any) -> UUID:
        return await add_customer(session, **columns)

    phone = [await person(name=f"P{n}", phone="+12075550101") for n in range(2)]
    family = [await person(name=f"F{n}", phone="+12075550199") for n in range(6)]
    clothes = [
        await person(name="C1", email_key="j.doe@gmail.com"),
        await person(name="C2", email_key="jdoe+wine@googlemail.com"),
    ]
    other_domain = await person(name="C3", email_key="jdoe@example.com")
    names = [
        await person(name="Marguerite Okafor", postal_code="04101"),
        await person(name="OKAFOR, Marguerite", postal_code="04101-1234"),
        await person(name="Marguerite Okafor", postal_code="90210"),
    ]
    both = [
        await person(name="Zoe Quist", postal_code="04101", phone="+12075550177"),
        await person(name="zoe quist", postal_code="04101", phone="+12075550177"),
    ]
    await person(name="Gone", phone="+12075550101", deleted_at=datetime.now(UTC))
    assert await find_doubles(session) == 4
    page = await list_doubles(session, manager, ListQuery())
    found = {frozenset((row.first_id, row.second_id)): row.reasons for row in page.items}
    assert found == {
        frozenset(phone): ["phone"], frozenset(clothes): ["address"], frozenset(names[:2]): ["name"],
        frozenset(both): ["name", "phone"],
    }  # fmt: skip
    assert not {*family, other_domain, names[2]} & {one for one in page.items for one in (one.first_id, one.second_id)}
    by_name = await list_doubles(session, manager, ListQuery({"reason": "name"}))
    assert len(by_name.items) == 2
    with pytest.raises(Forbidden):
        await list_doubles(session, VIEWER, ListQuery())
    with pytest.raises(Forbidden):
        await dismiss_double(session, VIEWER, page.items[0].id)
    await dismiss_double(session, manager, page.items[0].id)
    await update_customer(session, SYSTEM, phone[0], {"phone": None})
    assert await find_doubles(session) == 2, "dismissed ones stay dismissed, and what is no longer alike is gone"


async def test_pairs_are_listed_again_when_a_merge_is_undone(session: AsyncSession) -> None:
    """Before: they were brought up only after the next look, and a pair that somebody had dismissed was brought up
    anew."""
    manager = await add_user(Role.MANAGER)
    first, second, third = [await add_customer(session, name=f"P{n}", phone="+12075550101") for n in range(3)]
    assert await find_doubles(session) == 3
    pairs = {frozenset((row.first_id, row.second_id)): row.id for row in (await list_doubles(session, manager)).items}
    await dismiss_double(session, manager, pairs[frozenset((second, third))])

    async def listed() -> set[frozenset[UUID]]:
        return {frozenset((row.first_id, row.second_id)) for row in (await list_doubles(session, manager)).items}

    before = await listed()
    assert before == {frozenset((first, second)), frozenset((first, third))}
    merge = await merge_profiles(session, manager, first, second, reason="one person")
    assert await listed() == {frozenset((first, third))}
    await undo_merge(session, manager, merge.id)
    assert await listed() == before
    merge = await merge_profiles(session, manager, first, second, reason="one person")
    assert await find_doubles(session) == 1
    await undo_merge(session, manager, merge.id)
    assert (await last_look(session, manager)).job, "a look in the meantime took the pair away: there is another one"
    assert await find_doubles(session) == 2
    assert await listed() == before
