"""People whom an import made or changed: taken away, or set back to what they were. Corridors, for `imports.undo`.

A field is set back where it still says what the import wrote. A no that the import brought (a withdrawal, a younger
date of birth) stays; so does what somebody else wrote since, and an address that is another's by now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.ids import uuid_array
from liquor_app.customers.ages.sealed_dates import BIRTH_COLUMNS, SEALED_DATE
from liquor_app.customers.bulk_write import CONSENT_FIELDS, HANDED_ON, UNIQUE, WRITTEN
from liquor_app.customers.merging.merged_fields import CONSENTS

FOR_GOOD = "a_no"
EDITED = "edited"
LATER_IMPORT = "later_import"
TAKEN = "taken"
MERGED = "merged"
CONFIRMED = "confirmed"
"""Why a field of somebody is not set back: see `imports.undo.undo_words`."""

_CONSENT = ", ".join(f"'{name}'" for name in CONSENT_FIELDS)
_BIRTH = ", ".join(f"'{name}'" for name in BIRTH_COLUMNS)
"""They tell one date, and are set back together."""
_HANDED_ON = " OR ".join(f"(f.name = '{key}' AND c.{key} = '{HANDED_ON}' || CAST(c.id AS text))" for key in UNIQUE)
_SINCE = """
    EXISTS (SELECT FROM consents e WHERE e.customer_id = c.id AND e.channel || '_consent' = f.name
               AND e.import_id IS DISTINCT FROM i.import_id
               AND e.id > (SELECT o.id FROM consents o WHERE o.customer_id = c.id AND o.channel = e.channel
                              AND o.import_id = i.import_id ORDER BY o.id DESC LIMIT 1))
"""
WHY_BUT_TAKEN = f"""
CASE
    WHEN f.name IN ({_CONSENT}) AND i.after ->> f.name = 'withdrawn' THEN '{FOR_GOOD}'
    WHEN f.name IN ({_BIRTH}) AND (i.before ->> 'of_age_on' < i.after ->> 'of_age_on'
        OR CAST(i.after ->> 'of_age_on' AS date) > now()) THEN '{FOR_GOOD}'
    WHEN (c.updated_at <> i.at AND f.name NOT IN ({_BIRTH})
            AND to_jsonb(c) -> f.name IS DISTINCT FROM i.after -> f.name AND NOT ({_HANDED_ON}))
        OR (c.updated_at <> i.at AND f.name IN ({_BIRTH})
            AND (c.of_age_on IS DISTINCT FROM CAST(i.after ->> 'of_age_on' AS date)
                 OR c.birthday_md IS DISTINCT FROM CAST(i.after ->> 'birthday_md' AS int)))
        OR (f.name IN ({_CONSENT}) AND {_SINCE})
        THEN CASE WHEN EXISTS (SELECT FROM customer_images o WHERE o.customer_id = c.id AND o.at > i.at
                                  AND o.import_id <> i.import_id AND o.after ? f.name)
                  THEN '{LATER_IMPORT}' ELSE '{EDITED}' END
    WHEN EXISTS (SELECT FROM customer_confirmations l WHERE l.customer_id = c.id AND l.import_id <> i.import_id
                    AND l.at > i.at AND l.fields ? f.name AND l.import_id <> ALL(CAST(:silent AS uuid[])))
        THEN '{CONFIRMED}'
"""
_WHY = f"""{WHY_BUT_TAKEN}
    WHEN f.name IN ('email', 'email_key') AND EXISTS (SELECT FROM customers o
        WHERE o.email_key = i.before ->> 'email_key' AND o.id <> c.id AND o.deleted_at IS NULL)
        AND c.id <> ALL(CAST(:freed_email_key AS uuid[])) THEN '{TAKEN}'
    WHEN f.name = 'external_id' AND EXISTS (SELECT FROM customers o
        WHERE o.external_id = i.before ->> 'external_id' AND o.id <> c.id AND o.deleted_at IS NULL)
        AND c.id <> ALL(CAST(:freed_external_id AS uuid[])) THEN '{TAKEN}'
END
"""
"""Why field `f.name` of somebody `c` is not set back to what it was in image `i`; NULL: it is. The words of imports
`:silent` keep none any more; what stands in another's way of those `:freed_…` goes before them."""
_PLAN = f"""
SELECT i.customer_id, i.seen, i.at, c.updated_at AS was, i.after AS told, c.merged_into IS NOT NULL AS merged,
       c.updated_at = i.at AS untouched,
       EXISTS (SELECT FROM customer_images l WHERE l.customer_id = c.id AND l.at = c.updated_at) AS by_import, w.*
  FROM customer_images i
  JOIN customers c ON c.id = i.customer_id
 CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_object_agg(k.name, i.before -> k.name) FILTER (WHERE k.why IS NULL),
                    jsonb_build_object()) AS back,
           COALESCE(array_agg(DISTINCT k.why) FILTER (WHERE k.why IS NOT NULL), CAST(ARRAY[] AS text[])) AS kept
      FROM (SELECT f.name, {_WHY} AS why FROM jsonb_object_keys(i.after) AS f(name)) k) w
 WHERE i.import_id = :import AND c.import_id IS DISTINCT FROM i.import_id
   AND (c.deleted_at IS NULL OR c.merged_into IS NOT NULL)
"""

