"""What stands around every page: the slots of the shell, filled from its state."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.session.role_controls import allowed, is_allowed
from liquor_app.screens.session.state import SessionState
from liquor_app.screens.shell.state import ShellState
from liquor_app.ui.button import avatar, icon_button
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.frame.notices import bell
from liquor_app.ui.frame.palette import palette
from liquor_app.ui.frame.shell import Slots, search_button, strip

SIGN_OUT = rx.call_script("fetch('/session/logout', {method: 'POST'}).then(() => location.assign('/login'))")
"""A full page load: the cookie is read when the tab's socket opens."""


def slots() -> Slots:
    """Return the signed-in shell."""
    user = menu(
        rx.el.button(avatar(SessionState.initials), type="button", class_name="iconbtn", aria_label="Your account"),
        Item(SessionState.name, rx.redirect("/profile"), "user"),
        Item("Sign out", SIGN_OUT, "log-out", divider=True),
    )
    sample = strip(
        "This is sample data: made-up people, a real trade's purchases. Nothing leaves the house.",
        action=rx.cond(
            is_allowed(Permission.DATA_ADMIN),
            rx.el.button(
                "Start with your own data", type="button", class_name="link", on_click=ShellState.ask_to_clear(True)
            ),
            rx.fragment(),
        ),
    )
    unnamed = strip(
        "Nothing is sent before your shop has ",
        ShellState.lacks,
        ".",
        action=rx.cond(
            is_allowed(Permission.SETTINGS_ADMIN),
            rx.el.a("Name your shop", href="/settings/brand", class_name="link"),
            rx.fragment(),
        ),
    )
    halted = strip(
        ShellState.stopped,
        is_alarm=True,
        action=allowed(
            Permission.SENDS_WRITE,
            rx.el.button("Resume what ran", type="button", class_name="link", on_click=ShellState.resume_sending),
        ),
    )
    stop = confirm(
        "Stop all sending?",
        "Every running campaign is paused, what is approved does not begin, and nothing more leaves the house,"
        " confirmations included. What is on its way arrives. One click resumes what ran.",
        "Stop all sending",
        open=ShellState.asking_to_stop,
        on_open_change=ShellState.ask_to_stop,
        on_confirm=ShellState.stop_sending,
        danger=True,
    )
    halt = allowed(
        Permission.SENDS_WRITE,
        rx.cond(
            ShellState.stopped == "",
            icon_button("octagon-pause", "Stop all sending", on_click=ShellState.ask_to_stop(True)),
            rx.fragment(),
        ),
    )
    clear = confirm(
        "Start with your own data?",
        "The sample's customers, purchases, campaigns and messages are removed for good, and so are campaigns planned"
        " for them alone. Settings, templates and users stay. Then bring your own customers in.",
        "Remove the sample",
        open=ShellState.asking_to_clear,
        on_open_change=ShellState.ask_to_clear,
        on_confirm=ShellState.clear_sample,
        danger=True,
        word="remove",
        typed=ShellState.typed,
        on_type=ShellState.type_word,
    )
    search = palette(
        ShellState.hits,
        open=ShellState.searching,
        on_open_change=ShellState.look,
        query=ShellState.query,
        on_query=ShellState.search,
    )
    return Slots(
        brand=ShellState.brand,
        role=SessionState.role,
        search=search_button(ShellState.look(True)),
        bell=rx.fragment(halt, bell(ShellState.notices, ShellState.unread, on_read_all=ShellState.read_all)),
        user=user,
        sheet_end=rx.el.button("Sign out", type="button", class_name="link", on_click=SIGN_OUT),
        banner=rx.fragment(
            rx.cond(ShellState.stopped != "", halted, rx.fragment()),
            rx.cond(ShellState.is_sample, sample, rx.cond(ShellState.lacks != "", unnamed, rx.fragment())),
        ),
        overlay=rx.fragment(search, clear, stop),
        counts={route: ShellState.counts[route] for route in ("/customers", "/segments", "/campaigns")},
    )
