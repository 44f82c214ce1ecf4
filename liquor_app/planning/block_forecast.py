"""What will stand against a plan's messages at their own moments, and how tired of us its people will be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.audience import contacts
from liquor_app.actions.frequency_caps import BACK, Counts
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.offers import facts_of, money_off
from liquor_app.actions.plan_context import PlanContext
from liquor_app.actions.plan_decisions import Decision, apply_decisions, copy_decisions, stage_decisions
from liquor_app.campaigns.brief import CampaignBrief
from liquor_app.compliance.legal_rules import Rules, parse_clock
from liquor_app.compliance.may_send import Blocked, BlockReason, MessageFacts, PersonFacts, home_zone, may_send
from liquor_app.compliance.recipient_place import place_of
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.models import ConsentStatus
from liquor_app.customers.recipient_consent import refused_numbers
from liquor_app.customers.whereabouts.zip_codes import known_zone
from liquor_app.planning.candidates import Candidates, contact_counts
from liquor_app.planning.plan_summary import label_of

LOOKED_AT = 5_000
"""Messages that are asked about one by one; of larger plans every n-th, and the counts are scaled up."""

_MESSAGES = f"""
SELECT a.id, a.customer_id, a.channel, a.scheduled_date, a.send_window, a.offer, a.offer_terms, a.message,
       a.template_category, c.paused_until, c.max_contacts_30_days, c.topics_off,
       c.email_key, c.phone, CASE a.channel WHEN 'email' THEN c.email_consent ELSE c.sms_consent END AS consent,
       c.of_age_on, c.age_verified_at IS NOT NULL AS verified, c.age_disputed_at IS NOT NULL AS disputed,
       c.deleted_at IS NOT NULL AS deleted,
       c.profiling_objected_at IS NOT NULL AS objected, c.state,
       EXISTS (SELECT FROM purchases p WHERE c.of_age_on IS NULL AND c.age_verified_at IS NULL
                  AND p.customer_id = c.id AND p.alcohol_total > 0) AS bought,
       c.postal_code, c.timezone,
       g.at AS consent_at
  FROM (SELECT x.*, row_number() OVER (ORDER BY x.id) AS n FROM actions x
         WHERE x.campaign_id = :campaign AND x.status = '{ActionStatus.PENDING}'
           AND (NOT :free OR NOT x.offer_terms ? 'edited_by')
           AND (CAST(:only AS uuid[]) IS NULL OR x.id = ANY(:only))) a
  JOIN customers c ON c.id = a.customer_id
  LEFT JOIN LATERAL (
      SELECT at FROM consents
      WHERE c.of_age_on IS NOT NULL AND customer_id = c.id AND channel = a.channel
        AND status = '{ConsentStatus.GIVEN}'
      ORDER BY at DESC LIMIT 1
  ) g ON true
 WHERE (a.n - 1) % :every = 0 AND a.id > :after ORDER BY a.n LIMIT :most
