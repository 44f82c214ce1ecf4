"""What stands between a plan and its approval: the guidance in force, escalation, the limits of autopilot."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, may
from liquor_app.actions.edit_guards import refuse_overfull
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.offering.cell_rules import RuleEffect, broken_rules
from liquor_app.actions.offers import LEGAL_TERMS, facts_of
from liquor_app.actions.plan_context import PlanContext
from liquor_app.campaigns.brief import CampaignBrief
from liquor_app.campaigns.models import LIVE
from liquor_app.compliance.may_offer import may_offer
from liquor_app.compliance.offer_words import seen_words
from liquor_app.compliance.true_subjects import is_true_on
from liquor_app.core.errors import Conflict, Forbidden
from liquor_app.core.states import sql_list
from liquor_app.experiments.ab_tests.ab_store import read_test
from liquor_app.organization.guidance import Guidance
from liquor_app.organization.models import Channel
from liquor_app.planning.plan_store import PlanRow
from liquor_app.templates.liquid_tokens import without_liquid
from liquor_app.templates.template_catalog import load_catalog
from liquor_app.ui.words import figure, plain_number, plural, show_money, show_weekday

MOST_TEXTS = 20_000
"""Different wordings that are read one by one; a plan with more is refused, as nobody has read it either."""


_OVERTAKEN = f"""
SELECT name FROM campaigns WHERE id <> :id AND status IN {sql_list(*LIVE)} AND approved_at > :made_at
   AND start_date <= :last AND end_date >= :first ORDER BY approved_at LIMIT 1
