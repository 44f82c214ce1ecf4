"""Routes: the suppression list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from liquor_app.api.schemas import Body, Cursor, Id, Limit, ListOf, Row, Search, listing
from liquor_app.core.db import transaction
from liquor_app.customers import suppressions
from liquor_app.customers.suppressions import MAX_ADDRESSES, MAX_WHY, SuppressionRow
from liquor_app.organization.models import Channel
from liquor_app.rest.authentication import CurrentActor

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
        return await suppressions.add_suppressions(session, actor, body.addresses, channel=body.channel)


@router.get("/export", response_class=StreamingResponse)
async def export_suppressions(actor: CurrentActor) -> StreamingResponse:
    """The whole list as CSV, as another system or a lawyer may want it. What was erased has no address any more."""
    async with transaction() as session:
        lines, after = await suppressions.export_page(session, actor)

    async def pages() -> AsyncIterator[str]:
        page, following = lines, after
        yield "".join(page)
        while following is not None:
            async with transaction() as session:
                page, following = await suppressions.export_page(session, actor, following)
            yield "".join(page)

    return StreamingResponse(
        pages(), media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="suppressions.csv"'}
    )


@router.post("/{id}/lift", status_code=204)
async def lift_suppression(actor: CurrentActor, entry_id: Id, body: LiftIn) -> Response:
    """Take an entry off the list, saying why; not after a complaint or an erasure."""
    async with transaction() as session:
        await suppressions.lift_entry(session, actor, entry_id, body.why)
    return Response(status_code=204)
