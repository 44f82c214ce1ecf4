"""Whoever has the credentials of web and worker, and their own statements, is not the owner of the tables: the account
that migrations set up (ADR 115) is used here as a thief would use it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine, make_url, pool, text

from liquor_app.core.config import PROJECT_ROOT, Environment, Settings
from liquor_app.core.errors import Conflict
from liquor_app.core.platform.database_account import grant_account

pytestmark = pytest.mark.integration
ENTRY = (
    "INSERT INTO audit_log (at, actor_kind, actor_name, action, entity, changes) VALUES"
    " (now() - make_interval(days => {days}), 'system', 'x', 'x.y', 'x', '{{\"name\": [\"Ada\", \"Bo\"], \"n\": 1}}')"
)
NOBODY = "01890000-0000-7000-8000-000000000001"
FORGED = f"INSERT INTO erasures (person_id, ground) VALUES ('{NOBODY}', 'asked')"
ATTACKS = (
    "UPDATE audit_log SET actor_name = 'somebody else'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
    "SELECT set_config('liquor.audit_log_forgets', 'yes', false); DELETE FROM audit_log",
    "SELECT set_config('liquor.audit_log_scrubs', 'yes', false); UPDATE audit_log SET changes = '{}'",
    "SELECT audit_log_forget(now(), 1000)",
    "SELECT audit_log_scrub('{}', 'Ada', '')",
    "SELECT audit_log_scrub(ARRAY[uuid_v7()], 'Ada', '')",
    f"{FORGED}; SELECT audit_log_scrub(ARRAY['{NOBODY}'::uuid], '', '')",
    f"{FORGED}; SELECT audit_log_scrub(ARRAY['{NOBODY}'::uuid], '.', '')",
    f"{FORGED}; SELECT audit_log_scrub(ARRAY['{NOBODY}'::uuid], '[a-z]', '')",
    f"{FORGED}; SELECT audit_log_scrub(ARRAY['{NOBODY}'::uuid], '[a-z]', '', 'ada')",
    "ALTER TABLE audit_log DISABLE TRIGGER ALL",
    "ALTER TABLE audit_log DISABLE TRIGGER audit_log_only_grows",
    "DROP TRIGGER audit_log_only_grows ON audit_log",
    "CREATE TRIGGER hush BEFORE INSERT ON audit_log EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE hush AS ON INSERT TO audit_log DO INSTEAD NOTHING",
    "SET session_replication_role = replica",
    "ALTER TABLE audit_log RENAME TO audit_log_of_before",
    "ALTER TABLE audit_log OWNER TO CURRENT_USER",
    "DROP TABLE audit_log",
    "CREATE OR REPLACE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "CREATE OR REPLACE FUNCTION audit_log_scrub(people uuid[], words text, mark text, hints text DEFAULT '')"
    " RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION audit_log_scrub(uuid[], text, text, text) SECURITY INVOKER",
    "ALTER FUNCTION audit_log_forget(timestamptz, int) RESET ALL",
    "DROP FUNCTION audit_log_refuse() CASCADE",
    "CREATE FUNCTION lower(name text) RETURNS text LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "CREATE TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION file_fdw",
    "GRANT {owner} TO CURRENT_USER",
    "SET ROLE {owner}",
    "SET SESSION AUTHORIZATION {owner}",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "CREATE ROLE mine SUPERUSER",
    "ALTER SYSTEM SET log_statement = 'none'",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT ALL ON TABLES TO CURRENT_USER",
    "COPY audit_log TO PROGRAM 'true'",
    "COPY audit_log FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "UPDATE alembic_version SET version_num = '0001'",
    "UPDATE pg_class SET relowner = 10",
    "BEGIN; LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE",
    "ALTER TABLE customers DISABLE TRIGGER ALL",
    "ALTER TABLE customers DROP COLUMN email",
    "TRUNCATE customers CASCADE",
)
"""What the owner of the tables may do, or a superuser."""


@pytest.fixture
def accounts(copied_database: str) -> Iterator[tuple[str, str]]:
    """URLs of the owner and of an account that was set up beside it."""
    name = f"liquor_app_{os.getpid()}"
    beside = copied_database.rpartition("@")[2]
    url = f"postgresql+psycopg://{name}:Amber-casks-of-the-north-27@{beside}"
    grant_account(copied_database, url)
    with as_owner(copied_database) as owner:
        for days in (1, 60):
            owner.execute(ENTRY.format(days=days))
    yield copied_database, url
    with as_owner(copied_database) as owner:
        owner.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
        owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def as_owner(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def test_the_account_can_do_nothing_to_the_audit_log_and_to_what_guards_it(accounts: tuple[str, str]) -> None:
    owner_url, url = accounts
    with as_owner(owner_url) as owner, as_owner(url) as thief:
        was = owner.execute("SELECT * FROM audit_log ORDER BY at").fetchall()
        got_through = []
        for attack in ATTACKS:
            try:
                thief.execute(attack.replace("{owner}", f'"{owner.info.user}"'))
                got_through.append(attack)
            except psycopg.errors.InsufficientPrivilege:
                thief.rollback()
        assert got_through == []
        thief.execute("GRANT UPDATE, DELETE ON audit_log TO CURRENT_USER")  # the server warns that nothing was given
        for attack in ATTACKS[:2]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                thief.execute(attack)
        assert owner.execute("SELECT * FROM audit_log ORDER BY at").fetchall() == was
        for attack in ("UPDATE audit_log SET actor_name = 'y'", "DELETE FROM audit_log"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only grows"):
                owner.execute(attack)


def test_no_table_of_ones_own_stands_for_ours_in_what_runs_as_the_owner(accounts: tuple[str, str]) -> None:
    owner_url, url = accounts
    with as_owner(url) as thief:
        thief.execute("CREATE TEMP TABLE audit_log (LIKE public.audit_log)")
        thief.execute("SET search_path = pg_temp, public")
        assert thief.execute("SELECT audit_log_forget(now() - interval '31 days', 10)").fetchone() == (1,)
    with as_owner(owner_url) as owner:
        assert owner.execute("SELECT count(*) FROM audit_log").fetchone() == (1,)
        definers = owner.execute(
            "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        ).fetchall()
    assert {name for name, _ in definers} == {"audit_log_forget", "audit_log_scrub", "ensure_partitions"}
    assert all("search_path=public, pg_temp" in config for _, config in definers)


def test_it_may_what_web_and_worker_do(accounts: tuple[str, str]) -> None:
    _, url = accounts
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text(ENTRY.format(days=0).replace(":", "\\:")))
        connection.execute(text("CREATE TEMP TABLE parts ON COMMIT DROP AS SELECT 1 AS n"))
        connection.execute(text("TRUNCATE parts; ANALYZE parts"))
        connection.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
        made = connection.execute(
            text("SELECT ensure_partitions(:first, :last)"), {"first": date(2044, 1, 1), "last": date(2044, 2, 1)}
        )
        assert made.scalar_one() in (0, 4), "hypertables make their own"
        connection.execute(
            text("INSERT INTO analytics_events (event_type, occurred_at) VALUES ('opened', '2044-01-05T00:00:00Z')")
        )
        read = connection.execute(text("SELECT count(*) FROM analytics_events WHERE occurred_at > '2044-01-01'"))
        assert read.scalar_one() == 1
        connection.execute(text(FORGED))
        scrub = f"SELECT audit_log_scrub(ARRAY['{NOBODY}'\\:\\:uuid], 'Ada', '[erased]', :hints)"
        quick = connection.execute(text(scrub), {"hints": "zora"})
        assert quick.scalar_one() == 0, "what has no piece of a name is passed over"
        scrubbed = connection.execute(text(scrub), {"hints": "zora|ada"})
        assert scrubbed.scalar_one() == 3
        told = connection.execute(text("SELECT changes FROM audit_log WHERE action = 'audit.scrubbed'")).scalar_one()
        assert told == {"entries": 3, "keys": 0, "account": make_url(url).username}, "what it did stands there for good"
        assert connection.execute(text("DELETE FROM analytics_events")).rowcount == 1


def test_a_migration_changes_nothing_that_was_set_up_and_gives_what_is_new(accounts: tuple[str, str]) -> None:
    owner_url, url = accounts
    with as_owner(owner_url) as owner:
        owner.execute("CREATE TABLE newly_made (id int)")
        owner.execute(sql.SQL("GRANT ALL ON audit_log TO {}").format(sql.Identifier(f"liquor_app_{os.getpid()}")))
    grant_account(owner_url, url)
    with as_owner(url) as app:
        app.execute("INSERT INTO newly_made VALUES (1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("TRUNCATE audit_log")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("DELETE FROM audit_log")


@pytest.mark.parametrize("might", ["SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"])
def test_an_account_that_may_more_is_refused(accounts: tuple[str, str], might: str) -> None:
    owner_url, url = accounts
    name = sql.Identifier(f"liquor_app_{os.getpid()}")
    with as_owner(owner_url) as owner:
        owner.execute(sql.SQL(f"ALTER ROLE {{}} {might}").format(name))  # type: ignore[arg-type]
        with pytest.raises(Conflict, match="may do more"):
            grant_account(owner_url, url)
        owner.execute(sql.SQL(f"ALTER ROLE {{}} NO{might}").format(name))  # type: ignore[arg-type]
        for role in (owner.info.user, "pg_write_all_data", "pg_execute_server_program"):
            owner.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), name))
            with pytest.raises(Conflict, match="may do more"):
                grant_account(owner_url, url)
            owner.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(role), name))
    grant_account(owner_url, url)
    with pytest.raises(Conflict, match="one account"):
        grant_account(owner_url, owner_url)


def test_compose_gives_the_owner_to_migrations_alone() -> None:
    services = (PROJECT_ROOT / "docker-compose.yml").read_text().split("\nservices:\n")[1]
    named = [part for part in services.split("\n\n") if "LIQUOR_DATABASE_OWNER_URL" in part]
    assert [part.strip().partition(":")[0] for part in named] == ["migrate"]
    shared = (PROJECT_ROOT / "docker-compose.yml").read_text().split("\nservices:\n")[0]
    assert "DATABASE_URL: postgresql://liquor_app:" in shared
    assert "OWNER" not in shared


def test_an_owner_is_of_a_database_that_is_named() -> None:
    with pytest.raises(ValueError, match="needs both"):
        Settings(env=Environment.TEST, database_owner_url="postgresql://liquor:x@127.0.0.1/liquor", DATABASE_URL="")


def test_the_embedded_server_has_two_accounts_too(tmp_path: Path) -> None:
    from liquor_app.core.platform.embedded_postgres import APP, DATABASE, EmbeddedPostgres

    server = EmbeddedPostgres(tmp_path)
    assert server.url.startswith(f"postgresql+psycopg://{DATABASE}:")
    assert server.app_url.startswith(f"postgresql+psycopg://{APP}:")
