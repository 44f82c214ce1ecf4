"""A no, however often said and by whatever door, survives merges, imports, deletions and the undoing of each."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.ages.age_verification import age_of, settle_age
from liquor_app.customers.consents import record_consent, suppress_customer
from liquor_app.customers.editing.change_customer import create_customer, delete_customer, update_customer
from liquor_app.customers.models import ConsentStatus
from liquor_app.customers.recipient_consent import (
    SaidByText,
    limit_contacts,
    return_by_text,
    withdraw_by_text,
    withdraw_consents,
)
from liquor_app.customers.service import get_customer
from liquor_app.customers.suppressions import add_suppressions
from liquor_app.doubles.merge_profiles import merge_profiles, undo_merge
from liquor_app.organization.models import Channel
from liquor_app.sending.recipients.preferences import save_wishes
from liquor_app.sending.recipients.unsubscribe import message_token, unsubscribe
from tests.imports.test_import import rows
from tests.imports.test_undo import look, take, undo
from tests.people import add_customer, add_send, ensure_shop

pytestmark = pytest.mark.integration
CHILD = now().date() - timedelta(days=15 * 365)


async def is_listed(session: AsyncSession, address: str) -> bool:
    found = await session.execute(
        text("SELECT 1 FROM suppressions WHERE address_hash = :hash AND lifted_at IS NULL"),
        {"hash": address_hash(address)},
    )
    return found.first() is not None


async def column(session: AsyncSession, who: UUID, name: str) -> Any:
    return (await session.execute(text(f"SELECT {name} FROM customers WHERE id = :id"), {"id": who})).scalar_one()


async def named(name: str, **more: Any) -> UUID:
    """Somebody known by one address, who has said nothing."""
    async with transaction() as session:
        return await add_customer(
            session, external_id=name, **{"email": f"{name}@m.example", "email_key": f"{name}@m.example", "phone": None,
            "email_consent": None, "sms_consent": None, **more}
        )  # fmt: skip


async def withdraw(session: AsyncSession, who: UUID, source: str = "letter") -> None:
    status = ConsentStatus.WITHDRAWN
    await record_consent(session, SYSTEM, who, channel=Channel.EMAIL, status=status, source=source)


@pytest.mark.parametrize("page", ["link", "wishes"])
async def test_leaving_by_a_page_while_merged_outlives_the_undo(session: AsyncSession, page: str) -> None:
    await ensure_shop(session)
    ada, other = await add_customer(session), await add_customer(session)
    await withdraw(session, other)
    if page == "link":
        await suppress_customer(session, SYSTEM, other)
    await add_send(session, ada, days_ago=1)
    token = message_token((await session.execute(text("SELECT id FROM sends"))).scalar_one())
    merge = await merge_profiles(session, SYSTEM, ada, other, reason="same")
    said = "SELECT count(*) FROM consents WHERE customer_id = :id AND evidence ? 'send_id'"
    for _ in range(2):
        if page == "link":
            assert (await unsubscribe(session, token)).is_done
        else:
            await save_wishes(session, token, channels={"sms"}, frequency="", pause=False, ip=None)
    assert (await session.execute(text(said), {"id": ada})).scalar_one() == 1, "said twice by one message, kept once"
    await undo_merge(session, SYSTEM, merge.id)
    assert await column(session, ada, "email_consent") == "withdrawn"
    assert await is_listed(session, await column(session, ada, "email_key"))


async def test_a_consent_withdrawn_again_while_merged_is_withdrawn_for_both(session: AsyncSession) -> None:
    ada, other = await add_customer(session), await add_customer(session, email_consent="withdrawn")
    third = await add_customer(session)
    merge = await merge_profiles(session, SYSTEM, ada, other, reason="same")
    await withdraw(session, ada)
    await undo_merge(session, SYSTEM, merge.id)
    assert [await column(session, one, "email_consent") for one in (ada, other)] == ["withdrawn", "withdrawn"]
    merge = await merge_profiles(session, SYSTEM, third, other, reason="same")
    await undo_merge(session, SYSTEM, merge.id)
    assert await column(session, third, "email_consent") == "given", "the other's no of before is the other's"


@pytest.mark.parametrize("by_list", [False, True])
async def test_suppressed_again_while_merged_stays_so(session: AsyncSession, by_list: bool) -> None:
    ada, other = await add_customer(session), await add_customer(session)
    await suppress_customer(session, SYSTEM, other)
    merge = await merge_profiles(session, SYSTEM, ada, other, reason="same")
    key = await column(session, ada, "email_key")
    await (add_suppressions(session, SYSTEM, [key]) if by_list else suppress_customer(session, SYSTEM, ada))
    await undo_merge(session, SYSTEM, merge.id)
    assert await is_listed(session, key)


async def test_suppressed_while_merged_holds_for_both_and_before_it_for_its_own(session: AsyncSession) -> None:
    ada, other = await add_customer(session), await add_customer(session)
    keys = [await column(session, one, "email_key") for one in (ada, other)]
    await suppress_customer(session, SYSTEM, ada)
    merge = await merge_profiles(session, SYSTEM, ada, other, reason="same")
    await undo_merge(session, SYSTEM, merge.id)
    assert [await is_listed(session, key) for key in keys] == [True, False]
    third = await add_customer(session)
    merge = await merge_profiles(session, SYSTEM, third, other, reason="same")
    await suppress_customer(session, SYSTEM, third)
    await undo_merge(session, SYSTEM, merge.id)
    assert await is_listed(session, keys[1])


async def test_an_address_suppressed_before_anybody_had_it_speaks_for_its_owner(session: AsyncSession) -> None:
    await add_suppressions(session, SYSTEM, ["b@m.example"])
    ada, other = await add_customer(session), await add_customer(session, email="b@m.example", email_key="b@m.example")
    await merge_profiles(session, SYSTEM, ada, other, reason="same")
    assert await is_listed(session, await column(session, ada, "email_key"))
    assert not await is_listed(session, await column(session, ada, "phone")), "nothing was said of a telephone"


async def test_limits_said_again_while_merged_stay(session: AsyncSession) -> None:
    ada, other = await add_customer(session), await add_customer(session, no_tracking=True, max_contacts_30_days=1)
    third = await add_customer(session)
    merge = await merge_profiles(session, SYSTEM, ada, other, reason="same")
    await update_customer(session, SYSTEM, ada, {"no_tracking": True})
    await limit_contacts(session, ada, most=1, topics_off=["wine"], pause=timedelta(days=3))  # on her own page
    await undo_merge(session, SYSTEM, merge.id)
    for one in (ada, other):
        row = await get_customer(session, SYSTEM, one)
        assert row.no_tracking
        assert [await column(session, one, name) for name in ("max_contacts_30_days", "topics_off")] == [1, ["wine"]]
    merge = await merge_profiles(session, SYSTEM, third, other, reason="same")
    await undo_merge(session, SYSTEM, merge.id)
    assert not (await get_customer(session, SYSTEM, third)).no_tracking, "nobody wrote to them since"


async def test_a_minor_proved_while_merged_is_a_minor_after_the_undo(session: AsyncSession) -> None:
    adult, child = await add_customer(session), await add_customer(session, date_of_birth=CHILD, age_verified_at=None)
    other = await add_customer(session)
    merge = await merge_profiles(session, SYSTEM, adult, child, reason="same")
    settled = await settle_age(session, SYSTEM, adult, born=CHILD, proof="driving licence at the counter")
    assert not settled.is_of_age
    await undo_merge(session, SYSTEM, merge.id)
    assert not (await age_of(session, SYSTEM, adult)).is_of_age
    merge = await merge_profiles(session, SYSTEM, child, other, reason="same")
    await settle_age(session, SYSTEM, child, born=CHILD, proof="passport")
    await undo_merge(session, SYSTEM, merge.id)
    assert (await age_of(session, SYSTEM, other)).is_disputed, "which of both it was nobody knows"


async def test_a_yes_of_an_undone_import_does_not_come_back_by_undoing_a_merge(database: str) -> None:
    ada, other = await named("a"), await named("b", email_consent="withdrawn")
    wrong = await take("email,external_id,email_consent,consent_source,consent_at\na@m.example,a,yes,web,2025-06-01\n")
    async with transaction() as session:
        merge = await merge_profiles(session, SYSTEM, ada, other, reason="same")
    await undo(wrong)
    async with transaction() as session:
        await undo_merge(session, SYSTEM, merge.id)
        assert await column(session, ada, "email_consent") is None
    assert await rows("SELECT 1 AS one FROM consents WHERE status = 'given'") == []


@pytest.mark.parametrize("policy", ["fill", "overwrite"])
async def test_a_yes_is_taken_for_the_address_of_its_own_row(database: str, policy: str) -> None:
    """b@ agreed, a@ never did; merged, a@ is kept. And c1@ is c's address, where the row that says yes has another."""
    ada, other, third = await named("a"), await named("b"), await named("c")
    async with transaction() as session:
        await merge_profiles(session, SYSTEM, ada, other, reason="same")
    head = "email,external_id,email_consent,consent_source,consent_at\n"
    await take(f"{head}b@m.example,,yes,web,2025-06-01\n,b,yes,web,2025-06-01\n", policy=policy)
    await take(f"{head}new@m.example,c,yes,web,2025-06-01\n", policy=policy)
    found = {row["id"]: (row["email_key"], row["email_consent"]) for row in await rows(
        "SELECT id, email_key, email_consent FROM customers WHERE deleted_at IS NULL")}  # fmt: skip
    assert found.pop(ada) == ("a@m.example", None)
    assert found == {third: ("c@m.example", None) if policy == "fill" else ("new@m.example", "given")}


