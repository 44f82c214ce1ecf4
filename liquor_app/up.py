"""`liquor up`: everything on one machine with one command; one Ctrl-C stops it."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
import threading
import time
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import create_engine, pool, text

from liquor_app import bootstrap
from liquor_app.core import db, redis
from liquor_app.core.config import PROJECT_ROOT, get_settings, inherited_environment
from liquor_app.core.errors import AppError, Unavailable
from liquor_app.core.platform import migrate, runtime_info
from liquor_app.core.platform.child_process import Child, Patience, allow_many_files, require_free_port
from liquor_app.core.platform.embedded import engines
from liquor_app.core.platform.frontend import ensure_built, serve_command
from liquor_app.core.platform.supervisor import Supervisor, stop_all
from liquor_app.demo import sample_shop


class _Build(threading.Thread):
    """The frontend builds beside the sample load: two cores, two jobs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.problem: Exception | None = None
        self.built = False

    def run(self) -> None:
        try:
            self.built = ensure_built()
        except Exception as problem:
            self.problem = problem


def up(console: Console, *, dev: bool = False) -> None:
    """Start everything, supervise it until Ctrl-C or SIGTERM, stop everything.

    With `dev` the screens are served by Reflex's own development server, which reloads them as their code changes.

    Raises:
        AppError: something stands in the way; the message says what and how to mend it.
    """
    settings = get_settings()
    started = time.monotonic()
    require_free_port(settings.host, settings.port)
    allow_many_files()
    supervisor = Supervisor(lambda line: console.print(f"[yellow]{line}[/]"))
    supervisor.install_signals()
    with engines() as children:
        migrate.upgrade_running()
        build = _Build()
        if not dev:
            build.start()
        password, code = _prepare(console)
        if build.is_alive():
            console.print("Building the frontend …")
        while build.is_alive() and not supervisor.stopping.is_set():
            build.join(0.2)
        if build.problem is not None:
            raise build.problem if isinstance(build.problem, AppError) else Unavailable(str(build.problem))
        services = [_reloading() if dev else _web(), *(_worker(number) for number in range(settings.workers))]
        try:
            if not supervisor.stopping.is_set():
                for child in services:
                    child.start()
                _wait_until_ready(services[0], supervisor, settings.port + dev)
                address = development_url() if dev else settings.base_url
                _greet(console, password, code, address, time.monotonic() - started)
                supervisor.watch([*children, *services])
            console.print("Stopping …")
        finally:
            stop_all(services)
    console.print("Stopped.")


def _prepare(console: Console) -> tuple[str | None, str | None]:
    """First run: an admin, the defaults, the sample. Returns a password if one was made up, and the set-up code of a
    shop without users."""
    settings = get_settings()
    given = settings.admin_password.get_secret_value()
    password = given or secrets.token_urlsafe(9)

    async def work() -> tuple[bool, str | None]:
        try:
            await db.check()
            await redis.check()
            fresh = await bootstrap.defaults(password if settings.sample or given else None)
            if settings.sample and await sample_shop.is_empty():
                with Progress(
                    TextColumn("{task.description:<44}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                    TimeElapsedColumn(), console=console,
                ) as progress:  # fmt: skip
                    bar = progress.add_task("Loading the sample", total=1.0)
                    await sample_shop.load_sample(
                        lambda done, total, label: progress.update(
                            bar, completed=done / max(total, 1), description=label
                        )
                    )
                if not settings.database_url:
                    await asyncio.to_thread(_flush)
            if settings.sample and not given and not fresh:
                fresh = await bootstrap.renew_unread_password(password)
            return fresh, await bootstrap.setup_code()
        finally:
            await db.dispose()
            await redis.dispose()

    made, code = asyncio.run(work())
    return (password if made and not given else None), code


def _flush() -> None:
    """Write what the sample left in memory now, so that stopping the embedded server stays a matter of a second."""
    engine = create_engine(
        runtime_info.database_owner_url(), isolation_level="AUTOCOMMIT", poolclass=pool.NullPool, hide_parameters=True
    )
    with engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))


