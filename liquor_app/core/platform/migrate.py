"""The schema's way to head, from code."""

from __future__ import annotations

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import create_engine, inspect, pool, text
from sqlalchemy.exc import DBAPIError, OperationalError

from alembic import command
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import trouble_of
from liquor_app.core.errors import Conflict, Unavailable
from liquor_app.core.platform import runtime_info
from liquor_app.core.platform.database_account import grant_account
from liquor_app.core.security.pepper import ensure_pepper
from liquor_app.core.security.redact import describe


def alembic_config(url: str | None = None) -> Config:
    """Alembic's configuration, for `url` or the running database."""
    config = Config(str(PROJECT_ROOT / "alembic.ini"))
    if url:
        config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate up. PostgreSQL's DDL is transactional: a migration that fails leaves the schema as it was.

    Raises:
        Conflict: the database was migrated by a newer version of this software, or a migration failed.
        Unavailable: the database cannot be reached.
    """
    try:
        command.upgrade(alembic_config(url), revision)
        if revision == "head":
            ensure_pepper(url)  # under today's keys, before anybody is told to change them
    except CommandError as error:
        raise Conflict(
            f"The database's schema is not one this version knows ({error}). "
            "It was probably migrated by a newer version; run that one, or restore a backup."
        ) from error
    except DBAPIError as error:
        if isinstance(error, OperationalError):
            raise Unavailable(f"The database cannot be reached: {trouble_of(error)}.") from error
        raise Conflict(f"A migration failed and was rolled back; the schema is unchanged: {describe(error)}") from error


def upgrade_running() -> None:
    """Migrate the running database up as the owner of its tables, and give the account of web and worker, where that is
    another one, what it needs.

    Raises:
        Conflict: as `upgrade` and `grant_account`.
        Unavailable: the database cannot be reached.
    """
    owner, url = runtime_info.database_owner_url(), runtime_info.database_url()
    upgrade(owner)
    if owner != url:
        grant_account(owner, url)


def downgrade(url: str, revision: str = "base") -> None:
    """Migrate down; everything a revision made is dropped."""
    command.downgrade(alembic_config(url), revision)


def head() -> str:
    """Return the newest revision this code knows."""
    return str(ScriptDirectory.from_config(alembic_config()).get_current_head())


def current(url: str) -> str | None:
    """Return the revision a database is at; None if it was never migrated."""
    engine = create_engine(url, poolclass=pool.NullPool, hide_parameters=True, connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return None if found is None else str(found)
    finally:
        engine.dispose()
