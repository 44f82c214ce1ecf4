"""Dates of birth: what stands in plain columns, what is sealed, and that the two say the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, pool, text

from alembic import command
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, Invalid
from liquor_app.core.ids import uuid7
from liquor_app.core.platform import migrate
from liquor_app.customers.ages.age_verification import age_of, settle_age
from liquor_app.customers.ages.birth_dates import (
    NOTHING,
    PLACEHOLDERS,
    AgeBand,
    age_band,
    age_on,
    birth_columns,
    comes_of_age,
    legal_day,
)
from liquor_app.customers.ages.sealed_dates import born_columns, open_birth_date, seal_birth_date
from liquor_app.customers.editing.change_customer import create_customer, update_customer
from liquor_app.imports.cleaning.moment_cells import clean_birthday
from liquor_app.schema import metadata

BIRTHS = st.dates(date(1905, 1, 1), date(2026, 11, 1)).filter(lambda day: day not in PLACEHOLDERS)
VIEWER = Actor(ActorKind.USER, uuid7(), "Viewer", Role.USER)


@given(BIRTHS, st.dates(date(1990, 1, 1), date(2060, 1, 1)))
def test_the_plain_day_says_what_the_date_says(born: date, day: date) -> None:
    of_age_on = birth_columns(born).of_age_on
    assert of_age_on is not None
    assert (day >= of_age_on) == (age_on(born, day) >= 21)
    years = age_on(born, day)
    band = age_band(of_age_on, day)
    assert band.first_age <= years or band is AgeBand.MINOR
    assert all(other.first_age > years for other in AgeBand if other.first_age > band.first_age)


@given(BIRTHS, st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.integers(18, 25))
def test_another_minimum_is_never_reached_too_early(born: date, day: date, minimum: int) -> None:
    """The day before, at the latest, for those born on 29 February; else to the day."""
    of_age_on = birth_columns(born).of_age_on
    assert of_age_on is not None
    since = comes_of_age(of_age_on, minimum)
    assert age_on(born, since) >= minimum
    assert age_on(born, since - timedelta(days=2)) < minimum
    assert (born.month, born.day) == (2, 29) or age_on(born, since - timedelta(days=1)) < minimum
    assert (of_age_on <= legal_day(day, minimum)) == (since <= day)


@pytest.mark.parametrize("placeholder", sorted(PLACEHOLDERS))
def test_what_tells_nothing_stays_nobodys(placeholder: date) -> None:
    columns = born_columns(placeholder)
    assert (columns["of_age_on"], columns["birthday_md"]) == (None, None)
    assert open_birth_date(columns["date_of_birth_encrypted"]) == placeholder


@pytest.mark.parametrize("zone", ["America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "UTC"])
@pytest.mark.parametrize("cell", ["%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%b %d, %Y", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S%z"])
def test_the_first_second_of_a_program_is_no_birthday(zone: str, cell: str) -> None:
    """Midnight in Greenwich on 1 January 1970, as a clock of any zone tells it and however it is written."""
    first = datetime(1970, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(zone))
    read = clean_birthday(first.strftime(cell), date(2026, 11, 2), "dmy" if "." in cell else "mdy")
    assert read in (date(1969, 12, 31), date(1970, 1, 1))
    assert birth_columns(read) == NOTHING


@pytest.mark.integration
async def test_no_form_takes_a_date_that_tells_nothing(database: str) -> None:
    async with transaction() as session:
        made = await create_customer(session, SYSTEM, {"email": "b@example.com"})
        for placeholder in sorted(day for day in PLACEHOLDERS if day.year >= 1900):
            with pytest.raises(Invalid, match="where they know nothing"):
                await create_customer(session, SYSTEM, {"email": "c@example.com", "date_of_birth": str(placeholder)})
            with pytest.raises(Invalid, match="where they know nothing"):
                await update_customer(session, SYSTEM, made.id, {"date_of_birth": str(placeholder)})


@pytest.mark.integration
async def test_no_column_note_or_log_names_a_date_of_birth(database: str) -> None:
    """Written by form, changed, proved: the date is found by opening it, by a manager, and nowhere else."""
    async with transaction() as session:
        made = await create_customer(session, SYSTEM, {"email": "a@example.com", "date_of_birth": "1987-03-19"})
        await update_customer(session, SYSTEM, made.id, {"date_of_birth": "1988-04-21"})
        await settle_age(session, SYSTEM, made.id, born=date(1989, 5, 23), proof="passport")
    async with transaction() as session:
        age = await age_of(session, SYSTEM, made.id)
        assert (age.date_of_birth, age.is_of_age, age.is_disputed) == (date(1989, 5, 23), True, False)
        with pytest.raises(Forbidden):
            await age_of(session, VIEWER, made.id)
        ledger = await session.execute(text("SELECT date_of_birth_encrypted FROM age_ledger ORDER BY at, id"))
        assert {open_birth_date(value) for value in ledger.scalars()} == {
            date(1987, 3, 19), date(1988, 4, 21), date(1989, 5, 23),
        }  # fmt: skip
        everything = ""
        for table in metadata.sorted_tables:
            found = await session.execute(text(f'SELECT CAST(t AS text) FROM "{table.name}" t'))
            everything += "\n".join(map(str, found.scalars()))
    for day in ("1987-03-19", "1988-04-21", "1989-05-23"):
        assert day not in everything


@pytest.mark.integration
def test_dates_on_file_are_sealed_and_come_back(copied_database: str) -> None:
    """Down: they stand in plain again. Up: sealed, with their columns; a placeholder proves nothing."""
    config = migrate.alembic_config(copied_database)
    engine = create_engine(copied_database, poolclass=pool.NullPool)
    dates = {"1": date(1984, 2, 29), "2": date(1990, 12, 31), "3": date(1970, 1, 1), "4": None, "5": date(1969, 12, 31)}
    with engine.begin() as connection:
        for external_id, born in dates.items():
            connection.execute(
                text(
                    "INSERT INTO customers (external_id, date_of_birth_encrypted, of_age_on, birthday_md)"
                    " VALUES (:external_id, :date_of_birth_encrypted, :of_age_on, :birthday_md)"
                ),
                {"external_id": external_id, **born_columns(born)},
            )
        connection.execute(
            text(
                "INSERT INTO age_ledger (customer_id, date_of_birth_encrypted, method)"
                " SELECT id, :sealed, 'test' FROM customers WHERE external_id = '1'"
            ),
            {"sealed": seal_birth_date(dates["1"])},
        )
    command.downgrade(config, "0019")
    with engine.begin() as connection:
        plain = connection.execute(text("SELECT external_id, date_of_birth FROM customers")).all()
        assert dict(map(tuple, plain)) == dates
        connection.execute(text('UPDATE age_ledger SET evidence = \'{"said": "1984-02-29", "ip": "x"}\''))
    command.upgrade(config, "head")
    with engine.begin() as connection:
        rows: list[Any] = list(connection.execute(text("SELECT * FROM customers")))
        assert {row.external_id: open_birth_date(row.date_of_birth_encrypted) for row in rows} == dates
        assert {row.external_id: (row.of_age_on, row.birthday_md) for row in rows} == {
            "1": (date(2005, 3, 1), 229), "2": (date(2011, 12, 31), 1231), "3": (None, None), "4": (None, None),
            "5": (None, None),
        }  # fmt: skip
        (entry,) = connection.execute(text("SELECT * FROM age_ledger"))
        assert (open_birth_date(entry.date_of_birth_encrypted), entry.evidence) == (dates["1"], {"ip": "x"})
