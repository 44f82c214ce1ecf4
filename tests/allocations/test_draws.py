"""Bottles there are too few of: a list nobody changes once it is frozen, one draw that anybody can reckon again."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.allocations import interest
from liquor_app.allocations.back_in_stock import tell_restocked
from liquor_app.allocations.draw_order import Listed, in_order
from liquor_app.allocations.explain_draw import explain_entry
from liquor_app.allocations.interest import ask_by_tag, ask_for, forget_interest, interests_of
from liquor_app.allocations.lists import list_entries
from liquor_app.allocations.models import AllocationMethod, AllocationStatus, EntryStatus
from liquor_app.allocations.own_interests import own_interests, set_own_interests
from liquor_app.allocations.service import (
    AllocationRow,
    cancel_allocation,
    create_allocation,
    draw,
    freeze_list,
    get_allocation,
    settle_entry,
)
from liquor_app.catalog.product_write import write_products
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.security.crypto import decrypt
from liquor_app.customers.consents import suppress_address
from liquor_app.customers.labels.tags import tag_customers
from liquor_app.customers.models import SuppressionReason
from liquor_app.doubles.merge_profiles import MergeRow, merge_profiles, undo_merge
from liquor_app.planning.service import make_plan
from liquor_app.sending.recipients.unsubscribe import message_token
from tests.factories import add_people, open_shop, product
from tests.people import add_purchase, add_send, add_user, ensure_shop

VIEWER = Actor(ActorKind.USER, uuid7(), "Vic", Role.USER)


async def rows(sql: str, **values: Any) -> list[Any]:
    async with transaction() as session:
        return list((await session.execute(text(sql), values)).all())


async def execute(sql: str, **values: Any) -> None:
    async with transaction() as session:
        await session.execute(text(sql), values)


async def shop(people: int, *, stock: int = 0) -> tuple[Actor, UUID, list[UUID]]:
    """A manager, a product, and customers."""
    manager = await add_user(Role.MANAGER)
    async with transaction() as session:
        await ensure_shop(session)
        await write_products(
            session,
            [product(1, "BTAC", None, "Old Rip", price=Decimal(90), stock=Decimal(stock))],
            source="t",
            at=now(),
        )
        found = await session.execute(text("SELECT id FROM products"))
        return manager, UUID(str(found.scalar_one())), await add_people(session, people)


async def opened(manager: Actor, thing: UUID, people: list[UUID], bottles: int) -> AllocationRow:
    async with transaction() as session:
        for person in people:
            await ask_for(session, manager, thing, [person])
        row = await create_allocation(session, manager, thing, bottles)
        return await freeze_list(session, manager, row.id)


async def test_a_draw_can_be_reckoned_again_and_explained(database: str) -> None:
    """Forty asked, seven bottles: every ticket, place and winner again from the rows and the seed."""
    manager, thing, people = await shop(40)
    frozen = await opened(manager, thing, people, 7)
    assert (frozen.status, frozen.listed, frozen.seed) == (AllocationStatus.FROZEN, 40, None)
    kept = await rows("SELECT seed_encrypted FROM allocations")
    async with transaction() as session:
        drawn = await draw(session, manager, frozen.id)
    assert drawn.seed is not None
    assert drawn.seed.encode() not in bytes(kept[0][0]), "sealed until the draw"
    assert hashlib.sha256(drawn.seed.encode()).hexdigest() == drawn.seed_hash == frozen.seed_hash
    entries = await rows("SELECT * FROM allocation_entries ORDER BY number")
    lines = "\n".join(f"{one.number} {one.person} {one.spend:.2f}" for one in entries)
    assert hashlib.sha256(lines.encode()).hexdigest() == drawn.list_hash
    tickets = {
        one.number: hmac.new(drawn.seed.encode(), f"{drawn.id}:{one.number}".encode(), hashlib.sha256).hexdigest()
        for one in entries
    }
    order = sorted(tickets, key=lambda number: tickets[number])
    assert {one.number: (one.ticket, one.place) for one in entries} == {
        number: (tickets[number], order.index(number) + 1) for number in tickets
    }
    winners = {one.customer_id for one in entries if one.number in order[:7]}
    assert {one.customer_id for one in entries if one.status == EntryStatus.OFFERED} == winners
    members = await rows("SELECT customer_id FROM segment_members WHERE segment_id = :id", id=drawn.segment_id)
    assert {one.customer_id for one in members} == winners, "a list that a campaign can use"
    assert [one.customer_id for one in entries] == people, "numbered in the order they asked"
    async with transaction() as session:
        told = await explain_entry(session, VIEWER, drawn.id, people[29])
        stranger = await explain_entry(session, VIEWER, drawn.id, (await add_people(session, 1))[0])
    assert "40 people on the list, and 7 bottles. Your number was 30" in told.words
    assert told.ticket == tickets[30]
    assert tickets[30] in told.proof
    assert drawn.seed in told.proof
    assert "You were not on it" in stranger.words
    actions = [one.action for one in await rows("SELECT action FROM audit_log WHERE entity = 'allocation' ORDER BY id")]
    assert actions == ["allocation.opened", "allocation.frozen", "allocation.drawn"]


async def test_two_managers_at_once_draw_once(database: str) -> None:
    manager, thing, people = await shop(9)
    frozen = await opened(manager, thing, people, 2)
    other = await add_user(Role.MANAGER)

    async def press(actor: Actor) -> AllocationRow:
        async with transaction() as session:
            return await draw(session, actor, frozen.id)

    drawn = await asyncio.gather(*(press(one) for one in (manager, other, manager, other)))
    assert len(set(drawn)) == 1
    assert len(await rows("SELECT 1 FROM audit_log WHERE action = 'allocation.drawn'")) == 1
    assert len(await rows("SELECT 1 FROM allocation_entries WHERE status = 'offered'")) == 2
    assert len(await rows("SELECT 1 FROM segments WHERE slug LIKE 'drawn%'")) == 1


async def test_a_frozen_list_is_what_is_drawn(database: str) -> None:
    """Who asks later, or no longer wants it, changes nothing; whoever writes to the rows stops the draw."""
    manager, thing, people = await shop(12)
    frozen = await opened(manager, thing, people[:10], 3)
    async with transaction() as session:
        assert await ask_for(session, manager, thing, people[9:]) == 2
        await forget_interest(session, manager, thing, people[0])
        assert (await freeze_list(session, manager, frozen.id)).list_hash == frozen.list_hash
    assert len(await rows("SELECT 1 FROM allocation_entries")) == 10
    await execute("UPDATE allocation_entries SET spend = 1 WHERE number = 4")
    async with transaction() as session:
        with pytest.raises(Conflict, match="not what was frozen"):
            await draw(session, manager, frozen.id)
    await execute("UPDATE allocation_entries SET spend = 0 WHERE number = 4")
    await execute("DELETE FROM allocation_entries WHERE number = 10")
    async with transaction() as session:
        with pytest.raises(Conflict, match="not what was frozen"):
            await draw(session, manager, frozen.id)
        with pytest.raises(Conflict, match="cannot become"):
            await draw(session, manager, (await create_allocation(session, manager, thing, 1)).id)


async def test_nobody_gets_a_bottle_who_may_not_have_one(database: str) -> None:
    """Deleted, under age, in doubt, unwilling: with the reason, when the list is frozen and when their turn comes."""
    manager, thing, people = await shop(12)
    await execute("UPDATE customers SET of_age_on = current_date + 400 WHERE id = :id", id=people[0])
    await execute("UPDATE customers SET age_disputed_at = now() WHERE id = :id", id=people[1])
    await execute("UPDATE customers SET phone = NULL, of_age_on = NULL WHERE id = :id", id=people[2])
    async with transaction() as session:
        found = await session.execute(text("SELECT email_key FROM customers WHERE id = :id"), {"id": people[2]})
        await suppress_address(session, found.scalar_one(), reason=SuppressionReason.UNSUBSCRIBED)
    frozen = await opened(manager, thing, people, 9)
    left = {
        one.customer_id: one.note for one in await rows("SELECT * FROM allocation_entries WHERE status = 'left_out'")
    }
    assert left == {
        people[0]: "not of age",
        people[1]: "their age is in doubt",
        people[2]: "asked not to be written to",
    }
    assert frozen.listed == 9
    await execute("UPDATE customers SET deleted_at = now() WHERE id = :id", id=people[5])
    await execute("UPDATE customers SET of_age_on = current_date + 1 WHERE id = :id", id=people[6])
    async with transaction() as session:
        await draw(session, manager, frozen.id)
        told = await explain_entry(session, VIEWER, frozen.id, people[6])
    by = {one.customer_id: (one.status, one.note) for one in await rows("SELECT * FROM allocation_entries")}
    assert by[people[5]] == ("left_out", "no longer a customer")
    assert by[people[6]] == ("left_out", "not of age")
    assert sum(status == "offered" for status, _ in by.values()) == 7
    assert "could not be offered one (not of age)" in told.words


async def test_what_nobody_fetches_goes_to_the_next_in_order(database: str) -> None:
    manager, thing, people = await shop(6)
    frozen = await opened(manager, thing, people, 2)
    async with transaction() as session:
        await draw(session, manager, frozen.id)
        page = await list_entries(session, VIEWER, frozen.id, ListQuery())
    first, second, third, fourth = [one.number for one in page.items][:4]
    fourth_owner = page.items[3].customer_id
    await execute("UPDATE customers SET deleted_at = now() WHERE id = :id", id=page.items[2].customer_id)
    async with transaction() as session:
        assert await settle_entry(session, manager, frozen.id, first, claimed=True) is None
        assert await settle_entry(session, manager, frozen.id, second, claimed=False) == fourth, "the third is gone"
        for number in (first, second, third):
            with pytest.raises(Conflict, match="No bottle is offered"):
                await settle_entry(session, manager, frozen.id, number, claimed=False)
        with pytest.raises(Forbidden):
            await settle_entry(session, VIEWER, frozen.id, fourth, claimed=True)
    status = {one.number: one.status for one in await rows("SELECT number, status FROM allocation_entries")}
    assert (status[first], status[second], status[third], status[fourth]) == (
        "claimed",
        "passed",
        "left_out",
        "offered",
    )
    row = (await rows("SELECT segment_id FROM allocations"))[0]
    members = {one.customer_id for one in await rows("SELECT customer_id FROM segment_members WHERE segment_id = :id",
                                                     id=row.segment_id)}  # fmt: skip
    assert members == {page.items[0].customer_id, fourth_owner}


async def test_two_profiles_that_are_one_person_keep_one_bottle(database: str) -> None:
    """The attack: ask by two profiles, win by both, be merged. Before: both bottles stayed set aside; merged before the
    draw the better of two numbers was lost, and a winner's listed number could win once more."""
    manager, thing, people = await shop(7)
    frozen = await opened(manager, thing, people, 3)
    async with transaction() as session:
        await draw(session, manager, frozen.id)
        order = (await list_entries(session, VIEWER, frozen.id, ListQuery())).items
    owner = [one.customer_id for one in order]

    async def status() -> list[str]:
        found = await rows("SELECT status FROM allocation_entries ORDER BY place")
        return [one.status for one in found]

    async def merge(stays: UUID | None, goes: UUID | None) -> MergeRow:
        assert stays is not None
        assert goes is not None
        async with transaction() as session:
            return await merge_profiles(session, manager, stays, goes, reason="one person")

    first = await merge(owner[2], owner[0])
    assert await status() == ["offered", "offered", "passed", "offered", "listed", "listed", "listed"]
    async with transaction() as session:
        told = await explain_entry(session, VIEWER, frozen.id, owner[2] or uuid7())
    assert "A bottle is set aside for you" in told.words
    notes = await rows("SELECT note, decided_by FROM allocation_entries WHERE status = 'passed'")
    assert [tuple(one) for one in notes] == [
        (f"one person with number {order[0].number}: one bottle a person", manager.name)
    ]
    await merge(owner[4], owner[1])  # the one that stays was drawn too late, the one that goes has a bottle
    segment = (await rows("SELECT segment_id FROM allocations"))[0].segment_id
    listed = await rows("SELECT customer_id FROM segment_members WHERE segment_id = :id", id=segment)
    assert {one.customer_id for one in listed} >= {owner[2], owner[3], owner[4]}
    async with transaction() as session:
        assert await settle_entry(session, manager, frozen.id, order[0].number, claimed=True) is None
        # the next in order is the second winner's other profile: it is passed over
        assert await settle_entry(session, manager, frozen.id, order[3].number, claimed=False) == order[5].number
    assert await status() == ["claimed", "offered", "passed", "passed", "left_out", "offered", "listed"]
    async with transaction() as session:
        await undo_merge(session, manager, first.id)
    parted = await rows("SELECT customer_id FROM allocation_entries ORDER BY place LIMIT 3")
    assert [one.customer_id for one in parted] == [owner[0], owner[4], owner[2]]
    # the third has the bottle again that was drawn for it; the sixth did not know of it yet
    assert await status() == ["claimed", "offered", "offered", "passed", "left_out", "listed", "listed"]
    await execute("DELETE FROM segments WHERE id = :id", id=segment)
    async with transaction() as session:
        assert await settle_entry(session, manager, frozen.id, order[1].number, claimed=False) == order[5].number


