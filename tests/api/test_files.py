"""Stored files over HTTP: to whom a link was made, as a download, streamed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.downloads import download_link
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor
from liquor_app.accounts.users import get_user
from liquor_app.core import clock
from liquor_app.core.db import transaction
from liquor_app.core.files.folders import EXPORT_FILES
from liquor_app.core.files.store import PIECE, file_store
from liquor_app.core.ids import uuid7
from tests.api.client import Client, address_of, is_problem
from tests.stored import pieces

pytestmark = pytest.mark.integration


async def person(role: Role) -> Actor:
    async with transaction() as session:
        found = await session.execute(text("SELECT id FROM users WHERE email = :email"), {"email": address_of(role)})
        user = await get_user(session, found.scalar_one())
        assert user is not None
        return user.actor


async def exported(name: str = "customers.csv", content: bytes = b"email\n") -> tuple[str, str]:
    """A file of the marketer's, and the link made for them."""
    key = EXPORT_FILES.key(uuid7(), "csv")
    await file_store().put(key, pieces(content))
    return key, download_link(await person(Role.MANAGER), key, name=name, permission=Permission.CUSTOMERS_PRIVATE)


async def test_a_link_fetches_the_file_as_a_download(manager: Client) -> None:
    content = b"name\n" + b"Ada\n" * (PIECE // 3)
    _, link = await exported('Kunden "März";\r\nX-Evil: 1.csv', content)
    answer = await manager.get(link)
    assert answer.status_code == 200, answer.text
    assert answer.content == content
    headers = answer.headers
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert (headers["content-type"], headers["content-length"]) == ("text/csv; charset=utf-8", str(len(content)))
    assert headers["content-disposition"] == (
        "attachment; filename=\"Kunden _M_rz____X-Evil_ 1.csv\"; filename*=UTF-8''"
        "Kunden%20%22M%C3%A4rz%22%3B%0D%0AX-Evil%3A%201.csv"
    )
    assert "x-evil" not in headers
    assert headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_link_is_worth_nothing_to_others(
    manager: Client, admin: Client, viewer: Client, anybody: Client
) -> None:
    _, link = await exported()
    is_problem(await anybody.get(link), 401, "unauthenticated")
    with clock.travel(clock.now() - timedelta(minutes=15)):
        _, old = await exported()
    for other in (viewer, admin):
        nobodys = is_problem(await other.get("/api/v1/files/nothing"), 404, "not_found")["detail"]
        for theirs in (link, old):
            assert is_problem(await other.get(theirs), 404, "not_found")["detail"] == nobodys, "it is told to be one"
    async with transaction() as session:
        await session.execute(text("UPDATE users SET role = 'user' WHERE role = 'manager'"))
    is_problem(await manager.get(link), 403, "forbidden")


async def test_links_that_have_ended_or_are_none(manager: Client) -> None:
    key, link = await exported()
    for wrong in (f"{link}x", link[:-2], "/api/v1/files/nothing", "/api/v1/files/..%2f..%2fsecret.key"):
        is_problem(await manager.get(wrong), 404, "not_found")
    with clock.travel(clock.now() - timedelta(minutes=15)):
        _, old = await exported()
    assert "expired" in is_problem(await manager.get(old), 404, "not_found")["detail"]
    await file_store().delete(key)
    assert "no longer here" in is_problem(await manager.get(link), 404, "not_found")["detail"]


async def test_whoever_may_make_a_file_may_fetch_it(anybody: Client, viewer: Client) -> None:
    """A key for figures alone made reports that it could not fetch: that took `files:read` as well."""
    areas = ("analytics:read", "analytics:read", "files:read")
    async with transaction() as session:
        keys = [await create_api_key(session, SYSTEM, name=one, role=Role.USER, areas=[one]) for one in areas]
    mine, same_area, files = [Client(anybody.http, {"X-API-Key": key}) for key in keys]
    made = await mine.post("/reports/export", json={"report": "campaigns"})
    assert made.status_code == 201, made.text
    url = made.json()["url"]
    assert (await mine.get(url)).status_code == 200
    for other in (same_area, files, viewer):
        is_problem(await other.get(url), 404, "not_found")
    is_problem(await files.post("/reports/export", json={"report": "campaigns"}), 403, "forbidden")