_COUNT = f"""
SELECT 'people' AS what, count(*) AS n FROM ({_PLAN}) p WHERE p.back <> '{{}}'
 UNION ALL SELECT k.why, count(*) FROM ({_PLAN}) p CROSS JOIN LATERAL unnest(p.kept) AS k(why) GROUP BY 1
 UNION ALL SELECT '{MERGED}', count(*) FROM ({_PLAN}) p WHERE p.merged
 UNION ALL SELECT 'consents', count(*) FROM consents e WHERE e.import_id = :import AND e.status = 'given'
   AND e.customer_id IN (WITH RECURSIVE up AS (
     SELECT c.id, c.merged_into FROM customer_images i JOIN customers c ON c.id = i.customer_id
      WHERE i.import_id = :import AND c.import_id IS DISTINCT FROM i.import_id
        AND (c.deleted_at IS NULL OR c.merged_into IS NOT NULL)
      UNION SELECT id, merged_into FROM customers WHERE import_id = :import AND merged_into IS NOT NULL
      UNION SELECT s.id, s.merged_into FROM customers s JOIN up ON s.id = up.merged_into) SELECT id FROM up)
"""

_COUNT_THESE = f"""
SELECT count(*) FROM ({_PLAN} AND i.customer_id = ANY(:ids)) p WHERE p.back <> jsonb_build_object()
"""

KEPT_FIELDS = f"""
SELECT c.id, COALESCE(c.name, c.email, c.external_id, c.phone) AS called, c.external_id AS number,
       'fields_' || k.why AS why
  FROM ({_PLAN}) p JOIN customers c ON c.id = p.customer_id
 CROSS JOIN LATERAL unnest(
    p.kept || CASE WHEN p.merged THEN ARRAY['{MERGED}'] ELSE CAST(ARRAY[] AS text[]) END) AS k(why)
"""
"""Of whom something stays as the import `:import` made it, and why."""

_BATCH = """
SELECT customer_id FROM customer_images WHERE import_id = :import AND customer_id > :after
 ORDER BY customer_id LIMIT :most
"""
_LOCK = "SELECT id FROM customers WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"

_MOVED = "(r.{consent} = 'given' AND p.told ? '{address}' AND NOT p.back ? '{address}')"
"""A yes was about the address before, and that one does not come back."""
_UNLESS = dict.fromkeys(WRITTEN, "") | {
    consent: f" AND NOT {_MOVED.format(consent=consent, address=address)}" for consent, address in CONSENTS.values()
}
_SETS = ", ".join(
    f"{name} = CASE WHEN p.back ? '{name}'{unless} THEN r.{name} ELSE c.{name} END" for name, unless in _UNLESS.items()
)

