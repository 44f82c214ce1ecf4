"""Routes: what tills and shops tell, one at a time or thousands a call: customers, purchases, events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.idempotency import once
from liquor_app.api.many_rows import MAX_BYTES, RowsOut, body_of, read_one_or_rows, read_rows, rows_told
from liquor_app.imports.bulk_calls.put_customers import put_customers
from liquor_app.imports.bulk_calls.record_events import record_told_events
from liquor_app.imports.bulk_calls.record_purchases import record_purchases
from liquor_app.imports.single_purchases import NewLine, NewOrder, ToldEvent, record_event, record_purchase
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.schemas.customers import CustomerRowIn, EventIn, EventOut, PurchaseIn, PurchaseOut

router = APIRouter()
LARGE_BODIES = dict.fromkeys(("PUT /api/v1/customers", "POST /api/v1/purchases", "POST /api/v1/events"), MAX_BYTES)

CUSTOMER = {
    "external_id": "C-1001", "email": "ann@example.com", "name": "Ann Sample", "state": "OR", "tags": ["vip"],
    "email_consent": True, "consent_source": "counter", "consent_at": "2026-03-01T10:00:00Z",
}  # fmt: skip
PURCHASE = {
    "order_id": "T2-58831", "occurred_at": "2026-11-02T17:40:00Z", "email": "ann@example.com",
    "lines": [{"amount": "24.99", "product": "Rye 750 ml", "sku": "RYE-1"}],
}  # fmt: skip
EVENT = {"event_type": "page_view", "email": "ann@example.com", "properties": {"path": "/rye"}}


def _told(body: CustomerRowIn) -> Mapping[str, Any]:
    return body.model_dump(exclude_unset=True)


def _order(body: PurchaseIn) -> NewOrder:
    return NewOrder(**{**body.model_dump(), "lines": [NewLine(**line.model_dump()) for line in body.lines]})


def _event(body: EventIn) -> ToldEvent:
    return ToldEvent(**body.model_dump())


@router.put(
    "/customers", response_model=RowsOut, tags=["customers"],
    openapi_extra=body_of(CustomerRowIn, may_be_one=False, example=CUSTOMER),
)  # fmt: skip
@needs(Permission.CUSTOMERS_WRITE)
async def write_customers(request: Request, actor: CurrentActor) -> Response:
    """Add customers or change those known, up to 10,000 a call, as a JSON array or a row a line. Sending the same again
    changes nothing. The answer says of each row what became of it; one that is refused leaves the others be."""
    rows = await read_rows(request, CustomerRowIn, _told)

    async def work(session: Any) -> dict[str, Any]:
        return rows_told(await put_customers(session, actor, rows))

    return await once(request, key_owner(actor), RowsOut, work, status=200)


@router.post(
    "/purchases", response_model=PurchaseOut, status_code=201, tags=["purchases"],
    responses={200: {"model": RowsOut, "description": "Of many: what became of each."}},
    openapi_extra=body_of(PurchaseIn, may_be_one=True, example=PURCHASE),
)  # fmt: skip
@needs(Permission.PURCHASES_WRITE)
async def create_purchase(request: Request, actor: CurrentActor) -> Response:
    """Tell a basket, from a till or a shop; or up to 10,000 of them, as a JSON array or one a line. The same order
    again is harmless; a corrected one replaces its lines. Of several of one order in a call the last counts."""
    told = await read_one_or_rows(request, PurchaseIn, _order)
    if isinstance(told, NewOrder):
        order = told
        return await once(
            request, key_owner(actor), PurchaseOut, lambda session: record_purchase(session, actor, order)
        )
    orders = told

    async def work(session: Any) -> dict[str, Any]:
        return rows_told(await record_purchases(session, actor, orders))

    return await once(request, key_owner(actor), RowsOut, work, status=200)


@router.post(
    "/events", response_model=EventOut, status_code=201, tags=["events"],
    responses={200: {"model": RowsOut, "description": "Of many: what became of each."}},
    openapi_extra=body_of(EventIn, may_be_one=True, example=EVENT),
)  # fmt: skip
@needs(Permission.EVENTS_WRITE)
async def create_event(request: Request, actor: CurrentActor) -> Response:
    """Tell something a customer did, such as a page view; or up to 10,000 such things, as a JSON array or one a line.
    Repeat it safely with an `Idempotency-Key`."""
    told = await read_one_or_rows(request, EventIn, _event)
    if isinstance(told, ToldEvent):
        event = told

        async def one(session: Any) -> EventOut:
            await record_event(session, actor, event)
            return EventOut(recorded=True)

        return await once(request, key_owner(actor), EventOut, one)
    events = told

    async def work(session: Any) -> dict[str, Any]:
        return rows_told(await record_told_events(session, actor, events))

    return await once(request, key_owner(actor), RowsOut, work, status=200)
