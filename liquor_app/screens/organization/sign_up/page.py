"""The sign-up page: switch it on, write its words, put it on the counter and on a web site, see who came."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.forms.view import unsaved_mark
from liquor_app.screens.organization.brand_form import typed_field
from liquor_app.screens.organization.sign_up.state import SignUpState
from liquor_app.screens.session.role_controls import allowed, roles_of
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, link
from liquor_app.ui.card import card, key_values, note
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import select, switch
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, pair, row, span
from liquor_app.ui.skeleton import skeleton_lines
from liquor_app.ui.table import Column, table


def sign_up_page() -> rx.Component:
    many = select("Brand", SignUpState.brands, value=SignUpState.brand, on_change=SignUpState.choose, width="auto")
    return rx.fragment(
        unsaved_mark(SignUpState),
        page_head(
            "Sign-up page",
            "Where people ask to hear from you. Each address says yes itself before anything is sent to it.",
            rx.cond(rx.Var.create(SignUpState.brands).length() > 1, many, rx.fragment()),
            allowed(
                Permission.SETTINGS_WRITE,
                button("Carrier registration", icon="file-check", href="/settings/channels/carriers"),
            ),
            rx.cond(SignUpState.dirty, button("Undo", on_click=SignUpState.undo), rx.fragment()),
            allowed(
                Permission.SETTINGS_WRITE,
                button("Save", kind="primary", icon="check", on_click=SignUpState.save, disabled=~SignUpState.dirty),
            ),
            badge=rx.cond(SignUpState.is_open, badge("open", "green"), badge("shut", "outline")),
        ),
        rx.cond(
            SignUpState.loading,
            card(skeleton_lines(8)),
            grid(
                span(7, _switch(), _words(), _shown(), gap=16, align_self="start"),
                span(5, _counter(), _came(), _site(), _versions(), gap=16, align_self="start"),
            ),
        ),
    )


def _field(label: str, name: str, **props: Any) -> rx.Component:
    return typed_field(SignUpState, label, name, **props)


def _switch() -> rx.Component:
    return card(
        col(
            allowed(
                Permission.SETTINGS_WRITE,
                switch("The page is open", checked=SignUpState.is_open, on_change=SignUpState.switch_page),
            ),
            rx.cond(
                SignUpState.address != "",
                row(
                    link(SignUpState.address, SignUpState.address, target="_blank"),
                    button("Copy", small=True, icon="copy", on_click=rx.set_clipboard(SignUpState.address)),
                    wrap=True,
                ),
                rx.el.p("It gets its address when you open it first, and keeps it.", class_name="muted"),
            ),
            rx.cond(
                SignUpState.no_texts != "",
                note("Nobody is asked for a phone number. ", SignUpState.no_texts, tone="amber", icon="message-square"),
                rx.fragment(),
            ),
            gap=12,
        ),
        title="Page",
    )


def _words() -> rx.Component:
    return card(
        col(
            _field("Headline", "headline", max_length=80),
            _field("Introduction", "intro", optional=True, max_length=300, lines=2),
            pair(
                _field("What you write about", "programme", max_length=120, hint="It stands in both boxes."),
                _field("Messages a month, at most", "messages_a_month", input_mode="numeric", max_length=2),
            ),
            pair(
                _field("Terms", "terms_url", type="url", optional=True, placeholder="https://"),
                _field("Privacy policy", "privacy_url", type="url", optional=True, placeholder="https://"),
            ),
            gap=16,
        ),
        title="Words",
        foot=rx.el.span(
            "Each change is a version; every consent keeps the one it was given to.", class_name="t12 muted"
        ),
    )


def _shown() -> rx.Component:
    def box(title: str, words: Any) -> rx.Component:
        return col(rx.el.b(title, class_name="t12"), rx.el.p(words, class_name="pretty pre"), gap=4)

    return card(
        col(
            box("Beside the box for e-mails", SignUpState.email_box),
            box("Beside the box for texts", SignUpState.sms_box),
            gap=16,
        ),
        title="What people agree to",
        foot=rx.el.span(
            "What carriers and the law want is put there by us: who, how often, the cost, STOP and HELP.",
            class_name="t12 muted",
        ),
    )


def _counter() -> rx.Component:
    shown = col(
        rx.el.img(
            src=SignUpState.address + "/code.svg",
            alt="QR code that opens the sign-up page",
            width="200px",
            height="200px",
        ),
        row(
            link("Sheet to print", SignUpState.address + "/sheet", target="_blank"),
            link("The code alone", SignUpState.address + "/code.svg", target="_blank"),
            gap=16,
            wrap=True,
        ),
        gap=12,
    )
    return card(
        rx.cond(SignUpState.is_open, shown, empty("Open the page first", "Then its code stands here.", icon="qr-code")),
        title="For the counter",
    )


def _site() -> rx.Component:
    def code(title: str, words: str, value: Any) -> rx.Component:
        return col(
            row(
                rx.el.b(title),
                button("Copy", small=True, icon="copy", aria_label="Copy: " + title, on_click=rx.set_clipboard(value)),
                apart=True,
            ),
            rx.el.p(words, class_name="t12 muted pretty"),
            rx.el.pre(value, class_name="t12 pre", custom_attrs={"tabIndex": "0"}),
            gap=4,
        )

    shown = col(
        code("A form of your own", "Asks for the address and opens the page with it.", SignUpState.form_code),
        code("The page in a frame", "Only on the web sites named here.", SignUpState.frame_code),
        _field(
            "Web sites that may frame it", "origins", optional=True, lines=3,
            hint="One a line, such as https://shop.example.com.",
        ),
        gap=16,
    )  # fmt: skip
    return card(
        rx.cond(SignUpState.address != "", shown, empty("Open the page first", "Then its code stands here.")),
        title="On your web site",
    )


def _came() -> rx.Component:
    days = table(
        SignUpState.days,
        [
            Column("Day", lambda line: line.day),
            Column("Asked", lambda line: line.asked, number=True),
            Column("Said yes", lambda line: line.confirmed, number=True),
            Column("Too young", lambda line: line.too_young, number=True),
        ],
        label="Sign-ups by day",
        dense=True,
        empty=empty("Nobody yet", "Put the code on the counter, and the link where people find you.", icon="users"),
    )
    return card(
        col(
            key_values(
                ("Asked to confirm", SignUpState.asked),
                ("Said yes", SignUpState.confirmed),
                ("Too young, turned away", SignUpState.too_young),
            ),
            days,
            gap=12,
        ),
        title="The last 30 days",
        foot=rx.el.span(
            "E-mail addresses and phones counted apart. Of who is too young only a fingerprint of"
            " the address is kept, for 30 days.",
            class_name="t12 muted",
        ),
    )


def _versions() -> rx.Component:
    def one(line: Any) -> rx.Component:
        return rx.el.details(
            rx.el.summary(line.name, rx.el.span(" · " + line.when + " · " + line.by, class_name="muted")),
            col(
                rx.el.p(rx.el.b(line.headline)),
                rx.el.p(line.email, class_name="t12 pretty pre"),
                rx.el.p(line.sms, class_name="t12 pretty pre"),
                gap=4,
            ),
        )

    return card(
        rx.cond(
            rx.Var.create(SignUpState.versions).length() > 0,
            col(rx.foreach(SignUpState.versions, one), gap=8),
            empty("Our words so far", "Yours become version 1 when you save.", icon="file-text"),
        ),
        title="Versions",
    )


PAGES = (
    Page(
        "/settings/sign-up",
        "Sign-up page",
        sign_up_page,
        icon="user-plus",
        on_load=[SignUpState.clear, SignUpState.load],
        nav_group="admin",
        roles=roles_of(Permission.BRANDS_READ),
    ),
)
