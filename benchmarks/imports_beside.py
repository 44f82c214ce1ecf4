"""The whole import beside the one of an older clone, and beside bare COPY of what it ends up writing: one run, turn by
turn, the same files, engines of their own each.

    python -m benchmarks imports_beside --set people=1000000 --set lines=5000000 --set before=/path/to/an/older/clone

Processor seconds stand beside the seconds: on a machine with company only those compare.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

from benchmarks.imports import LINES, ORDERS, PEOPLE, write_bare_sales, write_people, write_sales


class Clone:
    """A side in a process of its own."""

    def __init__(self, name: str, root: Path) -> None:
        self.name, self._root = name, root
        self._folder = Path(tempfile.mkdtemp(prefix="liquor-bench-", dir="/var/lib" if os.geteuid() == 0 else None))
        self._folder.chmod(0o755)

    async def __aenter__(self) -> Self:
        script = Path(__file__).with_name("_import_side.py")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, str(script), str(self._folder), cwd=self._root,
            env={**os.environ, "PYTHONPATH": str(self._root)}, limit=1 << 28,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await self._answer()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def do(self, what: str, **more: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        """Return the next line that is one of ours; an engine's log may stand between."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if line.startswith(b"{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise RuntimeError(f"the side {self.name!r} ended")


def _line(bench: str, rows: int, took: dict[str, dict[str, Any]]) -> dict[str, object]:
    told: dict[str, object] = {"bench": f"imports_beside.{bench}", "rows": rows}
    for side, one in took.items():
        told[side] = {
            "seconds": round(one["seconds"], 1),
            "own_cpu": round(one["own_cpu"], 1),
            "server_cpu": round(one["server_cpu"], 1),
            **({"resident_mb": one["resident_mb"]} if "resident_mb" in one else {}),
        }
    for other in took.keys() - {"ours"}:
        for measure, parts in (("seconds", ("seconds",)), ("cpu", ("own_cpu", "server_cpu"))):
            ours, theirs = (sum(took[side][part] for part in parts) for side in ("ours", other))
            told[f"times_{other}_{measure}"] = round(ours / theirs, 2)
    return told


async def _forget(clones: list[Clone], tables: str) -> None:
    for clone in clones:
        await clone.do("sql", statement=f"TRUNCATE {tables} CASCADE")
        await clone.do("sql", statement="CHECKPOINT")


async def run(
    people: int = 200_000, lines: int = 400_000, rounds: int = 1, before: str = "", changes: int = 1
) -> AsyncIterator[dict[str, object]]:
    """New people; the same file again; a file that changes each of them; lines of baskets, two an order.

    Args:
        before: the root of an older clone, absolute (its `.venv` may be ours); its import is left out without one.
        rounds: how often everything is done; a line each.
        changes: 0 leaves out the same file again and the one that changes everybody.
    """
    folder = Path(tempfile.mkdtemp(prefix="liquor-bench-files-"))
    first, second, sales = folder / "people.csv", folder / "moved.csv", folder / "sales.csv"
    write_people(first, people, phone=True)
    write_people(second, people, phone=True, city="Bangor")
    write_sales(sales, lines, people // 2)
    roots = {"ours": Path(__file__).parents[1], **({"before": Path(before)} if before else {})}
    clones = [Clone(name, root) for name, root in roots.items()]
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
            yield _line("customers", people, {**took, "copy": bare})
            if changes:
                took = {clone.name: await clone.do("import", kind="customers", path=str(first)) for clone in clones}
                assert all(one["unchanged"] == people for one in took.values()), took
                yield _line("again", people, took)
                took = {
                    clone.name: await clone.do("import", kind="customers", path=str(second), policy="overwrite")
                    for clone in clones
                }
                assert all(one["updated"] == people for one in took.values()), took
                yield _line("changed", people, took)
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
            yield _line("purchases", lines, {**took, "copy": bare})
            await _forget(clones, "customers, imports")
    finally:
        for clone in clones:
            await clone.__aexit__()
        shutil.rmtree(folder, ignore_errors=True)
