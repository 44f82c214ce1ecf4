"""Who follows a message's links and loads its pixel: noted, and led on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.errors import NotFound
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.core.queue import Job, enqueue
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.sending.events.apply_events import apply_events
from liquor_app.sending.tracking.links import Target, read_link, read_pixel, with_tags

_SEND = """
SELECT s.id, s.provider, s.customer_id, s.channel, k.name AS campaign, b.name AS brand,
       b.track_clicks AND NOT COALESCE(c.no_tracking, false) AS is_counted
FROM sends s LEFT JOIN campaigns k ON k.id = s.campaign_id LEFT JOIN customers c ON c.id = s.customer_id
LEFT JOIN LATERAL (
    SELECT name, track_clicks FROM brands ORDER BY id = k.brand_id DESC NULLS LAST, is_default DESC LIMIT 1
) b ON true
WHERE s.id = :id AND s.created_at = :moment
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who followed a link, as far as a request says."""

    user_agent: str
    ip: str | None
    is_machine: bool = False


async def follow(session: AsyncSession, token: str, visit: Visit) -> str:
    """Note a click on a wrapped link; returns where it leads, with the campaign's UTM tags.

    Raises:
        Invalid: the link is not ours.
    """
    return await note_click(session, read_link(token), visit)


async def note_click(session: AsyncSession, target: Target, visit: Visit) -> str:
    """Note a click; returns where the link leads, with the campaign's UTM tags.

    A message that is gone still leads on: nobody should be left standing for our sake. Whose clicks are not to be
    counted is led on as the author wrote: a text's links are short for everybody, for the sake of the age gate.
    """
    row = await _find(session, target.send_id)
    if row is None or not row.is_counted:
        return target.address
    await _note(session, row, EventKind.CLICKED, visit, target.address)
    if row.customer_id is not None:
        await enqueue(session, Job.ATTRIBUTE, {"customer_ids": [str(row.customer_id)]}, dedupe_key=row.customer_id.hex)
    return with_tags(target.address, source=row.brand, medium=row.channel, campaign=row.campaign, content=target.place)


async def open_pixel(session: AsyncSession, token: str, visit: Visit) -> None:
    """Note that a message was opened.

    Raises:
        Invalid: the token is not ours.
        NotFound: the message is no longer known.
    """
    row = await _find(session, read_pixel(token))
    if row is None:
        raise NotFound("This message is no longer known here.")
    await _note(session, row, EventKind.OPENED, visit)


async def _find(session: AsyncSession, send_id: UUID) -> Any:
    found = await session.execute(text(_SEND), {"id": send_id, "moment": uuid7_time(send_id)})
    return found.first()


async def _note(session: AsyncSession, row: Any, kind: EventKind, visit: Visit, address: str | None = None) -> None:
    event = WebhookEvent(
        kind, uuid7().hex, now(), row.id, url=address, user_agent=visit.user_agent, ip=visit.ip,
        is_machine=visit.is_machine,
    )  # fmt: skip
    await apply_events(session, SYSTEM, {row.id: [(row.provider, event)]})