@pytest.mark.parametrize("told", [False, True], ids=["nobody knows", "somebody was written to"])
async def test_a_merge_that_is_undone_gives_the_bottle_back(database: str, told: bool) -> None:
    """Two people were held for one. What was drawn for the second comes back from who has it since, unless they fetched
    it or a message of ours reached them; then the second is the first in order for whatever is free."""
    manager, thing, people = await shop(5)
    frozen = await opened(manager, thing, people, 2)
    async with transaction() as session:
        await draw(session, manager, frozen.id)
        order = (await list_entries(session, VIEWER, frozen.id, ListQuery())).items
    owner = [one.customer_id or uuid7() for one in order]
    async with transaction() as session:
        merge = await merge_profiles(session, manager, owner[1], owner[0], reason="taken for one")

    async def state() -> tuple[list[str], set[UUID]]:
        found = await rows("SELECT status FROM allocation_entries ORDER BY place")
        listed = await rows(
            "SELECT m.customer_id FROM segment_members m"
            " JOIN customers c ON c.id = m.customer_id AND c.deleted_at IS NULL"
        )
        return [one.status for one in found], {one.customer_id for one in listed}

    assert await state() == (["offered", "passed", "offered", "listed", "listed"], {owner[1], owner[2]})
    if told:
        async with transaction() as session:
            await add_send(session, owner[2], days_ago=0)
    async with transaction() as session:
        await undo_merge(session, manager, merge.id)
    if not told:
        assert await state() == (["offered", "offered", "listed", "listed", "listed"], {owner[0], owner[1]})
        async with transaction() as session:
            words = (await explain_entry(session, VIEWER, frozen.id, owner[1])).words
        assert "it came 2 in the order. A bottle is set aside for you." in words
        return
    assert await state() == (["offered", "listed", "offered", "listed", "listed"], {owner[0], owner[2]})
    async with transaction() as session:
        words = (await explain_entry(session, VIEWER, frozen.id, owner[1])).words
        assert "it came 2 in the order. It is the next in order again" in words
        assert await settle_entry(session, manager, frozen.id, order[2].number, claimed=False) == order[1].number
    assert await state() == (["offered", "offered", "passed", "listed", "listed"], {owner[0], owner[1]})


