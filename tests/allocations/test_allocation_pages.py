"""From a bottle somebody asks for to who fetched it, on the pages of the shop and the one behind a message's link."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.catalog.product_write import write_products
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.screens.allocations.detail.page import allocation_page
from liquor_app.screens.allocations.detail.state import AllocationState, PlacesState
from liquor_app.screens.allocations.list.state import AllocationsState
from liquor_app.screens.catalog.product.waiting_list_state import WaitingListState
from liquor_app.screens.customers.detail.interests_state import InterestsState
from liquor_app.sending.recipients.unsubscribe import message_token
from tests.api.client import Client
from tests.factories import add_people, product
from tests.people import add_send, add_user, ensure_shop
from tests.tabs import Tab, run, said

VIEWER = Actor(ActorKind.USER, uuid7(), "Vic", Role.USER)


async def one(sql: str, **values: Any) -> Any:
    async with transaction() as session:
        return (await session.execute(text(sql), values)).scalar()


async def test_from_the_counter_to_the_last_bottle(database: str) -> None:
    mara = await add_user(Role.MANAGER)
    async with transaction() as session:
        await ensure_shop(session)
        people = await add_people(session, 3)
        await write_products(session, [product(1, "RYE", None, "Old Rye", stock=Decimal(0))], source="t", at=now())
    thing = await one("SELECT id FROM products")
    for person in people:
        page = await Tab(f"/customers/{person}", mara).state(InterestsState)
        await run(InterestsState.load, page)
        assert page.lines == []
        await run(InterestsState.ask, page)
        await run(InterestsState.save, page, {"code": " rye "})
        await run(InterestsState.load, page)
        assert [line.name for line in page.lines] == ["Old Rye"]
    waiting = await Tab(f"/catalogue/{thing}", mara).state(WaitingListState)
    await run(WaitingListState.load, waiting)
    assert [line.customer_id for line in waiting.rows] == [str(person) for person in people]
    await run(WaitingListState.ask, waiting, "allocation")
    went = await run(WaitingListState.open_allocation, waiting, {"bottles": "1", "method": "draw", "counsel": ""})
    allocation = await one("SELECT id FROM allocations")
    assert f"/allocations/{allocation}" in said(went)
    tab = Tab(f"/allocations/{allocation}", mara)
    head, places = await tab.state(AllocationState), await tab.state(PlacesState)
    await run(AllocationState.load, head)
    assert (head.head.status, head.head.seed) == ("open", "Sealed until the draw")
    for what, status in (("freeze", "frozen"), ("draw", "drawn"), ("draw", "drawn")):
        await run(AllocationState.ask, head, what)
        await run(AllocationState.act, head, what)
        assert (head.head.status, head.asking) == (status, "")
    await run(PlacesState.load, places)
    first, second = places.rows[0], places.rows[1]
    assert [(line.is_offered, line.word) for line in places.rows] == [(True, "Offered"), *[(False, "Not drawn")] * 2]
    await run(PlacesState.explain, places, first.customer_id)
    assert f"Your number was {first.shown}; it came 1 in the order. A bottle is set aside for you." in places.told
    assert head.head.seed in places.proof
    page = str(allocation_page().render())
    asks = page.count('places_state.ask_to_pass"'), page.count('places_state.pass_on"')
    assert asks == (2, 1), "the button asks, the dialogue acts"
    await run(PlacesState.pass_on, places)
    await run(PlacesState.ask_to_pass, places, first.number)
    assert places.passing_title == f"Unclaimed by number {first.shown}, {first.who}?"
    await run(PlacesState.ask_to_pass, places, 0)
    await run(PlacesState.pass_on, places)
    assert places.rows[0].is_offered, "not asked, and thought better of it: nothing was handed on"
    await run(PlacesState.ask_to_pass, places, first.number)
    assert f"number {second.shown}" in said(await run(PlacesState.pass_on, places))
    assert places.passing == 0
    await run(PlacesState.fetched, places, second.number)
    assert [line.word for line in places.rows] == ["Unclaimed", "Fetched", "Not drawn"]
    slug = await one("SELECT slug FROM segments WHERE slug LIKE 'drawn%'")
    assert head.head.winners == f"/segments/{slug}"
    seen = Tab(f"/allocations/{allocation}", VIEWER)
    await run(PlacesState.ask_to_pass, await seen.state(PlacesState), second.number)
    for kind, handler, arguments in (
        (AllocationState, AllocationState.act, ("draw",)), (PlacesState, PlacesState.fetched, (second.number,)),
        (PlacesState, PlacesState.pass_on, ()),
    ):  # fmt: skip
        assert "needs the role" in said(await run(handler, await seen.state(kind), *arguments))
    assert await one("SELECT status FROM allocation_entries WHERE number = :n", n=second.number) == "claimed"
    listed = await Tab("/allocations", VIEWER).state(AllocationsState)
    await run(AllocationsState.load, listed)
    assert [(line.product, line.bottles, line.listed, line.word) for line in listed.rows] == [
        ("Old Rye", "1", "3", "Drawn")
    ]


@pytest.mark.usefixtures("database")
async def test_a_known_customer_asks_by_the_link_of_a_message(anybody: Client, manager: Client) -> None:
    """Looking changes nothing; posting puts them on the lists that are open; a wrong link is nobody's."""
    async with transaction() as session:
        await ensure_shop(session)
        (person,) = await add_people(session, 1)
        await add_send(session, person, days_ago=1)
        await write_products(session, [product(1, "RYE", None, "Old <Rye>")], source="t", at=now())
    thing = str(await one("SELECT id FROM products"))
    token = message_token(await one("SELECT id FROM sends"))
    assert "No list is open" in (await anybody.http.get(f"/i/{token}")).text
    assert "/i/" not in (await anybody.http.get(f"/p/{token}")).text
    made = await manager.post("/allocations", json={"product_id": thing, "bottles": 2})
    assert made.status_code == 201
    assert made.json()["seed"] is None
    assert f"/i/{token}" in (await anybody.http.get(f"/p/{token}")).text
    page = await anybody.http.get(f"/i/{token}")
    assert "Old &lt;Rye&gt;" in page.text
    assert await one("SELECT count(*) FROM product_interests") == 0
    answer = await anybody.http.post(f"/i/{token}", data={"wanted": thing})
    assert "Saved." in answer.text
    assert await one("SELECT customer_id FROM product_interests") == person
    assert (await anybody.http.post(f"/i/{token[:-3]}abc", data={"wanted": thing})).status_code in (404, 422)
    exported = (await manager.get(f"/products/{thing}/interests/export")).text
    assert "their own link" in exported
    assert "birth" not in exported.lower()
    assert (await manager.post(f"/products/{thing}/interests", json={})).status_code == 422
    assert (await anybody.http.post(f"/i/{token}", data={})).status_code == 200
    assert await one("SELECT count(*) FROM product_interests") == 0
