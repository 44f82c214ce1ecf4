"""Who has reviews mailed to them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import PrimaryKeyConstraint
from sqlmodel import SQLModel

from liquor_app.analytics.reviews.review import ReviewKind
from liquor_app.core.columns import choice, day, ref, stamped


class ReviewSubscription(SQLModel, table=True):
    """Somebody of the shop who wants a kind of review; `mailed` is the first day of the last one they got."""

    __tablename__ = "review_subscriptions"
    __table_args__ = (PrimaryKeyConstraint("user_id", "kind"),)

    user_id: UUID = ref("users.id", ondelete="CASCADE")
    kind: ReviewKind = choice("kind", ReviewKind)
    mailed: date | None = day(nullable=True)
    created_at: datetime = stamped()
