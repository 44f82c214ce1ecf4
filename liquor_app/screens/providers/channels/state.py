"""Who carries which channel, how they are, and how healthy the sender is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import require
from liquor_app.analytics.bounce_places import BouncePlaces, bounce_places
from liquor_app.analytics.bounce_rates import BOUNCES, COMPLAINTS, SenderHealth, sender_health
from liquor_app.core.db import transaction
from liquor_app.core.errors import Unknown
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_now
from liquor_app.providers.channel_admin import (
    move_provider,
    providers_for,
    switch_provider,
    try_again,
)
from liquor_app.providers.config_forms import provider_name
from liquor_app.providers.registry import SANDBOX
from liquor_app.providers.service import ChannelRow, list_channels
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.filters import Option
from liquor_app.ui.toast import toast_done, toast_warning
from liquor_app.ui.words import NONE, figure, percent, plural, show_clock, show_day

BOUNCE_DAYS = 10
"""Days with bounces that are shown; the API has all thirty."""


@dataclass(frozen=True, slots=True)
class ProviderLine:
    """A provider of a channel. `state` is "on", "off", "paused" or "probing"."""

    channel: str
    provider: str
    name: str
    place: str
    state: str
    why: str
    rate: str
    warmup: str
    sandbox: bool
    enabled: bool


@dataclass(frozen=True, slots=True)
class HealthLine:
    """A channel's thirty days; tones are "green", "amber", "red" or "" for too little to tell."""

    channel: str
    sends: str
    bounces: str
    bounce_tone: str
    complaints: str
    complaint_tone: str


@dataclass(frozen=True, slots=True)
class BounceLine:
    """A day or a receiving domain, and how many messages bounced there."""

    name: str
    soft: str
    hard: str


def bounce_lines(places: BouncePlaces, at: datetime) -> tuple[list[BounceLine], list[BounceLine]]:
    """Days, and domains."""
    days = [BounceLine(show_day(one.day, at), figure(one.soft), figure(one.hard)) for one in places.days[:BOUNCE_DAYS]]
    domains = [BounceLine(one.domain, figure(one.soft), figure(one.hard)) for one in places.domains]
    return days, domains


def channel_of(value: str) -> Channel:
    """Of what a client sends.

    Raises:
        Invalid: there is no such channel.
    """
    if value not in set(Channel):
        raise Unknown("There is no such channel.", field="channel")
    return Channel(value)


def provider_line(row: ChannelRow, place: int, at: datetime) -> ProviderLine:
    state, why = "on" if row.is_enabled else "off", ""
    if row.is_enabled and row.paused_until is not None and row.paused_until > at:
        until = show_clock(row.paused_until, at, seconds=True)
        state, why = "paused", f"Paused until {until}. {row.pause_reason or ''}".strip()
    elif row.is_enabled and row.failures:
        state, why = "probing", f"Being tried again. {row.pause_reason or ''}".strip()
    warmup = ""
    if row.warmup_from is not None:
        warmup = (
            f"Warming up since {show_day(row.warmup_from, at)}:"
            f" {figure(row.warmup_first_day)} on the first day,"
            f" {row.warmup_growth_pct}% more each day"
        )
    return ProviderLine(
        row.channel, row.provider, provider_name(row.provider), str(place), state, why,
        f"{figure(row.rate_per_second)} a second", warmup, row.provider == SANDBOX, row.is_enabled,
    )  # fmt: skip


def tone_of(share: float | None, marks: tuple[float, float]) -> str:
    """Green below the first mark, amber from there, red from the second; nothing where nothing can be said."""
    if share is None:
        return ""
    return "green" if share < marks[0] else "amber" if share < marks[1] else "red"


def health_line(row: SenderHealth) -> HealthLine:
    return HealthLine(
        Channel(row.channel).label,
        plural(row.sends, "message"),
        f"{figure(row.bounces)}, {percent(row.bounce_share, 2)}" if row.is_told else NONE,
        tone_of(row.bounce_share, BOUNCES),
        f"{figure(row.complaints)}, {percent(row.complaint_share, 2)}" if row.is_told else NONE,
        tone_of(row.complaint_share, COMPLAINTS),
    )


