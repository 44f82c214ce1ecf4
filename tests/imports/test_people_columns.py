"""Columns of people as more tools write them: addresses, bounces, lists of the unsubscribed, names, tags, channels."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.customers.labels.tags import set_tags, tags_in_use
from liquor_app.customers.person_names import given_first
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write

pytestmark = pytest.mark.integration
CONSENTS = "SELECT email, email_consent, sms_consent FROM customers ORDER BY email"
OUT = "SELECT address, channel, reason FROM suppressions ORDER BY 1, 2"


async def told(sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await many(sql)]


async def test_the_kind_of_address_stands_behind_its_part(database: str, tmp_path: Path) -> None:
    await run(write(
        tmp_path / "people.csv",
        "Email address - other,Status,City - Home,State/Province - Home,Zip/Postal Code - Home,Country - Home",
        "cc1@c.example,Active,Boston,MA,02118,US",
    ))  # fmt: skip
    assert await told("SELECT city, state, postal_code, country FROM customers") == [("Boston", "MA", "02118", "US")]


async def test_a_reason_of_a_bounce_is_a_bounce(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "Email,Email Bounced Reason,Email Bounced Date",
                    "a@s.example,,", "b@s.example,550 No such user,", "c@s.example,Host unreachable,2026-01-05",
                    "d@s.example,mailbox full (soft bounce),"))  # fmt: skip
    assert await told(OUT) == [("b@s.example", "email", "bounced"), ("c@s.example", "email", "bounced")]


@pytest.mark.parametrize("name", ["suppression_global_unsubscribes.csv", "suppression_group_unsubscribes.csv"])
async def test_a_list_of_the_unsubscribed_is_known_by_its_name(database: str, tmp_path: Path, name: str) -> None:
    await run(write(tmp_path / name, "email,created", "a@s.example,1710407551", "b@s.example,1710407551"))
    assert await told(CONSENTS) == [("a@s.example", "withdrawn", None), ("b@s.example", "withdrawn", None)]
    assert await told("SELECT DISTINCT source, CAST(at AS date)::text FROM consents") == [("SendGrid", "2024-03-14")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("suppression_spam_reports.csv", "complained"), ("suppression_bounces.csv", "bounced"),
     ("suppression_invalid_emails.csv", "bounced")],
)  # fmt: skip
async def test_other_lists_of_suppressions_suppress(database: str, tmp_path: Path, name: str, reason: str) -> None:
    await run(write(tmp_path / name, "email,created,reason", "a@s.example,1710407551,no such mailbox"))
    assert await told(OUT) == [("a@s.example", "email", reason)]


async def test_a_file_of_another_name_says_nothing(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "email,created", "a@s.example,1710407551"))
    assert await told(CONSENTS) == [("a@s.example", None, None)]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Lee, Ann", "Ann Lee"), ("van der Berg, Mary Ann", "Mary Ann van der Berg"), ("O'Neil, Bo J.", "Bo J. O'Neil"),
        ("Ann Lee", "Ann Lee"), ("Lee, Jr.", "Lee, Jr."), ("Ann Lee, MD", "Ann Lee, MD"), ("Acme, Inc.", "Acme, Inc."),
        ("Ann Lee, Owner", "Ann Lee, Owner"), ("Lee,", "Lee,"), ("Lee, Ann, Jr.", "Lee, Ann, Jr."),
    ],
)  # fmt: skip
def test_a_name_sorted_by_family_is_turned_round(written: str, kept: str) -> None:
    assert given_first(written) == kept


async def test_a_column_of_names_is_turned_round(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "Email,Name", 'a@s.example,"Lee, Ann"'))
    assert await told("SELECT name FROM customers") == [("Ann Lee",)]


async def test_tags_that_differ_in_case_alone_are_one(database: str, tmp_path: Path) -> None:
    rows = ('a@s.example,"vip, Rum"', 'b@s.example,"VIP, Vip, wine"', "c@s.example,RUM")
    await run(write(tmp_path / "people.csv", "Email,Tags", *rows))
    await run(write(tmp_path / "more.csv", "Email,Tags", "d@s.example,WINE"))
    given = await told(
        "SELECT c.email, t.name FROM customer_tags g JOIN customers c ON c.id = g.customer_id"
        " JOIN tags t ON t.id = g.tag_id ORDER BY 1, lower(t.name)"
    )
    assert [who for who, _ in given] == ["a@s.example", "a@s.example", "b@s.example", "b@s.example",
                                         "c@s.example", "d@s.example"]  # fmt: skip
    assert [str(name).lower() for _, name in given] == ["rum", "vip", "vip", "wine", "rum", "wine"]
    async with transaction() as session:
        assert len(await tags_in_use(session, SYSTEM)) == 3
        person = (await many("SELECT id FROM customers WHERE email = 'a@s.example'"))[0].id
        assert {one.lower() for one in await set_tags(session, SYSTEM, person, ["ViP", "vip"])} == {"vip"}
        assert len(await tags_in_use(session, SYSTEM)) == 3


async def test_a_channels_own_opt_out_is_of_that_channel(database: str, tmp_path: Path) -> None:
    mail = (
        "Email address - other,Email status,Phone - mobile,Confirmed Opt-Out Date",
        "a@c.example,Active,617-555-0142,",
        "b@c.example,Unsubscribed,617-555-0143,2025-03-14 09:12:31",
    )
    texts = (
        "Phone,Email,Subscription Type,Status,Signed Up At,Opted Out At,Source",
        "+16175550144,c@c.example,MARKETING,Subscribed,2024-03-14T09:12:31Z,,Web popup",
        "+16175550145,d@c.example,MARKETING,Opted Out,2024-03-14T09:12:31Z,2025-01-01T00:00:00Z,Web",
    )
    await run(write(tmp_path / "mail.csv", *mail))
    await run(write(tmp_path / "texts.csv", *texts))
    await run(write(tmp_path / "till.csv", "Email,Phone,Opt Out", "e@c.example,617-555-0146,yes"))
    assert await told(CONSENTS) == [
        ("a@c.example", None, None), ("b@c.example", "withdrawn", None), ("c@c.example", None, None),
        ("d@c.example", None, "withdrawn"), ("e@c.example", "withdrawn", "withdrawn"),
    ]  # fmt: skip
