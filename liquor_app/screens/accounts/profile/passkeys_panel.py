"""The card of one's own passkeys."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.accounts.profile.passkeys_state import PasskeysState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card, note
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.forms.passkey_form import PROVE, passkey_form
from liquor_app.ui.grid import col, row
from liquor_app.ui.var_types import Text

FORM, REMOVING = "passkey-form", "passkey-removing"


def passkeys_card(problem: Text) -> rx.Component:
    """Draw the passkeys and the form for another one; `problem` is why the last one was not taken."""
    known = rx.cond(
        PasskeysState.passkeys,
        rx.el.ul(rx.foreach(PasskeysState.passkeys, _line), class_name="col g12"),
        rx.el.p("You have none yet. A passkey is your fingerprint, face or device PIN in place of a password."),
    )
    nowhere = note("Passkeys need an address with a name and https. Whoever runs the server sets it.")
    return rx.fragment(
        card(
            col(known, rx.cond(PasskeysState.works_at != "", _add(problem), nowhere), gap=16),
            title="Passkeys",
            foot=rx.el.span("A passkey is two steps by itself: no code is asked for after it.", class_name="muted"),
        ),
        _rename(),
        _remove(),
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
            rx.cond(PasskeysState.asks_code, _code("passkey_code", custom_attrs={"data-begin": ""}), rx.fragment()),
            row(button("Add a passkey", icon="fingerprint", submit=True)),
            gap=16,
        ),
        ask="create",
        begin="/api/v1/users/me/passkeys/begin",
        prove=rx.cond(PasskeysState.asks_passkey, PROVE, ""),
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


def _remove() -> rx.Component:
    form = form_of(
        PasskeysState,
        rx.el.p("Nobody signs in with it any more. Your device may keep showing it until you delete it there, too."),
        rx.cond(
            PasskeysState.asks_code,
            rx.el.div(_code("passkey_removing_code", error=PasskeysState.errors["code"]), margin_top="16px"),
            rx.fragment(),
        ),
        id=REMOVING,
        key=PasskeysState.about,
        on_submit=PasskeysState.remove,
    )
    return form_dialog(
        PasskeysState,
        "Remove " + PasskeysState.chosen.name + "?",
        form,
        open=PasskeysState.asking == "remove",
        foot=rx.fragment(
            button("Cancel", on_click=PasskeysState.close(False)),
            button("Remove", kind="danger", submit=True, form=REMOVING, busy=PasskeysState.busy),
        ),
    )


def _code(element_id: str, **props: Any) -> rx.Component:
    return text_field(
        "Code", "code", element_id=element_id, max_length=20, auto_complete="one-time-code",
        hint="Of your app, or a recovery code.", **props,
    )  # fmt: skip
