"""Verbs of A/B/n tests: defined while nothing is approved, ended by a winner, by a guardrail or by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.action_status import Launched, skip_queued
from liquor_app.actions.send_window import minutes
from liquor_app.campaigns.models import OPEN, OVER, Campaign
from liquor_app.campaigns.service import lock_campaign
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.experiments.ab_tests.ab_store import AbTestRow, announce, offers_of, read_test
from liquor_app.experiments.ab_tests.ab_words import BY_HAND
from liquor_app.experiments.ab_tests.in_force import planned_test_of
from liquor_app.experiments.ab_tests.models import AB_TEST, AbStatus, AbTopic, Measure
from liquor_app.experiments.ab_tests.variants import (
    KEYS,
    LONGEST,
    Bounds,
    as_documents,
    clean_variants,
)
from liquor_app.ledger.new_sends import VARIANT_ENDED, release_variants, withdraw_variant
from liquor_app.organization.guidance import load_guidance
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import ComplianceSettings, load_settings

MAX_NAME, MAX_WORDS = 120, 400
_AT_ONCE = 5_000
_TO_THE_END = {
    AbTopic.HOUR: "An hour is compared to the end: messages get their moment before anything is known.",
    AbTopic.OFFER: "An offer is compared to the end: what each gets was approved with its cost. Plan the next campaign"
    " by what won.",
    AbTopic.CHANNEL: "A channel is compared to the end: what each gets was approved with its cost. Plan the next"
    " campaign by what won.",
}

_PUT = f"""
INSERT INTO ab_tests (id, campaign_id, name, hypothesis, topic, channel, measure, variants, seed, decide_on, status,
                      created_at)
VALUES (:id, :campaign, :name, :hypothesis, :topic, :channel, :measure, CAST(:variants AS jsonb), :seed, :decide_on,
        '{AbStatus.OPEN}', :at)
ON CONFLICT (campaign_id) DO UPDATE SET name = excluded.name, hypothesis = excluded.hypothesis, topic = excluded.topic,
       channel = excluded.channel, measure = excluded.measure, variants = excluded.variants,
       decide_on = excluded.decide_on, seed = excluded.seed
"""
_DECIDE = f"""
UPDATE ab_tests SET status = '{AbStatus.DECIDED}', winner = :winner, why = :why, decided_at = :at
 WHERE id = :id AND status IN {AB_TEST.sources_sql(AbStatus.DECIDED)} RETURNING id
"""
_STOP = f"""
UPDATE ab_tests SET status = '{AbStatus.STOPPED}', why = :why, decided_at = :at
 WHERE id = :id AND status IN {AB_TEST.sources_sql(AbStatus.STOPPED)} RETURNING id
"""
_HARM = "UPDATE ab_tests SET harmful = array_append(harmful, :key) WHERE id = :id AND NOT :key = ANY(harmful)"
_NOTE = "UPDATE ab_tests SET learned = :words WHERE id = :id"
_FORGET = "DELETE FROM ab_tests WHERE id = :id"


@dataclass(frozen=True)
class AbAsked:
    """What somebody wants to test. `given` are the variants beside A, the control, as typed."""

    name: str
    topic: AbTopic
    channel: Channel
    measure: Measure
    given: Sequence[str]
    hypothesis: str = ""
    decide_on: date | None = None


async def get_ab_test(session: AsyncSession, actor: Actor, campaign_id: UUID) -> AbTestRow | None:
    """Return a campaign's test; None if it has none."""
    require(actor, Permission.CAMPAIGNS_READ)
    return await read_test(session, campaign_id)


async def define_ab_test(session: AsyncSession, actor: Actor, campaign_id: UUID, asked: AbAsked) -> AbTestRow:
    """Give a campaign its test, or change it, as long as nothing of it is approved.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: the campaign is approved, over, or part of the imported history.
        Invalid: a name, a variant or the day is wrong; `field` says which.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    campaign = await _held(session, campaign_id)
    before = await get_ab_test(session, actor, campaign_id)
    bounds = await _bounds(session, campaign_id, asked.topic, asked.channel)
    variants = clean_variants([one[: 2 * LONGEST] for one in asked.given], bounds)
    await session.execute(
        text(_PUT),
        {
            "id": uuid7(), "campaign": campaign_id, "name": _line(asked.name, "name", MAX_NAME),
            "hypothesis": _line(asked.hypothesis, "hypothesis", MAX_WORDS, is_needed=False),
            "topic": asked.topic.value, "channel": asked.channel.value, "measure": asked.measure.value,
            "variants": json.dumps(as_documents(variants)), "seed": str(uuid7()),
            "decide_on": _day(asked, campaign), "at": now(),
        },
    )  # fmt: skip
    made = await _own(session, actor, campaign_id)
    await audit_change(
        session, actor, "ab_test.defined", "campaign", campaign_id,
        before={} if before is None else _told(before), after=_told(made),
    )  # fmt: skip
    announce(session, campaign_id)
    return made


async def remove_ab_test(session: AsyncSession, actor: Actor, campaign_id: UUID) -> None:
    """Take a test off a campaign that is not approved yet.

    Raises:
        Forbidden, NotFound, Conflict: as `define_ab_test`.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    await _held(session, campaign_id)
    row = await _own(session, actor, campaign_id)
    await session.execute(text(_FORGET), {"id": row.id})
    await audit_change(session, actor, "ab_test.removed", "campaign", campaign_id, before=_told(row), after={})
    announce(session, campaign_id)