"""

_LEGAL_TERMS = ", ".join(f"'{name}', offer_terms -> '{name}'" for name in LEGAL_TERMS)


async def refuse_overtaken(session: AsyncSession, brief: CampaignBrief, made_at: datetime) -> None:
    """Two plans that knew nothing of each other may not both be approved if together they write to somebody too often,
    or more a day than a channel carries. What was approved before `made_at` the planner has taken into account.

    Raises:
        Conflict: which campaign came first, which limit would be broken, and to plan again.
    """
    found = await session.execute(
        text(_OVERTAKEN), {"id": brief.id, "made_at": made_at, "first": brief.start_date, "last": brief.end_date}
    )
    other = found.scalar()
    if other is None:
        return
    planned = await session.execute(
        text(f"SELECT id FROM actions WHERE campaign_id = :id AND status = '{ActionStatus.PENDING}'"),
        {"id": brief.id},
    )
    try:
        await refuse_overfull(session, brief, list(planned.scalars()))
    except Conflict as broken:
        raise Conflict(
            f"“{other}” was approved after this plan was made. {broken.message}"
            " Plan again: the planner works around it."
        ) from broken


async def refuse_unguided(session: AsyncSession, brief: CampaignBrief, made_under: int) -> None:
    """Hold the plan's actions, as they stand, against the guidance in force now.

    Raises:
        Conflict: a discount, an offer or words are no longer allowed; the message says which and what to do.
    """
    bound_by, guidance = brief.bound_by, brief.guidance
    since = (
        f" The guidance was changed to version {bound_by.version} after this plan was made under version {made_under}."
        if bound_by.version != made_under
        else ""
    )
    found = await session.execute(
        text(
            "SELECT DISTINCT offer_terms ->> 'name' AS name, CAST(offer_terms ->> 'discount_pct' AS numeric) AS percent"
            f" FROM actions WHERE campaign_id = :id AND status = '{ActionStatus.PENDING}' LIMIT 5000"
        ),
        {"id": brief.id},
    )
    for row in found:
        if row.percent is not None and row.percent > guidance.max_discount_pct:
            raise Conflict(
                f"The plan gives {plain_number(row.percent)}% off; the guidance allows at most"
                f" {plain_number(guidance.max_discount_pct)}%.{since} Plan again, or change those offers."
            )
        if row.name and not guidance.allows_offer(row.name):
            raise Conflict(
                f"The offer “{row.name}” is not one the guidance allows.{since} Plan again, or change those offers."
            )
    texts = await session.execute(
        text(
            "SELECT DISTINCT concat_ws(' · ', offer, message, offer_terms ->> 'subject') AS words FROM actions"
            f" WHERE campaign_id = :id AND status = '{ActionStatus.PENDING}' LIMIT :n"
        ),
        {"id": brief.id, "n": MOST_TEXTS + 1},
    )
    wordings = list(texts.scalars())
    if len(wordings) > MOST_TEXTS:
        raise Conflict(
            f"The plan holds more than {figure(MOST_TEXTS)} different wordings; that is more than can be checked."
        )
    for words in wordings:
        if claims := guidance.claims_in(words):
            raise Conflict(f"The plan says {claims[0].words}.{since} Change those words, or plan again.")


async def refuse_forbidden(session: AsyncSession, campaign_id: UUID) -> None:
    """Hold the plan's messages against the rules in force: one made since the plan was, or an offer given by hand.

    Raises:
        Conflict: a rule forbids some of them, or pins something else for whom they are to; the words name it.
    """
    for rule, messages in await broken_rules(session, campaign_id):
        held = plural(messages, "message")
        what = f"{held} of it" if rule.effect is RuleEffect.FORBID else f"{held} that were proposed before"
        raise Conflict(f"{rule.words}. The plan holds {what}. Plan again, or take the rule back under Learning.")


async def refuse_unlawful(session: AsyncSession, planning: PlanContext) -> None:
    """Hold the plan's offers, as they stand, against the law of the licence they are made under.

    Raises:
        Conflict: nobody has said which state gave the licence (the error's field is `licence_state`), or which offer it
            forbids, by which rule.
    """
    brief, licence = planning.brief, planning.licence
    if licence is None:
        raise Conflict(
            "Tell us the state of your licence: its law binds what you offer. Choose it under Settings, Brand.",
            field="licence_state",
        )
    found = await session.execute(
        text(
            f"SELECT DISTINCT offer, message, jsonb_build_object({_LEGAL_TERMS}) AS offer_terms FROM actions"
            f" WHERE campaign_id = :id AND status = '{ActionStatus.PENDING}'"
        ),
        {"id": brief.id},
    )
    for row in found:
        facts = facts_of(row.offer_terms or {}, row.offer, row.message)
        if refused := may_offer(facts, licence, brief.days[0], planning.rules):
            raise Conflict(f"The offer “{row.offer}” is not lawful. {refused.detail} Change it, or plan again.")
    await _refuse_unlawful_templates(session, planning, licence)


async def _refuse_unlawful_templates(session: AsyncSession, planning: PlanContext, licence: str) -> None:
    """Hold what the templates say by themselves against the same law, beside the smallest discount they announce."""
    catalog = await load_catalog(session)
    found = await session.execute(
        text(
            f"SELECT DISTINCT channel, template_category, jsonb_build_object({_LEGAL_TERMS}) - 'name' - 'subject'"
            f" AS offer_terms FROM actions WHERE campaign_id = :id AND status = '{ActionStatus.PENDING}'"
        ),
        {"id": planning.brief.id},
    )
    for row in found:
        template = catalog.get((Channel(row.channel), row.template_category))
        if template is None:
            continue
        source, own = template.source, facts_of(row.offer_terms or {})
        parts = (source.subject or "", source.text or "", seen_words(source.html or ""))
        for words in map(without_liquid, parts):
            facts = replace(own, words=words, is_whole=True)
            if refused := may_offer(facts, licence, planning.brief.days[0], planning.rules):
                raise Conflict(
                    f"The {Channel(row.channel).label} template for {row.template_category} is not lawful."
                    f" {refused.detail} Change its words."
                )


async def refuse_untrue_subjects(session: AsyncSession, brief: CampaignBrief) -> None:
    """Hold each subject line, on each day it is planned for, against the last day of the offer it announces; those of
    the campaign's A/B test as well.

    Raises:
        Conflict: which subject is untrue on which day.
    """
    catalog, test = await load_catalog(session), await read_test(session, brief.id)
    tried = [one for one in test.variants if one.subject] if test is not None else []
    found = await session.execute(
        text(
            "SELECT DISTINCT template_category, scheduled_date, offer_terms ->> 'subject' AS own,"
            " CAST(offer_terms ->> 'expires_on' AS date) AS last_day FROM actions"
            f" WHERE campaign_id = :id AND status = '{ActionStatus.PENDING}' AND channel = '{Channel.EMAIL}'"
        ),
        {"id": brief.id},
    )
    for row in found:
        template = catalog.get((Channel.EMAIL, row.template_category))
        subject = row.own or (template.source.subject if template else None) or ""
        said = [("", subject), *((f" of variant {one.key}", str(one.subject)) for one in tried if not row.own)]
        for whose, line in said:
            # what a variable says of the offer's end is true of itself
            if not is_true_on(without_liquid(line), row.scheduled_date, row.last_day):
                raise Conflict(
                    f"The subject{whose}, “{line[:120]}”, would be untrue on {show_weekday(row.scheduled_date)}: the"
                    f" offer holds through {show_weekday(row.last_day) if row.last_day else 'no day that is known'}."
                    " Say {{ offer.ends }} instead, or change the days."
                )


def escalation(plan: PlanRow, guidance: Guidance) -> str:
    """Tell why a plan needs an admin, in words; empty if a marketer may approve it."""
    discount, reach = discount_of(plan), int(plan.summary["totals"]["reach"])
    if guidance.admin_above_discount is not None and discount > guidance.admin_above_discount:
        return (
            f"It is expected to give away {show_money(discount)}, more than the"
            f" {show_money(guidance.admin_above_discount)} a marketer may approve"
        )
    if guidance.admin_above_recipients is not None and reach > guidance.admin_above_recipients:
        return (
            f"It reaches {figure(reach)} people, more than the {figure(guidance.admin_above_recipients)} a"
            " marketer may approve"
        )
    return ""


def require_approver(actor: Actor, plan: PlanRow, guidance: Guidance) -> None:
    """Let the actor approve this plan, or raise Forbidden: it is beyond what they may."""
    why = escalation(plan, guidance)
    if why and not may(actor, Permission.CAMPAIGNS_ADMIN):
        raise Forbidden(f"{why}. Ask an admin to approve it.")


def beyond_autopilot(plan: PlanRow, guidance: Guidance) -> str:
    """Tell why the system may not approve a plan by itself, in words; empty if it may."""
    if why := escalation(plan, guidance):
        return why
    profit = plan.summary["simulation"]["incremental_profit"]
    reach, low = int(plan.summary["totals"]["reach"]), Decimal(profit["low"])
    if reach == 0:
        return "It reaches nobody"
    if reach > guidance.autopilot_max_recipients:
        return f"It reaches {figure(reach)} people; autopilot may reach {figure(guidance.autopilot_max_recipients)}"
    if discount_of(plan) > guidance.autopilot_max_discount:
        return (
            f"It is expected to give away {show_money(discount_of(plan))}; autopilot may give"
            f" {show_money(guidance.autopilot_max_discount)}"
        )
    if low < guidance.autopilot_min_profit:
        return (
            f"The low end of its expected profit is {show_money(low)}, with what messages change"
            f" {plan.summary['simulation']['uplift']['basis']}; autopilot needs"
            f" {show_money(guidance.autopilot_min_profit)}"
        )
    return ""


def discount_of(plan: PlanRow) -> Decimal:
    """Return the discount a plan is expected to give, in money."""
    return Decimal(plan.summary["simulation"]["discount"]["mean"])
