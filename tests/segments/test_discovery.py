"""Groups the base falls into: stable, told as faithful rules, adopted like any segment; overlap; performance."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.segment_performance import segment_performance
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.screens.segments.discover.state import DiscoverState
from liquor_app.segments import clusters
from liquor_app.segments.clusters import Base, adjusted_rand, group
from liquor_app.segments.discovery import segment_overlap, suggest_segments
from liquor_app.segments.rule_compiler import matching
from liquor_app.segments.rules import check_rules, parse_rules
from liquor_app.segments.service import create_segment, get_segment, refresh_segments
from tests.people import add_campaign, add_customer
from tests.tabs import Tab, run, said

MANAGER = Actor(ActorKind.USER, None, "Mo", Role.MANAGER)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)


def three_kinds(n: int, seed: int = 3) -> tuple[Base, np.ndarray]:
    """Regulars with small baskets, rare big spenders, and people long gone."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    centres = {"days": (6, 40, 300), "orders": (30, 4, 2), "average": (12, 90, 20), "response": (0.3, 0.1, 0.02)}
    drawn = {name: np.choose(kind, values) * rng.lognormal(0, 0.25, n) for name, values in centres.items()}
    orders = np.maximum(np.round(drawn["orders"]), 1)
    base = Base(drawn["days"], orders, drawn["average"], np.minimum(drawn["response"], 1), orders * drawn["average"],
                np.where(kind == 0, "Beer", "Liquor").astype(object))  # fmt: skip
    return base, kind


def matches(rules: dict[str, Any], base: Base) -> np.ndarray:
    """What a rule says of the arrays, read independently of the code that wrote it."""
    values = {"last_purchase_at": base.days, "purchase_frequency": base.orders, "avg_order_value": base.average,
              "response_likelihood": base.response}  # fmt: skip
    signs = {"within_days": np.less, "older_than_days": np.greater_equal, "lt": np.less, "gte": np.greater_equal}

    def one(part: dict[str, Any]) -> np.ndarray:
        if "any" in part:
            return np.any([one(inner) for inner in part["any"]], axis=0)
        if "all" in part:
            return np.all([one(inner) for inner in part["all"]], axis=0)
        return np.asarray(signs[part["op"]](values[part["field"]], part["value"]))

    return one(rules)


def test_kinds_that_are_there_are_found_and_told_as_faithful_rules() -> None:
    base, kind = three_kinds(3_000)
    found = group(base)
    assert len(found.groups) == 3
    assert found.stability > 0.9
    for one in found.groups:
        assert check_rules(one.rules) == []
        said = matches(one.rules, base)
        assert one.found >= 0.9
        assert one.pure >= 0.9
        true = max(range(3), key=lambda k: np.count_nonzero(said & (kind == k)))
        assert np.count_nonzero(said & (kind == true)) / np.count_nonzero(kind == true) > 0.85
    assert any("frequent" in one.name.lower() and one.category == "Beer" for one in found.groups)
    assert sum(one.share for one in found.groups) == pytest.approx(1, abs=1e-9)


def test_the_same_base_gives_the_same_suggestions() -> None:
    base, _ = three_kinds(1_000)
    assert group(base) == group(base)


def test_few_or_equal_customers_fall_into_no_groups() -> None:
    base, _ = three_kinds(150)
    assert group(base).groups == []
    same = np.ones(500)
    assert group(Base(same, same, same, same, same, np.full(500, None))).groups == []


def test_agreement_of_groupings_is_chance_at_nought() -> None:
    rng = np.random.default_rng(1)
    one = rng.integers(0, 4, 5_000)
    assert adjusted_rand(one, (one + 1) % 4) == 1
    assert adjusted_rand(one, rng.integers(0, 4, 5_000)) == pytest.approx(0, abs=0.01)
    # worked by hand: {a a | b b} against {a | a b b}; no pair of the first is surprising in the second
    assert adjusted_rand([0, 0, 1, 1], [0, 1, 1, 1]) == pytest.approx(0.0)


async def shop(session: AsyncSession, n: int = 400) -> None:
    base, _ = three_kinds(n)
    for at in range(n):
        await add_customer(
            session,
            last_purchase_at=now() - timedelta(days=float(base.days[at])),
            purchase_frequency=int(base.orders[at]),
            avg_order_value=Decimal(f"{base.average[at]:.2f}"),
            response_likelihood=float(base.response[at]),
            total_spent=Decimal(f"{base.spent[at]:.2f}"),
            primary_category=str(base.category[at]),
        )


