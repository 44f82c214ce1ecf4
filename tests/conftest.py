"""Real engines for every test: one embedded PostgreSQL and Valkey per test process, and an empty database per test.

`TEST_DATABASE_URL` and `TEST_REDIS_URL` point the same tests at other servers (CI runs them on Debian's too).
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest

# what is imported and collected stays until the end: looking through it again and again took a tenth of the time
gc.disable()
_DATA = Path(
    tempfile.mkdtemp(
        prefix="liquor-test-",
        # the engines' own account must reach it; LIQUOR_TEST_FOLDER says another place
        dir=os.environ.get("LIQUOR_TEST_FOLDER")
        or ("/var/lib" if os.geteuid() == 0 and os.access("/var/lib", os.W_OK) else None),
    )
)
os.umask(0o077)  # as every process of ours begins
# two processes test side by side: threads of theirs for small matrices only wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("LIQUOR_ENV", "test")
os.environ["LIQUOR_GALLERY"] = "1"
os.environ["LIQUOR_DATA_DIR"] = str(_DATA)
# its expired states are cleared by whoever starts: two processes at once trip over each other's
os.environ["REFLEX_STATES_WORKDIR"] = str(_DATA / "states")
os.environ["LIQUOR_OUTBOUND_ALLOW"] = "127.0.0.0/8"  # providers of tests stand on this machine
os.environ["LIQUOR_SECRET_KEY"] = "test-only-not-a-secret-" + "x" * 24
for _name in ("DATABASE_URL", "REDIS_URL", "OPENAI_API_KEY", "PORT", "HOST"):
    os.environ.pop(_name, None)

from hypothesis import settings as hypothesis_settings  # noqa: E402
from redis import Redis  # noqa: E402
from sqlalchemy import Connection, Engine, create_engine, pool, text  # noqa: E402
from sqlalchemy.ext.asyncio import AsyncSession  # noqa: E402

from liquor_app.core import config, db, redis  # noqa: E402
from liquor_app.core.platform import gc_control, migrate, runtime_info  # noqa: E402
from liquor_app.organization.kept_general import forget_general  # noqa: E402

# on a loaded machine an example may take any time; what must be quick is measured by benchmarks. A landing tries the
# same examples each time, so it fails by what it changed; `make prove-properties` looks for others
hypothesis_settings.register_profile("gate", deadline=None, derandomize=True)
hypothesis_settings.register_profile("search", deadline=None, print_blob=True)
hypothesis_settings.load_profile("gate")

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class Engines(NamedTuple):
    """Addresses of the servers under test."""

    database_url: str
    redis_url: str


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """Running servers."""

    from liquor_app.core.platform import embedded

    if url := os.environ.get("TEST_DATABASE_URL"):
        os.environ["DATABASE_URL"] = url
    if url := os.environ.get("TEST_REDIS_URL"):
        # each process counts for itself: one forgets what was used up of an allowance before each of its tests
        number = re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or "0"
        os.environ["REDIS_URL"] = re.sub(r"(//[^/]+)(/\d*)?$", rf"\g<1>/{number}", url)
    config.get_settings.cache_clear()
    with embedded.engines():
        yield Engines(runtime_info.database_owner_url(), runtime_info.redis_url())


@pytest.fixture(scope="session")
def template_database(engines: Engines) -> Iterator[str]:
    """Name of a migrated, empty database every test's own is copied from; `LIQUOR_TEST_TEMPLATE` names one there is."""
    if name := os.environ.get("LIQUOR_TEST_TEMPLATE", ""):
        yield name
        return
    name = f"liquor_template_{os.getpid()}"
    admin = create_engine(engines.database_url, isolation_level="AUTOCOMMIT", poolclass=pool.NullPool)
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    migrate.upgrade(engines.database_url.rsplit("/", 1)[0] + f"/{name}")
    yield name
    _drop(admin, name)


@pytest.fixture(scope="session")
def own_database(engines: Engines, template_database: str) -> Iterator[str]:
    """URL of the one database this process's tests share, one after the other: a copy of the template for each would
    take most of the time they take."""
    name = f"liquor_test_{os.getpid()}"
    admin = create_engine(engines.database_url, isolation_level="AUTOCOMMIT", poolclass=pool.NullPool)
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"'))
    before = schema_of(engines.database_url.rsplit("/", 1)[0] + f"/{name}")
    yield engines.database_url.rsplit("/", 1)[0] + f"/{name}"
    after = schema_of(engines.database_url.rsplit("/", 1)[0] + f"/{name}")
    _drop(admin, name)
    assert before <= after, f"a test took from the schema all share (`copied_database` is for that): {before - after}"


