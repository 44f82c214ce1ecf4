"""Make one profile of two, look at what it would be first, and take it apart again within thirty days."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.allocations.merged_bottles import keep_one_bottle, return_bottles
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, enqueue
from liquor_app.core.storable_text import said, unstorable
from liquor_app.customers.ages.sealed_dates import open_birth_date
from liquor_app.customers.baskets import lock_out_baskets
from liquor_app.customers.labels.custom_values import custom_of
from liquor_app.customers.labels.tags import tags_of
from liquor_app.customers.merging.gone_profiles import why_gone
from liquor_app.customers.merging.merged_fields import merged_columns
from liquor_app.customers.merging.merged_rows import KNOWN, PASSED, image_of, join_rows, lock_both, part_rows
from liquor_app.doubles.likely_doubles import request_doubles
from liquor_app.doubles.moved_history import give_history_back, move_history
from liquor_app.organization.settings import ComplianceSettings, GeneralSettings, load_settings, shop_today

UNDO_DAYS = 30
REASON_LENGTH = 200

_LOOK = "SELECT * FROM customers WHERE id = ANY(:ids) AND deleted_at IS NULL"
_BOUGHT = """
SELECT count(*) FILTER (WHERE total > 0), COALESCE(sum(total), 0),
       CAST(max(occurred_at) FILTER (WHERE total > 0) AT TIME ZONE :zone AS date)
  FROM purchases WHERE customer_id = :id
"""
_RECORD = """
INSERT INTO customer_merges (id, stays_id, gone_id, reason, before, after, date_of_birth_encrypted, moved, merged_by)
VALUES (:id, :stays, :gone, :reason, CAST(:before AS jsonb), CAST(:after AS jsonb), :born, CAST(:moved AS jsonb), :by)
"""
_MERGE = "SELECT * FROM customer_merges WHERE id = :id FOR UPDATE"
_UNDONE = """
UPDATE customer_merges SET undone_at = now(), before = NULL, after = NULL, date_of_birth_encrypted = NULL, moved = NULL
 WHERE id = :id
"""
_FORGET = """
UPDATE customer_merges SET before = NULL, after = NULL, date_of_birth_encrypted = NULL, moved = NULL
 WHERE moved IS NOT NULL AND at < :since
"""
_OF = """
SELECT m.id, m.stays_id, m.gone_id, m.reason, m.at, m.undone_at,
       m.moved IS NOT NULL AND m.undone_at IS NULL AS can_undo,
       COALESCE(c.name, c.email, c.phone, c.external_id, '') AS gone_name
  FROM customer_merges m JOIN customers c ON c.id = m.gone_id
 WHERE m.stays_id = :id ORDER BY m.at DESC, m.id DESC LIMIT 50
"""


@dataclass(frozen=True, slots=True)
class FieldPreview:
    """A field of both profiles, and what it becomes; all as text, days and moments as ISO 8601 has them, empty for
    nothing."""

    name: str
    stays: str
    goes: str
    becomes: str


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What one profile of two would be. `purchases` and `spent` are of both; what came back is no purchase."""

    stays_id: UUID
    goes_id: UUID
    fields: list[FieldPreview]
    purchases: int
    spent: Decimal
    goes_bought_more: bool = False
    """The other profile has more orders: rather that one should stay."""


@dataclass(frozen=True, slots=True)
class MergeRow:
    """Two profiles that were made one."""

    id: UUID
    stays_id: UUID
    gone_id: UUID
    gone_name: str
    reason: str
    merged_at: datetime
    undone_at: datetime | None
    can_undo: bool


SHOWN = (
    "external_id", "name", "email", "phone", "city", "state", "postal_code", "country", "timezone", "language",
    "email_consent", "sms_consent", "age_verified_at", "age_disputed_at", "profiling_objected_at", "no_tracking",
    "paused_until", "max_contacts_30_days", "topics_off",
)  # fmt: skip


