"""Configured channels: which provider carries what, with which credentials."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import SecretStr, ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Invalid, Unknown
from liquor_app.core.security.crypto import decrypt, encrypt
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import Provider, ProviderConfig
from liquor_app.providers.registry import PROVIDERS


@dataclass(frozen=True, slots=True)
class Route:
    """A provider that may carry a channel now."""

    channel: Channel
    provider: str
    config: bytes | None
    rate_per_second: int
    warms_up: bool = False
    is_probe: bool = False
    """Its circuit is half open: a few messages find out whether it has recovered."""


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A configured provider, without its credentials."""

    channel: str
    provider: str
    is_enabled: bool
    position: int
    rate_per_second: int
    warmup_from: date | None
    warmup_first_day: int
    warmup_growth_pct: int
    has_credentials: bool
    paused_until: datetime | None
    pause_reason: str | None
    failures: int
    """Calls in a row that opened its circuit; 0 while it is healthy."""


async def ensure_sandbox(session: AsyncSession) -> None:
    """The sandbox on every channel that has no provider yet."""
    for channel in Channel:
        await session.execute(
            text(
                "INSERT INTO channels (channel, provider, position, rate_per_second)"
                " SELECT :channel, 'sandbox', 100, 100000 WHERE NOT EXISTS"
                " (SELECT 1 FROM channels WHERE channel = :channel)"
            ),
            {"channel": channel.value},
        )


async def list_channels(session: AsyncSession, actor: Actor) -> list[ChannelRow]:
    """Configured providers in the order they are tried.

    Raises:
        Forbidden: the actor is no admin.
    """
    require(actor, Permission.CHANNELS_READ)
    return await load_channels(session)


async def load_channels(session: AsyncSession) -> list[ChannelRow]:
    """Return the configured providers in the order they are tried, for whoever plans and sends by them."""
    found = await session.execute(
        text(
            "SELECT channel, provider, is_enabled, position, rate_per_second, warmup_from, warmup_first_day,"
            " warmup_growth_pct, config_encrypted IS NOT NULL AS has_credentials, paused_until, pause_reason,"
            " failures"
            " FROM channels ORDER BY channel, position, provider"
        )
    )
    return [ChannelRow(**row) for row in found.mappings()]


def open_provider(name: str, config: bytes | None) -> Provider:
    """Return a provider with its stored credentials.

    Raises:
        Invalid: unknown provider, or its stored configuration is incomplete.
        Conflict: the credentials were encrypted under another key.
    """
    kind = provider_kind(name)
    values = json.loads(decrypt(config)) if config else {}
    return kind(check_config(kind.Config, values))


async def load_routes(session: AsyncSession, *, even_closed: bool = False) -> list[Route]:
    """Enabled providers that are not paused, in the order they are tried; with `even_closed` all of them, for asking
    about what they were once given. One whose circuit is open is left to `providers.sender_health.take_probes`."""
    found = await session.execute(
        text(
            "SELECT channel, provider, config_encrypted, rate_per_second, warmup_from IS NOT NULL AS warms_up"
            " FROM channels WHERE :even_closed"
            " OR (is_enabled AND failures = 0 AND (paused_until IS NULL OR paused_until < now()))"
            " ORDER BY channel, position, provider"
        ),
        {"even_closed": even_closed},
    )
    return [route_of(row) for row in found]


def route_of(row: Any, *, is_probe: bool = False) -> Route:
    """Of a row of `channels`."""
    return Route(
        Channel(row.channel),
        row.provider,
        None if row.config_encrypted is None else bytes(row.config_encrypted),
        row.rate_per_second,
        row.warms_up,
        is_probe,
    )


