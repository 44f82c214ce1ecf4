"""Endpoints, and what was sent to each, as lists."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Sort
from liquor_app.core.paging import Page
from liquor_app.webhooks.endpoints import EndpointRow, get_endpoint
from liquor_app.webhooks.models import DeliveryStatus, Happened

WEBHOOKS = ListSpec(
    name="webhook_endpoints",
    row=EndpointRow,
    source="webhook_endpoints t",
    order="-created_at",
    permission=Permission.WEBHOOKS_READ,
    export_permission=Permission.WEBHOOKS_READ,
    sorts=(Sort("created_at", first="-"), Sort("url")),
    search="lower(t.url || ' ' || t.description) LIKE :search",
    export={
        "url": "address", "description": "description", "events": "told of", "is_active": "active",
        "disabled_reason": "why not", "last_success_at": "last took something", "created_at": "made",
    },
    bounded="twenty endpoints at most",
)  # fmt: skip


async def list_webhooks(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[EndpointRow]:
    """Return a page of the endpoints, the newest first.

    Raises:
        Forbidden: the actor is no admin.
        Invalid: see `read_list`.
    """
    require(actor, Permission.WEBHOOKS_READ)
    return await read_list(session, actor, WEBHOOKS, query)


@dataclass(frozen=True)
class DeliveryRow:
    """One event for one endpoint; `payload` is what is sent, to the byte. `next_at` counts while it waits."""

    id: UUID
    event_id: UUID
    type: Happened
    status: DeliveryStatus
    attempts: int
    next_at: datetime
    last_at: datetime | None
    response_code: int | None
    error: str | None
    created_at: datetime
    payload: str


DELIVERIES = ListSpec(
    name="webhook_deliveries",
    row=DeliveryRow,
    source="webhook_deliveries t JOIN webhook_events v ON v.id = t.event_id",
    counted="webhook_deliveries t",
    where="t.endpoint_id = :endpoint",
    select={"type": "v.type", "payload": "v.payload"},
    order="-created_at",
    permission=Permission.WEBHOOKS_READ,
    export_permission=Permission.WEBHOOKS_READ,
    sorts=(Sort("created_at", first="-"),),
    filters=(
        Filter(
            "status", "t.status", options=tuple(DeliveryStatus), label="Status",
            spoken={one.value: one.label for one in DeliveryStatus},
        ),
    ),
    export={
        "created_at": "happened", "type": "event", "status": "status", "attempts": "tries", "last_at": "last try",
        "response_code": "answer", "error": "why not", "next_at": "next try", "event_id": "event id",
    },
)  # fmt: skip


async def deliveries_of(session: AsyncSession, actor: Actor, endpoint_id: UUID, query: ListQuery | None) -> ListQuery:
    """Return a question about what was sent to one endpoint.

    Raises:
        Forbidden: the actor is no admin.
        NotFound: there is no such endpoint.
    """
    await get_endpoint(session, actor, endpoint_id)
    return replace(query or ListQuery(), scope={"endpoint": endpoint_id})


async def list_deliveries(
    session: AsyncSession, actor: Actor, endpoint_id: UUID, query: ListQuery | None = None
) -> Page[DeliveryRow]:
    """Return a page of what was sent to one endpoint, the latest first.

    Raises:
        Forbidden, NotFound: as for `deliveries_of`.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, DELIVERIES, await deliveries_of(session, actor, endpoint_id, query))
