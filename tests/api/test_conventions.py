"""What holds for every route."""

from __future__ import annotations

import re

import httpx
import pytest
from sqlalchemy import text

from liquor_app.core import redis
from liquor_app.core.db import transaction
from liquor_app.core.errors import Unavailable
from liquor_app.core.platform import migrate
from tests.api.client import Client, is_problem

pytestmark = pytest.mark.integration

PLAN = """
POST /auth/register · POST /auth/login · POST /auth/logout · POST /auth/refresh · GET /users/me · PATCH /users/me
GET /customers · POST /customers · GET /customers/{id} · PATCH /customers/{id} · DELETE /customers/{id}
POST /customers/import · GET /customers/segments · GET /customers/{id}/history
GET /segments · POST /segments · GET /segments/{id} · PATCH /segments/{id} · DELETE /segments/{id}
GET /segments/{id}/customers · POST /segments/{id}/refresh
GET /campaigns · POST /campaigns · GET /campaigns/{id} · PATCH /campaigns/{id} · DELETE /campaigns/{id}
POST /campaigns/{id}/start · POST /campaigns/{id}/pause · POST /campaigns/{id}/resume
GET /campaigns/{id}/analytics · POST /campaigns/generate
GET /actions · POST /actions/generate · GET /actions/{id}
GET /sends · GET /sends/{id} · GET /sends/{id}/events · POST /sends/{id}/resend
GET /analytics/dashboard · GET /analytics/revenue · GET /analytics/cohorts
GET /analytics/customer-base · GET /analytics/goods · GET /analytics/send-times · GET /analytics/moves
GET /analytics/churn · GET /analytics/holdout · GET /analytics/alerts · GET /analytics/questions · POST /analytics/ask
GET /reports/campaigns · GET /reports/segments · GET /reports/review · POST /reports/export
GET /settings/channels · PATCH /settings/channels · GET /settings/compliance
GET /settings/templates · POST /settings/templates · PATCH /settings/templates/{id}
"""

