"""Routes: actions, and why."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from liquor_app.accounts.deps import CurrentActor, key_owner
from liquor_app.actions import service
from liquor_app.actions.schemas import GenerateActionsIn
from liquor_app.actions.service import ActionRow
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Choice, Cursor, Id, Limit, ListOf, Started, listing
from liquor_app.campaigns.service import request_plan
from liquor_app.core.db import transaction

router = APIRouter(prefix="/actions", tags=["actions"])


@router.get("", response_model=ListOf[ActionRow])
async def list_actions(
    actor: CurrentActor,
    *,
    campaign_id: UUID | None = None,
    customer_id: UUID | None = None,
    status: Choice = "",
    segment: Annotated[str, Query(max_length=60, description="Slug of a segment.")] = "",
    channel: Annotated[str, Query(max_length=10)] = "",
    day: Annotated[date | None, Query(description="Scheduled for this day.")] = None,
    min_priority: Annotated[float | None, Query(ge=0, le=100)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> object:
    """Actions, highest priority first, each with its reason."""
    async with transaction() as session:
        page = await service.list_actions(
            session,
            actor,
            campaign_id=campaign_id,
            customer_id=customer_id,
            status=status,
            segment=segment,
            channel=channel,
            day=day,
            min_priority=min_priority,
            limit=limit,
            cursor=cursor,
        )
    return listing(page)


@router.post("/generate", response_model=Started, status_code=202)
async def generate_actions(request: Request, actor: CurrentActor, body: GenerateActionsIn) -> Response:
    """Propose actions for a campaign, and the plan made of them; a job does it."""

    async def work(session: Any) -> Started:
        return Started(job_id=await request_plan(session, actor, body.campaign_id))

    return await once(request, key_owner(actor), Started, work, status=202, location=JOB)


@router.get("/{id}", response_model=ActionRow)
async def get_action(actor: CurrentActor, action_id: Id) -> object:
    """One action: what, why, when, and the points its priority is made of."""
    async with transaction() as session:
        return await service.get_action(session, actor, action_id)
