"""Where the shop's own words name somebody: tags, segments, campaigns, templates. An erasure takes a whole name, an
address or a number out of them and leaves the rest; what would break by it is shown to whoever erases."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import unnest
from liquor_app.core.errors import NotFound
from liquor_app.core.platform.named_in import names_them
from liquor_app.core.platform.personal_data import (
    Mention,
    Traces,
    hints_pattern,
    mentioning,
    scrub_mentions,
    words_pattern,
)
from liquor_app.privacy.find_traces import find_traces, profiles_of
from liquor_app.privacy.held_data import MENTIONS

_NAMES = names_them("name")
RARELY = (
    Mention("tags", rows=f"SELECT id, name FROM tags WHERE {_NAMES} ORDER BY name", link="/customers"),
    Mention(
        "segments", rows=f"SELECT slug AS id, name FROM segments WHERE {_NAMES} ORDER BY name", link="/segments/{id}"
    ),
    Mention("campaigns", rows=f"SELECT id, name FROM campaigns WHERE {_NAMES} ORDER BY name", link="/campaigns/{id}"),
    Mention("coupon_pools", rows=f"SELECT id, name FROM coupon_pools WHERE {_NAMES} ORDER BY name", link="/coupons"),
    Mention(
        "drop_files",
        rows=f"SELECT id, name FROM drop_files WHERE {_NAMES} ORDER BY name",
        link="/settings/drop-folders",
    ),
    Mention(
        "imports",
        rows=f"SELECT id, file_name AS name FROM imports WHERE {names_them('file_name')} ORDER BY file_name",
        link="/imports/{id}",
    ),
)
"""Names that an erasure takes a whole name out of by itself, and that one word of it may stand in."""
RARE = 3
"""A word so many others are called by tells of nobody."""
SHORTEST_WORD = 4
_WORDS = unnest("w", word="text")
_CALLED_SO = f"""
SELECT w.word FROM {_WORDS}
 WHERE (SELECT count(*) FROM (
     SELECT FROM customers c WHERE c.deleted_at IS NULL AND c.id <> ALL(:people)
        AND w.word = ANY(regexp_split_to_array(lower(c.name), '[^[:alnum:]]+'))
        AND lower(c.name) LIKE '%' || w.word || '%' LIMIT :rare) others) < :rare
"""
LEFT = "left_by_hand"
"""Beside the tables in what an erasure tells: places that name them still."""


@dataclass(frozen=True)
class MentionRow:
    """A place that names somebody, and that an erasure leaves unless an admin says so.

    Attributes:
        place: the table.
        id, name: of the row.
        link: the page where it is changed by hand.
        can_be_scrubbed: with `in_templates`; else only by hand.
        is_certain: it has their whole name, an address or a number. Else it has one unusual word of their name, by
            which fewer than `RARE` others go, and may mean them: nothing takes it out but an admin.
    """

    place: str
    id: str
    name: str
    link: str
    can_be_scrubbed: bool
    is_certain: bool = True


async def find_mentions(session: AsyncSession, actor: Actor, customer_id: UUID) -> list[MentionRow]:
    """Return where somebody is named that an erasure leaves by itself, then where one unusual word of their name
    stands.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: there is no such customer.
    """
    require(actor, Permission.CUSTOMERS_ADMIN)
    if not await profiles_of(session, customer_id):
        raise NotFound("There is no such customer.")
    traces, found = await find_traces(session, customer_id), []
    for one in MENTIONS:
        if one.link:
            found += [
                MentionRow(one.table, row_id, name, one.link.format(id=row_id), bool(one.scrub))
                for row_id, name in await mentioning(session, one, traces)
            ]
    return found + await _may_mean(session, traces)


async def _may_mean(session: AsyncSession, traces: Traces) -> list[MentionRow]:
    said = {word for name in traces.names for word in re.findall(r"[^\W_]+", name) if len(word) >= SHORTEST_WORD}
    asked = {**_WORDS.bind(word=sorted(said)), "people": list(traces.people), "rare": RARE}
    rare = list((await session.execute(text(_CALLED_SO), asked)).scalars())
    if not rare:
        return []
    word = replace(traces, named=words_pattern(rare, ()), hints=hints_pattern(rare, ()))
    found = []
    for one in (*RARELY, *(mention for mention in MENTIONS if mention.link and mention.table != "customers")):
        known = {row_id for row_id, _ in await mentioning(session, one, traces)}
        found += [
            MentionRow(one.table, row_id, name, one.link.format(id=row_id), False, is_certain=False)
            for row_id, name in await mentioning(session, one, word)
            if row_id not in known
        ]
    return found


async def scrub_all_mentions(session: AsyncSession, traces: Traces, *, in_templates: bool) -> dict[str, int]:
    """Take somebody's name out of the shop's own words, and count what is left; returns rows by table. A corridor."""
    told: dict[str, int] = {}
    for one in MENTIONS:
        if _is_scrubbed(one, in_templates):
            many, place = await scrub_mentions(session, one, traces), one.table
        else:
            many, place = len(await mentioning(session, one, traces)), LEFT
        if many:
            told[place] = told.get(place, 0) + many
    return told


def _is_scrubbed(mention: Mention, in_templates: bool) -> bool:
    return bool(mention.scrub) and (in_templates or not mention.link)
