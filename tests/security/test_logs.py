"""Nothing of people and no secret is written down where it does not belong, and nobody writes our log for us."""

from __future__ import annotations

import ast
import io
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from sqlalchemy import text

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.api.application import create_api
from liquor_app.core import config, db, queue, redis
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.platform.child_process import LOG_BYTES, Child
from liquor_app.core.platform.logs import JsonFormatter, LineFormatter, configure
from liquor_app.core.platform.private_files import tighten
from liquor_app.core.platform.supervisor import Supervisor
from liquor_app.core.queue import Job, JobContext, enqueue
from liquor_app.core.security.redact import describe, redact
from liquor_app.imports.dry_run import keep_rejects
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.tasks import conclude
from liquor_app.providers.kit.base import Outcome
from liquor_app.rest import accounts
from liquor_app.sending.pipeline.deliver import hand_over
from tests.api.client import PASSWORD, Client
from tests.sources import parsed, reads_sources
from tests.stored import uploads_folder

HASH = "$argon2id$v=19$m=32768,t=2,p=1$bWFya2VyLXNhbHQ$bWFya2VyLWhhc2gtb2YtYS1wYXNzd29yZA"
ADDRESS = "marker.person@example.com"
TOKEN = "lk_Mark3rT0kenOfSomebody_aB3dE5gH7jK9"
NAME = "Marker Secretname"
MARKERS = (HASH, "bWFya2VyLWhhc2", ADDRESS, "marker.person", TOKEN, "Mark3rT0ken", NAME, "Secretname")


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that is logged during the test, as both formats write it."""
    stream = io.StringIO()
    handlers = []
    for formatter in (LineFormatter(), JsonFormatter()):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        logging.root.addHandler(handler)
        handlers.append(handler)
    yield stream
    for handler in handlers:
        logging.root.removeHandler(handler)


async def _fail(which: int) -> None:
    """A statement that fails and whose error quotes what it was given."""
    row = {"id": uuid7(), "email": ADDRESS, "hash": HASH, "name": NAME, "token": TOKEN}
    insert = "INSERT INTO users (id, email, password_hash, full_name, role) VALUES (:id, :email, :hash, :name, 'user')"
    if which == 3:  # an error that is nobody's
        raise RuntimeError(f"cannot write to {NAME} <{ADDRESS}> with {TOKEN} and {HASH}")
    # past `transaction`, which has words of its own for what the database refuses; those come last
    async with transaction() if which == 4 else db.engine().begin() as session:
        if which == 1:  # Failing row contains (…)
            await session.execute(text(insert.replace("'user'", "'king'")), row)
        elif which == 2:  # invalid input syntax for type uuid: "…"
            await session.execute(text("SELECT CAST(CAST(:token AS text) AS uuid)"), row)
        else:  # Key (lower(email))=(…) already exists
            await session.execute(text(insert), row)
            await session.execute(text(insert), {**row, "id": uuid7()})


async def _all_rows(table: str) -> str:
    async with transaction() as session:
        return str(list(await session.scalars(text(f"SELECT to_jsonb(t)::text FROM {table} t"))))


async def _all_of_redis() -> str:
    client = redis.client()
    found = [key async for key in client.scan_iter("liquor:*")] + [key async for key in client.scan_iter("arq:*")]
    values = []
    for key in found:
        kind = await client.type(key)
        values.append((key, await client.get(key) if kind == b"string" else kind))
    return repr(values)


def _engine_logs() -> str:
    return "".join(path.read_text(errors="replace") for path in (config.get_settings().data_dir / "log").glob("*"))


class _Breaking:
    """A provider that breaks in the middle of a call."""

    name, concurrency, call_seconds = "breaking", 1, 1.0

    def calls(self, messages: Any) -> list[Any]:
        return [messages]

    async def send_batch(self, messages: Any) -> Any:
        await _fail(0)


async def test_markers_are_found_nowhere(
    http: httpx.AsyncClient, anybody: Client, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    router = APIRouter()

    @router.get("/broken/{token}")
    async def broken(token: str) -> None:
        await _fail(1)

    public = APIRouter()

    @public.get("/u/{token}")
    async def broken_page(token: str) -> None:
        await _fail(0)

    app = create_api([router, accounts.router], at_root=[public])
    told: list[str] = []
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        answer = await client.get(f"/api/v1/broken/{TOKEN}", headers={"x-api-key": TOKEN, "cookie": f"a={TOKEN}"})
        assert answer.status_code == 500
        told.append(answer.text)
        assert (await client.get("/u/Mark3rT0ken")).status_code == 500, "a recipient's link is a secret"
        wrong = {"email": ADDRESS, "password": TOKEN}
        for _ in range(3):
            told.append((await client.post("/api/v1/auth/login", json=wrong)).text)
        told.append((await client.get("/api/v1/users/me", headers={"x-api-key": TOKEN})).text)

    async def task(job: JobContext) -> dict[str, Any] | None:
        await _fail(int(job.args["which"]))
        return None

    for which in range(5):
        async with transaction() as session:
            job_id = await enqueue(session, Job.ROLL_UP, {"which": which})
        assert await queue.run(job_id, {Job.ROLL_UP: task}) == "failed"

    from liquor_app.sending.tasks import process_webhooks

    async def receipts(*_: Any, **__: Any) -> None:
        await _fail(0)

    monkeypatch.setattr("liquor_app.sending.tasks.process_receipts", receipts)
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is: every callback of the batch breaks
        await process_webhooks(JobContext(uuid7(), Job.PROCESS_WEBHOOKS, {}, 1, None))

    async with transaction() as session:
        import_id = uuid7()
        await session.execute(
            text(
                "INSERT INTO imports (id, kind, file_name, file_key, status) VALUES (:id, 'customers', 'a.csv', 'k',"
                " 'running')"
            ),
            {"id": import_id},
        )
    from liquor_app.imports import local_import

    async def broken_drive(*_: Any) -> None:
        await _fail(0)

    monkeypatch.setattr(local_import, "drive", broken_drive)
    with pytest.raises(Exception):  # noqa: B017, PT011
        await local_import._take(SYSTEM, import_id, Path("a.csv"), None)  # type: ignore[arg-type]
    async with transaction() as session:
        await conclude(session, SYSTEM, import_id, ImportStatus.FAILED, describe(RuntimeError(ADDRESS)))

    class Message:
        send_id = uuid7()

    results = await hand_over(_Breaking(), [Message()], 1e12)  # type: ignore[arg-type, list-item]
    assert results[0].outcome is Outcome.UNKNOWN
    told.append(repr(results))

    places = {
        "answers": "".join(told),
        "log": logged.getvalue(),
        "jobs": await _all_rows("jobs"),
        "imports": await _all_rows("imports"),
        "notifications": await _all_rows("notifications"),
        "webhook receipts": await _all_rows("webhook_receipts"),
        "redis": await _all_of_redis(),
        "engines' logs": _engine_logs(),
    }
    assert "SQL state 23514" in places["jobs"], "the kind of failure is told"
    assert "There is one with this email already." in places["jobs"]
    assert "SQL state 23514" in places["log"]
    found = [(place, marker) for place, content in places.items() for marker in MARKERS if marker in content]
    assert found == []


async def test_a_key_that_works_is_found_nowhere_either(anybody: Client, logged: io.StringIO) -> None:
    async with transaction() as session:
        key = await create_api_key(session, SYSTEM, name="till", role=Role.USER)
    assert (await anybody.get("/customers", headers={"X-API-Key": key})).status_code == 200
    signed = await anybody.post("/auth/login", json={"email": "user@example.com", "password": PASSWORD})
    whole = logged.getvalue() + await _all_of_redis() + await _all_rows("audit_log") + await _all_rows("api_keys")
    for secret in (key, PASSWORD, *(str(signed.json()[name]) for name in ("access_token", "refresh_token"))):
        assert secret not in whole


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u2028", "\x85", "\x0b", "\x1b[1A\x1b[2K"])
def test_nobody_writes_a_line_of_our_log(formatter: logging.Formatter, end: str) -> None:
    forged = f"/x{end}12:00:00 INFO    liquor_app.accounts: admin signed in"
    for message, args in (("at %s", (forged,)), (forged, None), ("%s", (ValueError(forged),))):
        record = logging.LogRecord("liquor_app.api", logging.WARNING, "", 0, message, args, None)
        line = formatter.format(record)
        assert len(line.splitlines()) == 1, line
        assert "\x1b" not in line
    try:
        raise ValueError(forged)
    except ValueError:
        record = logging.LogRecord("liquor_app.api", logging.ERROR, "", 0, "broke", None, sys.exc_info())
    assert all(line.startswith("    ") for line in formatter.format(record).splitlines()[1:])
    assert "admin signed in" not in formatter.format(record).replace("raise ValueError", "")


def test_values_are_cut_and_ids_stay() -> None:
    record = logging.LogRecord("liquor_app", logging.INFO, "", 0, "from %s", ("x" * 1_000_000,), None)
    assert len(LineFormatter().format(record)) < 500
    record = logging.LogRecord("liquor_app", logging.INFO, "", 0, "x" * 1_000_000, None, None)
    assert len(LineFormatter().format(record)) < 2500
    job = str(uuid7())
    assert redact(f"job {job} of 12 rows, 3.5 s") == f"job {job} of 12 rows, 3.5 s"
    assert redact("call +1 207 555 0101 or a.b@c.de at redis://:p4ss@h:1/0") == (
        "call [number] or [e-mail] at redis://[secret]@h:1/0"
    )


def test_library_loggers_and_uncaught_errors_are_cleaned_too() -> None:
    foreign = logging.getLogger("_somebody.else")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    foreign.addHandler(handler)
    before, hook = list(logging.root.handlers), sys.excepthook
    sys.excepthook = sys.__excepthook__  # a command that ran in this process has set ours already
    try:
        configure()
        foreign.warning("raised\nTraceback (most recent call last):\nValueError: %s", NAME)
        foreign.error(f'invalid input syntax for type integer: "{NAME}"')
        assert sys.excepthook is not sys.__excepthook__
    finally:
        logging.basicConfig(handlers=before, force=True)
        sys.excepthook = hook
        foreign.removeHandler(handler)
    assert "raised" in stream.getvalue()
    assert NAME not in stream.getvalue()


def test_a_flood_of_output_stays_small(tmp_path: Path) -> None:
    log = tmp_path / "log" / "web.log"
    script = "import sys\nfor n in range(40_000): sys.stdout.write('x' * 999 + chr(10))\nsys.stdout.write('the end')"
    child = Child("web", [sys.executable, "-c", script], log)
    child.start()
    assert child.wait(30)
    child.cut_log(1_000_000)
    kept = sorted(log.parent.iterdir())
    assert [path.name for path in kept] == ["web.log", "web.log.1"]
    assert sum(path.stat().st_size for path in kept) <= 1_000_000
    assert kept[1].read_text().endswith("the end"), "the newest is what is kept"
    child.start()
    assert child.wait(30)
    assert log.read_bytes()[:1] != b"\0", "the child appends after a cut"
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert log.parent.stat().st_mode & 0o777 == 0o700


def test_the_supervisor_keeps_every_log_short(tmp_path: Path) -> None:
    """Sixty megabytes of output while it watches; a stranger can cause as much."""
    script = (
        "import sys, time\nfor n in range(60): sys.stdout.write(('x' * 999 + chr(10)) * 1000); sys.stdout.flush()"
        "\ntime.sleep(60)"
    )
    child = Child("web", [sys.executable, "-c", script], tmp_path / "log" / "web.log")
    supervisor = Supervisor(lambda line: None)
    child.start()
    watching = threading.Thread(target=supervisor.watch, args=([child],), daemon=True)
    watching.start()
    try:
        deadline, size = time.monotonic() + 20, LOG_BYTES * 9
        while size > 2 * LOG_BYTES:
            assert time.monotonic() < deadline, f"{size} bytes of log"
            time.sleep(0.3)
            size = sum(path.stat().st_size for path in child.log_path.parent.iterdir())
            if child.log_path.stat().st_size < LOG_BYTES and not child.log_path.with_name("web.log.1").exists():
                size = LOG_BYTES * 9  # it has only begun
    finally:
        supervisor.stopping.set()
        watching.join(5)
        child.stop(1)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A service that was started with everything open: modes must not depend on it."""
    before = os.umask(0)
    yield
    os.umask(before)


