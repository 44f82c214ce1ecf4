"""A campaign's chosen actions become messages in the ledger, each for its own moment. Running it twice adds nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.action_status import Launched, hold_out_pending, mark_launched
from liquor_app.actions.coupon_source import code_needs
from liquor_app.actions.models import ActionStatus
from liquor_app.campaigns.current_plan import set_held_out
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.compliance.legal_rules import WHOLE_DAY, Rules, interval
from liquor_app.compliance.may_send import BlockReason, home_zone, next_allowed
from liquor_app.compliance.service import load_rules
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.core.pubsub import publish
from liquor_app.coupons.coupon_codes import make_up_codes, pin_standing_pools
from liquor_app.experiments.ab_tests.in_force import drawing_of, trial_window
from liquor_app.ledger.new_sends import NewSend, add_sends
from liquor_app.organization.service import notify
from liquor_app.sending.pipeline.claim import LASTING
from liquor_app.sending.pipeline.eligibility_facts import code_wanted, message_facts, place_facts, window_of
from liquor_app.ui.words import show_weekday

CHUNK = 5_000

_CONTROL = f"""
SELECT a.id FROM actions a
JOIN experiments e ON e.campaign_id = a.campaign_id
JOIN experiment_assignments x ON x.experiment_id = e.id AND x.customer_id = a.customer_id
JOIN experiment_arms r ON r.id = x.arm_id AND r.is_control
WHERE a.campaign_id = :campaign AND a.status = '{ActionStatus.PENDING}'
"""

_HELD_OUT = f"""
SELECT count(DISTINCT customer_id) FROM actions
WHERE campaign_id = :campaign AND status = '{ActionStatus.HELD_OUT}'
"""

_CHOSEN = f"""
SELECT a.id AS action_id, a.customer_id, a.campaign_id, a.channel, a.scheduled_date, a.send_window, a.offer,
       a.offer_terms, a.decision ->> 'variant' AS drawn_variant,
       a.decision ->> 'test' AS drawn_for, a.message, a.template_category, k.constraints,
       c.phone, c.state, c.postal_code, c.timezone,
       CASE a.channel WHEN 'email' THEN COALESCE(c.email, c.email_key) ELSE c.phone END AS address
FROM actions a
JOIN customers c ON c.id = a.customer_id
JOIN campaigns k ON k.id = a.campaign_id
WHERE a.campaign_id = :campaign AND a.status = '{ActionStatus.PENDING}'
ORDER BY a.priority_score DESC, a.id
LIMIT :n
"""


@dataclass(frozen=True, slots=True)
class LaunchResult:
    """`added` messages of which `skipped` have no lawful moment left; `held_out` people are deliberately not
    contacted."""

    added: int
    skipped: int
    held_out: int


@dataclass(frozen=True, slots=True)
class Slot:
    """When a message is due and until when it is worth sending; without a moment, why there is none."""

    not_before: datetime
    expires_at: datetime
    reason: str | None = None
    note: str | None = None


async def launch_campaign(session: AsyncSession, actor: Actor, campaign_id: UUID) -> LaunchResult:
    """Put the campaign's pending actions into the ledger, but for people held out.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such campaign.
        Conflict: it is neither active nor paused.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    # one launch of a campaign at a time, without holding its row against pause
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"launch:{campaign_id}"}
    )
    found = await session.execute(
        text("SELECT status, end_date, COALESCE(virtual_now, now()) AS moment FROM campaigns WHERE id = :id"),
        {"id": campaign_id},
    )
    campaign = found.first()
    if campaign is None:
        raise NotFound("There is no such campaign.")
    if campaign.status not in (CampaignStatus.ACTIVE, CampaignStatus.PAUSED):
        raise Conflict(f"A campaign that is {campaign.status} cannot be launched.")
    rules = await load_rules(session)
    controls = await session.execute(text(_CONTROL), {"campaign": campaign_id})
    await hold_out_pending(session, list(controls.scalars()))
    pooled = await pin_standing_pools(session, campaign_id)
    drawing = await drawing_of(session, campaign_id)
    added = skipped = 0
    while True:
        chosen = (await session.execute(text(_CHOSEN), {"campaign": campaign_id, "n": CHUNK})).all()
        if not chosen:
            break
        drawn = [drawing.draw(row) if drawing else None for row in chosen]
        slots = [
            slot_of(
                row,
                campaign.end_date,
                campaign.moment,
                rules,
                hour=drawing.hours.get(variant or "") if drawing else None,
            )
            for row, variant in zip(chosen, drawn, strict=True)
        ]
        new = await _insert(session, campaign_id, chosen, slots, drawn)
        wanted = [one for row in chosen if row.action_id in new and (one := code_wanted(row)) is not None]
        await make_up_codes(session, [one for one in wanted if one.percent not in pooled.percents], rules.store_zone)
        added += len(new)
        skipped += sum(1 for row, slot in zip(chosen, slots, strict=True) if slot.reason and row.action_id in new)
    if pooled.fresh:
        await _tell_of_missing_codes(session, actor, campaign_id, pooled.fresh)
    held_out = int((await session.execute(text(_HELD_OUT), {"campaign": campaign_id})).scalar_one())
    await set_held_out(session, campaign_id, held_out)
    result = LaunchResult(added, skipped, held_out)
    if added:
        await audit(session, actor, "campaign.launched", "campaign", campaign_id, added=added, skipped=skipped)
    for topic in (f"campaign:{campaign_id}", "dashboard", "sends"):
        publish(session, topic, {"campaign": campaign_id, "launched": added})
    return result


