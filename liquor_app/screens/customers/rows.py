"""Customers as the list shows them: plain text and numbers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from liquor_app.customers.service import BaseCounts, CustomerRow
from liquor_app.scoring.estimators.churn import HIGH_ABOVE, LOW_BELOW
from liquor_app.screens.customers.segment_colors import segment_color, segment_label
from liquor_app.ui.charts.donut import Slice, slices
from liquor_app.ui.words import NONE, days_ago, expected_words, figure, percent, plural, show_money

DRAWN_SEGMENTS = 6


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A row of the table. `churn` is percent, 1 to 99, −1 for not known; `late` if the next purchase was expected
    before today."""

    id: str
    name: str
    contact: str
    segment: str
    color: str
    churn: int
    band: str
    clv: str
    spent: str
    last: str
    favourite: str
    email: str
    sms: str
    age: bool
    suppressed: bool
    next: str
    late: bool


def name_of(row: CustomerRow) -> str:
    return row.name or row.email or row.phone or row.external_id or "Unnamed"


def customer_line(row: CustomerRow, at: datetime, suppressed: bool = False) -> CustomerLine:
    """Return the row in words; `at` is the shop's present."""
    name = name_of(row)
    known = (row.email, row.phone, f"No. {row.external_id}" if row.external_id else None)
    return CustomerLine(
        id=str(row.id),
        name=name,
        contact=next((item for item in known if item and item != name), ""),
        segment=segment_label(row.rfm_segment),
        color=segment_color(row.rfm_segment),
        churn=-1 if row.churn_probability is None else min(99, max(1, round(row.churn_probability * 100))),
        band=row.churn_risk or "",
        clv=show_money(row.clv_score, cents=True),
        spent=show_money(row.total_spent, cents=True),
        last=days_ago(row.last_purchase_at, at),
        favourite=row.primary_category or NONE,
        email=_reach(row.email, row.email_consent),
        sms=_reach(row.phone, row.sms_consent),
        age=row.age_verified_at is not None,
        suppressed=suppressed,
        next=expected_words(row.next_purchase_at, at),
        late=row.next_purchase_at is not None and row.next_purchase_at.astimezone(at.tzinfo).date() < at.date(),
    )


def _reach(address: str | None, consent: str | None) -> str:
    """`given`, `withdrawn`, `pending`, `none`: whether somebody may be written to; without an address it is none."""
    return consent or "none" if address else "none"


@dataclass(frozen=True, slots=True)
class Band:
    """A churn band of the base; `fill` is percent of everybody."""

    name: str
    tone: str
    count: str
    share: str
    fill: float


BANDS = (
    ("low", f"Low, under {percent(LOW_BELOW)}", "green"),
    ("medium", "Medium", "amber"),
    ("high", f"High, over {percent(HIGH_ABOVE)}", "red"),
)


def churn_bands(counts: BaseCounts) -> list[Band]:
    """Low, medium, high, and whoever has no band yet."""
    known = dict(counts.by_churn)
    total = counts.customers or 1
    rest = counts.customers - sum(known.get(key, 0) for key, _, _ in BANDS)
    rows = [(name, tone, known.get(key, 0)) for key, name, tone in BANDS]
    if rest:
        rows.append(("Not scored", "none", rest))
    return [Band(name, tone, figure(n), percent(n / total, 1), round(n / total * 100, 2)) for name, tone, n in rows]


def segment_shares(counts: BaseCounts) -> list[Slice]:
    """Return the largest segments one by one, the rest as one, and whoever has none yet."""
    named = counts.by_segment
    drawn = named if len(named) <= DRAWN_SEGMENTS + 1 else named[:DRAWN_SEGMENTS]
    parts = [(segment_label(name), n) for name, n in drawn]
    colors = [segment_color(name) for name, _ in drawn]
    others = named[len(drawn) :]
    rests = (
        (plural(len(others), "other segment"), sum(n for _, n in others)),
        ("Not scored", counts.customers - sum(n for _, n in named)),
    )
    for words, rest in rests:
        if rest:
            parts.append((words, rest))
            colors.append("sunken-2")
    return slices(parts, colors)
