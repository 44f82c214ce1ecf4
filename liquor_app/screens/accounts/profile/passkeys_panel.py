"""The card of one's own passkeys."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.accounts.profile.passkeys_state import PasskeysState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card, note
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.forms.passkey_form import passkey_form
from liquor_app.ui.grid import col, row
from liquor_app.ui.var_types import Text

FORM = "passkey-form"


def passkeys_card(problem: Text) -> rx.Component:
    """Draw the passkeys and the form for another one; `problem` is why the last one was not taken."""
    known = rx.cond(
        PasskeysState.passkeys,
        rx.el.ul(rx.foreach(PasskeysState.passkeys, _line), class_name="col g12"),
        rx.el.p("You have none yet. A passkey is your fingerprint, face or device PIN in place of a password."),
    )
    nowhere = note("Passkeys need an address with a name and https. Your admin sets it: LIQUOR_PUBLIC_URL.")
    return rx.fragment(
        card(
            col(known, rx.cond(PasskeysState.works_at != "", _add(problem), nowhere), gap=16),
            title="Passkeys",
            foot=rx.el.span("A passkey is two steps by itself: no code is asked for after it.", class_name="muted"),
        ),
        _rename(),
        confirm(
            "Remove " + PasskeysState.chosen.name + "?",
            "Nobody signs in with it any more. Your device may keep showing it until you delete it there, too.",
            "Remove",
            open=PasskeysState.asking == "remove",
            on_open_change=PasskeysState.close,
            on_confirm=PasskeysState.remove,
            danger=True,
        ),
    )


def _line(one: Any) -> rx.Component:
    told = rx.el.div(
        rx.el.b(one.name),
        rx.el.div(one.added, class_name="t12 muted"),
        rx.el.div(one.used, class_name="t12 muted"),
    )
    acts = menu(
        icon_button("ellipsis", "More about " + one.name),
        Item("Rename", PasskeysState.ask("rename", one.id), "pencil"),
        Item("Remove", PasskeysState.ask("remove", one.id), "trash-2", danger=True),
    )
    return rx.el.li(row(told, acts, apart=True))


def _add(problem: Text) -> rx.Component:
    return passkey_form(
        "/session/passkeys",
        col(
            text_field(
                "Name", "name", element_id="passkey_name", required=True, max_length=80, auto_complete="off",
                hint="So that you know it again: Laptop, phone, key on the ring.", error=problem,
            ),
            text_field(
                "Present password", "current_password", element_id="passkey_password", type="password", required=True,
                auto_complete="current-password", custom_attrs={"data-begin": ""},
            ),
            row(button("Add a passkey", icon="fingerprint", submit=True)),
            gap=16,
        ),
        ask="create",
        begin="/api/v1/users/me/passkeys/begin",
    )  # fmt: skip


def _rename() -> rx.Component:
    form = form_of(
        PasskeysState,
        text_field(
            "Name", "name", element_id="passkey_new_name", default_value=PasskeysState.chosen.name, max_length=80,
            error=PasskeysState.errors["name"], auto_focus=True,
        ),
        id=FORM,
        key=PasskeysState.about,
        on_submit=PasskeysState.rename,
    )  # fmt: skip
    return form_dialog(
        PasskeysState,
        "Rename the passkey",
        form,
        open=PasskeysState.asking == "rename",
        foot=rx.fragment(
            button("Cancel", on_click=PasskeysState.close(False)),
            button("Save", kind="primary", submit=True, form=FORM, busy=PasskeysState.busy),
        ),
    )
