"""Below a campaign's progress: send once more, the days, and why some got nothing."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.campaigns.detail.resend_state import AgainState
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.button import button
from liquor_app.ui.card import card, note
from liquor_app.ui.charts.bars import bar_list
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.grid import grid, row


def again_note() -> rx.Component:
    """Drawn where somebody is left whose message failed, or who has got none."""
    retry = button("Retry the failed", small=True, icon="rotate-ccw", on_click=AgainState.ask("failed"))
    rest = button("Send to the rest", small=True, icon="send", on_click=AgainState.ask("rest"))
    words = rx.fragment(
        rx.cond(
            AgainState.failed != "",
            rx.fragment("The provider refused the message of ", rx.el.b(AgainState.failed), ". "),
            rx.fragment(),
        ),
        rx.cond(
            AgainState.rest != "",
            rx.fragment(rx.el.b(AgainState.rest), " in all got nothing yet; the cards below say why."),
            rx.fragment(),
        ),
    )
    actions = allowed(
        Permission.CAMPAIGNS_WRITE,
        row(
            rx.cond(AgainState.failed != "", retry, rx.fragment()),
            rx.cond(AgainState.rest != "", rest, rx.fragment()),
            wrap=True,
        ),
    )
    shown = note(words, icon="mail-warning", action=actions)
    return rx.cond((AgainState.failed != "") | (AgainState.rest != ""), shown, rx.fragment())


def days_and_reasons() -> rx.Component:
    """Tell what left on each day, and why the rest did not."""
    has_days = rx.Var.create(AgainState.days).length() > 0
    has_reasons = rx.Var.create(AgainState.reasons).length() > 0
    return grid(
        rx.cond(
            has_days,
            card(
                bar_list(AgainState.days), title="Day by day", aside="messages that left", flush=True, class_name="c7"
            ),
            rx.fragment(),
        ),
        rx.cond(
            has_reasons,
            card(bar_list(AgainState.reasons), title="Why not sent", flush=True, class_name="c5"),
            rx.fragment(),
        ),
    )


def again_questions() -> rx.Component:
    """Before anything is sent again: to whom, and what that means."""
    return rx.fragment(
        confirm(
            "Retry the failed?",
            "A new attempt for " + AgainState.failed + " whose message was refused. Nobody who got one gets a second."
            " The rules are asked again for each.",
            "Retry them",
            open=AgainState.asking == "failed",
            on_open_change=AgainState.ask(""),
            on_confirm=AgainState.send,
        ),
        confirm(
            "Send to the rest?",
            "A new attempt for " + AgainState.rest + " who got nothing: refused or skipped. The rules are asked again"
            " for each, so whoever must not be written to is skipped again.",
            "Send to them",
            open=AgainState.asking == "rest",
            on_open_change=AgainState.ask(""),
            on_confirm=AgainState.send,
        ),
    )
