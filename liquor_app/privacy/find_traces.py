"""Find one person: all profiles that are one, and every address, number and name they ever had here. Corridors: no
actor is asked."""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.errors import Invalid
from liquor_app.core.platform.personal_data import Traces, hints_pattern, words_pattern
from liquor_app.customers.addresses import normalise_email
from liquor_app.customers.erasing.erased_keys import hash_of

_PEOPLE = """
WITH RECURSIVE up AS (
    SELECT id, merged_into FROM customers WHERE id = :id
     UNION SELECT c.id, c.merged_into FROM customers c JOIN up ON c.id = up.merged_into
), theirs AS (
    SELECT id FROM up
     UNION SELECT g.id FROM customers g JOIN theirs t ON g.merged_into = t.id
)
SELECT id FROM theirs ORDER BY id
"""
# what was changed by hand, by imports and merges: addresses and names of before
_SAID = """
WITH told AS (
    SELECT to_jsonb(c) AS row FROM customers c WHERE c.id = ANY(:people)
     UNION ALL SELECT i.before FROM customer_images i WHERE i.customer_id = ANY(:people)
     UNION ALL SELECT i.after FROM customer_images i WHERE i.customer_id = ANY(:people)
     UNION ALL SELECT m.before FROM customer_merges m WHERE m.stays_id = ANY(:people) AND m.before IS NOT NULL
     UNION ALL SELECT m.after FROM customer_merges m WHERE m.stays_id = ANY(:people) AND m.after IS NOT NULL
)
SELECT f.key, f.value FROM told CROSS JOIN LATERAL jsonb_each_text(told.row) f
 WHERE f.key IN ('email', 'email_key', 'phone', 'name', 'external_id') AND f.value <> ''
 UNION SELECT o.kind, o.value FROM former_identifiers o WHERE o.customer_id = ANY(:people)
 UNION SELECT a.kind, a.value FROM customer_aliases a WHERE a.customer_id = ANY(:people)
 UNION SELECT CASE s.channel WHEN 'email' THEN 'email_key' ELSE 'phone' END, lower(s.recipient) FROM sends s
        WHERE s.customer_id = ANY(:people) AND s.recipient <> ''
 UNION SELECT CASE r.medium WHEN 'email' THEN 'email_key' ELSE 'phone' END, lower(r.address) FROM replies r
        WHERE r.customer_id = ANY(:people)
 UNION SELECT CASE WHEN p.address LIKE '%@%' THEN 'email_key' ELSE 'phone' END, lower(p.address) FROM suppressions p
        WHERE p.customer_id = ANY(:people) AND p.address IS NOT NULL
"""
# families share a telephone: what somebody else goes by is no trace of this one
_OF_OTHERS = """
SELECT v.value FROM customers c CROSS JOIN LATERAL (VALUES (c.email_key), (c.phone), (c.external_id)) v(value)
 WHERE c.deleted_at IS NULL AND c.id <> ALL(:people)
   AND (c.email_key = ANY(:values) OR c.phone = ANY(:values) OR c.external_id = ANY(:values))
"""
# a name that somebody else bears, or one of the shop's own people, tells of nobody by itself
_NAMESAKES = """
SELECT lower(name) FROM customers
 WHERE deleted_at IS NULL AND id <> ALL(:people) AND lower(name) = ANY(:names)
 UNION SELECT lower(full_name) FROM users WHERE lower(full_name) = ANY(:names)
"""
_SENDS = """
SELECT id FROM sends WHERE customer_id = ANY(:people)
    OR (customer_id IS NULL AND lower(recipient) = ANY(:addresses)) ORDER BY id
"""
_ACTIONS = "SELECT id FROM actions WHERE customer_id = ANY(:people) ORDER BY id"


async def profiles_of(session: AsyncSession, customer_id: UUID) -> list[UUID]:
    """Return every profile that is one person with this one, itself too; none if there is no such profile."""
    return list((await session.execute(text(_PEOPLE), {"id": customer_id})).scalars())


async def find_traces(session: AsyncSession, customer_id: UUID) -> Traces:
    """Return by what everything kept of a person is found; of an unknown profile by its id alone."""
    people = await profiles_of(session, customer_id) or [customer_id]
    known: dict[str, set[str]] = defaultdict(set)
    for key, value in await session.execute(text(_SAID), {"people": people}):
        known[key].add(value)
    values = [*known["email_key"], *known["phone"], *known["external_id"]]
    others = set((await session.execute(text(_OF_OTHERS), {"people": people, "values": values})).scalars())
    for key in ("email_key", "phone", "external_id"):
        known[key] -= others
    addresses = sorted(known["email_key"] | known["phone"])
    written = {*addresses, *(one for one in known["email"] if _key_of(one) in known["email_key"])}
    names = {name.lower() for name in known["name"]}
    shared = set((await session.execute(text(_NAMESAKES), {"people": people, "names": sorted(names)})).scalars())
    sends = (await session.execute(text(_SENDS), {"people": people, "addresses": addresses})).scalars()
    actions = (await session.execute(text(_ACTIONS), {"people": people})).scalars()
    hashes = [hash_of(key, value) for key in ("email_key", "phone", "external_id") for value in sorted(known[key])]
    return Traces(
        tuple(people), tuple(addresses), tuple(hashes), tuple(sorted(known["external_id"])),
        tuple(sorted({part for name in known["name"] for part in name.lower().split()})),
        words_pattern(written, known["name"]), words_pattern(written, names - shared), _mark(people[0]),
        hints_pattern(written, known["name"]),
        tuple(sends), tuple(actions),
    )  # fmt: skip


def _key_of(email: str) -> str:
    """An address as it was written (a domain in the letters of its country) is theirs where its key is."""
    with suppress(Invalid):
        return normalise_email(email)
    return ""


def _mark(person: UUID) -> str:
    """What stands in the place of a name, told apart from others who were erased by an id that is nobody's."""
    return f"erased_{person.hex[-8:]}"


def in_python(words: str) -> re.Pattern[str]:
    """Return the pattern of a person's words as Python reads it."""
    return re.compile(words.replace("[[:alnum:]]", r"[^\W_]"), re.IGNORECASE)
