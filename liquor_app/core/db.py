"""PostgreSQL: one async engine per process and event loop, one transaction per edge.

Services receive an `AsyncSession` and never commit. What must only happen once the transaction is safe (ringing
the worker, telling a browser) is registered with `after_commit`.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Self

from psycopg import AsyncConnection, AsyncCursor
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from liquor_app.core.config import get_settings
from liquor_app.core.errors import AppError, Collided, Conflict, Invalid, Taken, Unavailable

log = logging.getLogger(__name__)

_engines: dict[tuple[int, str], AsyncEngine] = {}
_HOOKS = "after_commit_hooks"
_READS = "liquor.reads"
"""Marks what writes nothing, so that no lease has to stand behind it."""

Session = AsyncSession
"""What services take; routes and commands only pass it on."""

commit_guard: ContextVar[Callable[[AsyncSession], Awaitable[None]] | None] = ContextVar("commit_guard", default=None)
"""Asked last in every transaction begun in this context; what it raises rolls back. A job's lease is one."""


FEW, SHORT, PARAMETERS = 16, 500, 200
"""Elements of a list, and bytes of a text, above which a parameter is a large one; and how many parameters are many."""


class _Cursor(AsyncCursor[Any]):
    """Statements with large parameters are planned for these very rows (ADR 72).

    After five runs the driver prepares a statement, and PostgreSQL then keeps one plan for any parameters: made for ten
    keys, and maybe while the table was empty, it compares each row with each of fifty thousand.
    """

    async def execute(
        self, query: Any, params: Any = None, *, prepare: bool | None = None, binary: bool | None = None
    ) -> Self:
        if prepare is None and params and _are_large(params):
            prepare = False
        return await super().execute(query, params, prepare=prepare, binary=binary)


def _are_large(params: Any) -> bool:
    if len(params) > PARAMETERS:
        return True
    for one in params.values() if isinstance(params, dict) else params:
        if isinstance(one, str | bytes):
            if len(one) > SHORT:
                return True
        elif isinstance(one, list | tuple) and len(one) > FEW:
            return True
    return False


def engine() -> AsyncEngine:
    """Return the engine of the running event loop (connections cannot cross loops)."""
    from liquor_app.core.platform.runtime_info import database_url

    url = database_url()
    key = (id(asyncio.get_running_loop()), url)
    found = _engines.get(key)
    if found is None:
        settings = get_settings()
        found = _engines[key] = create_async_engine(
            url,
            pool_size=settings.db_pool_size,
            max_overflow=settings.db_pool_size,
            pool_timeout=10,
            pool_pre_ping=True,
            hide_parameters=True,  # of a failed statement: they are people and secrets
            connect_args={
                "connect_timeout": 5,
                "application_name": "liquor",
                "cursor_factory": _Cursor,
                "options": "-c timezone=UTC -c jit=off -c idle_in_transaction_session_timeout=120s",
            },
        )
    return found


async def dispose(*, but: str = "") -> None:
    """Close this loop's connections, but those to the database of this URL."""
    loop = id(asyncio.get_running_loop())
    for key in [key for key in _engines if key[0] == loop and key[1] != but]:
        await _engines.pop(key).dispose()


_TROUBLE = {
    "28": "it refuses our user or password",
    "3D": "there is no such database",
    "53": "it has no room or no connections left",
    "57": "it is starting or shutting down",
}
"""By class of SQL state."""


def trouble_of(error: BaseException) -> str:
    """Tell why the database cannot be used, in our words: its own may quote rows, and are shown to whoever asks."""
    origin = getattr(error, "orig", None) or error
    state = getattr(origin, "sqlstate", None)
    if state is None:
        return "it does not answer at the address of DATABASE_URL"
    return _TROUBLE.get(str(state)[:2], "it broke the connection off") + f" (SQL state {state})"


_KEY = re.compile(r"Key \((.+?)\)=\(")
_NOT_A_FIELD = frozenset({"lower", "coalesce", "text", "uuid", "md5"})


