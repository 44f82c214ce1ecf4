"""Changing what an action offers or says, by hand. Guardrails and guidance bind people as they bind engines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.action_reasons import offer_reason, uplift_words, with_another_offer
from liquor_app.actions.edit_guards import Held, hold, record_edit, refuse_over_budget
from liquor_app.actions.models import ActionStatus, EditKind
from liquor_app.actions.offering.cell_rules import RuleEffect, rules_in_force
from liquor_app.actions.offering.offer_answers import covers_of
from liquor_app.actions.offering.offer_uplifts import kept_of, learned_of, uplift_of
from liquor_app.actions.offering.playbook_offers import coupon_bans, guided, is_banned, read_scale
from liquor_app.actions.offers import OWN_TERMS, Offer, facts_of, message_text, most_discount, offer_text, pull
from liquor_app.actions.plan_context import PlanContext
from liquor_app.actions.priority import MARGIN_MAX, RESPONSE_MAX, expected_profit, saturating
from liquor_app.actions.shelf_offers import lawful_offers, shelf_offers
from liquor_app.campaigns.brief import limits_of
from liquor_app.catalog.shelf import read_shelf
from liquor_app.compliance.may_offer import OfferFacts, may_offer
from liquor_app.compliance.service import load_rules
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.customers.whereabouts.zip_codes import law_states
from liquor_app.organization.guidance import load_guidance
from liquor_app.organization.service import default_brand, licence_of
from liquor_app.organization.settings import load_shop, shop_today
from liquor_app.scoring.due_state import NO_RHYTHM
from liquor_app.segments.playbook import clean_percent, clean_text
from liquor_app.templates.custom_copy import check_copy, render_copy
from liquor_app.templates.rendering.variables import OWN_WORDS, in_sentence
from liquor_app.templates.template_catalog import load_catalog, refuse_without_slot
from liquor_app.ui.words import plain_number, show_long_day


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An offer a segment's playbook holds, cut to what guardrails and guidance allow."""

    name: str
    text: str
    discount_pct: Decimal


async def list_offers(session: AsyncSession, actor: Actor, action_id: UUID) -> list[OfferRow]:
    """Return offers an action could be given instead of its own.

    Raises:
        NotFound: there is no such action.
    """
    offers = await _offers_of(session, actor, action_id)
    return [OfferRow(offer.name, offer.text, offer.discount_pct) for offer in offers]


async def _offers_of(session: AsyncSession, actor: Actor, action_id: UUID) -> tuple[Offer, ...]:
    require(actor, Permission.ACTIONS_READ)
    found = await session.execute(
        text(
            "SELECT a.segment_slug, a.channel, a.offer_terms -> 'due' ->> 'state' AS due, k.brand_id,"
            " COALESCE(k.constraints, '{}') AS constraints FROM actions a"
            " LEFT JOIN campaigns k ON k.id = a.campaign_id WHERE a.id = :id"
        ),
        {"id": action_id},
    )
    row = found.first()
    if row is None:
        raise NotFound("There is no such action.")
    limits = limits_of(await load_shop(session), row.constraints)
    guidance = (await load_guidance(session)).guidance
    licence = await licence_of(session, row.brand_id)
    rails = await _rails(session, row.segment_slug, limits.margin_pct, limits.margin_floor_pct)
    named = {offer["product"] for offer in rails.offers if offer.get("product")}
    offers, _ = shelf_offers(
        rails.offers,
        await read_shelf(session, named, limits.stock_hours),
        limits.margin_pct,
        floors=rails.floors,
        ceilings=[rails.ceiling, guidance.max_discount_pct],
    )
    offers, _ = lawful_offers(guided(offers, guidance), licence, await shop_today(session), await load_rules(session))
    forbidden = {
        one.offer for one in await rules_in_force(session)
        if one.effect is RuleEffect.FORBID and one.covers(row.segment_slug, row.channel)
        and one.due in ("", row.due or NO_RHYTHM)
    }  # fmt: skip
    return tuple(one for one in offers if one.name not in forbidden)


@dataclass(frozen=True, slots=True)
class _Rails:
    offers: Sequence[dict[str, Any]]
    margin_pct: Decimal
    floors: tuple[Decimal, ...]
    ceiling: Decimal

    def most(self, offer: Offer) -> Decimal:
        """Return the highest discount of an offer, by its own margin where that is known."""
        own = self.margin_pct if offer.margin_pct is None else offer.margin_pct
        return most_discount(own, self.floors, [self.ceiling])


async def _rails(session: AsyncSession, slug: str, margin_pct: Decimal, floor_pct: Decimal) -> _Rails:
    found = await session.execute(
        text("SELECT max_discount_pct, margin_floor_pct, recommended_offers FROM segments WHERE slug = :slug"),
        {"slug": slug},
    )
    row = found.first()
    if row is None:
        return _Rails((), margin_pct, (floor_pct,), Decimal(100))
    floors = (floor_pct, Decimal(row.margin_floor_pct))
    return _Rails(row.recommended_offers, margin_pct, floors, Decimal(row.max_discount_pct))


