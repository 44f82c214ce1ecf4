"""Routes: settings, jobs, and the bell."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Request, Response, WebSocket

from liquor_app.accounts.deps import COOKIE, CurrentActor, socket_actor
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.api.etag import check_match, tag
from liquor_app.api.schemas import Id
from liquor_app.api.sockets import serve
from liquor_app.compliance.service import list_rules
from liquor_app.core.db import transaction
from liquor_app.core.pubsub import Message
from liquor_app.core.queue import get_job, request_cancel
from liquor_app.organization import service
from liquor_app.organization.schemas import (
    ChannelPatch,
    ChannelsOut,
    ComplianceOut,
    CompliancePatch,
    JobOut,
    NotificationMessage,
)
from liquor_app.organization.settings import ComplianceSettings, load_settings, save_settings
from liquor_app.providers.service import configure_channel

router = APIRouter()
sockets = APIRouter()


@router.get("/settings/channels", response_model=ChannelsOut, tags=["settings"])
async def list_channels(actor: CurrentActor) -> object:
    async with transaction() as session:
        return {"items": await service.list_channels(session, actor)}


@router.patch("/settings/channels", response_model=ChannelsOut, tags=["settings"])
async def update_channel(actor: CurrentActor, body: ChannelPatch) -> object:
    """Add or change a provider of a channel. Its credentials are checked for completeness and stored encrypted."""
    changes = body.model_dump(exclude_unset=True, exclude={"channel", "provider"})
    async with transaction() as session:
        known = {(row.channel, row.provider): row for row in await service.list_channels(session, actor)}
        if before := known.get((body.channel.value, body.provider)):
            kept = {name: getattr(before, name) for name in ("is_enabled", "position", "rate_per_second")}
            changes = {**kept, **changes}
        await configure_channel(session, actor, body.channel, body.provider, **changes)
        return {"items": await service.list_channels(session, actor)}


@router.get("/settings/compliance", response_model=ComplianceOut, tags=["settings"])
async def get_compliance(response: Response, actor: CurrentActor) -> object:
    """What may be sent, to whom and when."""
    async with transaction() as session:
        settings = await load_settings(session, ComplianceSettings)
        rules = await list_rules(session, actor)
    tag(response, settings.model_dump_json())
    return {"settings": settings, "rules": rules}


@router.patch("/settings/compliance", response_model=ComplianceOut, tags=["settings"])
async def update_compliance(request: Request, response: Response, actor: CurrentActor, body: CompliancePatch) -> object:
    """Change the store's own rules. Federal and state law stay as they are."""
    changes = body.model_dump(exclude_unset=True)
    async with transaction() as session:
        before = await load_settings(session, ComplianceSettings)
        check_match(request, before.model_dump_json())
        settings = await save_settings(session, actor, ComplianceSettings, changes)
        rules = await list_rules(session, actor)
    tag(response, settings.model_dump_json())
    return {"settings": settings, "rules": rules}


@router.get("/jobs/{id}", response_model=JobOut, tags=["jobs"])
async def read_job(actor: CurrentActor, job_id: Id) -> object:
    """How far a piece of background work is."""
    async with transaction() as session:
        return await get_job(session, job_id)


@router.post("/jobs/{id}/cancel", response_model=JobOut, tags=["jobs"])
async def cancel_job(actor: CurrentActor, job_id: Id) -> object:
    """Stop it: at once if it still waits, at its next step if it runs. What it wrote is rolled back."""
    require(actor, Role.MANAGER)
    async with transaction() as session:
        await get_job(session, job_id)
        await request_cancel(session, job_id)
        return await get_job(session, job_id)


@sockets.websocket("/ws/notifications")
async def notifications(websocket: WebSocket) -> None:
    """Notices as they come."""
    told: set[UUID] = set()

    async def read(actor: Actor, hints: Sequence[Message]) -> list[NotificationMessage]:
        async with transaction() as session:
            rows = await service.list_notifications(session, actor)
        fresh = [row for row in reversed(rows) if row.id not in told and (hints or not row.is_read)]
        told.clear()
        told.update(row.id for row in rows)
        return [NotificationMessage.model_validate(row) for row in fresh]

    await serve(
        websocket,
        ["notifications"],
        lambda token: socket_actor(websocket, token),
        read,
        has_cookie=COOKIE in websocket.cookies,
    )
