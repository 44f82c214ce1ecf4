"""Routes: the channels and who carries them."""

from __future__ import annotations

from fastapi import APIRouter

from liquor_app.core.db import transaction
from liquor_app.providers.service import configure_channel, list_channels
from liquor_app.rest.kit.authentication import CurrentActor
from liquor_app.rest.schemas.providers import ChannelPatch, ChannelsOut

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
