"""Routes: where others are told what happens here, and what was sent to them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.idempotency import once, once_secret
from liquor_app.api.schemas import Body, Id, Patch, Row
from liquor_app.core.db import Session, transaction
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.list_routes import list_routes, list_routes_of
from liquor_app.webhooks import endpoints
from liquor_app.webhooks.endpoints import MAX_DESCRIPTION, MAX_URL, EndpointRow
from liquor_app.webhooks.lists import DELIVERIES, WEBHOOKS, deliveries_of, list_deliveries, list_webhooks

router = APIRouter(tags=["webhooks"])

SET_UP = ("id", "url", "description", "events", "is_active")
"""Fields that make another version: what somebody set, not what became of it."""

Url = Annotated[str, Field(min_length=1, max_length=MAX_URL)]
Events = Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=40)]
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION)]


class EndpointIn(Body):
    """`events`: customer.created, purchase.created and so on."""

    url: Url
    events: Events
    description: Description = ""


class EndpointPatch(Patch):
    """One that is active again is told what waited for it."""

    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    is_active: bool | None = None


class NewEndpointOut(Row):
    """The secret is shown here and never again."""

    endpoint: EndpointRow
    secret: str


class TestSent(Row):
    delivery_id: UUID


list_routes(router, WEBHOOKS, list_webhooks, "Endpoints, the newest first.", path="/webhook-endpoints")
list_routes_of(
    router, DELIVERIES, list_deliveries, deliveries_of, "What was sent to an endpoint, the latest first.",
    path="/webhook-endpoints/{id}/deliveries",
)  # fmt: skip


@router.post("/webhook-endpoints", response_model=NewEndpointOut, status_code=201)
@needs(Permission.WEBHOOKS_ADMIN)
async def add_endpoint(request: Request, actor: CurrentActor, body: EndpointIn) -> Response:
    """Tell an address what happens from now on, signed by Standard Webhooks with the secret of the answer."""
    return await once_secret(
        request,
        key_owner(actor),
        NewEndpointOut,
        lambda session: endpoints.create_endpoint(
            session, actor, url=body.url, events=body.events, description=body.description
        ),
        secrets=("secret",),
    )


@router.get("/webhook-endpoints/{id}", response_model=EndpointRow)
@needs(Permission.WEBHOOKS_READ)
async def read_endpoint(response: Response, actor: CurrentActor, endpoint_id: Id) -> object:
    """One endpoint; its secret is not shown."""
    async with transaction() as session:
        row = await endpoints.get_endpoint(session, actor, endpoint_id)
    tag(response, content(row, *SET_UP))
    return row


async def _version(session: Session, actor: Actor, endpoint_id: UUID) -> str:
    return content(await endpoints.get_endpoint(session, actor, endpoint_id), *SET_UP)


@router.patch("/webhook-endpoints/{id}", response_model=EndpointRow)
@needs(Permission.WEBHOOKS_ADMIN)
async def change_endpoint(
    request: Request, response: Response, actor: CurrentActor, endpoint_id: Id, body: EndpointPatch
) -> object:
    """Change where, what or whether it is told."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, endpoint_id))
        row = await endpoints.change_endpoint(session, actor, endpoint_id, body.model_dump(exclude_unset=True))
    tag(response, content(row, *SET_UP))
    return row


@router.delete("/webhook-endpoints/{id}", status_code=204)
@needs(Permission.WEBHOOKS_ADMIN)
async def remove_endpoint(request: Request, actor: CurrentActor, endpoint_id: Id) -> Response:
    """End it, with what waits for it."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, endpoint_id))
        await endpoints.delete_endpoint(session, actor, endpoint_id)
    return Response(status_code=204)


@router.post("/webhook-endpoints/{id}/secret", response_model=NewEndpointOut, status_code=201)
@needs(Permission.WEBHOOKS_ADMIN)
async def renew_secret(request: Request, actor: CurrentActor, endpoint_id: Id) -> Response:
    """Another secret, which signs from now on."""
    return await once_secret(
        request,
        key_owner(actor),
        NewEndpointOut,
        lambda session: endpoints.renew_secret(session, actor, endpoint_id),
        secrets=("secret",),
    )


@router.post("/webhook-endpoints/{id}/test", response_model=TestSent, status_code=202)
@needs(Permission.WEBHOOKS_ADMIN)
async def test_endpoint(request: Request, actor: CurrentActor, endpoint_id: Id) -> Response:
    """Send `webhook.test`, which means nothing; its delivery is among those of the endpoint."""

    async def work(session: Session) -> dict[str, UUID]:
        return {"delivery_id": await endpoints.send_test(session, actor, endpoint_id)}

    return await once(request, key_owner(actor), TestSent, work, status=202)


@router.post("/webhook-deliveries/{id}/replay", status_code=204)
@needs(Permission.WEBHOOKS_ADMIN)
async def replay(actor: CurrentActor, delivery_id: Id) -> Response:
    """Send once more what was delivered or given up, under the same `webhook-id`."""
    async with transaction() as session:
        await endpoints.replay_delivery(session, actor, delivery_id)
    return Response(status_code=204)
