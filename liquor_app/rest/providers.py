"""Routes: the channels and who carries them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Started
from liquor_app.core.db import transaction
from liquor_app.providers.sender_check.sender_checks import list_senders, request_check, tell_keys
from liquor_app.providers.service import ChannelRow, configure_channel, list_channels
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.schemas.providers import ChannelPatch, ChannelsOut, SenderKeysIn, SendersOut

router = APIRouter(prefix="/settings/channels", tags=["settings"])

KEPT = ("is_enabled", "position", "rate_per_second", "warmup_from", "warmup_first_day", "warmup_growth_pct")


@router.get("", response_model=ChannelsOut)
@needs(Permission.CHANNELS_READ)
async def channels(response: Response, actor: CurrentActor) -> object:
    """Who carries which channel, in the order they are tried."""
    async with transaction() as session:
        rows = await list_channels(session, actor)
    tag(response, _channels_version(rows))
    return {"items": rows}


def _channels_version(rows: Sequence[ChannelRow]) -> str:
    return "\n".join(content(row, "channel", "provider", "has_credentials", *KEPT) for row in rows)


@router.patch("", response_model=ChannelsOut)
@needs(Permission.CHANNELS_ADMIN)
async def update_channel(request: Request, response: Response, actor: CurrentActor, body: ChannelPatch) -> object:
    """Add or change a provider of a channel. Its credentials are checked for completeness and stored encrypted."""
    changes = body.model_dump(exclude_unset=True, exclude={"channel", "provider"})
    async with transaction() as session:

        async def version() -> str:
            return _channels_version(await list_channels(session, actor))

        await check_unchanged(session, request, version)
        known = {(row.channel, row.provider): row for row in await list_channels(session, actor)}
        if before := known.get((body.channel.value, body.provider)):
            changes = {**{name: getattr(before, name) for name in KEPT}, **changes}
        await configure_channel(session, actor, body.channel, body.provider, **changes)
        rows = await list_channels(session, actor)
    tag(response, _channels_version(rows))
    return {"items": rows}


@router.get("/senders", response_model=SendersOut)
@needs(Permission.CHANNELS_READ)
async def senders(response: Response, actor: CurrentActor) -> object:
    """Domains e-mail is sent as: SPF, DKIM and DMARC as the last check found them, and what to publish."""
    async with transaction() as session:
        rows = await list_senders(session, actor)
    tag(response, content(rows))
    return {"items": rows}


@router.post("/senders/check", response_model=Started, status_code=202)
@needs(Permission.CHANNELS_ADMIN)
async def check(request: Request, actor: CurrentActor) -> Response:
    """Check them now, by a job; the clock does it each day."""

    async def work(session: Any) -> dict[str, UUID]:
        return {"job_id": await request_check(session, actor)}

    return await once(request, key_owner(actor), Started, work, status=202, location=JOB)


@router.patch("/senders", response_model=SendersOut)
@needs(Permission.CHANNELS_ADMIN)
async def update_keys(request: Request, response: Response, actor: CurrentActor, body: SenderKeysIn) -> object:
    """Say under which selectors a provider signs a domain, and where bounces go; it is checked anew."""
    async with transaction() as session:

        async def version() -> str:
            return content(await list_senders(session, actor))

        await check_unchanged(session, request, version)
        await tell_keys(session, actor, body.domain, body.provider, selectors=body.selectors, envelope=body.envelope)
        rows = await list_senders(session, actor)
    tag(response, content(rows))
    return {"items": rows}