async def configure_channel(
    session: AsyncSession,
    actor: Actor,
    channel: Channel,
    provider: str,
    *,
    config: dict[str, Any] | None = None,
    is_enabled: bool = True,
    position: int = 0,
    rate_per_second: int = 100,
    warmup_from: date | None = None,
    warmup_first_day: int = 200,
    warmup_growth_pct: int = 50,
) -> None:
    """Add or change a provider of a channel. `config` None keeps the stored credentials. With `warmup_from` each
    sender begins with `warmup_first_day` messages on that day and may send `warmup_growth_pct` per cent more each day.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: unknown provider, one that cannot carry the channel, or a bad field of its configuration.
    """
    require(actor, Permission.CHANNELS_ADMIN)
    kind = provider_kind(provider)
    if channel not in kind.channels:
        raise Invalid(f"{provider} cannot carry {channel.label}.", field="provider")
    if not 1 <= rate_per_second <= 100_000:
        raise Invalid("rate_per_second must lie between 1 and 100000", field="rate_per_second")
    if not (1 <= warmup_first_day <= 1_000_000 and 0 <= warmup_growth_pct <= 1000):
        raise Invalid(
            "A warm-up begins with 1 to 1,000,000 messages and grows by 0 to 1,000 per cent a day.",
            field="warmup_first_day",
        )
    sealed = None if config is None else encrypt(_dump(check_config(kind.Config, config)))
    if config is None and kind.Config.model_fields:
        known = await session.execute(
            text("SELECT 1 FROM channels WHERE channel = :c AND provider = :p AND config_encrypted IS NOT NULL"),
            {"c": channel.value, "p": provider},
        )
        if known.scalar() is None:
            raise Invalid(f"{provider} needs its credentials: {', '.join(kind.Config.model_fields)}.", field="config")
    known = await session.execute(
        text(
            "SELECT is_enabled, position, rate_per_second, warmup_from, warmup_first_day, warmup_growth_pct,"
            " config_encrypted AS credentials FROM channels WHERE channel = :c AND provider = :p FOR UPDATE"
        ),
        {"c": channel.value, "p": provider},
    )
    before = dict(known.mappings().first() or {})
    await session.execute(
        text(
            "INSERT INTO channels (channel, provider, config_encrypted, is_enabled, position, rate_per_second,"
            " warmup_from, warmup_first_day, warmup_growth_pct)"
            " VALUES (:channel, :provider, :config, :enabled, :position, :rate, :warmup_from, :warmup_first_day,"
            " :warmup_growth_pct)"
            " ON CONFLICT (channel, provider) DO UPDATE SET"
            " config_encrypted = COALESCE(excluded.config_encrypted, channels.config_encrypted),"
            " is_enabled = excluded.is_enabled, position = excluded.position,"
            " rate_per_second = excluded.rate_per_second, warmup_from = excluded.warmup_from,"
            " warmup_first_day = excluded.warmup_first_day, warmup_growth_pct = excluded.warmup_growth_pct,"
            " paused_until = NULL, pause_reason = NULL, failures = 0,"
            " updated_at = now()"
        ),
        {
            "channel": channel.value,
            "provider": provider,
            "config": sealed,
            "enabled": is_enabled,
            "position": position,
            "rate": rate_per_second,
            "warmup_from": warmup_from,
            "warmup_first_day": warmup_first_day,
            "warmup_growth_pct": warmup_growth_pct,
        },
    )
    after = {
        "is_enabled": is_enabled, "position": position, "rate_per_second": rate_per_second, "warmup_from": warmup_from,
        "warmup_first_day": warmup_first_day, "warmup_growth_pct": warmup_growth_pct,
        "credentials": sealed or before.get("credentials"),
    }  # fmt: skip
    await audit_change(
        session,
        actor,
        "channel.configured",
        "channel",
        None,
        before=before,
        after=after,
        private={"credentials"},
        channel=channel.value,
        provider=provider,
        credentials_changed=config is not None,
    )


def provider_kind(name: str) -> type[Provider]:
    """Return the class of a provider.

    Raises:
        Invalid: there is none of this name.
    """
    kind = PROVIDERS.get(name)
    if kind is None:
        raise Unknown(f"There is no provider {name!r}; there are {', '.join(sorted(PROVIDERS))}.", field="provider")
    return kind


def check_config(model: type[ProviderConfig], values: dict[str, Any]) -> ProviderConfig:
    """Return a provider's settings, validated.

    Raises:
        Invalid: the first field that is wrong, as `config.name`.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(["config", *map(str, first["loc"])])
        raise Invalid(f"{field}: {first['msg']}", field=field) from error


def _dump(config: ProviderConfig) -> str:
    plain = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in config.model_dump().items()
    }
    return json.dumps(plain)
