"""Where the shop's own words name somebody: tags, segments, campaigns, templates. An erasure takes a whole name, an
address or a number out of them and leaves the rest; what would break by it is shown to whoever erases."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import NotFound
from liquor_app.core.platform.personal_data import Mention, Traces, mentioning, scrub_mentions
from liquor_app.privacy.find_traces import find_traces, profiles_of
from liquor_app.privacy.held_data import MENTIONS

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
    """

    place: str
    id: str
    name: str
    link: str
    can_be_scrubbed: bool


async def find_mentions(session: AsyncSession, actor: Actor, customer_id: UUID) -> list[MentionRow]:
    """Return where somebody is named that an erasure leaves by itself.

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
