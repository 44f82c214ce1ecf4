"""The form for a new customer and for changing one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.customers.form.state import EditCustomerState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.ui.button import button
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import col, pair

FORM = "customer-form"


def _field(label: str, name: str, **props: Any) -> rx.Component:
    before, errors = EditCustomerState.before, EditCustomerState.errors
    return text_field(label, name, default_value=before[name], error=errors[name], auto_complete="off", **props)


def customer_form() -> rx.Component:
    """Draw the dialog; `EditCustomerState.add` and `.edit` open it."""
    new = EditCustomerState.editing == ""
    form = form_of(
        EditCustomerState,
        col(
            _field("Name", "name", max_length=255),
            pair(
                _field("E-mail", "email", type="email", max_length=254),
                _field("Phone", "phone", type="tel", max_length=40),
            ),
            pair(
                _field("Customer number", "external_id", optional=True, hint="As your till knows them", max_length=255),
                _field("Date of birth", "date_of_birth", optional=True, type="date"),
            ),
            pair(
                _field("City", "city", optional=True, max_length=255),
                _field("State", "state", optional=True, hint="Two letters, such as ME", max_length=40),
            ),
            pair(
                _field("Postal code", "postal_code", optional=True, max_length=20),
                _field("Country", "country", hint="Two letters, such as US", max_length=2),
            ),
            gap=16,
        ),
        id=FORM,
        on_submit=EditCustomerState.save,
    )
    return form_dialog(
        EditCustomerState,
        rx.cond(new, "Add customer", "Edit customer"),
        form,
        open=EditCustomerState.open,
        description=rx.cond(
            new,
            "E-mail, phone or customer number: one is enough. Consent is recorded afterwards, never implied.",
            "Consents and scores are not changed here.",
        ),
        foot=rx.fragment(
            button("Cancel", on_click=EditCustomerState.close(False)),
            button(rx.cond(new, "Add customer", "Save"), kind="primary", submit=True, form=FORM),
        ),
    )