async def preview_merge(session: AsyncSession, actor: Actor, stays_id: UUID, goes_id: UUID) -> MergePreview:
    """Tell what two profiles would become, field by field; nothing is changed.

    Raises:
        Forbidden: the actor may only read.
        NotFound, Conflict: see `merge_profiles`.
    """
    require(actor, Permission.CUSTOMERS_PRIVATE)
    found = await session.execute(text(_LOOK), {"ids": [stays_id, goes_id]})
    both = {UUID(str(row["id"])): dict(row) for row in found.mappings()}
    stays, goes = await _pair(session, both, stays_id, goes_id)
    made = await _made(session, stays, goes)
    fields = [FieldPreview(name, *(_words(one[name]) for one in (stays, goes, made))) for name in SHOWN]
    born = [open_birth_date(one["date_of_birth_encrypted"]) for one in (stays, goes, made)]
    fields.append(FieldPreview("date_of_birth", *map(_words, born)))
    for one in (stays, goes):
        if one["date_of_birth_encrypted"] is not None:
            await audit(session, actor, "date_of_birth.read", "customer", one["id"])
    tags = [await tags_of(session, actor, one) for one in (stays_id, goes_id)]
    fields.append(FieldPreview("tags", *map(_words, (*tags, sorted({*tags[0], *tags[1]})))))
    custom = [custom_of(one["raw_data"]) for one in (stays, goes, made)]
    fields += [FieldPreview(f"custom.{key}", *(held.get(key, "") for held in custom)) for key in sorted(custom[2])]
    zone = (await load_settings(session, GeneralSettings)).timezone
    bought = [(await session.execute(text(_BOUGHT), {"id": one, "zone": zone})).one() for one in (stays_id, goes_id)]
    last = [one[2] for one in bought]
    orders = [int(one[0]) for one in bought]
    fields.insert(0, FieldPreview("orders", str(orders[0]), str(orders[1]), str(sum(orders))))
    fields.insert(1, FieldPreview("last_purchase", *map(_words, (*last, max(filter(None, last), default=None)))))
    shown = [one for one in fields if one.stays or one.goes or one.becomes]
    return MergePreview(
        stays_id, goes_id, shown, sum(orders), sum((one[1] for one in bought), Decimal(0)), orders[1] > orders[0]
    )


