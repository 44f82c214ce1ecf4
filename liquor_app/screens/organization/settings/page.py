"""Settings, for admins."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.forms.view import form_of
from liquor_app.screens.organization.settings.copy_panel import copy_card
from liquor_app.screens.organization.settings.copy_state import CopyState
from liquor_app.screens.organization.settings.state import SettingsState
from liquor_app.screens.session.role_controls import roles_of
from liquor_app.ui.badge import status_badge
from liquor_app.ui.button import button, link
from liquor_app.ui.card import card
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import grid, row, span
from liquor_app.ui.table import Column, table
from liquor_app.ui.tabs import segmented


def settings_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Settings",
            "They bind every engine and every message. Each change is kept in the audit log.",
            segmented(
                [
                    ("general", "Shop"),
                    ("compliance", "Compliance"),
                    ("preferences", "Recipients"),
                    ("planning", "Planning"),
                    ("sending", "Sending"),
                    ("retention", "Data"),
                ],
                value=SettingsState.tab,
                on_change=SettingsState.choose,
                label="Which settings",
            ),
            button("Users", icon="users", href="/settings/users"),
            button("API keys", icon="key-round", href="/settings/api-keys"),
            button("Webhooks", icon="webhook", href="/settings/webhooks"),
            button("Custom fields", icon="tag", href="/settings/custom-fields"),
            button("Audit log", icon="scroll-text", href="/settings/audit"),
        ),
        grid(
            span(
                7,
                card(
                    _form(),
                    foot=rx.cond(
                        SettingsState.tab == "compliance",
                        row(
                            link("The law of each place, dated and cited", "/settings/law"),
                            link("Suppression list", "/customers/suppressed"),
                        ),
                        rx.fragment(),
                    ),
                ),
                align_self="start",
            ),
            span(
                5,
                rx.cond(
                    SettingsState.tab == "retention",
                    copy_card(),
                    card(_channels(), title="Channels", aside=link("Set up", "/settings/channels"), flush=True),
                ),
                align_self="start",
            ),
        ),
    )


def _form() -> rx.Component:
    def field(line: Any) -> rx.Component:
        given: dict[str, Any] = {
            "default_value": line.value,
            "hint": line.hint,
            "error": SettingsState.errors[line.name],
            "key": line.name + line.value,
        }
        return rx.cond(
            line.options.length() > 0,
            select_field(line.label, line.name, line.options, **given),
            text_field(line.label, line.name, **given),
        )

    fields = rx.el.div(rx.foreach(SettingsState.lines, field), class_name="col", gap="16px")
    return form_of(
        SettingsState,
        fields,
        row(button("Save", kind="primary", submit=True, busy=SettingsState.busy), margin_top="16px"),
        on_submit=SettingsState.save,
    )


def _channels() -> rx.Component:
    return table(
        SettingsState.channels,
        [
            Column("Channel", lambda line: line.channel),
            Column("Provider", lambda line: line.provider),
            Column("State", lambda line: status_badge(line.state)),
            Column("Limit", lambda line: line.rate, number=True, phone="hide"),
        ],
        label="Channels",
        empty=empty("No provider yet", "The sandbox is set up with the first start.", icon="send"),
    )


PAGES = (
    Page(
        "/settings",
        "Settings",
        settings_page,
        icon="settings",
        on_load=[SettingsState.load, CopyState.load],
        nav_group="admin",
        roles=roles_of(Permission.SETTINGS_ADMIN),
    ),
)
