"""Uploading a file over HTTP."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.core import queue
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.models import JobStatus
from liquor_app.imports.tasks import TASKS
from liquor_app.scoring.service import score_customers
from liquor_app.segments.rule_compiler import matching
from liquor_app.segments.rules import parse_rules
from tests.api.client import NOT_TAKEN, Client, is_problem
from tests.people import add_customer
from tests.stored import uploads_folder

pytestmark = pytest.mark.integration

CSV = b"E-Mail,Who\nada@example.com,Ada\nnot an address,Bo\n"


async def send(client: Client, content: bytes = CSV, key: str = "", **fields: str) -> httpx.Response:
    files = {"file": ("../../people.csv", content, "text/csv")}
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post("/customers/import", files=files, data=fields, headers=headers)


def waiting() -> int:
    return len(list(uploads_folder().glob("*.upload")))


async def test_upload_follow_and_fetch_the_rejects(manager: Client, viewer: Client) -> None:
    answer = await send(manager, policy="overwrite", mapping=json.dumps({"email": "E-Mail", "name": "Who"}))
    assert answer.status_code == 202, answer.text
    job_id, import_id = answer.json()["job_id"], answer.json()["import_id"]
    assert answer.headers["location"] == f"/api/v1/jobs/{job_id}"
    assert (await manager.get(f"/imports/{import_id}")).json()["status"] == "queued"
    is_problem(await manager.get(f"/imports/{import_id}/rejects"), 404, "not_found")
    assert await queue.run(UUID(job_id), TASKS) is JobStatus.SUCCEEDED
    job = (await manager.get(f"/jobs/{job_id}")).json()
    assert (job["status"], job["result"]["created"], job["result"]["rejected"]) == ("succeeded", 1, 1)
    row = (await manager.get("/imports")).json()["items"][0]
    assert (row["file_name"], row["policy"], row["created"], row["rejected"]) == ("people.csv", "overwrite", 1, 1)
    rejects = await manager.get(f"/imports/{import_id}/rejects")
    assert rejects.headers["content-type"].startswith("text/csv")
    assert 'filename="people refused.csv"' in rejects.headers["content-disposition"]
    assert "not an address" in rejects.text
    async with transaction() as session:
        told = await session.execute(text("SELECT entity_id FROM audit_log WHERE action = 'import.rejects_exported'"))
        assert [str(one) for one in told.scalars()] == [import_id]
    assert (await viewer.get("/customers")).json()["items"][0]["name"] == "Ada"
    is_problem(await viewer.get(f"/imports/{import_id}"), 403, "forbidden")


async def test_warned_rows_and_who_an_undoing_keeps_are_fetched(manager: Client, viewer: Client) -> None:
    content = b"email,name,phone\nada@example.com,Ada,12\nbo@example.com,Bo,\n"
    ids = []
    for _ in range(2):
        begun = (await send(manager, content)).json()
        assert await queue.run(UUID(begun["job_id"]), TASKS) is JobStatus.SUCCEEDED
        ids.append(begun["import_id"])
    warned = await manager.get(f"/imports/{ids[0]}/warnings")
    assert warned.headers["content-type"].startswith("text/csv")
    assert 'filename="people warned.csv"' in warned.headers["content-disposition"]
    assert warned.text.splitlines()[1].startswith("2,phone,12,")
    told = (await manager.get(f"/imports/{ids[0]}/undo")).json()
    assert told["kept"] == {"people_confirmed": 2}
    assert [(one["name"], one["why"]) for one in told["kept_names"]] == [
        ("Ada", "people_confirmed"), ("Bo", "people_confirmed"),
    ]  # fmt: skip
    kept = await manager.get(f"/imports/{ids[0]}/undo/kept")
    assert 'filename="people kept.csv"' in kept.headers["content-disposition"]
    assert len(kept.text.splitlines()) == 3
    is_problem(await manager.get(f"/imports/{ids[1]}/undo/kept"), 404, "not_found")
    for what in ("warnings", "undo/kept"):
        is_problem(await viewer.get(f"/imports/{ids[0]}/{what}"), 403, "forbidden")


async def test_bad_uploads_leave_no_file_behind(manager: Client, viewer: Client, anybody: Client) -> None:
    before = waiting()
    is_problem(await send(anybody), 401, "unauthenticated")
    is_problem(await send(viewer), 403, "forbidden")
    is_problem(await send(manager, kind="orders"), 422, "rule.value", "kind")
    is_problem(await send(manager, policy="merge"), 422, "rule.value", "policy")
    is_problem(await send(manager, mapping="{"), 422, "rule.value", "mapping")
    is_problem(await send(manager, colour="red"), 422, "invalid", "colour")
    for name, wrong, field in (
        ("options", {"profile": "nobodys"}, "profile"),
        ("options", {"profile": "toast_items"}, "profile"),
        ("options", {"date_oder": "dmy"}, "options"),
        ("options", {"as_of": "2020-01-01T00:00:00"}, "options"),
        ("options", {"decimal": ";"}, "decimal"),
        ("mapping", {"shoe_size": "E-Mail"}, "mapping"),
    ):
        is_problem(await send(manager, **{name: json.dumps(wrong)}), 422, NOT_TAKEN, field)
    is_problem(await manager.post("/customers/import", data={"kind": "customers"}), 422, "invalid", "file")
    twice = {"options": ['{"nonsense": "x"}', "{}"]}  # the last of them was taken, whatever the first said
    is_problem(
        await manager.post("/customers/import", files={"file": ("p.csv", CSV)}, data=twice), 422, "invalid", "options"
    )
    is_problem(await manager.post("/customers/import", json={}), 422, "invalid", "file")
    assert waiting() == before


async def test_a_repeated_upload_with_a_key_is_one_import(manager: Client) -> None:
    before = waiting()
    first, second = await send(manager, key="nightly"), await send(manager, key="nightly")
    assert first.json() == second.json()
    assert waiting() == before + 1
    other = await send(manager, CSV + b"c@d.co,Cy\n", key="nightly")
    is_problem(other, 422, "rule.reused_key", "Idempotency-Key")
    assert waiting() == before + 1


async def test_an_upload_beyond_the_cap_is_refused(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from liquor_app.rest import imports
    from liquor_app.rest.routers import create_api

    monkeypatch.setitem(imports.LARGE_BODIES, "POST /api/v1/customers/import", 10_000)
    transport = httpx.ASGITransport(create_api(), raise_app_exceptions=False)
    before = waiting()
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as http:
        small = Client(http, manager.headers)
        is_problem(await send(small, b"email\n" + b"a@b.co\n" * 5000), 413, "content_too_large")
        assert (await send(small)).status_code == 202
    assert waiting() == before + 1


async def test_jobs(manager: Client, viewer: Client) -> None:
    job_id = (await send(manager)).json()["job_id"]
    is_problem(await viewer.post(f"/jobs/{job_id}/cancel"), 403, "forbidden")
    cancelled = await manager.post(f"/jobs/{job_id}/cancel")
    assert cancelled.json()["status"] == "cancelled"
    assert await queue.run(UUID(job_id), TASKS) is None
    assert (await manager.post(f"/jobs/{job_id}/cancel")).json()["status"] == "cancelled", "asked twice"
    for content, ended, told in ((CSV, "succeeded", "finished"), (b"nothing", "failed", "failed")):
        done = (await send(manager, content)).json()["job_id"]
        assert await queue.run(UUID(done), TASKS) == ended
        problem = await manager.post(f"/jobs/{done}/cancel")
        is_problem(problem, 409, "rule.state")
        assert f"has {told} already" in problem.json()["detail"]
    is_problem(await viewer.get("/jobs/018f0000-0000-7000-8000-000000000000"), 404, "not_found")


async def test_the_letters_of_a_file_may_be_chosen(manager: Client) -> None:
    content = "E-Mail,Who\r\nlu@example.com,Luc\u00eda Pe\u00f1a\r\n".encode("cp850")
    sent = await manager.post("/imports", files={"file": ("dos.csv", content, "text/csv")})
    where = f"/imports/{sent.json()['id']}"
    seen = (await manager.post(f"{where}/preview", json={})).json()
    assert (seen["encoding"], seen["notes"]) == ("cp1250", {"read_as_central_european": 1})
    is_problem(await manager.post(f"{where}/preview", json={"options": {"encoding": "latin"}}), 422, "invalid")
    is_problem(await manager.post(f"{where}/start", json={"options": {"encoding": "latin"}}), 422, "invalid")
    choices = {"mapping": {"email": "E-Mail", "name": "Who"}, "options": {"encoding": "cp850"}}
    seen = (await manager.post(f"{where}/preview", json=choices)).json()
    assert (seen["encoding"], seen["notes"], seen["items"][0]["who"]) == ("cp850", {}, "Luc\u00eda Pe\u00f1a")
    started = await manager.post(f"{where}/start", json=choices)
    assert await queue.run(UUID(started.json()["job_id"]), TASKS) is JobStatus.SUCCEEDED
    assert (await manager.get(where)).json()["options"] == {"encoding": "cp850"}
    assert (await manager.get("/customers")).json()["items"][0]["name"] == "Luc\u00eda Pe\u00f1a"


async def test_look_first_then_start_cancel_and_resume(manager: Client, viewer: Client) -> None:
    answer = await manager.post("/imports", files={"file": ("people.csv", CSV, "text/csv")})
    assert answer.status_code == 201, answer.text
    where = f"/imports/{answer.json()['id']}"
    assert answer.headers["location"] == f"/api/v1{where}"
    assert (answer.json()["status"], answer.json()["can_resume"]) == ("preview", False)
    is_problem(await manager.post(f"{where}/cancel"), 409, "rule.state")
    choices = {"mapping": {"email": "E-Mail", "name": "Who"}}
    seen = (await manager.post(f"{where}/preview", json=choices)).json()
    assert [(row["row"], row["outcome"], row["field"]) for row in seen["items"]] == [
        (2, "created", ""), (3, "rejected", "email"),
    ]  # fmt: skip
    assert (seen["created"], seen["rejected"], seen["date_order"]) == (1, 1, "mdy")
    assert seen["items"][0]["who"] == "Ada"
    assert {"field": "name", "before": "", "after": "Ada"} in seen["items"][0]["changes"]
    assert (seen["totals"]["rows"], seen["totals"]["money"], seen["unused"], seen["noes"]) == (2, None, [], 0)
    assert (await manager.get("/customers")).json()["total"] == 0
    is_problem(await manager.post(f"{where}/start", json={"options": {"decimal": "x"}}), 422, "invalid")
    is_problem(await viewer.post(f"{where}/start", json=choices), 403, "forbidden")
    started = await manager.post(f"{where}/start", json=choices)
    assert started.status_code == 202, started.text
    is_problem(await manager.post(f"{where}/start", json=choices), 409, "rule.state")
    assert (await manager.post(f"{where}/cancel")).json()["status"] == "cancelled"
    assert (await manager.get(where)).json()["can_resume"] is True
    resumed = await manager.post(f"{where}/resume")
    assert resumed.status_code == 202, resumed.text
    assert await queue.run(UUID(started.json()["job_id"]), TASKS) is None
    assert await queue.run(UUID(resumed.json()["job_id"]), TASKS) is JobStatus.SUCCEEDED
    done = (await manager.get(where)).json()
    assert (done["status"], done["created"], done["reasons"]) == ("completed", 1, {"bad_email": 1})

    told = (await manager.get(f"{where}/undo")).json()
    assert (told["removed"], told["set_back"], told["kept"]) == ({"customers": 1}, {}, {})
    for answer in (await viewer.get(f"{where}/undo"), await viewer.post(f"{where}/undo")):
        is_problem(answer, 403, "forbidden")
    is_problem(await manager.post(f"{where}/undo/cancel"), 409, "rule.state")
    asked = await manager.post(f"{where}/undo")
    assert asked.status_code == 202, asked.text
    assert (await manager.post(f"{where}/undo/cancel")).json()["status"] == "undo_stopped"
    asked = await manager.post(f"{where}/undo")
    assert await queue.run(UUID(asked.json()["job_id"]), TASKS) is JobStatus.SUCCEEDED
    undone = (await manager.get(where)).json()
    assert (undone["status"], undone["undone"]["removed"], undone["can_resume"]) == ("undone", {"customers": 1}, False)
    assert undone["undone_at"] is not None
    assert (await manager.get("/customers")).json()["total"] == 0


ORDER = {
    "order_id": "T-1",
    "occurred_at": "2026-03-01T19:30:00",
    "email": "Ada@Example.com",
    "lines": [{"amount": "79.00", "category": "Whisky"}, {"amount": "8.00", "discount": "2.00", "is_alcohol": False}],
}


async def test_a_key_for_imports_alone_is_not_told_what_is_held(anybody: Client, manager: Client) -> None:
    async with transaction() as session:
        key = await create_api_key(session, SYSTEM, name="Till", role=Role.MANAGER, areas=["imports:write"])
        await add_customer(
            session, name="Ann Secret", email="ann@secret.example", email_key="ann@secret.example", external_id="7",
            date_of_birth=date(1983, 4, 17),
        )  # fmt: skip
    content = b"external_id,email,name,date_of_birth,city\n7,new@x.example,Bo Other,2001-01-01,Rome\n"
    for client, is_told in ((Client(anybody.http, {"X-API-Key": key}), False), (manager, True)):
        made = (await client.post("/imports", files={"file": ("people.csv", content)})).json()
        seen = await client.post(f"/imports/{made['id']}/preview", json={"kind": "customers", "policy": "overwrite"})
        assert seen.json()["updated"] == 1, seen.text
        for secret in ("ann@secret.example", "Ann Secret", "2004-04-17"):
            assert (secret in seen.text) is is_told, secret


async def test_a_till_tells_a_purchase_again_and_corrects_it(manager: Client, viewer: Client) -> None:
    is_problem(await manager.post("/purchases", json=ORDER), 404, "not_found")
    assert (await manager.post("/customers", json={"email": "ada@example.com"})).status_code == 201
    is_problem(await viewer.post("/purchases", json=ORDER), 403, "forbidden")
    first = await manager.post("/purchases", json=ORDER)
    assert first.status_code == 201, first.text
    told = first.json()
    assert (told["outcome"], told["total"], told["discount"], told["lines"]) == ("created", "87.00", "2.00", 2)
    assert told["occurred_at"] == "2026-03-02T00:30:00Z"
    again = (await manager.post("/purchases", json=ORDER)).json()
    assert (again["outcome"], again["id"]) == ("unchanged", told["id"])
    corrected = (await manager.post("/purchases", json={**ORDER, "lines": ORDER["lines"][:1]})).json()
    assert (corrected["outcome"], corrected["total"], corrected["id"]) == ("updated", "79.00", told["id"])
    assert (await manager.post("/customers", json={"external_id": "7"})).status_code == 201
    stolen = {key: value for key, value in ORDER.items() if key != "email"} | {"external_id": "7"}
    is_problem(await manager.post("/purchases", json=stolen), 409, "rule.state", "order_id")
    for wrong in ({"lines": []}, {"lines": [{"amount": "-1"}]}, {"occurred_at": "2099-01-01"}, {"email": "nobody"}):
        is_problem(await manager.post("/purchases", json={**ORDER, **wrong}), 422, NOT_TAKEN)


async def test_a_shop_tells_what_people_do(manager: Client) -> None:
    await manager.post("/customers", json={"email": "ada@example.com"})
    view = {"event_type": "page_view", "email": "ada@example.com", "properties": {"path": "/whisky"}}
    assert (await manager.post("/events", json=view)).json() == {"recorded": True}
    is_problem(
        await manager.post("/events", json={**view, "event_type": "conversion"}), 422, "rule.value", "event_type"
    )
    is_problem(await manager.post("/events", json={**view, "email": "bo@example.com"}), 404, "not_found")
    is_problem(await manager.post("/events", json={"event_type": "tasting"}), 422, "rule.value", "email")


async def test_a_file_of_orders_with_a_status_is_refused_over_http(manager: Client) -> None:
    """Orders of no tool we know, over HTTP: the preview refuses them, and the job ends in the same words."""
    orders = (Path(__file__).parents[1] / "imports" / "files" / "02_shopify_orders.csv").read_bytes()
    orders = orders.replace(b"Name,", b"Nr,", 1)
    kept = await manager.post("/imports", files={"file": ("o.csv", orders, "text/csv")}, data={"kind": "purchases"})
    looked = await manager.post(f"/imports/{kept.json()['id']}/preview", json={"kind": "purchases"})
    told = is_problem(looked, 422, "rule.value", "mapping")["detail"]
    assert "“Financial Status”" in told
    started = await send(manager, orders, kind="purchases")
    assert await queue.run(UUID(started.json()["job_id"]), TASKS) is JobStatus.FAILED
    job = (await manager.get(f"/jobs/{started.json()['job_id']}")).json()
    assert job["error"] == told
    assert (await manager.get(f"/imports/{started.json()['import_id']}")).json()["rows"] == 0


async def test_case_23_an_order_of_nothing_is_no_purchase(manager: Client) -> None:
    """A full refund is told as the same order with 0.00: nothing was bought then, by nobody's counting."""
    person = (await manager.post("/customers", json={"email": "ada@example.com"})).json()["id"]
    order = {"order_id": "r-1", "email": "ada@example.com", "occurred_at": (now() - timedelta(days=3)).isoformat()}
    facts = ("purchase_frequency", "last_purchase_at", "total_spent", "avg_order_value", "first_purchase_at")

    async def told(order_id: str, amount: str) -> list[object]:
        made = await manager.post("/purchases", json={**order, "order_id": order_id, "lines": [{"amount": amount}]})
        assert made.is_success, made.text
        async with transaction() as session:
            await score_customers(session, SYSTEM)
            await roll_up(session, (now() - timedelta(days=30)).date())
        row = (await manager.get(f"/customers/{person}")).json()
        return [row[name] for name in facts]

    bought = await told("r-1", "10.00")
    assert bought[0] == 1
    assert (await told("r-1", "0.00")) == [0, None, "0.00", "0.00", None]
    assert await told("r-2", "30.00") == [1, bought[1], "30.00", "30.00", bought[4]], "the average is not halved"
    async with transaction() as session:
        sales = (await session.execute(text("SELECT sum(orders), sum(buyers), sum(revenue) FROM daily_sales"))).one()
        rule = parse_rules({"event": "purchased", "at_least": 2})
        assert (await session.execute(matching(rule, now()))).all() == []
    assert tuple(sales) == (1, 1, 30)


