"""Routes: who asked for a product, and bottles there are too few of."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.allocations import interest, service
from liquor_app.allocations.explain_draw import Explanation, explain_entry
from liquor_app.allocations.lists import (
    ALLOCATIONS,
    ENTRIES,
    INTERESTS,
    entries_of,
    interests_for,
    list_allocations,
    list_entries,
    list_interests,
)
from liquor_app.allocations.models import AllocationMethod
from liquor_app.allocations.service import AllocationRow
from liquor_app.api.etag import check_unchanged
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Body, Id, Row
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.list_routes import list_routes, list_routes_of

router = APIRouter(tags=["allocations"])


class InterestIn(Body):
    """Customers who asked for the product, or a tag that everybody who asked has."""

    customer_ids: Annotated[list[UUID], Field(max_length=5_000)] | None = None
    tag: Annotated[str, Field(max_length=40)] | None = None


class InterestOut(Row):
    """For how many that is new; who asked before keeps their turn."""

    new: int


class AllocationIn(Body):
    """So many bottles, one a person. `counsel`: what counsel said of ranking by spend, which is disputed (admins)."""

    product_id: UUID
    bottles: Annotated[int, Field(ge=1, le=service.MOST_BOTTLES)]
    method: AllocationMethod = AllocationMethod.DRAW
    counsel: Annotated[str, Field(max_length=500)] = ""


class EntryIn(Body):
    """Whether whoever has this number has fetched their bottle; unclaimed, it goes to the next in order."""

    number: Annotated[int, Field(ge=1)]
    claimed: bool


class EntryOut(Row):
    """Whose number is offered the bottle now; null where it was fetched, or nobody is next."""

    next_number: int | None


list_routes_of(
    router, INTERESTS, list_interests, interests_for, "Who asked for a product, in the order they asked.",
    path="/products/{id}/interests", version=interest.interests_version,
)  # fmt: skip


@router.post("/products/{id}/interests", response_model=InterestOut)
@needs(Permission.ALLOCATIONS_WRITE)
async def ask_for(actor: CurrentActor, product_id: Id, body: InterestIn) -> object:
    """Note that customers asked for a product. Said twice, nothing changes."""
    if (body.customer_ids is None) == (body.tag is None):
        raise Invalid("Give either customer_ids or a tag.", field="customer_ids")
    async with transaction() as session:
        if body.tag is not None:
            return {"new": await interest.ask_by_tag(session, actor, product_id, body.tag)}
        people = body.customer_ids or []
        return {"new": await interest.ask_for(session, actor, product_id, people, source=interest.BY_PROGRAM)}


@router.delete("/products/{id}/interests", status_code=204)
@needs(Permission.ALLOCATIONS_WRITE)
async def forget(request: Request, actor: CurrentActor, product_id: Id, customer_id: UUID) -> None:
    """A customer no longer wants it; lists that are frozen keep their place."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: interest.interests_version(session, product_id))
        await interest.forget_interest(session, actor, product_id, customer_id)


list_routes(router, ALLOCATIONS, list_allocations, "Allocations, latest first.", path="/allocations")


@router.post("/allocations", response_model=AllocationRow, status_code=201)
@needs(Permission.ALLOCATIONS_WRITE)
async def create(request: Request, actor: CurrentActor, body: AllocationIn) -> Response:
    """Open an allocation. `seed_hash` commits to the draw from now on; the seed is shown after it."""

    async def work(session: Any) -> AllocationRow:
        return await service.create_allocation(
            session, actor, body.product_id, body.bottles, method=body.method, counsel=body.counsel
        )

    return await once(request, key_owner(actor), AllocationRow, work)


@router.get("/allocations/{id}", response_model=AllocationRow)
@needs(Permission.ALLOCATIONS_READ)
async def read(actor: CurrentActor, allocation_id: Id) -> object:
    """One allocation."""
    async with transaction() as session:
        return await service.get_allocation(session, actor, allocation_id)


@router.post("/allocations/{id}/freeze", response_model=AllocationRow)
@needs(Permission.ALLOCATIONS_WRITE)
async def freeze(actor: CurrentActor, allocation_id: Id) -> object:
    """Settle who is on the list; nobody is added or taken off afterwards. Done twice, nothing changes."""
    async with transaction() as session:
        return await service.freeze_list(session, actor, allocation_id)


@router.post("/allocations/{id}/draw", response_model=AllocationRow)
@needs(Permission.ALLOCATIONS_WRITE)
async def draw(actor: CurrentActor, allocation_id: Id) -> object:
    """Draw, once. Asked again, or by somebody else at the same moment, it answers what was drawn."""
    async with transaction() as session:
        return await service.draw(session, actor, allocation_id)


@router.post("/allocations/{id}/cancel", response_model=AllocationRow)
@needs(Permission.ALLOCATIONS_WRITE)
async def cancel(actor: CurrentActor, allocation_id: Id) -> object:
    """Give it up before it is drawn; who asked stays noted."""
    async with transaction() as session:
        return await service.cancel_allocation(session, actor, allocation_id)


list_routes_of(
    router, ENTRIES, list_entries, entries_of, "Everybody's place on a frozen list, in the order drawn.",
    path="/allocations/{id}/entries",
)  # fmt: skip


@router.post("/allocations/{id}/entries", response_model=EntryOut)
@needs(Permission.ALLOCATIONS_WRITE)
async def settle(actor: CurrentActor, allocation_id: Id, body: EntryIn) -> object:
    """Say whether a bottle was fetched; unclaimed, the next in order is offered it."""
    async with transaction() as session:
        told = await service.settle_entry(session, actor, allocation_id, body.number, claimed=body.claimed)
        return {"next_number": told}


@router.get("/allocations/{id}/explain", response_model=Explanation)
@needs(Permission.ALLOCATIONS_READ)
async def explain(actor: CurrentActor, allocation_id: Id, customer_id: UUID) -> Explanation:
    """What became of a customer's place, in words for them, and how to check it."""
    async with transaction() as session:
        return await explain_entry(session, actor, allocation_id, customer_id)