async def test_a_number_passed_over_for_its_twin_wins_when_they_are_two_again(database: str) -> None:
    """Merged before the draw, drawn as one, taken apart after it: the second number had won by its own ticket."""
    manager, thing, people = await shop(4)
    frozen = await opened(manager, thing, people, 2)
    async with transaction() as session:
        numbered = {one.number: one.customer_id for one in (await list_entries(session, VIEWER, frozen.id)).items}
        seed = decrypt((await session.execute(text("SELECT seed_encrypted FROM allocations"))).scalar_one())
        listed = [Listed(number, "", Decimal(0)) for number in numbered]
        owner = [numbered[one.number] or uuid7() for one in in_order(seed, frozen.id, listed, AllocationMethod.DRAW)]
        merge = await merge_profiles(session, manager, owner[0], owner[1], reason="taken for one")
    async with transaction() as session:
        await draw(session, manager, frozen.id)

    async def status() -> list[str]:
        return [one.status for one in await rows("SELECT status FROM allocation_entries ORDER BY place")]

    assert await status() == ["offered", "left_out", "offered", "listed"]
    async with transaction() as session:
        await undo_merge(session, manager, merge.id)
    assert await status() == ["offered", "offered", "listed", "listed"]


async def test_one_person_listed_twice_is_drawn_once(database: str) -> None:
    manager, thing, people = await shop(3)
    frozen = await opened(manager, thing, people, 2)
    async with transaction() as session:
        await merge_profiles(session, manager, people[0], people[1], reason="one person")
        await draw(session, manager, frozen.id)
    found = await rows("SELECT customer_id, status FROM allocation_entries WHERE status = 'offered'")
    assert {one.customer_id for one in found} == {people[0], people[2]}
    assert len(found) == 2


