"""The dashboard: what was earned, what waits, what is on its way."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.analytics.alerts import AlertLevel
from liquor_app.screens.analytics.dashboard.state import LOAD, DashboardState
from liquor_app.screens.analytics.period_picker import own_days, period_choice
from liquor_app.screens.session.role_controls import allowed, is_allowed
from liquor_app.screens.shell.state import ShellState
from liquor_app.ui.badge import live, status_badge
from liquor_app.ui.button import button, link
from liquor_app.ui.card import call_to_action, card, list_item, note, plain_list
from liquor_app.ui.charts.chart import legend, revenue_chart
from liquor_app.ui.charts.kpi import kpi
from liquor_app.ui.charts.progress import bar
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import grid
from liquor_app.ui.icon import icon
from liquor_app.ui.skeleton import skeleton_lines
from liquor_app.ui.table import Column, table


def dashboard_page() -> rx.Component:
    """Draw the first page after signing in."""
    return rx.fragment(
        page_head(
            "Dashboard",
            DashboardState.words,
            live("Live"),
            period_choice(DashboardState, [("7", "7 days"), ("30", "30 days"), ("90", "90 days")]),
            allowed(
                Permission.CAMPAIGNS_WRITE, button("New campaign", kind="primary", icon="plus", href="/campaigns/new")
            ),
        ),
        own_days(DashboardState),
        rx.cond(DashboardState.alerts, rx.el.div(rx.foreach(DashboardState.alerts, _alert), margin_bottom="16px")),
        grid(
            rx.cond(DashboardState.waiting.id != "", _waiting(), rx.fragment()),
            rx.cond(
                DashboardState.loading,
                rx.fragment(*(kpi("", "", loading=True) for _ in range(4))),
                rx.foreach(DashboardState.tiles, _tile),
            ),
            card(
                revenue_chart(
                    DashboardState.days,
                    DashboardState.revenue,
                    prefix=ShellState.sign,
                    previous=DashboardState.previous,
                    today=DashboardState.today,
                    label=f"Revenue by day. {DashboardState.words}. {DashboardState.today_words}",
                    loading=DashboardState.loading,
                ),
                title="Revenue",
                foot=rx.el.span(DashboardState.today_words, class_name="t12 muted"),
                aside=legend(
                    ("Revenue", "c1", "line"), ("Days compared", "ghost", "dash"), ("Today so far", "c1", "ring")
                ),
                class_name="c8",
            ),
            card(
                _campaigns(),
                title="Campaigns under way",
                aside=link("View all", "/campaigns"),
                flush=True,
                class_name="c4",
            ),
            card(_sends(), title="Latest messages", aside=link("Open outbox", "/outbox"), flush=True, class_name="c12"),
        ),
    )


def _alert(one: Any) -> rx.Component:
    """Draw something that needs somebody, with where to look at it."""
    look = rx.cond(one.page != "", rx.el.a("Look at it", href=one.page, class_name="link"), rx.fragment())
    said = rx.fragment(one.words, " ", look)
    return rx.cond(
        one.level == AlertLevel.BAD.value,
        note(said, tone="red", icon="triangle-alert"),
        note(said, tone="amber", icon="triangle-alert"),
    )


def _tile(tile: Any) -> rx.Component:
    return kpi(
        tile.label, tile.value, delta=tile.delta, base=tile.base, trend=tile.trend, spark=tile.spark,
        meaning=tile.meaning, href=tile.href,
    )  # fmt: skip


def _waiting() -> rx.Component:
    plan = "/campaigns/" + DashboardState.waiting.id
    return call_to_action(
        DashboardState.waiting.title,
        DashboardState.waiting.detail,
        rx.cond(
            is_allowed(Permission.CAMPAIGNS_WRITE),
            button("Review plan", kind="primary", trailing="arrow-right", href=plan),
            button("See the plan", trailing="arrow-right", href=plan),
        ),
    )  # fmt: skip


def _campaigns() -> rx.Component:
    def line(row: Any) -> rx.Component:
        head = rx.el.div(
            rx.el.a(row.name, href="/campaigns/" + row.id, class_name="med trunc"),
            status_badge(row.status),
            class_name="row apart",
        )
        under = rx.el.div(
            rx.el.span(row.detail, class_name="t12 muted"), rx.el.span(row.done, class_name="t12 num"),
            class_name="row apart",
        )  # fmt: skip
        return list_item(
            rx.el.div(head, bar(row.percent, row.name, thin=True), under, class_name="col grow", gap="6px")
        )

    nothing = empty(
        "Nothing under way",
        "Draft a week and review it before anything is sent.",
        allowed(Permission.CAMPAIGNS_WRITE, button("New campaign", icon="plus", href="/campaigns/new")),
        icon="send",
    )
    found = rx.cond(DashboardState.campaigns, plain_list(rx.foreach(DashboardState.campaigns, line)), nothing)
    return rx.cond(DashboardState.loading, skeleton_lines(3), found)


def _sends() -> rx.Component:
    channel = lambda row: rx.cond(  # noqa: E731 - a cell
        row.channel == "sms", icon("message-square", label="SMS"), icon("mail", label="E-mail")
    )
    return table(
        DashboardState.sends,
        [
            Column("Customer", lambda row: row.customer),
            Column("Campaign", lambda row: row.campaign, phone="under"),
            Column("Channel", channel, phone="hide"),
            Column("Message", lambda row: row.subject, phone="under", wide=True),
            Column("Status", lambda row: status_badge(row.status)),
            Column("When", lambda row: row.when, number=True, phone="hide"),
        ],
        label="Latest messages",
        loading=DashboardState.loading,
        href=lambda row: "/outbox?send=" + row.id,
        empty=empty(
            "No messages yet", "Approve a plan and start it; messages show up here as they go out.", icon="mail"
        ),
    )


def _new() -> rx.Component:
    new = button("New campaign", kind="primary", icon="plus", href="/campaigns/new")
    return allowed(Permission.CAMPAIGNS_WRITE, new)


PAGES = (
    Page(
        "/", "Dashboard", dashboard_page, icon="layout-dashboard", on_load=LOAD, nav_group="main", phone=True
    ),
)  # fmt: skip
