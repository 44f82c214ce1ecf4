"""Channels by hand: who carries what, in which order, with which credentials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import unnest
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.security.crypto import decrypt, encrypt
from liquor_app.organization.models import Channel
from liquor_app.providers.config_forms import FormField, form_fields, merged, shown
from liquor_app.providers.registry import PROVIDERS, SANDBOX
from liquor_app.providers.service import configure_channel, provider_kind

_ORDER = unnest("p", numbered_as="place", name="text")


@dataclass(frozen=True, slots=True)
class ProviderForm:
    """A provider's form as it may leave the house: `secrets` are names of those that are set, never their values."""

    channel: str
    provider: str
    is_known: bool
    fields: list[FormField]
    values: dict[str, str]
    secrets: frozenset[str]
    has_webhooks: bool


def providers_for(channel: Channel) -> list[str]:
    """Return every provider that can carry a channel."""
    return [name for name, kind in PROVIDERS.items() if channel in kind.channels]


async def read_form(session: AsyncSession, actor: Actor, channel: Channel, provider: str) -> ProviderForm:
    """Return a provider's form with what is stored, secrets left out.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: unknown provider, or one that cannot carry the channel.
        Conflict: the credentials were encrypted under another key.
    """
    require(actor, Permission.CHANNELS_ADMIN)
    kind = _carrier(channel, provider)
    is_known, stored = await _stored(session, channel, provider)
    values, secrets = shown(kind.Config, stored)
    return ProviderForm(channel.value, provider, is_known, form_fields(kind.Config), values, secrets, kind.has_webhooks)


async def save_form(
    session: AsyncSession, actor: Actor, channel: Channel, provider: str, typed: Mapping[str, str], **options: Any
) -> None:
    """Store what was typed; an empty secret keeps the stored one. A new provider comes last but before the sandbox,
    and is off until it is switched on. `options` as in `configure_channel`.

    Raises:
        Forbidden: the actor is not an admin.
        FormInvalid: fields of the form that are wrong.
        Invalid: an option is out of range.
    """
    require(actor, Permission.CHANNELS_ADMIN)
    kind = _carrier(channel, provider)
    is_known, stored = await _stored(session, channel, provider)
    place = await session.execute(
        text(
            "SELECT bool_or(is_enabled) FILTER (WHERE provider = :p) AS is_enabled,"
            " COALESCE(max(position) FILTER (WHERE provider = :p), max(position) FILTER (WHERE provider = :sandbox),"
            " max(position) + 1, 0) AS position FROM channels WHERE channel = :c"
        ),
        {"c": channel.value, "p": provider, "sandbox": SANDBOX},
    )
    row = place.one()
    config = merged(kind.Config, stored, typed)
    await configure_channel(
        session,
        actor,
        channel,
        provider,
        config=config if kind.Config.model_fields else None,
        is_enabled=bool(row.is_enabled),
        position=row.position,
        **options,
    )
    if not is_known:
        await _renumber(session, channel)


async def forget_secret(session: AsyncSession, actor: Actor, channel: Channel, provider: str, name: str) -> None:
    """Remove a secret a provider can do without. What needs it fails from now on: callbacks, a sign-in.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: it is no secret of this provider, or one it cannot do without.
        NotFound: it is not set.
    """
    require(actor, Permission.CHANNELS_ADMIN)
    kind = _carrier(channel, provider)
    field = next((one for one in form_fields(kind.Config) if one.name == name and one.kind == "secret"), None)
    if field is None or field.is_required:
        raise Invalid(f"{provider} has no secret of this name that it could do without.", field=name)
    locked = await session.execute(
        text("SELECT 1 FROM channels WHERE channel = :c AND provider = :p FOR UPDATE"),
        {"c": channel.value, "p": provider},
    )
    _, stored = await _stored(session, channel, provider) if locked.first() else (False, {})
    if not stored.get(name):
        raise NotFound(f"{field.label} is not set.")
    left = {key: value for key, value in stored.items() if key != name}
    await session.execute(
        text("UPDATE channels SET config_encrypted = :config, updated_at = now() WHERE channel = :c AND provider = :p"),
        {"config": encrypt(json.dumps(left)), "c": channel.value, "p": provider},
    )
    await audit_change(
        session,
        actor,
        "channel.secret_removed",
        "channel",
        None,
        before={name: stored[name]},
        after={name: None},
        private={name},
        channel=channel.value,
        provider=provider,
        secret=name,
    )


