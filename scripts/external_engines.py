"""Run a command with Debian's PostgreSQL and Redis: started on free loopback ports, stopped at the end.

python scripts/external_engines.py make test-integration
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from redis import Redis
from redis.exceptions import RedisError

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from liquor_app.core.platform.child_process import Child, free_port


def main() -> int:
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not binaries or not shutil.which("redis-server"):
        sys.exit("Debian's postgresql and redis-server are needed.")
    postgres = binaries[0].parent
    account = pwd.getpwnam("postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    drop = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="liquor-external-"))
    folder.chmod(0o755)
    cluster = folder / "cluster"
    cluster.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(cluster, account.pw_uid, account.pw_gid)
    subprocess.run(
        [postgres / "initdb", "-D", cluster, "-U", "liquor", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
        check=True, stdout=subprocess.DEVNULL, timeout=120, cwd=cluster, **drop,
    )  # fmt: skip
    (
        folder / "log"
    ).mkdir()  # whoever writes logs closes their folder to others; the server's account needs the cluster
    ports = free_port(), free_port()
    user, group = (account.pw_uid, account.pw_gid) if drop else (None, None)
    server = Child(
        "postgres",
        [str(postgres / "postgres"), "-D", str(cluster), "-p", str(ports[0]), "-h", "127.0.0.1", "-k", "",
         "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"],
        folder / "log" / "postgres.log", cwd=cluster, user=user, group=group, stop_signal=signal.SIGINT,
    )  # fmt: skip
    redis = Child(
        "redis",
        ["redis-server", "--port", str(ports[1]), "--bind", "127.0.0.1", "--save", ""],
        folder / "log" / "redis.log",
    )
    try:
        server.start()
        redis.start()
        dsn = f"postgresql://liquor@127.0.0.1:{ports[0]}/postgres"
        url = f"redis://127.0.0.1:{ports[1]}/0"
        _wait(dsn, url, server, redis, folder)
        with psycopg.connect(dsn) as connection:
            shown = connection.execute("SHOW server_version").fetchone()
        print(f"PostgreSQL {shown[0] if shown else '?'} and {_redis_version(url)} on loopback", flush=True)
        environment = {**os.environ, "TEST_DATABASE_URL": dsn, "TEST_REDIS_URL": url, "LIQUOR_TEST_ENGINES_GO": "1"}
        return subprocess.run(sys.argv[1:], check=False, env=environment).returncode
    finally:
        redis.stop(3)
        server.stop(5)
        shutil.rmtree(folder, ignore_errors=True)


def _redis_version(url: str) -> str:
    with Redis.from_url(url) as client:
        return f"Redis {client.info('server')['redis_version']}"


def _wait(dsn: str, url: str, server: Child, redis: Child, folder: Path) -> None:
    """Wait while both live: on a machine that is busy or has just been set up a start takes its time."""
    why = ""
    for _ in range(600):
        try:
            psycopg.connect(dsn, connect_timeout=1).close()
            with Redis.from_url(url) as client:
                client.ping()
            return
        except (psycopg.OperationalError, RedisError) as error:
            why = str(error)
        if not (server.running and redis.running):
            break
        time.sleep(0.1)
    logs = "\n".join(
        f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}" for log in (folder / "log").glob("*.log")
    )
    sys.exit(f"The external engines did not start: {why}\n{logs}")


if __name__ == "__main__":
    sys.exit(main())
