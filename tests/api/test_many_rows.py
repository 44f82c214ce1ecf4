"""Thousands of customers, purchases and events in one call: each row is told what became of it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.listing.told_rows import MOST_ROWS
from liquor_app.customers.erasing.models import Ground
from liquor_app.customers.labels.custom_fields import add_custom_field
from liquor_app.customers.suppressions import add_suppressions
from liquor_app.privacy.erase import request_erasure
from tests.api.client import Client, is_problem
from tests.people import add_customer

pytestmark = pytest.mark.integration

LINES = {"Content-Type": "application/x-ndjson"}


def bought(order: str, **said: Any) -> dict[str, Any]:
    lines = [{"amount": "10.00", "product": "Rye"}, {"amount": "5.50", "product": "Gin"}]
    return {"order_id": order, "occurred_at": "2026-10-02T17:40:00Z", "lines": lines, **said}


async def put(client: Client, rows: Any, **options: Any) -> dict[str, Any]:
    return told(await client.call("PUT", "/customers", json=rows, **options))


def told(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body["rows"] == len(body["items"])
    assert [one["row"] for one in body["items"]] == list(range(1, body["rows"] + 1))
    for outcome in ("created", "updated", "unchanged", "recorded", "superseded", "refused"):
        assert body[outcome] == sum(one["outcome"] == outcome for one in body["items"])
    return body


def outcomes(body: dict[str, Any]) -> list[str]:
    return [one["outcome"] for one in body["items"]]


def fields(body: dict[str, Any]) -> list[str | None]:
    return [one["field"] for one in body["items"]]


async def rows_of(statement: str, **values: Any) -> list[Any]:
    async with transaction() as session:
        return list((await session.execute(text(statement), values)).all())


async def test_customers_are_added_changed_and_left_alone(manager: Client) -> None:
    first = [
        {"external_id": "C-1", "email": "Ada@Example.com", "phone": "(207) 555-0101", "state": "Maine"},
        {"external_id": "C-2", "name": "Bob  Sample", "tags": ["vip", "rye lover"]},
    ]
    made = await put(manager, first)
    assert outcomes(made) == ["created", "created"]
    assert outcomes(await put(manager, first)) == ["unchanged", "unchanged"]
    ada = (await manager.get(f"/customers/{made['items'][0]['id']}")).json()
    assert (ada["email"], ada["phone"], ada["state"], ada["timezone"]) == (
        "Ada@Example.com", "+12075550101", "ME", "America/New_York",
    )  # fmt: skip
    assert (ada["email_consent"], ada["sms_consent"]) == (None, None)
    changed = await put(manager, [{"email": "ada@example.com", "city": "Portland", "name": None}, first[1]])
    assert outcomes(changed) == ["updated", "unchanged"]
    assert changed["items"][0]["id"] == ada["id"]
    assert (await manager.get(f"/customers/{ada['id']}")).json()["phone"] == "+12075550101"
    labels = (await manager.get(f"/customers/{made['items'][1]['id']}/labels")).json()
    assert sorted(labels["tags"]) == ["rye lover", "vip"]


async def test_a_bad_row_is_refused_and_the_others_are_stored(manager: Client) -> None:
    rows: list[Any] = [
        {"email": "good@example.com"},
        {"email": "nonsense", "external_id": "C-9"},
        {"phone": "12", "external_id": "C-10"},
        {"name": "Nobody Known"},
        {"email": 7},
        {"email": "x@example.com", "clv_score": 5},
        {"email": "y@example.com", "date_of_birth": "2199-01-01"},
        {"email": "z@example.com", "date_of_birth": "1900-01-01"},
        {"email": "w@example.com", "timezone": "Mars/Olympus"},
        {"email": "v@example.com", "name": "x" * 300},
        "no object",
        {"email": "u@example.com", "custom": {"grape": "Rye"}},
        {"email": "t@example.com", "tags": ["a,b"]},
        {"external_id": "a\x00b"},
    ]
    answer = await put(manager, rows)
    assert outcomes(answer) == ["created"] + ["refused"] * 13
    assert fields(answer) == [
        None, "email", "phone", "email", "email", "clv_score", "date_of_birth", "date_of_birth", "timezone", "name",
        None, "custom.grape", "tags.0", "external_id",
    ]  # fmt: skip
    assert [one for one in answer["items"][1:] if not one["code"] or not one["reason"].endswith(".")] == []
    assert (await manager.get("/customers")).json()["total"] == 1


async def test_rows_may_come_as_lines(manager: Client) -> None:
    lines = b'{"email": "a@example.com"}\n\n{"email": \n{"email": "b@example.com"}\r\n[1]\n' + b"\xff\n"
    answer = told(await manager.call("PUT", "/customers", content=lines, headers=LINES))
    assert outcomes(answer) == ["created", "refused", "created", "refused", "refused"]


async def test_a_consent_needs_its_evidence(manager: Client) -> None:
    proof = {"consent_source": "counter", "consent_at": "2026-03-01T10:00:00Z"}
    answer = await put(
        manager,
        [
            {"email": "a@example.com", "email_consent": True},
            {"email": "b@example.com", "email_consent": True, "consent_source": "counter"},
            {"email": "c@example.com", "email_consent": True, **proof, "consent_wording": "Yes, write to me."},
            {"email": "d@example.com", "email_consent": True, **proof, "consent_at": "2199-03-01T10:00:00Z"},
            {"email": "e@example.com", "email_consent": False},
        ],
    )
    assert outcomes(answer) == ["refused", "refused", "created", "refused", "created"]
    assert [answer["items"][at]["field"] for at in (0, 1, 3)] == ["consent_source", "consent_at", "consent_at"]
    given = answer["items"][2]["id"]
    assert (await manager.get(f"/customers/{given}")).json()["email_consent"] == "given"
    (kept,) = (await manager.get(f"/customers/{given}/consents")).json()["items"]
    assert (kept["source"], kept["agreed_to"], kept["at"]) == ("counter", "Yes, write to me.", "2026-03-01T10:00:00Z")
    refused = answer["items"][4]["id"]
    assert (await manager.get(f"/customers/{refused}")).json()["email_consent"] == "withdrawn"
    later = await put(manager, [{"email": "e@example.com", "email_consent": True, **proof}])
    assert outcomes(later) == ["unchanged"], "an older yes overrides no later no"
    assert (await manager.get(f"/customers/{refused}")).json()["email_consent"] == "withdrawn"


async def test_a_no_is_heard_in_a_row_that_is_refused(manager: Client) -> None:
    proof = {"consent_source": "counter", "consent_at": "2026-03-01T10:00:00Z"}
    made = await put(manager, [{"email": "a@example.com", "email_consent": True, **proof}])
    answer = await put(manager, [{"email": "a@example.com", "phone": "12", "city": "Rome", "email_consent": False}])
    assert (outcomes(answer), fields(answer)) == (["refused"], ["phone"])
    row = (await manager.get(f"/customers/{made['items'][0]['id']}")).json()
    assert (row["email_consent"], row["city"]) == ("withdrawn", None)
    strangers = await put(manager, [{"email": "new@example.com", "phone": "12", "email_consent": False}])
    assert outcomes(strangers) == ["refused"]
    assert (await manager.get("/customers")).json()["total"] == 1


async def test_who_was_erased_stays_so_and_who_is_suppressed(admin: Client) -> None:
    async with transaction() as session:
        gone = await add_customer(session, email="gone@example.com", email_key="gone@example.com", external_id="C-1")
        await request_erasure(session, SYSTEM, gone, ground=Ground.ASKED, confirmed=True)
        await add_suppressions(session, SYSTEM, ["still@example.com"])
    proof = {"email_consent": True, "consent_source": "counter", "consent_at": "2026-03-01T10:00:00Z"}
    answer = await put(
        admin,
        [
            {"email": "gone@example.com", "name": "Ghost", **proof},
            {"external_id": "C-1", "name": "Ghost"},
            {"email": "still@example.com", **proof},
        ],
    )
    assert outcomes(answer) == ["refused", "refused", "created"]
    assert answer["items"][0]["code"] == "erased_person"
    listed = (await admin.get("/suppressions?address=still@example.com")).json()["items"]
    assert len(listed) == 1
    bought_by = told(await admin.post("/purchases", json=[bought("O-1", email="gone@example.com")]))
    assert (outcomes(bought_by), fields(bought_by)) == (["refused"], ["email"])
    assert await rows_of("SELECT 1 FROM customers WHERE deleted_at IS NULL AND name = 'Ghost'") == []


async def test_a_minor_does_not_come_of_age_by_a_row(manager: Client) -> None:
    young = (datetime.now(UTC) - timedelta(days=365 * 17)).date().isoformat()
    made = await put(manager, [{"email": "a@example.com", "date_of_birth": young}])
    answer = await put(manager, [{"email": "a@example.com", "date_of_birth": "1970-05-05"}])
    assert outcomes(answer) == ["unchanged"]
    row = (await manager.get(f"/customers/{made['items'][0]['id']}/age")).json()
    assert row["date_of_birth"] == young


async def test_custom_fields_are_filled_by_their_kind(manager: Client) -> None:
    async with transaction() as session:
        await add_custom_field(session, SYSTEM, "Favorite grape", "text")
        await add_custom_field(session, SYSTEM, "Bottles", "number")
    good = {"email": "a@example.com", "custom": {"favorite_grape": "Riesling", "bottles": 12.5}}
    answer = await put(manager, [good, {"email": "b@example.com", "custom": {"bottles": "many"}}])
    assert outcomes(answer) == ["created", "refused"]
    labels = (await manager.get(f"/customers/{answer['items'][0]['id']}/labels")).json()
    assert labels["custom"] == {"favorite_grape": "Riesling", "bottles": "12.5"}


async def test_purchases_by_the_thousand_are_what_single_ones_are(manager: Client) -> None:
    async with transaction() as session:
        one = await add_customer(session, email="ann@example.com", email_key="ann@example.com")
        two = await add_customer(session, external_id="C-2")
    single = (await manager.post("/purchases", json=bought("O-1", email="ann@example.com"))).json()
    orders = [
        bought("O-1", email="ann@example.com"),
        bought("O-2", external_id="C-2"),
        bought("O-3", email="nobody@example.com"),
        bought("O-4", email="ann@example.com", lines=[{"amount": "-1"}]),
        bought("O-5"),
        bought("O-6", email="ann@example.com", occurred_at="2199-01-01T00:00:00Z"),
        bought("O-2", external_id="C-2", lines=[{"amount": "99.99"}]),
        bought("O-1", external_id="C-2"),
    ]
    answer = told(await manager.post("/purchases", json=orders))
    assert outcomes(answer) == [
        "unchanged", "superseded", "refused", "refused", "refused", "refused", "created", "refused",
    ]  # fmt: skip
    assert fields(answer) == [None, None, "email", "lines.0.amount", "email", "occurred_at", None, "order_id"]
    assert answer["items"][0]["id"] == single["id"]
    kept = await rows_of("SELECT external_id, customer_id, total FROM purchases ORDER BY external_id")
    assert [tuple(row) for row in kept] == [("O-1", one, Decimal("15.50")), ("O-2", two, Decimal("99.99"))]
    again = told(await manager.post("/purchases", json=orders))
    assert outcomes(again)[6] == "unchanged"
    assert len(await rows_of("SELECT 1 FROM purchase_lines")) == 3
    jobs = {row[0] for row in await rows_of("SELECT name FROM jobs")}
    assert {"score_customers", "roll_up"} <= jobs
    entries = await rows_of("SELECT changes FROM audit_log WHERE action = 'purchases.recorded' ORDER BY id")
    assert entries[0][0] == {"rows": 8, "counts": {"unchanged": 1, "superseded": 1, "refused": 5, "created": 1}}


async def test_events_by_the_thousand(manager: Client) -> None:
    async with transaction() as session:
        one = await add_customer(session, email="ann@example.com", email_key="ann@example.com", external_id="C-1")
    view = {"event_type": "page_view", "email": "Ann@example.com", "properties": {"path": "/rye"}}
    lines = "\n".join(
        json.dumps(row)
        for row in (
            view,
            {**view, "event_type": "delivered"},
            {"event_type": "wishlist", "external_id": "C-1"},
            {"event_type": "page_view", "external_id": "C-404"},
            {"event_type": "page_view"},
            {**view, "properties": {"x": "y" * 9_000}},
        )
    )
    answer = told(await manager.post("/events", content=lines, headers=LINES))
    assert outcomes(answer) == ["recorded", "refused", "recorded", "refused", "refused", "refused"]
    assert fields(answer) == [None, "event_type", None, "external_id", "email", "properties"]
    kept = await rows_of("SELECT event_type, customer_id FROM analytics_events ORDER BY event_type")
    assert [tuple(row) for row in kept] == [("page_view", one), ("wishlist", one)]


async def test_what_a_body_may_be(manager: Client) -> None:
    for path in ("/purchases", "/events"):
        is_problem(await manager.post(path, content=b"{", headers={"Content-Type": "application/json"}), 422, "invalid")
        is_problem(await manager.post(path, json=[]), 422, "invalid", "body")
        is_problem(await manager.post(path, content=b"", headers=LINES), 422, "rule.value", "body")
        is_problem(await manager.post(path, json=[{}] * (MOST_ROWS + 1)), 422, "invalid", "body")
        is_problem(
            await manager.post(path, content=b"x", headers={"Content-Type": "text/csv"}), 415, "unsupported_media_type"
        )
        is_problem(
            await manager.post(path, content=b"[" * 100_000, headers={"Content-Type": "application/json"}),
            422,
            "invalid",
        )
        large = b" " * (16 * 1024 * 1024 + 1)
        is_problem(await manager.post(path, content=large, headers=LINES), 413, "content_too_large")
    is_problem(await manager.call("PUT", "/customers", json={"email": "a@example.com"}), 422, "invalid", "body")
    deep = told(await manager.call("PUT", "/customers", content=b'{"a":' * 5_000 + b"1" + b"}" * 5_000, headers=LINES))
    assert outcomes(deep) == ["refused"]
    answer = await manager.post("/events", content=b'{"event_type": "page_view", "properties": {"x": NaN}}',
                                headers={"Content-Type": "application/json"})  # fmt: skip
    is_problem(answer, 422, "invalid", "body")


async def test_a_call_repeated_by_its_key_is_answered_again(manager: Client) -> None:
    async with transaction() as session:
        await add_customer(session, email="ann@example.com", email_key="ann@example.com")
    view, key = {"event_type": "page_view", "email": "ann@example.com"}, {"Idempotency-Key": "batch-7"}
    first = await manager.post("/events", json=[view, view], headers=key)
    again = await manager.post("/events", json=[view, view], headers=key)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert len(await rows_of("SELECT 1 FROM analytics_events")) == 2
    other = await manager.post("/events", json=[view], headers=key)
    is_problem(other, 422, "rule.reused_key", "Idempotency-Key")


async def test_a_key_writes_in_its_areas_alone(anybody: Client, viewer: Client) -> None:
    async with transaction() as session:
        till = await create_api_key(session, SYSTEM, name="Till", role=Role.MANAGER, areas=["purchases:write"])
        reader = await create_api_key(session, SYSTEM, name="Reader", role=Role.USER)
        await add_customer(session, email="ann@example.com", email_key="ann@example.com")
    of_till = Client(anybody.http, {"X-API-Key": till})
    good = await of_till.post("/purchases", json=[bought("O-1", email="ann@example.com")])
    assert outcomes(told(good)) == ["created"]
    view = [{"event_type": "page_view", "email": "ann@example.com"}]
    is_problem(await of_till.post("/events", json=view), 403, "forbidden")
    is_problem(await of_till.call("PUT", "/customers", json=[{"email": "b@example.com"}]), 403, "forbidden")
    for client in (viewer, Client(anybody.http, {"X-API-Key": reader})):
        is_problem(await client.call("PUT", "/customers", json=[{"email": "b@example.com"}]), 403, "forbidden")
        is_problem(await client.post("/purchases", json=[bought("O-2", email="ann@example.com")]), 403, "forbidden")
        is_problem(await client.post("/events", json=view), 403, "forbidden")
    assert (await viewer.get("/customers")).json()["total"] == 1


async def test_what_happened_is_told_to_others(admin: Client) -> None:
    events = ["customer.created", "customer.updated", "purchase.created"]
    made = await admin.post("/webhook-endpoints", json={"url": "https://hooks.example.com/x", "events": events})
    assert made.status_code == 201, made.text
    await put(admin, [{"email": "a@example.com"}, {"email": "b@example.com"}])
    await put(admin, [{"email": "a@example.com", "city": "Rome"}, {"email": "b@example.com"}])
    told(await admin.post("/purchases", json=[bought("O-1", email="a@example.com")]))
    kept = [row[0] for row in await rows_of("SELECT type FROM webhook_events ORDER BY id")]
    assert kept == ["customer.created", "customer.created", "customer.updated", "purchase.created"]


async def test_two_calls_about_the_same_people_at_once(manager: Client) -> None:
    rows = [{"email": f"p{n}@example.com", "external_id": f"C-{n}"} for n in range(200)]
    answers = await asyncio.gather(*(manager.call("PUT", "/customers", json=rows) for _ in range(4)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert good
    assert all(answer.status_code in {200, 409} for answer in answers)
    assert sum(answer.json()["created"] for answer in good) == 200
    assert (await manager.get("/customers")).json()["total"] == 200


async def test_as_many_rows_as_are_taken_in_few_statements(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many statements a call takes does not depend on its rows."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    seen: list[str] = []
    event.listen(Engine, "before_cursor_execute", lambda *given: seen.append(given[2]))

    async def statements(rows: list[dict[str, Any]], path: str, method: str) -> int:
        seen.clear()
        told(await manager.call(method, path, json=rows))
        return sum("set_config('enable_" not in one for one in seen)  # how many are asked for settles how, not what

    people = [{"external_id": f"C-{n}", "email": f"p{n}@example.com"} for n in range(600)]
    few = await statements(people[:2], "/customers", "PUT")
    assert await statements(people[2:], "/customers", "PUT") <= few + 2
    orders = [bought(f"O-{n}", external_id=f"C-{n}") for n in range(600)]
    few = await statements(orders[:2], "/purchases", "POST")
    assert await statements(orders[2:], "/purchases", "POST") <= few + 2
    views = [{"event_type": "page_view", "external_id": f"C-{n}"} for n in range(600)]
    few = await statements(views[:2], "/events", "POST")
    assert await statements(views[2:], "/events", "POST") <= few + 2


async def test_no_program_brings_back_who_was_erased(anybody: Client, admin: Client) -> None:
    """Before, what a bulk call refused one by one calls took, and a yes after it."""
    async with transaction() as session:
        gone = await add_customer(session, email="gone@example.com", email_key="gone@example.com", external_id="C-1")
        other = await add_customer(session)
        await request_erasure(session, SYSTEM, gone, ground=Ground.ASKED, confirmed=True)
        key = await create_api_key(session, SYSTEM, name="till", role=Role.MANAGER)
    by_key = {"X-API-Key": key}
    for body in ({"email": "gone@example.com", "name": "Ghost"}, {"external_id": "C-1"}):
        answer = await anybody.post("/customers", json=body, headers=by_key)
        is_problem(answer, 409, "rule.taken")
    tag = (await admin.get(f"/customers/{other}")).headers["etag"]
    moved = await anybody.patch(
        f"/customers/{other}", json={"email": "gone@example.com"}, headers=by_key | {"If-Match": tag}
    )
    is_problem(moved, 409, "rule.taken")
    assert (await anybody.post("/customers", json={"email": "new@example.com"}, headers=by_key)).status_code == 201
    again = await admin.post("/customers", json={"email": "gone@example.com"})
    assert again.status_code == 201, "who comes back by themselves is entered by somebody of the shop"
