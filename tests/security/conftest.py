"""What an attacker has: somebody at the API, of each role, in a shop that is set up; and the event socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.conftest import admin, anybody, http, manager, password_hash, templates, viewer
from tests.conftest import Engines
from tests.security.wire import Wire, wired

__all__ = ["admin", "anybody", "http", "manager", "password_hash", "templates", "viewer"]


@pytest.fixture
async def wire(database: str, engines: Engines) -> AsyncIterator[Wire]:
    async with wired(engines.redis_url) as opened:
        yield opened
