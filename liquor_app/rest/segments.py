"""Routes: segments and their playbooks."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.api.etag import check_unchanged, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Id, Started
from liquor_app.core.db import Session, transaction
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.list_routes import list_routes, list_routes_of
from liquor_app.rest.schemas.segments import SegmentIn, SegmentPatch
from liquor_app.segments import discovery, lists, service
from liquor_app.segments.discovery import Overlap, SuggestionsRow
from liquor_app.segments.lists import MEMBERS, SEGMENTS
from liquor_app.segments.membership import request_refresh
from liquor_app.segments.service import SegmentRow

router = APIRouter(prefix="/segments", tags=["segments"])


list_routes(
    router, SEGMENTS, lists.list_segments, "Segments in the order of their cards.", limit=100, scoped=lists.with_changes
)


@router.post("", response_model=SegmentRow, status_code=201)
@needs(Permission.SEGMENTS_WRITE)
async def create_segment(request: Request, actor: CurrentActor, body: SegmentIn) -> Response:
    """Define a segment; refresh it to fill it."""
    changes = body.model_dump(exclude_unset=True, exclude={"kind"})
    return await once(
        request,
        key_owner(actor),
        SegmentRow,
        lambda session: service.create_segment(session, actor, changes, kind=body.kind),
        location="/api/v1/segments/{id}",
    )


@router.get("/suggestions", response_model=SuggestionsRow)
@needs(Permission.SEGMENTS_READ)
async def suggest_segments(actor: CurrentActor) -> object:
    """Groups the base falls into by itself, as rules ready to be posted as segments."""
    async with transaction() as session:
        return await discovery.suggest_segments(session, actor)


@router.get("/overlap", response_model=Overlap)
@needs(Permission.SEGMENTS_READ)
async def segment_overlap(actor: CurrentActor) -> object:
    """How many customers active segments have in common, by their kept membership."""
    async with transaction() as session:
        return await discovery.segment_overlap(session, actor)


@router.get("/{id}", response_model=SegmentRow)
@needs(Permission.SEGMENTS_READ)
async def get_segment(response: Response, actor: CurrentActor, segment_id: Id) -> object:
    """One segment with its rule in words and its playbook."""
    async with transaction() as session:
        row = await service.get_segment(session, actor, segment_id)
    tag(response, row.updated_at)
    return row


@router.patch("/{id}", response_model=SegmentRow)
@needs(Permission.SEGMENTS_WRITE)
async def update_segment(
    request: Request, response: Response, actor: CurrentActor, segment_id: Id, body: SegmentPatch
) -> object:
    """Change the rule or the playbook."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, segment_id))
        before = await service.get_segment(session, actor, segment_id)
        row = await service.update_segment(
            session, actor, segment_id, body.model_dump(exclude_unset=True), seen=before.updated_at
        )
    tag(response, row.updated_at)
    return row


@router.delete("/{id}", status_code=204)
@needs(Permission.SEGMENTS_WRITE)
async def delete_segment(request: Request, actor: CurrentActor, segment_id: Id) -> Response:
    """Remove a segment no campaign needs any more."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, segment_id))
        await service.delete_segment(session, actor, segment_id)
    return Response(status_code=204)


list_routes_of(
    router, MEMBERS, lists.list_members, lists.members_of, "Who was in it at its last refresh.", path="/{id}/customers"
)


@router.post("/{id}/refresh", response_model=Started, status_code=202)
@needs(Permission.SEGMENTS_WRITE)
async def refresh_segment(request: Request, actor: CurrentActor, segment_id: Id) -> Response:
    """Compute its membership anew; a job does it."""

    async def work(session: Any) -> Started:
        return Started(job_id=await request_refresh(session, actor, segment_id))

    return await once(request, key_owner(actor), Started, work, status=202, location=JOB)


async def _version(session: Session, actor: Actor, segment_id: UUID) -> datetime:
    return (await service.get_segment(session, actor, segment_id)).updated_at