class ChannelsState(rx.State):
    """Both channels, best provider first. `only_sandbox` names channels whose messages stay in the house, `leaking`
    those whose messages would end there if the provider before it failed: taken for sent, and read by nobody."""

    email: list[ProviderLine] = []
    sms: list[ProviderLine] = []
    more_email: list[Option] = []
    more_sms: list[Option] = []
    health: list[HealthLine] = []
    bounce_days: list[BounceLine] = []
    bounce_domains: list[BounceLine] = []
    bounce_words: str = ""
    only_sandbox: str = ""
    leaking: str = ""
    uncarried: str = ""
    loading: bool = True

    @rx.event
    @guarded
    @needs(Permission.CHANNELS_READ)
    async def load(self) -> None:
        await self._read()

    async def _read(self) -> None:
        """As it is now."""
        actor = await signed_in(self)
        require(actor, Permission.CHANNELS_READ)
        async with transaction() as session:
            rows = await list_channels(session, actor)
            health = await sender_health(session, actor)
            places = await bounce_places(session, actor)
            at = await shop_now(session)
        lines: dict[Channel, list[ProviderLine]] = {channel: [] for channel in Channel}
        for row in rows:
            mine = lines[Channel(row.channel)]
            mine.append(provider_line(row, len(mine) + 1, at))
        self.email, self.sms = lines[Channel.EMAIL], lines[Channel.SMS]
        self.more_email, self.more_sms = (_more(channel, lines[channel]) for channel in Channel)
        first = {channel: next((line for line in mine if line.enabled), None) for channel, mine in lines.items()}
        self.only_sandbox = " and ".join(channel.label for channel, line in first.items() if line and line.sandbox)
        self.leaking = " and ".join(
            channel.label
            for channel, mine in lines.items()
            if (best := first[channel]) and not best.sandbox and any(line.sandbox and line.enabled for line in mine)
        )
        self.uncarried = " and ".join(channel.label for channel, line in first.items() if line is None)
        self.bounce_days, self.bounce_domains = bounce_lines(places, at)
        self.bounce_words = f"{figure(places.soft)} soft, {figure(places.hard)} hard in 30 days"
        self.health, self.loading = [health_line(row) for row in health], False

    @rx.event
    @guarded
    @needs(Permission.CHANNELS_ADMIN)
    async def move(self, channel: str, provider: str, up: bool) -> None:
        """One place earlier or later."""
        actor = await signed_in(self)
        async with transaction() as session:
            await move_provider(session, actor, channel_of(channel), str(provider), up=bool(up))
        await self._read()

    @rx.event
    @guarded
    @needs(Permission.CHANNELS_ADMIN)
    async def switch(self, channel: str, provider: str) -> Any:
        """On or off."""
        actor, wanted = await signed_in(self), channel_of(channel)
        mine = self.email if wanted is Channel.EMAIL else self.sms
        on = not next((line.enabled for line in mine if line.provider == provider), True)
        async with transaction() as session:
            carried = await switch_provider(session, actor, wanted, str(provider), on=on)
        await self._read()
        if not carried:
            return toast_warning(f"Nobody carries {wanted.label} now", "Its messages wait until a provider is on.")
        return toast_done(f"{provider_name(str(provider))} is {'on' if on else 'off'}")

    @rx.event
    @guarded
    @needs(Permission.CHANNELS_ADMIN)
    async def retry(self, provider: str) -> Any:
        """End a pause."""
        actor = await signed_in(self)
        async with transaction() as session:
            await try_again(session, actor, str(provider))
        await self._read()
        return toast_done("It is tried again", "A few messages find out whether it has recovered.")


def _more(channel: Channel, lines: list[ProviderLine]) -> list[Option]:
    known = {line.provider for line in lines}
    return [Option(name, provider_name(name)) for name in providers_for(channel) if name not in known]
