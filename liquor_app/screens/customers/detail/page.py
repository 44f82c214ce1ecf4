"""One customer: scores with their reasons, the next best action, what was bought, what was and was not sent."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.customers.detail.asked_for_panel import interests_card, interests_dialog
from liquor_app.screens.customers.detail.consents_panel import consents_panel
from liquor_app.screens.customers.detail.history_state import HistoryState, NotSentState, PurchasesState, SentState
from liquor_app.screens.customers.detail.interests_state import InterestsState
from liquor_app.screens.customers.detail.labels_panel import labels_card, labels_dialogs
from liquor_app.screens.customers.detail.labels_state import LabelsState
from liquor_app.screens.customers.detail.manage_dialogs import questions
from liquor_app.screens.customers.detail.manage_state import ActsState
from liquor_app.screens.customers.detail.merges_state import MergesState
from liquor_app.screens.customers.detail.privacy_panel import erase_dialog, privacy_card
from liquor_app.screens.customers.detail.privacy_state import PrivacyState
from liquor_app.screens.customers.detail.state import CustomerState
from liquor_app.screens.customers.detail.transactional_state import ErrandsState
from liquor_app.screens.customers.detail.view import SCORES
from liquor_app.screens.customers.form.state import EditCustomerState
from liquor_app.screens.customers.form.view import customer_form
from liquor_app.screens.customers.segment_colors import FAMILIES
from liquor_app.screens.details.view import found
from liquor_app.screens.listing.view import list_pager, list_table
from liquor_app.screens.organization.audit.link import audit_link
from liquor_app.screens.session.role_controls import allowed
from liquor_app.screens.shell.state import ShellState
from liquor_app.ui.badge import badge, status_badge
from liquor_app.ui.button import avatar, button, icon_button
from liquor_app.ui.card import card, list_item, note, plain_list
from liquor_app.ui.charts.bars import bar_list, numbers
from liquor_app.ui.charts.chart import Series, bar_chart, legend
from liquor_app.ui.charts.priority_bar import priority, priority_legend
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row
from liquor_app.ui.icon import icon
from liquor_app.ui.skeleton import skeleton_lines
from liquor_app.ui.table import Column

TOPICS = {
    "churn": "trending-down",
    "rhythm": "repeat",
    "next": "calendar-clock",
    "segment": "layers",
    "value": "circle-dollar-sign",
    "response": "tag",
    "night": "moon",
    "taste": "wine",
    "price": "badge-dollar-sign",
    "discount": "badge-percent",
    "engagement": "mail-open",
}


def customer_page() -> rx.Component:
    shown = rx.fragment(
        _head(), _body(), customer_form(), questions(), labels_dialogs(), interests_dialog(), erase_dialog()
    )
    return found(CustomerState, "customer", "All customers", "/customers", shown)


def _head() -> rx.Component:
    who = CustomerState.profile
    facts = (who.email, who.phone, who.place, who.since)
    words = rx.el.div(*(rx.cond(fact != "", rx.el.span(fact), rx.fragment()) for fact in facts), class_name="facts")
    more = menu(
        icon_button("ellipsis", "More", boxed=True),
        Item("Suppress", ActsState.ask("suppress"), "ban", when=who.suppressed == ""),
        Item("Delete", ActsState.ask("delete"), "trash-2", danger=True, divider=True),
    )
    return page_head(
        who.name,
        words,
        audit_link("customer", who.id),
        allowed(Permission.CUSTOMERS_WRITE, button("Edit", icon="pencil", on_click=EditCustomerState.edit), more),
        crumbs=(("Customers", "/customers"),),
        badge=row(rx.foreach(CustomerState.tags, lambda tag: badge(tag, dot=False)), wrap=True),
        lead=avatar(who.initials, large=True),
    )


def _body() -> rx.Component:
    def ready(drawn: rx.Component, lines: int = 4) -> rx.Component:
        return rx.cond(CustomerState.loading, skeleton_lines(lines), drawn)

    scored = rx.el.span(CustomerState.profile.scored, class_name="note-t")
    return col(
        _suppressed(),
        _age_in_doubt(),
        _merged(),
        rx.el.section(
            numbers(
                *(
                    (score.label, score.figure, score.detail, score.tone)
                    for score in (CustomerState.scores[index] for index in range(SCORES))
                )
            ),
            class_name="card",
        ),
        grid(
            rx.el.div(col(_action(), _spend(), _sends(), _not_sent(), _purchases(), gap=16), class_name="c8"),
            rx.el.div(
                col(
                    card(ready(_why()), title="Why these scores", aside=scored, flush=True),
                    labels_card(),
                    interests_card(),
                    _mix(),
                    card(ready(consents_panel(), 3), title="Consent and age", flush=True),
                    privacy_card(),
                    gap=16,
                ),
                class_name="c4",
            ),
        ),
        gap=16,
    )


def _suppressed() -> rx.Component:
    lift = allowed(Permission.CUSTOMERS_ADMIN, button("Take off the list", small=True, on_click=ActsState.ask("lift")))
    words = ("On the suppression list (", CustomerState.profile.suppressed, "): no campaign writes to this customer.")
    shown = note(*words, tone="amber", icon="ban", action=lift)
    return rx.cond(CustomerState.profile.suppressed != "", shown, rx.fragment())


def _age_in_doubt() -> rx.Component:
    settle = allowed(
        Permission.CUSTOMERS_WRITE, button("Record proof of age", small=True, on_click=ActsState.ask("age"))
    )
    words = (
        "What is on file about this customer's age and what they said do not agree, and one of the two is a minor's."
        " Nothing is sent to them until it is settled."
    )
    shown = note(words, tone="amber", icon="id-card", action=settle)
    return rx.cond(CustomerState.profile.age_in_doubt, shown, rx.fragment())


def _merged() -> rx.Component:
    """Draw what became part of this profile lately, and the way back."""

    def line(one: Any) -> rx.Component:
        undo = allowed(
            Permission.CUSTOMERS_WRITE, button("Undo the merge", small=True, on_click=MergesState.ask(one.id))
        )
        return note(rx.el.b(one.who), " became part of this profile (", one.words, ").", icon="merge", action=undo)

    question = confirm(
        "Make two profiles of it again?",
        "Each gets back what it had. What was bought or said since stays here, and a no said since holds for both.",
        "Undo the merge",
        open=MergesState.asking != "",
        on_open_change=MergesState.shut,
        on_confirm=MergesState.undo,
        danger=True,
    )
    return rx.fragment(rx.foreach(MergesState.merges, line), question)


def _action() -> rx.Component:
    one = CustomerState.action
    head = row(
        rx.el.span(icon("sparkles"), class_name="accent"),
        rx.el.h2("Next best action"),
        badge("Priority " + rx.Var.create(one.total).to_string(), "solid", dot=False),
    )
    shown = rx.el.section(
        row(head, rx.el.span(one.when, class_name="t12 muted"), apart=True, wrap=True),
        row(
            col(
                rx.el.b(one.title, class_name="t14 strong"),
                rx.el.p(one.reason, class_name="muted pretty"),
                rx.el.span(one.hints, class_name="t12 muted"),
                class_name="grow",
                gap=4,
            ),
            col(priority(one.total, one.value, one.response, one.margin, one.fatigue), priority_legend(), gap=8),
            gap=24,
            wrap=True,
            class_name="ts",
        ),
        rx.cond(one.href != "", row(button("Open the plan", href=one.href, small=True)), rx.fragment()),
        class_name="card call col g12",
    )
    return rx.cond(one.title != "", shown, rx.fragment())


def _spend() -> rx.Component:
    series = [Series(name, HistoryState.spend[name], color=color) for name, color in FAMILIES.items()]
    return card(
        rx.el.p(CustomerState.profile.bought, class_name="muted num"),
        rx.cond(
            HistoryState.loading | (rx.Var.create(HistoryState.mix).length() > 0),
            bar_chart(
                HistoryState.months,
                series,
                label=HistoryState.spend_words,
                stacked=True,
                prefix=ShellState.sign,
                day_format="%b",
                height=180,
                loading=HistoryState.loading,
            ),
            rx.fragment(),
        ),
        title="Purchases, last 12 months",
        aside=legend(*((name, color, "box") for name, color in FAMILIES.items())),
    )


def _purchases() -> rx.Component:
    return card(
        list_table(
            PurchasesState,
            (
                Column("Day", lambda one: one.day, sort="occurred_at"),
                Column("What", lambda one: one.what, phone="under"),
                Column("Store", lambda one: one.store, phone="hide"),
                Column("Discount", lambda one: one.discount, sort="discount", number=True, phone="hide"),
                Column("Total", lambda one: one.total, sort="total", number=True),
            ),
            label="Purchases",
            dense=True,
            empty=empty("Nothing bought yet", "Purchases arrive by import, or as they happen.", icon="shopping-basket"),
        ),
        list_pager(PurchasesState, quiet=True),
        title="Purchases",
        flush=True,
    )


def _sends() -> rx.Component:
    return card(
        list_table(
            SentState,
            (
                Column("Campaign", lambda one: one.campaign),
                Column("Day", lambda one: one.day, number=True),
                Column("Channel", lambda one: one.channel, phone="hide"),
                Column("Outcome", lambda one: status_badge(one.outcome)),
                Column("What happened", lambda one: one.detail, phone="under", whole=True),
            ),
            label="Campaign history",
            dense=True,
            empty=empty("Never written to", "Messages show up here once a campaign has reached them.", icon="mail"),
        ),
        list_pager(SentState, quiet=True),
        title="Campaign history",
        flush=True,
    )


def _not_sent() -> rx.Component:
    def line(one: Any) -> rx.Component:
        return list_item(
            rx.el.span(one.day, class_name="t12 muted num nowrap"),
            rx.el.div(
                rx.cond(
                    one.href != "",
                    rx.el.a(one.campaign, href=one.href, class_name="med"),
                    rx.el.span(one.campaign, class_name="med"),
                ),
                rx.el.div(one.detail, class_name="t12 muted"),
                class_name="grow",
            ),
            badge(one.label, dot=False),
        )

    words = rx.cond(
        CustomerState.profile.objects,
        "They object to being profiled: no campaign chooses them, and nothing chosen before is sent.",
        "Nothing was held back from this customer.",
    )
    nothing = rx.el.p(words, class_name="muted pad")
    found = rx.fragment(plain_list(rx.foreach(NotSentState.rows, line)), list_pager(NotSentState, quiet=True))
    body = rx.cond(rx.Var.create(NotSentState.rows).length() > 0, found, nothing)
    return card(rx.cond(NotSentState.loading, skeleton_lines(2), body), title="Why not sent", flush=True)


def _why() -> rx.Component:
    def line(one: Any) -> rx.Component:
        drawing = rx.match(one.topic, *((topic, icon(name)) for topic, name in TOPICS.items()), icon("info"))
        return list_item(
            rx.el.span(drawing, class_name=one.tone),
            rx.el.div(rx.el.b(one.title, class_name="med"), rx.el.p(one.text, class_name="muted pretty")),
            class_name="ts",
        )

    return plain_list(rx.foreach(CustomerState.why, line))


def _mix() -> rx.Component:
    bars = card(bar_list(HistoryState.mix), title="Category mix", aside="by spend, a year", flush=True)
    return rx.cond(rx.Var.create(HistoryState.mix).length() > 0, bars, rx.fragment())


PAGES = (
    Page(
        "/customers/[customer_id]",
        "Customer",
        customer_page,
        on_load=[
            *(
                CustomerState.clear,
                LabelsState.clear,
                InterestsState.clear,
                PrivacyState.clear,
                HistoryState.clear,
                PurchasesState.forget,
                SentState.forget,
                NotSentState.forget,
            ),
            *(CustomerState.load, HistoryState.load, PurchasesState.load, SentState.load, NotSentState.load),
            *(
                ErrandsState.load,
                LabelsState.load,
                InterestsState.load,
                PrivacyState.load,
                MergesState.clear,
                MergesState.load,
            ),
        ],
        parent="/customers",
    ),
)
