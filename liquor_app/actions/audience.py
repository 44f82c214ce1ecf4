"""Reading a campaign's audience: twenty thousand people at a time, as arrays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.eligibility import Permissions, blocked
from liquor_app.actions.frequency_caps import AHEAD, BACK, contact_matrix, open_days, recent
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.offering.playbook_offers import coupon_bans, is_banned
from liquor_app.actions.plan_context import PlanContext
from liquor_app.actions.priority import Floats, Scale, buys_anyway
from liquor_app.campaigns.brief import CHANNELS, CampaignBrief
from liquor_app.campaigns.models import LIVE
from liquor_app.core.clock import now, today_in
from liquor_app.core.holdout_draw import numbers_of, threshold
from liquor_app.core.states import sql_list
from liquor_app.customers.addresses import address_hash, is_american
from liquor_app.customers.ages.birth_dates import comes_of_age
from liquor_app.customers.models import ConsentStatus
from liquor_app.customers.recipient_consent import refused_numbers

CHUNK = 20_000

RISING_LEAST = 4
"""Purchases in 30 days below which doubling says nothing."""

COUNTS_AS_CONTACT = "('pending', 'claimed', 'sending', 'sent', 'delivered', 'bounced', 'complained', 'unknown')"
"""Send statuses that count against the caps: what reached somebody, may have, or still will."""

_PEOPLE = """
WITH page AS (
    SELECT m.customer_id, array_agg(t.ordinal ORDER BY t.ordinal) AS segments
      FROM segment_members m
      JOIN unnest(CAST(:segments AS uuid[])) WITH ORDINALITY AS t (id, ordinal) ON t.id = m.segment_id
     WHERE m.customer_id > :after{only}
     GROUP BY m.customer_id ORDER BY m.customer_id LIMIT :n)
SELECT c.id, page.segments, c.email_key, c.phone, c.email_consent, c.sms_consent, c.of_age_on,
       c.age_verified_at IS NOT NULL AS verified, c.age_disputed_at IS NOT NULL AS disputed,
       c.profiling_objected_at IS NOT NULL AS objected, c.state, c.postal_code,
       c.paused_until, c.max_contacts_30_days, c.topics_off,
       c.purchase_frequency, c.avg_order_value, c.avg_purchase_hour, c.primary_category, c.secondary_category,
       c.churn_probability, c.value_at_risk, c.response_likelihood,
       c.last_purchase_at, CAST(k.features ->> 'orders' AS integer) AS orders,
       CAST(k.features ->> 'days_since_last' AS integer) AS days_since_last,
       CAST(k.features ->> 'gap_median' AS double precision) AS gap_median,
       CAST(k.features ->> 'gap_high' AS double precision) AS gap_high,
       CAST(k.features ->> 'due_on' AS date) AS due_on,
       CAST(k.features ->> 'buys_this_week' AS double precision) AS buys_this_week,
       CAST(k.features ->> 'response_odds' AS double precision) AS response_odds,
       CAST(k.features ->> 'baskets' AS integer) AS baskets, k.features -> 'category_baskets' AS category_baskets
  FROM page JOIN customers c ON c.id = page.customer_id AND c.deleted_at IS NULL
  LEFT JOIN customer_scores k ON k.customer_id = c.id
 ORDER BY c.id
"""


_LAST_GIVEN = f"""
SELECT customer_id, channel, max(at) AS at FROM consents
 WHERE customer_id = ANY(:ids) AND status = '{ConsentStatus.GIVEN}' GROUP BY customer_id, channel
