"""Shapes of the customers' routes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from liquor_app.api.schemas import Body, Row, Started


class CustomerPatch(Body):
    """Fields to change; null empties one. Scores and facts are computed, consent has its own record."""

    email: str | None = None
    phone: str | None = None
    external_id: str | None = None
    name: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    timezone: str | None = None
    date_of_birth: date | None = None


class CustomerIn(CustomerPatch):
    """A new customer: at least one of `email`, `phone` and `external_id`."""


class BreakdownItem(Row):
    rfm_segment: str
    customers: int
    share: float
    total_spent: Decimal


class Breakdown(Row):
    """The base by RFM name, largest first; `total` counts customers."""

    items: list[BreakdownItem]
    total: int


class ImportStarted(Started):
    import_id: UUID


class ImportOut(Row):
    id: UUID
    kind: str
    file_name: str
    status: str
    policy: str
    mapping: dict[str, str]
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    job_id: UUID | None
    created_at: datetime
    finished_at: datetime | None