async def move_provider(session: AsyncSession, actor: Actor, channel: Channel, provider: str, *, up: bool) -> None:
    """Try a provider one place earlier or later; at the end nothing happens.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: it is not set up for the channel.
    """
    require(actor, Permission.CHANNELS_ADMIN)
    names = await _renumber(session, channel)
    if provider not in names:
        raise NotFound(f"{provider} is not set up for {channel.label}.")
    here = names.index(provider)
    there = here + (-1 if up else 1)
    if not 0 <= there < len(names):
        return
    before = list(names)
    names[here], names[there] = names[there], names[here]
    await _number(session, channel, names)
    await audit_change(
        session,
        actor,
        "channel.moved",
        "channel",
        None,
        before={"order": before},
        after={"order": names},
        channel=channel.value,
    )


async def switch_provider(session: AsyncSession, actor: Actor, channel: Channel, provider: str, *, on: bool) -> bool:
    """Enable or disable a provider; returns whether anybody carries the channel now. If nobody does, messages wait.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: it is not set up for the channel.
        Invalid: it has no credentials yet.
    """
    require(actor, Permission.CHANNELS_ADMIN)
    kind = _carrier(channel, provider)
    changed = await session.execute(
        text(
            "UPDATE channels c SET is_enabled = :on, updated_at = now()"
            " FROM (SELECT is_enabled FROM channels WHERE channel = :c AND provider = :p FOR UPDATE) b"
            " WHERE c.channel = :c AND c.provider = :p"
            " RETURNING c.config_encrypted IS NOT NULL AS is_set, b.is_enabled AS was_enabled"
        ),
        {"on": on, "c": channel.value, "p": provider},
    )
    row = changed.first()
    if row is None:
        raise NotFound(f"{provider} is not set up for {channel.label}.")
    if on and kind.Config.model_fields and not row.is_set:
        raise Invalid(f"{provider} has no credentials yet.", field="provider")
    await audit_change(
        session,
        actor,
        "channel.switched",
        "channel",
        None,
        before={"is_enabled": row.was_enabled},
        after={"is_enabled": on},
        channel=channel.value,
        provider=provider,
    )
    left = await session.execute(
        text("SELECT EXISTS (SELECT 1 FROM channels WHERE channel = :c AND is_enabled)"), {"c": channel.value}
    )
    return bool(left.scalar_one())


async def try_again(session: AsyncSession, actor: Actor, provider: str) -> None:
    """End a provider's pause: one that failed is probed with a few messages at once, one that asked for rest goes on.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: it is not paused.
    """
    require(actor, Permission.CHANNELS_ADMIN)
    ended = await session.execute(
        text(
            "UPDATE channels SET paused_until = CASE WHEN failures > 0 THEN now() - interval '1 second' END,"
            " pause_reason = CASE WHEN failures > 0 THEN pause_reason END"
            " WHERE provider = :p AND (failures > 0 OR paused_until IS NOT NULL) RETURNING 1"
        ),
        {"p": provider},
    )
    if not ended.all():
        raise NotFound(f"{provider} is not paused.")
    await audit(session, actor, "channel.retried", "channel", None, provider=provider)


def _carrier(channel: Channel, provider: str) -> Any:
    kind = provider_kind(provider)
    if channel not in kind.channels:
        raise Invalid(f"{provider} cannot carry {channel.label}.", field="provider")
    return kind


async def _stored(session: AsyncSession, channel: Channel, provider: str) -> tuple[bool, dict[str, Any]]:
    found = await session.execute(
        text("SELECT config_encrypted FROM channels WHERE channel = :c AND provider = :p"),
        {"c": channel.value, "p": provider},
    )
    row = found.first()
    if row is None or row.config_encrypted is None:
        return row is not None, {}
    values: dict[str, Any] = json.loads(decrypt(bytes(row.config_encrypted)))
    return True, values


async def _renumber(session: AsyncSession, channel: Channel) -> list[str]:
    """Return the channel's providers in order, the sandbox last among equals, numbered anew; locked until the
    commit."""
    found = await session.execute(
        text(
            "SELECT provider FROM channels WHERE channel = :c"
            " ORDER BY position, provider = :sandbox, provider FOR UPDATE"
        ),
        {"c": channel.value, "sandbox": SANDBOX},
    )
    names = list(found.scalars())
    await _number(session, channel, names)
    return names


async def _number(session: AsyncSession, channel: Channel, names: list[str]) -> None:
    await session.execute(
        text(
            f"UPDATE channels c SET position = p.place * 10 FROM {_ORDER} WHERE c.channel = :c AND c.provider = p.name"
        ),
        {**_ORDER.bind(name=names), "c": channel.value},
    )
