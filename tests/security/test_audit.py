"""The audit log tells what changed and where from: as the rows have it, nobody's data, no header's word."""

from __future__ import annotations

import ast
import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from reflex.istate.data import RouterData
from sqlalchemy import text

from liquor_app import cli
from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.changed_fields import HIDDEN, MOST_FIELDS, VALUE_CHARS, changed_fields
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core import config, queue
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job, JobContext, enqueue
from liquor_app.core.security.call_origin import CLOCK, call_origin
from liquor_app.privacy.lists import AuditRow
from liquor_app.screens.organization.audit.state import AuditState
from liquor_app.screens.organization.audit.view import AuditLine, audit_line
from liquor_app.screens.organization.settings.state import SettingsState
from tests.api.client import Client, is_problem, whole_api
from tests.people import add_campaign, add_customer
from tests.sources import parsed, reads_sources
from tests.tabs import Tab, run
from worker.cron import _at

PROXY = "10.0.0.9"
NAMES_OF_CHANGES = (
    "changed", "updated", "moved", "switched", "configured", "ended", "settled", "restored", "chosen", "removed",
    "reset", "stopped", "released", "cancelled", "resumed", "paused",
)  # fmt: skip


async def entries(where: str = "true") -> list[Any]:
    async with transaction() as session:
        found = await session.execute(text(f"SELECT * FROM audit_log WHERE {where} ORDER BY id"))
        return list(found.mappings())


async def row_of(table: str, entity_id: UUID) -> dict[str, Any]:
    async with transaction() as session:
        found = await session.execute(text(f"SELECT to_jsonb(t) FROM {table} t WHERE id = :id"), {"id": entity_id})
        return dict(found.scalar_one())


# --- before and after are the rows' own ---


async def _customer() -> UUID:
    async with transaction() as session:
        return await add_customer(session, name="Ada", email="ada@example.com", city="Bath", state="ME")


async def _campaign() -> UUID:
    async with transaction() as session:
        return await add_campaign(session, ["loyal"], name="Autumn")


async def _first(table: str) -> UUID:
    async with transaction() as session:
        return UUID(str((await session.execute(text(f"SELECT id FROM {table} ORDER BY id LIMIT 1"))).scalar_one()))


CHANGES: list[tuple[str, str, Callable[[], Awaitable[UUID]], dict[str, Any]]] = [
    ("/customers/{}", "customers", _customer, {"name": "Ada L", "state": "NY", "email": "al@example.com"}),
    ("/campaigns/{}", "campaigns", _campaign, {"name": "Winter", "description": "Cold", "holdout_pct": "7"}),
    ("/segments/{}", "segments", lambda: _first("segments"), {"name": "Best people", "max_discount_pct": "9"}),
    ("/settings/templates/{}", "message_templates", lambda: _first("message_templates"), {"name": "Renamed"}),
    ("/settings/brands/{}", "brands", lambda: _first("brands"), {"reply_to": "post@vine.shop"}),
]  # fmt: skip
PRIVATE = {"name", "email"}
"""Of customers."""
GO_WITH_THEM = ("email_consent", "sms_consent")
"""A yes ends with the address it was given for."""


@pytest.mark.integration
@pytest.mark.parametrize(("route", "table", "make", "body"), CHANGES, ids=[one[1] for one in CHANGES])
async def test_what_is_told_is_what_the_rows_say(
    admin: Client, templates: None, route: str, table: str, make: Any, body: dict[str, Any]
) -> None:
    entity_id = await make()
    before = await row_of(table, entity_id)
    answer = await admin.patch(route.format(entity_id), json=body)
    assert answer.status_code == 200, answer.text
    after = await row_of(table, entity_id)
    told = (await entries(f"entity_id = '{entity_id}'"))[-1]
    names = [*body, *(name for name in GO_WITH_THEM if name in before)]
    assert set(told["fields"]) == {name for name in names if before[name] != after[name]}
    assert told["fields"], "a change that changes nothing tests nothing"
    for name in told["fields"]:
        if table == "customers" and name in PRIVATE:
            assert told["changes"][name] == [HIDDEN, HIDDEN]
        else:
            assert [_plain(one) for one in told["changes"][name]] == [_plain(row[name]) for row in (before, after)], (
                name
            )
    assert "example.com" not in json.dumps(dict(told["changes"]))
    assert told["ip"] == "127.0.0.1"
    assert answer.headers["x-request-id"] == told["via"]


