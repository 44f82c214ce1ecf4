"""A campaign by segment, offer and channel, and who bought: sent, imported or played, as raw rows say."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import STRANGER, Actor, ActorKind
from liquor_app.analytics import campaign_parts
from liquor_app.analytics.campaign_parts import PartOf, read_parts
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.screens.analytics.parts.panel import parts_cards
from liquor_app.screens.analytics.parts.state import PartsState
from tests.analytics.test_figures import NOON, TODAY, midnight, noon, send
from tests.people import add_campaign, add_customer
from tests.tabs import Tab, run

__all__ = ["noon"]
pytestmark = pytest.mark.integration
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
_RAW = """
SELECT s.channel, a.segment_slug AS segment, a.offer, s.clicked_at IS NOT NULL AS clicks,
       s.converted_at IS NOT NULL AS bought, COALESCE(s.conversion_value, 0) AS worth
  FROM sends s LEFT JOIN actions a ON a.id = s.action_id WHERE s.campaign_id = :id AND s.sent_at IS NOT NULL
"""
SEEN = ("delivered_at", "clicked_at", "converted_at")


def told(found: Any, of: PartOf) -> dict[str, tuple[int, int | None, Decimal | None]]:
    return {
        one.name: (one.figures["sends"], one.figures["conversions"], one.figures["attributed_revenue"])
        for one in found.parts if one.of is of
    }  # fmt: skip


async def test_what_was_sent_is_parted_as_its_rows_are(noon: AsyncSession) -> None:
    campaign, other = await add_campaign(noon, ["all"]), await add_campaign(noon, ["all"])
    for nth in range(12):
        marks = SEEN[: 1 + nth % 3]
        worth = 10 + nth if "converted_at" in marks else 0
        how, whom = "sms" if nth % 4 == 0 else "email", "at_risk" if nth % 2 else "loyal"
        await send(noon, campaign, midnight(nth % 3 + 1, seconds=60), *marks, channel=how, worth=worth, segment=whom)
    await send(noon, other, midnight(1), *SEEN, worth=99, segment="at_risk")
    await noon.execute(text("UPDATE actions SET offer = 'z' WHERE segment_slug = 'loyal'"))
    await roll_up(noon, TODAY.replace(day=1))
    found = await read_parts(noon, VIEWER, campaign)
    rows = (await noon.execute(text(_RAW), {"id": campaign})).all()
    for of, name in ((PartOf.SEGMENT, "segment"), (PartOf.OFFER, "offer"), (PartOf.CHANNEL, "channel")):
        by: dict[str, Counter[str]] = defaultdict(Counter)
        for row in rows:
            by[getattr(row, name)].update({"sends": 1, "bought": int(row.bought), "worth": int(row.worth)})
        shown = {"email": "E-mail", "sms": "SMS"} if of is PartOf.CHANNEL else {key: key for key in by}
        if of is PartOf.SEGMENT:
            named = await noon.execute(text("SELECT slug, name FROM segments WHERE slug = ANY(:s)"), {"s": list(by)})
            shown |= {row.slug: row.name for row in named}
        assert told(found, of) == {
            shown[key]: (one["sends"], one["bought"], Decimal(one["worth"])) for key, one in by.items()
        }, of
    assert [one.total for one in found.buyers or ()] == sorted((row.worth for row in rows if row.bought), reverse=True)
    assert not found.is_played
    with pytest.raises(Forbidden):
        await read_parts(noon, STRANGER, campaign)
    with pytest.raises(NotFound):
        await read_parts(noon, VIEWER, uuid7())


async def test_an_imported_history_has_what_is_known_of_it(noon: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of segment and offer; its channel, and who bought, are."""
    campaign = await add_campaign(noon, ["all"])
    await noon.execute(text("UPDATE campaigns SET is_history = true, total_sends = 2 WHERE id = :id"), {"id": campaign})
    await send(noon, campaign, midnight(2, seconds=60), "converted_at", worth=30)
    await send(noon, campaign, midnight(2, seconds=60))
    await roll_up(noon, TODAY.replace(day=1))
    found = await read_parts(noon, VIEWER, campaign)
    assert {one.of for one in found.parts} == {PartOf.CHANNEL}
    assert told(found, PartOf.CHANNEL) == {"E-mail": (2, 1, Decimal(30))}
    assert found.parts[0].figures["click_rate"] is None, "nobody told of a click"
    assert [one.total for one in found.buyers or ()] == [30]
    monkeypatch.setattr(campaign_parts, "LOOKED_THROUGH", 1)
    assert (await read_parts(noon, VIEWER, campaign)).buyers is None


async def played(session: AsyncSession) -> UUID:
    campaign = await add_campaign(session, ["all"])
    await session.execute(text("UPDATE campaigns SET virtual_now = :at WHERE id = :id"), {"id": campaign, "at": NOON})
    for nth in range(8):
        await session.execute(
            text(
                "INSERT INTO played_outcomes (campaign_id, customer_id, arm, segment, channel, offer, due, baseline,"
                " is_sent, decided_at, clicked_at, bought_at, total) VALUES (:id, :who, :arm, :segment, :channel,"
                " 'Ten', 'soon', 0.1, :sent, :at, :clicked, :bought, :total)"
            ),
            {
                "id": campaign, "who": await add_customer(session), "arm": "holdout" if nth == 7 else "agent",
                "segment": "at_risk" if nth % 2 else "loyal", "channel": "sms" if nth == 1 else "email",
                "sent": nth != 7, "at": NOON, "clicked": NOON if nth % 3 == 0 else None,
                "bought": NOON if nth in (0, 3, 7) else None, "total": 10 * nth if nth in (0, 3, 7) else 0,
            },
        )  # fmt: skip
    return campaign


async def test_a_played_week_is_parted_and_says_it_is_simulated(database: str) -> None:
    with travel(NOON):
        async with transaction() as session:
            campaign = await played(session)
            found = await read_parts(session, VIEWER, campaign)
        assert found.is_played
        assert told(found, PartOf.CHANNEL) == {"E-mail": (6, 2, Decimal(30)), "SMS": (1, 0, Decimal(0))}
        assert told(found, PartOf.OFFER) == {"Ten": (7, 2, Decimal(30))}
        assert sum(one.figures["sends"] for one in found.parts if one.of is PartOf.SEGMENT) == 7, "nobody held out"
        assert [one.total for one in found.buyers or ()] == [30, 0]
        state = await Tab(f"/campaigns/{campaign}", VIEWER).state(PartsState)
        await run(PartsState.load, state)
    assert state.is_played
    assert (len(state.lines), len(state.buyers), state.all_buyers) == (len(found.parts), 2, "")
    assert "simulated" in str(parts_cards())
