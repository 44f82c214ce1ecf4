"""Customers over HTTP: the conventions every list and every change follows."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.paging import encode_cursor
from liquor_app.customers.ages.birth_dates import age_band
from liquor_app.customers.labels.tags import tag_customers
from liquor_app.organization.settings import shop_today
from tests.api.client import NOT_TAKEN, Client, is_problem
from tests.people import add_customer, add_purchase, add_send

pytestmark = pytest.mark.integration


async def test_create_read_change_delete(manager: Client) -> None:
    made = await manager.post("/customers", json={"email": "Ada@Example.com", "phone": "(207) 555-0101", "state": "ME"})
    assert made.status_code == 201
    row = made.json()
    assert made.headers["location"] == f"/api/v1/customers/{row['id']}"
    assert (row["email"], row["phone"], row["timezone"]) == ("Ada@Example.com", "+12075550101", "America/New_York")
    assert (row["email_consent"], row["total_spent"]) == (None, "0.00")
    path = f"/customers/{row['id']}"
    changed = await manager.patch(path, json={"name": "Ada Lovelace", "phone": None})
    assert (changed.json()["name"], changed.json()["phone"]) == ("Ada Lovelace", None)
    assert (await manager.delete(path)).status_code == 204
    for gone in (await manager.get(path), await manager.delete(path), await manager.patch(path, json={"name": "x"})):
        is_problem(gone, 404, "not_found")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "email"),
        ({"email": "nonsense"}, 422, "email"),
        ({"phone": "12"}, 422, "phone"),
        ({"email": "a@b.co", "clv_score": 5}, 422, "clv_score"),
        ({"email": "a@b.co", "date_of_birth": "30 Feb"}, 422, "date_of_birth"),
        ({"email": "a@b.co", "name": "x" * 300}, 422, "name"),
        ({"email": 7}, 422, "email"),
    ],
)
async def test_bad_customers_are_refused_by_name(
    manager: Client, body: dict[str, object], status: int, field: str
) -> None:
    is_problem(await manager.post("/customers", json=body), status, NOT_TAKEN, field)
    assert (await manager.get("/customers")).json()["total"] == 0


async def test_an_address_belongs_to_one_customer(manager: Client) -> None:
    await manager.post("/customers", json={"email": "ada@example.com"})
    is_problem(await manager.post("/customers", json={"email": "ADA@example.com"}), 409, "rule.taken", "email")


async def test_pages_follow_the_cursor_without_gap_or_repeat(viewer: Client) -> None:
    async with transaction() as session:
        for number in range(23):
            await add_customer(session, clv_score=None if number < 5 else Decimal(number % 7))
    seen: list[str] = []
    scores: list[str | None] = []
    cursor: str | None = None
    while True:
        params = {"limit": 5, "sort": "-clv_score", **({"cursor": cursor} if cursor else {})}
        page = (await viewer.get("/customers", params=params)).json()
        assert set(page) == {"items", "next_cursor", "total", "total_is_exact"}
        assert (page["total"], page["total_is_exact"]) == (23, True)
        seen += [row["id"] for row in page["items"]]
        scores += [row["clv_score"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 23
    known = [Decimal(score) for score in scores if score is not None]
    assert known == sorted(known, reverse=True)
    assert scores[-5:] == [None] * 5


async def test_filters_and_sorts(viewer: Client) -> None:
    async with transaction() as session:
        await add_customer(session, name="Ada Lovelace", churn_risk="high", rfm_segment="At_Risk")
        await add_customer(session, name="Bo Diddley", churn_risk="low", rfm_segment="Champions", email_consent=None)
    for params, names in (
        ({"search": "lovel"}, ["Ada Lovelace"]),
        ({"churn_risk": "low"}, ["Bo Diddley"]),
        ({"churn_risk": "low,high", "sort": "name"}, ["Ada Lovelace", "Bo Diddley"]),
        ({"rfm_segment": "Champions"}, ["Bo Diddley"]),
        ({"channel": "email"}, ["Ada Lovelace"]),
        ({"search": "%"}, []),
    ):
        rows = (await viewer.get("/customers", params=params)).json()["items"]
        assert [row["name"] for row in rows] == names, params


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"cursor": "@@@"}, "cursor"),
        ({"cursor": "WzEsMiwzXQ"}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"sort": "password"}, "sort"),
        ({"channel": "pigeon"}, "channel"),
    ],
)
async def test_bad_parameters_are_named(viewer: Client, params: dict[str, object], field: str) -> None:
    is_problem(await viewer.get("/customers", params=params), 422, NOT_TAKEN, field)


async def test_unknown_and_malformed_ids(viewer: Client) -> None:
    is_problem(await viewer.get(f"/customers/{uuid4()}"), 404, "not_found")
    is_problem(await viewer.get("/customers/not-an-id"), 422, "invalid", "id")
    is_problem(await viewer.get(f"/customers/{uuid4()}/history"), 404, "not_found")


async def test_if_match_refuses_to_overwrite(manager: Client) -> None:
    row = (await manager.post("/customers", json={"email": "ada@example.com"})).json()
    path = f"/customers/{row['id']}"
    read = (await manager.get(path)).headers["etag"]
    first = await manager.patch(path, json={"name": "Ada"}, headers={"If-Match": read})
    assert first.status_code == 200
    assert first.headers["etag"] != read
    stale = await manager.patch(path, json={"name": "Bea"}, headers={"If-Match": read})
    is_problem(stale, 412, "precondition_failed")
    assert (await manager.get(path)).json()["name"] == "Ada"
    assert (await manager.patch(path, json={"name": "Cy"}, headers={"If-Match": "*"})).status_code == 200


async def test_a_repeated_post_with_a_key_happens_once(manager: Client, admin: Client) -> None:
    headers = {"Idempotency-Key": "till-7-0001"}
    body = {"external_id": "77", "name": "Ada"}
    first = await manager.post("/customers", json=body, headers=headers)
    second = await manager.post("/customers", json=body, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["location"] == first.headers["location"]
    other = await manager.post("/customers", json={"external_id": "78"}, headers=headers)
    is_problem(other, 422, "rule.reused_key", "Idempotency-Key")
    is_problem(await admin.post("/customers", json=body, headers=headers), 409, "rule.taken", "external_id")
    assert (await manager.get("/customers")).json()["total"] == 1


async def test_a_failed_post_leaves_its_key_free(manager: Client) -> None:
    headers = {"Idempotency-Key": "k"}
    is_problem(await manager.post("/customers", json={"email": "bad"}, headers=headers), 422, "rule.value", "email")
    assert (await manager.post("/customers", json={"email": "a@b.co"}, headers=headers)).status_code == 201


async def test_two_at_once_with_one_key_make_one(manager: Client) -> None:
    headers = {"Idempotency-Key": "race"}
    body = {"phone": "2075550101"}  # phones may repeat, so only the key stands between them
    answers = await asyncio.gather(*(manager.post("/customers", json=body, headers=headers) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await manager.get("/customers")).json()["total"] == 1


async def test_history_and_breakdown(viewer: Client) -> None:
    async with transaction() as session:
        ada = await add_customer(session, rfm_segment="Champions")
        await add_customer(session)
        await add_purchase(session, ada, days_ago=3, category="Rum")
    history = (await viewer.get(f"/customers/{ada}/history")).json()
    assert [(basket["total"], basket["categories"]) for basket in history["purchases"]] == [("20.00", ["Rum"])]
    breakdown = (await viewer.get("/customers/segments")).json()
    assert breakdown["total"] == 2
    assert {item["rfm_segment"]: item["customers"] for item in breakdown["items"]} == {"Champions": 1, "At_Risk": 1}


async def test_a_long_history_is_read_to_its_end(viewer: Client) -> None:
    """Page by page everything once, also where the one list is over long before the other."""
    async with transaction() as session:
        ada = await add_customer(session)
        for day in range(7):
            await add_purchase(session, ada, days_ago=day + 1)
        for day in range(3):
            await add_send(session, ada, days_ago=day + 1)
    bought, sent, cursor, pages = list[str](), list[str](), "", 0
    while cursor is not None:
        asked = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await viewer.get(f"/customers/{ada}/history", params=asked)).json()
        bought += [one["id"] for one in page["purchases"]]
        sent += [one["id"] for one in page["sends"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (len(bought), len(set(bought)), len(sent), len(set(sent)), pages) == (7, 7, 3, 3, 4)
    for wrong in ("x", encode_cursor("x", "y"), encode_cursor(1, 2), encode_cursor("x")):
        answer = await viewer.get(f"/customers/{ada}/history", params={"cursor": wrong})
        is_problem(answer, 422, "rule.made_up", "cursor")


async def test_fields_labels_and_merges_over_http(manager: Client, viewer: Client) -> None:
    added = await manager.post("/custom-fields", json={"label": "Favorite grape", "kind": "text"})
    field = {"key": "favorite_grape", "label": "Favorite grape", "kind": "text", "name": "custom.text.favorite_grape"}
    assert (added.status_code, added.json()) == (201, field)
    assert (await viewer.get("/custom-fields")).json() == [field]
    is_problem(
        await manager.post("/custom-fields", json={"label": "Favorite grape", "kind": "text"}), 409, "rule.taken"
    )
    ada, bea = [
        (await manager.post("/customers", json={"email": f"{name}@example.com", "date_of_birth": "1980-02-29"})).json()[
            "id"
        ]
        for name in ("ada", "bea")
    ]
    labels = {"tags": ["wine club"], "custom": {"favorite_grape": "Riesling"}}
    changed = await manager.patch(f"/customers/{ada}/labels", json=labels)
    assert changed.json() == (await viewer.get(f"/customers/{ada}/labels")).json() == labels
    is_problem(await viewer.patch(f"/customers/{ada}/labels", json=labels), 403, "forbidden")
    wrong = await manager.patch(f"/customers/{ada}/labels", json={"custom": {"nothing": "x"}})
    is_problem(wrong, 422, "rule.unknown", field="nothing")
    found = await viewer.get("/customers", params={"custom": "favorite_grape:Riesling"})
    assert [one["id"] for one in found.json()["items"]] == [ada]
    age = await manager.get(f"/customers/{ada}/age")
    assert age.json() == {"date_of_birth": "1980-02-29", "is_of_age": False, "is_disputed": False}
    is_problem(await viewer.get(f"/customers/{ada}/age"), 403, "forbidden")
    assert "1980-02-29" not in (await manager.get(f"/customers/{ada}")).text

    shown = await manager.get(f"/customers/{ada}/merge", params={"other": bea})
    assert {line["name"]: line["becomes"] for line in shown.json()["fields"]}["email"] == "ada@example.com"
    is_problem(await viewer.post(f"/customers/{ada}/merge", json={"other": bea, "reason": "x"}), 403, "forbidden")
    merged = await manager.post(f"/customers/{ada}/merge", json={"other": bea, "reason": "Showed both cards"})
    assert (merged.status_code, merged.json()["gone_id"]) == (201, bea)
    is_problem(await viewer.get(f"/customers/{bea}"), 404, "not_found")
    undone = await manager.post(f"/merges/{merged.json()['id']}/undo")
    assert undone.json()["can_undo"] is False
    assert (await viewer.get(f"/customers/{bea}")).status_code == 200
    assert (await manager.delete("/custom-fields/favorite_grape")).status_code == 403


async def test_a_viewer_learns_whether_of_age_and_no_day(viewer: Client, database: str) -> None:
    async with transaction() as session:
        ann = await add_customer(session, date_of_birth=date(1983, 4, 17))
        await add_customer(session, date_of_birth=None)
    one = await viewer.get(f"/customers/{ann}")
    listed = await viewer.get("/customers")
    assert one.json()["has_turned_21"] is True
    async with transaction() as session:
        band = age_band(date(2004, 4, 17), await shop_today(session)).value
    assert band in {"35_44", "45_54", "55_64", "65_up"}
    assert one.json()["age_band"] == band
    assert {row["age_band"] for row in listed.json()["items"]} == {None, band}
    assert sorted(str(row["has_turned_21"]) for row in listed.json()["items"]) == ["None", "True"]
    for answer in (one, listed):
        assert "2004-04-17" not in answer.text
        assert "04-17" not in answer.text
    for path in (f"/customers/{ann}/age", f"/customers/{ann}/history", "/actions", f"/customers/{ann}/not-sent"):
        assert "2004-04-17" not in (await viewer.get(path)).text


async def test_a_manager_reads_the_day(manager: Client, database: str) -> None:
    async with transaction() as session:
        ann = await add_customer(session, date_of_birth=date(1983, 4, 17))
    assert (await manager.get(f"/customers/{ann}")).json()["of_age_on"] == "2004-04-17"
    assert (await manager.get("/customers")).json()["items"][0]["of_age_on"] == "2004-04-17"


async def test_who_reads_a_birth_date_is_written_down(manager: Client, database: str) -> None:
    async with transaction() as session:
        ada = await add_customer(session, date_of_birth=date(1983, 4, 17))
        other = await add_customer(session, date_of_birth=None)
    assert (await manager.get(f"/customers/{ada}/age")).json()["date_of_birth"] == "1983-04-17"
    await manager.get(f"/customers/{other}/age")
    assert "1983-04-17" in (await manager.get(f"/customers/{other}/merge", params={"other": str(ada)})).text
    async with transaction() as session:
        found = await session.execute(text("SELECT entity_id FROM audit_log WHERE action = 'date_of_birth.read'"))
        assert list(found.scalars()) == [ada, ada]


async def test_the_audit_log_keeps_no_words_about_a_person(manager: Client, database: str) -> None:
    async with transaction() as session:
        ada, other = await add_customer(session), await add_customer(session)
    about = "Ada Lovelace, ada@example.com, +12075550101"
    merged = await manager.post(f"/customers/{ada}/merge", json={"other": str(other), "reason": about})
    assert merged.status_code == 201, merged.text
    await manager.post("/customers/export", json={"filters": {"custom": "nickname:Ada Lovelace"}})
    tagged = await manager.post(
        "/customers/bulk", json={"action": "tag", "value": "ada@example.com", "ids": [str(ada)]}
    )
    assert tagged.status_code == 202, tagged.text
    async with transaction() as session:
        await tag_customers(session, SYSTEM, [ada], "ada@example.com")
        said = [str(tuple(row)) for row in await session.execute(text("SELECT action, changes FROM audit_log"))]
        kept = (await session.execute(text("SELECT reason FROM customer_merges"))).scalar_one()
    assert len(said) > 3
    assert not [one for one in said if "Lovelace" in one or "ada@example" in one or "5550101" in one]
    assert kept == about
