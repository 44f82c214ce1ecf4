"""Who is in a segment: counted live, kept in a table, with the history of entering and leaving."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    DateTime,
    Select,
    Uuid,
    any_,
    case,
    false,
    func,
    literal,
    literal_column,
    select,
    text,
    true,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Invalid, NotFound, Unknown
from liquor_app.core.queue import Job, enqueue
from liquor_app.customers.consents import REACHABLE
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_now, shop_today
from liquor_app.segments.models import Segment, SegmentChange, SegmentKind, SegmentMember
from liquor_app.segments.rule_compiler import CUSTOMERS, matching
from liquor_app.segments.rule_references import in_order
from liquor_app.segments.rule_wording import sentence
from liquor_app.segments.rules import parse_rules

COUNT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class SampleCustomer:
    id: UUID
    name: str
    rfm_segment: str | None
    churn_probability: float | None
    value_at_risk: Decimal | None


@dataclass(frozen=True, slots=True)
class RuleCount:
    """What a rule matches right now. `of` is everybody; `emailable` and `textable` agreed and have an address."""

    total: int
    of: int
    emailable: int
    textable: int
    sentence: str
    took_ms: int
    sample: list[SampleCustomer]


@dataclass(frozen=True, slots=True)
class RefreshRow:
    slug: str
    customers: int
    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    id: UUID
    name: str | None
    email: str | None
    phone: str | None
    rfm_segment: str | None
    churn_probability: float | None
    clv_score: Decimal | None
    value_at_risk: Decimal | None
    total_spent: Decimal
    last_purchase_at: datetime | None
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class BreakdownRow:
    """How many customers carry an RFM name; `share` is of all."""

    rfm_segment: str
    customers: int
    share: float
    total_spent: Decimal


async def resolve_slugs(session: AsyncSession, slugs: Sequence[str]) -> list[UUID]:
    """Return ids of segments by slug, in the given order.

    Raises:
        Invalid: one does not exist; the message names it.
    """
    found = await session.execute(
        text("SELECT slug, id FROM segments WHERE slug = ANY(:slugs)"), {"slugs": list(slugs)}
    )
    by_slug = {row.slug: row.id for row in found}
    for slug in slugs:
        if slug not in by_slug:
            raise Unknown(f"There is no segment called {slug!r}.", field="target_segments")
    return [by_slug[slug] for slug in slugs]


async def count_rules(session: AsyncSession, actor: Actor, rules: Any, *, sample: int = 5) -> RuleCount:
    """Count a rule without saving it, with a few examples (highest value at risk first).

    Raises:
        Invalid: the rule is not sound, or takes longer than ten seconds.
    """
    require(actor, Permission.SEGMENTS_READ)
    started = time.perf_counter()
    rule = parse_rules(rules)
    matched = matching(rule, await shop_now(session)).cte("matched").prefix_with("MATERIALIZED", dialect="postgresql")
    c = CUSTOMERS.c
    inside = c.id.in_(select(matched.c.id))
    today = f"DATE '{(await shop_today(session)).isoformat()}'"
    mailable, textable = (
        literal_column(f"({REACHABLE[one].format(c='customers', today=today)})", Boolean)
        for one in (Channel.EMAIL, Channel.SMS)
    )
    counts = select(
        func.count(),
        func.count(case((inside, 1))),
        func.count(case((inside & mailable, 1))),
        func.count(case((inside & textable, 1))),
    ).where(c.deleted_at.is_(None))
    examples = (
        select(
            c.id,
            func.coalesce(c.name, c.external_id, "Unnamed").label("name"),
            c.rfm_segment,
            c.churn_probability,
            c.value_at_risk,
        )
        .where(inside)
        .order_by(c.value_at_risk.desc().nulls_last(), c.id)
        .limit(max(0, min(sample, 50)))
    )
    try:
        async with session.begin_nested():
            await session.execute(text(f"SET LOCAL statement_timeout = '{COUNT_SECONDS}s'"))
            of, total, emailable, by_text = (await session.execute(counts)).one()
            shown = (await session.execute(examples)).mappings().all()
            await session.execute(text("SET LOCAL statement_timeout TO DEFAULT"))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != "57014":
            raise
        raise Invalid(
            f"This rule takes longer than {COUNT_SECONDS} seconds to count. Narrow its windows or drop a condition.",
            field="rules",
        ) from error
    return RuleCount(
        total=total,
        of=of,
        emailable=emailable,
        textable=by_text,
        sentence=sentence(rules),
        took_ms=round((time.perf_counter() - started) * 1000),
        sample=[SampleCustomer(**row) for row in shown],
    )


def _table(model: Any) -> Any:
    return model.__table__


MEMBERS, CHANGES, SEGMENTS = _table(SegmentMember), _table(SegmentChange), _table(Segment)


async def refresh_segments(
    session: AsyncSession,
    actor: Actor,
    slugs: Sequence[str] | None = None,
    *,
    customer_ids: Sequence[UUID] | None = None,
) -> list[RefreshRow]:
    """Bring membership up to date with the rules: one statement a segment, with entered/left history.

    Segments that build on others come after them. Hand-picked lists only lose customers who were deleted.

    Args:
        slugs: without, every active segment.
        customer_ids: whoever has changed; only they are looked at, so that the cost grows with them and not with the
            base. Windows that pass by themselves ("in the last 60 days") need everybody, which the night sees to.

    Raises:
        Forbidden: the actor may only read.
        Invalid: a slug does not exist.
    """
    require(actor, Permission.SEGMENTS_WRITE)
    if slugs is not None:
        await resolve_slugs(session, slugs)
    found = await session.execute(
        text(
            "SELECT id, slug, kind, rules FROM segments"
            " WHERE CASE WHEN CAST(:slugs AS text[]) IS NULL THEN is_active ELSE slug = ANY(:slugs) END"
            " ORDER BY id FOR UPDATE"
        ),
        {"slugs": None if slugs is None else list(slugs)},
    )
    moment = await shop_now(session)
    rows = []
    by_slug = {str(segment["slug"]): segment for segment in found.mappings()}
    for slug in in_order({slug: segment["rules"] for slug, segment in by_slug.items()}):
        segment = by_slug[slug]
        if SegmentKind(segment["kind"]) is SegmentKind.STATIC:
            wanted = (
                select(CUSTOMERS.c.id)
                .join(MEMBERS, MEMBERS.c.customer_id == CUSTOMERS.c.id)
                .where(MEMBERS.c.segment_id == segment["id"], CUSTOMERS.c.deleted_at.is_(None))
            )
        else:
            wanted = matching(parse_rules(segment["rules"]), moment)
        rows.append(await _replace_members(session, segment["id"], slug, wanted, moment=moment, among=customer_ids))
    return rows


async def request_refresh(session: AsyncSession, actor: Actor, segment_id: UUID) -> UUID:
    """Ask the worker to bring one segment up to date; returns the job.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such segment.
    """
    require(actor, Permission.SEGMENTS_WRITE)
    found = await session.execute(text("SELECT slug FROM segments WHERE id = :id"), {"id": segment_id})
    slug = found.scalar()
    if slug is None:
        raise NotFound("There is no such segment.")
    return await enqueue(
        session, Job.REFRESH_SEGMENTS, {"slugs": [slug]}, created_by=actor.user_id, dedupe_key=str(slug)
    )


async def _replace_members(
    session: AsyncSession,
    segment_id: UUID,
    slug: str,
    wanted: Select[Any],
    *,
    moment: datetime,
    among: Sequence[UUID] | None,
) -> RefreshRow:
    """Make the membership (of `among`, or of everybody) equal to `wanted` and write down who came and went."""
    here = select(MEMBERS.c.customer_id).where(MEMBERS.c.segment_id == segment_id)
    leaving = MEMBERS.c.segment_id == segment_id
    if among is not None:
        these = literal(list(among), ARRAY(Uuid))
        wanted = wanted.where(CUSTOMERS.c.id == any_(these))
        here = here.where(MEMBERS.c.customer_id == any_(these))
        leaving = leaving & (MEMBERS.c.customer_id == any_(these))
    matched = wanted.cte("matched").prefix_with("MATERIALIZED", dialect="postgresql")
    who, at = literal(segment_id, Uuid), literal(moment, DateTime(timezone=True))
    # whoever is deleted meanwhile, as an import is undone, is waited for and passed over; in the order all lock them in
    staying = (
        select(CUSTOMERS.c.id)
        .where(CUSTOMERS.c.id.in_(select(matched.c.id)), CUSTOMERS.c.id.not_in(here))
        .order_by(CUSTOMERS.c.id)
        .with_for_update(read=True, key_share=True, of=CUSTOMERS)
        .cte("staying")
    )
    entered = (
        MEMBERS.insert()
        .from_select(
            ["segment_id", "customer_id", "entered_at"],
            select(who, staying.c.id, at),
        )
        .returning(MEMBERS.c.customer_id)
        .cte("entered")
    )
    gone = (
        MEMBERS.delete()
        .where(leaving, MEMBERS.c.customer_id.not_in(select(matched.c.id)))
        .returning(MEMBERS.c.customer_id)
        .cte("gone")
    )
    history = (
        CHANGES.insert()
        .from_select(
            ["segment_id", "customer_id", "entered", "at"],
            select(who, entered.c.customer_id, true(), at).union_all(select(who, gone.c.customer_id, false(), at)),
            include_defaults=False,
        )
        .cte("history")
    )
    counted = await session.execute(
        select(
            select(func.count()).select_from(matched).scalar_subquery(),
            select(func.count()).select_from(entered).scalar_subquery(),
            select(func.count()).select_from(gone).scalar_subquery(),
        ).add_cte(history)
    )
    matches, came, went = counted.one()
    first = func.coalesce(SEGMENTS.c.counted_since, at)
    values: dict[str, Any] = {"customer_count": matches, "last_computed_at": moment, "counted_since": first}
    if among is not None:
        values = {"customer_count": SEGMENTS.c.customer_count + (came - went)}
    total = await session.execute(
        SEGMENTS.update().where(SEGMENTS.c.id == segment_id).values(values).returning(SEGMENTS.c.customer_count)
    )
    return RefreshRow(slug, int(total.scalar_one()), came, went)


async def breakdown_by_rfm(session: AsyncSession, actor: Actor) -> list[BreakdownRow]:
    """Tell how the base divides by RFM name, largest first; the unscored are "Not scored"."""
    require(actor, Permission.CUSTOMERS_READ)
    found = await session.execute(
        text(
            "SELECT COALESCE(rfm_segment, 'Not scored') AS name, count(*) AS customers,"
            " sum(total_spent) AS spent, sum(count(*)) OVER () AS everybody"
            " FROM customers WHERE deleted_at IS NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50"
        )
    )
    return [
        BreakdownRow(row.name, row.customers, row.customers / float(row.everybody), Decimal(row.spent)) for row in found
    ]
