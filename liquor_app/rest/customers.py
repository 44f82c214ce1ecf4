"""Routes: customers and their history."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.actions.lists import NOT_SENT, list_not_sent, not_sent_of
from liquor_app.api.etag import check_unchanged, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Cursor, Id, Limit, Row
from liquor_app.core.db import Session, transaction
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.paging import decode_cursor, encode_cursor
from liquor_app.customers import service
from liquor_app.customers.ages.age_verification import age_of, settle_age
from liquor_app.customers.editing import change_customer
from liquor_app.customers.lists import (
    CONSENTS,
    PURCHASES,
    SALES,
    consents_of,
    list_consents,
    list_purchases,
    list_sales,
    purchases_of,
)
from liquor_app.customers.purchase_history import PurchaseRow
from liquor_app.customers.service import CustomerRow
from liquor_app.organization.lists import by_shop_days
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.bulk_routes import bulk_routes
from liquor_app.rest.kit.list_routes import list_routes, list_routes_of
from liquor_app.rest.schemas.customers import AgeIn, AgeOut, Breakdown, CustomerIn, CustomerPatch
from liquor_app.segments import lists
from liquor_app.segments.lists import CUSTOMER_ACTIONS, CUSTOMERS
from liquor_app.segments.membership import breakdown_by_rfm
from liquor_app.sending.lists import list_sends
from liquor_app.sending.service import SendRow

router = APIRouter(tags=["customers"])


FIRST = ""
"""In place of a cursor: from the beginning. None: nothing is left."""


class HistoryOut(Row):
    """What a customer bought and what they were sent, newest first; up to `limit` of each."""

    purchases: list[PurchaseRow]
    sends: list[SendRow]
    next_cursor: str | None = None
    """Where both go on; null at the end of both."""


list_routes(
    router,
    CUSTOMERS,
    lists.list_customers,
    "Customers that match every given filter, the most valuable first.",
    path="/customers",
)
bulk_routes(router, CUSTOMER_ACTIONS, path="/customers")


@router.post("/customers", response_model=CustomerRow, status_code=201)
@needs(Permission.CUSTOMERS_WRITE)
async def create_customer(request: Request, actor: CurrentActor, body: CustomerIn) -> Response:
    """Add one. Consent is never implied."""
    return await once(
        request,
        key_owner(actor),
        CustomerRow,
        lambda session: change_customer.create_customer(session, actor, body.model_dump(exclude_unset=True)),
        location="/api/v1/customers/{id}",
    )


@router.get("/customers/segments", response_model=Breakdown)
@needs(Permission.CUSTOMERS_READ)
async def segment_breakdown(actor: CurrentActor) -> object:
    """How the base divides by RFM segment."""
    async with transaction() as session:
        rows = await breakdown_by_rfm(session, actor)
    return {"items": rows, "total": sum(row.customers for row in rows)}


@router.get("/customers/{id}", response_model=CustomerRow)
@needs(Permission.CUSTOMERS_READ)
async def get_customer(response: Response, actor: CurrentActor, customer_id: Id) -> object:
    """One customer with facts and scores."""
    async with transaction() as session:
        row = await service.get_customer(session, actor, customer_id)
    tag(response, row.updated_at)
    return row


@router.patch("/customers/{id}", response_model=CustomerRow)
@needs(Permission.CUSTOMERS_WRITE)
async def update_customer(
    request: Request, response: Response, actor: CurrentActor, customer_id: Id, body: CustomerPatch
) -> object:
    """Change the given fields. `If-Match` refuses to overwrite somebody else's change."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, customer_id))
        before = await service.get_customer(session, actor, customer_id)
        row = await change_customer.update_customer(
            session, actor, customer_id, body.model_dump(exclude_unset=True), seen=before.updated_at
        )
    tag(response, row.updated_at)
    return row


@router.get("/customers/{id}/age", response_model=AgeOut)
@needs(Permission.CUSTOMERS_PRIVATE)
async def customer_age(actor: CurrentActor, customer_id: Id) -> object:
    """What is known of somebody's age, with the date of birth: no list has it."""
    async with transaction() as session:
        return await age_of(session, actor, customer_id)


@router.post("/customers/{id}/age", response_model=AgeOut)
@needs(Permission.CUSTOMERS_WRITE)
async def record_proof_of_age(request: Request, actor: CurrentActor, customer_id: Id, body: AgeIn) -> Response:
    """Record the proof of age somebody of the shop has seen. It ends a doubt about the age (`age_disputed_at`), either
    way; nothing is sent to a minor."""
    return await once(
        request,
        key_owner(actor),
        AgeOut,
        lambda session: settle_age(session, actor, customer_id, born=body.date_of_birth, proof=body.proof),
        status=200,
    )


@router.delete("/customers/{id}", status_code=204)
@needs(Permission.CUSTOMERS_WRITE)
async def delete_customer(request: Request, actor: CurrentActor, customer_id: Id) -> Response:
    """Soft delete: gone from every list and audience, kept for the record."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, customer_id))
        await change_customer.delete_customer(session, actor, customer_id)
    return Response(status_code=204)


@router.get("/customers/{id}/history", response_model=HistoryOut)
@needs(Permission.CUSTOMERS_READ)
async def customer_history(
    actor: CurrentActor, customer_id: Id, limit: Limit = 50, cursor: Cursor | None = None
) -> object:
    """What they bought and what they were sent."""
    buys, sends = decode_cursor(cursor, str, str) if cursor else (FIRST, FIRST)
    async with transaction() as session:
        bought = await list_purchases(session, actor, customer_id, ListQuery(cursor=buys or None, limit=limit))
        sent = await list_sends(
            session, actor, ListQuery({"customer_id": str(customer_id)}, cursor=sends or None, limit=limit)
        )
    # one of the two may be over before the other
    after = (None if buys is None else bought.next_cursor, None if sends is None else sent.next_cursor)
    return {
        "purchases": [] if buys is None else bought.items,
        "sends": [] if sends is None else sent.items,
        "next_cursor": encode_cursor(*after) if any(after) else None,
    }


list_routes(
    router, SALES, list_sales,
    "The shop's purchases and what was given back, the latest first: what the figures of the till count.",
    path="/purchases", scoped=by_shop_days,
)  # fmt: skip
list_routes_of(
    router, PURCHASES, list_purchases, purchases_of, "What they bought, the latest first.",
    path="/customers/{id}/purchases",
)  # fmt: skip
list_routes_of(
    router, CONSENTS, list_consents, consents_of,
    "What they agreed to and withdrew, with the evidence: source, words, where in which file; the latest first.",
    path="/customers/{id}/consents",
)  # fmt: skip
list_routes_of(
    router, NOT_SENT, list_not_sent, not_sent_of,
    "Every time they were not contacted and why, the latest first: left out of the audience, not planned, or stopped at"
    " the moment of sending.", path="/customers/{id}/not-sent",
)  # fmt: skip


async def _version(session: Session, actor: Actor, customer_id: UUID) -> datetime:
    return (await service.get_customer(session, actor, customer_id)).updated_at
