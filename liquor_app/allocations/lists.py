"""The lists: who asked for a product, the allocations, and everybody's place on one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor
from liquor_app.allocations.interest import InterestRow
from liquor_app.allocations.models import AllocationStatus, EntryStatus, InterestStatus
from liquor_app.allocations.service import AllocationRow, get_allocation
from liquor_app.catalog.service import get_product
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Sort
from liquor_app.core.paging import Page
from liquor_app.ui.status_looks import STATUS_WORDS

_NAME = "COALESCE(c.name, c.email, c.phone, c.external_id)"

INTERESTS = ListSpec(
    name="interests",
    row=InterestRow,
    source="product_interests t LEFT JOIN customers c ON c.id = t.customer_id",
    counted="product_interests t",
    where="t.product_id = :product",
    select={"customer_name": _NAME},
    order="asked_at",
    permission=Permission.ALLOCATIONS_READ,
    export_permission=Permission.ALLOCATIONS_EXPORT,
    sorts=(Sort("asked_at"),),
    filters=(Filter("status", "t.status", options=tuple(InterestStatus), label="Status", spoken=STATUS_WORDS),),
    export={
        "asked_at": "asked", "customer_name": "customer", "source": "by", "status": "status",
    },
)  # fmt: skip


async def interests_for(session: AsyncSession, actor: Actor, product_id: UUID, query: ListQuery | None) -> ListQuery:
    """Return a question about who asked for one product.

    Raises:
        NotFound: there is no such product.
    """
    await get_product(session, actor, product_id)
    return replace(query or ListQuery(), scope={"product": product_id})


async def list_interests(
    session: AsyncSession, actor: Actor, product_id: UUID, query: ListQuery | None = None
) -> Page[InterestRow]:
    """Return a page of who asked for a product, in the order they asked.

    Raises:
        NotFound: there is no such product.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, INTERESTS, await interests_for(session, actor, product_id, query))


ALLOCATIONS = ListSpec(
    name="allocations",
    row=AllocationRow,
    source="allocations t",
    order="-created_at",
    permission=Permission.ALLOCATIONS_READ,
    export_permission=Permission.ALLOCATIONS_EXPORT,
    sorts=(Sort("created_at", first="-"),),
    filters=(Filter("status", "t.status", options=tuple(AllocationStatus), label="Status", spoken=STATUS_WORDS),),
    search="lower(t.product_name) LIKE :search",
    export={
        "id": "id", "product_name": "product", "bottles": "bottles", "method": "method", "status": "status",
        "listed": "on the list", "seed_hash": "hash of the seed", "seed": "seed", "list_hash": "hash of the list",
        "created_at": "opened", "frozen_at": "frozen", "drawn_at": "drawn",
    },
)  # fmt: skip


async def list_allocations(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[AllocationRow]:
    """Return a page of allocations, latest first.

    Raises:
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, ALLOCATIONS, query)


@dataclass(frozen=True)
class Place:
    """A number and what the draw made of it."""

    number: int
    customer_id: UUID | None
    spend: Decimal
    place: int | None
    ticket: str | None


@dataclass(frozen=True)
class EntryRow(Place):
    """Somebody's place on a frozen list."""

    customer_name: str | None
    status: EntryStatus
    note: str
    decided_at: datetime | None


ENTRIES = ListSpec(
    name="entries",
    row=EntryRow,
    source="allocation_entries t LEFT JOIN customers c ON c.id = t.customer_id",
    counted="allocation_entries t",
    where="t.allocation_id = :allocation",
    select={"customer_name": _NAME},
    key="t.number",
    key_field="number",
    order="place",
    permission=Permission.ALLOCATIONS_READ,
    export_permission=Permission.ALLOCATIONS_EXPORT,
    sorts=(Sort("place", nulls_last=True), Sort("number")),
    filters=(Filter("status", "t.status", options=tuple(EntryStatus), label="Status", spoken=STATUS_WORDS),),
    bounded="one list has 100,000 places at most",
    export={
        "number": "number", "customer_name": "customer", "spend": "spent in the year before", "place": "place",
        "ticket": "ticket", "status": "status", "note": "why not", "decided_at": "decided",
    },
)  # fmt: skip


async def entries_of(session: AsyncSession, actor: Actor, allocation_id: UUID, query: ListQuery | None) -> ListQuery:
    """Return a question about one allocation's list.

    Raises:
        NotFound: there is no such allocation.
    """
    await get_allocation(session, actor, allocation_id)
    return replace(query or ListQuery(), scope={"allocation": allocation_id})


async def list_entries(
    session: AsyncSession, actor: Actor, allocation_id: UUID, query: ListQuery | None = None
) -> Page[EntryRow]:
    """Return a page of a frozen list, in the order that was drawn.

    Raises:
        NotFound: there is no such allocation.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, ENTRIES, await entries_of(session, actor, allocation_id, query))
