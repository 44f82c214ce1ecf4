"""A key opens no accounts and gives nobody more rights: they would outlive it."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from tests.api.client import Client, is_problem
from tests.people import add_user

pytestmark = pytest.mark.integration

REFUSED = "A key opens no accounts"


async def test_what_a_leaked_key_tried(anybody: Client) -> None:
    """Each let an admin's key, whenever it ends, make somebody for ever."""
    admin, marketer, gone = [(await add_user(role)).id for role in (Role.ADMIN, Role.MANAGER, Role.MANAGER)]
    async with transaction() as session:
        secret = await create_api_key(session, SYSTEM, name="till", role=Role.ADMIN)
        await session.execute(text("UPDATE users SET is_active = false WHERE id = :id"), {"id": gone})
        before = await people(session)
    thief = Client(anybody.http, {"X-API-Key": secret})
    for answer in (
        await thief.post("/users", json={"email": "thief@example.com", "role": "admin"}),
        await thief.post("/users", json={"email": "thief@example.com", "role": "user"}),
        await thief.post(f"/users/{admin}/link"),
        await thief.post(f"/users/{marketer}/link"),
        await thief.post(f"/users/{admin}/two-steps/off"),
        await thief.patch(f"/users/{marketer}", json={"role": "admin"}),
        await thief.patch(f"/users/{gone}", json={"is_active": True}),
    ):
        is_problem(answer, 403, "forbidden")
        assert REFUSED in answer.text
    async with transaction() as session:
        assert await people(session) == before
        assert (await session.execute(text("SELECT count(*) FROM access_links"))).scalar_one() == 0
    # to take rights away is what such a key is for: whoever leaves the shop is let go by its own program
    assert (await thief.patch(f"/users/{marketer}", json={"role": "user"})).status_code == 200
    assert (await thief.patch(f"/users/{marketer}", json={"is_active": False})).status_code == 200


async def people(session: AsyncSession) -> list[tuple[object, ...]]:
    found = await session.execute(text("SELECT email, role, is_active, password_hash FROM users ORDER BY email"))
    return [tuple(row) for row in found]
