"""Somebody's name, address and number are found however a document, an address of a page or a telephone writes them."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.platform.personal_data import words_pattern
from liquor_app.privacy.find_traces import in_python
from liquor_app.privacy.mentions import find_mentions
from tests.privacy.planted import execute, found_in_tables, scalar
from tests.privacy.test_former_identifiers import FIRST, add, erase

pytestmark = pytest.mark.integration
NBSP = "\N{NO-BREAK SPACE}"
SAID = [
    "Hi,\nZora Quillmark", "x\tZora Quillmark", "to\nfirst@example.com", "call\n(207) 240-0147", "Zora\nQuillmark",
    f"Zora{NBSP}Quillmark", "Quillmark;Zora", "/leave?email%3Dfirst%40example.com", "mailto:first%40example.com",
    "207/240/0147", f"+1{NBSP}207{NBSP}240{NBSP}0147", "207\N{NON-BREAKING HYPHEN}240\N{NON-BREAKING HYPHEN}0147",
]  # fmt: skip
MARKERS = ("quillmark", "first@", "first%40", "0147")


@pytest.mark.parametrize("said", SAID, ids=ascii)
async def test_nothing_is_left_of_it(database: str, said: str) -> None:
    customer, other = await add(**FIRST), await add(name="Nell Neighbour", email="nell@example.com")
    document = json.dumps({"said": said})
    async with transaction() as session:
        await audit(session, SYSTEM, "reply.read", "reply", uuid7(), said=said)
    for sql in (
        "INSERT INTO idempotency_keys (actor, key, request_hash, status_code, response) VALUES ('till', 'k', 'x', 200,"
        " CAST(:document AS jsonb))",
        "INSERT INTO jobs (name, args) VALUES ('roll_up', CAST(:document AS jsonb))",
    ):
        await execute(sql, document=document)
    await execute("INSERT INTO notifications (title, body) VALUES ('x', :said)", said=said)
    await execute("UPDATE customers SET raw_data = CAST(:it AS jsonb) WHERE id = :id", it=document, id=other)
    await erase(customer)
    async with transaction() as session:
        assert await found_in_tables(session, *MARKERS) == {}


SPOKEN = [
    ("Sinéad O'Rourke", "Sinéad O\N{RIGHT SINGLE QUOTATION MARK}Rourke"), ("Sinéad O'Rourke", "sinéad o&#39;rourke"),
    ("Ana de la Cruz", "de la Cruz, Ana"), ("Zora Quillmark", '{"said": "a\\nZora Quillmark"}'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said"), SPOKEN, ids=ascii)
async def test_a_name_as_others_write_it(database: str, name: str, said: str) -> None:
    words = words_pattern([], [name])
    assert in_python(words).search(said)
    assert await scalar("SELECT :said ~* :words", said=said, words=words)


@pytest.mark.parametrize("said", ["+44 20 7946 0018", "+442079460018", "44.20.7946.0018"])
async def test_a_number_abroad(database: str, said: str) -> None:
    words = words_pattern(["+442079460018"], [])
    assert in_python(words).search(said)
    assert await scalar("SELECT :said ~* :words", said=said, words=words)


@pytest.mark.parametrize("said", ["afirst@example.com", "12072400147999", "Ezora Quillmarks", "nZora Quillmark"])
async def test_what_is_part_of_another_word_is_not_theirs(database: str, said: str) -> None:
    words = words_pattern(["first@example.com", "+12072400147"], ["Zora Quillmark"])
    assert not in_python(words).search(said)
    assert not await scalar("SELECT :said ~* :words", said=said, words=words)


async def test_a_name_that_a_document_seems_to_spell_does_not_break_a_test_of_words(database: str) -> None:
    """`null, "text"` stands in the document of every variant: a pattern over its text took away what makes it one."""
    customer = await add(name="Null Text", email="null.text@example.com")
    await execute(
        "INSERT INTO campaigns (name, start_date, end_date, target_segments, status) VALUES ('x', current_date,"
        " current_date, CAST(ARRAY[] AS text[]), 'draft')"
    )
    await execute(
        "INSERT INTO ab_tests (campaign_id, name, topic, channel, measure, variants, seed, why) SELECT id, 'x',"
        " 'subject', 'email', 'clicked', CAST(:it AS jsonb), 's', 'Null Text chose it.' FROM campaigns",
        it=json.dumps([{"key": "B", "subject": "For Null Text", "text": None, "hour": None}]),
    )
    await erase(customer)
    async with transaction() as session:
        row = (await session.execute(text("SELECT variants, why FROM ab_tests"))).one()
    assert row.variants[0]["subject"].startswith("For erased_")
    assert "Null Text" not in row.why


async def test_a_code_made_for_somebody_names_nobody(database: str) -> None:
    customer, other = await add(**FIRST), await add(name="Nell Neighbour", email="nell@example.com")
    for code, whose in (("ZORA-QUILLMARK-10", customer), ("Zora.Quillmark", customer), ("SPRING-10", other)):
        await execute("INSERT INTO coupons (code, customer_id) VALUES (:code, :whose)", code=code, whose=whose)
    await erase(customer)
    codes = await scalar("SELECT array_agg(code) FROM coupons")
    assert len(set(codes)) == 3
    assert "SPRING-10" in codes
    assert "quillmark" not in str(codes).lower()


async def test_a_file_without_headings_names_nobody(database: str) -> None:
    """Its first row was taken for them, and is kept beside the fields."""
    customer = await add(**FIRST)
    await execute(
        "INSERT INTO imports (kind, file_name, file_key, mapping) VALUES ('customers', 'x.csv', 'x',"
        " CAST(:mapping AS jsonb))",
        mapping=json.dumps({"email": "first@example.com", "name": "Zora Quillmark", "city": "City"}),
    )
    await erase(customer)
    mapping = await scalar("SELECT mapping FROM imports")
    assert set(mapping) == {"email", "name", "city"}
    assert mapping["city"] == "City"
    assert not any(marker in str(mapping).lower() for marker in MARKERS)


async def test_one_unusual_word_of_a_name_is_shown_and_left(database: str) -> None:
    """A tag and a file are called by a surname alone, which one word cannot be scrubbed by: whoever erases is shown it.
    What many are called by tells of nobody."""
    customer = await add(**FIRST)
    for one in range(3):
        await add(name=f"Zora Other{one}", email=f"other{one}@example.com")
    await add(name="Ann Quillmark", email="ann@example.com")
    for name in ("Quillmark wedding", "Zora's friends", "Quillmarkers", "about Zora Quillmark"):
        await execute("INSERT INTO tags (name) VALUES (:name)", name=name)
    await execute(
        "INSERT INTO imports (kind, file_name, file_key, mapping) VALUES ('customers', 'list_quillmark.csv', 'x', '{}')"
    )
    async with transaction() as session:
        shown = await find_mentions(session, SYSTEM, customer)
    assert [(one.place, one.name, one.is_certain, one.can_be_scrubbed) for one in shown] == [
        ("tags", "Quillmark wedding", False, False),
        ("imports", "list_quillmark.csv", False, False),
    ]
    assert all(one.link.startswith("/") and "{" not in one.link for one in shown)
    await erase(customer)
    assert await scalar("SELECT count(*) FROM tags WHERE name = 'Quillmark wedding'") == 1
    assert await scalar("SELECT count(*) FROM tags WHERE name LIKE 'about%Quillmark'") == 0
    for one in range(2):
        await add(name=f"Bo{one} Quillmark", email=f"bo{one}@example.com")
    other = await add(name="Cy Quillmark", email="cy@example.com")
    async with transaction() as session:
        assert await find_mentions(session, SYSTEM, other) == [], "three others are called so"


@pytest.mark.parametrize(
    ("stored", "is_found"),
    [
        ("call 0147", True),
        ("207-240-0147", True),
        ("12072400147", True),
        ("01a22eaf-660d-7dbc-a6eb-028060147b57", False),
        ("2026-11-30T23:03:12.001477+00:00", False),
        ("0147" * 16, False),
        ("01a22eaf-660d-7dbc-a6eb-028061630b57 0147", True),
    ],
)
async def test_what_is_searched_for_is_found_in_words_and_not_in_what_was_drawn(
    database: str, stored: str, is_found: bool
) -> None:
    await execute("INSERT INTO notifications (title, body) VALUES ('x', :said)", said=stored)
    async with transaction() as session:
        assert bool((await found_in_tables(session, "0147")).get("notifications")) is is_found