async def swap_offer(session: AsyncSession, actor: Actor, action_id: UUID, offer: str) -> None:
    """Give an action another offer of its segment's playbook, by name.

    Raises:
        Invalid: the playbook has no such offer, or guidance, guardrails or a rule do not allow it.
        Forbidden, NotFound, Conflict: as `change_offer`.
    """
    known = {one.name: one for one in await _offers_of(session, actor, action_id)}
    if offer not in known:
        raise Invalid(f"{offer!r} is none of: {', '.join(known) or 'no offer is allowed here'}.", field="offer")
    chosen = known[offer]
    await _give(session, actor, action_id, replace(chosen, category=None, listed_pct=chosen.discount_pct))


async def change_offer(
    session: AsyncSession, actor: Actor, action_id: UUID, *, offer: str, discount_pct: Decimal | float | str
) -> None:
    """Give an action another offer; {category} and {discount} are filled in. Its figures are worked out anew.

    Raises:
        Forbidden, NotFound: as usual.
        Invalid: no text, a banned claim, or a discount beyond the guardrails of segment, margin floor and guidance.
        Conflict: the campaign is approved already, the action does not wait, the guidance allows only named offers,
            the law of the licence forbids it, or the discount budget would break.
    """
    words = clean_text(offer, "offer", 160) or ""
    percent = clean_percent(discount_pct, "discount_pct")
    await _give(session, actor, action_id, Offer("By hand", words, None, percent, percent))


async def _give(session: AsyncSession, actor: Actor, action_id: UUID, given: Offer) -> None:
    held = await hold(session, actor, action_id)
    row, brief, limits = held.row, held.brief, held.brief.limits
    if held.status not in (ActionStatus.PENDING, ActionStatus.PROPOSED):
        raise Conflict(f"An action that is {held.status} keeps its offer.")
    if not brief.guidance.allows_offer(given.name):
        raise Conflict("The guidance allows only the offers it names. Choose one of the playbook's.")
    brief.guidance.check_words(given.text, "offer")
    rails = await _rails(session, row["segment_slug"], limits.margin_pct, limits.margin_floor_pct)
    most, whose = min(
        (rails.most(given), "segment guardrail and margin floor"), (brief.guidance.max_discount_pct, "agent guidance")
    )
    if given.discount_pct > most:
        raise Invalid(f"discount_pct may be at most {plain_number(most)} here ({whose})", field="discount_pct")
    await _refuse_unlawful(session, held, given.facts)
    terms = row["offer_terms"]
    percent = float(given.discount_pct)
    basket, share = float(terms["basket"]), percent / 100
    usual = float(limits.margin_pct) / 100
    margin = given.margin(usual)
    before = float(row["expected_response"] or 0)
    response, uplift = _answer(terms, given, before), uplift_of(terms, given.name)
    await refuse_over_budget(session, held, response * basket * share)
    scale = await read_scale(session, usual)
    earned = basket * (margin - share)
    points, answer = _points(earned, scale.margin, MARGIN_MAX), _points(response, scale.response, RESPONSE_MAX)
    total = row["value_points"] + answer + points - row["fatigue_points"]
    profit = expected_profit(
        response=np.array([response]),
        basket=np.array([basket]),
        uplift=np.array([uplift]),
        margin=margin,
        discount=np.array([share]),
        cost=float(limits.email_cost if row["channel"] == "email" else limits.sms_cost),
    )[0]
    shown = offer_text(given, terms.get("category"))
    lead = with_another_offer(str(row["reason"] or ""), response, terms.get("answer_days"))
    changed = {**terms, "name": given.name, "discount_pct": str(given.discount_pct), "edited_by": actor.name}
    for stale in ("listed_pct", "subject", "variant", OWN_WORDS, *OWN_TERMS):
        changed.pop(stale, None)
    changed |= given.own_terms | {"uplift": uplift, "covers": covers_of(given, terms.get("category"))}
    changed["kept"] = str(kept_of(terms, uplift, margin, usual=usual))
    won = uplift_words(uplift, learned_of(terms, given.name), terms.get("baseline"))
    summary = f"Changed the offer from {row['offer']} to {shown}"
    await record_edit(session, actor, brief, [action_id], kind=EditKind.OFFER, summary=summary)
    await session.execute(
        text(
            "UPDATE actions SET offer = :offer, offer_terms = CAST(:terms AS jsonb), message = :message,"
            " margin_points = :points, response_points = :answer, expected_response = :response,"
            " priority_score = :total, expected_profit = :profit, reason = :reason, updated_at = :at"
            " WHERE id = :id"
        ),
        {
            "id": action_id,
            "offer": shown,
            "terms": json.dumps(changed),
            "message": message_text(
                row["template_category"], shown, date.fromisoformat(terms["expires_on"]), given.discount_pct
            ),
            "points": points,
            "answer": answer,
            "response": response,
            "total": min(max(total, Decimal(0)), Decimal(100)),
            "profit": Decimal(f"{profit:.4f}"),
            "reason": f"{lead} {offer_reason(earned, percent, None, given)} {won}",
            "at": now(),
        },
    )
    await audit_change(
        session,
        actor,
        "action.offer_changed",
        "action",
        action_id,
        before={"offer": row["offer"]},
        after={"offer": shown},
    )


