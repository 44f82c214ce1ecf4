"""Where no offer could be made, it says why in its own words, and nothing is to be learned by trying."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.offering.cell_rules import RuleEffect, add_rule
from liquor_app.organization.guidance import save_guidance
from liquor_app.organization.settings import ComplianceSettings, save_settings
from liquor_app.planning.draft_plan import make_plan
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, believe, ensure_shop
from tests.planning.test_cell_rules import DANA

TEN = {"name": "Ten", "discount_pct": 10, "text": "{discount}% off"}
NEWS = {"name": "News", "discount_pct": 0, "text": "First pick"}
GIN = {"name": "Gin", "discount_pct": 0, "text": "First gin", "category": "GIN"}

CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], str]] = [
    ("forbidden_by_guidance", {"offers": [TEN, NEWS]}, {"allowed_offers": ["Something else"]}, {},
     "The guidance leaves no offer of the playbook “All”: “Ten” is not among the offers it allows; “News” is not"
     " among the offers it allows."),
    ("forbidden_by_guidance", {"offers": [NEWS]}, {"banned_other": ["first pick"]}, {}, "“News”:"),
    ("forbidden_by_guidance", {"offers": [TEN]}, {"max_discount_pct": "0"}, {},
     "“Ten” takes money off, and it allows 0%."),
    ("no_offer_left", {"offers": [TEN], "max_discount_pct": 0}, {}, {}, "The guardrails leave no offer"),
    ("no_offer_suits", {"offers": [GIN]}, {}, {}, "Every offer of the playbook “All” is of something they do not buy."),
    ("no_offer_suits", {"offers": [GIN, NEWS]}, {"allowed_offers": ["Gin"]}, {},
     "do not buy. The guidance leaves no other: “News” is not among the offers it allows."),
    ("forbidden_by_marketer", {"offers": [TEN]}, {}, {"forbid": "Ten"}, "A marketer forbade every offer"),
    # what is forbidden would not have suited either
    ("no_offer_suits", {"offers": [GIN]}, {}, {"forbid": "Gin"}, "is of something they do not buy"),
    ("no_common_hours", {"offers": [NEWS], "optimal_send_window": {"start": "21:00", "end": "22:00"}}, {},
     {"hours": {"email_window_start": "09:00", "email_window_end": "12:00"}}, "hours do not overlap"),
    ("not_worth_it", {"offers": [TEN]}, {}, {"basket": 0}, "The best offer would be worth"),
    # of two playbooks the one whose offer was weighed is told
    ("not_worth_it", {"offers": [TEN]}, {}, {"basket": 0, "beside": [GIN]}, "The best offer would be worth"),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "playbook", "guidance", "more", "words"), CASES)
async def test_what_could_not_be_offered_is_not_told_as_not_worth_it(
    session: AsyncSession, reason: str, playbook: dict[str, Any], guidance: dict[str, Any], more: dict[str, Any],
    words: str,
) -> None:  # fmt: skip
    """“Would cost more than it brings” was said of offers that the shop itself forbade, and “Plan to learn” offered."""
    await ensure_shop(session)
    value = {"avg_order_value": 0, "value_at_risk": 0} if "basket" in more else {}
    for _ in range(3):
        await add_customer(session, **value)
    await believe(session)
    if "hours" in more:
        await save_settings(session, SYSTEM, ComplianceSettings, more["hours"])
    names = {"All": playbook["offers"], **({"Beside": more["beside"]} if "beside" in more else {})}
    rest = {key: value for key, value in playbook.items() if key != "offers"}
    for name, offers in names.items():
        values = {"rules": {"all": []}, "optimal_channels": ["email"], "recommended_offers": offers, **rest}
        await create_segment(session, SYSTEM, {"name": name, **values})
    await refresh_segments(session, SYSTEM)
    if guidance:
        await save_guidance(session, SYSTEM, guidance)
    if "forbid" in more:
        cell = {"segment": "all", "offer": more["forbid"], "channel": "email", "reason": "As promised"}
        await add_rule(session, DANA, effect=RuleEffect.FORBID, **cell)
    campaign = await add_campaign(session, [name.lower() for name in names])

    plan = await make_plan(session, SYSTEM, campaign)
    found = (await session.execute(text("SELECT reason, detail FROM exclusions"))).all()
    assert {row.reason for row in found} == {reason}
    assert len(found) == 3
    assert all(words in row.detail for row in found), found[0].detail
    assert ("silent" in plan.summary) is (reason == "not_worth_it"), "there is nothing to try"
    told = next(one["text"] for one in plan.reasoning if one["title"] == "Nobody is contacted")
    assert plan.summary["blocks"][0]["label"].lower() in told
