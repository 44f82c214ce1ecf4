"""The suppression list, what one customer bought, and what they agreed to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import Whole, add_up, read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.labels.product_labels import LABELLED_LINES
from liquor_app.customers.models import SuppressionReason
from liquor_app.customers.purchase_history import PurchaseFields, PurchaseRow
from liquor_app.customers.service import get_customer
from liquor_app.customers.suppressions import SuppressionRow, normalise_address
from liquor_app.organization.lists import by_shop_days
from liquor_app.organization.models import Channel
from liquor_app.ui.status_looks import STATUS_WORDS

SUPPRESSIONS = ListSpec(
    name="suppressions",
    row=SuppressionRow,
    source="suppressions t",
    where="t.lifted_at IS NULL",
    order="-created_at",
    permission=Permission.CUSTOMERS_PRIVATE,
    export_permission=Permission.CUSTOMERS_PRIVATE,
    sorts=(Sort("created_at", first="-"),),
    filters=(
        # found by its hash, so also after an erasure
        Filter("address", "t.address_hash = :address", Match.EXACT,
               parse=lambda value: address_hash(normalise_address(value)), names_people=True),
        Filter("reason", "t.reason", options=tuple(SuppressionReason), label="Reason", spoken=STATUS_WORDS),
    ),
    spoken={"channel": {one.value: one.label for one in Channel}},
    export={
        "address": "address", "channel": "channel", "reason": "reason", "created_at": "since", "source": "source",
        "repeats": "said again, times", "repeated_at": "last said again",
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
    permission=Permission.CUSTOMERS_READ,
    export_permission=Permission.CUSTOMERS_PRIVATE,
    sorts=(Sort("occurred_at", first="-"), Sort("total", first="-"), Sort("discount", first="-")),
    bounded="what one customer bought",
    export={
        "id": "id", "external_id": "receipt", "occurred_at": "bought", "total": "total", "discount": "discount",
        "store": "store", "register": "register", "categories": "categories",
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


@dataclass(frozen=True)
class SaleRow(PurchaseFields):
    """A purchase of the shop's, with who made it; without a name where they were deleted."""

    customer_id: UUID
    customer_name: str | None


class SaleKind(StrEnum):
    """What a purchase is to the figures."""

    ORDER = "order"
    """Something was paid for it."""
    RETURN = "return"
    NOTHING = "nothing"
    """It came to 0.00: no order, and nothing given back."""


_KIND = (
    f"CASE WHEN t.total > 0 THEN '{SaleKind.ORDER}' WHEN t.total < 0 THEN '{SaleKind.RETURN}'"
    f" ELSE '{SaleKind.NOTHING}' END"
)

SALES = ListSpec(
    name="sales",
    row=SaleRow,
    source="purchases t LEFT JOIN customers c ON c.id = t.customer_id AND c.deleted_at IS NULL",
    counted="purchases t",
    select={"customer_name": "COALESCE(c.name, c.email, c.phone, c.external_id)"},
    order="-occurred_at",
    permission=Permission.CUSTOMERS_READ,
    export_permission=Permission.CUSTOMERS_PRIVATE,
    sorts=(Sort("occurred_at", first="-"),),
    filters=(
        Filter("bought_from", "t.occurred_at", Match.FROM, label="From"),
        Filter("bought_until", "t.occurred_at", Match.UNTIL, label="Until"),
        Filter("kind", _KIND, options=tuple(SaleKind), label="Kind", spoken={
            SaleKind.ORDER: "Orders", SaleKind.RETURN: "Given back", SaleKind.NOTHING: "Came to nothing",
        }),
    ),
    export={
        "id": "id", "external_id": "receipt", "occurred_at": "bought", "customer_name": "customer", "total": "total",
        "discount": "discount", "store": "store", "register": "register",
    },
)  # fmt: skip
"""What the figures of the till count, row by row; the days of its filters are the shop's."""


async def list_sales(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[SaleRow]:
    """Return a page of the shop's purchases and what was given back, the latest first.

    Raises:
        Invalid: see `read_list`.
    """
    require(actor, Permission(SALES.permission))
    return await read_list(session, actor, SALES, await by_shop_days(session, query))


async def add_up_sales(session: AsyncSession, actor: Actor, query: ListQuery) -> Whole:
    """Count the shop's purchases that match, and tell what they come to, returns taken off.

    Raises:
        Invalid: see `read_list`.
    """
    require(actor, Permission(SALES.permission))
    return await add_up(session, actor, SALES, await by_shop_days(session, query), "total")


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """Somebody agreed or withdrew: where, when, to which words; of a file's word where in it that stands, and what was
    said of all its rows instead (`for_all`, field names with commas). `by` is who recorded it, or had it imported."""

    id: UUID
    channel: str
    status: str
    source: str
    at: datetime
    version: str | None
    agreed_to: str | None
    file: str | None
    file_row: str | None
    file_column: str | None
    for_all: str | None
    by: str | None


CONSENTS = ListSpec(
    name="consents",
    row=ConsentRow,
    source="consents t",
    where="t.customer_id = :customer",
    select={
        "version": "t.wording_version",
        "agreed_to": "t.evidence ->> 'words'",
        "file": "t.evidence ->> 'import'",
        "file_row": "t.evidence ->> 'row'",
        "file_column": "t.evidence ->> 'column'",
        "for_all": "array_to_string(ARRAY(SELECT jsonb_array_elements_text(t.evidence -> 'said_of_all')), ', ')",
        "by": "(SELECT COALESCE(u.full_name, u.email) FROM users u WHERE u.id = t.recorded_by)",
    },
    order="-at",
    permission=Permission.CUSTOMERS_READ,
    export_permission=Permission.CUSTOMERS_PRIVATE,
    sorts=(Sort("at", first="-"),),
    filters=(
        Filter("channel", "t.channel", options=tuple(Channel), label="Channel",
               spoken={one.value: one.label for one in Channel}),
    ),
    bounded="what one customer said of consent",
    export={
        "id": "id", "channel": "channel", "status": "consent", "source": "source", "at": "when",
        "version": "version of the words", "agreed_to": "what was agreed to", "file": "file", "file_row": "row",
        "file_column": "column", "for_all": "said of the whole file", "by": "recorded by",
    },
)  # fmt: skip


async def consents_of(session: AsyncSession, actor: Actor, customer_id: UUID, query: ListQuery | None) -> ListQuery:
    """Return a question about one customer's consents.

    Raises:
        NotFound: there is no such customer.
    """
    await get_customer(session, actor, customer_id)
    return replace(query or ListQuery(), scope={"customer": customer_id})


async def list_consents(
    session: AsyncSession, actor: Actor, customer_id: UUID, query: ListQuery | None = None
) -> Page[ConsentRow]:
    """Return a page of what a customer agreed to and withdrew, with its evidence, the latest first.

    Raises:
        NotFound: there is no such customer.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, CONSENTS, await consents_of(session, actor, customer_id, query))
