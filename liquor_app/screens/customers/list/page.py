"""Customers: the base at a glance, then everybody, found, filtered and sorted."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.customers.form.state import EditCustomerState
from liquor_app.screens.customers.form.view import customer_form
from liquor_app.screens.customers.list.overview_state import OverviewState
from liquor_app.screens.customers.list.state import CustomersState
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.session.role_controls import allowed
from liquor_app.segments.lists import CUSTOMER_ACTIONS
from liquor_app.ui.badge import status_badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card
from liquor_app.ui.charts.donut import donut
from liquor_app.ui.charts.progress import bar, churn_band, percent
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row
from liquor_app.ui.icon import icon
from liquor_app.ui.skeleton import skeleton_lines
from liquor_app.ui.table import Column


def customers_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Customers",
            OverviewState.summary,
            allowed(
                Permission.CUSTOMERS_WRITE,
                button("Suppression list", icon="ban", href="/customers/suppressed"),
                button("Likely doubles", icon="users", href="/customers/doubles"),
                button("Import", icon="upload", href="/customers/import"),
                button("Add customer", kind="primary", icon="plus", on_click=EditCustomerState.add),
            ),
        ),
        rx.cond(
            OverviewState.loading | (OverviewState.everybody > 0),
            grid(*_glance(), _everybody()),
            card(_nobody()),
        ),
        customer_form(),
    )


def _glance() -> tuple[rx.Component, ...]:
    """Draw the base at a glance: before the list, and on a phone below it."""

    def ready(drawn: rx.Component) -> rx.Component:
        return rx.cond(OverviewState.loading, skeleton_lines(4), drawn)

    return (
        card(
            ready(donut(OverviewState.shares, OverviewState.total, "customers", OverviewState.summary)),
            title="By RFM segment",
            class_name="c5 keep after-sm",
        ),
        card(ready(_churn()), title="Churn risk", class_name="c4 keep after-sm"),
        card(ready(_reach()), title="Can be reached", class_name="c3 full-sm after-sm"),
    )


def _reach() -> rx.Component:
    def way(one: Any) -> rx.Component:
        return col(
            row(rx.el.span(one.name, class_name="muted"), rx.el.span(one.share, class_name="num muted"), apart=True),
            rx.el.b(one.value, class_name="t20 num"),
            bar(one.fill, one.name, one.tone),
            gap=4,
        )

    return col(rx.foreach(OverviewState.reach, way), gap=24)


def _churn() -> rx.Component:
    def line(band: Any) -> rx.Component:
        return rx.el.li(
            rx.el.i(class_name="sw " + band.tone),
            rx.el.span(band.name, class_name="grow trunc"),
            rx.el.b(band.count, class_name="num med"),
            rx.el.span(band.share, class_name="num muted share"),
            class_name="row",
        )

    strip = rx.el.div(
        rx.foreach(OverviewState.bands, lambda band: rx.el.i(class_name=band.tone, width=percent(band.fill))),
        class_name="bar stack",
        aria_hidden="true",
    )
    note = rx.el.p(OverviewState.horizon, class_name="t12 muted pretty")
    return col(strip, rx.el.ul(rx.foreach(OverviewState.bands, line), class_name="col g8"), note, gap=16)


def _consents(row_: Any) -> rx.Component:
    """Draw three small signs: green may be used, struck through was withdrawn, grey is not known."""

    def sign(drawing: str, what: str, status: Any) -> rx.Component:
        return rx.match(
            status,
            ("given", icon(drawing, label=f"{what}: given", class_name="green")),
            ("withdrawn", icon(f"{drawing}-x" if drawing == "mail" else "message-square-off",
                               label=f"{what}: withdrawn", class_name="red")),
            ("pending", icon(drawing, label=f"{what}: not confirmed yet", class_name="faint")),
            icon(drawing, label=f"{what}: not known", class_name="faint"),
        )  # fmt: skip

    age = rx.cond(
        row_.age,
        icon("id-card", label="Age: checked", class_name="green"),
        icon("id-card", label="Age: not checked", class_name="faint"),
    )
    signs = row(sign("mail", "E-mail", row_.email), sign("message-square", "SMS", row_.sms), age)
    stopped = row(icon("ban", class_name="red"), rx.el.span("Suppressed", class_name="red"))
    return rx.cond(row_.suppressed, stopped, signs)


def _churn_cell(line: Any) -> rx.Component:
    unknown = rx.cond(line.band == "", rx.el.span("not enough data", class_name="muted"), status_badge(line.band))
    return rx.cond(line.churn < 0, unknown, churn_band(line.churn, line.band))


def _everybody() -> rx.Component:
    return list_card(
        CustomersState,
        (
            Column("Customer", lambda one: rx.fragment(rx.el.b(one.name), rx.el.small(one.contact)), sort="name"),
            Column("RFM segment", lambda one: rx.el.span(
                rx.el.i(class_name="sw", background="var(--" + one.color + ")"), one.segment, class_name="row nowrap"
            ), phone="under"),
            Column("Churn risk", _churn_cell, sort="churn_probability"),
            Column("Expected spend", lambda one: one.clv, sort="clv_score", number=True),
            Column("Spent", lambda one: one.spent, sort="total_spent", number=True, phone="hide", wide=True),
            Column("Last purchase", lambda one: one.last, sort="last_purchase_at", number=True, phone="hide"),
            Column("Favourite", lambda one: one.favourite, phone="hide", wide=True),
            Column("Consent", _consents, phone="hide", wide=True),
            Column("Next purchase", lambda one: rx.el.span(one.next, class_name=rx.cond(one.late, "red", "")),
                   number=True, phone="hide", wide=True),
        ),
        label="Customers",
        keeps=True,
        search="Name, e-mail, phone",
        href=lambda one: "/customers/" + one.id,
        bulk=CUSTOMER_ACTIONS,
        class_name="c12",
        empty=empty(
            "Nobody matches",
            "Take off a filter or search for something else.",
            button("Show everybody", on_click=CustomersState.show_all),
            icon="search-x",
        ),
    )  # fmt: skip


def _nobody() -> rx.Component:
    return empty(
        "No customers yet",
        "Bring a file from your till or shop, or add the first by hand.",
        allowed(
            Permission.CUSTOMERS_WRITE,
            button("Import a file", kind="primary", icon="upload", href="/customers/import"),
            button("Add by hand", icon="plus", on_click=EditCustomerState.add),
        ),
        icon="users",
    )


PAGES = (
    Page(
        "/customers",
        "Customers",
        customers_page,
        icon="users",
        on_load=[OverviewState.load, CustomersState.load],
        nav_group="main",
        phone=True,
    ),
)
