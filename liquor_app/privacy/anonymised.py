"""A copy of the base for analysis that tells of nobody: customers, purchases and messages as CSV files.

Each customer is alike with four others at least, in every column (`k_anonymity`); sums are those of all who are alike,
on average. Purchases and messages lead to no customer: they tell of who bought only what enough others share, in the
same month and of the same size. Baskets lead to no purchase, or whoever knows a receipt finds who bought by it; rows
stand in a drawn order, or their places would tell when each was made.
"""

from __future__ import annotations

import asyncio
import csv
import hmac
import io
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.csv_cells import export_text
from liquor_app.core.db import snapshot, transaction
from liquor_app.core.errors import Conflict
from liquor_app.core.platform.private_files import create_bytes, private_directory
from liquor_app.organization.settings import shop_today
from liquor_app.privacy.k_anonymity import Class, band, settle

PAGE = 10_000
BANDS = ((21, "under 21"), (30, "21-29"), (40, "30-39"), (50, "40-49"), (60, "50-59"))
OLDEST = "60 and over"
_YEARS_OF_AGE = 21
SPENT = (1, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)
BOUGHT = (1, 2, 4, 10, 25, 50)
"""Bounds of bands: of the shop's money, and of purchases."""
NEAREST = 5
"""Units of money that a purchase's sums are rounded to."""

_CUSTOMERS = """
SELECT id, state, language, of_age_on, email_consent, sms_consent, CAST(first_purchase_at AS date) AS first_purchase,
       CAST(last_purchase_at AS date) AS last_purchase, purchase_frequency, total_spent, is_night_buyer,
       primary_category, secondary_category, rfm_segment, churn_risk
  FROM customers WHERE deleted_at IS NULL AND profiling_objected_at IS NULL
"""
_PURCHASES = """
SELECT p.id, CAST(p.occurred_at AS date) AS day, p.local_hour, p.total, p.discount, p.currency, c.state, c.of_age_on,
       c.rfm_segment, (SELECT count(*) FROM purchases q
                        WHERE q.customer_id = p.customer_id AND q.occurred_at < p.occurred_at) AS before
  FROM purchases p JOIN customers c ON c.id = p.customer_id AND c.profiling_objected_at IS NULL
"""
_LINES = """
SELECT l.id, l.purchase_id AS basket_id, l.category, l.quantity, l.amount, l.is_alcohol
  FROM purchase_lines l JOIN purchases p ON p.id = l.purchase_id
  JOIN customers c ON c.id = p.customer_id AND c.profiling_objected_at IS NULL
"""
_SENDS = """
SELECT s.id, s.campaign_id, s.channel, s.status, CAST(s.sent_at AS date) AS sent, s.opened_at IS NOT NULL AS opened,
       s.clicked_at IS NOT NULL AS clicked, s.unsubscribed_at IS NOT NULL AS unsubscribed,
       s.redeemed_at IS NOT NULL AS redeemed,
       s.converted_at IS NOT NULL AS converted, s.conversion_value, c.state, c.of_age_on, c.rfm_segment
  FROM sends s JOIN customers c ON c.id = s.customer_id AND c.profiling_objected_at IS NULL
"""
_DRAWN = "SELECT * FROM ({rows}) r ORDER BY md5(CAST(:salt AS text) || CAST(r.id AS text))"
"""Ids of ours are drawn in the order of time: rows in theirs would tell who came first, and when somebody bought."""

Renamed = Callable[[UUID | None], str]
Told = Callable[[int, str], Awaitable[None]]
"""How many files are written, and which one just was."""


@dataclass(frozen=True, slots=True)
class AnonymisedCopy:
    """Where a copy lies, how many rows each of its files has, and how many customers stayed away because they are like
    too few others."""

    folder: str
    rows: dict[str, int]
    left_out: int


@dataclass(frozen=True, slots=True)
class _File:
    """One file: its columns, what a row tells in them, and in which steps they are emptied (`settle`).

    Attributes:
        keeps: without what, of who bought, a row is told that is like too few others; empty if it stays away then.
        averaged: sums, as columns behind the others that tell the average of all who are alike.
        drawn: the same, its rows in an order that tells nothing.
        linked: ids that tie rows of a file to one another, told under other names; each file has names of its own.
        named: columns that are ids, told so too, by which rows are like one another or not.
    """

    name: str
    statement: TextClause
    drawn: TextClause
    columns: tuple[str, ...]
    cells: Callable[[Mapping[str, Any], date], Class]
    steps: tuple[tuple[str, ...], ...]
    keeps: tuple[str, ...] = ()
    averaged: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    def places(self) -> list[list[int]]:
        return [[self.columns.index(one) for one in step] for step in self.steps]


