"""Routes: the suppression list."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.schemas import Body, Id, Row
from liquor_app.core.db import transaction
from liquor_app.customers import lists, suppressions
from liquor_app.customers.lists import SUPPRESSIONS
from liquor_app.customers.suppressions import MAX_ADDRESSES, MAX_WHY
from liquor_app.organization.models import Channel
from liquor_app.rest.kit.authentication import CurrentActor
from liquor_app.rest.kit.list_routes import list_routes

router = APIRouter(prefix="/suppressions", tags=["customers"])


class SuppressionsIn(Body):
    """Addresses as another system lists them, each an e-mail address or a phone number; without a channel, on all."""

    channel: Channel | None = None
    addresses: list[Annotated[str, Field(max_length=254)]] = Field(min_length=1, max_length=MAX_ADDRESSES)


class LiftIn(Body):
    """Why an entry is taken off; kept in the audit log."""

    why: str = Field(min_length=1, max_length=MAX_WHY)


class AddedOut(Row):
    added: int
    known: int


list_routes(
    router,
    SUPPRESSIONS,
    lists.list_suppressions,
    "Addresses that must not be written to, newest first; what was erased has no address any more.",
)


@router.post("", response_model=AddedOut)
@needs(Permission.CUSTOMERS_WRITE)
async def add_suppressions(actor: CurrentActor, body: SuppressionsIn) -> object:
    """Put addresses on the list; harmless for those that stand there. One that is no address refuses them all."""
    async with transaction() as session:
        return await suppressions.add_suppressions(session, actor, body.addresses, channel=body.channel)


@router.post("/{id}/lift", status_code=204)
@needs(Permission.CUSTOMERS_ADMIN)
async def lift_suppression(actor: CurrentActor, entry_id: Id, body: LiftIn) -> Response:
    """Take an entry off the list, saying why; not after a complaint or an erasure."""
    async with transaction() as session:
        await suppressions.lift_entry(session, actor, entry_id, body.why)
    return Response(status_code=204)