async def merge_profiles(
    session: AsyncSession, actor: Actor, stays_id: UUID, goes_id: UUID, *, reason: str
) -> MergeRow:
    """Make one profile of two: the first stays, and everything of the other becomes its own. A no of either is a no of
    both. Whoever brings the other's address or number from then on means the one that stayed.

    Raises:
        Forbidden: the actor may only read.
        NotFound: one of them is not there.
        Invalid: no reason, or the same profile twice.
        Conflict: one is of the sample and one is not.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    reason = " ".join(said(reason).split())
    if not 1 <= len(reason) <= REASON_LENGTH or unstorable(reason) is not None:
        raise Invalid(f"Say why they are one person, in at most {REASON_LENGTH} characters.", field="reason")
    await lock_out_baskets(session)
    both = await lock_both(session, [stays_id, goes_id])
    stays, goes = await _pair(
        session, {key: row for key, row in both.items() if row["deleted_at"] is None}, stays_id, goes_id
    )
    made = await _made(session, stays, goes)
    merge_id, before = uuid7(), await image_of(session, stays_id)
    moved = await join_rows(session, merge_id, stays, goes, made)
    moved |= await move_history(session, goes_id, stays_id)
    moved[PASSED] = await keep_one_bottle(session, actor, stays_id)
    await session.execute(
        text(_RECORD),
        {
            "id": merge_id, "stays": stays_id, "gone": goes_id, "reason": reason, "before": json.dumps(before),
            "after": json.dumps(await image_of(session, stays_id)), "born": stays["date_of_birth_encrypted"],
            "moved": json.dumps(moved), "by": actor.user_id,
        },
    )  # fmt: skip
    counts = {what: len(ids) for what, ids in moved.items() if ids and what not in KNOWN}
    await audit(session, actor, "customer.merged", "customer", stays_id, gone=str(goes_id), moved=counts)
    await _rescore(session)
    await session.execute(text(_FORGET), {"since": now() - timedelta(days=UNDO_DAYS)})
    return (await _of(session, stays_id))[0]


async def undo_merge(session: AsyncSession, actor: Actor, merge_id: UUID) -> MergeRow:
    """Take two profiles apart again. Each has what it had; what was said or bought since stays with the one that
    stayed, and a no said since holds for both.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such merge.
        Conflict: undone already, too long ago, one of them was merged on or deleted, or an address is another's by now.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    row = (await session.execute(text(_MERGE), {"id": merge_id})).mappings().first()
    if row is None:
        raise NotFound("There is no such merge.")
    if row["undone_at"] is not None:
        raise Conflict("This merge was undone already.")
    if row["at"] < now() - timedelta(days=UNDO_DAYS):
        raise Conflict(f"A merge can be undone for {UNDO_DAYS} days; after that nobody knows any more what was whose.")
    if row["moved"] is None:
        raise Conflict("Whose profiles these were was erased since: what was merged is kept no longer.")
    to, gone = row["stays_id"], row["gone_id"]
    await lock_out_baskets(session)
    both = await lock_both(session, [to, gone])
    if both[to]["merged_into"] is not None:
        raise Conflict("The profile that stayed was merged into another one since. Undo that first.")
    if both[to]["deleted_at"] is not None:
        raise Conflict("The profile that stayed was deleted since.")
    await give_history_back(session, gone, to, row["moved"])
    await part_rows(
        session, merge_id, stayed=both[to], went=both[gone], images=(row["before"], row["after"]),
        born=row["date_of_birth_encrypted"], moved=row["moved"], merged_at=row["at"],
    )  # fmt: skip
    await return_bottles(session, actor, [to, gone], row["moved"].get(PASSED, ()))
    await session.execute(text(_UNDONE), {"id": merge_id})
    await audit(session, actor, "customer.merge_undone", "customer", to, gone=str(gone))
    await _rescore(session)
    await request_doubles(session, actor)  # what was brought up beside the profile that went is so again
    return next(one for one in await _of(session, to) if one.id == merge_id)


async def merges_of(session: AsyncSession, actor: Actor, customer_id: UUID) -> list[MergeRow]:
    """Return what was merged into one customer, the latest first."""
    require(actor, Permission.CUSTOMERS_READ)
    return await _of(session, customer_id)


async def _of(session: AsyncSession, customer_id: UUID) -> list[MergeRow]:
    oldest = now() - timedelta(days=UNDO_DAYS)
    found = await session.execute(text(_OF), {"id": customer_id})
    return [
        MergeRow(
            row.id, row.stays_id, row.gone_id, row.gone_name, row.reason, row.at, row.undone_at,
            row.can_undo and row.at >= oldest,
        )
        for row in found
    ]  # fmt: skip


async def _made(session: AsyncSession, stays: Mapping[str, Any], goes: Mapping[str, Any]) -> dict[str, Any]:
    minimum = (await load_settings(session, ComplianceSettings)).minimum_age
    return merged_columns(stays, goes, await shop_today(session), minimum, now())


async def _pair(
    session: AsyncSession, both: Mapping[UUID, Mapping[str, Any]], stays_id: UUID, goes_id: UUID
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    if stays_id == goes_id:
        raise Invalid("Name two different profiles.", field="other")
    if missing := [one for one in (stays_id, goes_id) if one not in both]:
        raise NotFound(await why_gone(session, missing[0]))
    if both[stays_id]["is_sample"] != both[goes_id]["is_sample"]:
        raise Conflict("One of them is of the sample and the other is not: they are never one person.")
    return both[stays_id], both[goes_id]


async def _rescore(session: AsyncSession) -> None:
    await enqueue(session, Job.SCORE_CUSTOMERS, {"touched": True, "then_segments": True}, dedupe_key="touched")


def _words(value: Any) -> str:
    if value is None or value is False or value == []:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else str(value)