def _customer(row: Mapping[str, Any], today: date) -> Class:
    return (
        row["state"] or "", row["language"] or "", age_band(row["of_age_on"], today), _said(row["email_consent"]),
        _said(row["sms_consent"]), _quarter(row["first_purchase"]), _quarter(row["last_purchase"]),
        band(row["purchase_frequency"] or 0, BOUGHT), band(float(row["total_spent"] or 0), SPENT),
        _said(row["is_night_buyer"]), row["primary_category"] or "", row["secondary_category"] or "",
        row["rfm_segment"] or "", row["churn_risk"] or "",
    )  # fmt: skip


def _purchase(row: Mapping[str, Any], today: date) -> Class:
    return (
        _month(row["day"]), _part_of_day(row["local_hour"]), _rounded(row["total"]), _rounded(row["discount"]),
        row["currency"] or "", *_buyer(row, today), band(row["before"] + 1, BOUGHT),
    )  # fmt: skip


def _line(row: Mapping[str, Any], today: date) -> Class:
    whole = Decimal(row["amount"] or 0).quantize(Decimal(1), ROUND_HALF_EVEN)
    return (row["category"] or "", band(row["quantity"] or 0, (1, 2, 3, 6, 12)), str(whole), _said(row["is_alcohol"]))


def _send(row: Mapping[str, Any], today: date) -> Class:
    flags = ("opened", "clicked", "unsubscribed", "redeemed", "converted")
    return (
        str(row["campaign_id"] or ""), row["channel"], row["status"], _month(row["sent"]),
        *(_said(row[one]) for one in flags), _rounded(row["conversion_value"]), *_buyer(row, today),
    )  # fmt: skip


def _buyer(row: Mapping[str, Any], today: date) -> Class:
    return (row["state"] or "", age_band(row["of_age_on"], today), row["rfm_segment"] or "")


_BUYER = ("state", "age_band", "rfm_segment")
FILES = (
    _File(
        "customers", text(_CUSTOMERS), text(_DRAWN.format(rows=_CUSTOMERS)),
        ("state", "language", "age_band", "email_consent", "sms_consent", "first_quarter", "last_quarter", "purchases",
         "spent", "is_night_buyer", "primary_category", "secondary_category", "rfm_segment", "churn_risk"),
        _customer,
        (("secondary_category", "language"), ("first_quarter", "is_night_buyer"), ("state", "sms_consent"),
         ("primary_category",), ("last_quarter", "email_consent"), ("churn_risk",), ("age_band",), ("rfm_segment",),
         ("purchases",)),
        averaged=("purchase_frequency", "total_spent"),
    ),
    _File(
        "purchases", text(_PURCHASES), text(_DRAWN.format(rows=_PURCHASES)),
        ("month", "part_of_day", "total", "discount", "currency", *_BUYER, "nth"), _purchase,
        (("nth",), ("part_of_day",), ("state",), ("discount",), ("age_band",)), keeps=(*_BUYER, "nth"), linked=("id",),
    ),
    _File(
        "purchase_lines", text(_LINES), text(_DRAWN.format(rows=_LINES)),
        ("category", "quantity", "amount", "is_alcohol"), _line, (),
        keeps=("category",), linked=("basket_id",),
    ),
    _File(
        "sends", text(_SENDS), text(_DRAWN.format(rows=_SENDS)),
        ("campaign_id", "channel", "status", "month", "opened", "clicked", "unsubscribed", "redeemed",
         "converted", "conversion_value", *_BUYER),
        _send, (("state",), ("age_band",)), keeps=_BUYER, named=("campaign_id",),
    ),
)  # fmt: skip