"""
_BOUGHT_ALCOHOL = "SELECT DISTINCT customer_id FROM purchases WHERE customer_id = ANY(:ids) AND alcohol_total > 0"


@dataclass(frozen=True, slots=True)
class People:
    """A stretch of the audience. Arrays of shape (n,) unless said otherwise."""

    rows: Sequence[Any]
    """Columns of `_PEOPLE`, for words."""
    blocks: npt.NDArray[np.int8]
    """Codes of `eligibility.BLOCKS`, shape (n, 2)."""
    member: npt.NDArray[np.bool_]
    """Shape (n, target segments)."""
    basket: Floats
    baseline: Floats
    response: Floats
    value_at_risk: Floats
    may_discount: npt.NDArray[np.bool_]
    categories: Sequence[frozenset[str]]
    week: Floats
    month: Floats
    today: date


async def audience_size(session: AsyncSession, segment_ids: Sequence[UUID]) -> int:
    """Members of any of these segments, each once."""
    found = await session.execute(
        text("SELECT count(DISTINCT customer_id) FROM segment_members WHERE segment_id = ANY(:segments)"),
        {"segments": list(segment_ids)},
    )
    return int(found.scalar_one())


async def read_people(
    session: AsyncSession,
    context: PlanContext,
    segment_ids: Sequence[UUID],
    scale: Scale,
    only: Sequence[UUID] | None = None,
) -> AsyncIterator[People]:
    """Yield the audience in stretches, by id; `only` some of it."""
    brief, bans = context.brief, coupon_bans(context)
    query = text(_PEOPLE.format(only="" if only is None else " AND m.customer_id = ANY(:only)"))
    params: dict[str, Any] = {"segments": list(segment_ids), "n": CHUNK}
    if only is not None:
        params["only"] = list(only)
    after = UUID(int=0)
    while True:
        found = await session.execute(query, {**params, "after": after})
        rows = found.all()
        if not rows:
            return
        after = rows[-1].id
        yield await _people(session, brief, rows, len(segment_ids), scale=scale, coupon_bans=bans)


async def _people(
    session: AsyncSession,
    brief: CampaignBrief,
    rows: Sequence[Any],
    segments: int,
    *,
    scale: Scale,
    coupon_bans: frozenset[str],
) -> People:
    count, limits = len(rows), brief.limits
    today = today_in(limits.timezone)
    ids = [row.id for row in rows]
    counts = await contacts(session, ids, brief)
    days = (brief.days[-1] - brief.days[0]).days + 1
    week, month = recent(counts)
    known = Permissions(
        has_address=_flags((row.email_key is not None, row.phone is not None) for row in rows),
        consented=_flags((row.email_consent == "given", row.sms_consent == "given") for row in rows),
        consented_young=await _consented_young(session, rows, limits.timezone, limits.minimum_age),
        suppressed=await _suppressed(session, rows),
        objected=np.fromiter((row.objected for row in rows), dtype=np.bool_, count=count),
        of_age_days=np.array([row.of_age_on for row in rows], dtype="datetime64[D]"),
        age_verified=np.fromiter((row.verified for row in rows), dtype=np.bool_, count=count),
        age_disputed=np.fromiter((row.disputed for row in rows), dtype=np.bool_, count=count),
        has_bought=await _vouched_for(session, rows),
        paused=_paused(rows, brief),
        has_open_day=np.asarray(
            open_days(counts, days, limits.max_contacts_7_days, _own_caps(rows, brief)).any(axis=1)
        ),
        pressed=(month > 0) & await _rising(session, ids),
        abroad=np.fromiter(
            (row.phone is not None and not is_american(row.phone) for row in rows), dtype=np.bool_, count=count
        ),
        globally_held=_globally_held(ids, brief),
    )
    member = np.zeros((count, segments), dtype=np.bool_)
    for index, row in enumerate(rows):
        member[index, np.asarray(row.segments) - 1] = True
    return People(
        rows=rows,
        blocks=blocked(known, today, limits.minimum_age, limits.unknown_age_email),
        member=member,
        basket=_numbers((row.avg_order_value for row in rows), count, 0.0),
        baseline=buys_anyway(
            _numbers((row.buys_this_week for row in rows), count, np.nan),
            _numbers((row.churn_probability for row in rows), count, np.nan),
            limits.horizon_days,
        ),
        response=np.clip(_numbers((row.response_likelihood for row in rows), count, scale.response), 0.0, 1.0),
        value_at_risk=_numbers((row.value_at_risk for row in rows), count, 0.0),
        may_discount=np.fromiter(
            (not is_banned(coupon_bans, row.state, row.postal_code) for row in rows), dtype=np.bool_, count=count
        ),
        categories=[frozenset(name for name in (row.primary_category, row.secondary_category) if name) for row in rows],
        week=week,
        month=month,
        today=today,
    )


def _paused(rows: Sequence[Any], brief: CampaignBrief) -> npt.NDArray[np.bool_]:
    ends = datetime.combine(brief.days[-1] + timedelta(days=1), time.min, ZoneInfo(brief.limits.timezone))
    return np.fromiter((row.paused_until is not None and row.paused_until >= ends for row in rows), np.bool_, len(rows))


def _own_caps(rows: Sequence[Any], brief: CampaignBrief) -> npt.NDArray[np.int64]:
    """Return how many messages in 30 days each may get: the campaign's number, or their own if that is less."""
    most = brief.limits.max_contacts_30_days
    wished = (most if row.max_contacts_30_days is None else min(most, row.max_contacts_30_days) for row in rows)
    return np.fromiter(wished, np.int64, len(rows))


