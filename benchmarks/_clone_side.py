"""One side of a benchmark beside an older clone: `PYTHONPATH=<a clone> python _clone_side.py <data directory>`.

Uses only what every clone has had since imports commit in chunks. Reads commands from standard input, a line each;
answers each with a line of JSON: seconds, processor seconds of this process and of PostgreSQL, resident memory on the
way.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
MARKS = (20, 60, 100)
"""Percent of a file at which resident memory is told."""


def _resident_mb() -> int:
    return round(int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_MB)


def _own() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _fields(pid: str) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _pieces(path: str) -> Iterator[bytes]:
    with Path(path).open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


def _server(postmaster: str) -> float:
    """Processor seconds of PostgreSQL: of the server, of its processes that ended, and of those that live."""
    own = _fields(postmaster)
    ticks = sum(int(own[place]) for place in (11, 12, 13, 14))
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = _fields(entry.name)
        except OSError:
            continue
        if fields[1] == postmaster:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


class Side:
    def __init__(self, postmaster: str) -> None:
        self._postmaster = postmaster

    async def take(self, command: dict[str, Any]) -> dict[str, Any]:
        do = {"import": self._import, "score": self._score, "copy": self._copy, "sql": self._sql}[command.pop("do")]
        server, own, wall = _server(self._postmaster), _own(), time.perf_counter()
        told = await do(**command)
        return {
            "seconds": time.perf_counter() - wall,
            "own_cpu": _own() - own,
            "server_cpu": _server(self._postmaster) - server,
            **told,
        }

    async def _import(self, kind: str, path: str, policy: str = "fill") -> dict[str, Any]:
        from liquor_app.accounts.permissions import SYSTEM
        from liquor_app.imports.local_import import import_local

        marks: dict[int, int] = {}

        async def tell(done: int, total: int) -> None:
            for mark in MARKS:
                if total and 100 * done >= mark * total:
                    marks.setdefault(mark, _resident_mb())

        report = await import_local(SYSTEM, kind, Path(path), policy=policy, tell=tell)
        return {
            "rows": report.rows, "created": report.created, "updated": report.updated, "unchanged": report.unchanged,
            "resident_mb": marks,
        }  # fmt: skip

    async def _score(self, fit: bool) -> dict[str, Any]:
        """Score everybody; `fit` first, or with the models there are, also where these are due to be fitted anew."""
        from liquor_app.accounts.permissions import SYSTEM
        from liquor_app.core.db import transaction
        from liquor_app.scoring import model_lifecycle
        from liquor_app.scoring.service import score_customers

        async def never(*_: object) -> bool:
            return False

        if not fit:
            model_lifecycle.is_due = never
        async with transaction() as session:
            row = await score_customers(session, SYSTEM, refit=fit)
        return {"churn": row.churn_method, "value": row.clv_method}

    async def _copy(self, statements: list[list[str]]) -> dict[str, Any]:
        from liquor_app.core.db import raw_connection, transaction

        for statement, path in statements:
            async with transaction() as session:
                connection = await raw_connection(session)
                async with connection.cursor() as cursor, cursor.copy(statement) as copy:
                    for piece in _pieces(path):
                        await copy.write(piece)
        return {}

    async def _sql(self, statement: str) -> dict[str, Any]:
        """Run a statement by itself, as the account that owns the tables; up to a million rows come back as text."""
        from sqlalchemy import text
        from sqlalchemy.ext.asyncio import create_async_engine

        from liquor_app.core.platform import runtime_info

        # an older clone has one account
        url = getattr(runtime_info, "database_owner_url", runtime_info.database_url)()
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                found = await connection.execute(text(statement))
                return {"found": [list(map(str, row)) for row in found] if found.returns_rows else []}
        finally:
            await engine.dispose()


async def _postmaster_of() -> str:
    from sqlalchemy import text

    from liquor_app.core.db import engine

    async with engine().connect() as connection:
        backend = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    return _fields(str(backend))[1]


async def serve() -> None:
    from liquor_app.core import db, redis

    try:
        side = Side(await _postmaster_of())
        print(json.dumps({"ready": True}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await side.take(json.loads(line))), flush=True)
    finally:
        await db.dispose()
        await redis.dispose()


def main() -> None:
    os.environ["LIQUOR_DATA_DIR"] = sys.argv[1]
    from liquor_app.core.platform import migrate
    from liquor_app.core.platform.embedded import engines

    with engines():
        # older ones migrate as the only account there is
        getattr(migrate, "upgrade_running", migrate.upgrade)()
        asyncio.run(serve())


if __name__ == "__main__":
    main()
