"""Imports beside a bare COPY of what they end up writing, into the same indexed tables, in the same run."""

from __future__ import annotations

import csv
import resource
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import raw_connection, transaction
from liquor_app.core.ids import uuid7
from liquor_app.imports.cleaning.person_cells import clean_phone
from liquor_app.imports.local_import import import_local
from liquor_app.imports.undo.undo_locally import undo_locally

FIRST = ("Ada", "Bo", "Cy", "Dee", "Eve", "José", "Zoë", "Gus")
LAST = ("King", "O'Neil", "Müller", "Smith", "Lovelace", "Ng")
STATES = ("ME", "NY", "CA", "TX", "FL", "WA")
AREAS = (207, 212, 213, 214, 305, 206, 312, 415, 617, 702)
PEOPLE = "external_id, email_key, name, phone, city, state, postal_code"
ORDERS = "id, external_id, customer_id, occurred_at, total, discount, alcohol_total"
LINES = "purchase_id, product, category, brand, quantity, amount"


def _person(number: int, *, phone: bool, city: str = "Portland") -> list[str]:
    return [
        str(number), f"p{number}@example.com", f"{FIRST[number % 8]} {LAST[number % 6]}",
        f"({AREAS[number % 10]}) {220 + number // 100_000}-{number // 10 % 10_000:04d}" if phone else "",
        city, STATES[number % 6], f"{number % 99_999:05d}",
    ]  # fmt: skip


def write_people(path: Path, rows: int, *, phone: bool, city: str = "Portland") -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["external_id", "email", "name", "phone", "city", "state", "zip"])
        writer.writerows(_person(number, phone=phone, city=city) for number in range(rows))


def write_sales(path: Path, rows: int, people: int, brand: str = "Brand") -> None:
    """Two lines an order."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["order_id", "email", "date", "category", "brand", "product", "quantity", "amount"])
        for number in range(rows):
            order = number // 2
            writer.writerow([
                f"T{order:09d}", f"p{order * 7919 % people}@example.com",
                f"2026-{1 + order % 10:02d}-{1 + order % 28:02d} {order % 24:02d}:{order % 60:02d}",
                ("Whisky", "Wine", "Beer")[number % 3], f"{brand} {number % 50}", f"Product {number % 900}", "1",
                f"{5 + number % 80}.{number % 100:02d}",
            ])  # fmt: skip


def write_bare_sales(folder: Path, sales: Path, buyers: dict[str, str]) -> tuple[Path, Path]:
    """The orders and the lines of a file of sales as they end up, ids given: files of `ORDERS` and of `LINES`."""
    orders, lines = folder / "orders.csv", folder / "lines.csv"
    with sales.open(encoding="utf-8") as file, orders.open("w") as one, lines.open("w") as two:
        first, second, last = csv.writer(one), csv.writer(two), ""
        for row in csv.DictReader(file):
            if row["order_id"] != last:
                last, order = row["order_id"], uuid7()
                first.writerow([order, last, buyers[row["email"]], row["date"], row["amount"], 0, row["amount"]])
            second.writerow([order, row["product"], row["category"], row["brand"], row["quantity"], row["amount"]])
    return orders, lines


async def _forget(tables: str) -> None:
    async with transaction() as session:
        await session.execute(text(f"TRUNCATE {tables} CASCADE"))


async def _untold(done: int, total: int) -> None:
    pass


async def _ours(kind: str, path: Path) -> float:
    began = time.perf_counter()
    report = await import_local(SYSTEM, kind, path, tell=_untold)
    seconds = time.perf_counter() - began
    assert report.created == report.rows, report
    return report.rows / seconds


async def _copy(statement: str, path: Path) -> None:
    """The file as it is through COPY into the table, indexes, checks and foreign keys and all."""
    async with transaction() as session:
        connection = await raw_connection(session)
        async with connection.cursor() as cursor, cursor.copy(statement) as copy:
            with path.open("rb") as file:
                while piece := file.read(1 << 20):
                    await copy.write(piece)


async def _bare_people(path: Path, rows: int) -> float:
    began = time.perf_counter()
    await _copy(f"COPY customers ({PEOPLE}) FROM STDIN (FORMAT csv, HEADER)", path)
    return rows / (time.perf_counter() - began)


async def _bare_sales(folder: Path, path: Path, rows: int) -> float:
    """COPY of the same orders and lines, ids given, into their tables."""
    async with transaction() as session:
        found = await session.execute(text("SELECT email_key, id::text FROM customers"))
        buyers = {row[0]: row[1] for row in found}
    orders, lines = write_bare_sales(folder, path, buyers)
    began = time.perf_counter()
    await _copy(f"COPY purchases ({ORDERS}) FROM STDIN (FORMAT csv)", orders)
    await _copy(f"COPY purchase_lines ({LINES}) FROM STDIN (FORMAT csv)", lines)
    return rows / (time.perf_counter() - began)


async def _changed(kind: str, path: Path) -> float:
    """A file that changes every row there is."""
    began = time.perf_counter()
    report = await import_local(SYSTEM, kind, path, policy="overwrite", tell=_untold)
    assert report.updated == report.rows, report
    return report.rows / (time.perf_counter() - began)


_LAST = """
SELECT id, rows FROM imports WHERE status = 'completed' AND kind = :kind AND created + updated > 0
 ORDER BY id DESC LIMIT 1
