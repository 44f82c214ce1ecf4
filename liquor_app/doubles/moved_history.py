"""What happened to one customer becomes another's: each slice moves its own rows. A slice that keeps customers' rows
adds a line; `tests/customers/test_merging.py` reads every foreign key against this."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.action_status import move_actions, return_actions
from liquor_app.allocations.moved_interests import (
    move_entries,
    move_interests,
    return_entries,
    return_interests,
)
from liquor_app.campaigns.firings import move_firings, return_firings
from liquor_app.coupons.coupon_codes import move_codes, return_codes
from liquor_app.customers.merging.merged_rows import Moved
from liquor_app.events.service import move_events, return_events
from liquor_app.ledger.contact_history import move_sends, return_sends
from liquor_app.sending.events.replies import move_replies, return_replies
from liquor_app.sending.recipients.transactional import move_errands, return_errands


class Mover(NamedTuple):
    """A slice's two verbs: `move(session, gone, to)` tells which rows, `give_back(…, ids)` undoes it."""

    move: Callable[[AsyncSession, UUID, UUID], Awaitable[list[str]]]
    give_back: Callable[[AsyncSession, UUID, UUID, list[str]], Awaitable[None]]


MOVERS: dict[str, Mover] = {
    "analytics_events": Mover(move_events, return_events),
    "trigger_firings": Mover(move_firings, return_firings),
    "sends": Mover(move_sends, return_sends),
    "coupons": Mover(move_codes, return_codes),
    "actions": Mover(move_actions, return_actions),
    "replies": Mover(move_replies, return_replies),
    "product_interests": Mover(move_interests, return_interests),
    "allocation_entries": Mover(move_entries, return_entries),
    "service_messages": Mover(move_errands, return_errands),
}
"""By the table whose rows are moved."""


async def move_history(session: AsyncSession, gone: UUID, to: UUID) -> Moved:
    """Give everything that happened to one customer to another; returns which rows."""
    return {table: await mover.move(session, gone, to) for table, mover in MOVERS.items()}


async def give_history_back(session: AsyncSession, gone: UUID, to: UUID, moved: Mapping[str, list[str]]) -> None:
    """Undo `move_history`; what has happened since stays where it is."""
    for table, mover in MOVERS.items():
        if ids := moved.get(table):
            await mover.give_back(session, gone, to, ids)
