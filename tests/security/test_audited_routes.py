"""Who changes something through the API stands in the audit log, as who they are, with the request that did it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.downloads import download_link
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.files.folders import EXPORT_FILES
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import uuid7
from liquor_app.segments.hand_picked import add_members, remove_members
from tests.api.client import PASSWORD, Client
from tests.factories import add_people
from tests.guards.test_audited import ROUTES
from tests.security.test_generated import GOOD, Shop, Spec, shop
from tests.stored import pieces

__all__ = ["shop"]

pytestmark = pytest.mark.integration

CHANGED: dict[str, Any] = {
    "PATCH /customers/{id}": {"city": "Portland"},
    "PATCH /customers/{id}/labels": {"tags": ["vip"]},
    "PATCH /segments/{id}": {"name": "Renamed"},
    "PATCH /settings/guidance": {"notes": "Rather rye than gin."},
    "PATCH /settings/brands/{id}": {"reply_to": "post@vine.shop"},
    "PATCH /settings/compliance": {"holdout_pct": "7"},
    "POST /purchases": {**GOOD["POST /purchases"], "order_id": "B-1"},
    "POST /users/me/two-steps": {"current_password": PASSWORD},
    "PUT /customers": [{"email": "put@example.com"}],
    "PUT /products": {"items": [{"sku": "RYE-1", "name": "Rye"}]},
    "POST /drop-folders": {"path": "till", "kind": "customers"},
}
"""Bodies that change something, where one that is merely taken does not."""
ENDS = ("DELETE", "/merge", "/cancel", "/stop", "/sign-out")
"""What comes last: nothing could be done to what they leave."""
REACHED = 50
"""Routes that can be called well without making a thing for each; the others are in `tests/guards/test_audited.py` and
in the tests of their area."""


async def entries(via: str) -> list[Any]:
    async with transaction() as session:
        found = await session.execute(text("SELECT * FROM audit_log WHERE via = :via ORDER BY id"), {"via": via})
        return list(found.mappings())


async def test_every_route_that_was_called_well_left_an_entry(shop: Shop) -> None:
    spec = Spec((await shop.client.get("/openapi.json")).json())
    changing = [one for one in spec.operations() if one[0] not in {"GET", "HEAD"} and "/auth/" not in one[1]]
    silent, answered = set[str](), set[str]()
    for method, template, operation in sorted(changing, key=_last):
        name = f"{method} {template.removeprefix('/api/v1')}"
        content = operation.get("requestBody", {}).get("content", {})
        how: dict[str, Any] = {}
        if "application/json" in content:
            sample = spec.sample(content["application/json"]["schema"], least=True)
            how["json"] = CHANGED.get(name) or GOOD.get(name) or sample
        answer = await shop.client.call(method, await shop.fill(template), **how)
        if answer.status_code < 300:
            answered.add(name)
            found = await entries(answer.headers["x-request-id"])
            if not found:
                silent.add(name)
            assert {(one["actor_kind"], one["ip"]) for one in found} <= {("user", "127.0.0.1")}
    assert silent == answered & ROUTES.keys(), "changed something and left no entry, or has one and is excepted"
    assert len(answered) >= REACHED, sorted(answered)


def _last(operation: tuple[str, str, Any]) -> int:
    return any(f"{operation[0]} {operation[1]}".startswith(end) or operation[1].endswith(end) for end in ENDS)


async def test_a_program_appears_as_itself(admin: Client, anybody: Client) -> None:
    """A till's key, not whoever made it."""
    async with transaction() as session:
        await add_people(session, 1)
        buyer = (await session.execute(text("SELECT email FROM customers"))).scalar_one()
        key = await create_api_key(session, SYSTEM, name="the till", role=Role.MANAGER)
        key_id = (await session.execute(text("SELECT id FROM api_keys"))).scalar_one()
    order = {**GOOD["POST /purchases"], "email": buyer}
    answer = await anybody.post("/purchases", json=order, headers={"X-API-Key": key})
    assert answer.status_code == 201, answer.text
    (told,) = await entries(answer.headers["x-request-id"])
    assert (told["actor_kind"], told["actor_id"], told["actor_name"]) == ("api_key", key_id, "the till")
    assert (told["action"], told["entity"], told["changes"]["order"]) == ("purchase.created", "purchase", "A-1")
    again = await anybody.post("/purchases", json=order, headers={"X-API-Key": key})
    assert again.json()["outcome"] == "unchanged"
    assert await entries(again.headers["x-request-id"]) == [], "the same again changed nothing"
    more = {**order, "lines": [*order["lines"], {"amount": "3", "quantity": 1, "product": "Ice"}]}
    changed = await anybody.post("/purchases", json=more, headers={"X-API-Key": key})
    (told,) = await entries(changed.headers["x-request-id"])
    assert (told["action"], told["changes"]["lines"]) == ("purchase.updated", 2)


async def test_files_that_are_fetched(viewer: Client) -> None:
    async with transaction() as session:
        who = (await session.execute(text("SELECT id FROM users WHERE role = 'user'"))).scalar_one()
    actor, key = Actor(ActorKind.USER, who, "Vi", Role.USER), EXPORT_FILES.key(uuid7(), "xlsx")
    await file_store().put(key, pieces(b"rows"))
    link = download_link(actor, key, name="customers.xlsx", permission=Permission.APP)
    answer = await viewer.get(link)
    assert answer.content == b"rows"
    (told,) = await entries(answer.headers["x-request-id"])
    assert (told["action"], told["actor_id"], told["changes"]["name"]) == ("file.fetched", who, "customers.xlsx")


async def test_lists_that_are_edited_by_hand(database: str) -> None:
    async with transaction() as session:
        people = await add_people(session, 3)
        found = await session.execute(
            text("INSERT INTO segments (slug, name, kind) VALUES ('few', 'A few', 'static') RETURNING id")
        )
        segment = found.scalar_one()
        await add_members(session, SYSTEM, segment, people)
        await remove_members(session, SYSTEM, segment, people[:1])
        told = await session.execute(
            text("SELECT action, changes->>'members' FROM audit_log WHERE entity_id = :id ORDER BY id"), {"id": segment}
        )
        assert [tuple(one) for one in told] == [("segment.members_added", "3"), ("segment.members_taken_off", "1")]
