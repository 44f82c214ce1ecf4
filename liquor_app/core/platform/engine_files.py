"""What the embedded engines share: the account they run as, the data directory's lock, binaries that account can reach,
passwords, and servers that a killed supervisor left behind.

PostgreSQL refuses to run as root, so as root both servers drop to `nobody`, and their binaries are copied once to
a folder that account can reach (a clone may lie under /root).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psutil

from liquor_app.core.config import ROOT_DATA, unprivileged_user
from liquor_app.core.errors import Conflict, Unavailable
from liquor_app.core.platform.private_files import FILE, data_directory, passable, tighten

ENGINES = ROOT_DATA / "engines"
"""Where copies of the binaries lie that another account runs."""


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
        raise Unavailable(disk_message(data_dir, error)) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                f"The data directory {data_dir} is in use by another instance. Stop it, or set LIQUOR_DATA_DIR."
            ) from error
        yield


def disk_message(path: Path, error: OSError) -> str:
    """Tell why a folder cannot be used, and what to do."""
    if error.errno == errno.ENOSPC:
        return f"The disk holding {path} is full. Free some space and start again."
    return f"The data directory {path} cannot be used: {error.strerror}. Set LIQUOR_DATA_DIR to another place."


def package_folder(name: str) -> Path:
    """Tell where an installed package lies.

    Raises:
        Unavailable: it is not installed.
    """
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(
            f"{name} is not installed for this platform. Set DATABASE_URL and REDIS_URL, or use Docker Compose."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def reachable(source: Path, name: str, account: Account) -> Path:
    """`source`, or as root a copy the unprivileged account can reach; made once per version."""
    if account.uid is None:
        return source
    target = ENGINES / name
    passable(target.parent)
    if not target.exists():
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
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


def password_of(path: Path, length: int = 24) -> str:
    """Return the password kept in a file, made if there is none."""
    if not path.exists():
        path.touch(0o600)
        path.write_text(secrets.token_urlsafe(length))
    return path.read_text()


def stop_orphan(pid_file: Path, executable: str) -> None:
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