async def test_uploads_and_refused_rows_are_ours_alone(manager: Client, open_umask: None) -> None:
    brought = await manager.post("/imports", files={"file": ("a.csv", b"email\nada@example.com\n", "text/csv")})
    assert brought.status_code == 201, brought.text
    async with transaction() as session:
        import_id = (await session.execute(text("SELECT id FROM imports"))).scalar_one()
        kept = await keep_rejects(session, import_id, ["email"])
    found = [*uploads_folder().iterdir(), Path(kept)]
    assert len(found) >= 2
    assert {path.stat().st_mode & 0o777 for path in found} == {0o600}
    folders = {uploads_folder(), uploads_folder().parent, Path(kept).parent, Path(kept).parent.parent}
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_what_older_versions_left_open_is_closed(tmp_path: Path, open_umask: None) -> None:
    old = tmp_path / "files" / "imports" / "a.upload"
    old.parent.mkdir(parents=True)
    old.write_text("ada@example.com")
    (tmp_path / "files" / "link").symlink_to("/etc/hostname")
    tighten(tmp_path)
    assert [path.stat().st_mode & 0o777 for path in (old, old.parent, old.parent.parent)] == [0o600, 0o700, 0o700]


# --- what keeps the next one out ---

SOURCES = [path for folder in ("liquor_app", "worker", "alembic") for path in (PROJECT_ROOT / folder).rglob("*.py")]
BROAD = {"Exception", "BaseException", "DBAPIError", "SQLAlchemyError", "OperationalError", "IntegrityError",
         "DataError", "ProgrammingError"}  # fmt: skip
