"""What an approver must know of a campaign's test: what it tries, as somebody of the plan would read it, and how many
are in it. Corridors: no actor is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.models import ActionStatus
from liquor_app.actions.offers import ANY_CATEGORY
from liquor_app.experiments.ab_tests.ab_store import AbTestRow, offer_labels, read_test
from liquor_app.experiments.ab_tests.in_force import planned_test_of
from liquor_app.experiments.ab_tests.models import AbTopic
from liquor_app.experiments.ab_tests.read_variants import people_in
from liquor_app.experiments.ab_tests.variants import CONTROL, Variant
from liquor_app.templates.rendering.variables import VARIABLES
from liquor_app.ui.words import figure, plain_number, plural, show_full_day

_HOLE = re.compile(r"\{\{-?\s*([a-z_.]+)\s*(?:\|[^}]*)?-?\}\}")
_EXAMPLE = f"""
SELECT a.offer, a.offer_terms, b.name AS brand FROM actions a JOIN campaigns k ON k.id = a.campaign_id
  LEFT JOIN brands b ON b.id = k.brand_id
 WHERE a.campaign_id = :campaign AND a.status = '{ActionStatus.PENDING}'
 ORDER BY a.channel = :channel DESC, a.priority_score DESC, a.id LIMIT 1
"""


async def words_of_test(session: AsyncSession, campaign_id: UUID, drawn: Mapping[str, Any] | None = None) -> str:
    """Return what an approver must know of a campaign's test; empty without one.

    Args:
        drawn: what the plan keeps of the test of offers or channels it was drawn for (`summary["ab_test"]`).
    """
    test = await read_test(session, campaign_id)
    if test is None:
        return ""
    examples = await _example(session, test)
    labels = await offer_labels(session, campaign_id) if test.topic is AbTopic.OFFER else {}
    tried = ", ".join(_variant(one, examples, labels) for one in test.variants)
    shown = " Words are filled in as the first of the plan would read them." if _has_holes(test) else ""
    rest = f" From {show_full_day(test.decide_on)} on the best one takes the rest." if test.decide_on else ""
    about = f"A/B test “{test.name}”, {test.topic.label.lower()} by {test.channel.label}"
    people = await _people(session, test, drawn)
    return f"{about}: {tried}.{shown} {people} Won by {test.measure.label.lower()}.{rest}"


async def nobody_words(session: AsyncSession, test: AbTestRow, drawn: Mapping[str, Any] | None) -> str:
    """Tell why nobody is in a test of offers or channels: that it is not drawn yet, or what the plan says of it."""
    standing = await planned_test_of(session, test.campaign_id)
    if drawn is None or standing is None or drawn.get("test") != standing.document:
        return "It is drawn as the plan is made: plan again."
    why = drawn.get("why") or "Nobody of the plan could get every variant."
    return f"Nobody is in it. {why} Remove the test or change it, and plan again."


def filled(words: str, examples: Mapping[str, str]) -> str:
    """Return words with their placeholders filled in; what is not known there, by its usual example.

    >>> filled("Just for you: {{ offer.text | upcase }}", {"offer.text": "10% off rye"})
    'Just for you: 10% off rye'
    """
    return _HOLE.sub(lambda hole: examples.get(hole[1]) or str(VARIABLES.get(hole[1], "")), words)


def _has_holes(test: AbTestRow) -> bool:
    return any(_HOLE.search(one.words) for one in test.variants)


def _variant(one: Variant, examples: Mapping[str, str], labels: Mapping[str, str]) -> str:
    if one.key == CONTROL:
        return f"{one.key} as planned"
    return f"{one.key} “{labels.get(one.words) or filled(one.words, examples)}”"


async def _example(session: AsyncSession, test: AbTestRow) -> dict[str, str]:
    asked = {"campaign": test.campaign_id, "channel": test.channel.value}
    row = (await session.execute(text(_EXAMPLE), asked)).first()
    if row is None:
        return {}
    terms = row.offer_terms or {}
    told = {
        "offer.text": row.offer, "offer.name": terms.get("name"),
        "offer.category": terms.get("category") or ANY_CATEGORY,
        "offer.ends": terms.get("expires_on"), "brand.name": row.brand,
        "offer.discount": plain_number(float(terms.get("discount_pct") or 0)),
    }  # fmt: skip
    return {name: str(value) for name, value in told.items() if value}


async def _people(session: AsyncSession, test: AbTestRow, drawn: Mapping[str, Any] | None) -> str:
    many = await people_in(session, test.campaign_id, test.channel.value, test.decide_on, test.topic)
    if not many:
        return await nobody_words(session, test, drawn) if test.topic.is_planned else "Nobody of the plan is in it."
    counted = (drawn or {}).get("people") if test.topic.is_planned else None
    if counted:
        each = ", ".join(f"{key} {figure(count)}" for key, count in sorted(counted.items()))
    else:
        each = f"about {figure(many // len(test.variants))} in each variant"
    return f"{plural(many, 'person is', 'people are')} in it: {each}."
