"""Saved views: one's own are one's own, everybody's are kept by managers, and a list opens what was saved."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role, User
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.organization import saved_views
from liquor_app.organization.saved_views import delete_view, list_views, save_view
from liquor_app.screens.customers.list.state import CustomersState
from tests.people import add_customer, ensure_shop
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration


async def person(session: AsyncSession, role: Role) -> Actor:
    user = User(email=f"{uuid7().hex[-8:]}@example.com", password_hash="x", role=role)
    session.add(user)
    await session.flush()
    return Actor(ActorKind.USER, user.id, role.value, role)


async def test_ones_own_and_everybodys(session: AsyncSession) -> None:
    vera, mara = await person(session, Role.USER), await person(session, Role.MANAGER)
    await save_view(session, vera, "customers", " Mine  only ", {"search": "Ann", "cursor": "x", "sort": ""})
    shared = await save_view(session, mara, "customers", "At risk", {"churn_risk": "high"}, shared=True)
    with pytest.raises(Forbidden):
        await save_view(session, vera, "customers", "Hers", {}, shared=True)
    assert [(row.name, row.query, row.is_shared) for row in await list_views(session, vera, "customers")] == [
        ("At risk", {"churn_risk": "high"}, True),
        ("Mine only", {"search": "Ann"}, False),
    ]
    assert [row.name for row in await list_views(session, mara, "customers")] == ["At risk"]
    assert await list_views(session, vera, "campaigns") == []
    (own,) = [row.id for row in await list_views(session, vera, "customers") if not row.is_shared]
    with pytest.raises(NotFound):
        await delete_view(session, mara, own)
    with pytest.raises(Forbidden):
        await delete_view(session, vera, shared)
    await delete_view(session, vera, own)
    await delete_view(session, mara, shared)
    assert await list_views(session, vera, "customers") == []
    till = Actor(ActorKind.API_KEY, uuid7(), "till", Role.USER)
    with pytest.raises(Forbidden):
        await save_view(session, till, "customers", "Everybody's", {})


async def test_two_who_save_for_everybody_at_once_make_one(database: str) -> None:
    async with transaction() as session:
        mara = await person(session, Role.MANAGER)
    saving = [transaction(), transaction()]
    first, second = [await one.__aenter__() for one in saving]
    await save_view(first, mara, "customers", "At risk", {"churn_risk": "high"}, shared=True)
    late = asyncio.create_task(save_view(second, mara, "customers", "At risk", {"churn_risk": "low"}, shared=True))
    await asyncio.sleep(0.2)  # it waits for the first, which has not committed
    await saving[0].__aexit__(None, None, None)
    await late
    await saving[1].__aexit__(None, None, None)
    async with transaction() as session:
        assert [row.query for row in await list_views(session, mara, "customers")] == [{"churn_risk": "low"}]


async def test_a_name_is_taken_once_and_there_is_an_end(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    vera = await person(session, Role.USER)
    monkeypatch.setattr(saved_views, "MOST_VIEWS", 2)
    for question in ({"sort": "name"}, {"sort": "-name"}):
        await save_view(session, vera, "customers", "By name", question)
    assert [row.query for row in await list_views(session, vera, "customers")] == [{"sort": "-name"}]
    await save_view(session, vera, "customers", "Another", {})
    with pytest.raises(Conflict):
        await save_view(session, vera, "customers", "A third", {})
    await save_view(session, vera, "customers", "Another", {"sort": "name"})  # in its place
    await save_view(session, vera, "campaigns", "Of another list", {})
    await save_view(session, await person(session, Role.USER), "customers", "Another's", {})
    for name, question in (("", {}), ("x" * 61, {}), ("Long", {"search": "y" * 3000})):
        with pytest.raises(Invalid):
            await save_view(session, vera, "customers", name, question)


async def test_the_list_opens_what_was_saved(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        await add_customer(session, name="Ann")
        await add_customer(session, name="Bob", churn_risk="low")
        mara, vera = await person(session, Role.MANAGER), await person(session, Role.USER)
    state = await Tab("/customers", mara).state(CustomersState)
    await run(CustomersState.load, state)
    await run(CustomersState.choose, state, "churn_risk", "low")
    await run(CustomersState.show_column, state, "Favourite", False)
    await run(CustomersState.ask_view, state)
    await run(CustomersState.save_view, state, {"name": "  "})
    assert "name" in state.errors["name"]
    await run(CustomersState.save_view, state, {"name": "Staying", "shared": "yes"})
    assert not state.saving
    theirs = await Tab("/customers", vera).state(CustomersState)
    await run(CustomersState.load, theirs)
    assert {row.name for row in theirs.rows} == {"Ann", "Bob"}
    (view,) = theirs.views
    address = said(await run(CustomersState.open_view, theirs, view.id))
    assert [row.name for row in theirs.rows] == ["Bob"]
    assert theirs.hidden == ["Favourite"]
    assert "churn_risk=low" in address
    assert "hide=Favourite" in address
    await run(CustomersState.ask_view, theirs)
    assert "role" in said(await run(CustomersState.save_view, theirs, {"name": "Mine", "shared": "yes"}))
    assert "managers" in said(await run(CustomersState.delete_view, theirs, view.id))
    assert "no such view" in said(await run(CustomersState.open_view, theirs, str(uuid7())))
    async with transaction() as session:
        kept = await session.execute(text("SELECT action FROM audit_log WHERE entity = 'saved_view'"))
        assert list(kept.scalars()) == ["view.saved"]
