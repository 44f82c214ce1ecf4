"""The law as the product knows it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.compliance.legal_rules import RuleKind
from liquor_app.compliance.rule_pack import REVIEW_NOTICE
from liquor_app.screens.compliance.law.state import KINDS, LawState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.session.role_controls import roles_of
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, icon_button, link
from liquor_app.ui.card import card, note
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import select_field, switch
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, row
from liquor_app.ui.table import Column, table

RULE, END = "rule-form", "end-form"


def law_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "The law",
            "Every message is held against these when it is planned, when it is launched and when it leaves: hours by"
            " the place of who gets it, offers and prices by the state of your licence.",
            link("Suppression list", "/customers/suppressed"),
            button("Add a rule", kind="primary", icon="plus", on_click=LawState.ask("add", "")),
            crumbs=(("Settings", "/settings"),),
        ),
        col(
            note(REVIEW_NOTICE, tone="amber", icon="scale"),
            card(
                _table(),
                title="Rules",
                aside=rx.cond(
                    LawState.ended > 0,
                    switch("Ended ones too", checked=LawState.with_ended, on_change=LawState.show_ended),
                    rx.fragment(),
                ),
                foot="The shop's own hours and limits stand in the settings; the narrower of the two binds.",
                flush=True,
            ),
            gap=16,
        ),
        _rule_dialog(),
        _end_dialog(),
    )


def _table() -> rx.Component:
    def says(line: Any) -> rx.Component:
        return rx.fragment(
            rx.el.b(line.says),
            rx.el.p(line.citation, class_name="t12 muted pretty"),
            rx.cond(line.contested, badge("reach to texts disputed", "amber"), rx.fragment()),
        )

    def until(line: Any) -> rx.Component:
        words = rx.cond(line.until != "", badge("until " + line.until, "amber"), badge("in force", "green"))
        return rx.cond(line.ended, badge("ended", "outline"), words)

    def acts(line: Any) -> rx.Component:
        change = icon_button("pencil", "Change " + line.citation, on_click=LawState.ask("change", line.id))
        end = icon_button("circle-stop", "End " + line.citation, on_click=LawState.ask("end", line.id))
        return rx.cond(line.limited | line.ended, rx.fragment(), row(change, end))

    return table(
        LawState.rows,
        [
            Column("Place", lambda line: rx.el.b(line.place)),
            Column("Rule", says),
            Column("Kind", lambda line: rx.el.span(line.kind_words, class_name="nowrap"), phone="hide"),
            Column("Channel", lambda line: line.channel_words, phone="hide"),
            Column("Binds", lambda line: line.binds, phone="hide", wide=True),
            Column("Since", lambda line: rx.el.span(line.since, class_name="nowrap num"), phone="hide", wide=True),
            Column("State", until, phone="hide"),
            Column("", acts, number=True),
        ],
        label="Rules of law",
        loading=LawState.loading,
        empty=empty("No rule", "Without one only the shop's own hours and limits bind.", icon="scale"),
    )


def _rule_dialog() -> rx.Component:
    chosen, errors = LawState.chosen, LawState.errors
    anew = LawState.asking == "add"
    what = rx.cond(
        anew,
        col(
            text_field("Place", "jurisdiction", error=errors["jurisdiction"], hint="US, or a state such as TX."),
            select_field(
                "Kind",
                "kind",
                [(kind.value, words) for kind, words in KINDS.items()],
                value=LawState.kind,
                on_change=LawState.choose_kind,
            ),
            select_field(
                "Channel", "channel", [("sms", "SMS"), ("email", "E-mail"), ("", "All")], error=errors["channel"]
            ),
            gap=16,
        ),
        rx.el.p(chosen.place, ", ", chosen.channel_words, ": ", chosen.says, class_name="muted"),
    )
    hours = col(
        row(
            text_field("From", "start", default_value=chosen.start, error=errors["start"], placeholder="08:00"),
            text_field("Until", "end", default_value=chosen.end, error=errors["end"], placeholder="20:00"),
        ),
        text_field(
            "Days", "days", default_value=chosen.days, error=errors["days"], hint=LawState.whole_days, optional=True
        ),
        gap=16,
    )
    limit = text_field("At most, in 24 hours", "max", default_value=chosen.limit, error=errors["max"], type="number")
    words = text_field("Text", "text", default_value=chosen.words, error=errors["text"], lines=3, max_length=1000)
    percent = text_field("Per cent", "percent", default_value=chosen.percent, error=errors["percent"], type="number")
    holidays = text_field(
        "Holidays", "holidays", default_value=chosen.closed_on, error=errors["holidays"], hint=LawState.every_holiday
    )
    value = rx.match(
        LawState.kind,
        (RuleKind.HOURS.value, hours),
        (RuleKind.CONTACT_LIMIT.value, limit),
        (RuleKind.NOTE.value, words),
        (RuleKind.DISCLOSURE.value, words),
        (RuleKind.MAX_DISCOUNT.value, percent),
        (RuleKind.MIN_MARKUP.value, percent),
        (RuleKind.CLOSED_DAYS.value, holidays),
        rx.fragment(),
    )
    form = form_of(LawState,
        col(
            what,
            value,
            text_field(
                "Law", "citation", default_value=chosen.citation, error=errors["citation"], max_length=300,
                hint="Where it is written.",
            ),
            text_field(
                "Binds from", "valid_from", type="date", default_value=LawState.today, error=errors["valid_from"],
                hint=rx.cond(anew, "By the recipient's own days.", "The present rule binds until the day before."),
            ),
            gap=16,
        ),
        id=RULE,
        key=LawState.asking + chosen.id,
        on_submit=LawState.save,
    )  # fmt: skip
    return form_dialog(
        LawState,
        rx.cond(anew, "Add a rule", "Change a rule"),
        form,
        open=anew | (LawState.asking == "change"),
        foot=rx.fragment(
            button("Cancel", on_click=LawState.close(False)),
            button("Save", kind="primary", submit=True, form=RULE),
        ),
        max_width="460px",
    )


def _end_dialog() -> rx.Component:
    form = form_of(LawState,
        text_field(
            "Binds no more from", "valid_from", type="date", default_value=LawState.today,
            error=LawState.errors["valid_from"],
        ),
        id=END,
        key=LawState.chosen.id,
        on_submit=LawState.finish,
    )  # fmt: skip
    return form_dialog(
        LawState,
        "End this rule?",
        form,
        open=LawState.asking == "end",
        description=LawState.chosen.place
        + ", "
        + LawState.chosen.citation
        + ". From that day on messages may go out that it forbids today. It stays on record.",
        foot=rx.fragment(
            button("Cancel", on_click=LawState.close(False)),
            button("End the rule", kind="solid-danger", submit=True, form=END),
        ),
        max_width="460px",
    )


PAGES = (
    Page(
        "/settings/law", "The law", law_page, on_load=LawState.load, parent="/settings",
        roles=roles_of(Permission.LAW_READ),
    ),
)  # fmt: skip
