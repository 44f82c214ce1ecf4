"""Take events as a shop tells them, thousands a call."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Invalid
from liquor_app.core.listing.told_rows import RefusedRow, RowFields, RowOutcome, refused
from liquor_app.events.service import NewEvent, record_events
from liquor_app.imports.bulk_calls.record_purchases import unknown
from liquor_app.imports.cleaning.moment_cells import When
from liquor_app.imports.orders import basket_lines
from liquor_app.imports.people.known_people import KEYS
from liquor_app.imports.readers.formats import READING
from liquor_app.imports.single_purchases import ToldEvent, checked_event
from liquor_app.organization.settings import GeneralSettings, load_settings


async def record_told_events(
    session: AsyncSession, actor: Actor, events: Sequence[ToldEvent | RefusedRow]
) -> list[RowFields]:
    """Append what customers did to the log, each as `record_event` does.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.EVENTS_WRITE)
    zone = ZoneInfo((await load_settings(session, GeneralSettings)).timezone)
    told, checked = await READING.run(_read, events, zone)
    keys: dict[str, list[str]] = {key: [] for key in KEYS}
    for key, value, _ in checked.values():
        keys[key].append(value)
    known = await basket_lines.load_buyers(session, keys)
    found: list[NewEvent] = []
    for row, (key, value, when) in checked.items():
        event = events[row - 1]
        assert isinstance(event, ToldEvent)
        if (customer := known.owner(key, value)) is None:
            told[row] = refused(row, unknown(event))
            continue
        properties = dict(event.properties)
        found.append(NewEvent(event.event_type, customer.id, occurred_at=when.at, properties=properties))
        told[row] = RowFields(row, RowOutcome.RECORDED)
    await record_events(session, found)
    return [told[row] for row in sorted(told)]


def _read(
    events: Sequence[ToldEvent | RefusedRow], zone: ZoneInfo
) -> tuple[dict[int, RowFields], dict[int, tuple[str, str, When]]]:
    """Return what is refused already, and of all others who did it and when, each by its row. For a thread."""
    told: dict[int, RowFields] = {}
    checked: dict[int, tuple[str, str, When]] = {}
    for row, event in enumerate(events, 1):
        if isinstance(event, RefusedRow):
            told[row] = refused(row, event)
            continue
        try:
            checked[row] = checked_event(event, zone)
        except Invalid as why:
            told[row] = refused(row, RefusedRow(why.code, why.field or "", why.message))
    return told, checked
