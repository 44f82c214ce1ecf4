"""Routes: actions, and why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.actions import lists, service
from liquor_app.actions.lists import ACTIONS
from liquor_app.actions.service import ActionRow
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Id, Started
from liquor_app.campaigns.service import request_plan
from liquor_app.core.db import transaction
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.list_routes import list_routes
from liquor_app.rest.schemas.actions import CopyIn, GenerateActionsIn, MoveIn, NoteIn, OfferIn, OfferOut

router = APIRouter(prefix="/actions", tags=["actions"])


list_routes(router, ACTIONS, lists.list_actions, "Actions, highest priority first, each with its reason.")


@router.post("/generate", response_model=Started, status_code=202)
@needs(Permission.ACTIONS_WRITE)
async def generate_actions(request: Request, actor: CurrentActor, body: GenerateActionsIn) -> Response:
    """Propose actions for a campaign, and the plan made of them; a job does it."""

    async def work(session: Any) -> Started:
        return Started(job_id=await request_plan(session, actor, body.campaign_id))

    return await once(request, key_owner(actor), Started, work, status=202, location=JOB)


@router.get("/{id}", response_model=ActionRow)
@needs(Permission.ACTIONS_READ)
async def get_action(actor: CurrentActor, action_id: Id) -> object:
    """One action: what, why, when, and the points its priority is made of."""
    async with transaction() as session:
        return await service.get_action(session, actor, action_id)


@router.get("/{id}/offers", response_model=list[OfferOut])
@needs(Permission.ACTIONS_READ)
async def list_offers(actor: CurrentActor, action_id: Id) -> object:
    """Offers the action could be given instead of its own, as guardrails and guidance allow."""
    async with transaction() as session:
        return await service.list_offers(session, actor, action_id)


async def _change(request: Request, actor: Actor, action_id: UUID, step: Callable[[Any], Awaitable[None]]) -> Response:
    async def work(session: Any) -> ActionRow:
        await step(session)
        return await service.get_action(session, actor, action_id)

    return await once(request, key_owner(actor), ActionRow, work, status=200)


@router.post("/{id}/move", response_model=ActionRow)
@needs(Permission.ACTIONS_WRITE)
async def move_action(request: Request, actor: CurrentActor, action_id: Id, body: MoveIn) -> Response:
    """Put it on another day of the plan, or into the plan; every limit is checked again."""
    return await _change(
        request, actor, action_id, lambda session: service.move_action(session, actor, action_id, body.day)
    )


@router.post("/{id}/skip", response_model=ActionRow)
@needs(Permission.ACTIONS_WRITE)
async def skip_action(request: Request, actor: CurrentActor, action_id: Id, body: NoteIn | None = None) -> Response:
    """Take it out of the plan; planning again leaves it out."""
    note = body.note if body else ""
    return await _change(
        request, actor, action_id, lambda session: service.skip_action(session, actor, action_id, note=note)
    )


@router.post("/{id}/offer", response_model=ActionRow)
@needs(Permission.ACTIONS_WRITE)
async def change_offer(request: Request, actor: CurrentActor, action_id: Id, body: OfferIn) -> Response:
    """Give it another offer; its figures are worked out anew."""

    async def step(session: Any) -> None:
        if body.name is not None:
            await service.swap_offer(session, actor, action_id, body.name)
        else:
            await service.change_offer(
                session, actor, action_id, offer=body.text or "", discount_pct=body.discount_pct or 0
            )

    return await _change(request, actor, action_id, step)


@router.post("/{id}/copy", response_model=ActionRow)
@needs(Permission.ACTIONS_WRITE)
async def change_copy(request: Request, actor: CurrentActor, action_id: Id, body: CopyIn) -> Response:
    """Give it other words."""
    return await _change(
        request,
        actor,
        action_id,
        lambda session: service.change_copy(session, actor, action_id, message=body.message, subject=body.subject),
    )
