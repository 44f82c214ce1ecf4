"""Segments, analytics, settings, and the page behind every message's unsubscribe link."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import queue
from liquor_app.core.clock import today_in
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.models import JobStatus
from liquor_app.segments.tasks import TASKS as SEGMENTS
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.recipients.unsubscribe import unsubscribe_url
from tests.api.client import NOT_TAKEN, Client, is_problem
from tests.factories import add_people, add_ready_campaign
from tests.people import add_customer, add_purchase

NEW_YORK = "America/New_York"
pytestmark = pytest.mark.integration

RULE = {"all": [{"field": "state", "op": "eq", "value": "ME"}]}


async def test_a_segment_from_rule_to_members(manager: Client, viewer: Client) -> None:
    async with transaction() as session:
        people = [await add_customer(session, state="ME") for _ in range(3)]
        await add_customer(session, state="NY")
    made = await manager.post("/segments", json={"name": "Mainers", "rules": RULE})
    assert made.status_code == 201, made.text
    segment = made.json()
    assert (segment["slug"], segment["customer_count"]) == ("mainers", 0)
    path = f"/segments/{segment['id']}"
    refreshed = await manager.post(f"{path}/refresh")
    assert await queue.run(UUID(refreshed.json()["job_id"]), SEGMENTS) is JobStatus.SUCCEEDED
    members = (await viewer.get(f"{path}/customers")).json()
    assert {row["id"] for row in members["items"]} == {str(person) for person in people}
    changed = await manager.patch(
        path, json={"max_discount_pct": "12.5"}, headers={"If-Match": made.headers.get("etag", "*")}
    )
    assert changed.json()["max_discount_pct"] == "12.50"
    is_problem(await manager.patch(path, json={"rules": {"all": [{"field": "shoe"}]}}), 422, "rule.value")
    is_problem(await manager.post("/segments", json={"name": "Mainers", "rules": RULE}), 409, "rule.taken", "name")
    is_problem(await viewer.delete(path), 403, "forbidden")
    assert (await manager.delete(path)).status_code == 204
    is_problem(await viewer.get(f"{path}/customers"), 404, "not_found")


async def test_analytics(viewer: Client) -> None:
    async with transaction() as session:
        customer = await add_customer(session)
        await add_purchase(session, customer, days_ago=0)
    board = (await viewer.get("/analytics/dashboard", params={"days": 7})).json()
    figures = {kpi["name"]: kpi["value"] for kpi in board["kpis"]}
    assert set(figures) == {"revenue", "sends", "conversion_rate", "average_order"}
    assert (figures["revenue"], board["today"]["revenue"]) == ("0", "20.00"), "today is not over, and stands apart"
    defined = (await viewer.get("/analytics/metrics")).json()["items"]
    assert set(figures) <= {one["key"] for one in defined}
    assert len(board["days"]) == 7
    revenue = (await viewer.get("/analytics/revenue")).json()
    assert (float(revenue["revenue"]), revenue["orders"], len(revenue["days"])) == (0, 0, 30), "finished days"
    assert (float(revenue["today"]["revenue"]), revenue["today"]["orders"]) == (20, 1)
    assert revenue["days"][-1]["day"] == str(today_in(NEW_YORK) - timedelta(days=1))
    is_problem(
        await viewer.get("/analytics/revenue", params={"end": revenue["today"]["day"]}), 422, "rule.value", "end"
    )
    churn = (await viewer.get("/analytics/churn")).json()
    assert churn["bands"] == [{"churn_risk": "high", "customers": 1}]
    assert churn["customers"][0]["value_at_risk"] == "84.00"
    today = today_in(NEW_YORK)
    backwards = {"start": str(today), "end": str(today - timedelta(days=2))}
    is_problem(await viewer.get("/analytics/revenue", params=backwards), 422, "rule.value", "end")
    is_problem(await viewer.get("/analytics/revenue", params={"start": "x"}), 422, "invalid", "start")
    is_problem(await viewer.get("/analytics/dashboard", params={"days": 0}), 422, "invalid", "days")
    effects = (await viewer.get("/analytics/effects", params={"by": "segment"})).json()
    assert effects == {"by": "segment", "read_at": None, "effects": []}
    is_problem(await viewer.get("/analytics/effects", params={"by": "moon"}), 422, "invalid", "by")


async def test_compliance_settings(templates: None, admin: Client, viewer: Client) -> None:
    is_problem(await viewer.get("/settings/compliance"), 403, "forbidden")
    read = await admin.get("/settings/compliance")
    assert read.json()["settings"]["minimum_age"] == 21
    assert any(rule["citation"] for rule in read.json()["rules"])
    stale = {"If-Match": read.headers["etag"]}
    changed = await admin.patch("/settings/compliance", json={"max_contacts_7_days": 1}, headers=stale)
    assert changed.json()["settings"]["max_contacts_7_days"] == 1
    is_problem(
        await admin.patch("/settings/compliance", json={"minimum_age": 22}, headers=stale), 412, "precondition_failed"
    )
    is_problem(await admin.patch("/settings/compliance", json={"minimum_age": 12}), 422, "rule.value", "minimum_age")
    is_problem(await admin.patch("/settings/compliance", json={"colour": 1}), 422, "invalid", "colour")


async def test_channels_never_show_credentials(admin: Client, manager: Client) -> None:
    is_problem(await manager.get("/settings/channels"), 403, "forbidden")
    channels = (await admin.get("/settings/channels")).json()["items"]
    assert [(row["channel"], row["provider"]) for row in channels] == [("email", "sandbox"), ("sms", "sandbox")]
    change = {"channel": "email", "provider": "sandbox", "rate_per_second": 50}
    is_problem(await manager.patch("/settings/channels", json=change), 403, "forbidden")
    row = (await admin.patch("/settings/channels", json=change)).json()["items"][0]
    assert (row["rate_per_second"], row["position"], row["is_enabled"]) == (50, 100, True)
    assert not [name for name in row if "config" in name]
    unknown = {"channel": "email", "provider": "pigeon"}
    is_problem(await admin.patch("/settings/channels", json=unknown), 422, "rule.unknown", "provider")


async def test_templates(templates: None, admin: Client, manager: Client) -> None:
    listed = (await manager.get("/settings/templates", params={"channel": "sms"})).json()
    assert listed["total"] >= 1
    body = {"name": "Mine", "channel": "sms", "category": "win_back", "body_text_template": "Hi {{ first_name }}"}
    is_problem(await manager.post("/settings/templates", json=body), 403, "forbidden")
    made = await admin.post("/settings/templates", json=body)
    assert made.status_code == 201, made.text
    path = f"/settings/templates/{made.json()['id']}"
    changed = await admin.patch(path, json={"body_text_template": "Hello {{ first_name }}"})
    assert changed.json()["version"] == 2
    broken = await admin.patch(path, json={"body_text_template": "{{ first_name"})
    is_problem(broken, 422, "rule.value")
    is_problem(await admin.post("/settings/templates", json=body), 409, "rule.taken", "name")


# --- the way out ---


async def one_send(anybody: Client) -> tuple[UUID, str]:
    async with transaction() as session:
        people = await add_people(session, 1)
        campaign = await add_ready_campaign(session, people)
        await launch_campaign(session, SYSTEM, campaign)
        send_id = (await session.execute(text("SELECT id FROM sends"))).scalar_one()
    return people[0], httpx.URL(unsubscribe_url(send_id)).raw_path.decode()


async def consent(customer: UUID) -> tuple[str, int]:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT email_consent, (SELECT count(*) FROM suppressions) FROM customers WHERE id = :id"),
            {"id": customer},
        )
        state, suppressed = found.one()
    return str(state), int(suppressed)


async def test_opening_the_link_asks_and_posting_unsubscribes(templates: None, anybody: Client) -> None:
    customer, path = await one_send(anybody)
    page = await anybody.http.get(path)
    assert page.status_code == 200
    assert "<button" in page.text
    assert "example.com" not in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert await consent(customer) == ("given", 0)
    one_click = await anybody.http.post(path, data={"List-Unsubscribe": "One-Click"})
    assert one_click.status_code == 200
    assert await consent(customer) == ("withdrawn", 1)
    again = await anybody.http.post(path)
    assert again.status_code == 200
    assert ">Unsubscribe</button>" not in (await anybody.http.get(path)).text
    assert await consent(customer) == ("withdrawn", 1)


async def test_forged_and_damaged_links_tell_nothing(templates: None, anybody: Client) -> None:
    customer, path = await one_send(anybody)
    body, _, seal = path.rpartition(".")
    forged = f"{body}.{'B' if seal[0] == 'A' else 'A'}{seal[1:]}"
    unknown = httpx.URL(unsubscribe_url(uuid7())).raw_path.decode()
    for bad, status in ((forged, 422), ("/u/nonsense", 422), (unknown, 404)):
        for answer in (await anybody.http.get(bad), await anybody.http.post(bad)):
            assert answer.status_code == status
            assert answer.headers["content-type"].startswith("text/html")
    assert await consent(customer) == ("given", 0)


async def test_guessing_links_is_limited_and_true_ones_never_are(
    templates: None, anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liquor_app.rest.sending.WRONG_PER_MINUTE", 0)
    _, path = await one_send(anybody)
    assert (await anybody.http.get("/u/guess")).status_code == 429
    assert (await anybody.http.post(path)).status_code == 200


@pytest.mark.parametrize("send_id", ["ffffffff-ffff-4fff-bfff-ffffffffffff", "00000000-0000-4000-8000-000000000000"])
async def test_ids_of_no_time_are_simply_unknown(viewer: Client, send_id: str) -> None:
    is_problem(await viewer.get(f"/sends/{send_id}"), 404, "not_found")
    is_problem(await viewer.get(f"/sends/{send_id}/events"), 404, "not_found")


async def test_a_law_changes(templates: None, admin: Client, manager: Client) -> None:
    today = today_in(NEW_YORK)
    rules = (await admin.get("/settings/compliance")).json()["rules"]
    old = next(rule for rule in rules if rule["jurisdiction"] == "WA" and rule["kind"] == "hours")
    path, start = "/settings/compliance/rules", str(today + timedelta(days=30))
    law = {
        "jurisdiction": "WA", "kind": "hours", "channel": "sms", "value": {"start": "09:00", "end": "19:00"},
        "citation": "H.B. 1 (2026)", "valid_from": start, "replaces": old["id"],
    }  # fmt: skip
    is_problem(await manager.post(path, json=law), 403, "forbidden")
    for wrong, field in (
        ({"jurisdiction": "ZZ"}, "jurisdiction"),
        ({"kind": "wish"}, "kind"),
        ({"value": {"start": "9 o'clock", "end": "19:00"}}, "value.start"),
        ({"value": {"start": "19:00", "end": "09:00"}}, "value.end"),
        ({"value": {"start": "09:00", "end": "19:00", "mood": 1}}, "value"),
        ({"channel": "pigeon"}, "channel"),
        ({"citation": " "}, "citation"),
        ({"citation": "§\0"}, "citation"),
        ({"value": {"start": "09:00", "end": "19:00", "days": 5}}, "value.days"),
        ({"kind": "note", "value": {"text": "a\0b"}}, "value.text"),
        ({"kind": "contact_limit", "value": {"max": 10**30}}, "value.max"),
        ({"jurisdiction": "OR"}, "jurisdiction"),
        ({"valid_from": str(today - timedelta(days=1))}, "on"),
    ):
        is_problem(await admin.post(path, json=law | wrong), 422, NOT_TAKEN, field)
    unchanged = (await admin.get("/settings/compliance")).json()["rules"]
    assert unchanged == rules
    made = await admin.post(path, json=law, headers={"Idempotency-Key": "one-law"})
    assert made.status_code == 201, made.text
    again = await admin.post(path, json=law, headers={"Idempotency-Key": "one-law"})
    assert again.json()["id"] == made.json()["id"]
    after = {rule["id"]: rule for rule in (await admin.get("/settings/compliance")).json()["rules"]}
    assert len(after) == len(rules) + 1
    assert (after[old["id"]]["valid_to"], after[made.json()["id"]]["valid_to"]) == (start, None)
    is_problem(await admin.post(f"{path}/{old['id']}/end", json={"on": start}), 409, "rule.state")
    ended = await admin.post(f"{path}/{made.json()['id']}/end", json={"on": start})
    assert ended.json()["valid_to"] == start
    missing = await admin.post(f"{path}/018f0000-0000-7000-8000-000000000000/end", json={"on": start})
    is_problem(missing, 404, "not_found")


async def test_the_suppression_list(admin: Client, manager: Client, viewer: Client) -> None:
    async with transaction() as session:
        person = await add_customer(session, email="Ann.Lee@example.com", email_key="ann.lee@example.com")
    path = "/suppressions"
    is_problem(await viewer.get(path), 403, "forbidden")
    is_problem(await viewer.post(path, json={"addresses": ["a@example.com"]}), 403, "forbidden")
    bad = await manager.post(path, json={"addresses": ["a@example.com", "nobody"]})
    is_problem(bad, 422, "rule.value", "addresses")
    assert "Line 2" in bad.text
    is_problem(await manager.post(path, json={"addresses": ["a\0@example.com"]}), 422, "rule.unstorable", "addresses.0")
    assert (await manager.get(path)).json()["total"] == 0
    given = ["ann.lee@EXAMPLE.com", "Ann.Lee@example.com", "(617) 555-0124", "b@example.com"]
    assert (await manager.post(path, json={"addresses": given})).json() == {"added": 3, "known": 0}
    assert (await manager.post(path, json={"addresses": given[:1]})).json() == {"added": 0, "known": 1}
    first = (await manager.get(path, params={"limit": 2})).json()
    rest = (await manager.get(path, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert (first["total"], rest["next_cursor"]) == (3, None)
    listed = {row["address"]: row for row in first["items"] + rest["items"]}
    assert set(listed) == {"ann.lee@example.com", "+16175550124", "b@example.com"}
    assert listed["ann.lee@example.com"]["customer_id"] == str(person)
    found = (await manager.get(path, params={"address": " ANN.LEE@example.com "})).json()["items"]
    assert [row["id"] for row in found] == [listed["ann.lee@example.com"]["id"]]
    is_problem(await manager.get(path, params={"address": "nobody"}), 422, "rule.value", "address")
    is_problem(await manager.get(path, params={"reason": "mood"}), 422, "invalid", "reason")
    async with transaction() as session:
        await session.execute(text("UPDATE suppressions SET reason = 'complained' WHERE address = 'b@example.com'"))
    complained = (await manager.get(path, params={"reason": "complained"})).json()["items"]
    assert [row["address"] for row in complained] == ["b@example.com"]
    entry, why = f"{path}/{found[0]['id']}/lift", {"why": "Asked in writing on 3 May."}
    is_problem(await manager.post(entry, json=why), 403, "forbidden")
    is_problem(await admin.post(entry, json={"why": "  "}), 422, "rule.value", "why")
    is_problem(await admin.post(entry, json={}), 422, "invalid", "why")
    assert (await admin.post(entry, json=why)).status_code == 204
    is_problem(await admin.post(entry, json=why), 404, "not_found")
    is_problem(await admin.post(f"{path}/{complained[0]['id']}/lift", json=why), 409, "rule.state")
    assert (await manager.get(path)).json()["total"] == 2
    async with transaction() as session:
        kept = await session.execute(text("SELECT changes FROM audit_log WHERE action = 'suppression.lifted'"))
        assert kept.scalars().all() == [{"reason": "manual", **why}]


async def test_the_suppression_list_as_a_file(manager: Client, viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """By channel, in pages, and with nothing a spreadsheet would run; it can be brought in again."""
    path = "/suppressions"
    wrong = {"addresses": ["(617) 555-0124"], "channel": "email"}
    assert "Line 1" in is_problem(await manager.post(path, json=wrong), 422, "rule.value", "addresses")["detail"]
    is_problem(await manager.post(path, json=wrong | {"channel": "fax"}), 422, "invalid", "channel")
    assert (await manager.post(path, json=wrong | {"channel": "sms"})).json()["added"] == 1
    mails = [f"a{number}@example.com" for number in range(5)]
    await manager.post(path, json={"addresses": ["=cmd@example.com", *mails]})
    async with transaction() as session:
        await session.execute(
            text("UPDATE suppressions SET address = NULL, reason = 'erased' WHERE address LIKE 'a0%'")
        )
    monkeypatch.setattr("liquor_app.core.listing.read.EXPORTED_AT_ONCE", 2)
    is_problem(await viewer.get(f"{path}/export"), 403, "forbidden")
    answer = await manager.get(f"{path}/export")
    assert answer.headers["content-type"].startswith("text/csv")
    read = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    told = {(row["address"], row["channel"], row["reason"]) for row in read}
    assert told == {
        ("+16175550124", "SMS", "By hand"),
        ("'=cmd@example.com", "", "By hand"),
        ("", "", "Erased"),
        *((mail, "", "By hand") for mail in mails[1:]),
    }
    assert len(read) == 7
    async with transaction() as session:
        kept = await session.execute(text("SELECT count(*) FROM audit_log WHERE action = 'suppressions.exported'"))
        assert kept.scalar_one() == 1