OURS = """
POST /socket-tickets
GET /jobs · GET /jobs/export · GET /notices · POST /notices/read
GET /saved-views · POST /saved-views · GET /saved-views/{id} · DELETE /saved-views/{id}
GET /analytics/coupons · GET /analytics/playbooks · GET /analytics/calibration
GET /analytics/metrics · GET /campaigns/{id}/attribution · GET /campaigns/{id}/parts
GET /purchases · GET /purchases/export
POST /auth/password · POST /auth/forgotten
POST /auth/passkeys/begin · POST /auth/passkeys/finish · POST /users/me/passkeys/begin · POST /users/me/passkeys
POST /users/me/passkeys/prove · GET /users/me/passkeys · GET /users/me/passkeys/{id} · PATCH /users/me/passkeys/{id}
DELETE /users/me/passkeys/{id}
GET /users · GET /users/export · POST /users · PATCH /users/{id} · POST /users/{id}/link · POST /users/{id}/sign-out
POST /users/{id}/two-steps/off · GET /users/me/sessions · DELETE /users/me/sessions/{id}
POST /users/me/sessions/end-others · GET /users/me/two-steps
POST /users/me/two-steps · POST /users/me/two-steps/confirm · POST /users/me/two-steps/off
GET /api-keys · GET /api-keys/export · POST /api-keys · GET /api-keys/{id} · PATCH /api-keys/{id}
DELETE /api-keys/{id}
GET /webhook-endpoints · GET /webhook-endpoints/export · POST /webhook-endpoints · GET /webhook-endpoints/{id}
PATCH /webhook-endpoints/{id} · DELETE /webhook-endpoints/{id} · POST /webhook-endpoints/{id}/secret
POST /webhook-endpoints/{id}/test · GET /webhook-endpoints/{id}/deliveries
GET /webhook-endpoints/{id}/deliveries/export · POST /webhook-deliveries/{id}/replay
GET /settings/brands/{id} · GET /users/{id} · GET /users/me/sessions/{id} · GET /custom-fields/{key}
GET /analytics/learning/rules/{id} · GET /analytics/learning/rule-cost
POST /campaigns/{id}/generate · POST /campaigns/{id}/approve · POST /campaigns/{id}/play · POST /campaigns/{id}/cancel
GET /campaigns/{id}/outlook · GET /analytics/learning · GET /analytics/effects · GET /analytics/policies/{policy}
GET /analytics/learning/rules · POST /analytics/learning/rules · DELETE /analytics/learning/rules/{id}
PATCH /settings/compliance · POST /settings/compliance/rules · POST /settings/compliance/rules/{id}/end
GET /suppressions · POST /suppressions · POST /customers/{id}/consents
DELETE /imports/{id}
GET /custom-fields · POST /custom-fields · DELETE /custom-fields/{key} · GET /custom-fields/{key}/uses
GET /replies · GET /replies/export · POST /replies/{id}/settle · POST /replies/note
GET /sending · POST /sending/stop · POST /sending/resume
GET /doubles · GET /doubles/export · POST /doubles/find · POST /doubles/{id}/dismiss · POST /merges/{id}/undo
GET /customers/{id}/merge · POST /customers/{id}/merge · GET /customers/{id}/merges
POST /customers/{id}/personal-data · POST /customers/{id}/erasure · GET /customers/{id}/erasure
GET /customers/{id}/erasure/mentions · POST /anonymised-copies
PUT /customers/{id}/objection · GET /settings/access · PATCH /settings/access
GET /customers/{id}/labels · PATCH /customers/{id}/labels
GET /customers/{id}/age · POST /customers/{id}/age
GET /coupon-pools · POST /coupon-pools · POST /coupon-pools/file · GET /coupon-pools/{id} · PATCH /coupon-pools/{id}
DELETE /coupon-pools/{id} · POST /coupon-pools/{id}/codes · POST /coupon-pools/{id}/discard
GET /customers/{id}/messages · POST /customers/{id}/messages
GET /settings/brands · PATCH /settings/brands/{id}
GET /settings/sign-up/{id} · PATCH /settings/sign-up/{id}
GET /settings/sign-up/{id}/carrier-kit · GET /settings/sign-up/{id}/carrier-kit/file
GET /campaigns/{id}/codes · POST /campaigns/{id}/codes
POST /suppressions/{id}/lift · GET /suppressions/export
GET /jobs/{id} · POST /jobs/{id}/cancel

GET /campaigns/{id}/ab-test · PUT /campaigns/{id}/ab-test · PATCH /campaigns/{id}/ab-test
DELETE /campaigns/{id}/ab-test · POST /campaigns/{id}/ab-test/winner · POST /campaigns/{id}/ab-test/stop
GET /ab-tests · GET /ab-tests/export
GET /segments/suggestions · GET /segments/overlap
GET /campaigns/{id}/plans · GET /campaigns/{id}/plans/{version} · POST /campaigns/{id}/plans/{version}/choose
GET /campaigns/{id}/plans/compare · POST /campaigns/{id}/simulate · POST /campaigns/{id}/submit
GET /campaigns/{id}/edits · GET /campaigns/{id}/edits/export · POST /campaigns/{id}/undo · POST /campaigns/{id}/skip
GET /actions/{id}/offers · POST /actions/{id}/move · POST /actions/{id}/skip · POST /actions/{id}/offer
POST /actions/{id}/copy
GET /analytics/bounces
GET /products/{id}/interests · GET /products/{id}/interests/export · POST /products/{id}/interests
DELETE /products/{id}/interests · GET /allocations · GET /allocations/export · POST /allocations · GET /allocations/{id}
POST /allocations/{id}/freeze · POST /allocations/{id}/draw · POST /allocations/{id}/cancel
GET /allocations/{id}/entries · GET /allocations/{id}/entries/export · POST /allocations/{id}/entries
GET /allocations/{id}/explain
GET /settings/channels/senders · PATCH /settings/channels/senders · POST /settings/channels/senders/check
GET /settings/guidance · PATCH /settings/guidance · POST /settings/autopilot/stop · POST /settings/autopilot/release
GET /drop-folders · GET /drop-folders/export · POST /drop-folders · GET /drop-folders/{id} · PUT /drop-folders/{id}
DELETE /drop-folders/{id} · POST /drop-folders/{id}/look · GET /drop-files · GET /drop-files/export
POST /drop-files/{id}/retry · POST /drop-files/{id}/take-as · POST /drop-files/{id}/discard
GET /products · GET /products/export · GET /products/{id} · PUT /products
POST /imports · POST /imports/{id}/preview · POST /imports/{id}/start · POST /imports/{id}/cancel
POST /imports/{id}/resume · GET /imports/{id}/undo · POST /imports/{id}/undo · POST /imports/{id}/undo/cancel
PUT /customers · POST /purchases · POST /events
POST /sends/{id}/settle · POST /sends/again · POST /webhooks/{provider}
GET /settings/templates/{id} · GET /settings/templates/{id}/versions · GET /settings/templates/{id}/versions/{version}
POST /settings/templates/{id}/versions/{version}/restore · POST /settings/templates/{id}/preview
POST /settings/templates/{id}/test
GET /campaigns/export · GET /customers/export · GET /sends/export · GET /actions/export · GET /segments/export
GET /imports/export · GET /audit · GET /audit/export · GET /coupon-pools/export · GET /campaigns/{id}/plans/export
GET /customers/{id}/consents · GET /customers/{id}/consents/export
GET /customers/{id}/purchases · GET /customers/{id}/purchases/export · GET /customers/{id}/not-sent
POST /customers/bulk · POST /customers/export · POST /campaigns/bulk · POST /campaigns/export · GET /jobs/{id}/file
GET /customers/{id}/not-sent/export · GET /settings/templates/{id}/versions/export
GET /segments/{id}/customers/export · GET /settings/templates/export
GET /files/{token} · GET /imports · GET /imports/{id} · GET /imports/{id}/rejects
GET /imports/{id}/undo/kept · GET /imports/{id}/warnings · GET /health/live · GET /health/ready
"""


