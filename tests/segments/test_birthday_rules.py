"""Segments by birthday, by coming of age and by age: recomputed from the dates of birth themselves, day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeGuard
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import travel
from liquor_app.customers.ages.birth_dates import age_on
from liquor_app.screens.segments.edit.playbook_form import fields_of
from liquor_app.screens.segments.edit.rule_translation import lines_of, rules_of
from liquor_app.segments.membership import count_rules
from liquor_app.segments.ready_made import READY_MADE
from liquor_app.segments.rule_compiler import matching
from liquor_app.segments.rule_wording import sentence
from liquor_app.segments.rules import check_rules, parse_rules
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_customer

pytestmark = pytest.mark.integration

NEW_YORK = ZoneInfo("America/New_York")
BIRTHS = (
    [date(1984, 2, 29), date(2004, 2, 29), date(1970, 1, 1)]
    + [date(1980, 2, 26) + timedelta(days=step) for step in range(7)]
    + [date(1991, 12, 25) + timedelta(days=step) for step in range(14)]
    + [date(2005, 11, 20) + timedelta(days=step) for step in range(12)]
    + [date(2001, 11, 24), date(1961, 11, 24), date(1961, 11, 25), date(2020, 5, 5)]
)
DAYS = [date(2026, 2, 20), date(2028, 2, 25), date(2027, 3, 1), date(2026, 12, 28), date(2026, 11, 24)]


async def people(session: AsyncSession) -> dict[UUID, date | None]:
    known: dict[UUID, date | None] = {
        await add_customer(session, date_of_birth=born, age_verified_at=None): born for born in BIRTHS
    }
    known[await add_customer(session)] = None
    return known


async def found(session: AsyncSession, raw: dict[str, Any], day: date) -> set[UUID]:
    assert check_rules(raw) == []
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=NEW_YORK)
    return set((await session.execute(matching(parse_rules(raw), noon))).scalars())


def is_known(born: date | None) -> TypeGuard[date]:
    return born not in (None, date(1970, 1, 1))


def keeps(born: date | None, day: date) -> bool:
    """Whether it is somebody's birthday on that day."""
    return is_known(born) and age_on(born, day) > age_on(born, day - timedelta(days=1))


async def test_birthdays_within_days(session: AsyncSession) -> None:
    known = await people(session)
    for day in DAYS:
        for span in (1, 5, 10, 45, 364):
            for op, sign in (("next_days", 1), ("within_days", -1)):
                near = [day + timedelta(days=sign * step) for step in range(span + 1)]
                wanted = {one for one, born in known.items() if any(keeps(born, other) for other in near)}
                raw = {"field": "birthday", "op": op, "value": span}
                assert await found(session, raw, day) == wanted, (day, op, span)


async def test_who_came_of_age_is_of_age_and_in_no_doubt(session: AsyncSession) -> None:
    known = await people(session)
    doubtful = await add_customer(session, date_of_birth=date(2005, 11, 21), age_disputed_at=datetime.now(UTC))
    for day in DAYS:
        for span in (1, 3, 30, 3000):
            since = {
                one
                for one, born in known.items()
                if is_known(born) and age_on(born, day) >= 21
                and age_on(born, day - timedelta(days=span + 1)) < 21
            }  # fmt: skip
            raw = {"field": "turned_21", "op": "within_days", "value": span}
            assert await found(session, raw, day) == since
            of_age = {one for one, born in known.items() if is_known(born) and age_on(born, day) >= 21}
            raw = {"field": "turned_21", "op": "older_than_days", "value": span}
            assert await found(session, raw, day) == of_age - since
    assert doubtful not in since | of_age


async def test_ages_by_band(session: AsyncSession) -> None:
    known = await people(session)
    bands = {"21_24": (21, 24), "25_34": (25, 34), "35_44": (35, 44), "45_54": (45, 54), "65_up": (65, 200)}
    for day in DAYS:
        for names in (["21_24"], ["25_34", "45_54"], ["35_44", "65_up"]):
            wanted = {
                one
                for one, born in known.items()
                if is_known(born) and any(bands[name][0] <= age_on(born, day) <= bands[name][1] for name in names)
            }
            assert await found(session, {"field": "age_band", "op": "in", "value": names}, day) == wanted
            others = await found(session, {"field": "age_band", "op": "not_in", "value": names}, day)
            assert others == known.keys() - wanted
    assert check_rules({"field": "age_band", "op": "eq", "value": "under_21"}) != [], "nobody is sought for being young"