async def test_a_rank_by_spend_is_disputed_and_needs_an_admin_and_counsel(database: str) -> None:
    manager, thing, people = await shop(5)
    admin = await add_user(Role.ADMIN)
    async with transaction() as session:
        for index, person in enumerate(people):
            for days_ago in (500, 400, *(3,) * (index % 3)):
                await add_purchase(session, person, days_ago=days_ago)
        await ask_for(session, manager, thing, people)
        with pytest.raises(Forbidden):
            await create_allocation(session, manager, thing, 2, method=AllocationMethod.SPEND, counsel="counsel agrees")
        with pytest.raises(Invalid, match="disputed") as refused:
            await create_allocation(session, admin, thing, 2, method=AllocationMethod.SPEND, counsel="ok")
        assert refused.value.field == "counsel"
        await session.execute(text("UPDATE brands SET licence_state = NULL"))
        with pytest.raises(Conflict, match="state of your licence"):
            await create_allocation(session, admin, thing, 2, method=AllocationMethod.SPEND, counsel="counsel agrees")
        await session.execute(text("UPDATE brands SET licence_state = 'ME'"))
        row = await create_allocation(session, admin, thing, 2, method=AllocationMethod.SPEND, counsel="counsel agrees")
        await freeze_list(session, manager, row.id)
        await add_purchase(session, people[0], days_ago=0)  # after the list was frozen
        await draw(session, manager, row.id)
        page = await list_entries(session, VIEWER, row.id)
    assert [one.spend for one in page.items] == [40, 20, 20, 0, 0]
    assert next(one.customer_id for one in page.items if one.status is EntryStatus.OFFERED) == people[2]


