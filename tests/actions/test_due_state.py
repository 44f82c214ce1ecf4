"""When somebody is due by their own rhythm, and what a plan makes of it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.offering.due_days import DAILY, EARLY, due_words, fit_of
from liquor_app.actions.send_window import hour_words, send_window
from liquor_app.core.clock import now
from liquor_app.organization.settings import shop_today
from liquor_app.planning.service import make_plan
from liquor_app.scoring.due_state import STATE_WORDS, Due, DueState
from liquor_app.segments.service import create_segment, refresh_segments
from liquor_app.ui.words import show_long_day
from tests.people import add_campaign, add_customer, believe, ensure_shop

TODAY = date(2026, 6, 10)
WEEK = [TODAY + timedelta(days=1 + offset) for offset in range(7)]


def due(days_ahead: int | None, since: int | None = 9, gap_high: float | None = 20.0) -> Due | None:
    on = None if days_ahead is None else TODAY + timedelta(days=days_ahead)
    return Due.of(SimpleNamespace(due_on=on, days_since_last=since, gap_high=gap_high), TODAY)


@pytest.mark.parametrize(
    ("found", "state", "says", "fit"),
    [
        (
            due(4),
            DueState.NOT_YET,
            f"Not due yet but on {show_long_day(date(2026, 6, 14))}: that day or a later one",
            [EARLY] * 3 + [1.0] * 4,
        ),
        (due(1), DueState.NOT_YET, "Not due yet but when the plan begins", [1.0] * 7),
        (due(30), DueState.NOT_YET, "after this plan", [1.0] * 7),
        (due(0), DueState.DUE, "Due now", [1.0] * 7),
        (due(-5, since=19), DueState.DUE, "Due now", [1.0] * 7),
        (due(-5, since=21), DueState.OVERDUE, "Overdue by 5 days", [max(1 - DAILY * day, EARLY) for day in range(7)]),
    ],
)
def test_a_state_says_which_days_suit(found: Due, state: DueState, says: str, fit: list[float]) -> None:
    assert found.state is state
    assert says in due_words(found, WEEK, TODAY)
    assert due_words(found, WEEK, TODAY).lower().startswith(STATE_WORDS[state.value]), "as a rule about them says it"
    assert fit_of(json.loads(json.dumps(found.terms)), WEEK).tolist() == pytest.approx(fit)


def test_of_whom_no_rhythm_is_known_no_day_is_better() -> None:
    assert due(None) is None
    assert due(3, since=None) is None
    assert due_words(None, WEEK, TODAY) == "No rhythm known yet: any day suits."
    assert fit_of(None, WEEK).tolist() == [1.0] * 7


def test_the_hour_is_told_as_what_it_is() -> None:
    inside = send_window(("17:00", "21:00"), ("09:00", "22:00"), 19)
    nearest = send_window(("17:00", "21:00"), ("09:00", "22:00"), 12)
    assert inside is not None
    assert nearest is not None
    assert hour_words(inside, 19) == "From 18:00, as they usually buy about 19:00."
    assert hour_words(nearest, 12) == "From 17:00, the nearest hour it may go out: they usually buy about 12:00."
    same = send_window(("17:00", "21:00"), ("09:00", "22:00"), 17)
    assert same is not None
    assert hour_words(same, 17) == "From 17:00, when they usually buy; it may not go out an hour before."
    assert hour_words({"start": "17:00", "end": "21:00"}, None) == ""


@pytest.mark.integration
async def test_a_plan_waits_for_whoever_is_not_due_and_hurries_for_whoever_is_late(session: AsyncSession) -> None:
    await ensure_shop(session)
    today = await shop_today(session)
    states = {}
    for name, ahead, since in (("soon", 5, 5), ("late", -20, 60), ("no rhythm", None, None)):
        person = await add_customer(session)
        told = {"orders": 9, "days_since_last": since, "gap_median": 10.0, "gap_high": 30.0}
        on = None if ahead is None else (today + timedelta(days=ahead)).isoformat()
        await session.execute(
            text(
                "INSERT INTO customer_scores (customer_id, computed_at, features, explanation)"
                " VALUES (:id, :at, CAST(:features AS jsonb), '[]')"
            ),
            {"id": person, "at": now(), "features": json.dumps({**told, "due_on": on})},
        )
        states[person] = name
    playbook = {"rules": {"all": []}, "optimal_channels": ["email"]}
    await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", **playbook})
    await refresh_segments(session, SYSTEM)
    campaign = await add_campaign(session, ["all"])
    plan = await make_plan(session, SYSTEM, campaign)
    found = await session.execute(
        text("SELECT customer_id, scheduled_date, reason, offer_terms FROM actions WHERE status = 'pending'")
    )
    rows = {states[row.customer_id]: row for row in found}
    assert set(rows) == set(states.values())
    assert (rows["soon"].scheduled_date - today).days >= 5
    assert (rows["late"].scheduled_date - today).days == 1
    assert f"Not due yet but on {show_long_day(today + timedelta(days=5))}" in rows["soon"].reason
    assert "Overdue by 20 days" in rows["late"].reason
    assert "due" not in rows["no rhythm"].offer_terms
    assert "due" not in rows["no rhythm"].reason.lower().split("the usual basket")[0]
    assert any("Whoever is due within the plan" in entry["text"] for entry in plan.reasoning)
