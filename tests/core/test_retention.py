"""What grows is deleted in its time, and nothing else; the audit log only by that."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import queue
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import uuid7
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job, enqueue
from liquor_app.organization.settings import RetentionSettings, save_settings
from liquor_app.schema import KEPT, metadata
from tests.people import add_campaign, add_customer, ensure_shop
from worker import retention
from worker.settings import TASKS

pytestmark = pytest.mark.integration

STAYS = {
    "as long as the customer": """
        age_ledger consents customer_aliases customer_merges customer_scores customer_tags customers former_identifiers
        experiment_assignments likely_doubles product_interests purchase_lines purchases segment_members
        suppressions touched_customers voided_orders
    """,
    "as long as the campaign": """
        ab_tests actions campaign_pools campaigns coupons decision_counts experiment_arms experiments outcome_sums
        played_outcomes plan_choices plan_edits plans recounts send_keys short_links tracked_links
        trigger_firings
    """,
    "somebody made it, one at a time": """
        access_rules allocation_entries allocations api_keys brands cell_rules channels compliance_rules coupon_pools
        custom_fields drop_sources guidance_versions message_templates passkeys products review_subscriptions
        saved_views segments settings sign_up_pages sign_up_wordings tags template_versions totp_secrets users
        webhook_endpoints
    """,
    "one row a day, a version or a thing": """
        base_months campaign_views cohort_months cohorts goods_months rfm_moves send_hours
        daily_messages daily_offers daily_sales global_holdouts model_versions notices_seen product_labels
        scoring_standards sealed_secrets sender_checks sender_days setup_codes sign_up_days uplift_models
    """,
    "keyed hashes, so that whoever is forgotten stays it": "erased_keys erasures",
    "has a clock of its own": """
        access_links browser_sessions customer_confirmations customer_images drop_files import_lines import_rejects
        import_warnings imports product_images purchase_confirmations purchase_images refresh_tokens sign_in_attempts
        sign_up_refusals sign_ups
    """,
}
"""Why tables have no rule. A new one needs a rule in its slice's `KEPT`, or a place here."""


def test_every_table_has_a_rule_or_a_reason() -> None:
    stays = [table for tables in STAYS.values() for table in tables.split()]
    ruled = [one.table for one in KEPT]
    assert len(set(stays)) == len(stays)
    assert set(stays) & set(ruled) == set()
    assert set(stays) | set(ruled) == set(metadata.tables)


def test_every_rule_is_about_what_there_is() -> None:
    days = RetentionSettings().model_dump()
    for kept in KEPT:
        columns = metadata.tables[kept.table].columns
        assert {kept.by, *kept.key} <= set(columns.keys()), kept.table
        assert kept.days in days if isinstance(kept.days, str) else kept.days > 0
    assert set(days) == {kept.days for kept in KEPT if isinstance(kept.days, str)}, "a setting that nothing reads"


def limit(table: str) -> int:
    """Days a table's rows are kept by default."""
    (kept,) = (one for one in KEPT if one.table == table)
    return kept.days if isinstance(kept.days, int) else int(RetentionSettings().model_dump()[kept.days])


async def add(table: str, at: datetime, ids: dict[str, UUID]) -> None:
    """A row of that age."""
    rows: dict[str, dict[str, Any]] = {
        "jobs": {"name": "roll_up", "status": "succeeded", "finished_at": at},
        "idempotency_keys": {
            "actor": "till", "key": uuid7().hex, "request_hash": "x", "status_code": 201, "created_at": at,
        },
        "api_key_months": {"key_id": uuid7(), "month": at, "requests": 1},
        "audit_log": {"at": at, "actor_kind": "system", "actor_name": "x", "action": "x.y", "entity": "x"},
        "notifications": {"title": "x", "created_at": at},
        "analytics_events": {"event_type": "opened", "occurred_at": at, "customer_id": ids["customer"]},
        "sends": {
            "id": uuid7(), "campaign_id": ids["campaign"], "customer_id": ids["customer"], "channel": "email",
            "recipient": "x", "not_before": at, "expires_at": at, "created_at": at,
        },
        "stencils": {"id": uuid7(), "created_at": at},
        "webhook_receipts": {"provider": "mailgun", "event_id": uuid7().hex, "received_at": at, "processed_at": at},
        "outbox_messages": {"channel": "email", "sender": "a", "recipient": "b", "accepted_at": at},
        "service_messages": {
            "kind": "age", "channel": "email", "address_hash": b"x", "status": "sent", "created_at": at,
        },
        "replies": {
            "provider": "twilio", "event_id": uuid7().hex, "medium": "sms", "address": "x", "address_hash": b"x",
            "body": "x", "status": "read", "received_at": at,
        },
        "segment_changes": {"segment_id": ids["segment"], "customer_id": ids["customer"], "at": at},
        "webhook_events": {"type": "customer.created", "payload": "{}", "created_at": at},
        "webhook_deliveries": {"event_id": ids["event"], "endpoint_id": uuid7(), "created_at": at},
        "exclusions": {"campaign_id": uuid7(), "customer_id": ids["customer"], "reason": "capped", "created_at": at},
    }  # fmt: skip
    row = rows[table]
    if table == "exclusions":
        row["campaign_id"] = await add_campaign_of_its_own()
    if table == "api_key_months":
        row["key_id"] = await add_key_of_its_own()
    if table == "webhook_deliveries":
        row["endpoint_id"] = await add_endpoint_of_its_own()
    names = ", ".join(row)
    async with transaction() as session:
        if table in ("analytics_events", "sends"):
            await session.execute(
                text("SELECT ensure_partitions(CAST(:day AS date), CAST(:day AS date))"), {"day": at.date()}
            )
        values = ", ".join(f":{name}" for name in row)
        await session.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)


