"""The suppression list, and what one customer bought."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permissions import Actor
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.labels.product_labels import LABELLED_LINES
from liquor_app.customers.models import SuppressionReason
from liquor_app.customers.purchase_history import PurchaseRow
from liquor_app.customers.service import get_customer
from liquor_app.customers.suppressions import SuppressionRow, normalise_address
from liquor_app.organization.models import Channel
from liquor_app.ui.status_looks import STATUS_WORDS

SUPPRESSIONS = ListSpec(
    name="suppressions",
    row=SuppressionRow,
    source="suppressions t",
    where="t.lifted_at IS NULL",
    order="-created_at",
    sorts=(Sort("created_at", first="-"),),
    filters=(
        # found by its hash, so also after an erasure
        Filter("address", "t.address_hash = :address", Match.EXACT,
               parse=lambda value: address_hash(normalise_address(value)), names_people=True),
        Filter("reason", "t.reason", options=tuple(SuppressionReason), label="Reason", spoken=STATUS_WORDS),
    ),
    role="manager",
    spoken={"channel": {one.value: one.label for one in Channel}},
    export={
        "address": "address", "channel": "channel", "reason": "reason", "created_at": "since", "source": "source",
    },
)  # fmt: skip


async def list_suppressions(
    session: AsyncSession, actor: Actor, query: ListQuery | None = None
) -> Page[SuppressionRow]:
    """Return entries in force, newest first.

    Raises:
        Forbidden: the actor is not a manager: the list is addresses.
        Invalid: see `read_list`; no address.
    """
    return await read_list(session, actor, SUPPRESSIONS, query)


PURCHASES = ListSpec(
    name="purchases",
    row=PurchaseRow,
    source="purchases t",
    where="t.customer_id = :customer",
    select={
        "categories": f"COALESCE((SELECT array_agg(DISTINCT l.category) FROM {LABELLED_LINES} l"
        " WHERE l.purchase_id = t.id), '{}')",
    },
    order="-occurred_at",
    sorts=(Sort("occurred_at", first="-"), Sort("total", first="-"), Sort("discount", first="-")),
    bounded="what one customer bought",
    export={
        "id": "id", "external_id": "receipt", "occurred_at": "bought", "total": "total", "discount": "discount",
        "store": "store", "categories": "categories",
    },
)  # fmt: skip


async def purchases_of(session: AsyncSession, actor: Actor, customer_id: UUID, query: ListQuery | None) -> ListQuery:
    """Return a question about one customer's purchases.

    Raises:
        NotFound: there is no such customer.
    """
    await get_customer(session, actor, customer_id)
    return replace(query or ListQuery(), scope={"customer": customer_id})


async def list_purchases(
    session: AsyncSession, actor: Actor, customer_id: UUID, query: ListQuery | None = None
) -> Page[PurchaseRow]:
    """Return a page of a customer's baskets with their categories, the latest first unless asked otherwise.

    Raises:
        NotFound: there is no such customer.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, PURCHASES, await purchases_of(session, actor, customer_id, query))
