"""What the customers' own tables hold of a merge: both profiles, what was bought, said and given. Corridors, for
`doubles`: whoever calls has authorised and holds both rows' locks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.errors import Conflict
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.ages.birth_dates import comes_of_age
from liquor_app.customers.consents import Suppression, gravity, suppress_addresses
from liquor_app.customers.merging.merged_fields import AGES, CHANGED, CONSENTS, HOLDS_BACK
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import ComplianceSettings, load_settings, shop_today

Moved = dict[str, list[str]]
"""Which rows were moved, by what they are."""

PASSED = "passed"
KNOWN = ("stood", "proved", "moments", PASSED)
"""Of `Moved`: no rows that were moved, but what there was at the merge, and whose bottles went on by it (`passed`).
`stood` are the evidence and the entries of the suppression list that the profile which stays had then (what it has
beside them was said since), `proved` the profiles and channels with evidence of a yes, `moments` the `updated_at` of
the profile that goes, before the merge and by it."""

BY_MERGE = "merge of two profiles"
_JSON = frozenset({"raw_data"})
_IMAGED = [name for name in CHANGED if not name.endswith("_encrypted")]

_BOTH = "SELECT * FROM customers WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
_RETIRE = """
UPDATE customers SET deleted_at = now(), merged_into = :to, updated_at = clock_timestamp() WHERE id = :gone
RETURNING updated_at
"""
_SET = ", ".join(f"{name} = CAST(:{name} AS jsonb)" if name in _JSON else f"{name} = :{name}" for name in CHANGED)
# the clock's time: whatever is written later, in the same transaction too, leaves another one
_WRITE = f"UPDATE customers SET {_SET}, updated_at = clock_timestamp() WHERE id = :id"
_NAMED = ", ".join(f"'{name}', {name}" for name in (*_IMAGED, "updated_at"))
_IMAGE = f"SELECT jsonb_build_object({_NAMED}) FROM customers WHERE id = :id"

_MOVES = {
    "purchases": "UPDATE purchases SET customer_id = :to WHERE customer_id = :gone RETURNING id",
    "ages": "UPDATE age_ledger SET customer_id = :to WHERE customer_id = :gone RETURNING id",
    "suppressions": "UPDATE suppressions SET customer_id = :to WHERE customer_id = :gone RETURNING id",
    "aliases": "UPDATE customer_aliases SET customer_id = :to WHERE customer_id = :gone RETURNING value",
    # a yes about an address that is not kept stays with the profile that goes
    "consents": f"UPDATE consents SET customer_id = :to WHERE customer_id = :gone AND (channel = ANY(:channels)"
    f" OR status = '{ConsentStatus.WITHDRAWN}') RETURNING id",
    "tags": "INSERT INTO customer_tags (customer_id, tag_id) SELECT :to, tag_id FROM customer_tags"
    " WHERE customer_id = :gone ON CONFLICT DO NOTHING RETURNING tag_id",
}
_NO = f"""
INSERT INTO consents (customer_id, channel, status, source, evidence)
VALUES (:to, :channel, '{ConsentStatus.WITHDRAWN}', '{BY_MERGE}', '{{}}') RETURNING id
"""
_ALIAS = """
INSERT INTO customer_aliases (kind, value, customer_id, merge_id) SELECT :kind, :value, :to, :merge
 WHERE NOT EXISTS (SELECT FROM customers WHERE deleted_at IS NULL AND :value IN (external_id, email_key))
ON CONFLICT (kind, value) DO UPDATE SET customer_id = excluded.customer_id, merge_id = excluded.merge_id
"""
_TOUCH = """
INSERT INTO touched_customers (customer_id) VALUES (:id)
ON CONFLICT (customer_id) DO UPDATE SET at = now(), claimed = NULL
"""
_LISTED = """
SELECT channel, reason, address_hash, customer_id IS NOT DISTINCT FROM CAST(:id AS uuid) AS is_owned FROM suppressions
 WHERE (customer_id = :id OR address_hash = ANY(:hashes)) AND lifted_at IS NULL AND reason <> ALL(:spared)
   AND (id <> ALL(CAST(:stood AS uuid[])) OR repeated_at >= CAST(:since AS timestamptz))
