"""What the account of web and worker may do in the database, where another one owns the tables (ADR 115).

It reads and writes rows, makes tables of its own transaction, and calls three functions that run as their owner. It can
neither change a table, a trigger or a function, nor the audit log but by adding to it.
"""

from __future__ import annotations

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from liquor_app.core.errors import Conflict, Unavailable

_LOCK = 7_311_902_245
_ROLE = """
SELECT r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls AS is_mighty,
       pg_has_role(r.oid, current_user, 'MEMBER') AS is_owner,
       EXISTS (SELECT FROM pg_roles m WHERE m.rolname IN ('pg_write_all_data', 'pg_write_server_files',
               'pg_read_server_files', 'pg_execute_server_program', 'pg_database_owner')
               AND pg_has_role(r.oid, m.oid, 'MEMBER')) AS is_servers,
       EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relnamespace = 'public'::regnamespace) AS owns
  FROM pg_roles r WHERE r.rolname = %s
"""
_MAY_SET_PASSWORDS = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
_MAKE = "CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD {password}"
_RENEW = "ALTER ROLE {role} LOGIN PASSWORD {password}"
_GRANTS = (
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}",
    "REVOKE CREATE ON DATABASE {database} FROM PUBLIC, {role}",
    "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA public TO {role}",
    "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "REVOKE UPDATE, DELETE ON TABLE audit_log FROM {role}",
    "REVOKE INSERT, UPDATE, DELETE ON TABLE alembic_version FROM {role}",
    "GRANT EXECUTE ON FUNCTION audit_log_forget(timestamptz, int), audit_log_scrub(uuid[], text, text, text),"
    " ensure_partitions(date, date) TO {role}",
)
_STATISTICS = (
    "GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {role}",
    "REVOKE MAINTAIN ON TABLE audit_log FROM {role}",
)
"""ANALYZE after much was written; before version 17 only the owner may, and the server does it by itself soon after."""
MAINTAINS = 170_000


def grant_account(owner_url: str, url: str) -> None:
    """Give the account of `url` what web and worker need in the database that `owner_url`'s account owns, and nothing
    else; make it if there is none. Done with every migration: again changes nothing.

    Raises:
        Conflict: the two are one account; it may do more than it is given here; the owner cannot make it.
        Unavailable: the database cannot be reached.
    """
    told = conninfo_to_dict(_dsn(url))
    name, password = str(told.get("user") or ""), str(told.get("password") or "")
    try:
        with psycopg.connect(_dsn(owner_url), connect_timeout=5) as connection:
            if name in ("", connection.info.user):
                raise Conflict("DATABASE_URL and LIQUOR_DATABASE_OWNER_URL name one account: two are needed.")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            _ensure(connection, name, password)
            grants = (*_GRANTS, *(_STATISTICS if connection.info.server_version >= MAINTAINS else ()))
            for grant in grants:
                connection.execute(_of(grant, name, connection.info.dbname))
    except psycopg.errors.InsufficientPrivilege as error:
        raise Conflict(
            f"The account of LIQUOR_DATABASE_OWNER_URL may not set up {name!r}: it has to own every table, and the"
            f' other has to be there (CREATE ROLE "{name}" LOGIN PASSWORD …) where it may not make it.'
        ) from error
    except psycopg.OperationalError as error:
        raise Unavailable("The database cannot be reached as the owner of its tables.") from error


def _ensure(connection: psycopg.Connection, name: str, password: str) -> None:
    """Have an account that can sign in; its password is sent as the server keeps it, never in plain."""
    row = connection.execute(_ROLE, [name]).fetchone()
    sealed = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    if row is None:
        connection.execute(_of(_MAKE, name, password=sealed))
        return
    if any(row):
        raise Conflict(
            f"The account {name!r} of DATABASE_URL may do more than web and worker need: it is a superuser, may make"
            " accounts or databases, owns tables, or belongs to an account that may. Name another one."
        )
    if (mine := connection.execute(_MAY_SET_PASSWORDS).fetchone()) is not None and mine[0]:
        connection.execute(_of(_RENEW, name, password=sealed))


def _of(statement: str, role: str, database: str = "", password: str = "") -> sql.Composed:
    return sql.SQL(statement).format(
        role=sql.Identifier(role), database=sql.Identifier(database or " "), password=sql.Literal(password)
    )


def _dsn(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
