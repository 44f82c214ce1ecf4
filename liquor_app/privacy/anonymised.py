"""A copy of the base for analysis that tells of nobody: customers, purchases and messages as CSV files, under ids that
lead nowhere, with ages in bands and places no closer than the state."""

from __future__ import annotations

import asyncio
import csv
import hmac
import io
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.csv_cells import export_text
from liquor_app.core.errors import Conflict
from liquor_app.core.platform.private_files import create_bytes, private_directory
from liquor_app.organization.settings import shop_today

PAGE = 10_000
IDS = ("id", "customer_id", "purchase_id", "campaign_id")
"""Columns that are told under another name, the same one throughout a copy."""
BANDS = ((21, "under 21"), (30, "21-29"), (40, "30-39"), (50, "40-49"), (60, "50-59"))
OLDEST = "60 and over"
_YEARS_OF_AGE = 21

_CUSTOMERS = """
SELECT id, state, language, of_age_on, email_consent, sms_consent, CAST(first_purchase_at AS date) AS first_purchase,
       CAST(last_purchase_at AS date) AS last_purchase, purchase_frequency, total_spent, avg_order_value,
       is_night_buyer, primary_category, secondary_category, rfm_segment, churn_risk, churn_probability, clv_score
  FROM customers WHERE deleted_at IS NULL AND profiling_objected_at IS NULL AND id > :after ORDER BY id LIMIT :most
"""
_PURCHASES = """
SELECT p.id, p.customer_id, CAST(p.occurred_at AS date) AS day, p.local_hour, p.total, p.discount, p.alcohol_total,
       p.currency, p.coupon_lines
  FROM purchases p JOIN customers c ON c.id = p.customer_id AND c.profiling_objected_at IS NULL
 WHERE p.id > :after ORDER BY p.id LIMIT :most
"""
_LINES = """
SELECT l.id, l.purchase_id, l.category, l.quantity, l.amount, l.discount, l.coupon_discount, l.is_alcohol
  FROM purchase_lines l JOIN purchases p ON p.id = l.purchase_id
  JOIN customers c ON c.id = p.customer_id AND c.profiling_objected_at IS NULL
 WHERE l.id > :after ORDER BY l.id LIMIT :most
"""
_SENDS = """
SELECT s.id, s.customer_id, s.campaign_id, s.channel, s.status, CAST(s.sent_at AS date) AS sent,
       s.delivered_at IS NOT NULL AS delivered, s.opened_at IS NOT NULL AS opened, s.clicked_at IS NOT NULL AS clicked,
       s.bounced_at IS NOT NULL AS bounced, s.unsubscribed_at IS NOT NULL AS unsubscribed,
       s.converted_at IS NOT NULL AS converted, s.conversion_value
  FROM sends s JOIN customers c ON c.id = s.customer_id AND c.profiling_objected_at IS NULL
 WHERE s.id > :after ORDER BY s.id LIMIT :most
"""
FILES = {
    "customers": text(_CUSTOMERS), "purchases": text(_PURCHASES), "purchase_lines": text(_LINES), "sends": text(_SENDS),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AnonymisedCopy:
    """Where a copy lies, and how many rows each of its files has."""

    folder: str
    rows: dict[str, int]


async def write_anonymised(session: AsyncSession, actor: Actor, folder: Path) -> AnonymisedCopy:
    """Write a copy that tells of nobody into a folder: no name, address, number, date of birth, place below a state,
    product's name, nor anything somebody typed. Who objects to being profiled is left out, and moments are days. The
    key that made the ids is kept nowhere, so that two copies cannot be laid side by side.

    Raises:
        Forbidden: the actor is not an admin.
        Conflict: something lies in the folder.
    """
    require(actor, Permission.CUSTOMERS_ADMIN)
    await asyncio.to_thread(_empty, folder)
    key, today = secrets.token_bytes(32), await shop_today(session)

    def renamed(value: UUID | None) -> str:
        return "" if value is None else hmac.digest(key, value.bytes, "sha256").hex()[:32]

    rows = {
        name: await _write(session, folder / f"{name}.csv", statement, lambda row: _told(row, renamed, today))
        for name, statement in FILES.items()
    }
    await audit(session, actor, "base.anonymised", "privacy", None, rows=rows)
    return AnonymisedCopy(str(folder), rows)


def _empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"Something lies in {folder}. Name a folder that is empty.")
    private_directory(folder)


async def _write(
    session: AsyncSession, path: Path, statement: TextClause, told: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> int:
    after, rows = UUID(int=0), 0
    with create_bytes(path) as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        while True:
            found = (await session.execute(statement, {"after": after, "most": PAGE})).mappings().all()
            for row in found:
                cells = told(dict(row))
                if not rows:
                    writer.writerow(cells)
                writer.writerow("" if value is None else export_text(str(value)) for value in cells.values())
                rows += 1
            if len(found) < PAGE:
                return rows
            after = found[-1]["id"]


def _told(row: Mapping[str, Any], renamed: Callable[[UUID | None], str], today: date) -> dict[str, Any]:
    cells = {name: renamed(value) if name in IDS else value for name, value in row.items() if name != "of_age_on"}
    if "of_age_on" in row:
        cells["age_band"] = age_band(row["of_age_on"], today)
    return cells


def age_band(of_age_on: date | None, today: date) -> str:
    """Return in which band of ages somebody is who turns 21 on a day; "" where that is not known."""
    if of_age_on is None:
        return ""
    since = today.year - of_age_on.year - ((today.month, today.day) < (of_age_on.month, of_age_on.day))
    years = _YEARS_OF_AGE + since
    return next((band for bound, band in BANDS if years < bound), OLDEST)
