"""A form that a passkey fills in: the browser asks a device, and posts what the device answered."""

from __future__ import annotations

import reflex as rx

from liquor_app.ui.forms.form import plain_form
from liquor_app.ui.var_types import Child, Text

SCRIPT = "/js/passkeys.js"
PROVE = "/api/v1/users/me/passkeys/prove"
"""Where somebody signed in begins to prove that they hold a passkey."""


def passkey_form(action: str, *children: Child, ask: str, begin: str, prove: Text = "") -> rx.Component:
    """Draw a form that `passkeys.js` completes before the browser posts it to `action`, a route of ours.

    Args:
        ask: "create" for a new passkey, "get" for one that is there.
        begin: the route that says what the device is asked for; the form's fields marked `data-begin` go there, and
            there alone.
        prove: the route to ask first what a passkey there is signs, which goes to `begin` as `credential`; empty for
            none.
    """
    return rx.el.div(
        rx.el.script(src=SCRIPT, async_=True),
        plain_form(
            action,
            rx.el.input(type="hidden", name="credential", read_only=True),
            *children,
            rx.el.p(class_name="err-t", role="alert", custom_attrs={"data-passkey-problem": ""}, margin_top="8px"),
        ),
        custom_attrs={"data-passkey": ask, "data-begin-at": begin, "data-prove-at": prove},
    )
