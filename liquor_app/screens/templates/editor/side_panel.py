"""Beside the preview: a test to oneself, and the versions."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.listing.view import list_pager
from liquor_app.screens.session.role_controls import allowed
from liquor_app.screens.templates.editor.history_state import HistoryState
from liquor_app.screens.templates.editor.sample_state import SampleState
from liquor_app.screens.templates.editor.state import EditorState
from liquor_app.screens.templates.editor.test_state import TrialState
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card, list_item, note, plain_list
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.dialog import dialog
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.forms.source_text import code_changes
from liquor_app.ui.grid import col, pair, row


def trial_card() -> rx.Component:
    """Tell what is typed, saved or not, to one's own address."""
    own = text_field(
        "To", "email", value=TrialState.email, read_only=True, disabled=True, hint="Your account's address"
    )
    number = text_field(
        "To", "phone", type="tel", auto_complete="tel", placeholder="(207) 555-0100", required=True,
        hint="Your own mobile; never a customer's",
    )  # fmt: skip
    form = rx.form(
        col(
            pair(
                rx.cond(EditorState.head.channel == "sms", number, own),
                select_field("Through", "provider", TrialState.ways),
            ),
            rx.cond(
                TrialState.error != "",
                note(TrialState.error, tone="red", icon="circle-alert", alert=True),
                rx.cond(TrialState.said != "", note(TrialState.said, tone="green", icon="circle-check"), rx.fragment()),
            ),
            row(
                rx.el.span("As " + SampleState.who + " would get it", class_name="t12 muted"),
                button("Send test", icon="send", submit=True, busy=TrialState.busy),
                apart=True,
                wrap=True,
            ),
            gap=12,
        ),
        on_submit=TrialState.send,
    )
    return card(form, title="Test send", aside="to yourself only; counts nowhere")


def versions_card() -> rx.Component:
    """Tell who changed what, when; each can be laid beside the present one."""

    def line(one: Any) -> rx.Component:
        words = rx.el.div(
            row(rx.el.b(one.name, class_name="med"), rx.el.span(one.who, class_name="t12 muted"), wrap=True),
            rx.el.p(one.what, class_name="muted trunc t12"),
            class_name="grow",
        )
        compare = button("Compare", small=True, on_click=HistoryState.compare(one.number))
        return list_item(words, rx.cond(one.current, badge("Present", "green"), compare))

    return rx.fragment(
        card(
            plain_list(rx.foreach(HistoryState.rows, line)),
            list_pager(HistoryState, quiet=True),
            title="Versions",
            flush=True,
        ),
        _comparison(),
    )


def _comparison() -> rx.Component:
    number = rx.Var.create(HistoryState.comparing).to_string()
    unsaved = rx.cond(
        EditorState.dirty,
        note("What you have typed and not saved would be lost.", tone="amber", icon="triangle-alert"),
        rx.fragment(),
    )
    same = note("It says what the present version says.")
    return dialog(
        "Version " + number + " against the present one",
        col(
            rx.cond(
                rx.Var.create(HistoryState.changes).length() > 0, col(unsaved, code_changes(HistoryState.changes)), same
            ),
            gap=12,
        ),
        open=HistoryState.comparing > 0,
        on_open_change=HistoryState.close,
        description=HistoryState.who + ". Red lines were in it and are gone; green ones came since.",
        foot=rx.fragment(
            button("Close", on_click=HistoryState.close),
            allowed(
                Permission.TEMPLATES_ADMIN,
                button(
                    "Restore as a new version",
                    kind="primary",
                    icon="history",
                    on_click=HistoryState.restore,
                    disabled=rx.Var.create(HistoryState.changes).length() == 0,
                ),
            ),
        ),
        max_width="860px",
    )
