"""The questions asked before a plan is changed by hand."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.actions.models import ActionStatus
from liquor_app.screens.campaigns.detail.edit_state import EditState
from liquor_app.screens.campaigns.detail.planned_actions_state import ActionsState
from liquor_app.screens.campaigns.detail.simulate_state import SimulateState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card, note
from liquor_app.ui.charts.progress import progress
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.grid import col, row

FORM = "plan-edit"


def edit_menu(line: Any) -> rx.Component:
    """Tell what can be done to one planned action."""
    lines = menu(
        icon_button("ellipsis", "Change the action for " + line.customer),
        Item("Move to another day", EditState.ask("move", line.id), "calendar"),
        Item("Another offer", EditState.ask("offer", line.id), "tag"),
        Item("Other words", EditState.ask("copy", line.id), "pencil"),
        Item("Take out of the plan", ActionsState.skip(line.id), "x", danger=True, divider=True),
    )
    return rx.cond(line.status == ActionStatus.PENDING.value, allowed(Permission.CAMPAIGNS_WRITE, lines), rx.fragment())


def edit_bar() -> rx.Component:
    """Tell what can be done to the plan as a whole."""
    return allowed(
        Permission.CAMPAIGNS_WRITE,
        row(
            button("Take out…", icon="list-x", small=True, on_click=EditState.ask_bulk),
            button("Undo", icon="undo-2", small=True, on_click=EditState.undo),
            button(
                "Simulate", icon="calculator", small=True, busy=SimulateState.running, on_click=SimulateState.simulate
            ),
            wrap=True,
        ),
    )


def simulating() -> rx.Component:
    """Tell how far the simulation of a large plan is."""
    bar = row(
        rx.el.div(
            progress(SimulateState.percent, SimulateState.done, "Simulation", SimulateState.words),
            class_name="grow",
        ),
        allowed(
            Permission.CAMPAIGNS_WRITE,
            button(
                rx.cond(SimulateState.stopping, "Stopping…", "Stop"),
                small=True,
                disabled=SimulateState.stopping,
                on_click=SimulateState.cancel,
            ),
        ),
        gap=16,
    )
    return rx.cond(SimulateState.running, card(bar, title="Simulating the plan as it stands"), rx.fragment())


def edit_questions() -> rx.Component:
    """Draw the one dialog; which fields it shows depends on what was asked."""
    fields = rx.match(
        EditState.asking,
        (
            "move",
            select_field("Day", "day", rx.Var.create(EditState.days), default_value=EditState.values["day"]),
        ),
        (
            "offer",
            select_field(
                "Offer", "offer", rx.Var.create(EditState.offers), default_value=EditState.values["offer"],
                hint="Of the segment's playbook, as far as its guardrails and the guidance allow.",
            ),
        ),
        (
            "copy",
            col(
                rx.cond(
                    EditState.by_email,
                    text_field(
                        "Subject", "subject", default_value=EditState.values["subject"], optional=True,
                        hint="Empty: the template's.", max_length=90,
                    ),
                    rx.fragment(),
                ),
                text_field(
                    "Words", "message", default_value=EditState.values["message"], lines=4, max_length=400,
                    hint="{{ offer.text }} and {{ offer.ends }} are filled in.",
                ),
                gap=16,
            ),
        ),
        col(
            select_field("Segment", "segment", _any(EditState.segments, "Any segment")),
            select_field("Day", "day", _any(EditState.days, "Any day")),
            select_field("Channel", "channel", [("", "Any channel"), ("email", "E-mail"), ("sms", "SMS")]),
            text_field("Why", "note", optional=True, max_length=200),
            gap=16,
        ),
    )  # fmt: skip
    title = rx.match(
        EditState.asking,
        ("move", "Move to another day"),
        ("offer", "Another offer"),
        ("copy", "Other words"),
        "Take out of the plan",
    )
    problem = rx.cond(
        EditState.error != "",
        note(EditState.error, tone="red", icon="circle-alert", alert=True),
        rx.fragment(),
    )
    return form_dialog(
        EditState,
        title,
        form_of(
            EditState,
            col(rx.el.p(EditState.who, class_name="muted"), problem, fields, gap=16),
            id=FORM,
            on_submit=EditState.save,
        ),
        open=EditState.asking != "",
        description="Every limit and the guidance are checked again. It can be undone.",
        foot=rx.fragment(
            button("Cancel", on_click=EditState.close(False)),
            button(rx.cond(EditState.asking == "bulk", "Take out", "Change"), kind="primary", submit=True, form=FORM),
        ),
        max_width="480px",
    )


def _any(options: Any, words: str) -> rx.Var[Any]:
    first = rx.Var.create([("", words)])
    return first + rx.Var.create(options)
