"""What was said in a message, kept so that a million messages do not take a million bodies.

A message made from a stencil keeps the stencil's name and its recipient's own values. Its links follow from its id, as
they did when it was made, so reading puts together what was sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.config import get_settings
from liquor_app.ledger.shared_bodies import StencilParts, add_stencils
from liquor_app.providers.kit.message_bodies import Body, Filled, Stencil, Whole
from liquor_app.sending.pipeline.stencil import own_values, track_values
from liquor_app.sending.recipients.unsubscribe import PATH, message_token
from liquor_app.sending.tracking.links import Tracker

PREFERENCES_PATH, VIEW_PATH = "/p", "/m"

BODY_COLUMNS = "s.body_html, s.body_text, s.body_values, m.id AS stencil_id, m.html, m.text, m.links"
BODY_JOIN = "LEFT JOIN stencils m ON m.id = s.stencil_id"
"""Of `sends s`, what `read_body` reads."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A body as the ledger keeps it; `values` is JSON."""

    html: str | None = None
    text: str | None = None
    stencil_id: UUID | None = None
    values: str | None = None


@dataclass(frozen=True, slots=True)
class OwnPages:
    """Where a message leads to its recipient's own pages."""

    unsubscribe: str
    preferences: str
    view: str


def own_pages(send_id: UUID) -> OwnPages:
    token, base = message_token(send_id), get_settings().base_url
    return OwnPages(f"{base}{PATH}/{token}", f"{base}{PREFERENCES_PATH}/{token}", f"{base}{VIEW_PATH}/{token}")


async def keep_stencils(session: AsyncSession, bodies: Iterable[Body]) -> None:
    """Keep the stencils of these messages, each once."""
    stencils = {body.stencil.id: body.stencil for body in bodies if isinstance(body, Filled)}
    await add_stencils(session, {id: StencilParts(one.html, one.text, one.links) for id, one in stencils.items()})


def stored_body(body: Body) -> Stored:
    if isinstance(body, Filled):
        return Stored(stencil_id=body.stencil.id, values=json.dumps(own_values(body), separators=(",", ":")))
    return Stored(body.html, body.text)


def read_body(row: RowMapping, send_id: UUID) -> Body:
    """Return the body of a row with `BODY_COLUMNS`."""
    if row["stencil_id"] is None:
        return Whole(row["body_text"] or "", row["body_html"])
    stencil = Stencil(row["stencil_id"], tuple(row["html"]), tuple(row["text"]), row["links"])
    pages = own_pages(send_id)
    links = {
        "legal.unsubscribe_url": pages.unsubscribe,
        "legal.preferences_url": pages.preferences,
        "legal.view_url": pages.view,
    }
    tracked = track_values(stencil, Tracker(send_id, clicks=True, opens=True))
    return Filled(stencil, {**row["body_values"], **links, **tracked})