def _answer(terms: dict[str, Any], given: Offer, before: float) -> float:
    """Return the chance of an answer to another offer: as the model said of the playbook's; of one by hand as of the
    action's own, by what is taken off."""
    told = (terms.get("answers") or {}).get(given.name)
    if told is not None:
        return float(told)
    return min(before / pull(float(terms["discount_pct"])) * pull(float(given.discount_pct)), 1.0)


def _points(amount: float, half: float, most: float) -> Decimal:
    return Decimal(str(round(float(saturating(np.array([amount]), half, most)[0]), 2)))


async def _refuse_unlawful(session: AsyncSession, held: Held, facts: OfferFacts) -> None:
    """Refuse what the licence may not offer. Of a licence nobody has named yet the law of the customer's own state is
    asked, and where that is not known every state's.

    Raises:
        Conflict: which rule forbids it.
    """
    context = PlanContext(held.brief, await load_rules(session, shop=held.brief.shop))
    if context.licence is not None:
        if refused := may_offer(facts, context.licence, held.brief.days[0], context.rules):
            raise Conflict(refused.detail, field="offer")
        return
    if not facts.is_money_off:
        return
    lives = await session.execute(
        text("SELECT state, postal_code FROM customers WHERE id = :id"), {"id": held.row["customer_id"]}
    )
    row = lives.one()
    bans = coupon_bans(context)
    if is_banned(bans, row.state, row.postal_code):
        banning = sorted(bans & law_states(row.state, row.postal_code))
        where = " and ".join(banning) or "The customer's state is not known, and some state"
        raise Conflict(f"{where} bans coupons on alcohol; give an offer without money off.")


async def change_copy(
    session: AsyncSession, actor: Actor, action_id: UUID, *, message: str, subject: str | None = None
) -> None:
    """Give an action other words; for e-mail also a subject line (empty: the template's). `{{ offer.text }}`,
    `{{ offer.ends }}` and the other variables of `templates.custom_copy` are filled in.

    Raises:
        Forbidden, NotFound: as usual.
        Invalid: the copy is refused (`templates.custom_copy.check_copy`), or a subject is given for a text message.
        Conflict: the campaign is approved already, the action does not wait, or the template in use has no place for
            words of its own.
    """
    held = await hold(session, actor, action_id)
    row, terms = held.row, held.row["offer_terms"]
    if held.status not in (ActionStatus.PENDING, ActionStatus.PROPOSED):
        raise Conflict(f"An action that is {held.status} keeps its words.")
    head = (subject or "").strip() or None
    if head and row["channel"] != "email":
        raise Invalid("A text message has no subject.", field="subject")
    copy = check_copy(
        head, message, row["channel"], held.brief.guidance, discount_pct=str(terms.get("discount_pct", "0"))
    )
    await _refuse_unlawful(session, held, facts_of(terms, row["offer"], head, message))
    made = render_copy(copy, copy_values(row["offer"], terms, (await default_brand(session)).name))
    changed = {**terms, "edited_by": actor.name}
    if made.text != row["message"]:
        refuse_without_slot(await load_catalog(session), row["channel"], row["template_category"], "message")
        changed[OWN_WORDS] = True
    changed.pop("variant", None)
    changed.pop("subject", None)
    if made.subject:
        changed["subject"] = made.subject
    await record_edit(
        session, actor, held.brief, [action_id], kind=EditKind.COPY, summary=f"Changed the words to: {made.text}"
    )
    await session.execute(
        text(
            "UPDATE actions SET message = :message, offer_terms = CAST(:terms AS jsonb), updated_at = :at"
            " WHERE id = :id"
        ),
        {"id": action_id, "message": made.text, "terms": json.dumps(changed), "at": now()},
    )
    await audit_change(
        session,
        actor,
        "action.copy_changed",
        "action",
        action_id,
        before={"message": row["message"]},
        after={"message": made.text},
    )


def copy_values(offer: str, terms: dict[str, Any], brand: str) -> dict[str, dict[str, str]]:
    """Tell what copy may show of an action (`templates.custom_copy.COPY_VARIABLES`)."""
    until = date.fromisoformat(str(terms["expires_on"]))
    discount = Decimal(str(terms.get("discount_pct") or 0))
    return {
        "offer": {
            "text": offer.rstrip(". "),
            "ends": show_long_day(until),
            "discount": plain_number(discount),
            "category": in_sentence(terms.get("category")) or "your favourites",
        },
        "brand": {"name": brand},
    }
