"""The lists of segments, of their members, and of customers (here, because it can be narrowed to a segment), with what
can be done to many of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.bulk_actions import BulkList, Outcome, Verb, one_by_one
from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.customers.ages.birth_dates import AgeBand
from liquor_app.customers.consents import REACHABLE, suppress_customers
from liquor_app.customers.editing.change_customer import delete_customer
from liquor_app.customers.labels.custom_values import custom_filter
from liquor_app.customers.labels.tags import clean_tag, tag_customers, untag_customers
from liquor_app.customers.service import NOT_YET_TOLD, CustomerRow, shown_to
from liquor_app.organization.channel import Channel
from liquor_app.organization.settings import SHOP_DAY
from liquor_app.scoring.estimators.rfm import RfmSegment
from liquor_app.segments.membership import MemberRow
from liquor_app.segments.models import SegmentKind
from liquor_app.segments.service import SegmentRow, get_segment, month_ago, segment_row

_BY_EMAIL, _BY_SMS = (REACHABLE[one].format(c="t", today=SHOP_DAY) for one in (Channel.EMAIL, Channel.SMS))

CUSTOMERS = ListSpec(
    name="customers",
    row=CustomerRow,
    source="customers t",
    where="t.deleted_at IS NULL",
    select=NOT_YET_TOLD,
    shown=shown_to,
    order="-clv_score",
    permission=Permission.CUSTOMERS_READ,
    export_permission=Permission.CUSTOMERS_PRIVATE,
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
            "rfm_segment", "t.rfm_segment", options=tuple(RfmSegment), label="RFM segment",
            spoken={one.value: one.label for one in RfmSegment},
        ),
        Filter("churn_risk", "t.churn_risk", options=("high", "medium", "low"), label="Churn risk"),
        Filter("primary_category", "t.primary_category", label="Favourite"),
        Filter(
            "tag",
            "t.id IN (SELECT g.customer_id FROM customer_tags g JOIN tags n ON n.id = g.tag_id WHERE n.name = :tag)",
            Match.EXACT,
            label="Tag",
        ),
        Filter(
            "custom",
            "t.raw_data IS NOT NULL AND t.raw_data @> CAST(:custom AS jsonb)",
            Match.EXACT,
            parse=custom_filter,
            names_people=True,
        ),
        Filter(
            "channel",
            f"CASE :channel WHEN 'email' THEN {_BY_EMAIL} WHEN 'sms' THEN {_BY_SMS}"
            f" ELSE ({_BY_EMAIL}) IS NOT TRUE AND ({_BY_SMS}) IS NOT TRUE END",
            Match.EXACT,
            options=(*Channel, "none"),
            label="Reach",
            spoken={"email": "By e-mail", "sms": "By SMS", "none": "Cannot be reached"},
        ),
    ),
    spoken={"age_band": {band.value: band.label for band in AgeBand}},
    search="lower(coalesce(t.name, '') || ' ' || coalesce(t.email, '') || ' ' || coalesce(t.phone, '')) LIKE :search",
    export={
        "id": "id", "external_id": "number", "name": "name", "email": "e-mail", "phone": "phone", "city": "city",
        "state": "state", "postal_code": "ZIP", "email_consent": "e-mail consent", "sms_consent": "SMS consent",
        "age_verified_at": "age checked", "has_turned_21": "turned 21", "age_band": "age band",
        "rfm_segment": "RFM segment", "churn_risk": "churn risk",
        "churn_probability": "churn probability", "clv_score": "expected spend", "purchase_frequency": "purchases",
        "total_spent": "spent", "avg_order_value": "average order", "primary_category": "favourite",
        "first_purchase_at": "first purchase", "last_purchase_at": "last purchase",
        "next_purchase_at": "next purchase expected",
    },
)  # fmt: skip


async def list_customers(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[CustomerRow]:
    """Return a page of customers, the most valuable first unless asked otherwise.

    Raises:
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, CUSTOMERS, query)


async def _suppress(session: AsyncSession, actor: Actor, ids: Sequence[UUID], value: str) -> Outcome:
    return _of(len(ids), await suppress_customers(session, actor, ids), "There is no such customer any more.")


async def _tag(session: AsyncSession, actor: Actor, ids: Sequence[UUID], value: str) -> Outcome:
    return _of(len(ids), await tag_customers(session, actor, ids, value), "They have this tag already.")


