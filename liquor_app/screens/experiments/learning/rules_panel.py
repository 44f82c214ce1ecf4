"""The card of what is pinned or forbidden, and its dialog."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.experiments.learning.rules_state import DUE_WORDS, RulesState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import col
from liquor_app.ui.table import Column, table

RULE = "cell-rule"


def rules_card() -> rx.Component:
    def back(line: Any) -> rx.Component:
        return rx.cond(
            RulesState.may_rule,
            button("Undo", small=True, on_click=RulesState.undo(line.id), aria_label="Undo " + line.cell),
            rx.fragment(),
        )

    shown = table(
        RulesState.rules,
        [
            Column("Rule", lambda line: badge(line.effect, line.tone)),
            Column("Kind of message", lambda line: line.cell),
            Column("Why", lambda line: line.reason, phone="under", whole=True),
            Column("By", lambda line: line.author, phone="hide"),
            Column("", back, number=True),
        ],
        label="Kinds of messages that are pinned or forbidden",
        empty=empty(
            "Nothing is pinned or forbidden",
            "Pin a kind of message and whom it suits gets nothing else; forbid it and no plan made or approved from"
            " now on holds it. An approved plan keeps what it holds: pause or send it back if that must not go out.",
            icon="pin",
        ),
    )
    return rx.fragment(
        card(
            shown,
            title="Pinned and forbidden",
            aside=rx.cond(
                RulesState.may_rule,
                button("Pin or forbid", small=True, icon="plus", on_click=RulesState.ask()),
                rx.fragment(),
            ),
            flush=True,
            class_name="c12",
        ),
        _dialog(),
    )


def _dialog() -> rx.Component:
    errors = RulesState.errors
    form = form_of(
        RulesState,
        col(
            select_field(
                "What becomes of it",
                "effect",
                [("pin", "Pin: whom it suits gets nothing else"), ("forbid", "Forbid: no plan from now on holds it")],
                error=errors["effect"],
                on_change=lambda value: RulesState.choose("effect", value),
            ),
            select_field(
                "Segment, offer and channel", "cell", RulesState.cells,
                error=errors["cell"],
                hint="As the playbooks have them.",
                on_change=lambda value: RulesState.choose("cell", value),
            ),
            select_field(
                "Of whom", "due", list(DUE_WORDS), error=errors["due"],
                on_change=lambda value: RulesState.choose("due", value),
            ),
            rx.el.p(RulesState.cost, class_name="num pretty", role="status"),
            text_field(
                "Why", "reason", error=errors["reason"], max_length=300,
                hint="It stands with every message it decides, and in every plan.",
            ),
            gap=16,
        ),
        id=RULE,
        on_submit=RulesState.save,
    )  # fmt: skip
    return form_dialog(
        RulesState,
        "Pin or forbid a kind of message",
        form,
        open=RulesState.asking,
        description="Within guidance, law, room and budget. The random arm draws neither.",
        foot=rx.fragment(
            button("Cancel", on_click=RulesState.close(False)),
            button("Save", kind="primary", submit=True, form=RULE),
        ),
    )