MAKES_FILES = {
    "liquor_app/core/platform/private_files.py": "the one place",
    "liquor_app/core/platform/frontend.py": "built screens, which are public",
    "liquor_app/core/platform/embedded.py": "where the engines answer; the test of modes looks at it",
    "liquor_app/core/platform/engine_files.py": "the lock and the engines' passwords; the same",
    "liquor_app/core/platform/embedded_postgres.py": "the server's own files; the same",
    "liquor_app/core/platform/embedded_valkey.py": "the server's own files; the same",
    "liquor_app/core/config.py": "the secret key, mode 0600 from its first byte",
}


def _name(path: Path) -> str:
    return path.relative_to(PROJECT_ROOT).as_posix()


def _nodes(path: Path) -> Iterator[ast.AST]:
    yield from ast.walk(parsed(path.read_text()))


@reads_sources
def test_every_engine_hides_its_parameters() -> None:
    calls = [
        (_name(path), node)
        for path in SOURCES
        for node in _nodes(path)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"create_engine", "create_async_engine"}
    ]
    assert len(calls) >= 3
    for name, call in calls:
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        assert isinstance(given.get("hide_parameters"), ast.Constant), name


def _texts_of(handler: ast.ExceptHandler) -> list[int]:
    """Lines where the caught error's own text is taken."""
    found = []
    for node in ast.walk(handler):
        named = isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name)
        if named and node.value.id == handler.name:
            found.append(node.lineno)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"str", "repr"} and node.args:
            inside = {one.id for one in ast.walk(node.args[0]) if isinstance(one, ast.Name)}
            if handler.name in inside:
                found.append(node.lineno)
    return found


