"""Asked before a plan is approved, if anything stands in its way; and the same in a sentence on the plan's page."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.campaigns.detail.outlook_state import OutlookState
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.ui.button import button
from liquor_app.ui.card import list_item, note, plain_list
from liquor_app.ui.forms.dialog import dialog
from liquor_app.ui.grid import row
from liquor_app.ui.icon import icon


def outlook_dialog() -> rx.Component:
    def line(warning: Any) -> rx.Component:
        return list_item(row(icon("triangle-alert"), rx.el.span(warning, class_name="pretty"), align_items="start"))

    title = rx.cond(
        OutlookState.is_barred,
        "“" + CampaignState.head.name + "” cannot be approved yet",
        "Approve “" + CampaignState.head.name + "” all the same?",
    )
    go_on = button(
        "Approve all the same",
        kind="primary",
        on_click=rx.cond(
            OutlookState.refused,
            CampaignState.approve("approve_anyway", CampaignState.seen),
            CampaignState.approve("approve_warned", CampaignState.seen),
        ),
    )
    return dialog(
        title,
        plain_list(rx.foreach(OutlookState.warnings, line)),
        rx.cond(
            OutlookState.tested != "",
            rx.el.p("Approved with it: ", OutlookState.tested, class_name="t12 muted pretty"),
            rx.fragment(),
        ),
        open=CampaignState.asking == "outlook",
        on_open_change=CampaignState.ask(""),
        description="As things stand now:",
        foot=rx.fragment(
            button(rx.cond(OutlookState.is_barred, "Close", "Cancel"), on_click=CampaignState.ask("")),
            rx.cond(OutlookState.is_barred, rx.fragment(), go_on),
        ),
    )


def no_longer_allowed() -> rx.Component:
    """Draw what became forbidden since the plan was made, apart from its figures."""
    return rx.cond(
        OutlookState.no_longer != "",
        note(
            rx.el.b("Since this plan was made: "),
            OutlookState.no_longer,
            " They will be held back. Plan again to give their places to others.",
            tone="amber",
            icon="ban",
        ),
        rx.fragment(),
    )
