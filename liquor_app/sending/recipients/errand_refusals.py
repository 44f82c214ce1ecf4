"""Who gets no message, though somebody asked for one: who complained, is under age, or had enough of them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, TooMany
from liquor_app.customers.ages.birth_dates import comes_of_age
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import ComplianceSettings, load_settings, shop_today
from liquor_app.sending.models import ErrandStatus
from liquor_app.sending.recipients.suppression_status import is_barred, owners_of

EVERY = timedelta(minutes=10)
A_DAY = 3


async def refuse_barred(session: AsyncSession, channel: Channel, address: str) -> None:
    """Check, or raise Conflict: it complained or came back, or is somebody's who is under age. A corridor."""
    owners = await owners_of(session, channel, address)
    if await is_barred(session, owners):
        raise Conflict("The address complained or came back since.")
    for one in owners:
        if one.customer_id is not None:
            await refuse_minors(session, one.customer_id)


async def refuse_minors(session: AsyncSession, customer_id: UUID) -> None:
    """Check, or raise Conflict: known to be under age, or in doubt. A corridor."""
    found = await session.execute(
        text("SELECT of_age_on, age_disputed_at FROM customers WHERE id = :id"), {"id": customer_id}
    )
    of_age_on, disputed = found.one()
    if disputed is not None:
        raise Conflict("This customer's age is in doubt: nothing is sent to them until it is settled.")
    minimum = (await load_settings(session, ComplianceSettings)).minimum_age
    if of_age_on is not None and comes_of_age(of_age_on, minimum) > await shop_today(session):
        raise Conflict(f"This customer is known to be under {minimum}: nothing is sent to them.")


async def refuse_haste(session: AsyncSession, hashed: bytes) -> None:
    """Check, or raise TooMany: it got one a moment ago, or enough of them today. Counted in the database, under a lock
    on the address: two requests at once are two. A corridor."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"errand:{hashed.hex()}"}
    )
    found = await session.execute(
        text(
            "SELECT max(created_at) AS latest, min(created_at) AS first, count(*) AS messages FROM service_messages"
            f" WHERE address_hash = :hash AND created_at > :since AND status <> '{ErrandStatus.FAILED}'"
        ),
        {"hash": hashed, "since": now() - timedelta(days=1)},
    )
    row = found.one()
    free = max(
        row.latest + EVERY if row.latest else now(),
        row.first + timedelta(days=1) if row.messages >= A_DAY else now(),
    )
    wait = int((free - now()).total_seconds())
    if wait > 0:
        when = f"{wait // 60 + 1} minutes" if wait < 5400 else f"{wait // 3600 + 1} hours"
        raise TooMany(
            f"This address got such a message a moment ago, or {A_DAY} of them today. Try again in {when}.",
            retry_after=wait,
        )
