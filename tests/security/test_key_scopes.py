"""A key does what its areas say, in every service it reaches, and never more than whoever made it may now."""

from __future__ import annotations

import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.key_areas import SCOPES, holds
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import TABLE, Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind, may, require
from liquor_app.accounts.tokens import actor_again, token_actor
from liquor_app.analytics.asking.questions import QuestionKey
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, Unauthenticated
from liquor_app.core.ids import uuid7
from liquor_app.organization.guidance import Guidance
from liquor_app.planning.approval.approval_checks import require_approver
from tests.api.client import NOT_TAKEN, Client, is_problem
from tests.people import add_customer, add_user

pytestmark = pytest.mark.integration


def program(*areas: str, role: Role = Role.ADMIN) -> Actor:
    return Actor(ActorKind.API_KEY, uuid7(), "till", role, areas)


@pytest.mark.parametrize("scope", SCOPES)
def test_every_service_asks_for_the_area_too(scope: str) -> None:
    """`require` is the one door of services: an admin's key of this scope passes where the scope holds, else not."""
    actor = program(scope)
    for permission in Permission:
        assert may(actor, permission) is holds((scope,), permission)
        if not may(actor, permission):
            with pytest.raises(Forbidden, match="This key may not"):
                require(actor, permission)


@pytest.mark.parametrize("permission", Permission)
def test_a_key_without_areas_has_its_role(permission: Permission) -> None:
    for role in Role:
        assert may(program(role=role), permission) is (role in TABLE[permission].roles)


async def key(**said: Any) -> tuple[str, UUID]:
    actor = said.pop("actor", SYSTEM)
    async with transaction() as session:
        secret = await create_api_key(session, actor, **{"name": "till", "role": Role.ADMIN, **said})
        made = await session.execute(text("SELECT id FROM api_keys ORDER BY created_at DESC, id DESC LIMIT 1"))
        return secret, made.scalar_one()


async def client_of(http: Client, *areas: str) -> Client:
    secret, _ = await key(areas=areas)
    return Client(http.http, {"X-API-Key": secret})


async def test_write_does_not_open_what_admin_says(anybody: Client) -> None:
    """An allocation by spend is an admin's: the service asked for the role alone."""
    async with transaction() as session:
        product = (
            await session.execute(text("INSERT INTO products (sku, name) VALUES ('R1', 'Old Rye') RETURNING id"))
        ).scalar_one()
    body = {"product_id": str(product), "bottles": 1, "method": "spend", "counsel": "our lawyer"}
    writer = await client_of(anybody, "allocations:write", "products:read")
    refused = await writer.post("/allocations", json=body)
    is_problem(refused, 403, "forbidden")
    assert "administer allocations" in refused.text


def test_a_plan_beyond_guidance_takes_an_admin_of_campaigns() -> None:
    plan = SimpleNamespace(summary={"totals": {"reach": 10}, "simulation": {"discount": {"mean": "500"}}})
    guidance = Guidance(admin_above_discount=Decimal(100))
    with pytest.raises(Forbidden, match="Ask an admin"):
        require_approver(program("campaigns:write"), plan, guidance)  # type: ignore[arg-type]
    require_approver(program("campaigns:admin"), plan, guidance)  # type: ignore[arg-type]


async def test_figures_name_nobody_to_whom_may_not_read_people(anybody: Client) -> None:
    async with transaction() as session:
        await add_customer(session, name="Zora Quillmark", email="zora@example.com")
        await session.execute(
            text("UPDATE customers SET churn_risk = 'high', churn_probability = 0.9, value_at_risk = 100")
        )
    await add_failed_import()
    figures = await client_of(anybody, "analytics:read")
    both = await client_of(anybody, "analytics:read", "customers:read")
    is_problem(await figures.get("/analytics/churn"), 403, "forbidden")
    assert (await both.get("/analytics/churn")).json()["customers"][0]["name"] == "Zora Quillmark"
    for question in QuestionKey:
        answer = await figures.post("/analytics/ask", json={"question": question.value})
        assert "zora" not in answer.text.lower(), question
        assert answer.status_code == 200, (question, answer.text)
    told = (await figures.post("/analytics/ask", json={"question": "leaving"})).json()
    assert "1 of 1 scored customer" in told["words"][0]
    assert "Zora" in (await both.post("/analytics/ask", json={"question": "leaving"})).text
    alerts = await figures.get("/analytics/alerts")
    assert alerts.status_code == 200
    assert "zora.csv" not in alerts.text
    admin = await client_of(anybody, "analytics:read", "imports:read")
    assert "zora.csv" in (await admin.get("/analytics/alerts")).text


