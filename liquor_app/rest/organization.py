"""Routes: the bell's socket, the agent's guidance, brands, the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, WebSocket

from liquor_app.accounts.access_changes import access_topic
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor, require
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.schemas import Id
from liquor_app.api.sockets import serve
from liquor_app.core.db import Session, transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.pubsub import Message
from liquor_app.organization import bell, brands, guidance, service
from liquor_app.organization.bell import NotificationRow
from liquor_app.organization.guidance import load_guidance
from liquor_app.organization.lists import by_shop_days
from liquor_app.organization.service import BrandRow
from liquor_app.planning.approval import autopilot
from liquor_app.privacy.lists import AUDIT, list_audit
from liquor_app.rest.kit.authentication import CurrentActor, session_cookie, socket_actor
from liquor_app.rest.kit.list_routes import list_routes
from liquor_app.rest.schemas.organization import (
    AutopilotOut,
    BrandOut,
    BrandPatch,
    GuidanceOut,
    GuidancePatch,
    NotificationMessage,
)

router = APIRouter()
sockets = APIRouter()

Version = Annotated[int | None, Query(ge=0, le=1_000_000, description="An earlier version; the one in force else.")]

audit_log = APIRouter(tags=["audit"])
list_routes(audit_log, AUDIT, list_audit, "Who did what, newest first; for admins.", path="/audit", scoped=by_shop_days)


LATEST = 100
"""Unread notices that are told to who connects without saying where they stopped."""
MOST_MISSED = 2000
"""Notices told at one time; the rest with the next hint."""


async def _after(session: Session, actor: Actor, position: int) -> list[NotificationRow]:
    """All that came after a place, a page at a time."""
    found: list[NotificationRow] = []
    while len(found) < MOST_MISSED:
        page = await bell.notifications_after(session, actor, position)
        found += page
        if len(page) < bell.MOST_SINCE:
            break
        position = page[-1].position or position
    return found


@sockets.websocket("/ws/notifications")
@needs(Permission.JOBS_READ)
async def notifications(websocket: WebSocket) -> None:
    """Notices as they come, each once; with `after`, first those that came since that one, whenever they were begun."""
    last: UUID | None = None
    told: int | None = None

    def topics() -> list[str]:
        nonlocal last
        if given := websocket.query_params.get("after"):
            last = parse_id(given, "after")
        return ["notifications"]

    async def read(actor: Actor, hints: Sequence[Message]) -> list[NotificationMessage]:
        nonlocal told
        async with transaction() as session:
            await bell.number_notices(session)
            if told is None and last is None:
                # what was committed since it was numbered rings once more
                latest = await bell.list_notifications(session, actor, limit=LATEST)
                rows = [row for row in reversed(latest) if row.position is not None]
                fresh = [row for row in rows if not row.is_read]
            else:
                begin = await bell.position_of(session, last) if told is None and last is not None else told or 0
                rows = fresh = await _after(session, actor, begin)
                told = begin
        told = max([told or 0, *(row.position or 0 for row in rows)])
        return [NotificationMessage.model_validate(row) for row in fresh]

    await serve(
        websocket,
        topics,
        lambda token: socket_actor(websocket, token),
        read,
        changes=lambda actor: access_topic(actor.id),
        has_cookie=session_cookie(websocket) is not None,
    )


@router.get("/settings/guidance", response_model=GuidanceOut, tags=["settings"])
@needs(Permission.GUIDANCE_READ)
async def get_guidance(response: Response, actor: CurrentActor, version: Version = None) -> object:
    """What binds every engine and every person, in force or as it was; and whether autopilot is stopped."""
    require(actor, Permission.GUIDANCE_READ)
    async with transaction() as session:
        row = await load_guidance(session) if version is None else await guidance.get_guidance(session, actor, version)
        switch = await autopilot.read_switch(session, actor)
    tag(response, f"guidance {row.version}")
    return {"row": row, "autopilot": switch}


@router.patch("/settings/guidance", response_model=GuidanceOut, tags=["settings"])
@needs(Permission.SETTINGS_ADMIN)
async def update_guidance(request: Request, response: Response, actor: CurrentActor, body: GuidancePatch) -> object:
    """Change some of it: a new version."""
    require(actor, Permission.SETTINGS_ADMIN)
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _guidance_version(session))
        before = await load_guidance(session)
        changes = body.model_dump(mode="json", exclude_unset=True)
        row = await guidance.save_guidance(session, actor, changes, seen=before.version)
        switch = await autopilot.read_switch(session, actor)
    tag(response, f"guidance {row.version}")
    return {"row": row, "autopilot": switch}


async def _guidance_version(session: Session) -> str:
    return f"guidance {(await load_guidance(session)).version}"


@router.get("/settings/brands", response_model=list[BrandOut], tags=["settings"])
@needs(Permission.BRANDS_READ)
async def list_brands(actor: CurrentActor) -> Sequence[BrandRow]:
    """Every brand, the default one first."""
    async with transaction() as session:
        return await brands.list_brands(session, actor)


@router.get("/settings/brands/{id}", response_model=BrandOut, tags=["settings"])
@needs(Permission.BRANDS_READ)
async def get_brand(response: Response, actor: CurrentActor, brand_id: Id) -> object:
    """One brand."""
    require(actor, Permission.BRANDS_READ)
    async with transaction() as session:
        row = await service.get_brand(session, brand_id)
    tag(response, content(row))
    return row


@router.patch("/settings/brands/{id}", response_model=BrandOut, tags=["settings"])
@needs(Permission.SETTINGS_ADMIN)
async def update_brand(
    request: Request, response: Response, actor: CurrentActor, brand_id: Id, body: BrandPatch
) -> object:
    """Change a brand's look, senders, or whether opens and clicks are counted; the next messages follow."""

    async with transaction() as session:

        async def version() -> str:
            return content(await service.get_brand(session, brand_id))

        await check_unchanged(session, request, version)
        row = await brands.update_brand(session, actor, brand_id, body.model_dump(exclude_unset=True))
    tag(response, content(row))
    return row


@router.post("/settings/autopilot/stop", response_model=AutopilotOut, tags=["settings"])
@needs(Permission.SETTINGS_WRITE)
async def stop_autopilot(actor: CurrentActor) -> object:
    """The kill switch: nothing is approved by the system any more, what it has running is paused."""
    async with transaction() as session:
        await autopilot.stop_autopilot(session, actor)
        return await autopilot.read_switch(session, actor)


@router.post("/settings/autopilot/release", response_model=AutopilotOut, tags=["settings"])
@needs(Permission.SETTINGS_ADMIN)
async def release_autopilot(actor: CurrentActor) -> object:
    """Let autopilot work again, from the next plan on."""
    async with transaction() as session:
        await autopilot.release_autopilot(session, actor)
        return await autopilot.read_switch(session, actor)
