"""What pages say of a moment is the shop's time, wherever the server and the reader are: "Wed 25 Nov 01:30" of the
database is Tuesday evening in New York and Tuesday afternoon in Honolulu."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.money import shop_currency, use_currency
from liquor_app.organization.settings import GeneralSettings, save_settings, shop_now
from liquor_app.organization.shop_currency import speak_in_shop_currency
from liquor_app.screens.analytics.dashboard.state import DashboardState
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.screens.campaigns.detail.versions_state import _why
from liquor_app.screens.campaigns.list.state import CampaignsState
from liquor_app.screens.customers.detail.history_state import PurchasesState, SentState
from liquor_app.screens.imports.wizard.state import EarlierState
from liquor_app.screens.organization.audit.state import AuditState
from liquor_app.screens.sending.words import send_line
from liquor_app.sending.lists import list_sends
from liquor_app.ui.words import show_money
from tests.factories import open_shop
from tests.people import add_customer
from tests.tabs import Tab, run

pytestmark = pytest.mark.integration

ADMIN = Actor(ActorKind.USER, None, "Ada", Role.ADMIN)
MOMENT = datetime(2026, 11, 25, 1, 30, tzinfo=UTC)
LATER = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


async def _world(zone: str) -> dict[str, Any]:
    """A shop where everything happens at `MOMENT`."""
    async with transaction() as session:
        await open_shop(session)
        await save_settings(session, SYSTEM, GeneralSettings, {"timezone": zone})
        person = await add_customer(session, name="Marguerite Okafor", email="m@example.com")
        values = {"moment": MOMENT, "person": person, "first": date(2026, 11, 23), "last": date(2026, 11, 29)}
        made = await session.execute(
            text(
                "INSERT INTO campaigns (name, status, start_date, end_date, virtual_now, is_playing, target_segments)"
                " VALUES ('Played', 'active', :first, :last, :moment, true, '{}') RETURNING id"
            ),
            values,
        )
        values["send"] = uuid7(MOMENT)
        values["campaign"] = made.scalar_one()
        for statement in (
            "INSERT INTO sends (id, created_at, campaign_id, customer_id, channel, recipient, status, not_before)"
            " VALUES (:send, :moment, :campaign, :person, 'email', 'm@example.com', 'pending', :moment)",
            "INSERT INTO purchases (customer_id, occurred_at, total, alcohol_total) VALUES (:person, :moment, 20, 20)",
            "INSERT INTO imports (kind, file_name, file_key, status, created_at)"
            " VALUES ('customers', 'people.csv', 'k', 'completed', :moment)",
            "INSERT INTO audit_log (at, actor_kind, actor_name, action, entity)"
            " VALUES (:moment, 'user', 'Ada', 'guidance.changed', 'guidance')",
        ):
            await session.execute(text(statement), values)
    return values


@pytest.mark.parametrize(
    ("zone", "clock"), [("America/New_York", "Tue 24 Nov, 20:30 EST"), ("Pacific/Honolulu", "Tue 24 Nov, 15:30 HST")]
)
async def test_pages_tell_the_shops_time(database: str, zone: str, clock: str) -> None:
    world = await _world(zone)
    with travel(LATER):
        async with transaction() as session:
            at = await shop_now(session)
            page = await list_sends(session, ADMIN, ListQuery({"status": "pending"}))
        due = page.items[0]
        assert send_line(due, at).when == f"due {clock}"
        assert send_line(replace(due, sent_at=MOMENT), at).when == "2 days ago", "UTC has counted one midnight less"

        tab = Tab(f"/campaigns/{world['campaign']}", ADMIN)
        campaign = await tab.state(CampaignState)
        await run(CampaignState.load, campaign)
        assert (campaign.head.clock, campaign.head.line) == (clock, f"Playing the week: {clock}")

        board = await Tab("/", ADMIN).state(DashboardState)
        await run(DashboardState.load, board)
        assert [line.detail for line in board.campaigns] == [f"Playing the week: {clock}"]

        campaigns = await Tab("/campaigns", ADMIN).state(CampaignsState)
        await run(CampaignsState.load, campaigns)
        assert [line.days for line in campaigns.rows] == ["Mon 23 to Sun 29 Nov 2026"]

        person = Tab(f"/customers/{world['person']}", ADMIN)
        for kind in (PurchasesState, SentState):
            history = await person.state(kind)
            await run(kind.load, history)
            assert [line.day for line in history.rows] == ["24 Nov"]

        audit = await Tab("/settings/audit", ADMIN).state(AuditState)
        await run(AuditState.load, audit)
        assert [line.when for line in audit.rows if line.did == "changed" and line.about == "guidance"] == [clock]

        imports = await Tab("/imports", ADMIN).state(EarlierState)
        await run(EarlierState.load, imports)
        assert [line.when for line in imports.rows] == ["2 days ago"]

        plan = SimpleNamespace(
            engine=SimpleNamespace(value="heuristic"), created_at=MOMENT, guidance_version=1, version=1,
            engine_record=None, reasoning=[],
        )  # fmt: skip
        assert f", {clock}, " in _why(plan, at).made  # type: ignore[arg-type]


async def test_money_is_told_in_the_shops_currency(database: str) -> None:
    async with transaction() as session:
        await open_shop(session)
        await save_settings(session, SYSTEM, GeneralSettings, {"currency": "CAD"})
        await speak_in_shop_currency(session)
    try:
        assert shop_currency() == "CAD"
        assert (show_money(12.5), show_money(-1234), show_money(None)) == ("CA$12.50", "−CA$1,234", "–")
        use_currency("CHF")
        assert show_money(3) == "CHF 3.00"
    finally:
        use_currency("USD")