def _drop(admin: Engine, name: str) -> None:
    """From a server that stays when the tests have run. One that was started for them goes with all it holds, and would
    write everything out first."""
    if os.environ.get("DATABASE_URL") and not os.environ.get("LIQUOR_TEST_ENGINES_GO"):
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


_SCHEMA = """
SELECT 'constraint ' || conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conparentid = 0
   AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = conrelid AND c.relispartition)
UNION SELECT 'trigger ' || tgname || ' ' || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
UNION SELECT 'column ' || attrelid::regclass || '.' || attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND a.attnum > 0 AND NOT a.attisdropped
"""


def schema_of(url: str) -> set[str]:
    """What a database holds its rows to, by name; partitions come and go."""
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        return set(connection.execute(text(_SCHEMA).execution_options(no_parameters=True)).scalars())


@pytest.fixture(scope="session")
def broom(own_database: str) -> Iterator[Engine]:
    """What empties that database; its connection stays open."""
    engine = create_engine(own_database, isolation_level="AUTOCOMMIT", pool_size=1, pool_pre_ping=True)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def allowances(engines: Engines) -> Iterator[Redis]:
    """Where requests are counted."""
    with Redis.from_url(engines.redis_url) as client:
        yield client


def empty(connection: Connection) -> None:
    """As migrations left it: rows gone, and connections ended that the last test left in the middle of something or
    holding a lock. Those that are idle stay, as a pool's do in a running shop. The template holds no rows."""
    connection.execute(text(_END_BUSY))
    try:
        found = connection.execute(
            text(
                "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
                " AND c.relkind = 'r' AND c.relname <> 'alembic_version' AND pg_relation_size(c.oid) > 0"
            ).execution_options(no_parameters=True)
        )
        used = list(found.scalars())
        if used:
            # rows only: foreign keys are not asked while a replica applies changes
            connection.execute(text("SET session_replication_role = replica"))
            connection.execute(text("; ".join(f"DELETE FROM {table}" for table in used)))
        # everybody may be contacted: a test that wants somebody left out of everything says so
        connection.execute(
            text("INSERT INTO settings (key, value) VALUES ('planning', CAST(:value AS jsonb))"),
            {"value": '{"global_holdout_pct": "0"}'},
        )
    finally:
        connection.execute(text("SET session_replication_role = DEFAULT"))


_END_BUSY = """
SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
 WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
   AND (a.state IS DISTINCT FROM 'idle' OR a.application_name <> 'liquor'
        OR EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory'))
"""


@pytest.fixture
async def database(
    engines: Engines, own_database: str, broom: Engine, allowances: Redis, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """URL of this test's database, empty; the application is pointed at it. What earlier tests used up of a minute's
    allowance is forgotten: all run in the same minute."""
    with broom.connect() as connection:
        empty(connection)
    if counted := allowances.keys("liquor:limit:*"):
        allowances.delete(*cast("list[bytes]", counted))
    monkeypatch.setenv("DATABASE_URL", own_database)
    monkeypatch.setenv("REDIS_URL", engines.redis_url)
    config.get_settings.cache_clear()
    forget_general()
    yield own_database
    await db.dispose(but=own_database)
    await redis.dispose()
    monkeypatch.undo()
    config.get_settings.cache_clear()


@pytest.fixture
def copied_database(engines: Engines, template_database: str) -> Iterator[str]:
    """URL of a database of this test alone, for what changes the schema itself."""
    name = f"liquor_copy_{os.getpid()}"
    admin = create_engine(engines.database_url, isolation_level="AUTOCOMMIT", poolclass=pool.NullPool)
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"'))
    yield engines.database_url.rsplit("/", 1)[0] + f"/{name}"
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@pytest.fixture
async def session(database: str) -> AsyncIterator[AsyncSession]:
    """An open transaction, committed at the end of the test; for tests that need no commit in between."""
    async with db.transaction() as open_session:
        yield open_session


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser a process: Playwright keeps an event loop running in its thread."""
    from playwright.sync_api import expect

    from tests.browser import chromium

    # As long as actions wait: a shop that has just started on a busy machine answers its first page late.
    expect.set_options(timeout=15_000)
    with chromium() as opened:
        yield opened


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever touches the engines is an integration test, marked or not."""
    for item in items:
        if "engines" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.integration)


def pytest_collection_finish() -> None:
    gc_control.seldom()
    gc.enable()


def pytest_sessionfinish() -> None:
    """Looking through gigabytes five times over before a process ends is work for nobody."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Nothing stays behind, also where no test needed the engines."""
    shutil.rmtree(_DATA, ignore_errors=True)
