"""Reviews mailed to the people of the shop who asked for them, on the first morning after the week or month."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, may, require
from liquor_app.accounts.users import get_user
from liquor_app.analytics.documents.pdf_file import pdf_of
from liquor_app.analytics.documents.review_document import review_document
from liquor_app.analytics.reviews.read_review import read_review
from liquor_app.analytics.reviews.review import Review, ReviewKind, days_of
from liquor_app.analytics.reviews.review_words import period_words, review_words
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Forbidden
from liquor_app.core.queue import Job, enqueue
from liquor_app.organization.service import default_brand, notify
from liquor_app.organization.settings import shop_now, shop_today
from liquor_app.providers.kit.base import Attachment
from liquor_app.sending.staff_mail import mails_links, staff_letter
from liquor_app.templates.rendering.render import Notice
from liquor_app.templates.test_messages import Trial

MORNING = 7
"""The shop's hour from which reviews are mailed."""
MOST_DUE = 500
WHY = "You get this because you asked for it on the page Reviews, where you can end it."
_MINE = "SELECT kind FROM review_subscriptions WHERE user_id = :user"
_ADD = "INSERT INTO review_subscriptions (user_id, kind, mailed) VALUES (:user, :kind, :start) ON CONFLICT DO NOTHING"
_END = "DELETE FROM review_subscriptions WHERE user_id = :user AND kind = :kind"
_DUE = f"""
SELECT s.user_id FROM review_subscriptions s JOIN users u ON u.id = s.user_id
 WHERE s.kind = :kind AND (s.mailed IS NULL OR s.mailed < :start) AND u.is_active ORDER BY s.user_id LIMIT {MOST_DUE}
"""
_TAKE = """
UPDATE review_subscriptions SET mailed = :start
 WHERE user_id = :user AND kind = :kind AND (mailed IS NULL OR mailed < :start) RETURNING user_id
"""


async def my_reviews(session: AsyncSession, actor: Actor) -> frozenset[ReviewKind]:
    """Return the kinds that are mailed to whoever asks."""
    require(actor, Permission.ANALYTICS_READ)
    found = await session.execute(text(_MINE), {"user": actor.user_id})
    return frozenset(ReviewKind(kind) for kind in found.scalars())


async def subscribe(session: AsyncSession, actor: Actor, kind: ReviewKind, *, wanted: bool) -> None:
    """Have a kind of review mailed to whoever asks, from the next one on, or no more.

    Raises:
        Forbidden: no user asks, but an API key or the system, that reads no mail.
    """
    require(actor, Permission.ANALYTICS_READ)
    if actor.user_id is None:
        raise Forbidden("Reviews are mailed to people: sign in to ask for them.")
    start = days_of(kind, await shop_today(session)).start
    bound = {"user": actor.user_id, "kind": kind.value}
    if wanted:
        await session.execute(text(_ADD), {**bound, "start": start})
    else:
        await session.execute(text(_END), bound)
    verb = "review.subscribed" if wanted else "review.ended"
    await audit(session, actor, verb, "user", actor.user_id, kind=kind.value)


async def request_due_reviews(session: AsyncSession) -> int:
    """Ask for the mails of this morning; how many. A corridor, for the clock."""
    at = await shop_now(session)
    if at.hour < MORNING:
        return 0
    asked = 0
    for kind in ReviewKind:
        bound = {"kind": kind.value, "start": days_of(kind, at.date()).start}
        for user_id in (await session.execute(text(_DUE), bound)).scalars().all():
            told = {"user_id": str(user_id), "kind": kind.value}
            await enqueue(session, Job.MAIL_REVIEW, told, dedupe_key=f"{user_id} {kind.value}")
            asked += 1
    return asked


async def prepare_review_mail(session: AsyncSession, user_id: UUID, kind: ReviewKind) -> Trial | None:
    """Put the last review into somebody's bell, and return the mail that says the same, the letter as PDF with it; None
    where e-mail stays in the house, or it was told already. Told once: whoever dies between here and the provider mails
    none. A corridor, for the job."""
    at = await shop_now(session)
    start = days_of(kind, at.date()).start
    taken = await session.execute(text(_TAKE), {"user": user_id, "kind": kind.value, "start": start})
    user = await get_user(session, user_id)
    if taken.scalar() is None or user is None or not user.is_active or not may(user.actor, Permission.ANALYTICS_READ):
        return None
    review = await read_review(session, user.actor, kind)
    said = review_words(review)
    title, page = f"{kind.heading}: {period_words(review)}", review_page(review)
    await notify(session, title=title, body=said[0], link=page, user_id=user.id)
    if not await mails_links(session):
        return None
    notice = Notice(title, " ".join(said), "Open it", f"{get_settings().base_url}{page}", WHY, "")
    content = await asyncio.to_thread(pdf_of, review_document(review, at), now())
    name = f"{kind.heading.lower()} {review.days.start.isoformat()}.pdf"
    told = {"kind": kind.value, "start": review.days.start.isoformat()}
    await audit(session, user.actor, "review.mailed", "user", user.id, **told)
    brand, letter = await default_brand(session), Attachment(name, "application/pdf", content)
    return await staff_letter(session, brand, user.email, notice, attachments=(letter,))


def review_page(review: Review) -> str:
    """Return where the app shows a review."""
    told = {"kind": review.days.kind.value, "day": review.days.start.isoformat()}
    return f"/reviews?{urlencode(told)}"
