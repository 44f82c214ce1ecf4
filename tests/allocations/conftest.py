"""The API, as an admin."""

from __future__ import annotations

import pytest

from tests.api.client import Client
from tests.api.conftest import admin, anybody, http, manager, password_hash, viewer

__all__ = ["admin", "anybody", "http", "manager", "password_hash", "viewer"]


@pytest.fixture
def api(admin: Client) -> Client:
    return admin