async def _tell_of_missing_codes(
    session: AsyncSession, actor: Actor, campaign_id: UUID, fresh: frozenset[Decimal]
) -> None:
    """Tell of pools that were settled on only now, and hold fewer codes than there are messages: who approved the plan
    was told of others, or of none."""
    for one in await code_needs(session, actor, campaign_id):
        if one.missing and one.discount_pct in fresh:
            await notify(
                session, title="Messages have no coupon code", body=one.words, link=f"/campaigns/{campaign_id}",
                level="warning",
            )  # fmt: skip


def slot_of(row: Any, last_day: date, moment: datetime, rules: Rules, *, hour: int | None = None) -> Slot:
    """Return the first lawful moment within the action's window on its day or after; none once the campaign is over.

    Args:
        row: of `_CHOSEN`.
        moment: now, by the campaign's clock.
        hour: from which it may leave instead of the action's own: a test's.
    """
    # only hours are asked here: what the licence may offer is asked when it leaves
    person, message = place_facts(row), message_facts(row, None)
    if hour is not None:
        message = replace(message, window=window_of(trial_window(hour)))
    zone = home_zone(person, rules)
    whole = interval(zone, last_day, WHOLE_DAY)
    assert whole is not None
    if not person.has_address:
        what = "e-mail" if row.channel == "email" else "SMS"
        return Slot(moment, whole[1], BlockReason.NO_ADDRESS, f"No address for {what}.")
    start = timedelta(minutes=message.window[0] if message.window else 0)
    wanted = (datetime.combine(row.scheduled_date, time.min) + start).replace(tzinfo=ZoneInfo(zone))
    due = next_allowed(person, message, max(wanted, moment), rules, lasting=LASTING)
    if due is None:
        return Slot(moment, whole[1], BlockReason.QUIET_HOURS, "Law, store and campaign leave no hour in common.")
    if due >= whole[1]:
        note = f"The next allowed hour comes after the campaign's last day, {show_weekday(last_day)}."
        return Slot(moment, whole[1], BlockReason.QUIET_HOURS, note)
    return Slot(due, whole[1])


async def _insert(
    session: AsyncSession, campaign_id: UUID, chosen: Any, slots: list[Slot], drawn: list[str | None]
) -> set[UUID]:
    """Return actions whose message was not in the ledger yet."""
    added = await add_sends(
        session,
        campaign_id,
        [
            NewSend(
                row.action_id, row.customer_id, row.channel, row.address or "", slot.not_before, slot.expires_at,
                slot.reason, slot.note, variant,
            )
            for row, slot, variant in zip(chosen, slots, drawn, strict=True)
        ],
    )  # fmt: skip
    await mark_launched(
        session,
        [Launched(row.action_id, slot.reason, slot.note) for row, slot in zip(chosen, slots, strict=True)],
    )
    return added
