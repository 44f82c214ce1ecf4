"""Campaigns in words, for lists and dashboards. Pure."""

from __future__ import annotations

from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import CampaignRow
from liquor_app.core.money import show_money


def days_words(row: CampaignRow) -> str:
    """`Tue 24 to Mon 30 Nov 2026`."""
    start = f"{row.start_date:%a %-d}" if row.start_date.month == row.end_date.month else f"{row.start_date:%a %-d %b}"
    return f"{start} to {row.end_date:%a %-d %b %Y}"


def progress_words(row: CampaignRow) -> str:
    """What is happening to it, in one line."""
    if row.status is CampaignStatus.ACTIVE and row.virtual_now is not None:
        return f"Playing the week: {row.virtual_now:%a %-d %b %H:%M}"
    words = {
        CampaignStatus.DRAFT: "Draft",
        CampaignStatus.AWAITING_APPROVAL: f"Waits for approval, {days_words(row)}",
        CampaignStatus.SCHEDULED: f"Approved, starts {row.start_date:%a %-d %b}",
        CampaignStatus.ACTIVE: f"Sending, {row.held_out:,} held out",
        CampaignStatus.PAUSED: row.pause_reason or "Paused",
        CampaignStatus.COMPLETED: f"Done, {row.conversions:,} bought",
        CampaignStatus.CANCELLED: "Cancelled",
    }
    return words[row.status]


def waiting_words(row: CampaignRow) -> str:
    """The plan's promise in one sentence, from its stored simulation."""
    plan = row.weekly_plan or {}
    totals, simulated = plan.get("totals"), plan.get("simulation")
    if not totals or not simulated:
        return f"{days_words(row)}."
    profit = simulated["incremental_profit"]
    return (
        f"{totals['sends']:,} messages to {totals['reach']:,} customers, {days_words(row)}. Expected incremental profit"
        f" {show_money(profit['mean'])}, 80% interval {show_money(profit['low'])} to {show_money(profit['high'])};"
        " its uplift is assumed, not measured."
        f" {totals['blocked']:,} customers are blocked, each with a reason."
    )
