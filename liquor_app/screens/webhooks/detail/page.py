"""One webhook endpoint: what was sent to it, and what it said."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.details.view import found
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.session.role_controls import roles_of
from liquor_app.screens.webhooks.detail.state import DeliveriesState, EndpointState
from liquor_app.ui.badge import badge, status_badge
from liquor_app.ui.button import button
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.table import Column
from liquor_app.webhooks.models import DeliveryStatus


def deliveries_page() -> rx.Component:
    body = rx.fragment(
        page_head(
            "Deliveries",
            rx.cond(EndpointState.url != "", EndpointState.url + ": what it was told within the last 30 days.", ""),
            rx.cond(
                EndpointState.is_active,
                button("Send a test", icon="send", on_click=DeliveriesState.test),
                badge("Paused", "gray"),
            ),
            crumbs=(("Settings", "/settings"), ("Webhooks", "/settings/webhooks")),
        ),
        list_card(
            DeliveriesState,
            [
                Column("Happened", lambda line: rx.el.span(line.when, class_name="nowrap num"), sort="created_at"),
                Column("Event", _event),
                Column("Status", lambda line: status_badge(line.status), phone="under"),
                Column("Tries", lambda line: line.tries, phone="hide"),
                Column("Answer", lambda line: line.said, phone="under", wide=True),
                Column("Next try", lambda line: line.next, phone="hide"),
                Column("", _acts, number=True),
            ],
            label="Deliveries",
            empty=empty(
                "Nothing yet",
                "Nothing it is told of has happened. Send it a test to see what it answers.",
                icon="webhook",
            ),
        ),
    )
    return found(EndpointState, "endpoint", "All webhooks", "/settings/webhooks", body)


def _event(line: Any) -> rx.Component:
    return rx.el.details(
        rx.el.summary(line.event, " ", rx.el.span(line.called, class_name="t12 muted")),
        rx.el.code(line.payload, class_name="t12", overflow_wrap="anywhere", white_space="normal"),
    )


def _acts(line: Any) -> rx.Component:
    again = button("Send again", small=True, on_click=DeliveriesState.replay(line.id))
    return rx.cond(line.status == DeliveryStatus.PENDING.value, rx.fragment(), again)


PAGES = (
    Page(
        "/settings/webhooks/[endpoint_id]", "Deliveries", deliveries_page, icon="webhook",
        on_load=[EndpointState.clear, EndpointState.load, DeliveriesState.load, DeliveriesState.live],
        parent="/settings/webhooks", roles=roles_of(Permission.WEBHOOKS_READ),
    ),
)  # fmt: skip
