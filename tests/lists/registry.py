"""Every list, and how a test fills it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.audit import audit
from liquor_app.accounts.lists import API_KEYS, JOBS, TEAM
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.accounts.team import invite_user
from liquor_app.actions.lists import ACTIONS, EDITS, NOT_SENT
from liquor_app.allocations.lists import ALLOCATIONS, ENTRIES, INTERESTS
from liquor_app.campaigns.lists import CAMPAIGNS
from liquor_app.campaigns.service import create_campaign
from liquor_app.catalog.lists import PRODUCTS
from liquor_app.catalog.product_write import write_products
from liquor_app.core.clock import now
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, enqueue_another
from liquor_app.coupons.coupon_pools import create_pool
from liquor_app.coupons.lists import POOLS
from liquor_app.customers.lists import CONSENTS, PURCHASES, SALES, SUPPRESSIONS
from liquor_app.customers.suppressions import add_suppressions
from liquor_app.doubles.likely_doubles import find_doubles
from liquor_app.doubles.lists import DOUBLES
from liquor_app.experiments.ab_tests.lists import AB_TESTS
from liquor_app.experiments.ab_tests.models import AbTopic, Measure
from liquor_app.experiments.ab_tests.service import AbAsked, define_ab_test
from liquor_app.imports.drop_folders.lists import DROP_FILES, DROP_SOURCES
from liquor_app.imports.lists import IMPORTS
from liquor_app.imports.uploads import add_upload
from liquor_app.organization.guidance import save_guidance
from liquor_app.organization.lists import GUIDANCE
from liquor_app.organization.models import Channel
from liquor_app.planning.lists import PLANS
from liquor_app.privacy.lists import AUDIT
from liquor_app.providers.models import OutboxMessage
from liquor_app.segments.lists import CUSTOMERS, MEMBERS, SEGMENTS
from liquor_app.sending.lists import LEFT_SENDS, OUTBOX, REPLIES, SENDS
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.templates.lists import TEMPLATES, VERSIONS
from liquor_app.webhooks.lists import DELIVERIES, WEBHOOKS
from tests.factories import add_people, add_ready_campaign, product
from tests.kept_rows import shipped_segments, shipped_templates
from tests.lists.contract import Listed
from tests.people import add_customer, add_purchase, ensure_shop


async def campaigns(session: AsyncSession) -> None:
    await ensure_shop(session)
    await shipped_segments(session)
    for number in range(5):
        await create_campaign(
            session, SYSTEM, name=f"Week {(2, 1, 10)[number % 3]}", target_segments=["at_risk"],
            start_date=date(2027, 1, 4) + timedelta(days=7 * (number % 2)),
        )  # fmt: skip
    await session.execute(text("UPDATE campaigns SET status = 'paused', conversions = 4 WHERE name = 'Week 1'"))


async def ab_tests(session: AsyncSession) -> None:
    """Four campaigns, each with a test."""
    await ensure_shop(session)
    for number in range(4):
        campaign = await add_ready_campaign(session, [], status="draft")
        asked = AbAsked(f"Test {number}", AbTopic.SUBJECT, Channel.EMAIL, Measure.CLICKED, [f"Subject {number}"])
        await define_ab_test(session, SYSTEM, campaign, asked)
    await session.execute(text("UPDATE ab_tests SET status = 'decided', winner = 'B' WHERE name = 'Test 1'"))


async def customers(session: AsyncSession) -> None:
    await ensure_shop(session)
    await shipped_segments(session)
    unknown = {"clv_score": None, "churn_probability": None, "churn_risk": None, "rfm_segment": None}
    for number in range(3):
        await add_customer(session, name=f"Ada {number}")
        await add_customer(session, name=None, last_purchase_at=None, sms_consent=None, **unknown)
        born = (date(1980, 2, 1), None)[number % 2]
        await add_customer(
            session, name=f"Ada {number}", clv_score=Decimal(number), churn_risk="low", date_of_birth=born
        )


async def messages(session: AsyncSession) -> None:
    """Five actions, their messages in the ledger, three of which the sandbox kept."""
    await ensure_shop(session)
    people = await add_people(session, 5)
    campaign = await add_ready_campaign(session, people)
    await launch_campaign(session, SYSTEM, campaign)
    await session.execute(
        text(
            "UPDATE sends SET status = 'sent', sent_at = now() - make_interval(secs => attempt) WHERE campaign_id = :id"
        ),
        {"id": campaign},
    )
    for number in range(4):
        session.add(
            OutboxMessage(
                campaign_id=campaign, channel="email", sender="a@example.com", recipient=f"{number}@example.com",
                subject="Hello", body_text="x", accepted_at=now() - timedelta(minutes=number % 2),
            )
        )  # fmt: skip
    await session.flush()


async def segments(session: AsyncSession) -> None:
    await ensure_shop(session)
    await shipped_segments(session)
    await session.execute(text("UPDATE segments SET customer_count = position % 3, is_active = position % 2 = 0"))


async def members(session: AsyncSession) -> None:
    await segments(session)
    await customers(session)
    await session.execute(
        text(
            "INSERT INTO segment_members (segment_id, customer_id)"
            " SELECT (SELECT CAST(min(CAST(id AS text)) AS uuid) FROM segments), id FROM customers"
            " ON CONFLICT DO NOTHING"
        )
    )


async def team(session: AsyncSession) -> None:
    for number in range(5):
        user, _ = await invite_user(
            session, SYSTEM, email=f"{uuid7().hex[-12:]}@example.com", full_name="Ada" if number % 2 else None,
            role=(Role.USER, Role.MANAGER)[number % 2],
        )  # fmt: skip
        if number % 2:
            await session.execute(text("UPDATE users SET last_login_at = now() WHERE id = :id"), {"id": user.id})


async def api_keys(session: AsyncSession) -> None:
    for number in range(5):
        await create_api_key(
            session, SYSTEM, name=f"Till {number % 3}", role=Role.USER, days=30 if number % 2 else None
        )
    await session.execute(text("UPDATE api_keys SET last_used_at = now() WHERE name = 'Till 1'"))


async def doubles(session: AsyncSession) -> None:
    """Pairs of a number, some of a name too; others than those of an earlier call."""
    await ensure_shop(session)
    for number in range(5):
        mark = uuid7().hex[-12:]
        alike = {"phone": f"+1207{int(mark, 16) % 9_000_000 + 1_000_000}", "email": None, "email_key": None}
        known = {"name": "Ada Example", "postal_code": mark[:5]} if number % 2 else {"name": None}
        for _ in range(2):
            await add_customer(session, **alike, **known)
    await find_doubles(session)


async def one_segment(session: AsyncSession) -> dict[str, Any]:
    return {"segment": await _first(session, "SELECT min(CAST(id AS text)) FROM segments")}


async def since(session: AsyncSession) -> dict[str, Any]:
    return {"month_ago": now() - timedelta(days=30)}


async def templates(session: AsyncSession) -> None:
    await ensure_shop(session)
    await shipped_templates(session)


async def suppressions(session: AsyncSession) -> None:
    await ensure_shop(session)
    marks = [uuid7().hex[-12:] for _ in range(5)]
    await add_suppressions(session, SYSTEM, [f"{mark}@example.com" for mark in marks])


async def imports(session: AsyncSession) -> None:
    for number in range(4):
        await add_upload(
            session, SYSTEM, import_id=uuid7(), kind=("customers", "purchases")[number % 2], file_name="a.csv",
            file_key=uuid7().hex,
        )  # fmt: skip


async def webhook_endpoints(session: AsyncSession) -> None:
    await session.execute(
        text(
            "INSERT INTO webhook_endpoints (url, description, events, secret_encrypted, is_active)"
            " SELECT 'https://hooks.example.com/' || uuid_v7(), 'No ' || n, ARRAY['customer.created'],"
            " CAST('x' AS bytea), n % 2 = 0 FROM generate_series(1, 5) n"
        )
    )


async def webhook_deliveries(session: AsyncSession) -> None:
    await webhook_endpoints(session)
    await session.execute(
        text(
            "WITH made AS (INSERT INTO webhook_events (type, payload)"
            " SELECT 'customer.created', '{}' FROM generate_series(1, 5) RETURNING id)"
            " INSERT INTO webhook_deliveries (event_id, endpoint_id, status, attempts, created_at)"
            " SELECT made.id, (SELECT id FROM webhook_endpoints ORDER BY id LIMIT 1),"
            " (ARRAY['pending', 'delivered', 'failed'])[1 + (row_number() OVER ()) % 3], 1,"
            " now() - make_interval(secs => row_number() OVER ()) FROM made"
        )
    )


async def one_endpoint(session: AsyncSession) -> dict[str, Any]:
    return {"endpoint": await _first(session, "SELECT CAST(id AS text) FROM webhook_endpoints ORDER BY id LIMIT 1")}


async def jobs(session: AsyncSession) -> None:
    for number in range(5):
        await enqueue_another(session, (Job.ROLL_UP, Job.SCORE_CUSTOMERS)[number % 2], {})
    await session.execute(text("UPDATE jobs SET status = 'succeeded', finished_at = now() WHERE name = 'roll_up'"))


async def everybodys(session: AsyncSession) -> dict[str, Any]:
    return {"everyone": True, "me": None}


async def audit_log(session: AsyncSession) -> None:
    for number in range(5):
        await audit(session, SYSTEM, f"thing.{('made', 'gone')[number % 2]}", "thing", None, number=number)


async def plans(session: AsyncSession) -> None:
    await campaigns(session)
    await session.execute(
        text(
            "INSERT INTO plans (campaign_id, version, engine, status)"
            " SELECT k.id, n + (SELECT count(*) FROM plans p WHERE p.campaign_id = k.id),"
            " CASE WHEN n % 2 = 0 THEN 'llm' ELSE 'heuristic' END, CASE n WHEN 5 THEN 'draft' ELSE 'superseded' END"
            " FROM campaigns k, generate_series(1, 5) n"
        )
    )


async def edits(session: AsyncSession) -> None:
    """Of the first campaign: five changes, of one message or of two together, one of them taken back."""
    await campaigns(session)
    await session.execute(
        text(
            "WITH made AS (SELECT uuid_v7() AS batch, n FROM generate_series(1, 5) n)"
            " INSERT INTO plan_edits (campaign_id, plan_id, batch, action_id, kind, summary, actor_name, created_at,"
            " undone_at) SELECT CAST(:campaign AS uuid), :campaign, batch, uuid_v7(),"
            " CASE WHEN n = 1 THEN 'move' ELSE 'skip' END, 'Took some out', 'Dana',"
            " date_trunc('day', now()) - make_interval(days => n / 2), CASE WHEN n = 3 THEN now() END"
            " FROM made, generate_series(0, n % 2)"
        ),
        await one_campaign(session),
    )


async def one_campaign(session: AsyncSession) -> dict[str, Any]:
    return {"campaign": await _first(session, "SELECT min(CAST(id AS text)) FROM campaigns")}


async def versions(session: AsyncSession) -> None:
    await templates(session)
    await session.execute(
        text(
            "INSERT INTO template_versions (template_id, version, subject_template)"
            " SELECT t.id, n + (SELECT max(version) FROM template_versions v WHERE v.template_id = t.id), t.name"
            " FROM message_templates t, generate_series(1, 5) n"
        )
    )


async def one_template(session: AsyncSession) -> dict[str, Any]:
    return {"template": await _first(session, "SELECT min(CAST(id AS text)) FROM message_templates")}


async def purchases(session: AsyncSession) -> None:
    """Of the first customer there is: four baskets, two of one moment; and one of somebody else."""
    await ensure_shop(session)
    for _ in range(2):
        await add_customer(session)
    first = (await one_customer(session))["customer"]
    others = await session.execute(text("SELECT id FROM customers WHERE id <> :id LIMIT 1"), {"id": first})
    for person, days in ((first, 1), (first, 9), (first, 9), (first, 30), (others.scalar_one(), 2)):
        await add_purchase(session, person, days_ago=days)
    await session.execute(text("UPDATE purchases SET total = 44, occurred_at = date_trunc('day', occurred_at)"))
    await session.execute(text("UPDATE purchases SET total = 12 WHERE CAST(id AS text) < '8'"))


async def sales(session: AsyncSession) -> None:
    """Orders, one given back and one of nothing; one of somebody who was deleted."""
    await purchases(session)
    person = await add_customer(session, name=None, deleted_at=now())
    for total in (-5, 0, 7):
        basket = await add_purchase(session, person, days_ago=3)
        await session.execute(text("UPDATE purchases SET total = :it WHERE id = :id"), {"it": total, "id": basket})


async def consents(session: AsyncSession) -> None:
    """Five words of the first customer, two of one moment; one of somebody else."""
    for _ in range(2):
        await add_customer(session)
    first = (await one_customer(session))["customer"]
    evidence = '{"import": "a.csv", "row": 2, "column": "Opt in", "words": "Yes", "said_of_all": ["consent_at"]}'
    await session.execute(
        text(
            "INSERT INTO consents (customer_id, channel, status, source, at, evidence)"
            " SELECT CASE n WHEN 5 THEN (SELECT id FROM customers WHERE id <> :id LIMIT 1) ELSE CAST(:id AS uuid) END,"
            " CASE n % 2 WHEN 0 THEN 'email' ELSE 'sms' END, 'given', 'till ' || n, now() - n / 2 * interval '1 day',"
            " CAST(CASE WHEN n < 2 THEN :evidence ELSE '{}' END AS jsonb) FROM generate_series(0, 5) n"
        ),
        {"id": first, "evidence": evidence},
    )


async def one_customer(session: AsyncSession) -> dict[str, Any]:
    return {"customer": await _first(session, "SELECT min(CAST(id AS text)) FROM customers")}


async def not_sent(session: AsyncSession) -> None:
    """The first customer, left out of five campaigns' audiences."""
    await campaigns(session)
    await add_customer(session)
    await session.execute(
        text(
            "INSERT INTO exclusions (campaign_id, customer_id, reason, detail, created_at)"
            " SELECT id, :customer, 'cap_reached', name, date_trunc('day', now()) FROM campaigns ON CONFLICT DO NOTHING"
        ),
        await one_customer(session),
    )


