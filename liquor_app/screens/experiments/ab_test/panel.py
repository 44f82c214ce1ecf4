"""The card of a campaign's A/B test, its form and its questions."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.experiments.ab_tests.models import AbTopic, Measure
from liquor_app.experiments.ab_tests.variants import LONGEST
from liquor_app.organization.models import Channel
from liquor_app.screens.experiments.ab_test.state import AbTestState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import col, pair, row
from liquor_app.ui.table import Column, table

FORM, LEARNED = "ab-test-form", "ab-learned-form"
VALUES = AbTestState.form_values


def ab_test_card() -> rx.Component:
    """Draw the test; while nothing is approved also the way to one."""
    shown = card(
        col(
            row(
                badge(AbTestState.status, AbTestState.tone),
                rx.cond(AbTestState.hypothesis != "", rx.el.span(AbTestState.hypothesis, class_name="muted"), ""),
                wrap=True,
            ),
            rx.el.p(AbTestState.words, class_name="pretty"),
            rx.cond(AbTestState.power != "", rx.el.p(AbTestState.power, class_name="t12 muted pretty"), rx.fragment()),
            gap=8,
        ),
        _variants(),
        rx.cond(AbTestState.learned != "", rx.el.p(rx.el.b("Learned: "), AbTestState.learned), rx.fragment()),
        title="A/B test: " + AbTestState.name,
        aside=allowed(Permission.CAMPAIGNS_WRITE, _buttons()),
        foot=rx.el.span(
            "By intention, each person's time begins with their own message; openings decide nothing, because mail"
            " programs open by themselves. The interval beside A (95 %) may be looked at every day; the final read is"
            " one look at a day fixed beforehand.",
            class_name="t12 muted pretty",
        ),
    )
    offered = allowed(
        Permission.CAMPAIGNS_WRITE,
        card(
            row(
                rx.el.span("Which subject, words, hour, offer or channel does better? Try up to four, and let the best"
                           " one win.", class_name="muted"),
                button("Add an A/B test", small=True, icon="flask-conical", on_click=AbTestState.ask("form")),
                apart=True,
                wrap=True,
            ),
            title="A/B test",
        ),
    )  # fmt: skip
    return rx.cond(AbTestState.has_test, shown, rx.cond(AbTestState.can_change, offered, rx.fragment()))


def ab_test_dialogs() -> rx.Component:
    """Draw its form and its questions, once on a page."""
    return rx.fragment(_form(), _learned(), _questions())


def _buttons() -> rx.Component:
    change = rx.fragment(
        button("Change", small=True, icon="pencil", on_click=AbTestState.ask("form")),
        button("Remove", small=True, on_click=AbTestState.ask("remove")),
    )
    return row(
        rx.cond(AbTestState.can_change, change, rx.fragment()),
        rx.cond(AbTestState.is_open, button("Stop", small=True, on_click=AbTestState.ask("stop")), rx.fragment()),
        rx.cond(
            AbTestState.is_begun,
            button("Write down what it taught", small=True, icon="notebook-pen", on_click=AbTestState.ask("learned")),
            rx.fragment(),
        ),
        wrap=True,
    )


def _variants() -> rx.Component:
    def what(line: Any) -> rx.Component:
        return rx.fragment(
            rx.el.b(line.key), " ", line.words,
            rx.cond(line.mark != "", rx.fragment(" ", badge(line.mark, line.tone)), rx.fragment()),
            rx.el.small(line.detail),
        )  # fmt: skip

    def win(line: Any) -> rx.Component:
        use = button(
            "Let it win", small=True, on_click=AbTestState.ask(line.key), aria_label="Let " + line.key + " win"
        )
        return rx.cond(AbTestState.is_open, allowed(Permission.CAMPAIGNS_WRITE, use), rx.fragment())

    return table(
        AbTestState.lines,
        [
            Column("Variant", what),
            Column("People", lambda line: line.people, number=True, phone="under", named=True),
            Column("A person", lambda line: line.value, number=True, phone="under", named=True),
            Column("Beside A", lambda line: line.beside, number=True, phone="under", named=True),
            Column("Final read", lambda line: line.final, number=True, phone="under", named=True),
            Column("", win, number=True),
        ],
        label="Variants of the test",
        dense=True,
    )


def _form() -> rx.Component:
    errors = AbTestState.errors
    hints = {
        "variant_b": "A is what the plan says. Subjects and words may show {{ offer.text }}, {{ offer.ends }},"
        " {{ offer.category }}; words must show {{ offer.text }}. An hour is a number: 17.",
        "variant_c": "", "variant_d": "",
    }  # fmt: skip
    typed_in = [
        text_field(
            f"Variant {name[-1].upper()}", name, default_value=VALUES[name], error=errors[name], max_length=LONGEST,
            hint=hint, optional=name != "variant_b",
        )
        for name, hint in hints.items()
    ]  # fmt: skip
    chosen = [
        select_field(
            f"Variant {name[-1].upper()}", name, AbTestState.offers, default_value=VALUES[name], error=errors[name],
            hint="A is what the plan chose for each. In the test is who could get every offer of it."
            if name == "variant_b" else "",
        )
        for name in hints
    ]  # fmt: skip
    variants = rx.match(
        AbTestState.topic,
        (AbTopic.OFFER.value, col(*chosen, gap=16)),
        (
            AbTopic.CHANNEL.value,
            rx.el.p(
                "A is what the plan chose; B is the same offer by the other channel. In the test is who may be reached"
                " by both.",
                class_name="t12 muted pretty",
            ),
        ),
        col(*typed_in, gap=16),
    )
    until = text_field(
        "Winner takes the rest from", "decide_on", type="date", optional=True, default_value=VALUES["decide_on"],
        error=errors["decide_on"], hint="Whose message is planned for that day or later gets the best one by then."
        " Empty: everybody is in the test.",
    )  # fmt: skip
    to_the_end = rx.el.p(
        "It is compared to the end. An offer or a channel is drawn as the plan is made, with its cost and room: plan"
        " again after saving.",
        class_name="t12 muted pretty",
    )
    runs_on = [one.value for one in AbTopic if one.runs_to_the_end]
    body = form_of(
        AbTestState,
        col(
            text_field("Name", "name", default_value=VALUES["name"], error=errors["name"], max_length=120),
            text_field(
                "What you expect", "hypothesis", default_value=VALUES["hypothesis"], error=errors["hypothesis"],
                max_length=400, optional=True, hint="It stays in the history of tests, beside what came of it.",
            ),
            pair(
                select_field("What differs", "topic", [(one.value, one.label) for one in AbTopic],
                             default_value=VALUES["topic"], error=errors["topic"],
                             on_change=AbTestState.choose_topic),
                select_field("Messages by", "channel", [(one.value, one.label) for one in Channel],
                             default_value=VALUES["channel"], error=errors["channel"]),
            ),
            variants,
            pair(
                select_field("Won by", "measure", [(one.value, one.label) for one in Measure],
                             default_value=VALUES["measure"], error=errors["measure"]),
                rx.cond(rx.Var.create(runs_on).contains(AbTestState.topic), to_the_end, until),
            ),
            gap=16,
        ),
        id=FORM,
        key=AbTestState.asking + AbTestState.name,
        on_submit=AbTestState.save,
    )  # fmt: skip
    return form_dialog(
        AbTestState,
        "A/B test",
        body,
        open=AbTestState.asking == "form",
        description="One thing differs, everybody's variant is drawn, and harm ends a variant by itself.",
        foot=rx.fragment(
            button("Cancel", on_click=AbTestState.close(False)),
            button("Save", kind="primary", submit=True, form=FORM, busy=AbTestState.busy),
        ),
    )


def _learned() -> rx.Component:
    body = form_of(
        AbTestState,
        text_field(
            "What it taught", "learned", lines=4, default_value=AbTestState.learned,
            error=AbTestState.errors["learned"], max_length=400,
        ),
        id=LEARNED,
        key=AbTestState.asking + AbTestState.learned,
        on_submit=AbTestState.keep_learned,
    )  # fmt: skip
    return form_dialog(
        AbTestState,
        "What did it teach?",
        body,
        open=AbTestState.asking == "learned",
        description="For whoever plans the next one: it is found in the history of tests.",
        foot=rx.fragment(
            button("Cancel", on_click=AbTestState.close(False)),
            button("Keep", kind="primary", submit=True, form=LEARNED, busy=AbTestState.busy),
        ),
    )


def _questions() -> rx.Component:
    is_variant = rx.Var.create(AbTestState.asking).length() == 1
    return rx.fragment(
        confirm(
            "Remove the A/B test?", "Everybody gets what is planned.", "Remove it",
            open=AbTestState.asking == "remove", on_open_change=AbTestState.ask(""), on_confirm=AbTestState.confirm,
            danger=True,
        ),
        confirm(
            "Stop the A/B test?",
            "What has not left yet goes as it was approved. What was measured stays; it cannot be begun again.",
            "Stop it",
            open=AbTestState.asking == "stop", on_open_change=AbTestState.ask(""), on_confirm=AbTestState.confirm,
            danger=True,
        ),
        confirm(
            "Let variant " + AbTestState.asking + " win?",
            "What has not left yet gets it, and the test is over. This cannot be taken back.",
            "Let it win",
            open=is_variant, on_open_change=AbTestState.ask(""), on_confirm=AbTestState.confirm,
        ),
    )  # fmt: skip
