"""The suppression list as a list."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permissions import Actor
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.models import SuppressionReason
from liquor_app.customers.suppressions import SuppressionRow, normalise_address

SUPPRESSIONS = ListSpec(
    name="suppressions",
    row=SuppressionRow,
    source="suppressions t",
    where="t.lifted_at IS NULL",
    order="-created_at",
    sorts=(Sort("created_at", first="-"),),
    filters=(
        # found by its hash, so also after an erasure
        Filter("address", "t.address_hash = :address", Match.EXACT,
               parse=lambda value: address_hash(normalise_address(value))),
        Filter("reason", "t.reason", options=tuple(SuppressionReason), label="Reason"),
    ),
    role="manager",
    export={
        "address": "address", "channel": "channel", "reason": "reason", "created_at": "since", "source": "source",
    },
)  # fmt: skip


async def list_suppressions(
    session: AsyncSession, actor: Actor, query: ListQuery | None = None
) -> Page[SuppressionRow]:
    """Entries in force, newest first.

    Raises:
        Forbidden: the actor is not a manager: the list is addresses.
        Invalid: see `read_list`; no address.
    """
    return await read_list(session, actor, SUPPRESSIONS, query)