"""
_STOOD = """
SELECT id FROM consents WHERE customer_id = :to UNION ALL SELECT id FROM age_ledger WHERE customer_id = :to
 UNION ALL SELECT id FROM suppressions WHERE customer_id = :to
"""
_HELD = "SELECT EXISTS (SELECT FROM customers WHERE phone = :phone AND deleted_at IS NULL)"
_PROVED = f"""
SELECT DISTINCT customer_id || '/' || channel FROM consents
 WHERE customer_id IN (:to, :gone) AND status = '{ConsentStatus.GIVEN}'
"""

_BACK = {
    "purchases": "UPDATE purchases SET customer_id = :gone WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to",
    "ages": "UPDATE age_ledger SET customer_id = :gone WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to",
    "suppressions": "UPDATE suppressions SET customer_id = :gone"
    " WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to",
    "aliases": "UPDATE customer_aliases SET customer_id = :gone WHERE value = ANY(:ids) AND customer_id = :to",
    "consents": "UPDATE consents SET customer_id = :gone WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to",
    "tags": "DELETE FROM customer_tags WHERE customer_id = :to AND tag_id = ANY(CAST(:ids AS uuid[]))",
    "noes": "DELETE FROM consents WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to",
}
_UNALIAS = "DELETE FROM customer_aliases WHERE merge_id = :merge"
_UNLIST = """
UPDATE suppressions SET lifted_at = now()
 WHERE customer_id = :to AND source = :source AND lifted_at IS NULL AND repeated_at IS NULL
"""
_REVIVE = "UPDATE customers SET deleted_at = NULL, merged_into = NULL, updated_at = now() WHERE id = :gone"
# a field is set back where it still says what the merge wrote; what was said since holds
_IS_AS_WRITTEN = "to_jsonb(c.{name}) IS NOT DISTINCT FROM NULLIF(CAST(:after AS jsonb) -> '{name}', 'null')"
_KEPT_BACK = {
    **dict.fromkeys(AGES, "{written} AND NOT :is_aged"),
    # whether they were said again cannot be seen in them: of somebody written to since, the stricter is kept
    **dict.fromkeys(HOLDS_BACK, "{written} AND :is_untouched"),
    # a yes is about an address
    **{
        consent: f"{{written}} AND (b.{consent} IS DISTINCT FROM 'given'"
        f" OR c.{address} IS NOT DISTINCT FROM b.{address} OR {_IS_AS_WRITTEN.format(name=address)})"
        for consent, address in CONSENTS.values()
    },
}
"""When a field is set back, where it takes more than that it still says what the merge wrote."""


def _is_set_back(name: str) -> str:
    return _KEPT_BACK.get(name, "{written}").format(written=_IS_AS_WRITTEN.format(name=name))


_BACK_TO = ", ".join(f"{name} = CASE WHEN {_is_set_back(name)} THEN b.{name} ELSE c.{name} END" for name in _IMAGED)
_RESTORE = f"""
UPDATE customers c SET {_BACK_TO}, updated_at = now(),
    date_of_birth_encrypted = CASE WHEN {_is_set_back("of_age_on")} THEN CAST(:born AS bytea)
        ELSE c.date_of_birth_encrypted END
  FROM jsonb_populate_record(CAST(NULL AS customers), CAST(:before AS jsonb)) b WHERE c.id = :to
