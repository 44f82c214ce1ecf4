"""The suppression list as a list: read it, look an address up, bring one from another system, take entries off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import unnest
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.core.security.redact import redact
from liquor_app.core.storable_text import said
from liquor_app.customers.addresses import address_hash, normalise_email, normalise_phone
from liquor_app.customers.consents import NEWS, NOT_ERASED, tell_added
from liquor_app.customers.models import SuppressionReason
from liquor_app.organization.models import Channel
from liquor_app.ui.words import figure

MAX_ADDRESSES = 5_000
"""Addresses one call may add."""
MAX_WHY = 300
FOR_GOOD = (SuppressionReason.COMPLAINED, SuppressionReason.ERASED)
"""Reasons that nobody here can take back: the person or the law gave them."""

_GIVEN = unnest("g", hash="bytea", address="text")
_TOLD = unnest("g", hash="bytea", address="text", channel="text", reason="text", customer_id="uuid")


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    """An entry. `address` is None after an erasure: only its keyed hash is kept. `channel` None means every one;
    `repeats` is how often the same was said again, `repeated_at` when last."""

    id: UUID
    address: str | None
    channel: str | None
    reason: str
    customer_id: UUID | None
    source: str
    created_at: datetime
    repeats: int
    repeated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a list of addresses: `known` stood there already."""

    added: int
    known: int


async def add_suppressions(
    session: AsyncSession, actor: Actor, addresses: Sequence[str], *, channel: str | None = None
) -> Added:
    """Put addresses on the list, on one channel or (None) on every one: all of them or, if one is none, none.

    The list of a system one comes from is brought over this way, also for people who are no customers yet.

    Raises:
        Forbidden: the actor is not a manager.
        Invalid: none, too many, or one that is neither an e-mail address nor a phone number, or that the channel
            cannot reach; says which line.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    if channel is not None and channel not in set(Channel):
        raise Invalid(f"channel must be one of {', '.join(Channel)}, or none for every one", field="channel")
    if not 1 <= len(addresses) <= MAX_ADDRESSES:
        raise Invalid(f"Give 1 to {figure(MAX_ADDRESSES)} addresses at a time.", field="addresses")
    plain: dict[str, None] = {}
    for line, address in enumerate(addresses, 1):
        try:
            plain[_reachable(normalise_address(address), channel)] = None
        except Invalid as error:
            raise Invalid(f"Line {line}: {error.message}. Nothing was added.", field="addresses") from error
    done = await session.execute(
        text(
            "INSERT INTO suppressions (address_hash, address, channel, reason, customer_id, source)"
            " SELECT g.hash, g.address, :channel, :reason, (SELECT c.id FROM customers c WHERE c.deleted_at IS NULL"
            "   AND (c.email_key = g.address OR c.phone = g.address) LIMIT 1), :source"
            f" FROM {_GIVEN} WHERE {NOT_ERASED.format(row='g')}"
            # somebody's own leaving, which they could take back by a text, becomes the shop's word
            " ON CONFLICT (address_hash, coalesce(channel, '*')) WHERE lifted_at IS NULL"
            " DO UPDATE SET repeated_at = now(), repeats = suppressions.repeats + 1,"
            " reason = CASE WHEN suppressions.reason = :own THEN excluded.reason ELSE suppressions.reason END,"
            " source = CASE WHEN suppressions.reason = :own THEN excluded.source ELSE suppressions.source END"
            f" RETURNING {NEWS}"
        ),
        {
            "own": SuppressionReason.UNSUBSCRIBED.value,
            **_GIVEN.bind(hash=[address_hash(address) for address in plain], address=plain),
            "channel": channel,
            "reason": SuppressionReason.MANUAL.value,
            "source": actor.kind.value,
        },
    )
    added = await tell_added(session, done.all())
    await audit(
        session, actor, "suppressions.added", "suppression", None, added=added, given=len(plain), channel=channel
    )
    return Added(added, len(plain) - added)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An address that another system no longer writes to, by `channel`, for a `SuppressionReason`."""

    address: str
    channel: str
    reason: str
    customer_id: UUID


async def suppress_told(session: AsyncSession, told: Sequence[GivenUp], *, source: str, import_id: UUID | None) -> None:
    """Put addresses on the list, each on its channel; who stands there already stays as they are, and is noted as said
    again. A corridor, for imports: whoever calls has authorised, and the addresses are normalised."""
    if not told:
        return
    by_place = {(one.address, one.channel): one for one in told}
    once = [by_place[place] for place in sorted(by_place)]  # in order, so that two such calls cannot deadlock
    await session.execute(
        text(
            "INSERT INTO suppressions (address_hash, address, channel, reason, customer_id, source, import_id)"
            " SELECT g.hash, g.address, g.channel, g.reason, g.customer_id, :source, CAST(:import AS uuid)"
            f" FROM {_TOLD} WHERE {NOT_ERASED.format(row='g')}"
            " ON CONFLICT (address_hash, coalesce(channel, '*')) WHERE lifted_at IS NULL"
            " DO UPDATE SET repeated_at = now(), repeats = suppressions.repeats + 1"
            " WHERE suppressions.import_id IS DISTINCT FROM excluded.import_id"
        ),
        {
            "import": import_id,
            **_TOLD.bind(
                hash=[address_hash(one.address) for one in once],
                address=[one.address for one in once],
                channel=[one.channel for one in once],
                reason=[one.reason for one in once],
                customer_id=[one.customer_id for one in once],
            ),
            "source": source,
        },
    )


async def lift_entry(session: AsyncSession, actor: Actor, entry_id: UUID, why: str) -> None:
    """Take one entry off the list. It stays on record, and so does why.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: no reason is given, or one longer than `MAX_WHY`.
        NotFound: no such entry in force.
        Conflict: a complaint or an erasure; those are for good.
    """
    require(actor, Permission.CUSTOMERS_ADMIN)
    if not 1 <= len(why := said(why)) <= MAX_WHY:
        raise Invalid(f"Say why, in at most {MAX_WHY} characters: it is kept as the proof.", field="why")
    found = await session.execute(
        text("SELECT reason FROM suppressions WHERE id = :id AND lifted_at IS NULL FOR UPDATE"), {"id": entry_id}
    )
    reason = found.scalar()
    if reason is None:
        raise NotFound("There is no such entry on the suppression list.")
    if reason in FOR_GOOD:
        raise Conflict("A complaint or an erasure cannot be taken back.")
    await session.execute(text("UPDATE suppressions SET lifted_at = now() WHERE id = :id"), {"id": entry_id})
    await audit(session, actor, "suppression.lifted", "suppression", entry_id, reason=str(reason), why=redact(why))


def _reachable(address: str, channel: str | None) -> str:
    """Check, or raise Invalid: nothing goes to this address by this channel."""
    if channel is not None and ("@" in address) != (channel == Channel.EMAIL):
        raise Invalid(f"{address[:80]!r} cannot be reached by {Channel(channel).label}", field="address")
    return address


def normalise_address(address: str) -> str:
    """Return an e-mail address or a phone number as the list keeps it.

    Raises:
        Invalid: neither.
    """
    try:
        if "@" in address:
            return normalise_email(address, "address")
        return normalise_phone(address, field="address", is_given_out=False)
    except Invalid as error:
        raise Invalid(f"{address[:80]!r} is neither an e-mail address nor a phone number", field="address") from error
