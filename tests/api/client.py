"""Somebody at the API, and what a refusal must look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

PASSWORD = "correct horse battery"


@dataclass
class Client:
    """Somebody at the API; paths are below `/api/v1`."""

    http: httpx.AsyncClient
    headers: dict[str, str]

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        url = path if path.startswith(("/docs", "/openapi", "/session", "/api")) else f"/api/v1{path}"
        return await self.http.request(method, url, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("POST", path, **options)

    async def patch(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("PATCH", path, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("DELETE", path, **options)


async def sign_in(client: Client, role: str) -> Client:
    answer = await client.post("/auth/login", json={"email": f"{role}@example.com", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return Client(client.http, {"Authorization": f"Bearer {answer.json()['access_token']}"})


def is_problem(answer: httpx.Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """The answer is an RFC 9457 document; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert body["title"]
    assert body["detail"]
    if field is not None:
        assert body["field"] == field, body
    return body
