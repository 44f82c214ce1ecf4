"""Shapes of the channels' routes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from liquor_app.api.schemas import Body, Day, Patch, Row
from liquor_app.organization.models import Channel
from liquor_app.providers.sender_check.sender_checks import SenderRow
from liquor_app.providers.service import ChannelRow


class ChannelsOut(Row):
    """Configured providers in the order they are tried; credentials are never shown."""

    items: list[ChannelRow]


class ChannelPatch(Patch):
    """A provider of a channel, added or changed. `config` holds its credentials and is never shown again."""

    channel: Channel
    provider: str
    config: dict[str, Any] | None = None
    is_enabled: bool | None = None
    position: Annotated[int | None, Field(ge=0, le=1000)] = None
    rate_per_second: int | None = None
    warmup_from: Day | None = None
    warmup_first_day: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    warmup_growth_pct: Annotated[int | None, Field(ge=0, le=1000)] = None


class SendersOut(Row):
    """Every domain e-mail is sent as, with what the last check of it found."""

    items: list[SenderRow]


class SenderKeysIn(Body):
    """Under which selectors a provider signs a domain, and where its bounces go; empty for its usual ones."""

    domain: Annotated[str, Field(max_length=253)]
    provider: Annotated[str, Field(max_length=20)] = ""
    selectors: Annotated[str, Field(max_length=700)] = ""
    envelope: Annotated[str, Field(max_length=253)] = ""
