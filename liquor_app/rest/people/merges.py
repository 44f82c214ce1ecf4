"""Routes: profiles of one person."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Body, Id, Row, Started
from liquor_app.core.db import transaction
from liquor_app.doubles.likely_doubles import dismiss_double, request_doubles
from liquor_app.doubles.lists import DOUBLES, list_doubles
from liquor_app.doubles.merge_profiles import MergeRow, merge_profiles, merges_of, preview_merge, undo_merge
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.list_routes import list_routes

router = APIRouter(tags=["customers"])


class MergeIn(Body):
    """The profile that becomes part of the one in the path, and why they are one person."""

    other: UUID
    reason: Annotated[str, Field(min_length=1, max_length=200, examples=["Showed both cards at the counter"])]


class MergedFieldOut(Row):
    name: str
    stays: str
    goes: str
    becomes: str


class MergePreviewOut(Row):
    """What one profile of two would be; purchases and spent are of both."""

    stays_id: UUID
    goes_id: UUID
    fields: list[MergedFieldOut]
    purchases: int
    spent: Decimal


list_routes(router, DOUBLES, list_doubles, "Pairs that may be one person, the likeliest first.", path="/doubles")


@router.post("/doubles/find", response_model=Started, status_code=202)
@needs(Permission.CUSTOMERS_WRITE)
async def find_doubles(request: Request, actor: CurrentActor) -> Response:
    """Look for doubles now; the clock does it each night."""

    async def work(session: Any) -> dict[str, UUID]:
        return {"job_id": await request_doubles(session, actor)}

    return await once(request, key_owner(actor), Started, work, status=202, location=JOB)


@router.post("/doubles/{id}/dismiss", status_code=204)
@needs(Permission.CUSTOMERS_WRITE)
async def dismiss(actor: CurrentActor, pair_id: Id) -> Response:
    """They are two people: the pair is not brought up again."""
    async with transaction() as session:
        await dismiss_double(session, actor, pair_id)
    return Response(status_code=204)


@router.get("/customers/{id}/merge", response_model=MergePreviewOut)
@needs(Permission.CUSTOMERS_PRIVATE)
async def merge_preview(actor: CurrentActor, customer_id: Id, other: Annotated[UUID, Query()]) -> Any:
    """What this profile would be with another one, field by field."""
    async with transaction() as session:
        return await preview_merge(session, actor, customer_id, other)


@router.post("/customers/{id}/merge", response_model=MergeRow, status_code=201)
@needs(Permission.CUSTOMERS_WRITE)
async def merge(request: Request, actor: CurrentActor, customer_id: Id, body: MergeIn) -> Response:
    """Make one profile of two; this one stays. A no of either is a no of both. It can be undone for 30 days."""
    return await once(
        request,
        key_owner(actor),
        MergeRow,
        lambda session: merge_profiles(session, actor, customer_id, body.other, reason=body.reason),
        location="/api/v1/customers/{stays_id}/merges",
    )


@router.get("/customers/{id}/merges", response_model=list[MergeRow])
@needs(Permission.CUSTOMERS_READ)
async def merges(actor: CurrentActor, customer_id: Id) -> Any:
    """What was merged into this profile, the latest first; at most fifty."""
    async with transaction() as session:
        return await merges_of(session, actor, customer_id)


@router.post("/merges/{id}/undo", response_model=MergeRow)
@needs(Permission.CUSTOMERS_WRITE)
async def undo(actor: CurrentActor, merge_id: Id) -> Any:
    """Take two profiles apart again."""
    async with transaction() as session:
        return await undo_merge(session, actor, merge_id)