"""
_FIRST = UUID(int=0)


async def foresee(session: AsyncSession, context: PlanContext) -> dict[str, Any]:
    """Ask `may_send` about each planned message at its planned moment.

    Returns:
        `{"messages", "looked_at", "blocked", "later", "reasons": [{"reason", "label", "messages"}]}`; `later` are those
        that wait for a lawful hour but still go out within the campaign.
    """
    brief = context.brief
    counted = await session.execute(
        text(f"SELECT count(*) FROM actions WHERE campaign_id = :campaign AND status = '{ActionStatus.PENDING}'"),
        {"campaign": brief.id},
    )
    total = int(counted.scalar_one())
    every = max(1, -(-total // LOOKED_AT))
    rows = await _messages(session, brief, every=every)
    reasons: Counter[BlockReason] = Counter()
    later = 0
    for _, blocked, is_lasting in await _asked(session, context, rows):
        if is_lasting:
            reasons[blocked.reason] += 1
        else:
            later += 1
    scale = total / len(rows) if rows else 1.0
    return {
        "messages": total,
        "looked_at": len(rows),
        "blocked": round(sum(reasons.values()) * scale),
        "later": round(later * scale),
        "reasons": [
            {"reason": reason.value, "label": label_of(reason), "messages": round(count * scale)}
            for reason, count in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
    }


async def leave_out_blocked(
    session: AsyncSession, context: PlanContext, plan_id: UUID, *, only: Sequence[UUID] | None = None
) -> int:
    """Take out of a plan that was just chosen whatever may not go out as things stand, each with its reason; returns
    how many. Every message is asked about, not every n-th; `only` some of them. What a person pinned stays, and is
    foreseen. A corridor."""
    decided: list[Decision] = []
    after = _FIRST
    while rows := await _messages(session, context.brief, after=after, free=True, only=only):
        after = rows[-1].id
        decided += [
            Decision(row.id, ActionStatus.SKIPPED, None, blocked.reason.value, blocked.detail)
            for row, blocked, is_lasting in await _asked(session, context, rows)
            if is_lasting
        ]
    if decided:
        await stage_decisions(session)
        await copy_decisions(session, decided)
        await apply_decisions(session, plan_id)
    return len(decided)


async def _messages(
    session: AsyncSession,
    brief: CampaignBrief,
    *,
    every: int = 1,
    after: UUID = _FIRST,
    free: bool = False,
    only: Sequence[UUID] | None = None,
) -> Sequence[Any]:
    """Return planned messages by id, every n-th, at most `LOOKED_AT`; `free` are those nobody pinned by hand."""
    asked = {"campaign": brief.id, "every": every, "after": after, "free": free, "most": LOOKED_AT}
    found = await session.execute(text(_MESSAGES), {**asked, "only": None if only is None else list(only)})
    return found.all()


async def _asked(session: AsyncSession, context: PlanContext, rows: Sequence[Any]) -> list[tuple[Any, Blocked, bool]]:
    """Return the messages that may not go out at their moment, why, and whether that lasts until the campaign ends."""
    brief, rules = context.brief, context.rules
    people = sorted({row.customer_id for row in rows})
    counts = await contacts(session, people, brief)
    place = {person: index for index, person in enumerate(people)}
    suppressed = await _suppressed(session, rows)
    refused = await refused_numbers(session, {row.phone for row in rows if row.channel == "sms" and row.phone})
    told: list[tuple[Any, Blocked, bool]] = []
    for row in rows:
        is_closed = row_suppressed(row, suppressed) or (row.channel == "sms" and row.phone in refused)
        blocked = _ask(row, context, counts[place[row.customer_id]], is_closed)
        if blocked is not None:
            told.append((row, blocked, blocked.until is None or not _within(blocked.until, row, brief, rules)))
    return told


def _ask(row: Any, context: PlanContext, counts: Any, suppressed: bool) -> Blocked | None:
    brief, rules, licence = context.brief, context.rules, context.licence
    person = _person(row, suppressed, counts, (row.scheduled_date - brief.days[0]).days)
    window = parse_clock(row.send_window["start"], "start"), parse_clock(row.send_window["end"], "end")
    message = MessageFacts(
        channel=row.channel,
        window=window,
        has_coupon=money_off(row.offer_terms or {}) != 0,
        licence=licence,
        offer=facts_of(row.offer_terms or {}, row.offer, row.message),
        max_contacts_7_days=brief.limits.max_contacts_7_days,
        max_contacts_30_days=brief.limits.max_contacts_30_days,
        topic=row.template_category,
    )
    answer = may_send(person, message, _moment(row.scheduled_date, window[0], home_zone(person, rules)), rules)
    return answer if isinstance(answer, Blocked) else None


def _moment(day: date, minutes: int, zone: str) -> datetime:
    return (datetime.combine(day, time.min) + timedelta(minutes=minutes)).replace(tzinfo=ZoneInfo(zone))


def _within(until: datetime, row: Any, brief: CampaignBrief, rules: Rules) -> bool:
    zone = known_zone(row.timezone) or rules.store_zone
    return until < _moment(brief.end_date + timedelta(days=1), 0, zone)


def _person(row: Any, suppressed: bool, counts: Any, day: int) -> PersonFacts:
    """`counts` are the customer's contacts by day around the plan, this message not among them."""
    at = BACK + day

    def most(span: int) -> int:
        starts = range(max(0, at - span + 1), min(at, counts.size - span) + 1)
        return max((int(counts[start : start + span].sum()) for start in starts), default=0)

    return PersonFacts(
        has_address=bool(row.email_key if row.channel == "email" else row.phone),
        consent=row.consent,
        consent_at=row.consent_at,
        suppressed=suppressed,
        deleted=row.deleted,
        objected=row.objected,
        paused_until=row.paused_until,
        own_cap_30_days=row.max_contacts_30_days,
        topics_off=tuple(row.topics_off),
        of_age_on=row.of_age_on,
        age_verified=row.verified,
        age_disputed=row.disputed,
        has_alcohol_purchases=bool(row.bought),
        **place_of(row.channel, state=row.state, postal_code=row.postal_code, timezone=row.timezone, phone=row.phone),
        contacts_24h=int(counts[at]),
        contacts_7d=most(7),
        contacts_30d=most(30),
    )


