"""The end of the week that `test_main_job` left going out: what was sent, a message read, and a ledger that adds up.

What stands between the two, by name, uses the time it takes.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import WEEK_MS, Day, Product, shoot

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("week")]


def test_the_week_comes_to_its_end(product: Product, day: Day) -> None:
    page = day.tab
    assert page.url.startswith(f"{product.url}/campaigns/"), "as it was left: what follows comes by itself"
    messages = page.get_by_role("table", name="Latest messages of this campaign").locator("tbody tr")
    expect(page.locator(".badge", has_text="Done").first).to_be_visible(timeout=WEEK_MS)
    shoot(page, "08-completed")
    came = page.locator("section.card", has=page.get_by_role("heading", name="What came of it"))
    expect(came.get_by_text("Nobody outside was written to and nobody bought")).to_be_visible()
    lifts = came.get_by_role("table", name="Written to beside held out, simulated")
    expect(lifts.locator("tbody tr")).to_have_count(3)
    expect(came.get_by_text("Had this week been real")).to_be_visible()
    expect(came.get_by_role("table", name="What the agent would learn of the week, simulated")).to_be_visible()
    for what in ("Opened", "Clicked", "Bought at the till"):
        told = came.locator("dl > div", has=page.get_by_text(what, exact=True)).locator("dd").first
        expect(told).to_have_text(re.compile(r"[1-9]"))
    assert product.api().get("/analytics/learning").json()["people"] == 0, "what was simulated teaches nothing"

    messages.locator("a").first.click()
    page.wait_for_url(re.compile("/outbox"))
    kept = page.get_by_role("table", name="Messages the sandbox kept").locator("tbody tr")
    kept.filter(has=page.get_by_label("E-mail")).first.get_by_role("button").first.click()
    message = page.frame_locator("iframe").first
    expect(message.get_by_text(re.compile("unsubscribe", re.I)).first).to_be_visible()
    expect(message.get_by_text(re.compile("21"))).not_to_have_count(0)
    shoot(page, "09-message")

    page.get_by_role("link", name="Dashboard").first.click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    expect(page.get_by_text("is waiting for your approval")).to_have_count(0)
    latest = page.get_by_role("table", name="Latest messages")
    expect(latest.locator("tbody tr").first).to_be_visible()
    expect(latest.get_by_text("This week's plan")).to_have_count(0)
    shoot(page, "10-dashboard-after")
    sent_after = product.api().get("/analytics/dashboard").json()
    assert sent_after["today"]["sends"] == day.figures["today"]["sends"], "what was played was not sent today"
    page.context.close()


def test_the_ledger_adds_up(product: Product) -> None:
    """Whatever was planned is accounted for: sent, skipped with a reason, or held out; nothing twice."""
    api = product.api()
    campaign = next(
        row for row in api.get("/campaigns", params={"limit": 100}).json()["items"] if row["name"] == "This week's plan"
    )
    assert campaign["status"] == "completed"
    assert campaign["unknown_sends"] == 0
    statuses: dict[str, int] = {}
    keys = set()
    cursor = None
    while True:
        params = {"campaign_id": campaign["id"], "limit": 500, **({"cursor": cursor} if cursor else {})}
        answer = api.get("/sends", params=params).json()
        for send in answer["items"]:
            statuses[send["status"]] = statuses.get(send["status"], 0) + 1
            keys.add((send["action_id"], send["channel"]))
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert sum(statuses.values()) == len(keys) == campaign["total_sends"]
    assert set(statuses) <= {"sent", "delivered", "skipped"}
    assert statuses.get("sent", 0) + statuses.get("delivered", 0) == campaign["completed_sends"] > 100
    assert campaign["held_out"] > 0
