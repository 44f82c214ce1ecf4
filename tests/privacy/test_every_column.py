"""Somebody who is named where others are meant: in every column of every table that can hold words. It is taken out, or
shown to whoever erases, or it is told here why nobody is named there."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import config, db
from liquor_app.core.columns import EnumText
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.platform.personal_data import Traces, hints_pattern
from liquor_app.organization.kept_general import forget_general
from liquor_app.privacy.held_data import MENTIONS, PERSONAL
from liquor_app.privacy.mentions import find_mentions
from liquor_app.schema import metadata
from tests.privacy.planted import execute, found_in_dump, found_in_tables
from tests.privacy.test_former_identifiers import FIRST, add, erase

pytestmark = pytest.mark.integration

NAMES_NOBODY = {
    "codes, keys, hashes, colours and places of ours, and what providers number": """
        ab_tests.seed ab_tests.winner access_links.token_hash access_rules.name actions.channel actions.channels
        actions.policy actions.send_window actions.skip_reason actions.template_category age_ledger.method
        allocation_entries.person allocation_entries.ticket allocations.list_hash allocations.seed
        allocations.seed_hash api_keys.areas api_keys.key_hash api_keys.prefix audit_log.action
        audit_log.actor_kind audit_log.entity audit_log.fields audit_log.ip audit_log.via brands.licence_state
        brands.primary_color brands.timezone browser_sessions.ip browser_sessions.token_hash campaign_views.counted
        campaigns.seed
        cell_rules.channel cell_rules.due cell_rules.effect channels.provider compliance_rules.channel
        compliance_rules.jurisdiction compliance_rules.kind consents.ip customer_aliases.kind
        customer_confirmations.fields
        daily_messages.channel daily_offers.channel daily_offers.discount_pct decision_counts.policy
        decision_counts.seed
        drop_files.mark drop_sources.kind drop_sources.policy exclusions.reason experiments.seed
        former_identifiers.kind global_holdouts.seed goods_months.kind idempotency_keys.actor
        idempotency_keys.request_hash import_rejects.code imports.file_key imports.kind imports.policy
        imports.position jobs.dedupe_key jobs.name likely_doubles.reasons message_templates.category
        model_versions.method notifications.level outbox_messages.channel outcome_sums.arm
        outcome_sums.discount_pct passkeys.credential_id passkeys.public_key plan_choices.skip_reason
        plan_choices.status plan_edits.kind plans.fingerprint played_outcomes.channel played_outcomes.due
        products.source purchases.currency purchases.source refresh_tokens.ip refresh_tokens.token_hash replies.event_id
        replies.provider rfm_moves.now rfm_moves.was saved_views.page scoring_standards.key sealed_secrets.name
        segments.color segments.optimal_channels segments.optimal_send_window segments.template_category
        send_hours.channel send_keys.channel sender_checks.domain sender_checks.envelope sender_checks.provider
        sender_checks.selectors sender_checks.verdict sender_days.provider sender_days.sender sends.error_code
        sends.provider sends.provider_message_id sends.skip_reason sends.variant service_messages.channel
        service_messages.kind service_messages.provider service_messages.provider_message_id
        service_messages.status settings.key setup_codes.code_hash setup_codes.nonce short_links.code
        sign_up_days.what trigger_firings.outcome webhook_endpoints.events webhook_receipts.event_id
        webhook_receipts.kind webhook_receipts.provider
    """,
    "figures, and what our own models and checks make of them": """
        customer_scores.explanation customer_scores.features erasures.told global_holdouts.reading
        model_versions.metrics model_versions.params scoring_standards.content sender_checks.findings
        totp_secrets.recovery_hashes uplift_models.params
    """,
    "names of fields of ours": """
        message_templates.variables template_versions.variables
    """,
    "the shop's own people, who did something": """
        allocation_entries.decided_by allocations.created_by_name audit_log.actor_name browser_sessions.user_agent
        cell_rules.actor_name cell_rules.undone_by erasures.asked_by_name guidance_versions.created_by_name
        passkeys.name plan_edits.actor_name refresh_tokens.user_agent replies.read_by sign_up_wordings.written_by
        users.email users.full_name users.password_hash
    """,
    "what somebody else goes by: it is told apart from theirs when they are looked for": """
        customer_aliases.value customers.email customers.email_key customers.external_id customers.phone
        former_identifiers.value import_lines.order_id outbox_messages.sender replies.address sends.recipient
        suppressions.address
    """,
}
"""Columns of words in which nobody is named in passing, and why."""
BY_HAND = {
    f"{table}.{column}"
    for table, columns in {
        "brands": "footer_text from_email from_name logo_alt logo_url name postal_address reply_to sms_sender"
        " website_url",
        "compliance_rules": "citation value",
        "custom_fields": "key",
        "customers": "first_name name",
        "drop_sources": "folder",
        "message_templates": "body_html_template body_text_template name subject_template",
        "product_labels": "brand category code",
        "products": "brand category name sku upc",
        "settings": "value",
        "sign_up_pages": "origins slug",
        "sign_up_wordings": "told",
        "template_versions": "body_html_template body_text_template subject_template",
        "webhook_endpoints": "url",
    }.items()
    for column in columns.split()
}
"""Columns an erasure leaves unasked, and shows: something else would break, or it is another's own name."""
UNIQUE = {
    "campaigns.name", "coupon_pools.name", "coupons.code", "drop_files.name", "drop_sources.name", "goods_months.name",
    "purchases.external_id", "tags.name", "voided_orders.order_id",
}  # fmt: skip
"""Columns rows must differ in."""
KINDS = ("Text", "JSON", "JSONB", "ARRAY")
_COLUMNS = """
SELECT c.table_name, c.column_name, c.data_type, c.udt_name,
       c.is_nullable = 'YES' OR c.column_default IS NOT NULL AS may
  FROM information_schema.columns c JOIN pg_class t ON t.oid = to_regclass(c.table_name)
 WHERE c.table_schema = 'public' AND t.relkind IN ('r', 'p') AND NOT t.relispartition AND c.is_generated = 'NEVER'
   AND c.table_name <> 'alembic_version' ORDER BY 1, c.ordinal_position
"""
_LOOSEN = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid\\:\\:regclass, conname) FROM pg_constraint c
 WHERE contype IN ('c', 'f') AND connamespace = 'public'\\:\\:regnamespace AND conparentid = 0
   AND conislocal
