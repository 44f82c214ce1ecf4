"""Routes: the channels and who carries them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Started
from liquor_app.core.db import transaction
from liquor_app.providers.sender_check.sender_checks import list_senders, request_check, tell_keys
from liquor_app.providers.service import configure_channel, list_channels
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.schemas.providers import ChannelPatch, ChannelsOut, SenderKeysIn, SendersOut

router = APIRouter(prefix="/settings/channels", tags=["settings"])

KEPT = ("is_enabled", "position", "rate_per_second", "warmup_from", "warmup_first_day", "warmup_growth_pct")


@router.get("", response_model=ChannelsOut)
async def channels(actor: CurrentActor) -> object:
    """Who carries which channel, in the order they are tried."""
    async with transaction() as session:
        return {"items": await list_channels(session, actor)}


@router.patch("", response_model=ChannelsOut)
async def update_channel(actor: CurrentActor, body: ChannelPatch) -> object:
    """Add or change a provider of a channel. Its credentials are checked for completeness and stored encrypted."""
    changes = body.model_dump(exclude_unset=True, exclude={"channel", "provider"})
    async with transaction() as session:
        known = {(row.channel, row.provider): row for row in await list_channels(session, actor)}
        if before := known.get((body.channel.value, body.provider)):
            changes = {**{name: getattr(before, name) for name in KEPT}, **changes}
        await configure_channel(session, actor, body.channel, body.provider, **changes)
        return {"items": await list_channels(session, actor)}


@router.get("/senders", response_model=SendersOut)
async def senders(actor: CurrentActor) -> object:
    """Domains e-mail is sent as: SPF, DKIM and DMARC as the last check found them, and what to publish."""
    async with transaction() as session:
        return {"items": await list_senders(session, actor)}


@router.post("/senders/check", response_model=Started, status_code=202)
async def check(request: Request, actor: CurrentActor) -> Response:
    """Check them now, by a job; the clock does it each day."""

    async def work(session: Any) -> dict[str, UUID]:
        return {"job_id": await request_check(session, actor)}

    return await once(request, key_owner(actor), Started, work, status=202, location=JOB)


@router.patch("/senders", response_model=SendersOut)
async def update_keys(actor: CurrentActor, body: SenderKeysIn) -> object:
    """Say under which selectors a provider signs a domain, and where bounces go; it is checked anew."""
    async with transaction() as session:
        await tell_keys(session, actor, body.domain, body.provider, selectors=body.selectors, envelope=body.envelope)
        return {"items": await list_senders(session, actor)}