async def pools(session: AsyncSession) -> None:
    for number in range(4):
        await create_pool(session, SYSTEM, name=f"Pool {uuid7()}", discount_pct=10 + number % 2)


async def drop_folders(session: AsyncSession) -> None:
    """Five folders, five files in the first."""
    for number in range(5):
        await session.execute(
            text(
                "INSERT INTO drop_sources (name, folder, kind, silent_hours, looked_at)"
                " VALUES (:name, :name, 'products', :hours, CASE WHEN :hours = 1 THEN now() END)"
            ),
            {"name": f"till-{uuid7()}", "hours": number},
        )
    await session.execute(
        text(
            "INSERT INTO drop_files (source_id, name, size, modified, status, seen_at)"
            " SELECT (SELECT CAST(min(CAST(id AS text)) AS uuid) FROM drop_sources), uuid_v7() || '.csv', n, now(),"
            " CASE WHEN n % 2 = 0 THEN 'failed' ELSE 'repeated' END, date_trunc('day', now())"
            " FROM generate_series(1, 5) n"
        )
    )


async def replies(session: AsyncSession) -> None:
    await ensure_shop(session)
    person = await add_customer(session)
    await session.execute(
        text(
            "INSERT INTO replies (provider, event_id, address, address_hash, customer_id, body, status, received_at)"
            " SELECT 'twilio', 'SM' || uuid_v7(), '+1207555010' || n, '\\x00',"
            " CASE WHEN n < 3 THEN CAST(:id AS uuid) END, 'what?',"
            " CASE WHEN n % 2 = 0 THEN 'open' ELSE 'read' END, date_trunc('day', now())"
            " FROM generate_series(1, 5) n"
        ),
        {"id": person},
    )


