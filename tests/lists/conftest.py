"""The API, as an admin."""

from __future__ import annotations

import pytest

from tests.api.client import Client
from tests.api.conftest import admin, anybody, http, password_hash

__all__ = ["admin", "anybody", "http", "password_hash"]


@pytest.fixture
def api(admin: Client) -> Client:
    return admin