@reads_sources
def test_no_text_of_a_foreign_error_goes_anywhere() -> None:
    handlers = wrong = 0
    places = []
    for path in SOURCES:
        for node in _nodes(path):
            if isinstance(node, ast.ExceptHandler) and node.name and node.type is not None:
                caught = {getattr(one, "id", getattr(one, "attr", "")) for one in ast.walk(node.type)}
                if caught & BROAD:
                    handlers += 1
                    if lines := _texts_of(node):
                        wrong += 1
                        places.append((_name(path), lines))
    assert handlers > 10
    assert places == [], "use core.redact.describe"


@reads_sources
def test_files_are_made_in_one_place() -> None:
    makers = {"mkdir", "makedirs", "touch", "write_text", "write_bytes", "mkstemp", "NamedTemporaryFile"}
    found = set()
    for path in SOURCES:
        for node in _nodes(path):
            if not isinstance(node, ast.Call):
                continue
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            modes = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            opened = called == "open" and any(set(mode) & set("wax") and len(mode) <= 3 for mode in modes)
            if called in makers or opened:
                found.add(_name(path))
    assert found <= set(MAKES_FILES), "use core.private"


def test_the_data_directory_is_ours_alone(engines: object) -> None:
    data_dir = config.get_settings().data_dir
    open_to_others = [
        (path, oct(path.stat().st_mode))
        for path in [data_dir, *data_dir.rglob("*")]
        if not path.is_symlink() and path.stat().st_mode & (0o066 if path == data_dir else 0o077)
    ]
    assert open_to_others == []