async def products(session: AsyncSession) -> None:
    known = {"category": "Gin", "price": Decimal(20), "cost": Decimal(12), "stock": Decimal(4)}
    rows = [
        *(product(number, f"S-{uuid7()}", None, f"Bottle {number % 2}", **known) for number in range(3)),
        *(product(number, f"S-{uuid7()}", None, f"Bottle {number % 2}") for number in range(3, 5)),
    ]
    await write_products(session, rows, source="a.csv", at=now())


async def fresh(session: AsyncSession) -> dict[str, Any]:
    return {"fresh": now() - timedelta(hours=24)}


async def guidance(session: AsyncSession) -> None:
    for _ in range(4):
        await save_guidance(session, SYSTEM, {"tone": f"Dry, {uuid7()}."})


async def interests(session: AsyncSession) -> None:
    await products(session)
    for _ in range(5):
        await add_customer(session)
    await session.execute(
        text(
            "INSERT INTO product_interests (product_id, customer_id, source, status, asked_at) SELECT"
            " (SELECT CAST(min(CAST(id AS text)) AS uuid) FROM products), id, 'staff',"
            " CASE WHEN row_number() OVER (ORDER BY id) % 2 = 0 THEN 'told' ELSE 'waiting' END,"
            " date_trunc('day', now()) FROM customers ON CONFLICT DO NOTHING"
        )
    )