def test_the_draw_is_fair_and_ties_are_drawn() -> None:
    """Over many seeds each of five comes first as often as another; who spent alike is drawn among each other."""
    allocation, first = UUID(int=1), Counter[int]()
    entries = [Listed(number, str(number), Decimal(0)) for number in range(1, 6)]
    for seed in range(2_000):
        first[in_order(f"{seed:064x}", allocation, entries, AllocationMethod.SPEND)[0].number] += 1
    assert all(330 < first[number] < 470 for number in range(1, 6)), first
    rich = [*entries, Listed(6, "6", Decimal("0.01"))]
    assert in_order("a", allocation, rich, AllocationMethod.SPEND)[0].number == 6


async def test_who_asked_is_noted_once_by_staff_tag_and_their_own_link(database: str) -> None:
    manager, thing, people = await shop(4)
    async with transaction() as session:
        assert await ask_for(session, manager, thing, people[:2]) == 2
        assert await ask_for(session, manager, thing, people[:2]) == 0, "they keep their turn"
        await tag_customers(session, manager, people[1:3], "Wants BTAC")
        assert await ask_by_tag(session, manager, thing, "Wants BTAC") == 1
        for call, error in (
            (ask_for(session, VIEWER, thing, people), Forbidden),
            (ask_for(session, manager, uuid7(), people), NotFound),
            (ask_for(session, manager, thing, [uuid7()]), Invalid), (ask_for(session, manager, thing, []), Invalid),
            (ask_by_tag(session, manager, thing, "nobody has it"), Invalid),
            (create_allocation(session, manager, thing, 0), Invalid),
            (create_allocation(session, VIEWER, thing, 1), Forbidden),
            (forget_interest(session, manager, thing, people[3]), NotFound),
            (get_allocation(session, VIEWER, uuid7()), NotFound),
        ):  # fmt: skip
            with pytest.raises(error):
                await call
        await add_send(session, people[3], days_ago=1)
        sent = await session.execute(text("SELECT id FROM sends"))
        token = message_token(sent.scalar_one())
        assert (await own_interests(session, token)).lists == [], "no list is open"
        row = await create_allocation(session, manager, thing, 1)
        assert [(one.name, one.asked) for one in (await own_interests(session, token)).lists] == [("Old Rip", False)]
        assert (await set_own_interests(session, token, [str(thing), str(uuid7())])).lists[0].asked
        (mine,) = await interests_of(session, VIEWER, people[3])
        assert (mine.product_name, mine.source) == ("Old Rip", interest.BY_LINK)
        for wrong in (token[:-2] + "aa", message_token(uuid7())):
            with pytest.raises((Invalid, NotFound)):
                await set_own_interests(session, wrong, [str(thing)])
        assert not (await set_own_interests(session, token, [])).lists[0].asked
        assert await interests_of(session, VIEWER, people[3]) == []
        assert (await cancel_allocation(session, manager, row.id)).status is AllocationStatus.CANCELLED
        with pytest.raises(Conflict):
            await freeze_list(session, manager, row.id)