async def _untag(session: AsyncSession, actor: Actor, ids: Sequence[UUID], value: str) -> Outcome:
    return _of(len(ids), await untag_customers(session, actor, ids, value), "They have not got this tag.")


def _of(asked: int, done: int, why_not: str) -> Outcome:
    return Outcome(done, {why_not: asked - done} if done < asked else {})


CUSTOMER_ACTIONS = BulkList(
    CUSTOMERS,
    (
        Verb(
            "tag", "Add tag", _tag, Permission.CUSTOMERS_WRITE,
            icon="tag", value="Tag", check=clean_tag,
            question="Lists and segments can ask for it.",
        ),
        Verb(
            "untag", "Remove tag", _untag, Permission.CUSTOMERS_WRITE,
            icon="tag", value="Tag", check=clean_tag,
            question="Segments that ask for it lose them with their next refresh.",
        ),
        Verb(
            "suppress", "Suppress", _suppress, Permission.CUSTOMERS_WRITE,
            icon="ban", destroys=True,
            question="No campaign will write to them any more, by any channel, until an admin takes them off the list.",
        ),
        Verb(
            "delete", "Delete", one_by_one(delete_customer), Permission.CUSTOMERS_WRITE,
            icon="trash-2", destroys=True, at_once=100,
            question="Gone from every list and every audience, kept for the record.",
        ),
    ),
)  # fmt: skip


SEGMENTS = ListSpec(
    name="segments",
    row=SegmentRow,
    source="segments t",
    select={
        "sentence": "",
        "net_change_30_days": "(SELECT COALESCE(sum(CASE WHEN h.entered THEN 1 ELSE -1 END), 0) FROM segment_changes h"
        " WHERE h.segment_id = t.id AND h.at > :month_ago AND h.at > t.counted_since)",
    },
    build=segment_row,
    order="position",
    permission=Permission.SEGMENTS_READ,
    export_permission=Permission.SEGMENTS_EXPORT,
    sorts=(Sort("position"), Sort("name", by="natural_order"), Sort("customer_count", first="-")),
    filters=(
        Filter("active_only", "(t.is_active OR NOT :active_only)", Match.FLAG),
        Filter("kind", "t.kind", options=tuple(SegmentKind), label="Kind"),
    ),
    bounded="a shop has tens of segments",
    export={
        "slug": "slug", "name": "name", "kind": "kind", "sentence": "rule", "is_active": "active",
        "customer_count": "customers", "net_change_30_days": "change in 30 days", "max_discount_pct": "most off",
        "template_category": "kind of message", "last_computed_at": "counted",
    },
)  # fmt: skip

MEMBERS = ListSpec(
    name="members",
    row=MemberRow,
    source="segment_members t JOIN customers c ON c.id = t.customer_id",
    where="t.segment_id = :segment AND c.deleted_at IS NULL",
    select={
        "id": "t.customer_id", **{name: f"c.{name}" for name in (
            "name", "email", "phone", "rfm_segment", "churn_probability", "clv_score", "value_at_risk", "total_spent",
            "last_purchase_at",
        )},
    },
    key="t.customer_id",
    order="id",
    permission=Permission.SEGMENTS_READ,
    export_permission=Permission.SEGMENTS_EXPORT,
    sorts=(Sort("id"),),
)  # fmt: skip


async def with_changes(session: AsyncSession, query: ListQuery | None) -> ListQuery:
    """Return a question about segments, with the time since when changes are summed up."""
    return replace(query or ListQuery(), scope={"month_ago": month_ago()})


async def members_of(session: AsyncSession, actor: Actor, segment_id: UUID, query: ListQuery | None) -> ListQuery:
    """Return a question about one segment's members.

    Raises:
        NotFound: there is no such segment.
    """
    await get_segment(session, actor, segment_id)
    return replace(query or ListQuery(), scope={"segment": segment_id})


async def list_segments(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[SegmentRow]:
    """Return a page of segments in the order of their cards unless asked otherwise.

    Raises:
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, SEGMENTS, await with_changes(session, query))


async def list_members(
    session: AsyncSession, actor: Actor, segment_id: UUID, query: ListQuery | None = None
) -> Page[MemberRow]:
    """Return a page of a segment's members as of its last refresh, oldest customers first.

    Raises:
        NotFound: there is no such segment.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, MEMBERS, await members_of(session, actor, segment_id, query))