"""
SAID = "as {} said, or first@example.com, or (207) 240-0147 {}"
MARKERS = ("quillmark", "first@", "240-0147")


@pytest.fixture
async def database(copied_database: str, database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A database of each test's own: what rows must be like is forgotten in it."""
    monkeypatch.setenv("DATABASE_URL", copied_database)
    config.get_settings.cache_clear()
    forget_general()
    yield copied_database
    await db.dispose(but=database)


async def columns() -> dict[str, list[Any]]:
    """Table → its columns."""
    found: dict[str, list[Any]] = {}
    async with transaction() as session:
        for row in await session.execute(text(_COLUMNS)):
            found.setdefault(row.table_name, []).append(row)
    return found


def filler(column: Any, number: int) -> Any:
    """Something for a column that wants something."""
    kind = metadata.tables[column.table_name].columns[column.column_name].type
    if isinstance(kind, EnumText):
        return next(iter(kind.options)).value
    kinds = {
        "text": f"filler-{uuid7()}", "uuid": uuid7(), "json": "{}", "jsonb": "{}", "ARRAY": [], "bytea": b"x",
        "boolean": False, "integer": number, "bigint": number, "smallint": number % 1000,
        "numeric": 1, "double precision": 1.0, "real": 1.0, "inet": "127.0.0.1",
    }  # fmt: skip
    if column.data_type in kinds:
        return kinds[column.data_type]
    return "2026-11-01" if column.data_type == "date" else "2026-11-01T10:00:00Z"


def naming(column: Any, number: int, name: str) -> Any:
    said = SAID.format(name, number)
    document = json.dumps({"said": [said], said: {"deep": said}, "many": 3})
    return {"text": said, "json": document, "jsonb": document, "ARRAY": ["x", said]}[column.data_type]


async def loosen() -> None:
    """Forget what rows must be like, and what they refer to: in this database rows of nobody can be written."""
    async with transaction() as session:
        for statement in list((await session.execute(text(_LOOSEN))).scalars()):
            await session.execute(text(statement))


async def add_row(table: str, held: list[Any], number: int, **given: Any) -> dict[str, Any]:
    """Write a row with whatever its columns want; returns it."""
    row = {one.column_name: filler(one, number) for one in held if not one.may} | given
    wanted = [one for one in held if one.column_name in row]
    names = ", ".join(f'"{one.column_name}"' for one in wanted)
    places = ", ".join(f"CAST(:{one.column_name} AS {_type(one)})" for one in wanted)
    await execute(f"INSERT INTO {table} ({names}) VALUES ({places})", **row)
    return row


async def plant_in(named: set[str], name: str = "Zora Quillmark") -> None:
    """Write rows of nobody, one for each column, that names them there."""
    await loosen()
    number = 0
    for table, held in (await columns()).items():
        for column in held:
            if f"{table}.{column.column_name}" in named:
                number += 1
                await add_row(table, held, number, **{column.column_name: naming(column, number, name)})


