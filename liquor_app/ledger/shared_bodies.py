"""Keep what many messages say alike, once. Corridor: no actor is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest

_WANTED = unnest("w", id="uuid")
_MISSING = f"""
SELECT w.id FROM {_WANTED} WHERE NOT EXISTS (SELECT 1 FROM stencils m WHERE m.id = w.id)
"""
_KEEP = """
INSERT INTO stencils (id, html, text, links) VALUES (:id, :html, :text, CAST(:links AS jsonb))
    ON CONFLICT (id) DO UPDATE SET created_at = now() -- what is used anew is not past its time
"""


@dataclass(frozen=True, slots=True)
class StencilParts:
    """Literal, hole, literal, …, literal; and its links by their place."""

    html: Sequence[str]
    text: Sequence[str]
    links: Mapping[str, str]


async def add_stencils(session: AsyncSession, stencils: Mapping[UUID, StencilParts]) -> None:
    """Add those that are not kept yet; what is named after its content never changes."""
    if not stencils:
        return
    missing = (await session.execute(text(_MISSING), _WANTED.bind(id=stencils))).scalars().all()
    if missing:
        await session.execute(
            text(_KEEP),
            [
                {"id": id, "html": list(parts.html), "text": list(parts.text), "links": json.dumps(parts.links)}
                for id in sorted(missing)
                for parts in (stencils[id],)
            ],
        )