async def add_failed_import() -> None:
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO imports (kind, file_name, file_key, status)"
                " VALUES ('customers', 'zora.csv', 'x', 'failed')"
            )
        )


async def test_a_template_shows_nobody_to_whom_may_not_read_people(anybody: Client, templates: Any) -> None:
    async with transaction() as session:
        customer = await add_customer(session, name="Zora Quillmark")
        template = (await session.execute(text("SELECT id FROM message_templates LIMIT 1"))).scalar_one()
    reader = await client_of(anybody, "settings:read", "actions:read")
    path, body = f"/settings/templates/{template}/preview", {"customer_id": str(customer)}
    is_problem(await reader.post(path, json=body), 403, "forbidden")
    assert (await reader.post(path, json={})).status_code == 200
    both = await client_of(anybody, "settings:read", "actions:read", "customers:read")
    assert (await both.post(path, json=body)).status_code == 200


async def test_a_list_is_carried_away_by_a_key_of_its_area(anybody: Client) -> None:
    """The job asks as whoever asked for it, step by step: no area is needed beside the list's."""
    secret, _ = await key(areas=["customers:read"], role=Role.MANAGER)
    reader = Client(anybody.http, {"X-API-Key": secret})
    answer = await reader.post("/customers/export", json={})
    assert answer.status_code in (200, 202), answer.text


async def set_maker(maker: Actor, **changes: Any) -> None:
    sets = ", ".join(f"{name} = :{name}" for name in changes)
    async with transaction() as session:
        await session.execute(text(f"UPDATE users SET {sets} WHERE id = :id"), {"id": maker.id, **changes})


async def acting(secret: str, key_id: UUID) -> tuple[Role, Role]:
    """As a request, and as a job or a socket."""
    async with transaction() as session:
        one = await token_actor(session, secret)
        again = await actor_again(session, [ActorKind.API_KEY, str(key_id)])
        return one.role, again.role


async def test_a_key_may_no_more_than_its_maker_now(database: str) -> None:
    maker = await add_user(Role.ADMIN)
    secret, key_id = await key(actor=maker)
    assert await acting(secret, key_id) == (Role.ADMIN, Role.ADMIN)
    for role in (Role.MANAGER, Role.USER, Role.ADMIN):
        await set_maker(maker, role=role.value)
        assert await acting(secret, key_id) == (role, role)
    weak, weak_id = await key(actor=maker, role=Role.USER)
    assert await acting(weak, weak_id) == (Role.USER, Role.USER)


async def test_a_key_of_somebody_deactivated_is_refused(admin: Client, anybody: Client) -> None:
    maker = await add_user(Role.ADMIN)
    secret, key_id = await key(actor=maker)
    chained, chained_id = await key(actor=Actor(ActorKind.API_KEY, key_id, "x", Role.ADMIN))
    nobodys, nobodys_id = await key()
    await set_maker(maker, is_active=False)
    for one, one_id in ((secret, key_id), (chained, chained_id)):
        is_problem(await Client(anybody.http, {"X-API-Key": one}).get("/customers"), 401, "unauthenticated")
        with pytest.raises(Unauthenticated):
            async with transaction() as session:
                await token_actor(session, one)
        with pytest.raises(Forbidden):
            async with transaction() as session:
                await actor_again(session, [ActorKind.API_KEY, str(one_id)])
    assert await acting(nobodys, nobodys_id) == (Role.ADMIN, Role.ADMIN), "the command line's key is nobody's"
    shown = (await admin.get("/api-keys?status=suspended")).json()["items"]
    assert {one["id"] for one in shown} == {str(key_id), str(chained_id)}
    await set_maker(maker, is_active=True)
    assert await acting(secret, key_id) == (Role.ADMIN, Role.ADMIN)


