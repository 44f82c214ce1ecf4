"""Reports over the API: read by everybody, fetched as a file by whoever asked for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.analytics.campaign_parts import read_parts
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.reviews.read_review import read_review
from liquor_app.analytics.reviews.review import ReviewKind
from liquor_app.analytics.reviews.review_words import review_words
from liquor_app.analytics.reviews.subscriptions import request_due_reviews, subscribe
from liquor_app.analytics.tasks import TASKS
from liquor_app.core import queue
from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from tests.analytics.test_figures import NOON, TODAY, midnight, send
from tests.analytics.test_reports import FIRST, week
from tests.api.client import Client
from tests.api.test_staff_mail import house
from tests.people import add_campaign
from tests.providers.servers import House

__all__ = ["house"]
ZONE = ZoneInfo("America/New_York")
WEDNESDAY = datetime(2026, 6, 10, 16, tzinfo=UTC)

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
async def test_a_report_is_fetched_by_whoever_asked(viewer: Client, manager: Client, form: str) -> None:
    with travel(NOON):
        async with transaction() as session:
            await week(session)
    asked = {"report": "campaigns", "format": form, "start": str(FIRST), "end": str(TODAY - timedelta(days=1))}
    made = await viewer.post("/reports/export", json=asked)
    assert (made.status_code, made.json()["rows"]) == (201, 2)
    path = made.json()["url"].removeprefix("/api/v1")
    fetched = await viewer.get(path)
    assert fetched.status_code == 200
    assert made.json()["name"].endswith(f".{form}")
    if form == "csv":
        assert fetched.content.decode("utf-8-sig").startswith("Campaign,Status,")
    assert (await manager.get(path)).status_code == 404, "a link is its own person's, and told as none to others"
    shown = (await viewer.get("/reports/campaigns", params={"start": str(FIRST), "end": asked["end"]})).json()
    assert [row["attributed_revenue"] for row in shown["rows"]] == ["30.00", "12.00"]
    assert (await viewer.get("/reports/segments")).status_code == 200
    assert (await viewer.post("/reports/export", json={**asked, "format": "exe"})).status_code == 422
    assert (await viewer.get("/reports/campaigns", params={"start": "2026-02-31"})).status_code == 422


@pytest.mark.parametrize("route", ["/reports/campaigns", "/reports/segments", "/analytics/playbooks"])
async def test_messages_of_which_nobody_told_anything_are_read(viewer: Client, route: str) -> None:
    """As the sandbox's: that none came back is not known, and the report is told all the same."""
    with travel(NOON):
        async with transaction() as session:
            campaign = await add_campaign(session, ["all"])
            await send(session, campaign, midnight(2), segment="at_risk")
            await roll_up(session, FIRST)
        shown = await viewer.get(route)
    (row,) = shown.json()["rows"]
    assert (shown.status_code, row["sends"], row["unsubscribes"]) == (200, 1, None)


async def test_a_review_is_read_and_fetched(viewer: Client) -> None:
    with travel(NOON):
        async with transaction() as session:
            await week(session)
        told = (await viewer.get("/reports/review", params={"kind": "week"})).json()
        assert {one["key"]: one["value"] for one in told["figures"]}["conversion_rate"] is None or told["words"]
        assert told["title"] == "Weekly business review"
        made = await viewer.post("/reports/export", json={"report": "month", "format": "pdf"})
        assert made.status_code == 201
        fetched = await viewer.get(made.json()["url"].removeprefix("/api/v1"))
        assert (fetched.headers["content-type"], fetched.content[:5]) == ("application/pdf", b"%PDF-")
        for form in ("csv", "xlsx"):
            assert (await viewer.post("/reports/export", json={"report": "week", "format": form})).status_code == 201
        asked = {"report": "week", "format": "pdf", "day": "2999-01-01"}
        assert (await viewer.post("/reports/export", json=asked)).status_code == 422
    assert (await viewer.get("/reports/review", params={"day": "2999-01-01"})).status_code == 422


async def test_the_letter_goes_by_mail(admin: Client, house: House) -> None:
    """By a provider that speaks Mailgun's HTTP: the same sentences, and where the page is; a repeat mails none."""
    me = (await admin.get("/users/me")).json()
    user = Actor(ActorKind.USER, UUID(me["id"]), me["email"], Role.ADMIN)
    with travel(WEDNESDAY):
        async with transaction() as session:
            await subscribe(session, user, ReviewKind.WEEK, wanted=True)
    with travel(datetime(2026, 6, 15, 9, tzinfo=ZONE)):
        async with transaction() as session:
            assert await request_due_reviews(session) == 1
            job = (await session.execute(text("SELECT id FROM jobs WHERE name = 'mail_review'"))).scalar_one()
        await queue.run(job, TASKS)
        async with transaction() as session:
            assert await request_due_reviews(session) == 0
            sentences = review_words(await read_review(session, user, ReviewKind.WEEK))
    (mail,) = [house.mails[one] for one in house.by_recipient[me["email"]]]
    for said_of in sentences:
        assert said_of in " ".join(mail.text.split())
    assert "/reviews?kind=week&day=2026-06-08" in mail.text
    ((name, form, content),) = mail.files
    assert (name, form, content[:5]) == ("weekly business review 2026-06-08.pdf", "application/pdf", b"%PDF-")
    told = (await admin.get("/audit", params={"action": "review.mailed"})).json()["items"]
    assert len(told) == 1


async def test_a_question_is_asked_by_key_or_in_words(viewer: Client) -> None:
    listed = (await viewer.get("/analytics/questions")).json()["items"]
    assert {name: listed[0][name] for name in ("key", "has_days")} == {"key": "takings", "has_days": True}
    for one in listed:
        told = await viewer.post("/analytics/ask", json={"question": one["key"]})
        assert told.status_code == 200
        assert told.json()["question"] == one
        assert told.json()["words"]
    spoken = (await viewer.post("/analytics/ask", json={"question": "revenue last week"})).json()
    assert (spoken["question"]["key"], spoken["days"], spoken["period"]) == ("takings", None, "last-week")
    nothing = (await viewer.post("/analytics/ask", json={"question": "xyzzy"})).json()
    assert (nothing["question"], nothing["page"]) == (None, None)
    for bad in ({}, {"question": ""}, {"question": "x" * 301}, {"question": "takings", "days": 31}):
        assert (await viewer.post("/analytics/ask", json=bad)).status_code == 422


async def test_a_campaign_by_segment_offer_and_channel(viewer: Client, anybody: Client) -> None:
    with travel(NOON):
        async with transaction() as session:
            one, _ = await week(session)
        told = (await viewer.get(f"/campaigns/{one}/parts")).json()
        async with transaction() as session:
            found = await read_parts(session, SYSTEM, one)
    assert [(part["of"], part["name"]) for part in told["parts"]] == [(part.of, part.name) for part in found.parts]
    for shown, part in zip(told["parts"], found.parts, strict=True):
        for key, value in part.figures.items():
            assert shown[key] == (None if value is None else str(value) if isinstance(value, Decimal) else value), key
    assert told["buyers"]
    assert [one["total"] for one in told["buyers"]] == [str(one.total) for one in found.buyers or ()]
    assert (await viewer.get(f"/campaigns/{uuid7()}/parts")).status_code == 404
    assert (await anybody.get(f"/campaigns/{one}/parts")).status_code == 401