def listed(words: str) -> set[str]:
    return {" ".join(line.split()) for line in re.split(r"[·\n]", words) if line.strip()}


async def routes(client: Client) -> dict[str, dict[str, object]]:
    spec = (await client.get("/openapi.json")).json()
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}": operation
        for path, operations in spec["paths"].items()
        for method, operation in operations.items()
    }


async def test_the_api_is_the_plans_and_what_we_added(anybody: Client) -> None:
    assert set(await routes(anybody)) == listed(PLAN) | listed(OURS)


def _filled(path: str) -> str:
    return path.replace("{id}", "018f0000-0000-7000-8000-000000000000").replace("{version}", "1")


async def test_every_route_but_the_doors_asks_who_is_there(anybody: Client) -> None:
    doors = {
        "POST /webhooks/{provider}",
        "POST /auth/register",
        "POST /auth/password",
        "POST /auth/forgotten",
        "POST /auth/login",
        "POST /auth/passkeys/begin",
        "POST /auth/passkeys/finish",
        "POST /auth/logout",
        "POST /auth/refresh",
    }
    for route in set(await routes(anybody)) - doors - {"GET /health/live", "GET /health/ready"}:
        method, path = route.split()
        body = {"json": {}} if method in {"POST", "PATCH"} else {}
        answer = await anybody.call(method, _filled(path), **body)
        is_problem(answer, 401, "unauthenticated")


async def test_what_is_not_there_is_a_problem_not_a_page(anybody: Client) -> None:
    for path in ("/nothing", "/customers/1/2/3", "/api/v2/customers"):
        is_problem(await anybody.get(path), 404, "not_found")
    wrong = await anybody.delete("/campaigns")
    is_problem(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET, POST"


async def test_bodies_that_are_no_json_or_too_large(manager: Client) -> None:
    kind = {"Content-Type": "application/json"}
    is_problem(await manager.post("/customers", content=b"{", headers=kind), 422, "invalid")
    is_problem(await manager.post("/customers", content=b"[]", headers=kind), 422, "invalid")
    is_problem(await manager.post("/customers", content=b" " * 2_000_000, headers=kind), 413, "content_too_large")

    async def endless():  # type: ignore[no-untyped-def]
        for _ in range(100):
            yield b" " * 65536

    is_problem(await manager.post("/customers", content=endless(), headers=kind), 413, "content_too_large")


async def test_headers(viewer: Client) -> None:
    answer = await viewer.get("/customers")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["ratelimit-policy"] == '"minute";q=3000;w=60'
    found = re.fullmatch(r'"minute";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert found
    assert 0 < int(found[1]) < 3000
    assert 0 < int(found[2]) <= 60
    assert "ratelimit" not in (await viewer.get("/health/live", headers={"Authorization": ""})).headers


async def test_too_many_requests(viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liquor_app.rest.kit.authentication.REQUESTS_PER_MINUTE", 2)
    answers = [await viewer.get("/segments") for _ in range(6)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    is_problem(refused[0], 429, "too_many_requests")
    assert 0 < int(refused[0].headers["retry-after"]) <= 60


async def test_an_unexpected_error_tells_nothing_of_itself(viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("liquor_app.accounts.lists._read_page", broken)
    answer = await viewer.get("/customers")
    is_problem(answer, 500, "internal_error")
    assert "secret" not in answer.text


async def test_health(anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await anybody.get("/health/live")).json() == {"status": "alive"}
    ready = await anybody.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["redis"] == "ok"
    async with transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    try:
        assert "0000" in is_problem(await anybody.get("/health/ready"), 503, "unavailable")["detail"]
    finally:
        async with transaction() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": migrate.head()})

    async def away() -> None:
        raise Unavailable("Redis cannot be reached: refused")

    monkeypatch.setattr(redis, "check", away)
    assert "Redis" in is_problem(await anybody.get("/health/ready"), 503, "unavailable")["detail"]


async def test_health_names_a_database_that_is_away(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from liquor_app.core import config

    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    config.get_settings.cache_clear()
    answer = await Client(http, {}).get("/health/ready")
    assert "database" in is_problem(answer, 503, "unavailable")["detail"]


async def test_the_reference_is_one_page_that_loads_nothing_from_elsewhere(anybody: Client) -> None:
    page = await anybody.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    for part in ("/api/v1/campaigns/{id}/start", "/ws/analytics", "Liquor Marketing Agent"):
        assert part in page.text
    assert not re.findall(r"(?:src|href)=['\"]?(?:https?:)?//", page.text)
    assert "<script" not in page.text
