"""Templates seen through a customer's eyes, over HTTP."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from liquor_app.core.db import transaction
from tests.api.client import Client
from tests.people import add_campaign, add_customer

pytestmark = pytest.mark.integration
WORDS = {"subject_template": "For you", "body_html_template": "<mjml><mj-body><mj-section><mj-column><mj-text>"
         "{{ offer.text }}</mj-text></mj-column></mj-section></mj-body></mjml>"}  # fmt: skip


async def test_a_preview_shows_the_latest_offer(admin: Client, templates: None) -> None:
    async with transaction() as session:
        ann, bo = await add_customer(session), await add_customer(session)
        campaign = await add_campaign(session, ["at_risk"])
        for days, offer in ((9, "An older offer"), (1, "12% off Whisky"), (5, "Another one")):
            await session.execute(
                text(
                    "INSERT INTO actions (campaign_id, customer_id, segment_slug, offer, scheduled_date, created_at)"
                    " VALUES (:campaign, :customer, :offer, :offer, current_date, now() - make_interval(days => :days))"
                ),
                {"campaign": campaign, "customer": ann, "offer": offer, "days": days},
            )
    listed = (await admin.get("/settings/templates")).json()["items"]
    template = next(row["id"] for row in listed if row["channel"] == "email")
    for content in ({}, WORDS):
        seen = {}
        for customer in (ann, bo):
            answer = await admin.post(
                f"/settings/templates/{template}/preview", json={**content, "customer_id": str(customer)}
            )
            assert answer.status_code == 200
            seen[customer] = answer.json()["html"]
        assert "12% off Whisky" in seen[ann]
        assert "12% off Whisky" not in seen[bo]
        assert "10% off your favourites" in seen[bo], "an example, of whom nothing was offered yet"
