"""Asked when a plan is approved and nobody has said yet under which state's licence it is sold."""

from __future__ import annotations

import reflex as rx

from liquor_app.organization.us_states import STATES, state_name
from liquor_app.screens.campaigns.detail.licence_state import LicenceState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.ui.button import button
from liquor_app.ui.card import note
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.grid import col

FORM = "licence-form"


def licence_dialog() -> rx.Component:
    guess = rx.cond(
        LicenceState.proposed != "",
        note(LicenceState.proposed + " was read off your postal address. Check it.", icon="scale"),
        rx.fragment(),
    )
    fields = form_of(
        LicenceState,
        col(
            guess,
            select_field(
                "State of your licence",
                "licence_state",
                [("", "Choose a state"), *((code, state_name(code)) for code in sorted(STATES, key=state_name))],
                default_value=LicenceState.licence,
                error=LicenceState.errors["licence_state"],
                hint="Kept with the brand. You can change it under Settings, Brand.",
            ),
            gap=16,
        ),
        id=FORM,
        key=LicenceState.licence,
        on_submit=LicenceState.save,
    )
    ask_an_admin = rx.el.p("Only an admin can say it: ask one to set it under Settings, Brand.", class_name="muted")
    return form_dialog(
        LicenceState,
        "Tell us the state of your licence",
        rx.cond(LicenceState.may_say, fields, ask_an_admin),
        open=LicenceState.asking,
        description="Its law binds what you offer and at what price, wherever your customers live.",
        foot=rx.fragment(
            button("Cancel", on_click=LicenceState.close(False)),
            rx.cond(
                LicenceState.may_say,
                button("Save and approve", kind="primary", submit=True, form=FORM, busy=LicenceState.busy),
                rx.fragment(),
            ),
        ),
        max_width="460px",
    )