def _plain(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


@pytest.mark.integration
async def test_a_campaigns_way_is_told_from_status_to_status(admin: Client) -> None:
    campaign = await _campaign()
    assert (await admin.post(f"/campaigns/{campaign}/cancel")).status_code == 200
    (told,) = await entries("action = 'campaign.cancelled'")
    assert (told["fields"], told["changes"]["status"]) == (["status"], ["draft", "cancelled"])


@pytest.mark.integration
async def test_a_password_is_told_as_changed_and_never_shown(admin: Client) -> None:
    body = {"current_password": "correct horse battery", "password": "quite another staple 42", "full_name": "Al"}
    answer = await admin.patch("/users/me", json=body)
    assert answer.status_code == 200, answer.text
    (told,) = await entries("action = 'user.updated'")
    assert told["changes"] == {"full_name": [None, "Al"], "password": [HIDDEN, HIDDEN]}


# --- where from ---


def _from(app: FastAPI, peer: str, admin: Client, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 4711))
    return httpx.AsyncClient(
        transport=transport, base_url="http://shop.test/api/v1", headers={**admin.headers, **headers}
    )


@pytest.mark.integration
async def test_a_header_does_not_forge_the_address(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIQUOR_TRUSTED_PROXIES", PROXY)
    config.get_settings.cache_clear()
    app = whole_api()
    forged = {
        "X-Forwarded-For": "198.51.100.1", "X-Real-IP": "198.51.100.1", "Forwarded": "for=198.51.100.1",
        "X-Request-Id": "somebody else's", "CF-Connecting-IP": "198.51.100.1",
    }  # fmt: skip
    for peer, expected in (("203.0.113.66", "203.0.113.66"), (PROXY, "198.51.100.1")):
        async with _from(app, peer, admin, **forged) as client:
            path = f"/customers/{await _customer()}" if peer != PROXY else "/settings/brands"
            if peer == PROXY:
                path = f"/customers/{(await entries())[-1]['entity_id']}"
            assert (await client.patch(path, json={"city": f"From {peer}"})).status_code == 200
        told = (await entries())[-1]
        assert told["ip"] == expected
        assert UUID(told["via"]).version == 7


@pytest.mark.integration
async def test_a_pages_event_tells_the_tabs_address(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any program can send any event, with headers of its choice at the handshake."""
    monkeypatch.setenv("LIQUOR_TRUSTED_PROXIES", PROXY)
    config.get_settings.cache_clear()
    admin = Actor(ActorKind.API_KEY, uuid7(), "An", Role.ADMIN)  # not a row of users
    for peer, expected in (("203.0.113.66", "203.0.113.66"), (PROXY, "198.51.100.1")):
        tab = Tab("/settings", admin)
        headers = {"x-forwarded-for": "198.51.100.1", "x-real-ip": "192.0.2.1", "origin": "http://localhost"}
        tab.root.router_data = {"ip": peer, "headers": headers}
        tab.root.router = RouterData.from_router_data({"pathname": "/settings", "headers": headers})
        state = await tab.state(SettingsState)
        await run(SettingsState.load, state)
        await run(SettingsState.save, state, {"organization_name": f"Vine {expected}"})
        (told,) = (await entries("action = 'settings.changed'"))[-1:]
        assert (told["ip"], told["via"]) == (expected, "SettingsState.save")
        assert told["changes"]["organization_name"][1] == f"Vine {expected}"
    assert call_origin.get().via == ""


@pytest.mark.integration
async def test_jobs_the_clock_and_commands_say_who_they_are(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def note(job: JobContext) -> dict[str, Any]:
        async with transaction() as session:
            await audit(session, SYSTEM, "thing.made", "thing", None)
        return {}

    async with transaction() as session:
        job_id = await enqueue(session, Job.ROLL_UP)
    assert await queue.run(job_id, {Job.ROLL_UP: note}) is JobStatus.SUCCEEDED
    assert [one["via"] for one in await entries()] == [f"job {job_id}"]

    async def tick(context: dict[str, Any]) -> object:
        return call_origin.get()

    assert await _at(tick).coroutine({}) is CLOCK
    seen: list[str] = []
    monkeypatch.setattr(cli, "app", lambda **_: seen.append(call_origin.get().via))
    await asyncio.to_thread(cli.main)
    assert seen == ["command line"]


# --- who may read it ---


@pytest.mark.integration
async def test_nobody_but_an_admin_reads_it(viewer: Client, manager: Client, admin: Client, anybody: Client) -> None:
    async with transaction() as session:
        await audit_change(session, SYSTEM, "x.changed", "x", None, before={"action": 1}, after={"action": 2})
    for path in ("/audit", "/audit/export", "/audit?ip=127.0.0.1"):
        is_problem(await anybody.get(path), 401, "unauthenticated")
        for client in (viewer, manager):
            is_problem(await client.get(path), 403, "forbidden")
    (row,) = (await admin.get("/audit?entity=x")).json()["items"]
    assert (row["fields"], row["changes"], row["ip"]) == (["action"], {"action": [1, 2]}, None)
    heads, line = (await admin.get("/audit/export?entity=x")).text.removeprefix("\ufeff").splitlines()
    assert "from" in heads.split(",")
    assert "changed" in heads.split(",")
    assert '""action"": [1, 2]' in line


@pytest.mark.integration
async def test_the_page_shows_before_and_after_and_from_where(admin: Client) -> None:
    campaign = await _campaign()
    await admin.patch(f"/campaigns/{campaign}", json={"name": "Winter", "description": "Cold"})
    tab = Tab("/settings/audit", Actor(ActorKind.USER, uuid7(), "An", Role.ADMIN))
    state = await tab.state(AuditState)
    await run(AuditState.load, state)
    (line,) = [one for one in state.rows if one.did == "updated"]
    assert "name: Autumn → Winter" in line.changes
    assert "description: – → Cold" in line.changes
    assert line.source == "127.0.0.1"
    for role in (Role.USER, Role.MANAGER):
        other = await Tab("/settings/audit", Actor(ActorKind.USER, uuid7(), "Vi", role)).state(AuditState)
        await run(AuditState.load, other)
        assert other.rows == []


def test_the_page_tells_notes_as_people_write_them() -> None:
    notes = {
        "removed": {"lines": 4, "purchases": 2}, "kept": {}, "search": False,
        "columns": ["id", "postal_code"], "rows": 0,
    }  # fmt: skip
    at = datetime(2026, 11, 28, tzinfo=UTC)
    row = AuditRow(
        uuid7(), at, "user", None, "An", "import.undone", "done", "import", None, None, None, None, "", ["tags"],
        notes | {"tags": [[], ["vip"]]},
    )  # fmt: skip
    assert audit_line(row, at).changes == [
        "removed: 4 lines, 2 purchases", "columns: id, postal code", "rows: 0", "tags: – → vip",
    ]  # fmt: skip


def test_the_page_says_nothing_as_a_program_would() -> None:
    at = datetime(2026, 11, 28, tzinfo=UTC)

    def line(action: str, entity: str, notes: dict[str, Any], fields: tuple[str, ...] = ()) -> AuditLine:
        return audit_line(
            AuditRow(
                uuid7(), at, "user", None, "An", action, "done", entity, None, None, None, None, "", [*fields], notes
            ),
            at,
        )

    key = {
        "role": "user", "areas": ["customers:read", "purchases:write", "settings:admin"],
        "expires_at": "2027-11-28 12:00:00+00:00",
    }  # fmt: skip
    assert line("api_key.created", "api_key", key).changes == [
        "role: Viewer", "good for: read customers, read and change purchases and administer settings",
        "ends: Sun 28 Nov 2027, 12:00 UTC",
    ]  # fmt: skip
    risen = line("user.changed", "user", {"role": ["manager", "admin"], "day": "2026-11-05"}, ("role",))
    assert risen.changes == ["role: Marketer → Admin", "day: 5 Nov"]
    assert line("x.y", "x", {"order": "2026-11-05-77", "day": "2026-13-45"}).changes == [
        "order: 2026-11-05-77", "day: 2026-13-45",
    ]  # fmt: skip
    moved = line(
        "campaign.awaiting_approval",
        "campaign",
        {"was": "draft", "status": ["draft", "awaiting_approval"]},
        ("status",),
    )
    assert (moved.did, moved.about, moved.changes) == (
        "awaiting approval", "campaign", ["status: draft → awaiting approval"],
    )  # fmt: skip
    taken = line("coupon_pools.exported", "list", {"search": False, "filters": {"rfm_segment": "at_risk"}})
    assert (taken.did, taken.about, taken.changes) == (
        "exported", "coupon pools", ["filters: RFM segment at risk"],
    )  # fmt: skip
    drawn = line("holdout.drawn", "campaign", {"seed": f"{uuid7()}:{uuid7()}", "share": 0.1, "held_out": 1999})
    assert (drawn.did, drawn.changes) == ("drew the control group", ["share: 0.1", "in the control group: 1,999"])
    refused = line("access.refused", "access", {"what": "BulkState.do_bulk", "until": "2026-11-27T12:00:00+00:00"})
    assert (refused.did, refused.about, refused.changes) == (
        "tried what they may not", "more than their rights", ["tried: do bulk (Bulk)", "until: Fri 27 Nov, 12:00 UTC"],
    )  # fmt: skip
    for ways in ("sign_in", "password_change", "code", "api_key", "setup", "passkey"):
        tried = line(f"{ways}.refused", "access", {})
        assert tried.about == "signing in"
        assert "refused" not in tried.did, "that stands beside it as the outcome"
    why = line("passkey.refused", "access", {"why": "challenge", "family": "x"})
    assert why.changes == ["why: too late, or for another page"]
    for takes, who in (
        ("admin", "Admin"), ("manager", "Marketer or Admin"), ("user", "Viewer, Marketer or Admin"),
        ("customers:write", "a key that may read and change customers"),
    ):  # fmt: skip
        assert line("access.refused", "access", {"takes": takes}).changes == [f"who may: {who}"]
    other = uuid7()
    assert line("customer.merged", "customer", {"gone": str(other)}).changes == [f"gone: …{str(other)[-6:]}"]


async def test_a_refusal_says_who_may(viewer: Client, admin: Client, anybody: Client) -> None:
    """By role, and of a key by its area; whatever was tried."""
    made = await admin.post("/api-keys", json={"name": "till", "role": "admin", "areas": ["purchases:write"]})
    till = Client(anybody.http, {"X-API-Key": made.json()["key"]})
    for client, method, path, takes in (
        (viewer, "POST", "/segments", "manager"), (viewer, "GET", "/audit", "admin"),
        (till, "GET", "/customers", "customers:read"), (till, "GET", "/api-keys", ""),
    ):  # fmt: skip
        is_problem(await client.call(method, path), 403, "forbidden")
        async with transaction() as session:
            found = await session.execute(
                text(
                    "SELECT changes ->> 'takes' FROM audit_log WHERE action = 'access.refused' ORDER BY at DESC LIMIT 1"
                )
            )
            assert (found.scalar_one() or "") == takes, path


# --- what may be kept ---


def test_what_is_kept_of_a_change_is_bounded_and_nobodys() -> None:
    told = changed_fields(
        {"same": 1, "gone": "ann@example.com", "list": ["a"]},
        {"same": 1, "gone": None, "list": ["a", "b"], "note": "call +1 207 555 0101 or bo@example.com", "key": "s3cret",
         "long": "x " * 100_000, "deep": {"rows": list(range(10_000))}},
        private={"key"},
    )  # fmt: skip
    assert told["gone"] == ["[e-mail]", None]
    assert told["list"] == [["a"], ["a", "b"]]
    assert told["note"] == [None, "call [number] or [e-mail]"]
    assert told["key"] == [None, HIDDEN]
    assert "same" not in told
    words = changed_fields(
        {"role": Role.USER}, {"role": Role.ADMIN, "reply_to": "shop@example.com"}, plain={"reply_to"}
    )
    assert words == {"role": ["user", "admin"], "reply_to": [None, "shop@example.com"]}, "the shop's own words stay"
    assert len(json.dumps(told)) < 3 * VALUE_CHARS + 300
    many = changed_fields({}, {f"field{n}": n for n in range(1_000)})
    assert (len(many), many["more"]) == (MOST_FIELDS + 1, [None, 1_000 - MOST_FIELDS])


@reads_sources
def test_every_change_is_told_with_before_and_after() -> None:
    """An entry that names a change and says nothing of it is of no use afterwards."""
    silent = []
    for path in (PROJECT_ROOT / "liquor_app").rglob("*.py"):
        source = path.read_text()
        for node in ast.walk(parsed(source)) if " audit(" in source else ():
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "audit" or len(node.args) < 3:
                continue
            action = node.args[2]
            if isinstance(action, ast.Constant) and str(action.value).endswith(NAMES_OF_CHANGES):
                silent.append(f"{path.relative_to(PROJECT_ROOT)}: {action.value}")
    assert sorted(silent) == sorted(TOLD_OTHERWISE)


TOLD_OTHERWISE = {
    "liquor_app/actions/coupon_source.py: campaign.codes_chosen",  # the pool's name says all there is
    "liquor_app/imports/local_import.py: import.resumed",  # nothing of it changes: it goes on
}
