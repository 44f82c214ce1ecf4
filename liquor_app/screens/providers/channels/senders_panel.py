"""Sending domains: what mailboxes think of them, and the records to publish."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.providers.channels.senders_state import FindingLine, SenderLine, SendersState
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card, list_item, plain_list
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import col, row

FORM = "sender-form"


def senders_card() -> rx.Component:
    senders: Any = SendersState.senders
    nothing = empty("No sending domain", "Give your brand an e-mail address first.", icon="mail")
    return rx.fragment(
        card(
            rx.cond(
                (senders.length() == 0) & ~rx.Var.create(SendersState.loading),
                nothing,
                plain_list(rx.foreach(senders, _sender)),
            ),
            title="Sending domains",
            aside=button("Check now", small=True, icon="refresh-cw", busy=SendersState.checking != "",
                         on_click=SendersState.check),
            foot="SPF, DKIM and DMARC tell mailboxes that your e-mail is yours. They are looked up each day.",
            flush=True,
        ),
        _form(),
    )  # fmt: skip


def _sender(line: rx.Var[SenderLine]) -> rx.Component:
    head = row(
        rx.el.b(line.domain, overflow_wrap="anywhere"),
        badge(line.word, line.tone),
        rx.el.span(line.when, class_name="t12 muted"),
        wrap=True,
    )
    found: Any = line.findings
    return list_item(
        rx.el.div(
            head,
            rx.el.p(line.detail, class_name="t12 muted pretty"),
            rx.el.ul(rx.foreach(found.to(list[FindingLine]), _finding), class_name="col g8", role="list", padding="0"),
            row(button("Keys and return path", small=True, icon="key-round", on_click=SendersState.tell(line.key))),
            class_name="col g8 grow",
            min_width="0",
        )
    )


def _finding(one: rx.Var[FindingLine]) -> rx.Component:
    record = rx.el.div(
        rx.el.p("Publish this ", one.place, ":", class_name="t12 muted", overflow_wrap="anywhere"),
        row(
            rx.el.code(one.record, class_name="t12 grow", overflow_wrap="anywhere"),
            icon_button("copy", "Copy the record for " + one.topic, on_click=rx.set_clipboard(one.record)),
        ),
        class_name="col g4",
    )
    return rx.el.li(
        row(rx.el.b(one.topic), badge(one.word, one.tone), wrap=True),
        rx.el.p(one.words, class_name="t12 pretty", overflow_wrap="anywhere"),
        rx.cond(one.record != "", record, rx.fragment()),
        class_name="col g4",
        list_style="none",
    )


def _form() -> rx.Component:
    fields = form_of(
        SendersState,
        col(
            text_field(
                "DKIM selectors",
                "selectors",
                default_value=SendersState.selectors,
                error=SendersState.errors["selectors"],
                hint="As your provider shows them, such as s1, s2. Empty: its usual ones.",
                auto_complete="off",
            ),
            text_field(
                "Return path",
                "envelope",
                default_value=SendersState.envelope,
                error=SendersState.errors["envelope"],
                hint="The domain bounces go to, such as bounces.example.com. Empty: its usual one.",
                auto_complete="off",
            ),
            gap=16,
        ),
        id=FORM,
        key=SendersState.telling,
        on_submit=SendersState.save,
    )
    return form_dialog(
        SendersState,
        "Keys and return path",
        fields,
        open=SendersState.telling != "",
        description="The DNS lists no keys by itself: a check can only ask for one by its name.",
        foot=rx.fragment(
            button("Cancel", on_click=SendersState.close(False)),
            button("Save and check", kind="primary", icon="check", submit=True, form=FORM),
        ),
        max_width="480px",
    )