"""
_AGED = "SELECT EXISTS (SELECT FROM age_ledger WHERE customer_id = :to AND id <> ALL(CAST(:stood AS uuid[])))"
# a yes said since is for the address that was kept; a no is the person's
_NO_SINCE = f"""
INSERT INTO consents (customer_id, channel, status, source, evidence, at)
SELECT :gone, s.channel, s.status, s.source, s.evidence, s.at FROM (
    SELECT DISTINCT ON (e.channel) e.* FROM consents e
     WHERE e.customer_id = :to AND e.status = '{ConsentStatus.WITHDRAWN}' AND e.id <> ALL(CAST(:stood AS uuid[]))
     ORDER BY e.channel, e.at DESC, e.id DESC) s
 WHERE NOT EXISTS (SELECT FROM consents o WHERE o.customer_id = :gone AND o.channel = s.channel
                      AND o.status = '{ConsentStatus.GIVEN}' AND o.at > s.at)
"""
_SETTLED = """
CASE WHEN '{status}' = (SELECT e.status FROM consents e WHERE e.customer_id = c.id AND e.channel = '{channel}'
                         ORDER BY e.at DESC, e.id DESC LIMIT 1) THEN '{status}'
     WHEN c.{consent} = 'given' AND c.id || '/{channel}' = ANY(:proved) AND NOT EXISTS (
        SELECT FROM consents e WHERE e.customer_id = c.id AND e.channel = '{channel}' AND e.status = 'given') THEN NULL
     ELSE c.{consent} END
"""
_SETTLE = "UPDATE customers c SET {sets} WHERE c.id IN (:to, :gone)".format(
    sets=", ".join(
        f"{consent} = {_SETTLED.format(consent=consent, channel=channel, status=ConsentStatus.WITHDRAWN.value)}"
        for channel, (consent, _) in CONSENTS.items()
    )
)
# whoever is again what they were before the merge was edited by nobody: an import that made them can be undone
_UNEDITED = "UPDATE customers SET updated_at = CAST(:moment AS timestamptz) WHERE id = :id"
_HOLD_BACK = """
UPDATE customers g SET no_tracking = g.no_tracking OR s.no_tracking,
    paused_until = GREATEST(g.paused_until, s.paused_until),
    max_contacts_30_days = LEAST(g.max_contacts_30_days, s.max_contacts_30_days),
    profiling_objected_at = LEAST(g.profiling_objected_at, s.profiling_objected_at),
    topics_off = ARRAY(SELECT DISTINCT t FROM unnest(g.topics_off || s.topics_off) AS t ORDER BY t)
  FROM customers s WHERE s.id = :to AND g.id = :gone
"""
_DOUBT = """
UPDATE customers SET age_verified_at = NULL, age_disputed_at = COALESCE(age_disputed_at, now())
 WHERE id = :gone AND (of_age_on IS NULL OR of_age_on < :born)
