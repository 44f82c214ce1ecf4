"""The API over HTTP, without a socket: every test its own database, three people to sign in as."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from liquor_app.accounts.entry.passwords import hash_password
from liquor_app.accounts.models import Role, User
from liquor_app.compliance.service import ensure_rule_pack
from liquor_app.core.db import transaction
from tests.api.client import PASSWORD, Client, address_of, signed_in, whole_api
from tests.kept_rows import shipped_segments, shipped_templates
from tests.people import ensure_shop


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(whole_api(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield client


@pytest.fixture(scope="session")
async def password_hash() -> str:
    """Hashing is slow on purpose; once is enough."""
    return await hash_password(PASSWORD)


@pytest.fixture
async def anybody(http: httpx.AsyncClient, password_hash: str) -> Client:
    """Nobody known, in a shop that is set up."""
    async with transaction() as session:
        await ensure_shop(session)
        await shipped_segments(session)
        session.add_all(User(email=address_of(role), password_hash=password_hash, role=role) for role in Role)
    return Client(http, {})


@pytest.fixture
async def templates(anybody: Client) -> None:
    """The shipped templates and the rule pack."""
    async with transaction() as session:
        await shipped_templates(session)
        await ensure_rule_pack(session)


@pytest.fixture
async def viewer(anybody: Client) -> Client:
    return await signed_in(anybody, Role.USER)


@pytest.fixture
async def manager(anybody: Client) -> Client:
    return await signed_in(anybody, Role.MANAGER)


@pytest.fixture
async def admin(anybody: Client) -> Client:
    return await signed_in(anybody, Role.ADMIN)