async def allocations(session: AsyncSession) -> None:
    await session.execute(
        text(
            "INSERT INTO allocations (product_name, bottles, method, status, seed_encrypted, seed_hash, created_at)"
            " SELECT 'Bottle ' || n % 2, n, 'draw', CASE WHEN n % 2 = 0 THEN 'open' ELSE 'cancelled' END, '\\x00', 'h',"
            " date_trunc('day', now()) FROM generate_series(1, 5) n"
        )
    )


async def entries(session: AsyncSession) -> None:
    await allocations(session)
    await session.execute(
        text(
            "INSERT INTO allocation_entries (allocation_id, number, person, spend, place, status)"
            " SELECT a.id, n + COALESCE((SELECT max(e.number) FROM allocation_entries e), 0), uuid_v7(), n,"
            " CASE WHEN n < 4 THEN 4 - n END, CASE WHEN n % 2 = 0 THEN 'listed' ELSE 'offered' END"
            " FROM (SELECT CAST(min(CAST(id AS text)) AS uuid) AS id FROM allocations) a, generate_series(1, 5) n"
        )
    )


async def one_product(session: AsyncSession) -> dict[str, Any]:
    return {"product": await _first(session, "SELECT min(CAST(id AS text)) FROM products")}


async def one_allocation(session: AsyncSession) -> dict[str, Any]:
    return {"allocation": await _first(session, "SELECT min(CAST(id AS text)) FROM allocations")}


