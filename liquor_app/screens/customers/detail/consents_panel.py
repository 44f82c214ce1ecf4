"""What a customer agreed to, channel by channel, with its proof."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.customers.models import ConsentStatus
from liquor_app.screens.customers.detail.manage_state import ActsState
from liquor_app.screens.customers.detail.state import CustomerState
from liquor_app.screens.customers.detail.transactional_state import ErrandsState
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.badge import badge, status_badge
from liquor_app.ui.button import button
from liquor_app.ui.card import list_item, plain_list
from liquor_app.ui.forms.choice import switch
from liquor_app.ui.grid import row
from liquor_app.ui.icon import icon


def consents_panel() -> rx.Component:
    def line(one: Any) -> rx.Component:
        drawing = rx.match(one.key, ("email", icon("mail")), ("sms", icon("message-square")), icon("id-card"))
        record = allowed(
            Permission.CUSTOMERS_WRITE,
            rx.cond(
                one.status == ConsentStatus.PENDING.value,
                button("Send link", kind="ghost", small=True, on_click=ErrandsState.ask("confirm", one.key)),
                rx.fragment(),
            ),
            button("Record", kind="ghost", small=True, on_click=ActsState.ask(one.key)),
        )
        who = CustomerState.profile
        born = allowed(
            Permission.CUSTOMERS_WRITE,
            button("Proof", kind="ghost", small=True, title="Record a proof of age", on_click=ActsState.ask("age")),
            rx.cond(
                (one.status != "verified") & (one.status != "disputed") & ((who.email != "") | (who.phone != "")),
                button(
                    "Ask",
                    kind="ghost",
                    small=True,
                    title="Send the question for the date of birth",
                    on_click=ErrandsState.ask("age", rx.cond(who.email != "", "email", "sms")),
                ),
                rx.fragment(),
            ),
        )
        return list_item(
            drawing,
            rx.el.div(
                row(rx.el.b(one.label, class_name="med"), _consent_badge(one.status)),
                rx.el.div(one.detail, class_name="t12 muted"),
                class_name="grow",
            ),
            rx.cond(one.key == "age", born, record),
        )

    counted = CustomerState.profile.counted
    counting = list_item(
        icon("mouse-pointer-click"),
        rx.el.div(
            rx.el.b("Opens and clicks", class_name="med"),
            rx.el.div(
                rx.cond(counted, "Counted where the brand counts them", "Not counted, whatever the brand counts"),
                class_name="t12 muted",
            ),
            class_name="grow",
        ),
        allowed(Permission.CUSTOMERS_WRITE, switch("Count", checked=counted, on_change=ActsState.count)),
    )

    def errand(one: Any) -> rx.Component:
        words = rx.el.div(rx.el.div(one.words, class_name="t12"), rx.el.div(one.detail, class_name="t12 muted pretty"))
        return list_item(icon("send"), words, class_name="ts")

    def told(one: Any) -> rx.Component:
        return rx.el.li(
            row(rx.el.b(one.label, class_name="t12 med"), _consent_badge(one.status)),
            rx.el.div(one.detail, class_name="t12 muted pretty"),
        )

    export = rx.el.a(
        "Save as CSV", href="/api/v1/customers/" + CustomerState.profile.id + "/consents/export", class_name="link t12",
        download=True,
    )  # fmt: skip
    history = rx.el.li(
        rx.el.details(
            rx.el.summary("All that was said of consent, with its proof", class_name="link t12"),
            rx.el.ul(rx.foreach(CustomerState.history, told), class_name="plain"),
            export,
        ),
        class_name="pad",
    )
    return plain_list(
        rx.foreach(CustomerState.consents, line),
        rx.cond(rx.Var.create(CustomerState.history).length() > 0, history, rx.fragment()),
        rx.foreach(ErrandsState.rows, errand),
        counting,
    )


def _consent_badge(status: Any) -> rx.Component:
    return rx.cond(status == "none", badge("Not known", "outline", dot=False), status_badge(status))