async def add_campaign_of_its_own() -> UUID:
    async with transaction() as session:
        return await add_campaign(session, [])


async def add_key_of_its_own() -> UUID:
    async with transaction() as session:
        made = await session.execute(
            text(
                "INSERT INTO api_keys (name, prefix, key_hash, role) VALUES ('x', 'lk_x', :hash, 'user') RETURNING id"
            ),
            {"hash": uuid7().hex},
        )
        return UUID(str(made.scalar_one()))


async def add_endpoint_of_its_own() -> UUID:
    async with transaction() as session:
        made = await session.execute(
            text("INSERT INTO webhook_endpoints (url, secret_encrypted) VALUES ('x', CAST('x' AS bytea)) RETURNING id")
        )
        return UUID(str(made.scalar_one()))


async def count(table: str) -> int:
    async with transaction() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def apply() -> dict[str, Any]:
    async with transaction() as session:
        job = await enqueue(session, Job.APPLY_RETENTION)
    assert await queue.run(job, TASKS) is JobStatus.SUCCEEDED
    async with transaction() as session:
        return dict((await session.execute(text("SELECT result FROM jobs WHERE id = :id"), {"id": job})).scalar_one())


@pytest.fixture
async def ids(database: str) -> dict[str, UUID]:
    async with transaction() as session:
        await ensure_shop(session)
        customer, campaign = await add_customer(session), await add_campaign(session, [])
        made = await session.execute(text("INSERT INTO segments (slug, name) VALUES ('x', 'X') RETURNING id"))
        told = await session.execute(
            text("INSERT INTO webhook_events (type, payload) VALUES ('customer.created', '{}') RETURNING id")
        )
        return {
            "customer": customer, "campaign": campaign, "segment": made.scalar_one(), "event": told.scalar_one(),
        }  # fmt: skip


async def test_a_row_goes_on_its_day_and_not_before(ids: dict[str, UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    monkeypatch.setattr("liquor_app.core.platform.retention.forget_some.__defaults__", (2,))
    there = {kept.table: await count(kept.table) for kept in KEPT}
    for kept in KEPT:
        days = limit(kept.table)
        for age in (days + 1, days + 40, days + 400):
            await add(kept.table, now() - timedelta(days=age), ids)
        await add(kept.table, now() - timedelta(days=days) + timedelta(hours=1), ids)
    told = await apply()
    assert told == {kept.table: 3 for kept in KEPT}
    left = {kept.table: await count(kept.table) for kept in KEPT}
    own = {"jobs": 1, "audit_log": 1}  # the job itself, and what it says of it
    assert left == {table: many + 1 + own.get(table, 0) for table, many in there.items()}
    assert await apply() == {}, "nothing else is past its time"


async def test_zero_keeps_for_ever_and_a_few_days_are_refused(ids: dict[str, UUID]) -> None:
    await add("analytics_events", now() - timedelta(days=3000), ids)
    async with transaction() as session:
        await save_settings(session, SYSTEM, RetentionSettings, {"events_days": 0})
    assert await apply() == {}
    async with transaction() as session:
        with pytest.raises(Invalid, match="90 days at least") as caught:
            await save_settings(session, SYSTEM, RetentionSettings, {"events_days": 7})
        assert caught.value.field == "events_days"
        await save_settings(session, SYSTEM, RetentionSettings, {"events_days": 90})
    assert await apply() == {"analytics_events": 1}


async def test_what_a_kept_message_says_is_kept(ids: dict[str, UUID]) -> None:
    stencil, old = uuid7(), now() - timedelta(days=2000)
    async with transaction() as session:
        await session.execute(
            text("INSERT INTO stencils (id, created_at) VALUES (:id, :at)"), {"id": stencil, "at": old}
        )
        await session.execute(
            text(
                "INSERT INTO sends"
                " (id, campaign_id, customer_id, channel, recipient, not_before, expires_at, stencil_id)"
                " VALUES (:send, :campaign, :customer, 'email', 'x', now(), now(), :id)"
            ),
            {"send": uuid7(), "campaign": ids["campaign"], "customer": ids["customer"], "id": stencil},
        )
    await add("replies", old, ids)
    async with transaction() as session:
        await session.execute(text("UPDATE replies SET status = 'open'"))
    assert await apply() == {}
    assert (await count("stencils"), await count("replies")) == (1, 1), "nor what nobody has read"


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit_log SET actor_name = 'nobody'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "SELECT audit_log_forget(now() + interval '1 day', 1000)",
        "SELECT audit_log_forget(now() - interval '29 days', 1000)",
        "SET LOCAL liquor.audit_log_scrubs = 'yes'; UPDATE audit_log SET actor_name = 'nobody'",
        "SET LOCAL liquor.audit_log_scrubs = 'yes'; UPDATE audit_log SET action = 'x.z', changes = '{}'",
        "SET LOCAL liquor.audit_log_scrubs = 'yes'; UPDATE audit_log SET changes = '{\"told\"\\: 1}'",
        "SET LOCAL liquor.audit_log_scrubs = 'yes'; UPDATE audit_log SET ip = '203.0.113.9'",
        "SET LOCAL liquor.audit_log_scrubs = 'yes'; DELETE FROM audit_log",
    ],
)
async def test_the_audit_log_only_grows(database: str, attack: str) -> None:
    async with transaction() as session:
        await audit(session, SYSTEM, "x.y", "x", None)
        await session.execute(text("UPDATE settings SET value = value"))
    with pytest.raises(DBAPIError, match=r"only grows|last 30 days"):
        async with transaction() as session:
            await session.execute(text(attack))
    assert await count("audit_log") == 1