"""


async def _undone(kind: str) -> float:
    """The last import of a kind taken back; rows a second."""
    async with transaction() as session:
        import_id, rows = (await session.execute(text(_LAST), {"kind": kind})).one()
    began = time.perf_counter()
    await undo_locally(SYSTEM, import_id)
    return float(rows) / (time.perf_counter() - began)


def _phones(cells: list[str]) -> float:
    began = time.perf_counter()
    for cell in cells:
        clean_phone(cell, "US")
    return len(cells) / (time.perf_counter() - began)


def _line(bench: str, rows: int, ours: float, bare: float) -> dict[str, object]:
    return {
        "bench": bench,
        "rows": rows,
        "ours_per_s": round(ours),
        "limit_bare_copy_per_s": round(bare),
        "times_bare_copy": round(bare / ours, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


async def run(rows: int = 200_000) -> AsyncIterator[dict[str, object]]:
    """Rows a second of people (with and without phones), the same again, of sales, and of phones by themselves."""
    folder = Path(mkdtemp(prefix="liquor-bench-files-"))
    people, plain, sales = folder / "people.csv", folder / "plain.csv", folder / "sales.csv"
    try:
        write_people(people, rows, phone=True)
        write_people(plain, rows, phone=False)
        write_sales(sales, rows, rows // 10)
        bare_plain = await _bare_people(plain, rows)
        await _forget("customers, imports")
        yield _line("imports.customers_without_phones", rows, await _ours("customers", plain), bare_plain)
        await _forget("customers, imports")
        bare = await _bare_people(people, rows)
        await _forget("customers, imports")
        yield _line("imports.customers", rows, await _ours("customers", people), bare)
        began = time.perf_counter()
        again = await import_local(SYSTEM, "customers", people, tell=_untold)
        assert again.unchanged == rows
        yield {"bench": "imports.again", "rows": rows, "ours_per_s": round(rows / (time.perf_counter() - began))}
        write_people(plain, rows, phone=True, city="Bangor")
        yield {"bench": "imports.changed", "rows": rows, "ours_per_s": round(await _changed("customers", plain))}
        yield {"bench": "imports.changed_undone", "rows": rows, "ours_per_s": round(await _undone("customers"))}
        bare = await _bare_sales(folder, sales, rows)
        await _forget("purchases")
        yield _line("imports.purchases", rows, await _ours("purchases", sales), bare)
        write_sales(sales, rows, rows // 10, brand="Other")
        yield {
            "bench": "imports.purchases_changed",
            "rows": rows,
            "ours_per_s": round(await _changed("purchases", sales)),
        }
        yield {
            "bench": "imports.purchases_changed_undone",
            "rows": rows,
            "ours_per_s": round(await _undone("purchases")),
        }
        yield {"bench": "imports.purchases_undone", "rows": rows, "ours_per_s": round(await _undone("purchases"))}
        yield {"bench": "imports.customers_undone", "rows": rows, "ours_per_s": round(await _undone("customers"))}
        national = [_person(number, phone=True)[3] for number in range(50_000)]
        abroad = [f"+44 20 7946 {number:04d}" for number in range(5_000)]
        yield {
            "bench": "imports.phones",
            "national_per_s": round(_phones(national)),
            "library_per_s": round(_phones(abroad)),
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
