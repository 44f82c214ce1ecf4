"""The channels' dialogs: a provider's form, and a test of it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.providers.channels.form_state import ProviderFormState
from liquor_app.screens.providers.channels.test_state import ChannelTrialState
from liquor_app.ui.button import button
from liquor_app.ui.card import note
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import col, pair, row


def dialogs() -> rx.Component:
    forget = confirm(
        "Remove this secret?",
        "It is forgotten for good, and whatever needs it fails from now on: without a signing key no callback is"
        " believed, without a password the server is spoken to without signing in.",
        "Remove it",
        open=ProviderFormState.removing != "",
        on_open_change=ProviderFormState.keep,
        on_confirm=ProviderFormState.remove,
        danger=True,
    )
    return rx.fragment(_form(), _trial(), forget)


def _form() -> rx.Component:
    errors = ProviderFormState.errors

    def line(field: Any) -> rx.Component:
        given = {"hint": field.hint, "error": errors[field.id], "default_value": field.value}
        secret = text_field(
            field.label, field.id, type="password", auto_complete="new-password", placeholder=field.placeholder,
            hint=field.hint, error=errors[field.id],
            aside=rx.cond(
                field.can_go,
                rx.el.button(
                    "Remove", type="button", class_name="link t12", aria_label="Remove " + field.label,
                    on_click=ProviderFormState.ask(field.id),
                ),
                rx.fragment(),
            ),
        )  # fmt: skip
        return rx.match(
            field.kind,
            ("secret", secret),
            ("number", text_field(field.label, field.id, input_mode="decimal", **given)),
            ("flag", select_field(field.label, field.id, field.options, **given)),
            ("choice", select_field(field.label, field.id, field.options, **given)),
            text_field(field.label, field.id, auto_complete="off", **given),
        )

    def option(label: str, name: str, **props: Any) -> rx.Component:
        return text_field(label, name, default_value=ProviderFormState.options[name], error=errors[name], **props)

    address = note(
        "Callbacks go to ",
        rx.el.b(ProviderFormState.webhook, class_name="num", overflow_wrap="anywhere"),
        icon="webhook",
        action=button(
            "Copy", small=True, icon="copy", on_click=rx.set_clipboard(ProviderFormState.webhook),
        ),
    )  # fmt: skip
    body = form_of(
        ProviderFormState,
        col(
            rx.foreach(ProviderFormState.fields, line),
            rx.cond(ProviderFormState.webhook != "", address, rx.fragment()),
            pair(
                option("Rate, messages a second", "rate_per_second", input_mode="numeric", required=True),
                option("Warm-up from", "warmup_from", type="date", hint="Empty: no warm-up"),
            ),
            pair(
                option("Messages on the first day", "warmup_first_day", input_mode="numeric"),
                option("More each day, %", "warmup_growth_pct", input_mode="numeric"),
            ),
            row(
                button("Cancel", on_click=ProviderFormState.close(False)),
                button("Save", kind="primary", icon="check", submit=True),
                justify_content="flex-end",
            ),
            gap=16,
        ),
        on_submit=ProviderFormState.save,
    )
    return form_dialog(
        ProviderFormState,
        ProviderFormState.title,
        body,
        open=ProviderFormState.provider != "",
        description="Secrets are stored encrypted and never shown again.",
    )


def _trial() -> rx.Component:
    number = text_field(
        "Your own mobile number", "phone", type="tel", auto_complete="tel", required=True, hint="Never a customer's"
    )
    own = rx.el.p("It goes to ", rx.el.b(ChannelTrialState.email), ", your account's address.")
    body = form_of(
        ChannelTrialState,
        col(
            rx.cond(ChannelTrialState.channel == "sms", number, own),
            rx.cond(
                ChannelTrialState.error != "",
                note(ChannelTrialState.error, tone="red", icon="circle-alert", alert=True),
                rx.fragment(),
            ),
            row(
                button("Cancel", on_click=ChannelTrialState.close(False)),
                button("Send test", kind="primary", icon="send", submit=True),
                justify_content="flex-end",
            ),
            gap=16,
        ),
        on_submit=ChannelTrialState.send,
    )
    return form_dialog(
        ChannelTrialState,
        ChannelTrialState.title,
        body,
        open=ChannelTrialState.provider != "",
        description="Marked as a test, to yourself only; it counts nowhere. A provider need not be on yet.",
    )
