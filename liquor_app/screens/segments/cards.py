"""A segment as its card shows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from liquor_app.analytics.segment_performance import PerformanceRow
from liquor_app.screens.analytics.view import show_conversions
from liquor_app.segments.models import SegmentKind
from liquor_app.segments.service import SegmentRow
from liquor_app.ui.words import NONE, ago, figure, percent, plain_number, plural, show_money, signed

CHANNELS = {"email": "E-mail", "sms": "SMS"}
CHANNELS_INSIDE = {"E-mail": "e-mail"}
TEMPLATES = {
    "win_back": "Win back",
    "loyalty": "Loyalty",
    "bundle_offer": "Bundle offer",
    "discovery": "Discovery",
    "second_purchase": "Second purchase",
}
"""The voices a playbook may choose, in words."""


@dataclass(frozen=True, slots=True)
class SegmentCard:
    """Everything in words; `trend` is the colour of the change."""

    slug: str
    name: str
    color: str
    active: bool
    people: str
    share: str
    change: str
    trend: str
    rule: str
    offer: str
    voice: str
    reach: str
    limits: str
    refreshed: str
    performance: str = ""


def reach_words(row: SegmentRow) -> str:
    """ "E-mail, then SMS, 17:00 to 20:00" """
    first, *rest = (CHANNELS.get(channel, channel) for channel in row.optimal_channels)
    ways = ", then ".join((first, *(CHANNELS_INSIDE.get(way, way) for way in rest)))
    window = row.optimal_send_window
    return f"{ways}, {window['start']} to {window['end']}" if {"start", "end"} <= set(window) else ways


def offer_words(row: SegmentRow) -> str:
    """Return the first offer with its placeholders in words, and how many more there are."""
    if not row.recommended_offers:
        return NONE
    first = row.recommended_offers[0]
    discount = plain_number(float(first.get("discount_pct", 0)))
    text = str(first["text"]).replace("{discount}", discount).replace("{category}", "favourite category")
    more = len(row.recommended_offers) - 1
    rest = f", and {plural(more, 'other')}" if more else ""
    return f"{text[:1].upper()}{text[1:]}{rest}"


def performance_words(row: PerformanceRow | None) -> str:
    """ "In 90 days: 1,204 messages, 96 attributed orders (8.0%), $2,310" """
    if row is None or not row.sent:
        return ""
    told = f"In 90 days: {plural(row.sent, 'message')}"
    bought, rate = show_conversions(row.bought, sends=row.sent, of_orders=row.of_orders)
    if bought == NONE:
        return f"{told}, none known to have reached anybody"
    return f"{told}, {bought} attributed order{'' if row.bought == 1 else 's'} ({rate}), {show_money(row.revenue)}"


def segment_card(row: SegmentRow, everybody: int, at: datetime) -> SegmentCard:
    """Return the row in words; `everybody` is the size of the base."""
    change = row.net_change_30_days
    return SegmentCard(
        slug=row.slug,
        name=row.name,
        color=row.color,
        active=row.is_active,
        people=figure(row.customer_count),
        share=f"{'customer' if row.customer_count == 1 else 'customers'}, {percent(row.customer_count / everybody, 1)}"
        if everybody
        else "customers",
        change=signed(change) if change else "no change",
        trend="muted" if not change else "green" if change > 0 else "red",
        rule=row.sentence if row.kind is SegmentKind.RULE else "A hand-picked list.",
        offer=offer_words(row),
        voice=row.messaging_strategy or NONE,
        reach=reach_words(row),
        limits=f"At most {figure(row.max_discount_pct)}% off, margin never under {figure(row.margin_floor_pct)}%",
        refreshed=f"Counted {ago(row.last_computed_at, at)}" if row.last_computed_at else "Not counted yet",
    )
