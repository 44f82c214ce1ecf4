"""Bringing in customers, purchases and products from a file."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.imports.wizard.opening_state import OpeningState
from liquor_app.screens.imports.wizard.state import CHOOSE, MATCH, REPORT, RUN, EarlierState, ImportState
from liquor_app.screens.imports.wizard.steps_panel import match_step, problem_note, report_step, run_step
from liquor_app.screens.listing.view import list_pager, list_table
from liquor_app.screens.session.role_controls import roles_of
from liquor_app.ui.badge import status_badge
from liquor_app.ui.button import button, download
from liquor_app.ui.card import card, list_item, plain_list
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.frame.stepper import stepper
from liquor_app.ui.grid import col, row
from liquor_app.ui.icon import icon
from liquor_app.ui.table import Column
from liquor_app.ui.tabs import segmented

WANTED = {
    "customers": "One row a customer, with at least an e-mail address, a phone number or a customer number.",
    "purchases": "One row a line of a receipt: who bought, when, what and for how much. Import the customers first.",
    "products": "One row a product, with at least its SKU or its UPC: name, category, price, cost, stock.",
}


def import_page() -> rx.Component:
    return rx.fragment(
        rx.script(src="/js/import.js"),
        page_head(
            "Import",
            rx.cond(
                (ImportState.step == RUN) | (ImportState.step == REPORT),
                "",
                "Nothing is changed before you have seen how the file was understood.",
            ),
            crumbs=(("Customers", "/customers"),),
        ),
        col(
            stepper(["Choose a file", "Match columns", "Import", "Report"], ImportState.step),
            rx.cond(ImportState.step == CHOOSE, _choose(), rx.fragment()),
            rx.match(
                ImportState.step, (MATCH, match_step()), (RUN, run_step()), (REPORT, report_step()), rx.fragment()
            ),
            rx.cond(ImportState.step == CHOOSE, _earlier(), rx.fragment()),
            gap=16,
        ),
        rx.el.button(
            id="import-ended",
            aria_label="The upload has ended",
            type="button",
            class_name="offstage",
            aria_hidden="true",
            tab_index=-1,
            on_click=rx.call_script("importFile.answer()", callback=OpeningState.sent),
        ),
    )  # fmt: skip


def _choose() -> rx.Component:
    field = rx.el.input(
        id="import-file",
        type="file",
        accept=".csv,.txt,.tsv,.json,.jsonl,.ndjson,.xlsx",
        aria_label="File to import",
        # a file chosen while the page still loads would be forgotten by the loading
        disabled=~rx.State.is_hydrated | ImportState.sending,
        on_change=lambda _: ImportState.send(),
    )
    words = rx.match(
        ImportState.kind, *((kind, rx.el.p(said)) for kind, said in WANTED.items()), rx.el.p(WANTED["customers"])
    )  # fmt: skip
    zone = rx.el.div(
        field,
        rx.el.span(icon("upload", 20), class_name="ic"),
        rx.el.h2("Drop a file here, or choose one"),
        words,
        rx.el.p("CSV, Excel (.xlsx), JSON or JSON Lines, up to 5 GB. Columns are recognised by their names."),
        class_name="empty drop",
    )
    bar = rx.el.div(rx.el.i(), class_name="bar thin", id="import-upload", aria_hidden="true")
    words = rx.el.p("Sending the file", class_name="muted", role="status")
    sending = rx.cond(ImportState.sending, col(bar, words, gap=8), rx.fragment())
    kinds = segmented(
        [("customers", "Customers"), ("purchases", "Purchases"), ("products", "Products")],
        value=ImportState.kind,
        on_change=ImportState.choose_kind,
        label="What the file holds",
    )
    # before the page is live a choice would be lost without a word
    kinds = rx.el.fieldset(kinds, disabled=~rx.State.is_hydrated, class_name="plain")
    return card(col(row(kinds), problem_note(ImportState.problem), zone, sending, gap=16))


def _earlier() -> rx.Component:
    def rejects(one: Any) -> rx.Component:
        return rx.cond(one.rejects != "", download("Refused rows", one.rejects, small=True), rx.fragment())

    def file(one: Any) -> rx.Component:
        name = rx.el.button(one.name, type="button", class_name="link", on_click=OpeningState.open(one.id))
        return rx.fragment(name, rx.el.small(one.when))

    shown = card(
        list_table(
            EarlierState,
            (
                Column("File", file),
                Column("Holds", lambda one: one.kind, phone="hide"),
                Column("Status", lambda one: status_badge(one.status)),
                Column("Outcome", lambda one: one.words, phone="under"),
                Column("", rejects, phone="under"),
            ),
            label="Earlier imports",
            empty="",
        ),
        list_pager(EarlierState, quiet=True),
        title="Earlier imports",
        flush=True,
    )

    def looked(one: Any) -> rx.Component:
        name = rx.el.button(one.name, type="button", class_name="link", on_click=OpeningState.open(one.id))
        forget = button(
            "Discard", small=True, on_click=OpeningState.ask_discard(one.id), aria_label=f"Discard {one.name}"
        )
        return list_item(rx.el.div(name, " ", rx.el.span(one.when, class_name="muted t12"), class_name="grow"), forget)

    waiting = card(
        rx.el.details(
            rx.el.summary(
                "Looked at, not imported (",
                rx.Var.create(EarlierState.waiting).length(),
                ")",
                class_name="link med pad",
            ),
            plain_list(rx.foreach(EarlierState.waiting, looked)),
        ),
        flush=True,
    )
    asks = confirm(
        rx.Var.create("Discard “") + OpeningState.discarding_name + "”?",
        "The file and the columns chosen for it are forgotten. Nothing of it was taken in; it can be sent again.",
        "Discard the file",
        open=OpeningState.discarding != "",
        on_open_change=OpeningState.discard_open,
        on_confirm=OpeningState.discard,
        danger=True,
    )
    return rx.fragment(
        rx.cond(EarlierState.rows, shown, rx.fragment()), rx.cond(EarlierState.waiting, waiting, rx.fragment()), asks
    )


PAGES = (
    Page(
        "/customers/import",
        "Import",
        import_page,
        on_load=[OpeningState.load, EarlierState.load],
        roles=roles_of(Permission.IMPORTS_WRITE),
        parent="/customers",
    ),
)