async def test_a_second_step_asked_of_admins_is_asked_of_their_keys(database: str) -> None:
    maker = await add_user(Role.ADMIN)
    secret, key_id = await key(actor=maker)
    async with transaction() as session:
        await session.execute(text("INSERT INTO access_rules (name, set_at) VALUES ('two_steps_for_admins', now())"))
    assert await acting(secret, key_id) == (Role.MANAGER, Role.MANAGER)


async def good_keys() -> set[UUID]:
    async with transaction() as session:
        return set((await session.execute(text("SELECT id FROM api_keys WHERE revoked_at IS NULL"))).scalars())


async def test_a_key_makes_none_that_outlives_it(anybody: Client) -> None:
    secret, maker_id = await key(days=10)
    program = Client(anybody.http, {"X-API-Key": secret})
    async with transaction() as session:
        ends = (await session.execute(text("SELECT expires_at FROM api_keys"))).scalar_one()
    refused = is_problem(
        await program.post("/api-keys", json={"name": "x", "role": "admin", "days": 11}), 422, NOT_TAKEN
    )
    assert "say at most 9" in json.dumps(refused)
    for said in ({}, {"days": None}, {"days": 9}):
        made = await program.post("/api-keys", json={"name": "x", "role": "admin", **said})
        assert made.status_code == 201, made.text
    async with transaction() as session:
        found = await session.execute(text("SELECT expires_at FROM api_keys WHERE id <> :id"), {"id": maker_id})
        lives = list(found.scalars())
    assert len(lives) == 3
    assert max(lives) <= ends, "and none that has no end"


async def test_what_a_key_made_is_revoked_with_it(anybody: Client, admin: Client) -> None:
    """A key that leaked has made others meanwhile, and these more: one click ends them all."""
    secret, key_id = await key()
    other, other_id = await key()
    chain = secret
    for _ in range(3):
        made = await Client(anybody.http, {"X-API-Key": chain}).post("/api-keys", json={"name": "x", "role": "admin"})
        chain = made.json()["key"]
    assert (await admin.delete(f"/api-keys/{key_id}")).status_code == 204
    is_problem(await Client(anybody.http, {"X-API-Key": chain}).get("/customers"), 401, "unauthenticated")
    assert await good_keys() == {other_id}
    assert (await Client(anybody.http, {"X-API-Key": other}).get("/customers")).status_code == 200
    async with transaction() as session:
        told = await session.execute(text("SELECT count(*) FROM audit_log WHERE action = 'api_key.revoked'"))
        assert told.scalar_one() == 4
    with pytest.raises(Forbidden):
        await key(actor=Actor(ActorKind.API_KEY, key_id, "x", Role.ADMIN))


async def test_a_key_gives_no_more_requests_than_it_has(anybody: Client) -> None:
    secret, key_id = await key(per_minute=40, per_month=1_000)
    program = Client(anybody.http, {"X-API-Key": secret})
    body = {"name": "x", "role": "admin"}
    for more in ({"per_minute": 41}, {"per_month": 1_001}):
        is_problem(await program.post("/api-keys", json={**body, **more}), 422, NOT_TAKEN)
        is_problem(await program.patch(f"/api-keys/{key_id}", json=more), 422, NOT_TAKEN)
    assert (await program.post("/api-keys", json=body)).status_code == 201
    assert (await program.patch(f"/api-keys/{key_id}", json={"per_minute": None, "per_month": None})).status_code == 200
    async with transaction() as session:
        limits = await session.execute(text("SELECT DISTINCT per_minute, per_month FROM api_keys"))
        assert [tuple(one) for one in limits] == [(40, 1_000)]