async def test_a_suggestion_reproduces_its_group_in_the_database(session: AsyncSession) -> None:
    await shop(session)
    objector = await add_customer(session, profiling_objected_at=now(), purchase_frequency=3)
    found = await suggest_segments(session, VIEWER)
    assert (found.buyers, found.looked_at) == (400, 400)
    assert len(found.suggestions) == 3
    for one in found.suggestions:
        ids = set((await session.execute(matching(parse_rules(one.rules), now()))).scalars()) - {objector}
        # the rule's own precision and recall say how many it should match, give or take its faults
        assert one.share * 400 * 0.85 <= len(ids) <= one.share * 400 * 1.15
        assert one.sentence.endswith(".")
        assert "Typically" in one.description


async def test_the_page_shows_groups_and_adopts_one(database: str) -> None:
    async with transaction() as session:
        await shop(session, 300)
        await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
        await create_segment(
            session,
            SYSTEM,
            {"name": "Gone", "rules": {"field": "last_purchase_at", "op": "older_than_days", "value": 150}},
        )
        rows = {row.slug: row.customers for row in await refresh_segments(session, SYSTEM)}
        overlap = await segment_overlap(session, SYSTEM)
    assert overlap.is_exact
    assert {(row.first, row.second): row.customers for row in overlap.rows} == {
        ("all", "all"): 300, ("all", "gone"): rows["gone"], ("gone", "gone"): rows["gone"],
    }  # fmt: skip
    tab = Tab("/segments/discover", MANAGER)
    state = await tab.state(DiscoverState)
    async with transaction() as session:
        name = (await suggest_segments(session, SYSTEM)).suggestions[0].name
    events = await run(DiscoverState.adopt, state, name)
    assert "is a segment now" in said(events)
    async with transaction() as session:
        slug = (
            await session.execute(text("SELECT slug FROM segments WHERE name = :name"), {"name": name})
        ).scalar_one()
        assert (await get_segment(session, SYSTEM, slug)).recommended_offers
    assert "no longer made" in said(await run(DiscoverState.adopt, state, "<script>"))
    viewer = await Tab("/segments/discover", VIEWER).state(DiscoverState)
    await run(DiscoverState.adopt, viewer, name)
    async with transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM segments"))).scalar_one() == 3


async def test_performance_counts_what_segments_messages_did(session: AsyncSession) -> None:
    campaign = await add_campaign(session, ["at_risk"])
    for days, converted in ((5, True), (6, False), (200, True)):
        customer, action, send = await add_customer(session), uuid7(), uuid7(now() - timedelta(days=days))
        await session.execute(
            text(
                "INSERT INTO actions (id, campaign_id, customer_id, segment_slug, channel, priority_score, reason,"
                " offer, scheduled_date, channels, status) VALUES (:id, :campaign, :customer, 'at_risk', 'email', 50,"
                " 'x', 'y', CAST(now() AS date), ARRAY['email'], 'sent')"
            ),
            {"id": action, "campaign": campaign, "customer": customer},
        )
        at = now() - timedelta(days=days)
        await session.execute(text("SELECT ensure_partitions(CAST(:at AS date), CAST(:at AS date))"), {"at": at})
        await session.execute(
            text(
                "INSERT INTO sends (id, created_at, action_id, customer_id, campaign_id, channel, recipient, status,"
                " not_before, sent_at, converted_at, conversion_value) VALUES (:id, :at, :action, :customer, :campaign,"
                " 'email', 'x@example.com', 'sent', :at, :at, :converted, :value)"
            ),
            {"id": send, "at": at, "action": action, "customer": customer, "campaign": campaign,
             "converted": at if converted else None, "value": Decimal(20) if converted else None},
        )  # fmt: skip
    await roll_up(session, (now() - timedelta(days=300)).date())
    found = await segment_performance(session, VIEWER)
    assert (found["at_risk"].sent, found["at_risk"].bought, found["at_risk"].revenue) == (2, 1, 20)


def test_no_more_than_a_person_can_read() -> None:
    """Whatever the groups, a rule stays within what the rule language takes."""
    rng = np.random.default_rng(2)
    n = 2_000
    base = Base(rng.exponential(60, n), rng.geometric(0.1, n).astype(float), rng.lognormal(3, 1, n), rng.random(n),
                rng.lognormal(4, 1, n), np.full(n, None))  # fmt: skip
    for one in group(base).groups:
        assert check_rules(one.rules) == []
        assert len(one.rules.get("any", [one.rules])) <= clusters.MOST_LEAVES