# Whoever an import changed last was edited by nobody since, and that must stay so: what is restored whole gets its old
# `updated_at`, so that the import before this one finds it as it left it. Where later imports changed it too, the next
# one follows on the one before this, as if this had never been, and the last one's moment moves by the least there is:
# whoever read the person before notices that they are another by now.
_TICK = "interval '1 microsecond'"
_SET_BACK = f"""
WITH plan AS MATERIALIZED ({_PLAN} AND i.customer_id = ANY(:ids)), done AS (
    UPDATE customers c SET {_SETS},
           updated_at = CASE WHEN p.untouched AND p.kept = '{{}}' THEN p.seen
                             WHEN p.by_import THEN p.was + {_TICK} ELSE now() END
      FROM plan p CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS customers), p.back) r
     WHERE c.id = p.customer_id AND (p.back <> '{{}}' OR (p.kept = '{{}}' AND (p.untouched OR NOT p.merged)))
       AND COALESCE(CASE WHEN p.back ? 'email_key' THEN r.email_key ELSE c.email_key END,
                    CASE WHEN p.back ? 'phone' THEN r.phone ELSE c.phone END,
                    CASE WHEN p.back ? 'external_id' THEN r.external_id ELSE c.external_id END) IS NOT NULL
    RETURNING c.id, p.back, p.kept = '{{}}' AS whole, p.untouched, p.seen, p.at, p.was
), shown AS (
    UPDATE customer_images i
       SET before = i.before - ARRAY(SELECT jsonb_object_keys(d.back)),
           after = i.after - ARRAY(SELECT jsonb_object_keys(d.back)),
           at = CASE WHEN d.untouched AND NOT d.whole THEN i.at + {_TICK} ELSE i.at END
      FROM done d WHERE i.import_id = :import AND i.customer_id = d.id
), followed AS (
    UPDATE customer_images o
       SET seen = CASE WHEN d.whole AND o.seen = d.at THEN d.seen ELSE o.seen END,
           at = CASE WHEN o.at = d.was AND NOT d.untouched THEN o.at + {_TICK} ELSE o.at END
      FROM done d WHERE o.customer_id = d.id AND o.import_id <> :import
       AND ((d.whole AND o.seen = d.at) OR (o.at = d.was AND NOT d.untouched))
), unaged AS (
    DELETE FROM age_ledger a USING done d WHERE a.customer_id = d.id AND a.import_id = :import
       AND d.back ? CASE WHEN a.verified THEN 'age_verified_at' ELSE '{SEALED_DATE}' END RETURNING a.id
)
SELECT 'people' AS what, count(*) AS n FROM done WHERE back <> '{{}}'
 UNION ALL SELECT '{MERGED}', count(*) FROM plan p WHERE p.merged
 UNION ALL SELECT k.why, count(*) FROM plan p CROSS JOIN LATERAL unnest(p.kept) AS k(why) GROUP BY 1
 UNION ALL SELECT '{TAKEN}', count(*) FROM plan p WHERE p.back <> '{{}}' AND p.customer_id NOT IN (SELECT id FROM done)
"""
_DROP_EMPTY = """
DELETE FROM customer_images WHERE import_id = :import AND customer_id = ANY(:ids) AND after = '{}'
"""

# a merge carries a yes on to the profile that stays
_UNPROVE = """
WITH RECURSIVE up AS (
    SELECT id, merged_into FROM customers
     WHERE id = ANY(:ids)
       AND (merged_into IS NOT NULL OR (deleted_at IS NULL AND import_id IS DISTINCT FROM CAST(:import AS uuid)))
     UNION SELECT s.id, s.merged_into FROM customers s JOIN up ON s.id = up.merged_into
)
DELETE FROM consents e USING up WHERE e.customer_id = up.id AND e.import_id = :import AND e.status = 'given'
RETURNING e.customer_id, e.channel
"""
_LOWERED = """
CASE
    WHEN NOT c.id = ANY(:{channel}) THEN c.{consent}
    WHEN 'withdrawn' = (SELECT e.status FROM consents e WHERE e.customer_id = c.id AND e.channel = '{channel}'
                         ORDER BY e.at DESC, e.id DESC LIMIT 1) THEN 'withdrawn'
    WHEN c.{consent} = 'given' AND NOT EXISTS (
        SELECT FROM consents e WHERE e.customer_id = c.id AND e.channel = '{channel}' AND e.status = 'given'
           AND e.at >= COALESCE((SELECT i.at FROM customer_images i WHERE i.import_id = :import
                                    AND i.customer_id = c.id AND i.after ? '{address}'), '-infinity')) THEN NULL
    ELSE c.{consent}
END
"""
_SAID = ", ".join(
    f"{_LOWERED.format(channel=channel, consent=consent, address=address)} AS {consent}"
    for channel, (consent, address) in CONSENTS.items()
)
_LOWER = f"""
UPDATE customers c SET email_consent = k.email_consent, sms_consent = k.sms_consent, updated_at = now()
  FROM (SELECT c.id, {_SAID} FROM customers c WHERE c.id = ANY(:email) OR c.id = ANY(:sms)) k
 WHERE c.id = k.id AND (c.email_consent, c.sms_consent) IS DISTINCT FROM (k.email_consent, k.sms_consent)
"""
"""Whoever loses the evidence of a yes keeps what else is proved; none for an address that the import wrote and that
stays."""

_COUNT_PROOFS = "SELECT count(*) FROM consents WHERE customer_id = ANY(:ids)"
_REMOVE = "DELETE FROM customers WHERE id = ANY(:ids)"
_UNTOUCH = "DELETE FROM touched_customers WHERE customer_id = ANY(:ids)"


_HANDED_OUT = """
SELECT t.customer_id FROM customer_tags t JOIN customers c ON c.id = t.customer_id
 WHERE t.import_id = :import AND t.customer_id > :after AND c.import_id IS DISTINCT FROM t.import_id
 GROUP BY 1 ORDER BY 1 LIMIT :most
"""
_TAKE_TAGS = "DELETE FROM customer_tags WHERE import_id = :import AND customer_id = ANY(:ids) RETURNING tag_id"