"""


async def lock_both(session: AsyncSession, ids: list[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """Lock customers, deleted ones too, in the order of their ids; returns their columns."""
    found = await session.execute(text(_BOTH), {"ids": ids})
    return {UUID(str(row["id"])): dict(row) for row in found.mappings()}


async def image_of(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """Return what a merge may change of somebody, as JSON; a date of birth by its plain columns alone."""
    return dict((await session.execute(text(_IMAGE), {"id": customer_id})).scalar_one())


async def join_rows(
    session: AsyncSession, merge_id: UUID, stays: Mapping[str, Any], goes: Mapping[str, Any], made: Mapping[str, Any]
) -> Moved:
    """Make one profile of two: write it, retire the other, move what belongs to it; returns what was moved."""
    to, gone = stays["id"], goes["id"]
    retired = (await session.execute(text(_RETIRE), {"gone": gone, "to": to})).scalar_one()
    moments = [moment.isoformat() for moment in (goes["updated_at"], retired)]
    raw = None if made["raw_data"] is None else json.dumps(made["raw_data"])
    await session.execute(text(_WRITE), {**made, "raw_data": raw, "id": to})
    proved = await session.execute(text(_PROVED), {"to": to, "gone": gone})
    moved: Moved = {"proved": list(proved.scalars()), "moments": moments}
    kept = [channel for channel, (_, address) in CONSENTS.items() if goes[address] and goes[address] == made[address]]
    for what, statement in _MOVES.items():
        bound = {"to": to, "gone": gone, **({"channels": kept} if what == "consents" else {})}
        moved[what] = [str(one) for one in (await session.execute(text(statement), bound)).scalars()]
    moved["noes"] = []
    for channel, (consent, _) in CONSENTS.items():
        said = (stays[consent], goes[consent])
        if ConsentStatus.WITHDRAWN in said and said != (ConsentStatus.WITHDRAWN, ConsentStatus.WITHDRAWN):
            # said now, so that no older yes of a file comes after it
            added = await session.execute(text(_NO), {"to": to, "channel": channel})
            moved["noes"].append(str(added.scalar_one()))
    for kind in ("external_id", "email_key"):
        if goes[kind] and goes[kind] != made[kind]:
            await session.execute(text(_ALIAS), {"kind": kind, "value": goes[kind], "to": to, "merge": merge_id})
    listed = await _listed(session, to, (stays, goes))
    await suppress_addresses(session, _entries(listed, made, to), source=_source(merge_id))
    await _refuse_left_number(session, merge_id, goes["phone"], made, to)
    moved["stood"] = [str(one) for one in (await session.execute(text(_STOOD), {"to": to})).scalars()]
    await session.execute(text(_TOUCH), {"id": to})
    return moved


async def _refuse_left_number(
    session: AsyncSession, merge_id: UUID, phone: str | None, made: Mapping[str, Any], customer_id: UUID
) -> None:
    """Keep a no at the number that is not kept, where nobody else holds it: a later file would take it for somebody
    new, who never said so. (An address and a customer number go on meaning the one that stayed.)"""
    if not phone or phone == made["phone"] or made["sms_consent"] != ConsentStatus.WITHDRAWN:
        return
    if (await session.execute(text(_HELD), {"phone": phone})).scalar_one():
        return
    no = Suppression(phone, SuppressionReason.UNSUBSCRIBED, Channel.SMS, customer_id)
    await suppress_addresses(session, [no], source=_source(merge_id))


class _Listed(NamedTuple):
    """An entry of the suppression list that speaks against somebody: against which kinds of their addresses."""

    columns: list[str]
    channel: str | None
    reason: SuppressionReason
    place: bytes


async def _listed(
    session: AsyncSession,
    customer_id: UUID,
    profiles: Iterable[Mapping[str, Any]],
    *,
    stood: Iterable[str] = (),
    since: datetime | None = None,
) -> list[_Listed]:
    """Tell what of the suppression list speaks against somebody: their own entries, and those that name an address of
    these profiles and nobody. What is about the address alone, a bounce, stays with it.

    Args:
        stood: entries to leave out, unless they were said again `since`.
    """
    hashes = {column: {address_hash(one[column]) for one in profiles if one[column]} for _, column in CONSENTS.values()}
    found = await session.execute(
        text(_LISTED),
        {
            "id": customer_id, "hashes": [one for each in hashes.values() for one in each], "stood": list(stood),
            "since": since, "spared": [SuppressionReason.BOUNCED.value, SuppressionReason.ERASED.value],
        },
    )  # fmt: skip
    return [
        _Listed(
            [column for column, ours in hashes.items() if row.is_owned or bytes(row.address_hash) in ours],
            row.channel,
            SuppressionReason(row.reason),
            bytes(row.address_hash),
        )
        for row in found
    ]


def _entries(listed: Iterable[_Listed], person: Mapping[str, Any], customer_id: UUID) -> list[Suppression]:
    """Return the same of a person's own addresses, as far as it does not stand there: whoever must not be written to at
    one must not at another."""
    stands = {(one.place, one.channel): gravity(one.reason) for one in listed}
    made = []
    for kind, (_, column) in CONSENTS.items():
        for one in listed:
            if not person[column] or column not in one.columns or one.channel not in (None, kind):
                continue
            if stands.get((address_hash(person[column]), one.channel), -1) < gravity(one.reason):
                channel = Channel(one.channel) if one.channel else None
                made.append(Suppression(person[column], one.reason, channel, customer_id))
    return made


def _source(merge_id: UUID) -> str:
    return f"merge {merge_id}"


async def part_rows(
    session: AsyncSession,
    merge_id: UUID,
    *,
    stayed: Mapping[str, Any],
    went: Mapping[str, Any],
    images: tuple[Mapping[str, Any], Mapping[str, Any]],
    born: bytes | None,
    moved: Moved,
    merged_at: datetime,
) -> None:
    """Take two profiles apart again: each has what it had. What somebody wrote since stays with the one that stayed,
    and a no said since, for the first time or again, holds for both.

    Args:
        stayed, went: both as they are now.
        images: of the profile that stayed, before the merge and right after it.

    Raises:
        Conflict: an address or number of the other is somebody else's by now.
    """
    before, after = images
    to, gone = stayed["id"], went["id"]
    bound: dict[str, Any] = {"to": to, "gone": gone}
    stood = {"stood": moved.get("stood", [])}
    now_is, other_is = await image_of(session, to), await image_of(session, gone)
    is_untouched = now_is["updated_at"] == after.get("updated_at")
    is_aged = bool((await session.execute(text(_AGED), {"to": to, **stood})).scalar_one())
    listed = await _listed(session, to, [stayed], stood=stood["stood"], since=merged_at)
    for what, ids in moved.items():
        if ids and (statement := _BACK.get(what)) is not None:
            named = {name: value for name, value in {**bound, "ids": ids}.items() if f":{name}" in statement}
            await session.execute(text(statement), named)
    await session.execute(text(_UNALIAS), {"merge": merge_id})
    await session.execute(text(_UNLIST), {"to": to, "source": _source(merge_id)})
    await suppress_addresses(session, _entries(listed, went, gone), source=f"said before undoing {_source(merge_id)}")
    images_ = {"before": json.dumps(before), "after": json.dumps(after)}
    flags = {"is_aged": is_aged, "is_untouched": is_untouched}
    await session.execute(text(_RESTORE), {"to": to, "born": born, **images_, **flags})
    try:
        async with session.begin_nested():
            await session.execute(text(_REVIVE), {"gone": gone})
    except IntegrityError as error:
        raise Conflict(
            "The other profile's e-mail address or customer number is somebody else's by now. Change that one first."
        ) from error
    await session.execute(text(_NO_SINCE), {**bound, **stood})
    await session.execute(text(_SETTLE), {**bound, "proved": moved.get("proved", [])})
    if not is_untouched:
        await session.execute(text(_HOLD_BACK), bound)
    if is_aged and (minor := await _minor_until(session, now_is)):
        await session.execute(text(_DOUBT), {"gone": gone, "born": minor})
    if is_untouched:
        await _restore_moment(session, to, before)
    moments = moved.get("moments")
    if moments and went["updated_at"] == datetime.fromisoformat(moments[1]):
        await _restore_moment(session, gone, other_is | {"updated_at": moments[0]})
    for one in (to, gone):
        await session.execute(text(_TOUCH), {"id": one})


async def _restore_moment(session: AsyncSession, customer_id: UUID, before: Mapping[str, Any]) -> None:
    """Date a profile as before the merge, where all of it is as then."""
    is_now = await image_of(session, customer_id)
    if all(is_now[name] == before[name] for name in _IMAGED):
        await session.execute(
            text(_UNEDITED), {"id": customer_id, "moment": datetime.fromisoformat(before["updated_at"])}
        )


async def _minor_until(session: AsyncSession, image: Mapping[str, Any]) -> date | None:
    """Return the day an image's person turns 21, if they are a minor by it."""
    if image["of_age_on"] is None:
        return None
    minimum, of_age_on = (await load_settings(session, ComplianceSettings)).minimum_age, image["of_age_on"]
    told = date.fromisoformat(of_age_on)
    return told if comes_of_age(told, minimum) > await shop_today(session) else None