def _environment() -> dict[str, str]:
    settings = get_settings()
    own = {name: value for name, value in inherited_environment().items() if name != "LIQUOR_DATABASE_OWNER_URL"}
    return own | {
        "DATABASE_URL": runtime_info.database_url(),
        "REDIS_URL": runtime_info.redis_url(),
        "LIQUOR_STATE_REDIS_URL": runtime_info.state_redis_url(),
        "LIQUOR_DATA_DIR": str(settings.data_dir),
        "PYTHONUNBUFFERED": "1",
    }


def _web() -> Child:
    settings = get_settings()
    argv, extra = serve_command(settings.host, settings.port, settings.web_workers)
    log = settings.data_dir / "log" / "web.log"
    # its main process may sleep through a polite signal; its workers go when it is gone
    return Child(
        "web", argv, log, env=_environment() | extra, cwd=PROJECT_ROOT, orphan_signal=signal.SIGKILL,
        answers=lambda: _answers(_own_address(settings.port, "live")),
    )  # fmt: skip


def _own_address(port: int, what: str) -> str:
    host = get_settings().host
    host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    return f"http://{host}:{port}/api/v1/health/{what}"


def _answers(address: str) -> bool:
    return _lacks(address) == ""


def _lacks(address: str) -> str:
    """Return why a server of ours does not answer yet, in its own words where it has any; "" where it does."""
    try:
        answer = httpx.get(address, timeout=2)
    except httpx.HTTPError:
        return "It does not answer."
    if answer.status_code == httpx.codes.OK:
        return ""
    try:
        return str(answer.json()["detail"])[:300]
    except (ValueError, KeyError, TypeError):
        return f"It answers {answer.status_code}."


def development_url() -> str:
    """Reflex's development server calls itself localhost; a cookie of 127.0.0.1 would not reach its event socket."""
    settings = get_settings()
    return settings.public_url or f"http://localhost:{settings.port}"


def _reloading() -> Child:
    """Reflex's development server: screens on our port, their backend on the next."""
    settings = get_settings()
    argv = [sys.executable, "-m", "reflex", "run", "--env", "dev", "--frontend-port", str(settings.port)]
    argv += ["--backend-port", str(settings.port + 1), "--backend-host", settings.host]
    extra = {
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "LIQUOR_PUBLIC_URL": development_url(),
    }
    return Child("web", argv, settings.data_dir / "log" / "web.log", env=_environment() | extra, cwd=PROJECT_ROOT)


def _worker(number: int) -> Child:
    settings = get_settings()
    log = settings.data_dir / "log" / f"worker-{number + 1}.log"
    return Child(f"worker-{number + 1}", [sys.executable, "-m", "worker"], log, env=_environment(), cwd=PROJECT_ROOT)


def _wait_until_ready(web: Child, supervisor: Supervisor, port: int) -> None:
    lacking = ""
    patience = Patience(web, lambda words: supervisor.say(f"{words}. {lacking}"))
    address = _own_address(port, "ready")
    while not supervisor.stopping.is_set():
        if not (lacking := _lacks(address)):
            return
        if patience.is_over:
            raise Unavailable(f"The web server did not start: {lacking} {patience.why}")
        time.sleep(0.1)


def _greet(console: Console, password: str | None, code: str | None, address: str, seconds: float) -> None:
    settings = get_settings()
    console.print(f"\n[bold]Liquor Marketing Agent[/] is ready ({seconds:.1f} s): [bold]{address}[/]")
    if password:
        told = "shown until somebody has signed in"
        console.print(f"Sign in as {settings.admin_email} with the password [bold]{password}[/]  ({told})")
    elif code:
        console.print(f"Open it to set up the first admin. Set-up code: [bold]{code}[/]  (works once)", highlight=False)
    else:
        console.print("Forgotten a password? `liquor users reset-password E-MAIL`", highlight=False)
    console.print(f"API: {address}/docs   Logs: {_short(settings.data_dir / 'log')}   Stop: Ctrl-C\n")


def _short(path: Path) -> str:
    return str(path.relative_to(PROJECT_ROOT)) if path.is_relative_to(PROJECT_ROOT) else str(path)
