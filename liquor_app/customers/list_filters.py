"""Filters and sorts of the customer list, and their indexed SQL.

Every sort is one indexed column with `id` as the tie-breaker, so that the keyset cursor works at any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from liquor_app.core.errors import Invalid
from liquor_app.core.paging import decode_cursor, encode_cursor

SORTS: dict[str, type] = {
    "clv_score": Decimal,
    "churn_probability": float,
    "last_purchase_at": datetime,
    "total_spent": Decimal,
    "name": str,
}
"""Sortable columns and the Python type of their cursor value; each has an index."""


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """All given parts must hold. `segment` is the slug of a segment; `rfm_segment` the RFM name."""

    search: str = ""
    rfm_segment: str = ""
    churn_risk: str = ""
    primary_category: str = ""
    segment: str = ""
    channel: str = ""
    """`email` or `sms`: only who agreed to it and has an address for it."""
    ids: tuple[UUID, ...] = ()


class Query(NamedTuple):
    where: str
    after: str
    order: str
    params: dict[str, Any]


def _column(sort: str) -> tuple[str, bool]:
    descending = sort.startswith("-")
    column = sort.removeprefix("-")
    if column not in SORTS:
        raise Invalid(f"sort must be one of {', '.join(SORTS)}, with a leading - for descending", field="sort")
    return column, descending


def _where(filters: CustomerFilter) -> tuple[str, dict[str, Any]]:
    parts = ["c.deleted_at IS NULL"]
    params: dict[str, Any] = {}
    if needle := filters.search.strip().lower()[:100]:
        escaped = needle.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        parts.append(
            "lower(coalesce(c.name, '') || ' ' || coalesce(c.email, '') || ' ' || coalesce(c.phone, '')) LIKE :search"
        )
        params["search"] = f"%{escaped}%"
    for field in ("rfm_segment", "churn_risk", "primary_category"):
        if value := getattr(filters, field):
            parts.append(f"c.{field} = ANY(:{field})")
            params[field] = [item.strip() for item in value.split(",")][:20]
    if filters.segment:
        parts.append(
            "c.id IN (SELECT m.customer_id FROM segment_members m JOIN segments s ON s.id = m.segment_id"
            " WHERE s.slug = :segment)"
        )
        params["segment"] = filters.segment
    if filters.channel:
        addresses = {"email": "email_key", "sms": "phone"}
        if filters.channel not in addresses:
            raise Invalid("channel must be email or sms", field="channel")
        parts.append(f"c.{filters.channel}_consent = 'given' AND c.{addresses[filters.channel]} IS NOT NULL")
    if filters.ids:
        parts.append("c.id = ANY(:ids)")
        params["ids"] = list(filters.ids)
    return " AND ".join(parts), params


def build(filters: CustomerFilter, sort: str, cursor: str | None) -> Query:
    """The pieces of the list's SQL.

    Raises:
        Invalid: unknown sort, bad channel, malformed cursor.
    """
    column, descending = _column(sort)
    where, params = _where(filters)
    direction, sign = ("DESC", "<") if descending else ("ASC", ">")
    order = f"c.{column} {direction} NULLS LAST, c.id {direction}"
    after = "true"
    if cursor:
        value, last = decode_cursor(cursor, SORTS[column], UUID)
        params["last_id"] = last
        if value is None:  # the nulls come last: only nulls can follow
            after = f"(c.{column} IS NULL AND c.id {sign} :last_id)"
        else:
            params["last_value"] = value
            after = (
                f"(c.{column} {sign} :last_value OR (c.{column} = :last_value AND c.id {sign} :last_id)"
                f" OR c.{column} IS NULL)"
            )
    return Query(where, after, order, params)


def cursor_of(row: Any, sort: str) -> str:
    """The cursor that continues after `row`."""
    column, _ = _column(sort)
    return encode_cursor(getattr(row, column), row.id)
