"""The whole import beside the one of an older clone, and beside bare COPY of what it ends up writing: one run, turn by
turn, the same files, engines of their own each.

    python -m benchmarks imports_beside --set people=1000000 --set lines=5000000 --set before=/path/to/an/older/clone

Processor seconds stand beside the seconds: on a machine with company only those compare.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks._clone import Clone, roots, told
from benchmarks.imports import LINES, ORDERS, PEOPLE, write_bare_sales, write_people, write_sales


async def _forget(clones: list[Clone], tables: str) -> None:
    for clone in clones:
        await clone.do("sql", statement=f"TRUNCATE {tables} CASCADE")
        await clone.do("sql", statement="CHECKPOINT")


async def run(
    people: int = 200_000,
    lines: int = 400_000,
    rounds: int = 1,
    before: str = "",
    changes: int = 1,
    phones: int = 1,
) -> AsyncIterator[dict[str, object]]:
    """New people; the same file again; a file that changes each of them; lines of baskets, two an order.

    Args:
        before: the root of an older clone, absolute (its `.venv` may be ours); its import is left out without one.
        rounds: how often everything is done; a line each.
        phones: 0 gives nobody a telephone.
        changes: 0 leaves out the same file again and the one that changes everybody.
    """
    folder = Path(tempfile.mkdtemp(prefix="liquor-bench-files-"))
    first, second, sales = folder / "people.csv", folder / "moved.csv", folder / "sales.csv"
    write_people(first, people, phone=bool(phones))
    write_people(second, people, phone=bool(phones), city="Bangor")
    write_sales(sales, lines, people // 2)
    clones = [Clone(name, root) for name, root in roots(before).items()]
    try:
        for clone in clones:
            await clone.__aenter__()
        ours = clones[0]
        for turn in range(rounds):
            clones.sort(key=lambda clone: (clone is ours) == bool(turn % 2))
            statement = f"COPY customers ({PEOPLE}) FROM STDIN (FORMAT csv, HEADER)"
            bare = await ours.do("copy", statements=[[statement, str(first)]])
            await _forget(clones, "customers, imports")
            took = {clone.name: await clone.do("import", kind="customers", path=str(first)) for clone in clones}
            assert all(one["created"] == people for one in took.values()), took
            yield {"bench": "imports_beside.customers", "rows": people, **told({**took, "copy": bare}, "resident_mb")}
            if changes:
                took = {clone.name: await clone.do("import", kind="customers", path=str(first)) for clone in clones}
                assert all(one["unchanged"] == people for one in took.values()), took
                yield {"bench": "imports_beside.again", "rows": people, **told(took, "resident_mb")}
                took = {
                    clone.name: await clone.do("import", kind="customers", path=str(second), policy="overwrite")
                    for clone in clones
                }
                assert all(one["updated"] == people for one in took.values()), took
                yield {"bench": "imports_beside.changed", "rows": people, **told(took, "resident_mb")}
            if not lines:
                await _forget(clones, "customers, imports")
                continue
            found = await ours.do("sql", statement="SELECT email_key, id FROM customers")
            copied = write_bare_sales(folder, sales, dict(found["found"]))
            statements = [
                [f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)", str(path)]
                for table, columns, path in zip(("purchases", "purchase_lines"), (ORDERS, LINES), copied, strict=True)
            ]
            bare = await ours.do("copy", statements=statements)
            await _forget(clones, "purchases")
            took = {clone.name: await clone.do("import", kind="purchases", path=str(sales)) for clone in clones}
            assert all(one["created"] == lines for one in took.values()), took
            yield {"bench": "imports_beside.purchases", "rows": lines, **told({**took, "copy": bare}, "resident_mb")}
            await _forget(clones, "customers, imports")
    finally:
        for clone in clones:
            await clone.__aexit__()
        shutil.rmtree(folder, ignore_errors=True)