async def _first(session: AsyncSession, which: str) -> UUID:
    found = await session.execute(text(which))
    return UUID(found.scalar_one())


async def shop_zone(session: AsyncSession) -> dict[str, Any]:
    return {"zone": "America/New_York"}


LISTS = [
    Listed(CAMPAIGNS, campaigns, "/campaigns"),
    Listed(AB_TESTS, ab_tests, "/ab-tests"),
    Listed(CUSTOMERS, customers, "/customers"),
    Listed(SENDS, messages, "/sends", shop_zone),
    Listed(LEFT_SENDS, messages, scope=shop_zone),
    Listed(OUTBOX, messages),
    Listed(ACTIONS, messages, "/actions"),
    Listed(SEGMENTS, segments, "/segments", since),
    Listed(MEMBERS, members, "/segments/{segment}/customers", one_segment),
    Listed(TEMPLATES, templates, "/settings/templates"),
    Listed(SUPPRESSIONS, suppressions, "/suppressions"),
    Listed(DOUBLES, doubles, "/doubles"),
    Listed(IMPORTS, imports, "/imports"),
    Listed(REPLIES, replies, "/replies"),
    Listed(TEAM, team, "/users"),
    Listed(API_KEYS, api_keys, "/api-keys"),
    Listed(WEBHOOKS, webhook_endpoints, "/webhook-endpoints"),
    Listed(DELIVERIES, webhook_deliveries, "/webhook-endpoints/{endpoint}/deliveries", one_endpoint),
    Listed(JOBS, jobs, "/jobs", everybodys),
    Listed(AUDIT, audit_log, "/audit", shop_zone),
    Listed(PLANS, plans, "/campaigns/{campaign}/plans", one_campaign),
    Listed(EDITS, edits, "/campaigns/{campaign}/edits", one_campaign),
    Listed(NOT_SENT, not_sent, "/customers/{customer}/not-sent", one_customer),
    Listed(VERSIONS, versions, "/settings/templates/{template}/versions", one_template),
    Listed(PURCHASES, purchases, "/customers/{customer}/purchases", one_customer),
    Listed(SALES, sales, "/purchases", shop_zone),
    Listed(CONSENTS, consents, "/customers/{customer}/consents", one_customer),
    Listed(POOLS, pools, "/coupon-pools"),
    Listed(PRODUCTS, products, "/products", fresh),
    Listed(DROP_SOURCES, drop_folders, "/drop-folders"),
    Listed(DROP_FILES, drop_folders, "/drop-files"),
    Listed(GUIDANCE, guidance),
    Listed(INTERESTS, interests, "/products/{product}/interests", one_product),
    Listed(ALLOCATIONS, allocations, "/allocations"),
    Listed(ENTRIES, entries, "/allocations/{allocation}/entries", one_allocation),
]
