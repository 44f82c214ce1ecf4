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
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.frequency_caps import BACK, Counts
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.offers import facts_of, money_off
from liquor_app.actions.plan_context import PlanContext
from liquor_app.campaigns.brief import CampaignBrief
from liquor_app.compliance.legal_rules import Rules, parse_clock
from liquor_app.compliance.may_send import Blocked, BlockReason, MessageFacts, PersonFacts, home_zone, may_send
from liquor_app.compliance.recipient_place import place_of
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.models import ConsentStatus
from liquor_app.planning.candidates import Candidates, contact_counts

LOOKED_AT = 5_000
"""Messages that are asked about one by one; of larger plans every n-th, and the counts are scaled up."""

_LABELS = {
    BlockReason.GONE: "Customer deleted",
    BlockReason.CONSENT_TOO_EARLY: "Consent given as a minor",
    BlockReason.STATE_LIMIT: "State's limit of messages a day",
    BlockReason.OFFER_UNLAWFUL: "The licence may not make this offer",
    BlockReason.UNREAD_REPLY: "Wrote a text nobody has read yet",
    BlockReason.NUMBER_ABROAD: "Number is not of the United States",
    BlockReason.PAUSED: "Paused by the customer",
    BlockReason.TOPIC_DECLINED: "Topic not wanted",
    BlockReason.QUIET_HOURS: "No lawful hour left in the campaign",
}

_MESSAGES = f"""
SELECT a.customer_id, a.channel, a.scheduled_date, a.send_window, a.offer, a.offer_terms, a.message,
       a.template_category, c.paused_until, c.max_contacts_30_days, c.topics_off,
       c.email_key, c.phone, CASE a.channel WHEN 'email' THEN c.email_consent ELSE c.sms_consent END AS consent,
       c.of_age_on, c.age_verified_at IS NOT NULL AS verified, c.age_disputed_at IS NOT NULL AS disputed,
       c.deleted_at IS NOT NULL AS deleted,
       c.profiling_objected_at IS NOT NULL AS objected, c.purchase_frequency > 0 AS bought, c.state,
       c.postal_code, c.timezone,
       g.at AS consent_at
  FROM (SELECT x.*, row_number() OVER (ORDER BY x.id) AS n FROM actions x
         WHERE x.campaign_id = :campaign AND x.status = '{ActionStatus.PENDING}') a
  JOIN customers c ON c.id = a.customer_id
  LEFT JOIN LATERAL (
      SELECT at FROM consents
      WHERE c.of_age_on IS NOT NULL AND customer_id = c.id AND channel = a.channel
        AND status = '{ConsentStatus.GIVEN}'
      ORDER BY at DESC LIMIT 1
  ) g ON true
 WHERE (a.n - 1) % :every = 0 ORDER BY a.n
"""


async def foresee(session: AsyncSession, context: PlanContext) -> dict[str, Any]:
    """Ask `may_send` about each planned message at its planned moment.

    Returns:
        `{"messages", "looked_at", "blocked", "later", "reasons": [{"reason", "label", "messages"}]}`; `later` are those
        that wait for a lawful hour but still go out within the campaign.
    """
    brief, rules = context.brief, context.rules
    counted = await session.execute(
        text(f"SELECT count(*) FROM actions WHERE campaign_id = :campaign AND status = '{ActionStatus.PENDING}'"),
        {"campaign": brief.id},
    )
    total = int(counted.scalar_one())
    every = max(1, -(-total // LOOKED_AT))
    found = await session.execute(text(_MESSAGES), {"campaign": brief.id, "every": every})
    rows = found.all()
    people = sorted({row.customer_id for row in rows})
    counts = await contacts(session, people, brief)
    place = {person: index for index, person in enumerate(people)}
    suppressed = await _suppressed(session, rows)
    reasons: Counter[BlockReason] = Counter()
    later = 0
    for row in rows:
        blocked = _ask(row, context, counts[place[row.customer_id]], row_suppressed(row, suppressed))
        if blocked is None:
            continue
        if blocked.until is not None and _within(blocked.until, row, brief, rules):
            later += 1
        else:
            reasons[blocked.reason] += 1
    scale = total / len(rows) if rows else 1.0
    known = {reason.value: reason.label for reason in Reason}
    return {
        "messages": total,
        "looked_at": len(rows),
        "blocked": round(sum(reasons.values()) * scale),
        "later": round(later * scale),
        "reasons": [
            {
                "reason": reason.value,
                "label": _LABELS.get(reason) or known.get(reason.value, reason.value),
                "messages": round(count * scale),
            }
            for reason, count in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
    }


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
    zone = row.timezone or rules.store_zone
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
