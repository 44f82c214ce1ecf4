"""A POST that is sent twice with one `Idempotency-Key`: every route that makes something makes one, and what its answer
showed once is kept nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.core.db import transaction
from tests.api.client import PASSWORD, Client, address_of, is_problem
from tests.api.test_openapi_document import DOORS, names, operations
from tests.people import add_customer
from tests.security.test_generated import GOOD

pytestmark = pytest.mark.integration

NOT_TAKEN = {
    "makes nothing: it changes the state of one thing, and is refused or changes nothing where it was done": """
        actions/{id}/copy actions/{id}/move actions/{id}/offer actions/{id}/skip allocations/{id}/cancel
        allocations/{id}/draw allocations/{id}/entries allocations/{id}/freeze campaigns/{id}/approve
        campaigns/{id}/cancel campaigns/{id}/codes campaigns/{id}/pause campaigns/{id}/resume campaigns/{id}/start
        campaigns/{id}/ab-test/stop campaigns/{id}/ab-test/winner
        campaigns/{id}/submit coupon-pools/{id}/discard doubles/{id}/dismiss drop-files/{id}/discard
        drop-files/{id}/retry drop-files/{id}/take-as imports/{id}/cancel
        imports/{id}/undo/cancel jobs/{id}/cancel merges/{id}/undo notices/read replies/{id}/settle sending/resume
        sending/stop sends/{id}/settle settings/autopilot/release settings/autopilot/stop
        settings/compliance/rules/{id}/end suppressions/{id}/lift users/me/two-steps/confirm users/me/two-steps/off
        users/me/sessions/end-others users/{id}/sign-out users/{id}/two-steps/off webhook-deliveries/{id}/replay
    """,
    "adds what is not there yet: the same again adds nothing": """
        coupon-pools/file coupon-pools/{id}/codes products/{id}/interests replies/note sends/again suppressions
    """,
    "only reads": "analytics/ask imports/{id}/preview settings/templates/{id}/preview",
    "is meant to be done anew each time, and nothing of it is kept": """
        settings/templates/{id}/test socket-tickets users/me/passkeys/begin
        users/me/passkeys/prove
    """,
}
"""Routes without a key, and why."""


def test_every_post_that_makes_something_takes_a_key() -> None:
    silent = {
        path.removeprefix("/api/v1/")
        for method, path, operation in operations()
        if method == "POST" and not path.startswith(DOORS) and "Idempotency-Key" not in names(operation)
    }
    reasons = [path for paths in NOT_TAKEN.values() for path in paths.split()]
    assert len(set(reasons)) == len(reasons)
    assert silent == set(reasons), "answer by `once`, or say here why a repeat does no harm"


def test_what_is_made_takes_a_key() -> None:
    """A 201 and a 202 say that something was made or begun: no reason excuses one."""
    for method, path, operation in operations():
        if method == "POST" and not path.startswith(DOORS) and {"201", "202"} & operation["responses"].keys():
            assert "Idempotency-Key" in names(operation) or path.endswith("/socket-tickets"), path


async def kept() -> str:
    """Everything that is remembered of answers, as text."""
    async with transaction() as session:
        return str((await session.execute(text("SELECT jsonb_agg(to_jsonb(k)) FROM idempotency_keys k"))).scalar())


async def count(table: str) -> int:
    async with transaction() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def user_id(role: Role) -> Any:
    async with transaction() as session:
        found = await session.execute(text("SELECT id FROM users WHERE email = :email"), {"email": address_of(role)})
        return found.scalar_one()


SECRETS = [
    ("/api-keys", {"name": "till"}, "key", "api_keys"),
    ("/users", {"email": "new@example.com"}, "link", "users"),
    ("/users/{user}/link", None, "link", "access_links"),
    ("/webhook-endpoints", {"url": "https://hooks.example.com/in", "events": ["purchase.created"]}, "secret",
     "webhook_endpoints"),
    ("/users/me/two-steps", {"current_password": PASSWORD}, "secret", "totp_secrets"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "field", "table"), SECRETS, ids=[one[0] for one in SECRETS])
async def test_a_secret_is_shown_once_and_made_once(
    admin: Client, path: str, body: dict[str, Any] | None, field: str, table: str
) -> None:
    path = path.replace("{user}", str(await user_id(Role.MANAGER)))
    first = await admin.post(path, json=body, headers={"Idempotency-Key": "k-1"})
    assert first.status_code == 201, first.text
    secret = first.json()[field]
    assert secret
    many = await count(table)
    again = await admin.post(path, json=body, headers={"Idempotency-Key": "k-1"})
    is_problem(again, 409, "rule.shown_once")
    assert secret not in again.text
    assert await count(table) == many, "a second one was made"
    assert secret not in await kept(), "the secret lies in the database"
    other = await admin.post(path, json={**(body or {}), "x": 1}, headers={"Idempotency-Key": "k-1"})
    assert other.status_code == 422, "another request under a key"


async def test_the_signing_secret_of_an_endpoint_is_renewed_once(admin: Client) -> None:
    body = {"url": "https://hooks.example.com/in", "events": ["purchase.created"]}
    made = (await admin.post("/webhook-endpoints", json=body)).json()["endpoint"]["id"]
    first = await admin.post(f"/webhook-endpoints/{made}/secret", headers={"Idempotency-Key": "renew"})
    before = await sealed()
    is_problem(
        await admin.post(f"/webhook-endpoints/{made}/secret", headers={"Idempotency-Key": "renew"}),
        409,
        "rule.shown_once",
    )
    assert await sealed() == before
    assert first.json()["secret"] not in await kept()
    tested = [
        await admin.post(f"/webhook-endpoints/{made}/test", headers={"Idempotency-Key": "test"}) for _ in range(2)
    ]
    assert tested[0].json() == tested[1].json()
    assert await count("webhook_deliveries") == 1


async def sealed() -> Any:
    async with transaction() as session:
        return (await session.execute(text("SELECT secret_encrypted FROM webhook_endpoints"))).scalar_one()


async def test_a_proof_of_age_is_recorded_once(manager: Client) -> None:
    async with transaction() as session:
        customer = await add_customer(session)
    body, key = {"date_of_birth": "1980-02-03", "proof": "licence"}, {"Idempotency-Key": "age"}
    answers = [await manager.post(f"/customers/{customer}/age", json=body, headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert await count("age_ledger") == 1


async def test_a_restored_version_is_one(admin: Client, templates: None) -> None:
    async with transaction() as session:
        template = (await session.execute(text("SELECT id FROM message_templates LIMIT 1"))).scalar_one()
    assert (await admin.patch(f"/settings/templates/{template}", json={"subject_template": "Another"})).is_success
    path, before = f"/settings/templates/{template}/versions/1/restore", await count("template_versions")
    answers = [await admin.post(path, headers={"Idempotency-Key": "back"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert await count("template_versions") == before + 1


async def test_an_answer_given_again_is_the_same_to_the_byte(manager: Client) -> None:
    """Its fields stand in their order: `jsonb` sorted them by length."""
    for path, body in (
        ("/segments", GOOD["POST /segments"]),
        ("/customers", {"email": "zoë@example.com", "name": "Zoë 𝔸", "city": "Bath"}),
        ("/campaigns", GOOD["POST /campaigns"]),
    ):
        key = {"Idempotency-Key": path.strip("/")}
        first, again = [await manager.post(path, json=body, headers=key) for _ in range(2)]
        assert first.status_code == 201, first.text
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.content == first.content
        assert again.headers.get("location") == first.headers.get("location")
