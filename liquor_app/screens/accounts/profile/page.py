"""One's own profile."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.accounts.profile.passkeys_panel import passkeys_card
from liquor_app.screens.accounts.profile.passkeys_state import PasskeysState
from liquor_app.screens.accounts.profile.state import ProfileState
from liquor_app.screens.forms.view import form_of
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card, note
from liquor_app.ui.forms.dialog import dialog
from liquor_app.ui.forms.form import plain_form, text_field
from liquor_app.ui.forms.passkey_form import PROVE, passkey_form
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row, span


def profile_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Your profile",
            ProfileState.email + ", " + ProfileState.role_label,
            button("Who may do what", icon="shield-check", href="/permissions"),
        ),
        rx.cond(
            ProfileState.told != "",
            rx.el.div(note(ProfileState.told, tone="green", icon="circle-check"), margin_bottom="16px"),
            rx.fragment(),
        ),
        grid(
            span(6, col(_name(), _password(), gap=16)),
            span(6, col(_second_step(), passkeys_card(_problem("credential", "name")), _browsers(), gap=16)),
        ),
        _codes(),
    )


def _problem(*fields: str) -> Any:
    """What a plain form was refused for, beside the field it is about."""
    found = ProfileState.about == fields[0]
    for one in fields[1:]:
        found |= ProfileState.about == one
    return rx.cond(found, ProfileState.problem, "")


def _name() -> rx.Component:
    form = form_of(
        ProfileState,
        col(
            text_field(
                "Your name", "full_name", default_value=ProfileState.full_name, error=ProfileState.errors["full_name"],
                max_length=120, auto_complete="name",
            ),
            row(button("Save", kind="primary", submit=True, busy=ProfileState.busy)),
            gap=16,
        ),
        key=ProfileState.full_name,
        on_submit=ProfileState.save,
    )  # fmt: skip
    return card(form, title="Name")


def _password() -> rx.Component:
    form = plain_form(
        "/session/change-password",
        col(
            text_field(
                "Present password", "current_password", type="password", required=True,
                auto_complete="current-password", error=_problem("current_password"),
            ),
            text_field(
                "New password", "password", type="password", required=True, auto_complete="new-password",
                error=_problem("password"),
                hint="Ten characters or more. Three or four unrelated words are easy to remember and hard to guess.",
            ),
            row(button("Change the password", submit=True)),
            gap=16,
        ),
    )  # fmt: skip
    return card(form, title="Password", foot=rx.el.span("You are signed out everywhere but here.", class_name="muted"))


def _second_step() -> rx.Component:
    ask = text_field("Present password", "current_password", element_id="second_step_password", type="password",
                     required=True, auto_complete="current-password",
                     error=_problem("current_password", ""))  # fmt: skip
    off = plain_form(
        "/session/two-steps",
        rx.el.input(type="hidden", name="off", value="yes", read_only=True),
        col(
            rx.el.p("A code of your app is asked for after the password. ", ProfileState.recovery),
            ask,
            text_field(
                "Code", "code", element_id="second_step_code", max_length=20, required=True,
                auto_complete="one-time-code", hint="Of your app, or a recovery code.", error=_problem("code"),
            ),
            row(button("Turn off", kind="danger", submit=True)),
            gap=16,
        ),
    )  # fmt: skip
    fields = (
        col(
            rx.cond(
                ProfileState.is_asked_for,
                note(
                    "This shop asks its admins for two steps. Until you have set them up you act as a marketer.",
                    tone="amber",
                ),
                rx.fragment(),
            ),
            rx.el.p(
                "With a code of an authenticator app after the password, nobody who learns the password alone gets in."
            ),
            ask,
            row(button("Set up", kind="primary", submit=True)),
            gap=16,
        ),
    )
    begin = rx.cond(
        ProfileState.asks_passkey,
        passkey_form("/session/two-steps", *fields, ask="get", begin=PROVE),
        plain_form("/session/two-steps", *fields),
    )
    scan = form_of(
        ProfileState,
        col(
            rx.el.p("Scan this with your authenticator app, or type the key into it, then say the code it shows."),
            rx.el.img(src=ProfileState.picture, alt="QR code of the key below", width="180px", height="180px"),
            rx.el.code(ProfileState.secret, overflow_wrap="anywhere"),
            text_field(
                "Code", "code", error=ProfileState.errors["code"], auto_complete="one-time-code", max_length=12,
                input_mode="numeric",
            ),
            row(button("Turn on", kind="primary", submit=True, busy=ProfileState.busy)),
            gap=16,
        ),
        on_submit=ProfileState.confirm,
    )  # fmt: skip
    shown = rx.cond(ProfileState.is_two_steps, off, rx.cond(ProfileState.secret != "", scan, begin))
    looks = rx.cond(ProfileState.is_two_steps, badge("On", "green"), badge("Off", "gray"))
    return card(shown, title="Two-step sign-in", aside=looks)


def _browsers() -> rx.Component:
    def line(one: Any) -> rx.Component:
        act = rx.cond(
            one.is_this, badge("This one", "green"),
            button("Sign out", small=True, on_click=ProfileState.end(one.id)),
        )  # fmt: skip
        words = rx.el.div(
            rx.el.b(one.what),
            rx.el.div(one.source, class_name="t12 muted"),
            rx.el.div(one.seen, class_name="t12 muted"),
        )
        return rx.el.li(row(words, act, apart=True))

    return card(
        rx.el.ul(rx.foreach(ProfileState.browsers, line), class_name="col g12"),
        title="Where you are signed in",
        foot=row(
            rx.el.span("Browsers, and programs with tokens of yours.", class_name="muted"),
            button("Sign out everywhere else", small=True, on_click=ProfileState.end_others),
            apart=True,
        ),
    )


def _codes() -> rx.Component:
    return dialog(
        "Your recovery codes",
        col(
            rx.el.ul(rx.foreach(ProfileState.codes, lambda one: rx.el.li(rx.el.code(one))), class_name="col g8"),
            note("Each signs you in once without the app. Keep them where you keep keys: they are not shown again.",
                 tone="amber"),
            gap=16,
        ),
        open=ProfileState.codes_text != "",
        on_open_change=ProfileState.hide_codes,
        foot=row(
            button("Copy", icon="copy", on_click=rx.set_clipboard(ProfileState.codes_text)),
            button("Done", kind="primary", on_click=ProfileState.hide_codes(False)),
        ),
    )  # fmt: skip


PAGES = (
    Page("/profile", "Your profile", profile_page, icon="circle-user", on_load=[ProfileState.load, PasskeysState.load]),
)
