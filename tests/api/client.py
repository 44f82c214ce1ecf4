"""Somebody at the API, and what a refusal must look like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.tokens import issue_tokens
from liquor_app.accounts.users import get_user
from liquor_app.core.db import transaction
from liquor_app.rest.routers import create_api

PASSWORD = "correct horse battery"
OURS = "http://shop.test"


@cache
def whole_api() -> FastAPI:
    """The API, made once a process: it keeps nothing of a request, and making it takes longer than most tests."""
    return create_api()


@dataclass
class Client:
    """Somebody at the API; paths are below `/api/v1`."""

    http: httpx.AsyncClient
    headers: dict[str, str]

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        url = path if path.startswith(("/docs", "/openapi", "/session", "/api/")) else f"/api/v1{path}"
        if url.startswith("/session"):  # as browsers do, with every form
            headers = {"Origin": OURS, **headers}
        return await self.http.request(method, url, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("POST", path, **options)

    async def patch(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("PATCH", path, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("DELETE", path, **options)


def address_of(role: Role) -> str:
    return f"{role.value}@example.com"


async def signed_in(client: Client, role: Role) -> Client:
    """The person of that role, with an access token; `test_auth` checks the way to one over HTTP."""
    async with transaction() as session:
        found = await session.execute(text("SELECT id FROM users WHERE email = :email"), {"email": address_of(role)})
        user = await get_user(session, found.scalar_one())
        assert user is not None
        tokens = await issue_tokens(session, user)
    return Client(client.http, {"Authorization": f"Bearer {tokens.access_token}"})


NOT_TAKEN = frozenset({"invalid", "rule.value", "rule.unknown", "rule.unstorable", "rule.made_up"})
"""Codes of what was typed and is not taken, for cases of several kinds."""


def is_problem(
    answer: httpx.Response, status: int, code: str | frozenset[str], field: str | None = None
) -> dict[str, Any]:
    """The answer is an RFC 9457 document; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status, body
    assert body["code"] in ({code} if isinstance(code, str) else code), body
    assert body["title"]
    assert body["detail"]
    if field is not None:
        assert body["field"] == field, body
    return body
