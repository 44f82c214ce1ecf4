"""Campaigns: what is planned, what runs, what they brought."""

from __future__ import annotations

import reflex as rx

from liquor_app.screens.campaigns.list.state import CampaignsState
from liquor_app.ui.badge import badge, status_badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.filters import filter_bar
from liquor_app.ui.forms.form import search_input
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.pager import pager
from liquor_app.ui.table import Column, table
from liquor_app.ui.tabs import segmented


def campaigns_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Campaigns",
            "Each one holds out a control group, so that what it earned is measured, not guessed.",
            button("New campaign", kind="primary", icon="plus", href="/campaigns/new"),
        ),
        card(
            filter_bar(
                search_input("Name of a campaign", value=CampaignsState.query, on_change=CampaignsState.search),
                segmented(
                    [("all", "All"), ("open", "Open"), ("done", "Done")],
                    value=CampaignsState.tab,
                    on_change=CampaignsState.choose,
                    label="Which campaigns",
                ),
            ),
            table(
                CampaignsState.rows,
                [
                    Column("Campaign", lambda row: rx.fragment(
                        rx.el.b(row.name),
                        rx.cond(row.history, badge("history", dot=False), rx.fragment()),
                        rx.el.small(row.days),
                    )),
                    Column("Status", lambda row: status_badge(row.status)),
                    Column("Messages", lambda row: row.sends, number=True, phone="hide"),
                    Column("Bought", lambda row: row.bought, number=True, phone="hide"),
                    Column("Rate", lambda row: row.rate, number=True, phone="hide"),
                    Column("Revenue", lambda row: row.revenue, number=True),
                ],
                label="Campaigns",
                loading=CampaignsState.loading,
                href=lambda row: "/campaigns/" + row.id,
                empty=empty(
                    "No campaign here",
                    "Choose an audience, let the planner draft the week, approve it, watch it go out.",
                    button("New campaign", kind="primary", icon="plus", href="/campaigns/new"),
                    icon="send",
                ),
            ),
            pager(
                CampaignsState.showing,
                has_previous=rx.Var.create(CampaignsState.cursors).length() > 1,
                has_next=CampaignsState.next_cursor != "",
                on_previous=CampaignsState.back,
                on_next=CampaignsState.forward,
            ),
            flush=True,
        ),
    )  # fmt: skip


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
