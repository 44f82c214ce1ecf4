"""Campaigns in words, for lists and dashboards. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import CampaignRow
from liquor_app.planning.reasoning.plan_reasoning import basis_words
from liquor_app.screens.analytics.view import show_conversions, show_revenue
from liquor_app.ui.words import NONE, figure, plural, show_moment, show_money, show_span, show_weekday


def days_words(row: CampaignRow) -> str:
    """`Tue 24 to Mon 30 Nov 2026`."""
    return show_span(row.start_date, row.end_date)


Measured = Mapping[str, int]
"""What was sent where each thing was measured (`analytics.measured`), of a campaign whose messages are counted."""


def bought_words(row: CampaignRow, measured: Measured = MappingProxyType({})) -> tuple[str, str]:
    """Return attributed orders and their share of what was sent; dashes where no message is known to have arrived."""
    return show_conversions(
        row.conversions, sends=row.completed_sends, delivered=row.delivered_sends, opens=row.opens, clicks=row.clicks,
        **measured,
    )  # fmt: skip


def revenue_words(row: CampaignRow, measured: Measured = MappingProxyType({})) -> str:
    """Return attributed revenue, likewise."""
    return show_revenue(
        row.revenue_generated, conversions=row.conversions, sends=row.completed_sends, delivered=row.delivered_sends,
        opens=row.opens, clicks=row.clicks, **measured,
    )  # fmt: skip


def progress_words(row: CampaignRow, at: datetime, measured: Measured = MappingProxyType({})) -> str:
    """Tell what is happening to it, in one line; `at` is the shop's present."""
    if row.status is CampaignStatus.ACTIVE and row.virtual_now is not None:
        return f"Playing the week: {show_moment(row.virtual_now, at)}"
    bought, _ = bought_words(row, measured)
    words = {
        CampaignStatus.DRAFT: "Draft",
        CampaignStatus.AWAITING_APPROVAL: f"Waits for approval, {days_words(row)}",
        CampaignStatus.SCHEDULED: f"Approved, starts {show_weekday(row.start_date)}",
        CampaignStatus.ACTIVE: f"Sending, {figure(row.held_out)} held out",
        CampaignStatus.PAUSED: row.pause_reason or "Paused",
        CampaignStatus.COMPLETED: "Done"
        if bought == NONE
        else f"Done, {bought} attributed {'order' if row.conversions == 1 else 'orders'}",
        CampaignStatus.CANCELLED: "Cancelled",
    }
    return words[row.status]


def waiting_words(row: CampaignRow) -> str:
    """Return the plan's promise in one sentence, from its stored simulation."""
    plan = row.weekly_plan or {}
    totals, simulated = plan.get("totals"), plan.get("simulation")
    if not totals or not simulated:
        return f"{days_words(row)}."
    profit = simulated["incremental_profit"]
    without = int(totals["blocked"]) + int(totals.get("left_out", 0))
    return (
        f"{figure(totals['sends'])} messages to {figure(totals['reach'])} customers, {days_words(row)}."
        " Expected incremental profit"
        f" {show_money(profit['mean'])}, four times in five between {show_money(profit['low'])} and"
        f" {show_money(profit['high'])}: how much a message adds is"
        f" {basis_words(simulated.get('uplift', {})).removeprefix('uplift ')}."
        f" {plural(without, 'person', 'people')} of the audience left out, each for one reason."
    )
