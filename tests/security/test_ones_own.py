"""What belongs to somebody answers everybody else as if it were not there: word for word as an id that is nobody's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, run
from liquor_app.privacy.export_person import request_person_export
from tests.api.client import Client, address_of
from tests.people import add_customer, add_user
from worker.settings import TASKS

pytestmark = pytest.mark.integration


def said(answer: Any, asked: Any) -> tuple[int, str]:
    """An answer without the id it was asked for and the number of the request."""
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    return answer.status_code, str(body).replace(str(asked), "ID")


async def user_id(role: Role) -> UUID:
    async with transaction() as session:
        found = await session.execute(text("SELECT id FROM users WHERE email = :email"), {"email": address_of(role)})
        return UUID(str(found.scalar_one()))


async def alike(client: Client, method: str, path: str, theirs: UUID, **options: Any) -> None:
    nobodys = uuid7()
    one = await client.call(method, path.format(id=theirs), **options)
    other = await client.call(method, path.format(id=nobodys), **options)
    assert said(one, theirs) == said(other, nobodys), path
    assert one.status_code == 404, path


async def exports_of_an_admin() -> list[UUID]:
    """One that waits, one that runs, one that failed, one that is done; and a job that makes no file."""
    async with transaction() as session:
        owner = await add_user(Role.ADMIN)
        customer = await add_customer(session)
        made = [await request_person_export(session, owner, customer) for _ in range(3)]
        waiting, failed, done = made
    assert (await run(done, TASKS)).value == "succeeded"
    async with transaction() as session:
        await session.execute(
            text("UPDATE jobs SET status = 'failed', error = 'Ada Example' WHERE id = :id"), {"id": failed}
        )
        started = await request_person_export(session, owner, customer)
        await session.execute(text("UPDATE jobs SET status = 'running' WHERE id = :id"), {"id": started})
        other = await session.execute(
            text("INSERT INTO jobs (name, status) VALUES (:name, 'succeeded') RETURNING id"),
            {"name": Job.ROLL_UP.value},
        )
        return [waiting, started, failed, done, other.scalar_one()]


async def test_nobody_learns_of_anybody_elses_export(viewer: Client, manager: Client, admin: Client) -> None:
    for job in await exports_of_an_admin():
        for client in (viewer, manager, admin):
            await alike(client, "GET", "/jobs/{id}/file", job)
        await alike(viewer, "GET", "/jobs/{id}", job)


async def test_nobody_learns_of_anybody_elses_things(viewer: Client, manager: Client) -> None:
    owner = await user_id(Role.USER)
    view = (await viewer.post("/saved-views", json={"list": "customers", "name": "Mine", "query": {}})).json()["id"]
    async with transaction() as session:
        passkey = await session.execute(
            text(
                "INSERT INTO passkeys (user_id, name, credential_id, public_key, sign_count)"
                " VALUES (:user, 'Mine', 'x', 'x', 0) RETURNING id"
            ), {"user": owner},
        )  # fmt: skip
        browser = await session.execute(
            text(
                "INSERT INTO browser_sessions (user_id, token_hash, expires_at, last_seen_at)"
                " VALUES (:user, 'x', now() + interval '1 day', now()) RETURNING id"
            ), {"user": owner},
        )  # fmt: skip
        ids = {
            "saved-views": view,
            "users/me/passkeys": passkey.scalar_one(),
            "users/me/sessions": browser.scalar_one(),
        }
    for path, one in ids.items():
        for method in ("GET", "DELETE"):
            await alike(manager, method, f"/{path}/{{id}}", one)
            await alike(manager, method, f"/{path}/{{id}}", one, headers={"If-Match": '"x"'})
    await alike(manager, "PATCH", "/users/me/passkeys/{id}", ids["users/me/passkeys"], json={"name": "Mine now"})
    async with transaction() as session:
        left = await session.execute(
            text(
                "SELECT (SELECT count(*) FROM saved_views) + (SELECT count(*) FROM passkeys)"
                " + (SELECT count(*) FROM browser_sessions WHERE token_hash = 'x' AND revoked_at IS NULL)"
            )
        )
        assert left.scalar_one() == 3