async def choose_ab_winner(session: AsyncSession, actor: Actor, campaign_id: UUID, key: str) -> AbTestRow:
    """End a test by hand: what has not left yet gets this variant.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: the campaign has not begun, the test is over, or a guardrail ended this variant.
        Invalid: it has no such variant.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    row = await _begun(session, actor, campaign_id)
    if row.topic.runs_to_the_end:
        raise Conflict(_TO_THE_END[row.topic], field="winner")
    if key not in row.keys:
        raise Invalid(f"This test has no variant {key[:20]}: it has {', '.join(row.keys)}.", field="winner")
    if key in row.harmful:
        raise Conflict(f"Variant {key} was ended for the harm it did, so the rest cannot get it.", field="winner")
    await decide(session, actor, row, key, BY_HAND.format(who=actor.name))
    return await _own(session, actor, campaign_id)


async def stop_ab_test(session: AsyncSession, actor: Actor, campaign_id: UUID) -> AbTestRow:
    """End a test without a winner: what has not left yet gets what was planned; a test of offers or channels changes
    nothing that was approved, and counts no more of it.

    Raises:
        Forbidden, NotFound, Conflict: as `choose_ab_winner`.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    row = await _begun(session, actor, campaign_id)
    AB_TEST.check(row.status, AbStatus.STOPPED)
    await session.execute(text(_STOP), {"id": row.id, "why": f"{actor.name} stopped it.", "at": now()})
    await release_variants(session, campaign_id)
    await audit_change(
        session, actor, "ab_test.stopped", "campaign", campaign_id,
        before={"status": row.status.value}, after={"status": AbStatus.STOPPED.value},
    )  # fmt: skip
    announce(session, campaign_id)
    return await _own(session, actor, campaign_id)


