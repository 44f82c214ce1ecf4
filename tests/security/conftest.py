"""What an attacker has: somebody at the API, of each role, in a shop that is set up."""

from tests.api.conftest import admin, anybody, http, manager, password_hash, templates, viewer

__all__ = ["admin", "anybody", "http", "manager", "password_hash", "templates", "viewer"]