def _type(column: Any) -> str:
    return f"{column.udt_name[1:]}[]" if column.data_type == "ARRAY" else column.udt_name


def words() -> set[str]:
    """All columns that can hold words. Those that hold one of a few are of another type."""
    return {
        f"{table.name}.{column.name}" for table in metadata.sorted_tables for column in table.columns
        if type(column.type).__name__ in KINDS
    }  # fmt: skip


def excused() -> set[str]:
    return {one for names in NAMES_NOBODY.values() for one in names.split()}


async def test_nobody_is_left_where_others_are_meant(database: str) -> None:
    customer = await add(**FIRST)
    await plant_in(words() - excused() - BY_HAND)
    async with transaction() as session:
        planted = await found_in_tables(session, *MARKERS)
    assert set(planted) >= {one.split(".")[0] for one in words() - excused() - BY_HAND}
    await erase(customer)
    async with transaction() as session:
        assert await found_in_tables(session, *MARKERS) == {}
    assert found_in_dump(database, *MARKERS) == []


async def test_what_is_left_to_people_is_shown_to_whoever_erases(database: str) -> None:
    customer = await add(**FIRST)
    await plant_in(BY_HAND)
    await execute(
        "UPDATE template_versions v SET template_id = (SELECT id FROM message_templates LIMIT 1), version = n.place"
        " FROM (SELECT id, row_number() OVER () AS place FROM template_versions) n WHERE n.id = v.id"
    )
    async with transaction() as session:
        shown = [one for one in await find_mentions(session, SYSTEM, customer) if one.is_certain]
    assert Counter(one.place for one in shown) == Counter(one.split(".")[0] for one in BY_HAND)


async def test_what_must_differ_differs_without_a_name_too(database: str) -> None:
    customer = await add(**FIRST)
    for name in ("Zora Quillmark", "Zora  Quillmark"):
        await plant_in(UNIQUE, name)
    await erase(customer)
    async with transaction() as session:
        assert await found_in_tables(session, *MARKERS) == {}


def test_no_excuse_is_for_nothing() -> None:
    assert excused() | BY_HAND <= words()
    assert excused() & BY_HAND == set()
    assert sum(len(names.split()) for names in NAMES_NOBODY.values()) == len(excused())


def test_where_no_hint_is_certain_all_is_looked_through() -> None:
    """What is looked for first is in whatever the pattern finds, however it is written."""
    for addresses, names in (
        ([], ["Zora Quillmark"]), (["o'brien+x@example.com"], []), ([], ["José Ñandú"]), (["+12072400147"], []),
        (["+442079460018"], []), ([], ["Bo Li"]), ([], ["Ana de la Cruz"]), ([], ["Ḱe Ḿo"]), (["ß@ö.de"], []),
        ([], ["Łukasz Żak"]),
    ):  # fmt: skip
        hint = re.compile(hints_pattern(addresses, names), re.IGNORECASE | re.ASCII)
        for one in (*addresses, *names):
            for form in ("NFC", "NFD"):
                for said in (one, one.upper(), ", ".join(reversed(one.split()))):
                    assert hint.search(unicodedata.normalize(form, said)), (one, said, hint.pattern)
    assert not re.search(hints_pattern([], ["Zora"]), "Zora"), "one word alone is no name"


async def test_statements_are_ones_the_database_understands(database: str) -> None:
    async with transaction() as session:
        for one in (*PERSONAL, *MENTIONS):
            for statement in filter(None, (one.rows, one.scrub)):
                await session.execute(text(f"EXPLAIN {statement}"), Traces((uuid7(),)).bound(statement))


BY_THE_WHOLE_PATTERN = {
    "the shop's own set-up: some hundreds of rows": """
        brands compliance_rules coupon_pools custom_fields drop_sources message_templates product_labels products
        settings sign_up_pages sign_up_wordings tags template_versions webhook_endpoints
    """,
    "rows of one person, found by whose they are": "actions consents coupons",
}
"""Tables that are looked through by the pattern of a whole name at once, and why that is quick."""


def test_what_grows_is_looked_through_by_a_piece_of_the_name_first() -> None:
    """A million rows take seconds by the whole pattern (ADR 147)."""
    slow = {
        one.table
        for one in (*PERSONAL, *MENTIONS)
        for statement in (one.rows, one.scrub)
        if re.search(r"~\* :(words|named)", statement) and ":hints" not in statement
    }
    assert slow == {table for tables in BY_THE_WHOLE_PATTERN.values() for table in tables.split()}
