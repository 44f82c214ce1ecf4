"""Routes: jobs, and the bell."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, WebSocket

from liquor_app.accounts.deps import COOKIE, CurrentActor, socket_actor
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.api.schemas import Id
from liquor_app.api.sockets import serve
from liquor_app.core.db import transaction
from liquor_app.core.pubsub import Message
from liquor_app.core.queue import get_job, request_cancel
from liquor_app.organization import service
from liquor_app.organization.schemas import JobOut, NotificationMessage

router = APIRouter()
sockets = APIRouter()


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