@dataclass(slots=True)
class Undone:
    """What became of a batch: rows taken away and set back by what they are, what was kept by reason, and where the
    next batch begins (None: this was the last)."""

    removed: Counter[str] = field(default_factory=Counter)
    set_back: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    upto: UUID | None = None

    def note(self, what: str, many: int) -> None:
        """Count one line of a statement's answer."""
        if what == "people":
            self.set_back["customers"] += many
        elif what == "consents":
            self.removed["consents"] += many
        else:
            self.kept[f"fields_{what}"] += many


def looked_at(silent: Sequence[UUID] = (), freed: Mapping[str, Sequence[UUID]] | None = None) -> dict[str, Any]:
    """Return what statements that tell why fields stay are bound with, beside the import.

    Args:
        silent: imports whose word keeps no field any more.
        freed: by `UNIQUE` key, whose is another's by now who goes, or is set back, before them.
    """
    return {"silent": uuid_array(silent), **{f"freed_{key}": uuid_array((freed or {}).get(key, ())) for key in UNIQUE}}


async def count_changed_people(
    session: AsyncSession, import_id: UUID, silent: Sequence[UUID], freed: Mapping[str, Sequence[UUID]]
) -> Undone:
    """Tell what `set_back_people` would do, all in all; arguments as `looked_at`."""
    undone = Undone()
    for what, many in await session.execute(text(_COUNT), {"import": import_id, **looked_at(silent, freed)}):
        undone.note(what, many)
    return undone


async def count_left_fields(session: AsyncSession, import_id: UUID, ids: Sequence[UUID], silent: Sequence[UUID]) -> int:
    """Tell how many of these people `set_back_these` would set back."""
    bound = {"import": import_id, "ids": list(ids), **looked_at(silent)}
    return int((await session.execute(text(_COUNT_THESE), bound)).scalar_one())


async def set_back_people(
    session: AsyncSession, import_id: UUID, after: UUID, most: int, silent: Callable[[], Awaitable[list[UUID]]]
) -> Undone:
    """Set back the next people the import changed, those after `after`, and take its yeses from their evidence.

    Args:
        silent: tells whose word keeps no field any more; asked once nobody else writes to these people.
    """
    found = await session.execute(text(_BATCH), {"import": import_id, "after": after, "most": most})
    ids = list(found.scalars())
    undone = Undone()
    if ids:
        await lock_people(session, ids)
        undone = await set_back_these(session, import_id, ids, await silent())
    undone.upto = ids[-1] if len(ids) == most else None
    return undone


async def lock_people(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Until the end of the transaction nobody else writes to these people."""
    await session.execute(text(_LOCK), {"ids": list(ids)})


async def set_back_these(session: AsyncSession, import_id: UUID, ids: Sequence[UUID], silent: Sequence[UUID]) -> Undone:
    """As `set_back_people`, of people who are locked."""
    undone, bound = Undone(), {"import": import_id, "ids": list(ids), **looked_at(silent)}
    for what, many in await session.execute(text(_SET_BACK), bound):
        undone.note(what, many)
    undone.removed["consents"] += await take_yeses(session, import_id, ids)
    await session.execute(text(_DROP_EMPTY), bound)
    return undone


async def take_yeses(session: AsyncSession, import_id: UUID, ids: Sequence[UUID]) -> int:
    """Take an import's yeses from these people, and from whoever they were merged into; returns how many."""
    lost: dict[str, list[UUID]] = {channel: [] for channel in CONSENTS}
    for customer_id, channel in await session.execute(text(_UNPROVE), {"ids": list(ids), "import": import_id}):
        lost[channel].append(customer_id)
    if any(lost.values()):
        await session.execute(text(_LOWER), {**lost, "import": import_id})
    return sum(map(len, lost.values()))


async def take_tags(session: AsyncSession, import_id: UUID, after: UUID, most: int) -> Undone:
    """Take the import's tags from the next people who had been there before it, those after `after`."""
    found = await session.execute(text(_HANDED_OUT), {"import": import_id, "after": after, "most": most})
    ids = list(found.scalars())
    undone = Undone(upto=ids[-1] if len(ids) == most else None)
    if ids:
        undone.removed["tags"] = len((await session.execute(text(_TAKE_TAGS), {"import": import_id, "ids": ids})).all())
    return undone


async def remove_people(session: AsyncSession, ids: Sequence[UUID]) -> Counter[str]:
    """Delete people an import made, with all that belongs to them; the caller has seen that nobody built on them."""
    if not ids:
        return Counter()
    proofs = (await session.execute(text(_COUNT_PROOFS), {"ids": ids})).scalar_one()
    await session.execute(text(_UNTOUCH), {"ids": ids})
    await session.execute(text(_REMOVE), {"ids": ids})
    return Counter(customers=len(ids), consents=proofs)
