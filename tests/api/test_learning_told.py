"""What the agent believes, what changed since last week, what it tries next and why: over HTTP and by command."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.offering.cell_rules import RuleEffect, add_rule
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.scoring.estimators.uplift import Posterior
from liquor_app.scoring.uplift_store import keep_uplift
from liquor_app.segments.service import create_segment
from tests.api.client import Client
from tests.people import believe

pytestmark = pytest.mark.integration


async def test_what_changed_and_what_is_tried_next_are_told(viewer: Client) -> None:
    """The page told both; programs were told neither."""
    async with transaction() as session:
        for name in ("All", "Few"):
            await create_segment(session, SYSTEM, {"name": name, "rules": {"all": []}, "optimal_channels": ["email"]})
        await keep_uplift(session, Posterior.prior(), now().date() - timedelta(days=10))
        await believe(session)
        await add_rule(
            session, SYSTEM, effect=RuleEffect.PIN, segment="few", offer="A word from the shop", channel="email",
            reason="As promised",
        )  # fmt: skip
    told = (await viewer.get("/analytics/learning")).json()
    assert told["changed"], "a week ago nothing was learned"
    moves = [abs(one["mean"] - one["before"]) for one in told["changed"]]
    assert moves == sorted(moves, reverse=True)
    assert min(moves) >= 0.0005
    following = {one["segment"]: one for one in told["next"]}
    assert following.keys() >= {"all", "few"}
    assert following["all"]["is_worth"]
    assert following["all"]["most"]["offer"].startswith("Favourite category")
    assert following["all"]["why"].startswith("Believed to be worth most of what the playbook has, ")
    assert following["few"]["is_pinned"]
    assert following["few"]["most"]["offer"] == "A word from the shop"
    assert following["few"]["why"].startswith("Pinned by a marketer")
    assert following["few"]["least_known"] == []