async def test_back_in_stock_is_told_once_and_only_by_a_campaign_somebody_approves(database: str) -> None:
    manager, thing, people = await shop(6, stock=0)
    async with transaction() as session:
        await ask_for(session, manager, thing, people[:4])
        assert await tell_restocked(session, manager) == [], "it is out"
    await execute("UPDATE customers SET deleted_at = now() WHERE id = :id", id=people[3])
    await execute("UPDATE products SET stock = 6, stock_at = now()")
    async with transaction() as session:
        await ask_for(session, manager, thing, people[4:5])  # it is there: nothing to wait for
        with pytest.raises(Forbidden):
            await tell_restocked(session, VIEWER)
    # no name of a product, whatever a till calls it, keeps everybody from being told
    await execute("UPDATE products SET name = :name", name="Cuvée {rare}\x07 " + "x" * 150)
    both = await asyncio.gather(_look(manager), _look(manager))
    (made,) = [one for found in both for one in found]
    assert made.people == 3
    (campaign,) = await rows("SELECT status, target_segments, holdout_pct FROM campaigns")
    assert campaign.status in ("draft", "planning")
    assert campaign.holdout_pct == 0, "everybody who asked is told"
    members = await rows("SELECT m.customer_id FROM segment_members m JOIN segments s ON s.id = m.segment_id"
                         " WHERE s.slug = :slug", slug=campaign.target_segments[0])  # fmt: skip
    assert {one.customer_id for one in members} == set(people[:3])
    assert await rows("SELECT 1 FROM sends") == [], "nothing is sent by itself"
    assert len(await rows("SELECT 1 FROM jobs WHERE name = 'generate_campaign'")) == 1
    for stock in (0, 5):
        await execute("UPDATE products SET stock = :stock, stock_at = now()", stock=stock)
        assert await _look(manager) == [] or stock
    assert len(await rows("SELECT 1 FROM campaigns")) == 2, "the one who asked while it was there, once it had been out"
    async with transaction() as session:  # who was told and asks again waits again, unless a draw is open for it
        await session.execute(text("UPDATE products SET stock = 0, stock_at = now()"))
        assert await ask_for(session, manager, thing, people[:1]) == 1
        await create_allocation(session, manager, thing, 1)
        await session.execute(
            text("UPDATE products SET stock = 2, stock_at = :at"), {"at": now() + timedelta(seconds=1)}
        )
        assert await tell_restocked(session, manager) == []


async def _look(actor: Actor) -> Any:
    async with transaction() as session:
        return await tell_restocked(session, actor)


async def test_what_is_told_of_a_restock_is_planned_like_every_message(database: str) -> None:
    """With the reason, for those who agreed to be written to, and not a word before somebody approves."""
    async with transaction() as session:
        await open_shop(session)
        people = await add_people(session, 4, response_likelihood=0.3, avg_order_value=60)
        await write_products(
            session, [product(1, "RYE", None, "Old Rye", price=Decimal(90), stock=Decimal(0))], source="t", at=now()
        )
        thing = (await session.execute(text("SELECT id FROM products"))).scalar_one()
        await session.execute(
            text("UPDATE customers SET email_consent = 'withdrawn' WHERE id = :id"), {"id": people[3]}
        )
        await ask_for(session, SYSTEM, thing, people)
        await session.execute(text("UPDATE products SET stock = 5, stock_at = now()"))
        (made,) = await tell_restocked(session, SYSTEM)
        plan = await make_plan(session, SYSTEM, made.campaign_id)
    assert {name: plan.summary["totals"][name] for name in ("audience", "reach", "blocked", "held_out")} == {
        "audience": 4, "reach": 3, "blocked": 1, "held_out": 0,
    }  # fmt: skip
    actions = await rows("SELECT customer_id, offer, message, reason, status, offer_terms FROM actions")
    assert {one.customer_id for one in actions} == set(people[:3])
    for one in actions:
        assert one.offer == "the Old Rye you asked for is back in stock"
        assert one.message == "For our regulars: the Old Rye you asked for is back in stock."
        assert (one.status, one.offer_terms["product"], one.offer_terms["discount_pct"]) == ("pending", "RYE", "0.00")
        assert one.reason
    assert await rows("SELECT 1 FROM sends") == []
