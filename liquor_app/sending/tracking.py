"""Links and the pixel of a message: signed, so that they lead nowhere else and tell nobody's address."""

from __future__ import annotations

import html as html_lib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.crypto import sign, unsign
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.ids import parse_id, uuid7, uuid7_time
from liquor_app.core.queue import Job, enqueue
from liquor_app.providers.base import EventKind, WebhookEvent
from liquor_app.sending.aftermath import apply_events
from liquor_app.sending.fate import TOGETHER

CLICK_PATH, OPEN_PATH = "/c", "/o"
_CLICK, _OPENED = "click", "open"

_HREF = re.compile(r'(<a\b[^>]*?\shref=")(https?://[^"]+)(")', re.IGNORECASE)
_SLUG = re.compile(r"[^a-z0-9]+")

PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
"""A transparent GIF of one point."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who followed a link, as far as a request says."""

    user_agent: str
    ip: str | None
    is_machine: bool = False


def tracked(html: str, send_id: UUID, *, clicks: bool, opens: bool) -> str:
    """A message with its links wrapped and a pixel at its end. The way out and our other own pages stay as they are."""
    base, send = get_settings().base_url, send_id.hex
    if clicks:

        def wrap(match: re.Match[str]) -> str:
            address = html_lib.unescape(match[2])
            if address.startswith(f"{base}/"):
                return match[0]
            return f"{match[1]}{base}{CLICK_PATH}/{sign(_CLICK, {'s': send, 'u': address})}{match[3]}"

        html = _HREF.sub(wrap, html)
    if opens:
        pixel = f'<img src="{base}{OPEN_PATH}/{sign(_OPENED, {"s": send})}.gif" width="1" height="1" alt="">'
        head, found, tail = html.rpartition("</body>")
        html = f"{head}{pixel}{found}{tail}" if found else html + pixel
    return html


_SEND = """
SELECT s.id, s.provider, s.customer_id, s.channel, k.name AS campaign, b.name AS brand FROM sends s
LEFT JOIN campaigns k ON k.id = s.campaign_id
LEFT JOIN LATERAL (SELECT name FROM brands ORDER BY id = k.brand_id DESC NULLS LAST, is_default DESC LIMIT 1) b ON true
WHERE s.id = :id AND s.created_at = :moment
"""

# A scanner follows every link at once: then the click before this one was none of a person's either.
_SWEEP = """
WITH swept AS (
    UPDATE analytics_events SET properties = properties || '{"machine": true}'
    WHERE customer_id = :customer AND event_type = 'link_click' AND send_id = :send
      AND occurred_at > :since AND properties ->> 'url' IS DISTINCT FROM :url
    RETURNING 1
), undone AS (
    UPDATE sends SET clicked_at = NULL WHERE id = :send AND created_at = :moment AND clicked_at > :since
      AND EXISTS (SELECT 1 FROM swept)
)
SELECT count(*) FROM swept
"""


async def follow(session: AsyncSession, token: str, visit: Visit) -> str:
    """Note a click; returns where the link leads, with the campaign's UTM tags.

    A message that is gone still leads on: nobody should be left standing for our sake.

    Raises:
        Invalid: the link is not ours.
    """
    given = unsign(_CLICK, token)
    if not isinstance(given, Mapping) or not {"s", "u"} <= set(given):
        raise Invalid("This link is damaged or incomplete. Please open it again from the message.", field="token")
    address = str(given["u"])
    row = await _find(session, str(given["s"]))
    if row is None:
        return address
    at = now()
    swept = 0
    if row.customer_id is not None:
        found = await session.execute(
            text(_SWEEP),
            {"customer": row.customer_id, "send": row.id, "moment": uuid7_time(row.id), "since": at - TOGETHER,
             "url": address[:300]},
        )  # fmt: skip
        swept = int(found.scalar_one())
    await _note(session, row, EventKind.CLICKED, visit, url=address, is_machine=visit.is_machine or swept > 0)
    if row.customer_id is not None:
        await enqueue(session, Job.ATTRIBUTE, {"customer_ids": [str(row.customer_id)]}, dedupe_key=row.customer_id.hex)
    return _with_tags(address, row)


async def open_pixel(session: AsyncSession, token: str, visit: Visit) -> None:
    """Note that a message was opened.

    Raises:
        Invalid: the token is not ours.
        NotFound: the message is no longer known.
    """
    given = unsign(_OPENED, token)
    row = await _find(session, str(given.get("s", "")) if isinstance(given, Mapping) else "")
    if row is None:
        raise NotFound("This message is no longer known here.")
    await _note(session, row, EventKind.OPENED, visit, is_machine=visit.is_machine)


async def _find(session: AsyncSession, send: str) -> Any:
    send_id = parse_id(send, "token")
    found = await session.execute(text(_SEND), {"id": send_id, "moment": uuid7_time(send_id)})
    return found.first()


async def _note(
    session: AsyncSession, row: Any, kind: EventKind, visit: Visit, *, url: str | None = None, is_machine: bool
) -> None:
    event = WebhookEvent(
        kind, uuid7().hex, now(), row.id, url=url, user_agent=visit.user_agent, ip=visit.ip, is_machine=is_machine
    )
    await apply_events(session, SYSTEM, {row.id: [(row.provider, event)]})


def _with_tags(address: str, row: Any) -> str:
    """With utm_source, utm_medium and utm_campaign, where the author has set none."""
    parts = urlsplit(address)
    own = parse_qsl(parts.query, keep_blank_values=True)
    names = {name for name, _ in own}
    tags = {"utm_source": _slug(row.brand), "utm_medium": row.channel, "utm_campaign": _slug(row.campaign)}
    added = [(name, value) for name, value in tags.items() if value and name not in names]
    return urlunsplit(parts._replace(query=urlencode([*own, *added]))) if added else address


def _slug(words: str | None) -> str:
    return _SLUG.sub("-", (words or "").lower()).strip("-")[:60]
