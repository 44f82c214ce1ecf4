"""Routes: the suppression list."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from liquor_app.accounts.deps import CurrentActor
from liquor_app.api.schemas import Body, Cursor, Id, Limit, ListOf, Row, Search, listing
from liquor_app.core.db import transaction
from liquor_app.customers import suppressions
from liquor_app.customers.suppressions import MAX_ADDRESSES, SuppressionRow

router = APIRouter(prefix="/suppressions", tags=["customers"])


class SuppressionsIn(Body):
    """Addresses as another system lists them, each an e-mail address or a phone number."""

    addresses: list[Annotated[str, Field(max_length=254)]] = Field(min_length=1, max_length=MAX_ADDRESSES)


class AddedOut(Row):
    added: int
    known: int


@router.get("", response_model=ListOf[SuppressionRow])
async def list_suppressions(
    actor: CurrentActor,
    address: Search = "",
    reason: Annotated[str, Query(max_length=20)] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> object:
    """Addresses that must not be written to, newest first."""
    async with transaction() as session:
        page = await suppressions.list_suppressions(
            session, actor, address=address, reason=reason, limit=limit, cursor=cursor
        )
    return listing(page)


@router.post("", response_model=AddedOut)
async def add_suppressions(actor: CurrentActor, body: SuppressionsIn) -> object:
    """Put addresses on the list; harmless for those that stand there. One that is no address refuses them all."""
    async with transaction() as session:
        return await suppressions.add_suppressions(session, actor, body.addresses)


@router.delete("/{id}", status_code=204)
async def lift_suppression(actor: CurrentActor, entry_id: Id) -> Response:
    """Take an entry off the list; not after a complaint or an erasure."""
    async with transaction() as session:
        await suppressions.lift_entry(session, actor, entry_id)
    return Response(status_code=204)
