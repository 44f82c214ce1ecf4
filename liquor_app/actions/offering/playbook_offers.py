"""What a campaign's playbooks may offer: within guardrails, guidance, the shelf and the licence's law."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.offers import LEAST_DISCOUNT, Offer, Playbook
from liquor_app.actions.plan_context import PlanContext
from liquor_app.actions.priority import UNKNOWN_RESPONSE, Scale
from liquor_app.actions.shelf_offers import lawful_offers, shelf_offers
from liquor_app.campaigns.brief import CHANNELS
from liquor_app.catalog.shelf import read_shelf
from liquor_app.compliance.legal_rules import RuleKind
from liquor_app.customers.whereabouts.zip_codes import law_states
from liquor_app.organization.guidance import Guidance
from liquor_app.segments.service import resolve_slugs
from liquor_app.ui.words import plain_number


async def read_playbooks(session: AsyncSession, context: PlanContext) -> list[Playbook]:
    """Return the campaign's target segments in its order, discounts cut to the guardrails and to the licence's law.

    Raises:
        Invalid: the campaign targets nothing, or a segment that does not exist.
    """
    brief = context.brief
    await resolve_slugs(session, brief.target_segments)
    found = await session.execute(
        text(
            "SELECT slug, name, recommended_offers, optimal_channels, optimal_send_window, template_category,"
            " max_discount_pct, margin_floor_pct FROM segments WHERE slug = ANY(:slugs)"
        ),
        {"slugs": list(brief.target_segments)},
    )
    limits, rows = brief.limits, found.mappings().all()
    named = {offer["product"] for row in rows for offer in row["recommended_offers"] if offer.get("product")}
    shelf = await read_shelf(session, named, limits.stock_hours)
    playbooks = {}
    for row in rows:
        offers, left_out = shelf_offers(
            row["recommended_offers"],
            shelf,
            limits.margin_pct,
            floors=[limits.margin_floor_pct, Decimal(row["margin_floor_pct"])],
            ceilings=[Decimal(row["max_discount_pct"]), brief.guidance.max_discount_pct],
        )
        offers, unlawful = lawful_offers(offers, context.licence, brief.days[0], context.rules)
        listed = [(one["name"], one["text"], one.get("discount_pct", 0)) for one in row["recommended_offers"]]
        window = row["optimal_send_window"]
        playbooks[row["slug"]] = Playbook(
            slug=row["slug"],
            name=row["name"],
            offers=guided(offers, brief.guidance),
            channels=tuple(row["optimal_channels"]),
            window=(window.get("start", "17:00"), window.get("end", "21:00")),
            template_category=row["template_category"],
            left_out=(*left_out, *unlawful),
            unlawful=unlawful,
            unguided=tuple(filter(None, (_unguided(brief.guidance, *one) for one in listed))),
            shelf=shelf,
        )
    return [playbooks[slug] for slug in brief.target_segments]


def guided(offers: Sequence[Offer], guidance: Guidance) -> tuple[Offer, ...]:
    """Return the offers the guidance allows: by name, and without a banned claim in their words."""
    return tuple(offer for offer in offers if guidance.allows_offer(offer.name) and not guidance.claims_in(offer.text))


def _unguided(guidance: Guidance, name: str, words: str, discount_pct: Any) -> str:
    """Tell why the guidance allows an offer not; empty where it does."""
    if not guidance.allows_offer(name):
        return f"“{name}” is not among the offers it allows"
    if claims := guidance.claims_in(words):
        return f"“{name}”: {'; '.join(claim.words for claim in claims)}"
    if guidance.max_discount_pct < LEAST_DISCOUNT <= Decimal(str(discount_pct)):
        return f"“{name}” takes money off, and it allows {plain_number(guidance.max_discount_pct)}%"
    return ""


async def read_scale(session: AsyncSession, margin: float) -> Scale:
    """Return the medians that turn money and chances into points; 1 where the shop has nothing to measure by."""
    found = await session.execute(
        text(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY value_at_risk)"
            "   FILTER (WHERE value_at_risk > 0) AS value,"
            " percentile_cont(0.5) WITHIN GROUP (ORDER BY response_likelihood)"
            "   FILTER (WHERE response_likelihood > 0) AS response,"
            " percentile_cont(0.5) WITHIN GROUP (ORDER BY avg_order_value) FILTER (WHERE avg_order_value > 0) AS basket"
            " FROM customers WHERE deleted_at IS NULL"
        )
    )
    row = found.mappings().one()
    return Scale(
        value_at_risk=float(row["value"] or 1.0),
        response=float(row["response"] or UNKNOWN_RESPONSE),
        margin=max(float(row["basket"] or 1.0) * margin, 0.01),
    )


def coupon_bans(context: PlanContext) -> frozenset[str]:
    """States that ban personal discounts on alcohol on a plan's first day: where nobody has said yet whose licence it
    is, people who live there get none. A licence that is known has the law of its own state (`lawful_offers`)."""
    if context.licence is not None:
        return frozenset()
    return frozenset(
        law.jurisdiction
        for law in context.rules.laws
        if law.kind is RuleKind.COUPON_BAN and any(law.binds(channel, context.brief.days[0]) for channel in CHANNELS)
    )


def is_banned(bans: frozenset[str], state: str | None, postal_code: str | None) -> bool:
    """Tell whether somebody may get no coupon: a state they may live in bans them, or nobody knows their state and some
    state does."""
    return bool(bans) and (not (lives := law_states(state, postal_code)) or not lives.isdisjoint(bans))
