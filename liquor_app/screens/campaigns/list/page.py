"""Campaigns: what is planned, what runs, what they brought."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.campaigns.lists import CAMPAIGN_ACTIONS
from liquor_app.screens.campaigns.list.state import CampaignsState
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.badge import badge, status_badge
from liquor_app.ui.button import button
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.table import Column


def campaigns_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Campaigns",
            "Each one holds out a control group, so that what it earned is measured, not guessed.",
            button("A/B tests", icon="flask-conical", href="/ab-tests"),
            _new(),
        ),
        list_card(
            CampaignsState,
            [
                Column("Campaign", lambda row: rx.fragment(
                    rx.el.b(row.name),
                    rx.cond(row.history, badge("history", dot=False), rx.fragment()),
                ), sort="name"),
                Column("Days", lambda row: row.days, sort="start_date", phone="under"),
                Column("Status", lambda row: status_badge(row.status)),
                Column("Messages", lambda row: row.sends, sort="completed_sends", number=True, phone="hide"),
                Column("Attributed orders", lambda row: row.bought, sort="conversions", number=True, phone="hide"),
                Column("Conversion", lambda row: row.rate, number=True, phone="hide"),
                Column(
                    "Attributed revenue", lambda row: row.revenue, sort="revenue_generated", number=True, phone="hide"
                ),
            ],
            label="Campaigns",
            keeps=True,
            search="Name of a campaign",
            href=lambda row: "/campaigns/" + row.id,
            bulk=CAMPAIGN_ACTIONS,
            empty=empty(
                "No campaign here",
                "Choose an audience, let the planner draft the week, approve it, watch it go out.",
                _new(),
                icon="send",
            ),
        ),
    )  # fmt: skip


def _new() -> rx.Component:
    new = button("New campaign", kind="primary", icon="plus", href="/campaigns/new")
    return allowed(Permission.CAMPAIGNS_WRITE, new)


PAGES = (
    Page(
        "/campaigns",
        "Campaigns",
        campaigns_page,
        icon="send",
        on_load=[CampaignsState.load, CampaignsState.live],
        nav_group="main",
        phone=True,
    ),
)
