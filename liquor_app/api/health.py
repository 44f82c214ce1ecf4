"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from liquor_app.api.schemas import Row
from liquor_app.core import db, redis
from liquor_app.core.errors import Unavailable
from liquor_app.core.platform import migrate

router = APIRouter(prefix="/health", tags=["health"])

TIMEOUT_SECONDS = 5


class Alive(Row):
    status: str = "alive"


class Ready(Row):
    status: str = "ready"
    database: str
    redis: str
    migration: str


@lru_cache(maxsize=1)
def _head() -> str:
    return migrate.head()


@router.get("/live", response_model=Alive)
async def live() -> object:
    """The process answers; nothing else is asked."""
    return Alive()


@router.get("/ready", response_model=Ready)
async def ready() -> object:
    """PostgreSQL and Redis answer and the schema is this version's; else 503 with the cause."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            version = await db.check()
            await redis.check()
            return Ready(database=version, redis="ok", migration=await _migration())
    except TimeoutError as error:
        raise Unavailable(f"The database or Redis did not answer within {TIMEOUT_SECONDS} seconds.") from error


async def _migration() -> str:
    try:
        async with db.engine().connect() as connection:
            found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    except DBAPIError as error:
        raise Unavailable("The database was never migrated. Run `liquor migrate`.") from error
    if found != _head():
        raise Unavailable(f"The database is at migration {found}, this version needs {_head()}. Run `liquor migrate`.")
    return str(found)
