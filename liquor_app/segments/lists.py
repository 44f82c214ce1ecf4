"""The list of customers: here, because it can be narrowed to a segment."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permissions import Actor
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.customers.service import CustomerRow
from liquor_app.organization.channel import Channel
from liquor_app.scoring.estimators.rfm import RfmSegment

CUSTOMERS = ListSpec(
    name="customers",
    row=CustomerRow,
    source="customers t",
    where="t.deleted_at IS NULL",
    order="-clv_score",
    sorts=(
        Sort("clv_score", first="-", nulls_last=True),
        Sort("churn_probability", first="-", nulls_last=True),
        Sort("last_purchase_at", first="-", nulls_last=True),
        Sort("total_spent", first="-", nulls_last=True),
        Sort("name"),
    ),
    filters=(
        Filter(
            "segment",
            "t.id IN (SELECT m.customer_id FROM segment_members m JOIN segments s ON s.id = m.segment_id"
            " WHERE s.slug = :segment)",
            Match.EXACT,
            label="Segment",
        ),
        Filter(
            "rfm_segment", "t.rfm_segment", options=tuple(RfmSegment), label="RFM",
            spoken={one.value: one.label for one in RfmSegment},
        ),
        Filter("churn_risk", "t.churn_risk", options=("high", "medium", "low"), label="Churn"),
        Filter("primary_category", "t.primary_category", label="Category"),
        Filter(
            "channel",
            "CASE :channel WHEN 'email' THEN t.email_consent = 'given' AND t.email_key IS NOT NULL"
            " ELSE t.sms_consent = 'given' AND t.phone IS NOT NULL END",
            Match.EXACT,
            options=tuple(Channel),
            label="Reach",
            spoken={"email": "By e-mail", "sms": "By SMS"},
        ),
    ),
    search="lower(coalesce(t.name, '') || ' ' || coalesce(t.email, '') || ' ' || coalesce(t.phone, '')) LIKE :search",
    export={
        "id": "id", "external_id": "number", "name": "name", "email": "e-mail", "phone": "phone", "city": "city",
        "state": "state", "postal_code": "ZIP", "email_consent": "e-mail consent", "sms_consent": "SMS consent",
        "age_verified_at": "age checked", "rfm_segment": "segment", "churn_risk": "churn risk",
        "churn_probability": "churn probability", "clv_score": "CLV", "purchase_frequency": "purchases",
        "total_spent": "spent", "avg_order_value": "average order", "primary_category": "favourite",
        "first_purchase_at": "first purchase", "last_purchase_at": "last purchase",
        "next_purchase_at": "next purchase expected",
    },
)  # fmt: skip


async def list_customers(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[CustomerRow]:
    """A page of customers, the most valuable first unless asked otherwise.

    Raises:
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, CUSTOMERS, query)