async def _consented_young(
    session: AsyncSession, rows: Sequence[Any], zone: str, minimum_age: int
) -> npt.NDArray[np.bool_]:
    """Tell whose latest consent is from before they were of age, by channel, shape (n, 2)."""
    flags = np.zeros((len(rows), 2), dtype=np.bool_)
    dated = {row.id: (index, row.of_age_on) for index, row in enumerate(rows) if row.of_age_on is not None}
    if not dated:
        return flags
    local = ZoneInfo(zone)
    for given in await session.execute(text(_LAST_GIVEN), {"ids": list(dated)}):
        index, of_age_on = dated[given.customer_id]
        if given.at.astimezone(local).date() < comes_of_age(of_age_on, minimum_age):
            flags[index, CHANNELS.index(given.channel)] = True
    return flags


async def _vouched_for(session: AsyncSession, rows: Sequence[Any]) -> npt.NDArray[np.bool_]:
    """Tell who bought alcohol, of those whose age nothing else says, shape (n,): a basket of tonic vouches for none."""
    asked = [row.id for row in rows if row.of_age_on is None and not row.verified and row.purchase_frequency > 0]
    found = set((await session.execute(text(_BOUGHT_ALCOHOL), {"ids": asked})).scalars()) if asked else set()
    return np.fromiter((row.id in found for row in rows), np.bool_, len(rows))


def _globally_held(ids: Sequence[UUID], brief: CampaignBrief) -> npt.NDArray[np.bool_]:
    limits = brief.limits
    if limits.global_holdout_pct <= 0:
        return np.zeros(len(ids), dtype=np.bool_)
    return numbers_of(limits.global_holdout_seed, ids) < threshold(float(limits.global_holdout_pct) / 100)


def _flags(pairs: Any) -> npt.NDArray[np.bool_]:
    return np.array(list(pairs), dtype=np.bool_).reshape(-1, 2)


def _numbers(values: Any, count: int, missing: float) -> Floats:
    return np.fromiter((missing if value is None else float(value) for value in values), dtype=np.float64, count=count)