async def test_the_day_is_the_shops(session: AsyncSession) -> None:
    """At half past nine in the evening in New York it is tomorrow already by UTC."""
    today = await add_customer(session, date_of_birth=date(1990, 11, 24))
    tomorrow = await add_customer(session, date_of_birth=date(1990, 11, 26))
    evening = datetime(2026, 11, 24, 21, 30, tzinfo=NEW_YORK)
    rule = {"field": "birthday", "op": "next_days", "value": 1}
    with travel(evening):
        counted = await count_rules(session, SYSTEM, rule)
        made = await create_segment(session, SYSTEM, {"name": "Birthdays", "rules": rule})
        await refresh_segments(session, SYSTEM, [made.slug])
    members = await session.execute(text("SELECT customer_id FROM segment_members"))
    assert (counted.total, set(members.scalars())) == (1, {today})
    assert tomorrow != today


async def test_case_21_a_day_of_a_rule_is_the_shops_day(session: AsyncSession) -> None:
    """Bought on 31 October at 21:30 in New York: not "on or after 1 November"."""
    await add_customer(session, last_purchase_at=datetime(2026, 10, 31, 21, 30, tzinfo=NEW_YORK))
    inside = await add_customer(session, last_purchase_at=datetime(2026, 11, 1, 0, 30, tzinfo=NEW_YORK))
    raw = {"field": "last_purchase_at", "op": "after", "value": "2026-11-01"}
    assert await found(session, raw, date(2026, 11, 20)) == {inside}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"field": "birthday", "op": "next_days", "value": 7}, "Has a birthday today or in the next 7 days."),
        ({"field": "turned_21", "op": "within_days", "value": 30}, "Turned 21 in the last 30 days."),
        ({"field": "age_band", "op": "in", "value": ["25_34", "65_up"]}, "Age is one of 25 to 34 or 65 and over."),
    ],
)
def test_rules_about_ages_read_well(raw: dict[str, Any], words: str) -> None:
    assert sentence(raw) == words


async def test_birthdays_are_found_by_an_index(session: AsyncSession) -> None:
    await session.execute(
        text(
            "INSERT INTO customers (external_id, birthday_md, of_age_on) SELECT 'i' || n, 101 + n % 1100,"
            " DATE '1990-01-01' + n % 10000 FROM generate_series(1, 30000) n"
        )
    )
    await session.execute(text("ANALYZE customers"))
    for condition, index in (
        ("birthday_md BETWEEN 1124 AND 1127", "ix_customers_birthday"),
        ("of_age_on BETWEEN DATE '2010-01-01' AND DATE '2010-01-20'", "ix_customers_of_age"),
    ):
        plan = await session.execute(text(f"EXPLAIN SELECT id FROM customers WHERE deleted_at IS NULL AND {condition}"))
        assert index in "\n".join(plan.scalars())


async def test_birthdays_in_this_month(session: AsyncSession) -> None:
    """Over the end of the year too; somebody born on 29 February keeps 1 March in a year without it."""
    known = await people(session)
    leap, common = date(2028, 2, 10), date(2027, 2, 10)
    for day in (*DAYS, leap, common, date(2027, 3, 5), date(2028, 3, 31), date(2026, 12, 31), date(2027, 1, 1)):
        first = day.replace(day=1)
        month = [one for step in range(31) if (one := first + timedelta(days=step)).month == day.month]
        wanted = {one for one, born in known.items() if any(keeps(born, other) for other in month)}
        assert await found(session, {"field": "birthday", "op": "this_month"}, day) == wanted, day


async def test_who_comes_of_age_within_days(session: AsyncSession) -> None:
    known = await people(session)
    known |= {
        await add_customer(session, date_of_birth=born): born
        for born in (date(2006, 1, 5), date(2008, 2, 29), date(2005, 12, 31), date(2006, 11, 24))
    }
    doubtful = await add_customer(session, date_of_birth=date(2006, 1, 5), age_disputed_at=datetime.now(UTC))
    for day in (*DAYS, date(2026, 12, 20), date(2029, 2, 10), date(2029, 2, 28)):
        for span in (1, 30, 365):
            wanted = {
                one
                for one, born in known.items()
                if is_known(born) and age_on(born, day) < 21 <= age_on(born, day + timedelta(days=span))
            }
            got = await found(session, {"field": "turned_21", "op": "next_days", "value": span}, day)
            assert got == wanted, (day, span)
            assert doubtful not in got


@pytest.mark.parametrize("slug", READY_MADE)
async def test_ready_made_segments_can_be_made_as_they_are(session: AsyncSession, slug: str) -> None:
    begun = READY_MADE[slug]
    made = await create_segment(session, SYSTEM, begun)
    assert (made.name, made.sentence) == (
        begun["name"],
        {"birthday_this_month": "Has a birthday in this month.", "coming_of_age": "Turns 21 in the next 30 days."}[
            slug
        ],
    )
    assert rules_of(lines_of(begun["rules"]))[0] == begun["rules"], "the editor says it as it is"
    assert fields_of(None, begun)["max_discount_pct"] == str(begun["max_discount_pct"])