async def write_anonymised(actor: Actor, folder: Path, told: Told | None = None) -> AnonymisedCopy:
    """Write a copy that tells of nobody into a folder: no name, address, number, date of birth, place below a state,
    product's name, nor anything somebody typed. Who objects to being profiled is left out, and so are customers who are
    like fewer than four others however little is told of them. The keys that made the ids, one a file, are kept
    nowhere, so that neither two copies nor two files can be laid side by side. All is read as it was at one moment:
    tables are read twice, and rows that changed in between would stand there like nobody.

    Args:
        told: of each file that is written.

    Raises:
        Forbidden: the actor is not an admin.
        Conflict: something lies in the folder.
    """
    require(actor, Permission.CUSTOMERS_ADMIN)
    await asyncio.to_thread(_empty, folder)
    rows, left_out = dict[str, int](), 0
    async with snapshot() as session:
        today = await shop_today(session)
        for done, one in enumerate(FILES, 1):
            rows[one.name], missing = await _write(session, folder / f"{one.name}.csv", one, _renamed(), today)
            left_out += missing
            if told is not None:
                await told(done, one.name)
    async with transaction() as session:
        await audit(session, actor, "base.anonymised", "privacy", None, rows=rows, left_out=left_out)
    return AnonymisedCopy(str(folder), rows, left_out)


def _renamed() -> Renamed:
    key = secrets.token_bytes(32)

    def renamed(value: UUID | None) -> str:
        return "" if value is None else hmac.digest(key, value.bytes, "sha256").hex()[:32]

    return renamed


def _empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"Something lies in {folder}. Name a folder that is empty.")
    private_directory(folder)


async def _rows(session: AsyncSession, statement: TextClause, **bound: str) -> AsyncIterator[Mapping[str, Any]]:
    found = await session.stream(statement, bound, execution_options={"yield_per": PAGE})
    async for row in found.mappings():
        yield dict(row)


async def _write(
    session: AsyncSession, path: Path, file: _File, renamed: Renamed, today: date
) -> tuple[int, int]:  # fmt: skip
    """How many rows were written, and how many are like too few others. Read twice: to count, and to tell."""
    many = Counter[Class]()
    async for row in _rows(session, file.statement):
        many[file.cells(row, today)] += 1
    told = settle(many, file.places())
    if file.keeps:
        whole = {file.columns.index(one) for one in file.keeps}
        told |= {
            one: tuple("" if place in whole else cell for place, cell in enumerate(one))
            for one in many
            if one not in told
        }
    named = {file.columns.index(one) for one in file.named}
    means = await _averages(session, file, told, today) if file.averaged else {}
    written = 0
    with create_bytes(path) as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow((*file.linked, *file.columns, *file.averaged))
        async for row in _rows(session, file.drawn, salt=secrets.token_hex()):
            shown = told.get(file.cells(row, today))
            if shown is None:
                continue
            ids = [renamed(row[one]) for one in file.linked]
            cells = [renamed(UUID(cell)) if cell and place in named else cell for place, cell in enumerate(shown)]
            writer.writerow([*ids, *map(export_text, cells), *means.get(shown, ())])
            written += 1
    return written, sum(many.values()) - written


async def _averages(
    session: AsyncSession, file: _File, told: Mapping[Class, Class], today: date
) -> dict[Class, Sequence[str]]:
    sums: dict[Class, list[Decimal]] = {}
    rows = Counter[Class]()
    async for row in _rows(session, file.statement):
        shown = told.get(file.cells(row, today))
        if shown is not None:
            rows[shown] += 1
            so_far = sums.setdefault(shown, [Decimal(0)] * len(file.averaged))
            sums[shown] = [sum_ + Decimal(row[name] or 0) for sum_, name in zip(so_far, file.averaged, strict=True)]
    return {one: [str(round(total / rows[one], 1)) for total in totals] for one, totals in sums.items()}


def _said(value: Any) -> str:
    return "" if value is None else str(value).lower()


def _month(day: date | None) -> str:
    return "" if day is None else f"{day.year}-{day.month:02}"


def _quarter(day: date | None) -> str:
    return "" if day is None else f"{day.year}-Q{(day.month + 2) // 3}"


def _part_of_day(hour: int | None) -> str:
    return "" if hour is None else ("night", "morning", "afternoon", "evening")[hour // 6]


def _rounded(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    return str((amount / NEAREST).quantize(Decimal(1), ROUND_HALF_EVEN) * NEAREST)


def age_band(of_age_on: date | None, today: date) -> str:
    """Return in which band of ages somebody is who turns 21 on a day; "" where that is not known."""
    if of_age_on is None:
        return ""
    since = today.year - of_age_on.year - ((today.month, today.day) < (of_age_on.month, of_age_on.day))
    years = _YEARS_OF_AGE + since
    return next((band for bound, band in BANDS if years < bound), OLDEST)
