"""The shop: its brand, its notices."""

from __future__ import annotations

from dataclasses import dataclass, fields
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import NotFound
from liquor_app.core.pubsub import publish
from liquor_app.core.queue import Job, enqueue
from liquor_app.organization.models import Brand
from liquor_app.organization.shop_identity import ensure_blank_brand


@dataclass(frozen=True)
class BrandFields:
    """How a brand looks, who it writes as, and what it counts."""

    id: UUID
    name: str
    logo_url: str | None
    logo_alt: str
    header: str
    """A `models.Header`."""
    primary_color: str
    website_url: str
    from_name: str
    from_email: str
    reply_to: str | None
    sms_sender: str | None
    postal_address: str
    footer_text: str
    timezone: str
    licence_state: str | None
    """Two letters; None until somebody says."""
    track_clicks: bool
    track_opens: bool


@dataclass(frozen=True, slots=True)
class BrandRow(BrandFields):
    """The row."""


BRAND_COLUMNS = tuple(field.name for field in fields(BrandRow))


async def ensure_defaults(session: AsyncSession) -> None:
    """A first brand, which has no name yet."""
    await ensure_blank_brand(session)


async def default_brand(session: AsyncSession) -> BrandRow:
    """Return the brand campaigns use when they name none.

    Raises:
        NotFound: none is set up.
    """
    found = await session.execute(
        text(f"SELECT {', '.join(BRAND_COLUMNS)} FROM brands ORDER BY is_default DESC, created_at LIMIT 1")
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound("No brand is set up yet. Add one under Settings.")
    return BrandRow(**row)


async def brand_of_sender(session: AsyncSession, number: str) -> BrandRow:
    """Return the brand that texts from a number, the default one if none does. A corridor."""
    found = await session.execute(text("SELECT id FROM brands WHERE sms_sender = :number LIMIT 1"), {"number": number})
    return await get_brand(session, found.scalar())


async def get_brand(session: AsyncSession, brand_id: UUID | None) -> BrandRow:
    """Return one brand, the default one for None.

    Raises:
        NotFound: it does not exist.
    """
    if brand_id is None:
        return await default_brand(session)
    brand = await session.get(Brand, brand_id, populate_existing=True)
    if brand is None:
        raise NotFound("There is no such brand.")
    return BrandRow(**{name: getattr(brand, name) for name in BRAND_COLUMNS})


async def licences(session: AsyncSession) -> dict[UUID | None, str | None]:
    """Return the state of each brand's licence, that of the default one for None. A corridor."""
    found = await session.execute(
        text("SELECT id, is_default, licence_state FROM brands ORDER BY is_default, created_at DESC")
    )
    states: dict[UUID | None, str | None] = {}
    for row in found:
        states[row.id] = states[None] = row.licence_state
    return states


async def licence_of(session: AsyncSession, brand_id: UUID | None) -> str | None:
    """Return the state of a brand's licence, the default one's for None; None if nobody has said. A corridor."""
    states = await licences(session)
    return states.get(brand_id, states.get(None))


async def notify(
    session: AsyncSession,
    *,
    title: str,
    body: str = "",
    link: str | None = None,
    level: str = "info",
    user_id: UUID | None = None,
) -> None:
    """Put a notice in the bell (everybody's, or one user's) and ring it."""
    await session.execute(
        text(
            "INSERT INTO notifications (user_id, level, title, body, link) VALUES (:user, :level, :title, :body, :link)"
        ),
        {"user": user_id, "level": level, "title": title[:200], "body": body[:1000], "link": link},
    )
    publish(session, "notifications", {"title": title, "level": level, "user_id": user_id})


async def request_sample_clear(session: AsyncSession, actor: Actor) -> UUID:
    """Ask for the sample to be removed; returns the job.

    Raises:
        Forbidden: the actor is not an admin.
    """
    require(actor, Permission.DATA_ADMIN)
    job_id = await enqueue(session, Job.CLEAR_SAMPLE, created_by=actor.user_id, dedupe_key="sample")
    await audit(session, actor, "sample.clearing_asked", "job", job_id)
    return job_id