async def note_learned(session: AsyncSession, actor: Actor, campaign_id: UUID, words: str) -> AbTestRow:
    """Write down what a test taught, for whoever plans the next one.

    Raises:
        Forbidden, NotFound: as usual.
        Invalid: it is too long.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    row = await _own(session, actor, campaign_id)
    said = _line(words, "learned", MAX_WORDS, is_needed=False)
    await session.execute(text(_NOTE), {"id": row.id, "words": said})
    await audit_change(
        session, actor, "ab_test.noted", "campaign", campaign_id,
        before={"learned": row.learned}, after={"learned": said},
    )  # fmt: skip
    announce(session, campaign_id)
    return await _own(session, actor, campaign_id)


# --- corridors: of approval, and of the job that judges ---


async def check_ab_test(session: AsyncSession, campaign_id: UUID, drawn: Mapping[str, Any] | None) -> None:
    """Ask of a campaign's test, as it is approved, whether guidance and hours still allow it, and whether the plan was
    drawn for it. A corridor.

    Args:
        drawn: what the plan keeps of the test of offers or channels it was drawn for (`summary["ab_test"]`).

    Raises:
        Conflict: which variant may not be used any more, or that the plan is of another test.
    """
    test = await read_test(session, campaign_id)
    standing = await planned_test_of(session, campaign_id)
    if (drawn or {}).get("test") != (standing.document if standing else None):
        raise Conflict(
            "The plan was made before its A/B test: plan again, so that it is drawn."
            if standing
            else "The plan was drawn for an A/B test that is not there any more: plan again."
        )
    if drawn and drawn["why"]:
        raise Conflict(f"{drawn['why']} Remove the A/B test or change it, and plan again.")
    if test is None:
        return
    given = [one.given for one in test.variants[1:]]
    try:
        clean_variants(given, await _bounds(session, campaign_id, test.topic, test.channel))
    except Invalid as error:
        key = str(error.field or "").removeprefix("variant_").upper()
        raise Conflict(f"The A/B test's variant {key} may not be used any more. {error.message}") from error


async def decide(session: AsyncSession, actor: Actor, row: AbTestRow, winner: str, why: str) -> None:
    """Let a variant win. A corridor.

    Raises:
        Conflict: the test is over.
    """
    AB_TEST.check(row.status, AbStatus.DECIDED)
    found = await session.execute(text(_DECIDE), {"id": row.id, "winner": winner, "why": why, "at": now()})
    if found.first() is None:
        raise Conflict("This test has ended meanwhile.")
    await release_variants(session, row.campaign_id)
    await audit_change(
        session, actor, "ab_test.decided", "campaign", row.campaign_id,
        before={"winner": row.winner}, after={"winner": winner, "why": why},
    )  # fmt: skip
    announce(session, row.campaign_id)


async def end_variant(session: AsyncSession, actor: Actor, row: AbTestRow, key: str, why: str) -> None:
    """End one variant because of the harm it does: whoever was to get it gets what was planned; of an offer or a
    channel, which was all that was planned for them, nothing. A corridor."""
    await session.execute(text(_HARM), {"id": row.id, "key": key})
    if row.topic.is_planned:
        note = f"Variant {key} of the A/B test was ended: beside what was planned, {why}."
        gone = await withdraw_variant(session, row.campaign_id, key, note)
        for start in range(0, len(gone), _AT_ONCE):
            await skip_queued(session, [Launched(one, VARIANT_ENDED, note) for one in gone[start : start + _AT_ONCE]])
    else:
        await release_variants(session, row.campaign_id, only=key)
    await audit_change(
        session, actor, "ab_test.variant_ended", "campaign", row.campaign_id, before={}, after={key: why}
    )
    announce(session, row.campaign_id)


async def _held(session: AsyncSession, campaign_id: UUID) -> Campaign:
    campaign = await lock_campaign(session, campaign_id)
    if campaign.is_history or campaign.status in OVER:
        raise Conflict(f"The campaign “{campaign.name}” is over; make a new one.")
    if campaign.status not in OPEN:
        raise Conflict("The campaign is approved: send it back to change its test.")
    return campaign


async def _own(session: AsyncSession, actor: Actor, campaign_id: UUID) -> AbTestRow:
    row = await get_ab_test(session, actor, campaign_id)
    if row is None:
        raise NotFound("This campaign has no A/B test.")
    return row


async def _begun(session: AsyncSession, actor: Actor, campaign_id: UUID) -> AbTestRow:
    await lock_campaign(session, campaign_id)
    row = await _own(session, actor, campaign_id)
    if not row.is_begun:
        raise Conflict("The campaign has not begun: remove its test instead.")
    return row


async def _bounds(session: AsyncSession, campaign_id: UUID, topic: AbTopic, channel: Channel) -> Bounds:
    """Return what guidance, the shop's hours and the campaign's playbooks allow now."""
    law = await load_settings(session, ComplianceSettings)
    opens, closes = (
        (law.email_window_start, law.email_window_end)
        if channel is Channel.EMAIL
        else (law.sms_window_start, law.sms_window_end)
    )
    guidance = (await load_guidance(session)).guidance
    offers = (await offers_of(session, campaign_id)) if topic is AbTopic.OFFER else ()
    allowed = tuple(name for name in offers if guidance.allows_offer(name))
    return Bounds(topic, channel, guidance, (-(-minutes(opens) // 60), minutes(closes) // 60), allowed)


def _day(asked: AbAsked, campaign: Campaign) -> date | None:
    day = asked.decide_on
    if day is None:
        return None
    if asked.topic.runs_to_the_end:
        raise Invalid(_TO_THE_END[asked.topic], field="decide_on")
    if not campaign.start_date < day <= campaign.end_date:
        raise Invalid(
            f"Choose a day after {campaign.start_date} and up to {campaign.end_date}, the campaign's last: who is"
            " written to before is tested, who is from then on gets the winner.",
            field="decide_on",
        )
    return day


def _line(value: str, field: str, most: int, *, is_needed: bool = True) -> str:
    words = " ".join(value.split())
    if is_needed and not words:
        raise Invalid("Give the test a name.", field=field)
    if len(words) > most:
        raise Invalid(f"{len(words)} characters; {most} is the most.", field=field)
    if not words.isprintable():
        raise Invalid("It holds characters that cannot be shown.", field=field)
    return words


def _told(row: AbTestRow) -> dict[str, Any]:
    """Return what the audit log keeps of a test."""
    return {
        "name": row.name, "topic": row.topic.value, "channel": row.channel.value, "measure": row.measure.value,
        "variants": {one.key: one.words for one in row.variants if one.key in KEYS[1:]},
        "decide_on": row.decide_on.isoformat() if row.decide_on else None,
    }  # fmt: skip
