"""Signing in, and the first admin."""

from __future__ import annotations

import reflex as rx

from liquor_app.organization.us_states import STATES, state_name
from liquor_app.screens.session.state import ENDED, EntryState, SessionState
from liquor_app.ui.button import button, link
from liquor_app.ui.card import note
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.form import plain_form, text_field
from liquor_app.ui.forms.passkey_form import passkey_form
from liquor_app.ui.frame.entry_frame import entry
from liquor_app.ui.frame.page_spec import Page
from liquor_app.ui.grid import col

FOOT = "For people aged 21 and over who sell to people aged 21 and over."


def _form(action: str, *fields: rx.Component) -> rx.Component:
    problem = rx.cond(
        EntryState.error != "", rx.el.p(EntryState.error, class_name="err-t", role="alert"), rx.fragment()
    )
    return plain_form(action, col(problem, *fields, gap=16))


def _next() -> rx.Component:
    """Hold where the page goes from here."""
    return rx.el.input(type="hidden", name="next", value=EntryState.target, read_only=True)


def _passkey() -> rx.Component:
    """Draw the other way in. Where no passkey works at this address, nothing stands there."""
    form = passkey_form(
        "/session/passkey",
        col(_next(), button("Sign in with a passkey", icon="fingerprint", block=True, submit=True)),
        ask="get",
        begin="/api/v1/auth/passkeys/begin",
    )
    return rx.cond(EntryState.has_passkeys, rx.el.div(form, margin_top="20px"), rx.fragment())


def _door(title: str, words: str, action: str, *fields: rx.Component, else_to: tuple[str, str]) -> rx.Component:
    """Draw a step of signing in, with the passkey that goes past it; `else_to` is a link: its words, its page."""
    form = _form(
        action,
        _next(),
        *fields,
        button("Sign in", kind="primary", block=True, submit=True),
        rx.el.p(link(*else_to), class_name="t13"),
    )
    return entry(title, words, _ended(), form, _passkey(), foot=FOOT)


def _ended() -> rx.Component:
    """Draw why somebody who was signed in stands here again; where a form was refused, that is said instead."""
    why = note(
        "You were signed out: you, an admin or a new password ended your session, or it was not used for too long."
    )
    is_told = (EntryState.told == ENDED) & (EntryState.error == "")
    return rx.cond(is_told, rx.el.div(why, margin_bottom="16px"), rx.fragment())


def login() -> rx.Component:
    """E-mail and password, or a passkey; the server answers with a cookie and a full page load."""
    return _door(
        "Sign in",
        "Welcome back.",
        "/session/login",
        text_field("E-mail", "email", type="email", required=True, auto_complete="username"),
        text_field("Password", "password", type="password", required=True, auto_complete="current-password"),
        else_to=("Forgot your password?", "/forgotten"),
    )


def code() -> rx.Component:
    """Draw the second step."""
    return _door(
        "Your code",
        "Open your authenticator app and type the six digits it shows.",
        "/session/code",
        text_field(
            "Code", "code", required=True, auto_complete="one-time-code", max_length=20, auto_focus=True,
            hint="Without the app: one of your recovery codes.",
        ),
        else_to=("Begin again", "/login"),
    )  # fmt: skip


def forgotten() -> rx.Component:
    """Draw the question of somebody who cannot sign in."""
    asked = col(
        rx.el.p(
            "If this is the address of somebody who works here, they get a link by e-mail to choose another password,"
            " good for 2 hours. While the shop sends no e-mail yet, its admins are told instead."
        ),
        link("Back to sign in", "/login"),
        gap=16,
    )
    form = _form(
        "/session/forgotten",
        text_field("E-mail", "email", type="email", required=True, auto_complete="username"),
        button("Ask for a link", kind="primary", block=True, submit=True),
        rx.el.p(link("Back to sign in", "/login"), class_name="t13"),
    )
    return entry(
        "Forgot your password?", "Choose another one by a link.", rx.cond(EntryState.told == "asked", asked, form),
        foot=FOOT,
    )  # fmt: skip


def welcome() -> rx.Component:
    """Draw where a password is chosen by a link."""
    form = _form(
        "/session/password",
        rx.el.input(type="hidden", name="token", value=EntryState.token, read_only=True),
        rx.el.input(
            type="email", value=EntryState.whose, read_only=True, auto_complete="username", hidden=True,
            custom_attrs={"aria-label": "E-mail"},
        ),
        rx.cond(
            EntryState.is_invited,
            text_field("Your name", "full_name", auto_complete="name", max_length=120),
            rx.fragment(),
        ),
        text_field(
            "New password", "password", type="password", required=True, auto_complete="new-password",
            hint="Ten characters or more. Three or four unrelated words are easy to remember and hard to guess.",
        ),
        button("Sign in", kind="primary", block=True, submit=True),
    )  # fmt: skip
    spent = col(rx.el.p(EntryState.spent, role="alert"), link("Ask for another link", "/forgotten"), gap=16)
    return entry(
        "Choose a password",
        rx.cond(EntryState.whose != "", "For " + EntryState.whose + ".", "By the link you were given."),
        rx.cond(EntryState.whose != "", form, spent),
        foot=FOOT,
    )


def setup() -> rx.Component:
    """Draw the first run of an empty shop."""
    return entry(
        "Set up your shop",
        "You are the first here, so you become its admin.",
        _form(
            "/session/first-admin",
            text_field(
                "Set-up code", "setup_code", required=True, auto_complete="one-time-code",
                hint="It stands on the server's console. `liquor users setup-code` shows a new one.",
            ),
            text_field("Your name", "full_name", auto_complete="name"),
            text_field("E-mail", "email", type="email", required=True, auto_complete="username"),
            text_field(
                "Password", "password", type="password", required=True, auto_complete="new-password",
                hint="Ten characters or more.",
            ),
            select_field(
                "State of your licence", "licence_state",
                [("", "I will say it later"), *((code, state_name(code)) for code in sorted(STATES, key=state_name))],
                hint="Its law binds what you offer. No offer is approved before you say it.",
            ),
            button("Create admin", kind="primary", block=True, submit=True),
        ),
        foot=FOOT,
    )  # fmt: skip


PAGES = (
    Page("/login", "Sign in", login, bare=True, on_load=[SessionState.skip_if_signed_in, EntryState.load]),
    Page("/login/code", "Your code", code, bare=True, on_load=[EntryState.load]),
    Page("/forgotten", "Forgot your password?", forgotten, bare=True, on_load=[EntryState.load]),
    Page("/welcome", "Choose a password", welcome, bare=True, on_load=[EntryState.load_link]),
    Page("/setup", "Set up", setup, bare=True, on_load=[SessionState.only_first_run, EntryState.load]),
)
