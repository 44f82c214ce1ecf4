"""How chosen rows are drawn: the bar with what can be done to them, the question before it, the job that does it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.bulk_actions import BulkList
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.listing.bulk_state import REPORT
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.button import button, download
from liquor_app.ui.card import note
from liquor_app.ui.charts.progress import bar
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import row
from liquor_app.ui.pager import bulk_bar


def bulk_actions(state: Any, bulk: BulkList) -> rx.Component:
    """Draw the bar, and the question each of its verbs asks."""
    verbs = [
        allowed(one.permission, button(one.label, icon=one.icon, on_click=state.ask_bulk(one.name)))
        for one in bulk.verbs
    ]
    rest = rx.cond(state.can_choose_all, button("Choose all that match", on_click=state.choose_all), rx.fragment())
    questions = [_question(state, names, destroys) for names, destroys in (
        ([one.name for one in bulk.verbs if one.destroys], True),
        ([one.name for one in bulk.verbs if not one.destroys and not one.value], False),
    ) if names]  # fmt: skip
    if any(one.value for one in bulk.verbs):
        questions.append(_value(state))
    chosen = bulk_bar(state.selected, state.selected_words, rest, *verbs, on_clear=state.clear)
    return rx.fragment(rx.cond(state.working != "", _under_way(state), chosen), *questions)


def _under_way(state: Any) -> rx.Component:
    """Draw the job, where the bar stood that it was asked for in."""
    return rx.el.div(
        rx.el.span(state.working, class_name="nowrap"),
        rx.el.div(bar(state.work_percent, state.working), class_name="grow", min_width="80px"),
        rx.el.span(state.work_words, class_name="nowrap num", role="status"),
        button("Stop", icon="circle-stop", on_click=state.stop_bulk, busy=state.stopping),
        class_name="bulk in",
        gap="12px",
    )


def work_report(state: Any) -> rx.Component:
    """Tell what became of the last job."""
    ways = row(
        rx.cond(state.file_url != "", download("Save the file", state.file_url, small=True), rx.fragment()),
        button("Close", small=True, kind="ghost", on_click=state.close_report),
    )
    words = (
        rx.el.b(state.report), rx.foreach(state.reasons, lambda reason: rx.el.div(reason, class_name="t12 muted")),
    )  # fmt: skip
    told = rx.cond(
        state.partly,
        note(*words, tone="amber", icon="triangle-alert", action=ways),
        note(*words, tone="green", icon="circle-check", action=ways),
    )
    return rx.cond(state.report != "", rx.el.div(told, class_name="pad", id=REPORT), rx.fragment())


def _question(state: Any, names: list[str], danger: bool) -> rx.Component:
    asked = rx.Var.create(names).contains(state.asking)
    return confirm(
        state.asking_title + "?",
        state.asking_means,
        "Yes, do it",
        open=asked,
        on_open_change=state.close,
        on_confirm=state.do_bulk({}),
        danger=danger,
    )


def _value(state: Any) -> rx.Component:
    """Draw the question of a verb that has to be told something."""
    name = f"bulk-{state.get_name()}"
    form = form_of(
        state,
        text_field(
            state.asking_value, "value", required=True, max_length=200, error=state.errors["value"], auto_focus=True
        ),
        id=name,
        on_submit=state.do_bulk,
    )
    return form_dialog(
        state,
        state.asking_title,
        form,
        open=(state.asking != "") & (state.asking_value != ""),
        description=state.asking_means,
        foot=rx.fragment(
            button("Cancel", on_click=state.close(False)),
            button("Do it", kind="primary", submit=True, form=name, busy=state.busy),
        ),
        max_width="420px",
    )
