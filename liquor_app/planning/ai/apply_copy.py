"""Giving chosen actions the offers and words of an AI plan, figures and reasons worked out anew; set-based."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.action_reasons import offer_reason, uplift_words, with_another_offer
from liquor_app.actions.edit_offer import copy_values
from liquor_app.actions.offering.offer_answers import covers_of
from liquor_app.actions.offering.offer_uplifts import kept_of, learned_of, uplift_of
from liquor_app.actions.offers import OWN_TERMS, Offer, message_text, offer_text
from liquor_app.actions.plan_decisions import (
    Decision,
    apply_content,
    copy_decisions,
    keep_own_content,
    stage_decisions,
)
from liquor_app.actions.priority import MARGIN_MAX, RESPONSE_MAX, Scale, saturating
from liquor_app.campaigns.brief import CampaignBrief
from liquor_app.core.holdout_draw import number_of
from liquor_app.templates.custom_copy import Copy, Rendered, render_copy
from liquor_app.templates.rendering.variables import OWN_WORDS
from liquor_app.templates.template_catalog import load_catalog

CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What a chosen action becomes."""

    action_id: UUID
    offer: Offer
    response: float
    discount_pct: float
    profit: float
    words: tuple[Copy, ...]
    note: str = ""
    """Why it is this one, after the reason."""


async def rewrite(
    session: AsyncSession, brief: CampaignBrief, chosen: Sequence[Rewriting], *, scale: Scale, brand: str
) -> None:
    """Change the actions, twenty thousand at a time, but for those a person gave an offer or words of their own.

    Which variant of the words a customer gets is drawn by their id.
    """
    await stage_decisions(session)
    catalog = await load_catalog(session)
    mute = frozenset((key[0].value, key[1]) for key, template in catalog.items() if not template.shows_own_words)
    made = _Made(brief, scale, brand, {}, mute)
    for start in range(0, len(chosen), CHUNK):
        part = {one.action_id: one for one in chosen[start : start + CHUNK]}
        found = await session.execute(
            text(
                "SELECT id, customer_id, offer_terms, reason, value_points, fatigue_points, template_category, channel"
                " FROM actions WHERE id = ANY(:ids) AND NOT offer_terms ? 'edited_by'"
            ),
            {"ids": list(part)},
        )
        rows = found.all()
        await copy_decisions(
            session,
            (Decision(row.id, None, content=json.dumps(_content(row, part[row.id], made))) for row in rows),
        )
    await keep_own_content(session)
    await apply_content(session)


@dataclass(frozen=True, slots=True)
class _Made:
    """What every rewriting leans on; `rendered` spares rendering the same words again. `mute` are the channels and
    kinds whose template has no place for words of a message's own: they keep the template's."""

    brief: CampaignBrief
    scale: Scale
    brand: str
    rendered: dict[tuple[Any, ...], Rendered]
    mute: frozenset[tuple[str, str]]


def _content(row: Any, one: Rewriting, made: _Made) -> dict[str, Any]:
    brief, scale, rendered = made.brief, made.scale, made.rendered
    margin, basket, share = (
        one.offer.margin(float(brief.limits.margin_pct) / 100),
        float(row.offer_terms["basket"]),
        one.discount_pct / 100,
    )
    earned = basket * (margin - share)
    answer, points = _points(one.response, scale.response, RESPONSE_MAX), _points(earned, scale.margin, MARGIN_MAX)
    total = min(max(row.value_points + answer + points - row.fatigue_points, Decimal(0)), Decimal(100))
    shown = offer_text(one.offer, row.offer_terms.get("category"))
    terms = {**row.offer_terms, "name": one.offer.name, "discount_pct": str(one.offer.discount_pct)}
    for stale in ("listed_pct", "subject", "variant", OWN_WORDS, *OWN_TERMS):
        terms.pop(stale, None)
    terms["uplift"] = uplift_of(row.offer_terms, one.offer.name)
    terms["kept"] = str(kept_of(row.offer_terms, terms["uplift"], margin, usual=float(brief.limits.margin_pct) / 100))
    terms |= one.offer.own_terms | {"covers": covers_of(one.offer, row.offer_terms.get("category"))}
    if one.offer.is_capped:
        terms["listed_pct"] = str(one.offer.listed_pct)
    until = date.fromisoformat(terms["expires_on"])
    message = message_text(row.template_category, shown, until, one.discount_pct)
    if one.words and (row.channel, row.template_category) not in made.mute:
        variant = number_of(f"copy:{brief.seed}", row.customer_id) % len(one.words)
        key = (one.words[variant], shown, terms["discount_pct"], terms.get("category"), terms["expires_on"])
        if key not in rendered:
            rendered[key] = render_copy(one.words[variant], copy_values(shown, terms, made.brand))
        message = rendered[key].text
        terms |= {"variant": "ABC"[variant], OWN_WORDS: True}
        if rendered[key].subject:
            terms["subject"] = rendered[key].subject
    capped_from = float(one.offer.listed_pct) if one.offer.is_capped else None
    lead = with_another_offer(str(row.reason or ""), one.response, terms.get("answer_days"))
    return {
        "offer": shown,
        "offer_terms": terms,
        "message": message,
        "reason": " ".join(
            filter(
                None,
                (
                    lead,
                    offer_reason(earned, one.discount_pct, capped_from, one.offer),
                    uplift_words(terms["uplift"], learned_of(terms, one.offer.name), terms.get("baseline")),
                    one.note,
                ),
            )
        ),
        "priority_score": str(total),
        "response_points": str(answer),
        "margin_points": str(points),
        "expected_response": one.response,
        "expected_profit": f"{one.profit:.4f}",
    }


def _points(amount: float, half: float, most: float) -> Decimal:
    return Decimal(str(round(float(saturating(np.array([amount]), half, most)[0]), 2)))
