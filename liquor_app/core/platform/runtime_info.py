"""Where the running PostgreSQL and Redis are.

Explicit settings win. Otherwise the supervisor's `runtime.json` in the data directory names the embedded engines,
so that `liquor score` in a second terminal finds what `liquor up` started in the first.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

from liquor_app.core.config import get_settings
from liquor_app.core.errors import Unavailable


class Runtime(TypedDict):
    database_url: str
    database_owner_url: str
    redis_url: str
    state_redis_url: str
    pid: int


def runtime_file() -> Path:
    return get_settings().data_dir / "runtime.json"


def read_runtime() -> Runtime | None:
    """Tell what the supervisor wrote, or None if nothing (readable) is there."""
    try:
        loaded: Runtime = json.loads(runtime_file().read_text())
    except (OSError, ValueError):
        return None
    return loaded


def database_url() -> str:
    """SQLAlchemy URL of the database.

    Raises:
        Unavailable: none is configured and no embedded engine is running.
    """
    settings = get_settings()
    if settings.database_url:
        return settings.database_url
    running = read_runtime()
    if running is None:
        raise Unavailable("No database: set DATABASE_URL, or start the embedded one with `liquor up`.")
    return running["database_url"]


def database_owner_url() -> str:
    """SQLAlchemy URL of the database as the account that owns its tables: the same where there is one account.

    Raises:
        Unavailable: as `database_url`.
    """
    settings = get_settings()
    if settings.database_url:
        return settings.database_owner_url or settings.database_url
    running = read_runtime()
    return database_url() if running is None else running.get("database_owner_url", running["database_url"])


def redis_url() -> str:
    """Return URL of the Redis-protocol server.

    Raises:
        Unavailable: none is configured and no embedded engine is running.
    """
    settings = get_settings()
    if settings.redis_url:
        return settings.redis_url
    running = read_runtime()
    if running is None:
        raise Unavailable("No Redis: set REDIS_URL, or start the embedded one with `liquor up`.")
    return running["redis_url"]


def state_redis_url() -> str:
    """Return URL of the Redis-protocol server that holds the states of open tabs.

    Raises:
        Unavailable: none is configured and no embedded engine is running.
    """
    settings = get_settings()
    if settings.state_redis_url or settings.redis_url:
        return settings.state_redis_url or settings.redis_url
    running = read_runtime()
    if running is None:
        raise Unavailable("No Redis: set REDIS_URL, or start the embedded one with `liquor up`.")
    return running.get("state_redis_url", running["redis_url"])
