"""Pairs that may be one person, and profiles that were made one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from liquor_app.core.columns import blob, document, moment, pk, plain_uuid, ref, stamped, texts, whole, words
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.platform.personal_data import Personal


class LikelyDouble(SQLModel, table=True):
    """Two profiles that have something in common which one person's would have; the older one is `first`. One that
    somebody dismissed stays, so that it is not brought up again."""

    __tablename__ = "likely_doubles"
    __table_args__ = (
        Index("uq_likely_doubles_pair", "first_id", "second_id", unique=True),
        Index("ix_likely_doubles_score", "score", "id"),
        Index("ix_likely_doubles_second_id", "second_id"),
    )

    id: UUID = pk()
    first_id: UUID = ref("customers.id")
    second_id: UUID = ref("customers.id")
    reasons: list[str] = texts()
    score: int = whole(small=True)
    found_at: datetime = stamped()
    dismissed_at: datetime | None = moment()
    dismissed_by: UUID | None = plain_uuid()


class CustomerMerge(SQLModel, table=True):
    """Two profiles made one: `stays_id` took over `gone_id`. What the first was before and right after, and which rows
    were moved, is kept while it can be undone."""

    __tablename__ = "customer_merges"
    __table_args__ = (
        Index("ix_customer_merges_stays", "stays_id", "at"),
        Index("ix_customer_merges_gone", "gone_id"),
        Index("ix_customer_merges_kept", "at", postgresql_where=text("moved IS NOT NULL")),
    )

    id: UUID = pk()
    stays_id: UUID = ref("customers.id")
    gone_id: UUID = ref("customers.id")
    reason: str = words()
    before: dict[str, Any] | None = document()
    after: dict[str, Any] | None = document()
    date_of_birth_encrypted: bytes | None = blob()
    """Of the profile that stays, before."""
    moved: dict[str, Any] | None = document()
    merged_by: UUID | None = plain_uuid()
    at: datetime = stamped()
    undone_at: datetime | None = moment()


PERSONAL = (
    Personal(
        "likely_doubles",
        rows="SELECT reasons, score, found_at FROM likely_doubles WHERE first_id = ANY(:people) OR second_id ="
        " ANY(:people)",
        scrub="DELETE FROM likely_doubles WHERE first_id = ANY(:people) OR second_id = ANY(:people)",
    ),
    Personal(
        "customer_merges",
        rows="SELECT reason, before, after, date_of_birth_encrypted, at FROM customer_merges WHERE stays_id ="
        " ANY(:people) OR gone_id = ANY(:people)",
        scrub="UPDATE customer_merges SET reason = 'erased', before = NULL, after = NULL,"
        " date_of_birth_encrypted = NULL, moved = NULL WHERE stays_id = ANY(:people) OR gone_id ="
        " ANY(:people)",
        why="that two profiles were one",
    ),
)
"""What rows hold of a person."""

MENTIONS = (named_in("customer_merges", ("reason",), ("before", "after", "moved"), name="reason"),)
"""Where the shop's own words may name somebody."""