def refused_by(error: DBAPIError) -> AppError | None:
    """Tell what the database refused, in our words: its own quote rows.

    Services ask before they write; two who ask at the same moment are told apart here, by the constraint. None if it is
    ours to mend: a check or an empty field that a service let through.
    """
    said = getattr(error.orig, "diag", None)
    state = getattr(error.orig, "sqlstate", None)
    key = _KEY.search(str(getattr(said, "message_detail", "") or ""))
    names = [name for name in re.findall(r"[a-z_]+", key[1]) if name not in _NOT_A_FIELD] if key else []
    column = getattr(said, "column_name", None) or (names[-1] if names else None)
    field = column.removesuffix("_key") if column else None  # `email_key` is the address as it is compared
    words = (field or "value").replace("_", " ")
    log.warning("the database refused a write: %s, %s", state, getattr(said, "constraint_name", None))
    match state:
        case "23505" | "23P01":
            return Taken(f"There is one with this {words} already.", field=field)
        case "23503":
            return Conflict(f"What {words} names is not there any more, or is still in use.", field=field)
        case "23502" | "23514":
            return None
    return Invalid("A number, a date or a text is larger than can be kept, or is none.", field=field)


@asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """Give one transaction: commits on a clean exit, rolls back on any error, then runs the after-commit hooks.

    Raises:
        Unavailable: the database cannot be reached.
        Collided: two transactions collided (serialization failure or deadlock); trying again is safe, and what runs
            as a job does (`core.platform.collisions`).
        Conflict: somebody else was faster with what there may be one of.
        Invalid: what was given is larger or smaller than the database keeps.
    """
    maker = async_sessionmaker(engine(), expire_on_commit=False, autoflush=True)
    try:
        async with maker() as session:
            async with session.begin():
                yield session
                if _READS not in session.info and (guard := commit_guard.get()) is not None:
                    await guard(session)
            hooks = session.info.pop(_HOOKS, [])
    except OperationalError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state in {"40001", "40P01"}:
            raise Collided("Somebody else changed this at the same moment. Please try again.") from error
        if state is None or state.startswith(("08", "57P", "53")):
            raise Unavailable(f"The database cannot be reached: {trouble_of(error)}.") from error
        raise
    except (IntegrityError, DataError) as error:
        if (refusal := refused_by(error)) is not None:
            raise refusal from error
        raise
    for hook in hooks:
        await hook()


@asynccontextmanager
async def snapshot() -> AsyncIterator[AsyncSession]:
    """Give one transaction that reads alone, and reads everything as it was when it read first.

    Raises:
        Unavailable: the database cannot be reached.
    """
    async with transaction() as session:
        session.info[_READS] = True
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        yield session


def after_commit(session: AsyncSession, hook: Callable[[], Awaitable[Any]]) -> None:
    """Run `hook` once the session's transaction has committed; never if it rolls back."""
    session.info.setdefault(_HOOKS, []).append(hook)


async def allow_thinking(session: AsyncSession) -> None:
    """Let this transaction stand idle for as long as it computes: fitting and planning for a million takes minutes,
    and whoever does it is watched by its job's lease."""
    await session.execute(text("SELECT set_config('idle_in_transaction_session_timeout', '0', true)"))


async def raw_connection(session: AsyncSession) -> AsyncConnection[Any]:
    """Return the psycopg connection under the session, for COPY; same transaction."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    assert isinstance(driver, AsyncConnection)
    return driver


async def check() -> str:
    """Return the server's version.

    Raises:
        Unavailable: it cannot be reached or refused us; the message says why.
    """
    try:
        async with engine().connect() as connection:
            return str((await connection.execute(text("SHOW server_version"))).scalar_one())
    except (DBAPIError, OSError, TimeoutError) as error:
        raise Unavailable(f"The database cannot be reached: {trouble_of(error)}.") from error