async def _suppressed(session: AsyncSession, rows: Sequence[Any]) -> Mapping[bytes, set[str | None]]:
    """Channels that suppressed addresses are closed to (None: all), by the address' hash."""
    hashes = {address_hash(address) for row in rows if (address := _address(row))}
    found = await session.execute(
        text("SELECT address_hash, channel FROM suppressions WHERE lifted_at IS NULL AND address_hash = ANY(:hashes)"),
        {"hashes": list(hashes)},
    )
    closed: dict[bytes, set[str | None]] = {}
    for entry in found:
        closed.setdefault(bytes(entry.address_hash), set()).add(entry.channel)
    return closed


def _address(row: Any) -> str | None:
    address: str | None = row.email_key if row.channel == "email" else row.phone
    return address


def row_suppressed(row: Any, suppressed: Mapping[bytes, set[str | None]]) -> bool:
    """Tell whether the address of this message stands on the list for its channel."""
    address = _address(row)
    closed = suppressed.get(address_hash(address), set()) if address else set()
    return None in closed or row.channel in closed


async def fatigue(session: AsyncSession, brief: CampaignBrief, chosen: Candidates) -> dict[str, Any]:
    """Tell how often the plan's people will have heard from the shop, all campaigns together.

    Returns:
        `{"people", "mean_7_days", "at_cap_7_days", "at_cap_30_days", "by_messages": [{"messages", "people"}]}`, where
        a person counts with the busiest 7 (30) days running that hold a day of the plan.
    """
    people: list[UUID] = chosen.people
    if not people:
        return {"people": 0, "mean_7_days": 0.0, "at_cap_7_days": 0, "at_cap_30_days": 0, "by_messages": []}
    counts: Counts = await contact_counts(session, brief, people)
    np.add.at(counts, (chosen.customer, BACK + np.clip(chosen.day, 0, len(brief.days) - 1)), 1)
    week, month = busiest(counts, len(brief.days), 7), busiest(counts, len(brief.days), 30)
    values, numbers = np.unique(week, return_counts=True)
    return {
        "people": len(people),
        "mean_7_days": round(float(week.mean()), 2),
        "at_cap_7_days": int((week >= brief.limits.max_contacts_7_days).sum()),
        "at_cap_30_days": int((month >= brief.limits.max_contacts_30_days).sum()),
        "by_messages": [
            {"messages": int(value), "people": int(number)} for value, number in zip(values, numbers, strict=True)
        ],
    }


def busiest(counts: Counts, days: int, span: int) -> np.ndarray[Any, Any]:
    """Most messages in any `span` days running that hold one of the plan's, shape (people,)."""
    total = np.zeros((counts.shape[0], counts.shape[1] + 1), dtype=np.int32)
    np.cumsum(counts, axis=1, out=total[:, 1:])
    first = max(0, BACK - span + 1)
    last = min(BACK + days - 1, counts.shape[1] - span)
    windows = total[:, first + span : last + span + 1] - total[:, first : last + 1]
    return np.asarray(windows.max(axis=1))
