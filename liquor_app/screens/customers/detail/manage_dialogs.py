"""The questions asked before something is done to a customer."""

from __future__ import annotations

import reflex as rx

from liquor_app.screens.customers.detail.manage_state import ActsState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.ui.button import button
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import col

FORM = "consent-form"
PROOF = "proof-of-age"
WHO = ActsState.who


def questions() -> rx.Component:
    """Draw every dialog of a customer's page but the form."""
    return rx.fragment(
        confirm(
            "Suppress " + WHO + "?",
            "No campaign will write to them any more, by any channel. An admin can take them off the list again.",
            "Suppress",
            open=ActsState.asking == "suppress",
            on_open_change=ActsState.close,
            on_confirm=ActsState.suppress,
            danger=True,
        ),
        confirm(
            "Take " + WHO + " off the suppression list?",
            "Campaigns may write to them again where consent is given. Complaints and erasures stay.",
            "Take off the list",
            open=ActsState.asking == "lift",
            on_open_change=ActsState.close,
            on_confirm=ActsState.lift,
        ),
        confirm(
            "Delete " + WHO + "?",
            "Gone from every list and every audience at once. Purchases stay in the figures.",
            "Delete",
            open=ActsState.asking == "delete",
            on_open_change=ActsState.close,
            on_confirm=ActsState.delete,
            danger=True,
        ),
        _consent(),
        _proof(),
    )


def _proof() -> rx.Component:
    form = form_of(ActsState,
        col(
            text_field("Date of birth", "born", type="date", error=ActsState.error),
            text_field(
                "Proof seen", "proof", max_length=200, placeholder="Driving licence, at the counter",
                hint="What it was and where; not its number.",
            ),
            gap=16,
        ),
        id=PROOF,
        on_submit=ActsState.prove,
    )  # fmt: skip
    return form_dialog(
        ActsState,
        "Record a proof of age of " + WHO,
        form,
        open=ActsState.asking == "age",
        description="Kept in the age ledger: who recorded it, when, and what was seen. It ends a doubt, either way.",
        foot=rx.fragment(
            button("Cancel", on_click=ActsState.close(False)),
            button("Record", kind="primary", submit=True, form=PROOF),
        ),
        max_width="460px",
    )


def _consent() -> rx.Component:
    email = ActsState.asking == "email"
    form = form_of(ActsState,
        col(
            select_field("What was said", "status", [("given", "Consent given"), ("withdrawn", "Consent withdrawn")]),
            text_field(
                "Where it came from", "source", error=ActsState.error, max_length=120,
                placeholder="Form in the store, reply YES, phone call",
            ),
            text_field(
                "Wording", "wording", optional=True, max_length=40, hint="The version of the text they agreed to",
            ),
            gap=16,
        ),
        id=FORM,
        on_submit=ActsState.record,
    )  # fmt: skip
    return form_dialog(
        ActsState,
        rx.cond(email, "Record e-mail consent of " + WHO, "Record SMS consent of " + WHO),
        form,
        open=email | (ActsState.asking == "sms"),
        description="Kept as evidence: who recorded it, when, and from where.",
        foot=rx.fragment(
            button("Cancel", on_click=ActsState.close(False)),
            button("Record", kind="primary", submit=True, form=FORM),
        ),
        max_width="460px",
    )