async def test_a_file_that_was_only_looked_at_is_discarded(manager: Client, viewer: Client) -> None:
    answer = await manager.post("/imports", files={"file": ("people.csv", CSV, "text/csv")})
    where = f"/imports/{answer.json()['id']}"
    kept = uploads_folder() / f"{answer.json()['id']}.upload"
    assert kept.exists()
    tag = (await manager.get(where)).headers["etag"]
    is_problem(await viewer.delete(where), 403, "forbidden")
    is_problem(await manager.delete(where, headers={"If-Match": '"0000"'}), 412, "precondition_failed")
    cancelled = await manager.post(f"{where}/cancel")
    is_problem(cancelled, 409, "rule.state")
    assert cancelled.json()["detail"].startswith("An import in preview cannot be cancelled")
    assert (await manager.delete(where, headers={"If-Match": tag})).status_code == 204
    is_problem(await manager.get(where), 404, "not_found")
    assert not kept.exists()
    started = await manager.post("/customers/import", files={"file": ("people.csv", CSV, "text/csv")})
    is_problem(await manager.delete(f"/imports/{started.json()['import_id']}"), 409, "rule.state")


@pytest.mark.parametrize("path", ["/imports", "/customers/import", "/coupon-pools/file"])
async def test_a_file_name_of_thousands_of_letters_is_refused_in_words(manager: Client, path: str) -> None:
    answer = await manager.post(path, files={"file": ("a" * 5000 + ".csv", CSV, "text/csv")})
    is_problem(answer, 422, "invalid", "file")
    assert "short name" in answer.json()["detail"]
