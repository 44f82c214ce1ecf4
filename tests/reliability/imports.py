"""One dirty file twice: undisturbed, and with the worker killed (-9) in mid-import; what is left must be the same.

From the command line, on engines of its own: `python -m tests.reliability.imports [rows]`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import run
from liquor_app.imports.import_rows import ImportRow, get_import
from liquor_app.imports.tasks import TASKS
from liquor_app.imports.undo.undo_import import request_undo
from liquor_app.imports.uploads import request_import
from tests.reliability.dirty import write_people, write_sales
from tests.stored import bring

EVERYTHING = {
    "customers": "SELECT external_id, email, email_key, phone, name, state, timezone, of_age_on, birthday_md,"
    " email_consent"
    " FROM customers ORDER BY 3, 1, 4",
    "consents": "SELECT c.email_key, s.channel, s.status, s.source, s.at FROM consents s JOIN customers c"
    " ON c.id = s.customer_id ORDER BY 1, 5, 3",
    "purchases": "SELECT p.external_id, c.external_id AS who, c.email_key, p.occurred_at, p.total, p.discount,"
    " p.alcohol_total, p.store, p.local_hour FROM purchases p JOIN customers c ON c.id = p.customer_id ORDER BY 1",
    "lines": "SELECT p.external_id, l.category, l.brand, l.quantity, l.amount, l.discount FROM purchase_lines l"
    " JOIN purchases p ON p.id = l.purchase_id ORDER BY 1, 2, 5, 3",
    "waiting": "SELECT count(*) FROM import_lines",
    "touched": "SELECT c.email_key, c.external_id FROM touched_customers t JOIN customers c ON c.id = t.customer_id"
    " ORDER BY 1, 2",
}
FILES = {"customers": "people.csv", "purchases": "sales.csv"}
REJECTS = "SELECT row_number, code, field, reason, raw FROM import_rejects WHERE import_id = :id ORDER BY 1"


@dataclass
class Outcome:
    """What an import left behind."""

    row: ImportRow
    tables: dict[str, list[tuple[Any, ...]]]
    rejects: list[tuple[Any, ...]]
    killed_at: list[int]
    seconds: float

    @property
    def counts(self) -> dict[str, Any]:
        names = ("rows", "created", "updated", "unchanged", "rejected", "reasons")
        return {name: getattr(self.row, name) for name in names}


async def _upload(path: Path, kind: str) -> ImportRow:
    import_id = uuid7()
    key = f"{import_id}.upload"
    await bring(key, await asyncio.to_thread(path.read_bytes))
    async with transaction() as session:
        return await request_import(
            session, SYSTEM, import_id=import_id, kind=kind, file_name=path.name, file_key=key, policy="overwrite"
        )


async def _kill_in_the_middle(import_id: UUID, job_id: UUID, after: int) -> int:
    """Run the import in a process of its own and kill that once so much was taken; returns how much was."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.reliability.import_worker", str(job_id),
        cwd=PROJECT_ROOT, env=dict(os.environ), stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    deadline, taken = time.monotonic() + 60, 0
    while taken < after and time.monotonic() < deadline and process.returncode is None:
        await asyncio.sleep(0.01)
        async with transaction() as session:
            position = (await get_import(session, SYSTEM, import_id)).position
        taken = int(position.get("records", 0)) + int(position.get("merged", 0))
    assert process.returncode is None, f"it ended by itself with {process.returncode} after {taken} of {after}"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    async with transaction() as session:  # the lease of the dead worker runs out
        await session.execute(
            text("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE id = :id"), {"id": job_id}
        )
    return taken


async def take(path: Path, kind: str, kills: tuple[int, ...] = ()) -> Outcome:
    """Import a file, killing the worker once so many rows were taken, for each of `kills`."""
    row = await _upload(path, kind)
    assert row.job_id is not None
    began = time.monotonic()
    killed_at = [await _kill_in_the_middle(row.id, row.job_id, after) for after in kills]
    status = await run(row.job_id, TASKS)
    seconds = time.monotonic() - began
    async with transaction() as session:
        done = await get_import(session, SYSTEM, row.id)
        assert status == "succeeded", (status, done.error)
        tables = {name: [tuple(one) for one in await session.execute(text(sql))] for name, sql in EVERYTHING.items()}
        rejects = [tuple(one) for one in await session.execute(text(REJECTS), {"id": row.id})]
    return Outcome(done, tables, rejects, killed_at, seconds)


async def undo(import_id: UUID) -> None:
    """Take an import back."""
    async with transaction() as session:
        job_id = (await request_undo(session, SYSTEM, import_id)).job_id
    assert job_id is not None
    assert await run(job_id, TASKS) == "succeeded"


async def forget() -> None:
    async with transaction() as session:
        await session.execute(text("TRUNCATE customers, imports CASCADE"))


async def compare(folder: Path, rows: int) -> dict[str, tuple[Outcome, Outcome]]:
    """People, then sales, each undisturbed and with two kills."""
    people, sales = folder / FILES["customers"], folder / FILES["purchases"]
    write_people(people, rows)
    write_sales(sales, rows, rows)
    calm = {"customers": await take(people, "customers"), "purchases": await take(sales, "purchases")}
    await forget()
    rough = {
        "customers": await take(people, "customers", (rows // 4, rows // 2)),
        "purchases": await take(sales, "purchases", (rows // 4, rows + rows // 3)),
    }
    return {kind: (calm[kind], rough[kind]) for kind in calm}


def differences(calm: Outcome, rough: Outcome) -> list[str]:
    """Where the two are not the same."""
    found = [name for name in calm.tables if calm.tables[name] != rough.tables[name]]
    found += ["rejects"] if calm.rejects != rough.rejects else []
    return found + (["counts"] if calm.counts != rough.counts else [])


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    folder = Path(tempfile.mkdtemp(prefix="liquor-imports-", dir="/var/lib" if os.geteuid() == 0 else None))
    folder.chmod(0o755)
    os.environ["LIQUOR_DATA_DIR"] = str(folder)
    from liquor_app.core.platform import migrate, runtime_info
    from liquor_app.core.platform.embedded import engines

    try:
        with engines():
            migrate.upgrade_running()
            os.environ |= {"DATABASE_URL": runtime_info.database_url(), "REDIS_URL": runtime_info.redis_url()}
            for kind, (calm, rough) in asyncio.run(compare(folder, rows)).items():
                told = {"kind": kind, **calm.counts, "seconds": round(calm.seconds, 1), "killed_at": rough.killed_at,
                        "same_counts": calm.counts == rough.counts, "differences": differences(calm, rough),
                        "left": {name: len(table) for name, table in rough.tables.items()}}  # fmt: skip
                print(json.dumps(told))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
