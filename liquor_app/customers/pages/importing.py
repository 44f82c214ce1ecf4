"""Bringing in customers and purchases from a file."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.customers.states.importing import CHOOSE, MATCH, REPORT, RUN, EarlierState, ImportState
from liquor_app.customers.states.uploads import CHOICES
from liquor_app.ui.badge import status_badge
from liquor_app.ui.button import button, download
from liquor_app.ui.card import card, list_item, note, plain_list
from liquor_app.ui.choice import select, select_field
from liquor_app.ui.icon import icon
from liquor_app.ui.layout import col, row
from liquor_app.ui.page import Page, page_head
from liquor_app.ui.progress import progress
from liquor_app.ui.stepper import stepper
from liquor_app.ui.table import Column, table
from liquor_app.ui.tabs import segmented

POLICIES = [
    ("fill", "Fill in what is missing"),
    ("overwrite", "Overwrite with the file"),
    ("keep", "Leave it as it is"),
]
WANTED = {
    "customers": "One row a customer, with at least an e-mail address, a phone number or a customer number.",
    "purchases": "One row a line of a receipt: who bought, when, what and for how much. Import the customers first.",
}


def import_page() -> rx.Component:
    return rx.fragment(
        rx.script(src="/js/import.js"),
        page_head(
            "Import",
            "Nothing is changed before you have seen how the file was understood; it is taken whole or not at all.",
            crumbs=(("Customers", "/customers"),),
        ),
        col(
            stepper(["Choose a file", "Match columns", "Import", "Report"], ImportState.step),
            # The input keeps the file while the later steps are shown, so it is hidden, never taken away.
            rx.el.div(_choose(), class_name=rx.cond(ImportState.step == CHOOSE, "", "gone")),
            rx.match(
                ImportState.step, (MATCH, _match()), (RUN, _run()), (REPORT, _report()), rx.fragment()
            ),
            rx.cond(ImportState.step == CHOOSE, _earlier(), rx.fragment()),
            gap=16,
        ),
        rx.el.button(
            id="import-ended",
            aria_label="The upload has ended",
            type="button",
            class_name="gone",
            aria_hidden="true",
            tab_index=-1,
            on_click=rx.call_script("importFile.answer()", callback=ImportState.sent),
        ),
    )  # fmt: skip


def _problem() -> rx.Component:
    shown = note(ImportState.problem, tone="red", icon="circle-alert", alert=True)
    return rx.cond(ImportState.problem != "", shown, rx.fragment())


def _choose() -> rx.Component:
    field = rx.el.input(
        id="import-file",
        type="file",
        accept=".csv,.txt,.tsv,text/csv",
        aria_label="File to import",
        disabled=~rx.State.is_hydrated,  # a file chosen while the page still loads would be forgotten by the loading
        on_change=rx.call_script("importFile.look()", callback=ImportState.looked),
    )
    words = rx.match(
        ImportState.kind, ("purchases", rx.el.p(WANTED["purchases"])), rx.el.p(WANTED["customers"])
    )  # fmt: skip
    zone = rx.el.div(
        field,
        rx.el.span(icon("upload", 20), class_name="ic"),
        rx.el.h3("Drop a CSV file here, or choose one"),
        words,
        rx.el.p("Any delimiter and encoding, up to 1 GB. Columns are recognised by their names."),
        class_name="empty drop",
    )
    kinds = segmented(
        [("customers", "Customers"), ("purchases", "Purchases")],
        value=ImportState.kind,
        on_change=ImportState.choose_kind,
        label="What the file holds",
    )
    return card(col(row(kinds), _problem(), zone, gap=16))


def _match() -> rx.Component:
    def becomes(line: Any, kind: str) -> rx.Component:
        return select(
            "Becomes",
            CHOICES[kind],
            value=line.becomes,
            on_change=lambda field: ImportState.match(line.name, field),
            class_name="sm",
        )

    columns = (
        Column("In the file", lambda line: rx.el.b(line.name)),
        Column("For example", lambda line: rx.el.span(line.example, class_name="muted"), phone="under"),
        Column("Becomes", lambda line: rx.match(
            ImportState.kind, ("purchases", becomes(line, "purchases")), becomes(line, "customers")
        )),
    )  # fmt: skip
    trial = rx.cond(ImportState.trial != "", note(ImportState.trial, icon="list-checks"), rx.fragment())
    return card(
        table(ImportState.columns, columns, label="Columns of the file"),
        rx.el.div(
            select_field(
                "What is known already",
                "policy",
                POLICIES,
                value=ImportState.policy,
                on_change=ImportState.choose_policy,
                hint="Customers are recognised by e-mail, customer number and phone; orders by their number.",
            ),
            _problem(),
            trial,
            class_name="col g16 pad",
        ),
        title=ImportState.name,
        flush=True,
        foot=row(
            button("Choose another file", on_click=ImportState.again),
            button("Import", kind="primary", icon="upload", on_click=ImportState.start,
                   disabled=ImportState.problem != ""),
            apart=True,
        ),
    )  # fmt: skip


def _run() -> rx.Component:
    upload = rx.el.div(rx.el.i(), class_name="bar thin", id="import-upload", aria_hidden="true")
    return card(
        col(
            progress(ImportState.percent, rx.Var.create(ImportState.percent).to_string() + "%", "Imported"),
            rx.cond(ImportState.percent == 0, upload, rx.fragment()),
            rx.el.p(ImportState.words, class_name="muted num", role="status"),
            rx.el.p("You may leave this page; the bell tells when it is done.", class_name="t12 muted"),
            gap=12,
        ),
        title=ImportState.name,
        foot=row(button("Cancel import", kind="danger", small=True, on_click=ImportState.cancel)),
    )


def _report() -> rx.Component:
    def line(reason: Any) -> rx.Component:
        return list_item(rx.el.span(reason.words, class_name="grow"), rx.el.b(reason.count, class_name="num med"))

    refused = rx.cond(
        ImportState.reasons,
        col(rx.el.h3("Refused rows, by reason"), plain_list(rx.foreach(ImportState.reasons, line))),
        rx.fragment(),
    )
    rejects = download("Download refused rows", ImportState.rejects)
    done = col(note(ImportState.words, tone="green", icon="circle-check"), refused, gap=16)
    return card(
        rx.cond(ImportState.problem != "", _problem(), done),
        title=ImportState.name,
        foot=row(
            button("Import another file", on_click=ImportState.again),
            rx.cond(ImportState.rejects != "", rejects, rx.fragment()),
            button("Show customers", kind="primary", href="/customers"),
            wrap=True,
        ),
    )


def _earlier() -> rx.Component:
    def rejects(one: Any) -> rx.Component:
        return rx.cond(one.rejects != "", download("Refused rows", one.rejects, small=True), rx.fragment())

    shown = card(
        table(
            EarlierState.imports,
            (
                Column("File", lambda one: rx.fragment(rx.el.b(one.name), rx.el.small(one.when))),
                Column("Holds", lambda one: one.kind, phone="hide"),
                Column("Status", lambda one: status_badge(one.status)),
                Column("Outcome", lambda one: one.words, phone="under"),
                Column("", rejects, phone="hide"),
            ),
            label="Earlier imports",
        ),
        title="Earlier imports",
        flush=True,
    )
    return rx.cond(EarlierState.imports, shown, rx.fragment())


PAGES = (
    Page(
        "/customers/import",
        "Import",
        import_page,
        on_load=[ImportState.load, EarlierState.load],
        roles=frozenset({"manager", "admin"}),
        parent="/customers",
    ),
)