async def contacts(session: AsyncSession, ids: Sequence[UUID], brief: CampaignBrief) -> npt.NDArray[np.int16]:
    """Return contacts around the plan by person and day (`pressure.contact_matrix`): the ledger's, and those that other
    approved campaigns will make."""
    first = brief.days[0]
    span = (brief.days[-1] - first).days + 1
    since, until = first - timedelta(days=BACK), first + timedelta(days=span + AHEAD)
    found = await session.execute(
        text(
            "SELECT customer_id, CAST(COALESCE(contact_at, not_before) AT TIME ZONE :zone AS date) AS day FROM sends"
            " WHERE customer_id = ANY(:ids) AND created_at >= :created"
            f" AND COALESCE(contact_at, not_before) >= :since AND status IN {COUNTS_AS_CONTACT}"
            " UNION ALL"
            " SELECT a.customer_id, a.scheduled_date FROM actions a JOIN campaigns o ON o.id = a.campaign_id"
            f" WHERE a.customer_id = ANY(:ids) AND a.campaign_id <> :campaign AND a.status = '{ActionStatus.PENDING}'"
            f" AND o.status IN {sql_list(*LIVE)} AND a.scheduled_date BETWEEN :first AND :until"
        ),
        {
            "zone": brief.limits.timezone,
            "ids": list(ids),
            # a message is created at most a campaign's length before it is due; spares old partitions
            "created": _midnight(since - timedelta(days=90)),
            "since": _midnight(since - timedelta(days=1)),
            "campaign": brief.id,
            "first": since,
            "until": until,
        },
    )
    events = found.all()
    index = {person: position for position, person in enumerate(ids)}
    who = np.fromiter((index[event.customer_id] for event in events), dtype=np.intp, count=len(events))
    day = np.fromiter(((event.day - first).days for event in events), dtype=np.int64, count=len(events))
    return contact_matrix(len(ids), who, day, span)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


async def _rising(session: AsyncSession, ids: Sequence[UUID]) -> npt.NDArray[np.bool_]:
    """Tell who buys much more than they used to, shape (n,): four or more purchases in the last 30 days, and at least
    twice as many as in an average month of the 90 days before."""
    found = await session.execute(
        text(
            "SELECT customer_id FROM purchases"
            " WHERE customer_id = ANY(:ids) AND occurred_at > :since AND occurred_at <= :now AND total > 0"
            " GROUP BY customer_id"
            " HAVING count(*) FILTER (WHERE occurred_at > :month) >= :least"
            " AND count(*) FILTER (WHERE occurred_at > :month) * 3 >= 2 * count(*) FILTER (WHERE occurred_at <= :month)"
            " AND count(*) FILTER (WHERE occurred_at <= :month) > 0"
        ),
        {
            "ids": list(ids),
            "now": now(),
            "month": now() - timedelta(days=30),
            "since": now() - timedelta(days=120),
            "least": RISING_LEAST,
        },
    )
    rising = set(found.scalars())
    return np.fromiter((person in rising for person in ids), dtype=np.bool_, count=len(ids))


async def _suppressed(session: AsyncSession, rows: Sequence[Any]) -> npt.NDArray[np.bool_]:
    """Addresses on the suppression list, by keyed hash, and numbers by which somebody said no, shape (n, 2)."""
    flags = np.zeros((len(rows), 2), dtype=np.bool_)
    wanted: dict[bytes, list[tuple[int, int]]] = {}
    for index, row in enumerate(rows):
        for column, address in enumerate((row.email_key, row.phone)):
            if address:
                wanted.setdefault(address_hash(address), []).append((index, column))
    found = await session.execute(
        text("SELECT address_hash, channel FROM suppressions WHERE lifted_at IS NULL AND address_hash = ANY(:hashes)"),
        {"hashes": list(wanted)},
    )
    for entry in found:
        for index, column in wanted[bytes(entry.address_hash)]:
            flags[index, column] |= entry.channel is None or entry.channel == CHANNELS[column]
    agreed = {
        index: row.phone for index, row in enumerate(rows) if row.phone and row.sms_consent == ConsentStatus.GIVEN
    }
    refused = await refused_numbers(session, agreed.values())
    for index, phone in agreed.items():
        flags[index, CHANNELS.index("sms")] |= phone in refused
    return flags
