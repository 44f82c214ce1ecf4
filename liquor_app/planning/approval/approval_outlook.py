"""Tell what would become of a plan if it were approved now: what stands in its way, counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.coupon_source import code_needs
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.plan_context import read_context
from liquor_app.campaigns.models import OPEN, CampaignType
from liquor_app.campaigns.service import find_campaign
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict
from liquor_app.experiments.ab_tests.approval_words import words_of_test
from liquor_app.organization.models import Channel
from liquor_app.organization.sending_switch import load_sending_switch
from liquor_app.organization.service import BrandRow, get_brand
from liquor_app.planning.approval.approval_context import ApprovalContext
from liquor_app.planning.approval.approval_refusals import refusals_of
from liquor_app.planning.block_forecast import foresee
from liquor_app.planning.plan_store import get_plan, planned_now
from liquor_app.planning.reasoning.plan_worth import doubt_of
from liquor_app.providers.registry import SANDBOX
from liquor_app.providers.sender_check.sender_checks import failing_sender
from liquor_app.providers.service import ChannelRow, load_channels
from liquor_app.ui.words import figure, listed, plural

_BY_CHANNEL = f"""
SELECT channel, count(*) AS messages FROM actions
 WHERE campaign_id = :campaign AND status = '{ActionStatus.PENDING}' GROUP BY channel ORDER BY channel
"""


class Concern(StrEnum):
    """What an approver is told of."""

    STOPPED = "sending_stopped"
    NOT_SET_UP = "channel_not_set_up"
    PAUSED = "channel_paused"
    SANDBOX = "channel_in_sandbox"
    SENDER = "sender_refused"
    NO_REPLY_TO = "no_reply_to"
    BLOCKED = "messages_blocked"
    CODES = "codes_missing"
    WORTH_NOTHING = "earns_no_more_than_nothing"
    REFUSED = "approval_refused"
    """Approving is refused for it (`approval_refusals`), by whoever asked."""


@dataclass(frozen=True, slots=True)
class BlockedFor:
    """Messages that will be held back for one reason."""

    reason: str
    label: str
    messages: int


@dataclass(frozen=True, slots=True)
class Warned:
    """One concern in plain words; `messages` of the plan it touches. `field`, where what is refused can be said right
    there: `licence_state`."""

    concern: Concern
    words: str
    messages: int
    field: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalOutlook:
    """`blocked` of the plan's `messages` will not go out, by reason, and `later` only wait for a lawful hour. Of plans
    with more than `looked_at` messages these are scaled up. No warning: approving is one click. `plan_id` and
    `fingerprint` are the plan that was looked at, with what was changed in it by hand: name them when you approve."""

    plan_id: UUID
    fingerprint: str
    messages: int
    looked_at: int
    blocked: int
    later: int
    reasons: list[BlockedFor] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    ab_test: str = ""
    """What is tested in it, and what its variants say: approved with it."""


async def read_outlook(session: AsyncSession, actor: Actor, campaign_id: UUID) -> ApprovalOutlook:
    """Return what stands in the way of a campaign's plan as things are now. Changes and locks nothing.

    Raises:
        NotFound: there is no such campaign.
        Conflict: it has no plan yet, or is over.
    """
    require(actor, Permission.PLANS_READ)
    campaign = await find_campaign(session, campaign_id)
    if campaign.plan_id is None:
        raise Conflict("There is no plan yet. Generate one first.")
    brand = await get_brand(session, campaign.brand_id)
    planning = await read_context(session, campaign, brand=brand)
    foreseen = await foresee(session, planning)
    planned = {
        Channel(row.channel): int(row.messages)
        for row in await session.execute(text(_BY_CHANNEL), {"campaign": campaign.id})
    }
    if campaign.type is CampaignType.TRIGGERED:  # nothing is planned before something happens
        planned.setdefault(Channel.EMAIL, 0)
    total, reasons = int(foreseen["messages"]), [BlockedFor(**reason) for reason in foreseen["reasons"]]
    switch = await load_sending_switch(session)
    plan, found = await get_plan(session, actor, campaign.plan_id), await planned_now(session, campaign.id)
    warnings = []
    if campaign.status in OPEN:
        context = ApprovalContext(campaign, plan, found, planning, brand)
        told = await refusals_of(session, actor, context)
        warnings += [Warned(Concern.REFUSED, one.message, total, one.field) for one in told]
    if switch.stopped:
        words = f"{switch.stopped_by} has stopped all sending. Nothing goes out until somebody resumes it."
        warnings.append(Warned(Concern.STOPPED, words, total))
    warnings += _uncarried(await load_channels(session), planned)
    if Channel.EMAIL in planned:
        warnings += await _of_the_sender(session, brand, planned[Channel.EMAIL])
    if foreseen["blocked"]:
        about = "About " if foreseen["looked_at"] < total else ""
        why = listed([f"{reason.label.lower()} {figure(reason.messages)}" for reason in reasons])
        words = f"{about}{figure(foreseen['blocked'])} of {plural(total, 'message')} will be held back: {why}."
        warnings.append(Warned(Concern.BLOCKED, words, foreseen["blocked"]))
    warnings += [
        Warned(Concern.CODES, one.words, one.missing)
        for one in await code_needs(session, actor, campaign.id)
        if one.missing
    ]
    if total and plan.summary.get("simulation") and (doubt := doubt_of(plan.summary)) is not None:
        warnings.append(Warned(Concern.WORTH_NOTHING, doubt.words, total))
    return ApprovalOutlook(
        campaign.plan_id, found.fingerprint, total, foreseen["looked_at"],
        foreseen["blocked"], foreseen["later"], reasons, warnings,
        await words_of_test(session, campaign.id, plan.summary.get("ab_test")),
    )  # fmt: skip


def _uncarried(rows: list[ChannelRow], planned: Mapping[Channel, int]) -> list[Warned]:
    """Tell of each planned channel whether it reaches anybody: by the provider that is tried first."""
    told = []
    for channel, messages in planned.items():
        mine = [row for row in rows if row.channel == channel and row.is_enabled]
        those = f"these {plural(messages, 'message')}" if messages else "its messages"
        if not mine:
            words = f"{channel.label} is not set up: nobody carries {those}. See Settings, Channels."
            told.append(Warned(Concern.NOT_SET_UP, words, messages))
        elif mine[0].provider == SANDBOX:
            words = f"{channel.label} is in the sandbox: {those} end there and reach nobody."
            told.append(Warned(Concern.SANDBOX, words, messages))
        elif all(row.paused_until is not None and row.paused_until > now() for row in mine):
            words = f"{channel.label} is paused at its provider: {mine[0].pause_reason or 'it kept failing'}."
            told.append(Warned(Concern.PAUSED, words, messages))
    return told


async def _of_the_sender(session: AsyncSession, brand: BrandRow, messages: int) -> list[Warned]:
    told = []
    if why := await failing_sender(session, brand.from_email):
        told.append(Warned(Concern.SENDER, f"{why} Most of these e-mails would not arrive.", messages))
    if not brand.reply_to:
        words = f"Nobody has said where replies go: they go to {brand.from_email or 'the sender'}. See Settings, Brand."
        told.append(Warned(Concern.NO_REPLY_TO, words, messages))
    return told