async def test_a_yes_goes_with_its_address_and_a_no_stays(database: str) -> None:
    ada, other = (
        await named("a", email_consent="given", phone="+12075550101", sms_consent="withdrawn"),
        await named("b"),
    )
    async with transaction() as session:
        await update_customer(session, SYSTEM, ada, {"email": "A2@m.example", "phone": "+12075550102", "city": "Bath"})
        row = await get_customer(session, SYSTEM, ada)
        assert (row.email_consent, row.sms_consent) == (None, "withdrawn")
        await update_customer(session, SYSTEM, ada, {"email": "a2@M.example"})
        told = await session.execute(text("SELECT changes FROM audit_log WHERE changes ? 'email_consent'"))
        assert [one["email_consent"] for one in told.scalars()] == [["given", None]]
    await take("email,external_id,email_consent,consent_source,consent_at\nb@m.example,b,yes,web,2025-06-01\n")
    file = await take("email,external_id\nb2@m.example,b\n")
    async with transaction() as session:
        assert await column(session, other, "email_consent") is None
        await update_customer(session, SYSTEM, other, {"email": "b3@m.example"})
    await undo(file)
    async with transaction() as session:
        assert await column(session, other, "email_consent") is None, "it was b@'s, and b@ does not come back"


async def test_a_bounce_of_a_merged_profile_s_address_is_that_address_s(database: str) -> None:
    ada, other = await named("a"), await named("b")
    async with transaction() as session:
        merge = await merge_profiles(session, SYSTEM, ada, other, reason="same")
    await take("email,Suppressed\nb@m.example,hard bounce\n")
    async with transaction() as session:
        await undo_merge(session, SYSTEM, merge.id)
        assert [await is_listed(session, f"{one}@m.example") for one in "ab"] == [False, True]


