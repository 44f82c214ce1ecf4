"""Who counts as somebody to be written to: nobody known to be under age or in doubt, on every surface alike."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.customers.lists import ConsentRow
from liquor_app.customers.service import base_counts
from liquor_app.organization.settings import GeneralSettings, save_settings
from liquor_app.screens.customers.detail.view import _evidence
from liquor_app.segments.lists import list_customers
from liquor_app.segments.membership import count_rules

PEOPLE = """
INSERT INTO customers (email, email_key, phone, email_consent, sms_consent, of_age_on, age_disputed_at) VALUES
    ('a@x.example', 'a@x.example', NULL, 'given', 'pending', '2001-05-05', NULL),
    ('b@x.example', 'b@x.example', '+16175550124', 'given', 'given', NULL, NULL),
    ('minor@x.example', 'minor@x.example', '+16175550125', 'given', 'given', CURRENT_DATE + 1, NULL),
    ('doubt@x.example', 'doubt@x.example', '+16175550126', 'given', 'given', '1990-01-01', now()),
    ('no@x.example', 'no@x.example', '+16175550127', 'withdrawn', 'withdrawn', '1990-01-01', NULL)
"""


@pytest.mark.integration
async def test_a_minor_and_who_is_in_doubt_are_reached_by_nothing(database: str) -> None:
    async with transaction() as session:
        await session.execute(text(PEOPLE))
    async with transaction() as session:
        counts = await base_counts(session, SYSTEM)
        listed = {
            channel: {row.email for row in (await list_customers(session, SYSTEM, query)).items}
            for channel in ("email", "sms", "none")
            for query in [ListQuery(filters={"channel": channel})]
        }
        everybody = {"all": [{"field": "total_spent", "op": "gte", "value": 0}]}
        everyone = {row.email for row in (await list_customers(session, SYSTEM, ListQuery())).items}
        rule = await count_rules(session, SYSTEM, everybody)
    assert (counts.emailable, counts.textable) == (2, 1)
    assert len(left := everyone - {"a@x.example", "b@x.example"}) == 3
    assert listed == {"email": {"a@x.example", "b@x.example"}, "sms": {"b@x.example"}, "none": left}
    assert (rule.of, rule.emailable, rule.textable) == (5, 2, 1)


@pytest.mark.integration
async def test_a_number_somebody_said_no_by_is_texted_by_nobody(database: str) -> None:
    """A no is the number's: the figure counted whoever else had it, and no message went to them."""
    async with transaction() as session:
        await session.execute(text(PEOPLE))
        await session.execute(text(
            "INSERT INTO customers (email, email_key, phone, email_consent, sms_consent) VALUES"
            " ('same@x.example', 'same@x.example', '+16175550127', 'given', 'given')"
        ))  # fmt: skip
        counts = await base_counts(session, SYSTEM)
        rule = await count_rules(session, SYSTEM, {"all": [{"field": "total_spent", "op": "gte", "value": 0}]})
        texted = (await list_customers(session, SYSTEM, ListQuery(filters={"channel": "sms"}))).items
    assert (counts.emailable, counts.textable) == (3, 1)
    assert (rule.emailable, rule.textable) == (3, 1)
    assert {row.email for row in texted} == {"b@x.example"}


@pytest.mark.integration
@pytest.mark.parametrize(("zone", "seen"), [("America/New_York", False), ("Pacific/Auckland", True), (None, False)])
async def test_who_comes_of_age_tomorrow_is_reached_tomorrow_by_the_shops_calendar(
    database: str, zone: str | None, seen: bool
) -> None:
    """Half past eight in the evening of the 10th in New York is the 11th by UTC, and in New Zealand."""
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO customers (email, email_key, email_consent, of_age_on)"
                " VALUES ('soon@x.example', 'soon@x.example', 'given', '2026-03-11')"
            )
        )
        if zone:
            await save_settings(session, SYSTEM, GeneralSettings, {"timezone": zone})
    with travel(datetime(2026, 3, 11, 0, 30, tzinfo=UTC)):
        async with transaction() as session:
            listed = await list_customers(session, SYSTEM, ListQuery(filters={"channel": "email"}))
            counts = await base_counts(session, SYSTEM)
    assert [row.email for row in listed.items] == ["soon@x.example"] * seen
    assert counts.emailable == seen


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 11, 3, tzinfo=UTC), "3 Nov"),  # a bare day, from its first moment anywhere
        (datetime(2026, 11, 4, 4, 59, 59, 999999, UTC), "3 Nov"),  # the last moment of that day in New York
        (datetime(2026, 11, 3, 2, 15, tzinfo=UTC), "2 Nov"),
    ],
)
def test_a_bare_day_of_consent_is_shown_as_itself(at: datetime, shown: str) -> None:
    consent = ConsentRow(uuid7(), "email", "given", "till", at, *(None,) * 7)
    now = datetime(2026, 11, 20, tzinfo=ZoneInfo("America/New_York"))
    assert _evidence(consent, now).startswith(shown)