YES = "email,external_id,email_consent,consent_source,consent_at\n"


async def reachable(address: str) -> bool:
    """Tell whether the fence would let a message to an address through: agreed, and not on the list."""
    async with transaction() as session:
        found = await session.execute(
            text("SELECT email_consent FROM customers WHERE deleted_at IS NULL AND email_key = :key"), {"key": address}
        )
        return found.scalar() == "given" and not await is_listed(session, address)


@pytest.mark.parametrize("made_by_file", [False, True])
async def test_undoing_an_import_takes_its_yes_from_whoever_was_merged_since(database: str, made_by_file: bool) -> None:
    ada = await named("a", email=None, email_key=None)
    if not made_by_file:
        await named("b")
    wrong = await take(f"{YES}b@m.example,b,yes,web,2025-06-01\n")
    (other,) = await rows("SELECT id FROM customers WHERE external_id = 'b'")
    async with transaction() as session:
        merge = await merge_profiles(session, SYSTEM, ada, other["id"], reason="same")
    assert await reachable("b@m.example")
    told = await look(wrong)
    done = await undo(wrong)
    assert told.removed == done.undo["removed"] == {"consents": 1}
    assert told.kept == done.undo["kept"] == {"people_merged" if made_by_file else "fields_merged": 1}
    assert not await reachable("b@m.example")
    async with transaction() as session:
        await undo_merge(session, SYSTEM, merge.id)
    assert not await reachable("b@m.example")


async def test_an_address_of_a_merged_profile_is_held_by_it(database: str) -> None:
    ada, other = await named("a"), await named("b", email_consent="given")
    file = await take("email,external_id,Suppressed\nb@m.example,b,hard bounce\n")
    async with transaction() as session:
        merge = await merge_profiles(session, SYSTEM, ada, other, reason="same")
    assert (await undo(file)).undo["kept"]["suppressions_holder"] == 1
    async with transaction() as session:
        await undo_merge(session, SYSTEM, merge.id)
    assert not await reachable("b@m.example")


async def test_a_no_that_two_files_told_stays_when_one_is_undone(database: str) -> None:
    no = "email,name,email_consent,consent_source,consent_at\nbo@x.example,Bo,no,till,2025-01-05\n"
    first = await take(no)
    for _ in range(3):
        assert (await take(no)).updated == 0
    assert len(await rows("SELECT id FROM consents")) == 2, "the same file each night grows nothing"
    await undo(first)
    await take("email,name,email_consent,consent_source,consent_at\nbo@x.example,Bo,yes,web,2024-01-01\n")
    (row,) = await rows("SELECT email_consent FROM customers WHERE email_key = 'bo@x.example'")
    assert row["email_consent"] == "withdrawn"


async def test_a_no_that_changes_nothing_is_later_than_a_yes_before_it(database: str) -> None:
    """No in 2024, again today by a complaint, a text and a file without dates; then yeses of 2025."""
    people = {name: await named(name) for name in "abc"}
    await take(YES + "".join(f"{name}@m.example,{name},no,till,2024-01-05\n" for name in people))
    async with transaction() as session:
        await withdraw_consents(session, Channel.EMAIL, [people["a"]], ["{}"], "complaint")
        await withdraw(session, people["b"])
    assert (await take("email,email_consent\nc@m.example,no\n")).updated == 0
    await take(YES + "".join(f"{name}@m.example,{name},yes,web,2025-01-01\n" for name in people))
    assert [await reachable(f"{name}@m.example") for name in people] == [False, False, False]


async def test_two_stops_give_back_what_the_first_one_took(session: AsyncSession) -> None:
    ada, other = await add_customer(session), await add_customer(session, sms_consent=None)
    phones = [await column(session, one, "phone") for one in (ada, other)]
    said = [SaidByText(phone, "{}") for phone in phones]
    for _ in range(2):
        await withdraw_by_text(session, said, "STOP")
    await return_by_text(session, said, "STOP")
    assert [await column(session, one, "sms_consent") for one in (ada, other)] == ["given", "withdrawn"]


async def test_a_no_of_somebody_deleted_stays_and_their_merged_addresses_are_free(database: str) -> None:
    ada, other = await named("a", email_consent="given"), await named("b")
    async with transaction() as session:
        await withdraw(session, other)
        await merge_profiles(session, SYSTEM, ada, other, reason="same")
        await delete_customer(session, SYSTEM, ada)
        await create_customer(session, SYSTEM, {"email": "b@m.example", "external_id": "b"})
    await take(f"{YES}a@m.example,a,yes,web,2024-01-01\nb@m.example,b,yes,web,2024-01-01\n")
    assert [await reachable(f"{name}@m.example") for name in "ab"] == [False, False]


@pytest.mark.parametrize("seed", range(4))
async def test_no_order_of_merges_imports_and_undoings_loses_a_no(database: str, seed: int) -> None:
    """Walk at random; whoever once said no is never reachable again: every yes here is of 2024, before any no."""
    draw, said_no, done = random.Random(seed), set[str](), list[str]()
    merges, imports = list[UUID](), list[Any]()
    for name in "ab":
        await named(name)

    async def owner(name: str) -> UUID | None:
        found = await rows(
            f"SELECT c.id FROM customers c WHERE c.deleted_at IS NULL AND (c.email_key = '{name}@m.example' OR c.id IN"
            f" (SELECT customer_id FROM customer_aliases WHERE value = '{name}@m.example'))"
        )
        return found[0]["id"] if found else None

    for _ in range(18):
        name = draw.choice("ab")
        who, others = await owner(name), {await owner(one) for one in "ab"} - {None}
        step = draw.choice(["yes", "yes", "no", "said", "listed", "merge", "unmerge", "undo", "delete"])
        done.append(f"{step} {name}")
        if step in ("yes", "no"):
            at = "2024-01-01" if step == "yes" else "2025-01-01"
            imports.append(await take(f"{YES}{name}@m.example,{name},{step},web,{at}\n", policy="fill"))
            said_no |= {name} if step == "no" and who else set()
        elif step == "undo" and imports:
            await undo(imports.pop(draw.randrange(len(imports))))
        async with transaction() as session:
            if step == "said" and who:
                await withdraw(session, who)
                said_no.add(name)
            elif step == "listed":
                await add_suppressions(session, SYSTEM, [f"{name}@m.example"])
                said_no.add(name)
            elif step == "merge" and len(others) == 2 and who:
                merges.append((await merge_profiles(session, SYSTEM, who, (others - {who}).pop(), reason="same")).id)
            elif step == "delete" and who and draw.random() < 0.3:
                await delete_customer(session, SYSTEM, who)
            elif step == "unmerge" and merges:
                with suppress(Conflict):
                    await undo_merge(session, SYSTEM, merges.pop())
        assert [one for one in said_no if await reachable(f"{one}@m.example")] == [], done
